"""What the browser gets of a desk's values."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from adapters.desk import present
from adapters.ports import Line
from dialogs.messages import (
    Attempt,
    Direction,
    Facts,
    Message,
    Money,
    Translation,
)
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


async def test_every_state_of_a_day_fits_into_json() -> None:
    memory = MemoryDesk()
    await tell(memory)
    for number in memory.talks:
        view = await memory.view(number)
        assert view is not None
        whole = {"head": present.head(view, "zh"), "lines": [present.line(line, "zh") for line in view.lines]}
        assert json.loads(json.dumps(whole)) == whole
