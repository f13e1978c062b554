"""``heqi read``: every line gets exactly one answer, in order, whatever the line is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.read import LINE_LIMIT, Cutter, Line, Reading, lines_of, parse
from dialogs.faults import Cause, Fault
from dialogs.messages import (
    Case,
    Conversation,
    Facts,
    Kind,
    LanguageGuess,
    LanguageReading,
    Message,
    Mood,
    Origin,
    Proposal,
    Shop,
    Sign,
    SituationReading,
    Span,
    Translation,
    Turn,
    Urgency,
    Want,
)
from dialogs.messages import Reading as Read
from dialogs.promises import Money

SHOP = Shop(id="main", name="店")
FACTS = Facts(
    orders=("812",), amounts=(Money(Decimal("5.10"), "USD"),), dates=(date(2026, 3, 1),), days=0, got=2, photos=3
)


class Recorder:
    """Stands in for the dialogs: answers late where told, remembers what it was given."""

    def __init__(self, delays: dict[str, float] | None = None) -> None:
        self.delays = delays or {}
        self.seen: list[tuple[str, Conversation]] = []
        self.active = self.most = 0

    async def on_buyer_message(self, message: Message, conversation: Conversation) -> Turn:
        self.seen.append((message.text, conversation))
        self.active += 1
        self.most = max(self.most, self.active)
        await asyncio.sleep(self.delays.get(message.text, 0))
        self.active -= 1
        if message.text == "broken":
            raise ValueError("quotes broken")
        guess = LanguageGuess("es", 0.987654)
        return Turn(
            case=replace(conversation.case, situation=message.text),
            reading=Read(
                language=LanguageReading(code="es", confidence=0.987654, candidates=(guess,), memory=(guess,)),
                situations=(SituationReading("in_transit", 0.5, (Span("ol", 1, 3, weight=0.5),)),),
                mood=Mood.UPSET,
                urgency=Urgency.HIGH,
                wants=(Want.REFUND,),
                facts=FACTS,
                fault=Fault.CARRIER,
                cause=Cause.SLOW,
                signs=(
                    Sign("mood", "upset", Span("hol*", 0, 4)),
                    Sign("fault", "slow", Span("慢", 2, 3, in_chinese=True, weight=0.9)),
                ),
            ),
            translation=Translation(text=f"中:{message.text}", source="es", target="zh", engine="google"),
            proposals=(
                Proposal(
                    id="1",
                    reply_id="in_transit.calm",
                    kind=Kind.CALMING,
                    seller_text="请放心",
                    buyer_text="Tranquilo",
                    language="es",
                    origin=Origin.WRITTEN,
                ),
            ),
            language_memory=(guess,),
        )


async def answers(
    manager: Recorder, *lines: Line, jobs: int = 8, language: str | None = None, explain: bool = False
) -> list[dict[str, object]]:
    async def feed() -> AsyncIterator[Line]:
        for line in lines:
            yield line

    reading = Reading(manager, SHOP, jobs=jobs, language=language, explain=explain)
    return [json.loads(answer) async for answer in reading.answers(feed()) if answer is not None]


async def test_the_shape_of_an_answer() -> None:
    (answer,) = await answers(Recorder(), Line(1, "hola"))
    assert answer == {
        "language": {"code": "es", "confidence": 0.9877, "candidates": [{"code": "es", "confidence": 0.9877}]},
        "seller_text": "中:hola",
        "engine": "google",
        "situations": [{"id": "in_transit", "confidence": 0.5}],
        "mood": "upset",
        "urgency": "high",
        "wants": ["refund"],
        "facts": {
            "orders": ["812"],
            "amounts": [{"amount": "5.10", "currency": "USD"}],
            "dates": ["2026-03-01"],
            "days": 0,
            "got": 2,
        },
        "fault": "carrier",
        "cause": "slow",
        "proposals": [
            {
                "kind": "calming",
                "reply_id": "in_transit.calm",
                "seller_text": "请放心",
                "buyer_text": "Tranquilo",
                "origin": "written",
            }
        ],
    }


async def test_an_answer_that_is_explained_names_cue_words_place_and_weight() -> None:
    (answer,) = await answers(Recorder(), Line(1, "hola"), explain=True)
    rows = [tuple(reason.values()) for reason in answer["why"]]
    assert rows == [
        ("situation", "in_transit", "ol", "ol", 1, 3, False, 0.5),
        ("mood", "upset", "hol*", "hola", 0, 4, False, 1.0),
        ("fault", "slow", "慢", "h", 2, 3, True, 0.9),
    ]


async def test_answers_keep_the_order_of_input_while_lines_are_worked_on_together() -> None:
    manager = Recorder({"slow": 0.05})
    found = await answers(manager, Line(1, "slow"), Line(2, "quick"), Line(3, error="odd"), Line(4, "quick"))
    assert [answer.get("seller_text") for answer in found] == ["中:slow", "中:quick", None, "中:quick"]
    assert found[2] == {"line": 3, "error": "odd"}
    assert manager.most > 1


async def test_jobs_limits_how_many_are_worked_on() -> None:
    manager = Recorder({"x": 0.01})
    await answers(manager, *(Line(n, "x") for n in range(1, 12)), jobs=3)
    assert manager.most == 3


async def test_a_conversation_is_read_in_order_and_remembered() -> None:
    manager = Recorder({"one": 0.05})
    lines = [Line(1, "one", "a"), Line(2, "two", "a"), Line(3, "other", "b"), Line(4, "three", "a"), Line(5, "alone")]
    found = await answers(manager, *lines)
    assert [answer.get("conversation") for answer in found] == ["a", "a", "b", "a", None]
    seen = dict(manager.seen)
    assert [text for text, _ in manager.seen if text in {"one", "two", "three"}] == ["one", "two", "three"]
    assert seen["two"].case.situation == "one"
    assert [message.text for message in seen["three"].history] == ["one", "two"]
    assert seen["three"].history[0].seller_text == "中:one"
    assert seen["three"].language_memory == (LanguageGuess("es", 0.987654),)
    assert seen["other"].case == Case()
    assert seen["alone"].case == Case()


async def test_a_line_that_fails_costs_only_itself_and_is_not_quoted() -> None:
    found = await answers(Recorder(), Line(1, "broken", "a"), Line(2, "fine", "a"))
    assert found[0] == {"line": 1, "error": "not readable: ValueError"}
    assert found[1]["seller_text"] == "中:fine"


async def test_a_known_language_is_handed_on() -> None:
    manager = Recorder()
    await answers(manager, Line(1, "hola"), language="pt")
    assert manager.seen[0][1].language_override == "pt"


async def test_an_error_of_the_input_travels() -> None:
    async def feed() -> AsyncIterator[Line]:
        yield Line(1, "hola")
        raise OSError("gone")

    reading = Reading(Recorder(), SHOP)
    with pytest.raises(OSError, match="gone"):
        [answer async for answer in reading.answers(feed())]


def cut(*chunks: bytes) -> list[Line]:
    cutter = Cutter()
    found = [line for chunk in chunks for line in cutter.feed(chunk)]
    return [*found, *([last] if (last := cutter.end()) else [])]


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        (b"hola", Line(1, "hola")),
        (b"\xef\xbb\xbfhola\r", Line(1, "hola")),
        (b"", Line(1, "")),
        (b"a\x00b", Line(1, "a\x00b")),
        (b"\xff", Line(1, error="not valid UTF-8 at byte 1")),
        (b'{"text": "hola", "conversation": 7, "more": 1}', Line(1, "hola", 7)),
        (b'{"text": "a\\ud800b", "conversation": "\\ud83d\\ude00"}', Line(1, "a\ufffdb", "\U0001f600")),
        (b'{"text": 5}', Line(1, error='"text" must be a string')),
        (b'{"text": "a", "conversation": true}', Line(1, error='"conversation" must be a string or a whole number')),
        (b'{"text": "a"', Line(1, error="not valid JSON: Expecting ',' delimiter")),
        (b'{"a":' * 100_000, Line(1, error="not valid JSON: RecursionError")),
    ],
)
def test_one_line(raw: bytes, line: Line) -> None:
    assert parse(1, raw.removesuffix(b"\r")) == line


def test_lines_are_cut_wherever_the_chunks_end() -> None:
    assert cut(b"on", b"e\n\ntw", b"o\r\n", b"three") == [
        Line(1, "one"),
        Line(2, ""),
        Line(3, "two"),
        Line(4, "three"),
    ]


def test_a_line_without_end_holds_no_memory() -> None:
    chunk = b"x" * 100_000
    found = cut(*[chunk] * (LINE_LIMIT // 100_000), b"y", b"\nfine\n")
    assert [line.error for line in found] == [f"line is longer than {LINE_LIMIT} bytes", None]
    assert found[1].text == "fine"


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_cutting_does_not_depend_on_chunks(chunks: list[bytes]) -> None:
    assert cut(*chunks) == cut(b"".join(chunks))


async def test_lines_come_as_soon_as_they_are_written() -> None:
    chunks = [b"one\ntw", b"o\n", b""]
    found = [line.text async for line in lines_of(lambda _: chunks.pop(0))]
    assert found == ["one", "two"]


async def test_an_input_that_breaks_is_told() -> None:
    def read(_: int) -> bytes:
        raise OSError("broken")

    with pytest.raises(OSError, match="broken"):
        [line async for line in lines_of(read)]
