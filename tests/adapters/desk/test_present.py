"""What the browser gets of a desk's values."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from adapters.desk import present
from adapters.ports import Line, Preview
from adapters.troubles import Parked, Trouble, Troubles
from dialogs.messages import (
    Attempt,
    Direction,
    Facts,
    LanguageReading,
    Media,
    Message,
    Origin,
    Reading,
    Reason,
    Refusal,
    RefusalCode,
    Sign,
    SituationReading,
    Span,
    Translation,
)
from dialogs.promises import Money
from dialogs.warnings import ToneWarning
from tests.adapters.memory_desk import MemoryDesk
from tests.adapters.story import tell

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
INCOMING = Message(id=1, seq=1, direction=Direction.INCOMING, text="Hola", at=AT, language="es")


def test_an_incoming_line_has_both_texts() -> None:
    shown = present.line(
        Line(message=INCOMING, translation=Translation(text="你好", source="es", target="zh", engine="google")), "zh"
    )
    assert (shown["text"], shown["chinese"], shown["language"], shown["engine"]) == ("Hola", "你好", "es", "google")
    assert not shown["untranslated"]
    assert shown["at"] == 1767323045000


def test_a_reading_says_by_which_words() -> None:
    reading = Reading(
        language=LanguageReading(code="es"),
        situations=(SituationReading("greeting", 0.9, (Span("ho*", 0, 4, weight=0.9),)),),
        signs=(Sign("mood", "upset", Span("好", 1, 2, in_chinese=True, weight=0.65)),),
        facts=Facts(sizes=("XL",), colours=("black",)),
    )
    found = Translation(text="你好", source="es", target="zh", engine="google")
    shown = present.line(Line(message=INCOMING, translation=found, reading=reading), "zh")["reading"]
    assert shown["why"] == [["situation", "greeting", "Hola", 0.9], ["mood", "upset", "好", 0.65]]
    assert shown["facts"] == [["sizes", "XL"], ["colours", "黑色"]]


def test_an_untranslated_line_says_so_and_why() -> None:
    failed = Translation(text=None, source="es", target="zh", attempts=(Attempt("google", "timeout"),))
    shown = present.line(Line(message=INCOMING, translation=failed), "zh")
    assert shown["untranslated"]
    assert shown["chinese"] is None
    assert shown["attempts"] == [["google", "timeout"]]


def test_an_outgoing_line_shows_the_sellers_chinese() -> None:
    message = replace(INCOMING, direction=Direction.OUTGOING, seller_text="你好", author="王芳")
    shown = present.line(Line(message=message), "zh")
    assert (shown["text"], shown["chinese"]) == ("Hola", "你好")


def test_long_texts_are_folded_and_given_whole_when_asked() -> None:
    long = "я" * 100_000
    line = Line(
        message=replace(INCOMING, text=long),
        translation=Translation(text="字" * 50_000, source="ru", target="zh", engine="google"),
    )
    shown = present.line(line, "zh")
    assert (len(shown["text"]), shown["textLength"], shown["chineseLength"]) == (present.FOLD_TO, 100_000, 50_000)
    assert present.full(line) == {"text": long, "chinese": "字" * 50_000}


def test_bad_characters_never_reach_the_socket() -> None:
    shown = present.line(Line(message=replace(INCOMING, text="a\0b\ud83d")), "zh")
    assert shown["text"] == "a\ufffdb\ufffd"
    json.dumps(shown, ensure_ascii=False).encode()


def test_facts_are_told_in_order_and_as_people_write_them() -> None:
    facts = Facts(
        orders=("82019",), amounts=(Money(Decimal("49.90"), "USD"),), dates=(date(2026, 1, 2),), days=0, photos=2
    )
    assert present.facts(facts, "zh") == [
        ["orders", "82019"],
        ["amounts", "US$49.90"],
        ["dates", "2026-01-02"],
        ["days", "0"],
        ["photos", "2"],
    ]


@pytest.mark.parametrize(
    ("media", "state"),
    [
        (Media(kind="photo", ref="abc", remote="secret-address"), "ready"),
        (Media(kind="photo", remote="secret-address"), "loading"),
        (Media(kind="photo", remote="secret-address", error="gone"), "failed"),
        (Media(kind="location", name="Madrid"), "none"),
    ],
)
def test_attachments_say_how_far_they_are_and_not_where_they_come_from(media: Media, state: str) -> None:
    shown = present.media(media)
    assert shown["state"] == state
    assert "secret" not in json.dumps(shown)


@pytest.mark.parametrize(
    ("changes", "on_phone"),
    [
        ({}, True),
        ({"author": "王芳"}, False),
        ({"origin": Origin.WRITTEN}, False),
        ({"direction": Direction.INCOMING}, False),
    ],
)
def test_what_nobody_here_wrote_was_written_on_the_phone(changes: dict, *, on_phone: bool) -> None:
    message = replace(INCOMING, **{"direction": Direction.OUTGOING, **changes})
    assert present.line(Line(message=message), "zh")["onPhone"] is on_phone


def test_a_deleted_message_keeps_its_words() -> None:
    shown = present.line(Line(message=replace(INCOMING, deleted_at=AT + timedelta(seconds=1))), "zh")
    assert (shown["text"], shown["deletedAt"]) == ("Hola", 1767323046000)


def test_a_message_nobody_could_read_and_somebody_let_be_is_untranslated() -> None:
    dismissed = present.line(Line(message=INCOMING, event_id=7, dismissed=True), "zh")
    assert (dismissed["untranslated"], dismissed["parked"], dismissed["event"]) == (True, None, 7)
    assert not present.line(Line(message=INCOMING), "zh")["untranslated"]


def test_what_is_stuck_is_told_with_its_words() -> None:
    long = "长" * 1000
    value = Parked(event_id=9, type="agent_chose", at=AT, error="RuntimeError", agent="王芳\0", text=long)
    assert present.parked(value) == {
        "event": 9,
        "type": "agent_chose",
        "at": 1767323045000,
        "error": "RuntimeError",
        "agent": "王芳\ufffd",
        "text": long,  # whole: it may be all that is left of a reply
    }
    trouble = Trouble(
        kind="failed", conversation_id=3, contact_name="Ana", channel="web", at=AT, event_id=9, message_id=4, text=long
    )
    found = present.troubles(Troubles(counts={"failed": 2}, rows=(trouble,)))
    assert found["counts"] == {"failed": 2}
    (row,) = found["rows"]
    assert (row["kind"], row["conversation"], row["message"], row["text"]) == ("failed", 3, 4, long[: present.ROW_TEXT])
    json.dumps(found)


async def test_the_head_tells_window_limits_and_escalation() -> None:
    memory = MemoryDesk()
    number = await memory.buyer("ana", "Hola, mi pedido no ha llegado.", ago=3600)
    talk = memory.on_whatsapp(number)
    talk.escalate(Reason.ANGRY, AT)
    view = await memory.view(number)
    assert view is not None
    head = present.head(view, "zh")
    assert head["windowOpen"]
    assert head["windowUntil"] == present.millis(talk.lines[0].message.at + timedelta(hours=24))
    assert head["carries"]["windowHours"] == 24
    assert head["carries"]["templates"]
    assert head["carries"]["media"]["photo"] == 5 * 1024 * 1024
    assert head["escalation"] == {
        "open": True,
        "reasons": ["angry"],
        "severity": "high",
        "openedAt": 1767323045000,
        "claimedBy": None,
    }
    assert head["row"]["escalated"]
    json.dumps(head)


async def test_every_state_of_a_day_fits_into_json() -> None:
    memory = MemoryDesk()
    await tell(memory)
    for number in memory.talks:
        view = await memory.view(number)
        assert view is not None
        whole = {"head": present.head(view, "zh"), "lines": [present.line(line, "zh") for line in view.lines]}
        assert json.loads(json.dumps(whole)) == whole


def test_a_preview_carries_what_should_not_be_said() -> None:
    heard = ToneWarning(rule="threat", start=2, end=5, words="起诉\x00你", why="威胁", better="我们一起解决", hard=True)
    there = Translation(text="x", source="zh", target="es")
    shown = present.preview(
        Preview(translation=there, refusal=Refusal(RefusalCode.TONE, heard.words), warnings=(heard,))
    )
    assert shown["refusal"]["code"] == "tone"
    (warning,) = shown["warnings"]
    assert "\x00" not in warning["words"]
    assert {name: value for name, value in warning.items() if name != "words"} == {
        "rule": "threat",
        "start": 2,
        "end": 5,
        "why": "威胁",
        "better": "我们一起解决",
        "hard": True,
        "outgoing": False,
    }
    assert json.loads(json.dumps(shown)) == shown


def test_a_preview_without_warnings_says_so() -> None:
    assert present.preview(Preview(translation=Translation(text="x", source="zh", target="es")))["warnings"] == []
