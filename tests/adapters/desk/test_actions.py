"""What a browser asks is read strictly, and becomes the right event."""

from __future__ import annotations

from uuid import uuid4

import pytest

from adapters.desk.actions import MAX_TEXT, BadAsk, action_of, integer, key_of, optional_text, text_of
from dialogs.events import (
    AgentChose,
    AgentDecided,
    AgentNoted,
    AgentRetranslated,
    AgentSetLanguage,
    AgentSetStatus,
)
from dialogs.messages import Choice


def test_a_pick_names_its_proposal_and_turn() -> None:
    ask = {"type": "choose", "chinese": "好", "proposal": "7-1", "turn": 7, "text": None, "confirmed": False}
    choice = Choice(agent="王芳", seller_text="好", proposal_id="7-1", turn_id=7)
    assert action_of(ask, "王芳") == AgentChose(choice=choice)


def test_typed_text_leaves_as_it_was_shown() -> None:
    ask = {"type": "choose", "chinese": "好", "turn": None, "text": "Bien", "confirmed": True}
    choice = Choice(agent="王芳", seller_text="好", buyer_text="Bien", confirmed=True)
    assert action_of(ask, "王芳") == AgentChose(choice=choice)


@pytest.mark.parametrize(
    ("ask", "event"),
    [
        ({"type": "note", "text": "找仓库"}, AgentNoted(agent="王芳", text="找仓库")),
        ({"type": "language", "language": "es"}, AgentSetLanguage(agent="王芳", language="es")),
        ({"type": "language", "language": None}, AgentSetLanguage(agent="王芳", language=None)),
        ({"type": "status", "resolved": True}, AgentSetStatus(agent="王芳", resolved=True)),
        ({"type": "retranslate", "message": 4}, AgentRetranslated(agent="王芳", message_id=4)),
        (
            {"type": "decide", "message": 4, "decision": "arrived"},
            AgentDecided(agent="王芳", message_id=4, decision="arrived"),
        ),
    ],
)
def test_actions(ask: dict, event: object) -> None:
    assert action_of(ask, "王芳") == event


@pytest.mark.parametrize(
    "ask",
    [
        {},
        {"type": "drop tables"},
        {"type": "choose"},
        {"type": "choose", "chinese": 3},
        {"type": "choose", "chinese": "x", "turn": "7"},
        {"type": "choose", "chinese": "x", "text": ["y"]},
        {"type": "note", "text": "x" * (MAX_TEXT + 1)},
        {"type": "decide", "message": 4, "decision": "explode"},
        {"type": "decide", "message": True, "decision": "retry"},
        {"type": "retranslate", "message": 4.5},
    ],
)
def test_anything_else_is_refused(ask: dict) -> None:
    with pytest.raises(BadAsk):
        action_of(ask, "王芳")


def test_keys_are_uuids() -> None:
    key = str(uuid4())
    assert key_of({"key": key.upper()}) == key
    for bad in ("", "x" * 36, None, 7):
        with pytest.raises(BadAsk):
            key_of({"key": bad})


def test_values_are_cleaned() -> None:
    assert text_of({"a": "x\0\ud800"}, "a") == "x\ufffd\ufffd"
    assert optional_text({}, "a") is None
    with pytest.raises(BadAsk):
        integer({}, "a")
