"""What a browser asks is read strictly, and becomes the right event."""

from __future__ import annotations

from uuid import uuid4

import pytest

from adapters.desk.actions import (
    MAX_ATTACHED,
    MAX_TEXT,
    BadAsk,
    NotAllowed,
    action_of,
    attached_of,
    integer,
    key_of,
    optional_text,
    text_of,
    values_of,
)
from adapters.ports import AgentIdentity
from dialogs.events import (
    AgentApproved,
    AgentChose,
    AgentClaimed,
    AgentDecided,
    AgentDismissed,
    AgentEscalated,
    AgentNoted,
    AgentRetranslated,
    AgentRetried,
    AgentSetLanguage,
    AgentSetStatus,
)
from dialogs.messages import Choice, Media

AGENT = AgentIdentity(id=2, name="王芳", role="agent")
LEAD = AgentIdentity(id=1, name="李姐", role="lead")


def test_a_pick_names_its_proposal_and_turn() -> None:
    ask = {"type": "choose", "chinese": "好", "proposal": "7-1", "turn": 7, "text": None, "confirmed": False}
    choice = Choice(agent="王芳", seller_text="好", proposal_id="7-1", turn_id=7)
    assert action_of(ask, AGENT) == AgentChose(choice=choice)


def test_typed_text_leaves_as_it_was_shown() -> None:
    ask = {"type": "choose", "chinese": "好", "turn": None, "text": "Bien", "confirmed": True}
    choice = Choice(agent="王芳", seller_text="好", buyer_text="Bien", confirmed=True)
    assert action_of(ask, AGENT) == AgentChose(choice=choice)


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
        ({"type": "retry", "event": 9}, AgentRetried(agent="王芳", event_id=9)),
        (
            {"type": "retry", "event": 9, "part": "attachments"},
            AgentRetried(agent="王芳", event_id=9, part="attachments"),
        ),
        ({"type": "dismiss", "event": 9}, AgentDismissed(agent="王芳", event_id=9)),
        ({"type": "claim"}, AgentClaimed(agent="王芳")),
        ({"type": "escalate"}, AgentEscalated(agent="王芳")),
    ],
)
def test_actions(ask: dict, event: object) -> None:
    assert action_of(ask, AGENT) == event


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
        {"type": "approve", "approved": True},
        {"type": "retry"},
        {"type": "dismiss", "event": "9"},
        {"type": "retry", "event": 9, "part": "everything"},
        {"type": "retry", "event": 9, "part": ["event"]},
    ],
)
def test_anything_else_is_refused(ask: dict) -> None:
    with pytest.raises(BadAsk):
        action_of(ask, AGENT)


def test_only_a_lead_approves() -> None:
    ask = {"type": "approve", "message": 4, "approved": True}
    assert action_of(ask, LEAD) == AgentApproved(agent="李姐", message_id=4, approved=True)
    assert action_of({**ask, "approved": "yes"}, LEAD) == AgentApproved(agent="李姐", message_id=4, approved=False)
    with pytest.raises(NotAllowed):
        action_of({**ask, "lead": True, "role": "lead"}, AGENT)


@pytest.mark.parametrize("who", [AGENT, LEAD])
def test_who_is_a_lead_is_never_told_by_the_page(who: AgentIdentity) -> None:
    lie = {"lead": who is AGENT, "role": "lead", "agent": "老板"}
    chosen = action_of({"type": "choose", "chinese": "好", **lie}, who)
    decided = action_of({"type": "decide", "message": 4, "decision": "retry", **lie}, who)
    assert isinstance(chosen, AgentChose)
    assert isinstance(decided, AgentDecided)
    assert (chosen.choice.lead, decided.lead) == (who is LEAD, who is LEAD)
    assert (chosen.choice.agent, decided.agent) == (who.name, who.name)


def test_attachments_come_from_the_store_not_from_the_page() -> None:
    photo = Media(kind="photo", name="a.png", mime="image/png", size=3, ref="abc")
    told = {"type": "choose", "chinese": "", "media": [{"ref": "x", "name": "y", "kind": "photo"}]}
    chosen = action_of(told, AGENT, (photo,))
    assert isinstance(chosen, AgentChose)
    assert chosen.choice.media == (photo,)


def test_what_is_attached_is_read_strictly() -> None:
    assert attached_of({}) == []
    assert attached_of({"media": [{"ref": "abc", "name": "a\0.png", "kind": "exe"}]}) == [("abc", "a\ufffd.png")]
    for bad in (None, "abc", [1], [{"ref": "abc"}], [{"ref": 1, "name": "a"}], [{"ref": "a" * 201, "name": ""}]):
        with pytest.raises(BadAsk):
            attached_of({"media": bad})
    with pytest.raises(BadAsk):
        attached_of({"media": [{"ref": "a", "name": "a"}] * (MAX_ATTACHED + 1)})


def test_values_of_templates_are_single_lines() -> None:
    assert values_of({"values": [" Ana \n García ", "82\t01"]}) == ("Ana García", "82 01")
    for bad in (None, "Ana", [1], [" \n "], ["x" * 1025], ["x"] * 101):
        with pytest.raises(BadAsk):
            values_of({"values": bad})


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
