"""Export: both languages, times with their zone, nothing a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ports import ConversationRow, ConversationView, Desk, EngineHealth, Line, ListQuery, Preview
from bot.export import COLUMNS, conversation_ids, export_csv, export_json, read_conversation, safe_cell
from dialogs.messages import (
    Capabilities,
    Case,
    CaseStatus,
    DeliveryState,
    Direction,
    Kind,
    Message,
    Mood,
    Translation,
    Urgency,
)

AT = datetime(2026, 3, 1, 16, 30, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def incoming(seq: int, text: str, chinese: str | None = None) -> Line:
    message = Message(
        id=seq, seq=seq, direction=Direction.INCOMING, text=text, at=AT, seller_text=chinese, language="es"
    )
    return Line(message=message, translation=Translation(text=chinese, source="es", target="zh", engine="google"))


def outgoing(seq: int, text: str, chinese: str) -> Line:
    message = Message(
        id=seq,
        seq=seq,
        direction=Direction.OUTGOING,
        text=text,
        at=AT,
        seller_text=chinese,
        language="es",
        author="小和",
        reply_id="in_transit.calm",
        kind=Kind.CALMING,
    )
    return Line(message=message, delivery=DeliveryState.SENT)


class StoredDesk(Desk):
    """A desk over lines in memory that gives at most two at a time."""

    def __init__(self, talks: dict[int, Sequence[Line]]) -> None:
        self.talks = talks

    async def conversations(self, query: ListQuery) -> tuple[ConversationRow, ...]:
        assert query.status is None
        return tuple(self.row(id_) for id_ in sorted(self.talks, reverse=True))[: query.limit]

    async def view(
        self, conversation_id: int, *, before: int | None = None, limit: int = 60
    ) -> ConversationView | None:
        if conversation_id not in self.talks:
            return None
        older = [line for line in self.talks[conversation_id] if before is None or line.message.seq < before]
        lines = tuple(older[-min(limit, 2) :])
        return ConversationView(
            row=self.row(conversation_id),
            case=Case(),
            capabilities=Capabilities(),
            language_override=None,
            language_candidates=(),
            lines=lines,
            earlier=len(older) > len(lines),
            turn_id=None,
            proposals=(),
        )

    async def preview(self, conversation_id: int, seller_text: str, *, back: bool = False) -> Preview:
        raise AssertionError("not exported")

    async def mark_read(self, conversation_id: int) -> None:
        raise AssertionError("an export is no reader")

    def health(self) -> tuple[EngineHealth, ...]:
        return ()

    def row(self, id_: int) -> ConversationRow:
        return ConversationRow(
            id=id_,
            shop="main",
            channel="webchat",
            contact_name="=HYPERLINK(1)",
            status=CaseStatus.OPEN,
            situation="in_transit",
            mood=Mood.CALM,
            urgency=Urgency.NORMAL,
            language="es",
            unread=0,
            last_text="",
            last_at=AT,
            waiting_since=None,
            due=None,
        )


TALK = (
    incoming(1, "¿Dónde está?", "在哪里？"),
    outgoing(2, "Tranquilo", "请放心"),
    incoming(3, "=1+1", None),
    incoming(4, 'dos\nlíneas, "comillas"', "两行"),
    incoming(5, "ok", "好"),
)


async def test_long_conversations_are_read_whole_and_in_order() -> None:
    found = await read_conversation(StoredDesk({1: TALK}), 1)
    assert found is not None
    assert [line.message.seq for line in found[1]] == [1, 2, 3, 4, 5]
    assert await read_conversation(StoredDesk({}), 1) is None


async def test_all_conversations_oldest_first() -> None:
    assert await conversation_ids(StoredDesk({2: (), 1: (), 3: ()})) == (1, 2, 3)


async def test_json_holds_both_languages_and_times_with_zone() -> None:
    out, done = io.StringIO(), []
    await export_json(StoredDesk({1: TALK, 2: ()}), (1, 2), out, zone=SHANGHAI, done=lambda: done.append(1))
    first, second = json.loads(out.getvalue())["conversations"]
    assert (first["id"], second["id"], second["lines"], len(done)) == (1, 2, [], 2)
    line = first["lines"][1]
    assert (line["text"], line["seller_text"], line["direction"]) == ("Tranquilo", "请放心", "outgoing")
    assert (line["author"], line["reply_id"], line["kind"], line["delivery"]) == (
        "小和",
        "in_transit.calm",
        "calming",
        "sent",
    )
    assert line["time"] == "2026-03-02T00:30:00+08:00"
    assert first["lines"][2]["seller_text"] is None
    assert first["lines"][0]["engine"] == "google"


async def test_nothing_to_export_is_valid_json() -> None:
    out = io.StringIO()
    await export_json(StoredDesk({}), (), out, zone=SHANGHAI)
    assert json.loads(out.getvalue()) == {"conversations": []}


async def test_csv_reads_back_and_runs_nothing() -> None:
    out = io.StringIO(newline="")
    await export_csv(StoredDesk({1: TALK}), (1,), out, zone=SHANGHAI, bom=True)
    text = out.getvalue()
    assert text.startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert tuple(rows[0]) == COLUMNS
    assert [row["text"] for row in rows] == ["¿Dónde está?", "Tranquilo", "'=1+1", 'dos\nlíneas, "comillas"', "ok"]
    assert {row["contact"] for row in rows} == {"'=HYPERLINK(1)"}
    assert rows[0]["time"] == "2026-03-02T00:30:00+08:00"
    assert rows[1]["delivery"] == "sent"
    assert rows[2]["seller_text"] == ""


async def test_without_bom_there_is_none() -> None:
    out = io.StringIO(newline="")
    await export_csv(StoredDesk({}), (), out, zone=SHANGHAI)
    assert out.getvalue().startswith("conversation,")


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "  =1", "＝1", "＋1", "－1", "＠x"])
def test_what_a_spreadsheet_would_run_is_quoted(cell: str) -> None:
    assert safe_cell(cell) == f"'{cell}"


@given(st.text())
def test_no_cell_starts_a_formula_and_none_loses_text(text: str) -> None:
    cell = safe_cell(text)
    assert cell.removeprefix("'") == text.removeprefix("'")
    assert not cell.lstrip().startswith(tuple("=+-@＝＋－＠"))


def test_numbers_and_nothing() -> None:
    assert (safe_cell(12), safe_cell(None)) == ("12", "")


async def test_what_a_buyer_deleted_is_told_with_its_time() -> None:
    said = incoming(1, "¡Estafadores!", "骗子！")
    gone = replace(said, message=replace(said.message, deleted_at=datetime(2026, 3, 2, 13, 5, tzinfo=UTC)))
    talks = StoredDesk({1: (gone, incoming(2, "ok", "好"))})
    as_json, as_csv = io.StringIO(), io.StringIO()
    await export_json(talks, (1,), as_json, zone=SHANGHAI)
    await export_csv(talks, (1,), as_csv, zone=SHANGHAI)

    lines = json.loads(as_json.getvalue())["conversations"][0]["lines"]
    assert [line["deleted_at"] for line in lines] == ["2026-03-02T21:05:00+08:00", None]
    assert lines[0]["text"] == "¡Estafadores!"
    rows = list(csv.DictReader(io.StringIO(as_csv.getvalue())))
    assert [row["deleted_at"] for row in rows] == ["2026-03-02T21:05:00+08:00", ""]
