"""Export: conversations with both languages as JSON or CSV, a page of lines at a time."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import TextIO
from zoneinfo import ZoneInfo

from adapters.ports import ConversationView, Desk, Line, ListQuery
from dialogs.promises import Money

PAGE = 200  # lines read at a time
COLUMNS = (
    "conversation", "shop", "channel", "contact", "status", "situation", "line", "time", "direction", "author",
    "language", "text", "seller_text", "reply_id", "kind", "origin", "engine", "delivery", "deleted_at",
)  # fmt: skip
# What a spreadsheet takes for a formula at the start of a cell, full-width forms too (OWASP: CSV injection).
_FORMULA = re.compile(r"^\s*[=+\-@＝＋－＠]|^[\t\r\n]")


async def conversation_ids(desk: Desk) -> tuple[int, ...]:
    """Ids of all conversations, oldest first."""
    rows = await desk.conversations(ListQuery(status=None, limit=2**31 - 1))
    return tuple(sorted(row.id for row in rows))


async def read_conversation(desk: Desk, conversation_id: int) -> tuple[ConversationView, tuple[Line, ...]] | None:
    """A conversation with all its lines, None when there is no such conversation."""
    view = await desk.view(conversation_id, limit=PAGE)
    if view is None:
        return None
    lines, page = list(view.lines), view
    while page.earlier and page.lines:
        older = await desk.view(conversation_id, before=page.lines[0].message.seq, limit=PAGE)
        if older is None:
            break
        lines, page = [*older.lines, *lines], older
    return view, tuple(lines)


async def export_json(
    desk: Desk, ids: tuple[int, ...], out: TextIO, *, zone: ZoneInfo, done: Callable[[], None] = lambda: None
) -> None:
    """Write ``{"conversations": […]}``, one conversation a line."""
    out.write('{"conversations": [')
    separator = "\n"
    async for view, lines in _conversations(desk, ids):
        out.write(separator + json.dumps(as_json(view, lines, zone), ensure_ascii=False))
        separator = ",\n"
        done()
    out.write("\n]}\n")


async def export_csv(
    desk: Desk,
    ids: tuple[int, ...],
    out: TextIO,
    *,
    zone: ZoneInfo,
    bom: bool = False,
    done: Callable[[], None] = lambda: None,
) -> None:
    """Write one row a line of talk; with ``bom`` Excel reads it as UTF-8. ``out`` must not translate line ends."""
    if bom:
        out.write("\ufeff")
    rows = csv.writer(out)
    rows.writerow(COLUMNS)
    async for view, lines in _conversations(desk, ids):
        for line in lines:
            rows.writerow([safe_cell(value) for value in _row(view, line, zone)])
        done()


async def _conversations(desk: Desk, ids: tuple[int, ...]) -> AsyncIterator[tuple[ConversationView, tuple[Line, ...]]]:
    for id_ in ids:
        if found := await read_conversation(desk, id_):
            yield found


def safe_cell(value: object) -> str:
    """The cell as text that no spreadsheet runs as a formula; None is empty."""
    text = "" if value is None else str(value)
    return f"'{text}" if _FORMULA.match(text) else text


def _time(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).isoformat(timespec="seconds")


def _row(view: ConversationView, line: Line, zone: ZoneInfo) -> tuple[object, ...]:
    message = line.message
    return (
        view.row.id, view.row.shop, view.row.channel, view.row.contact_name, view.row.status.value, view.row.situation,
        message.seq, _time(message.at, zone), message.direction.value, message.author,
        message.language, message.text, message.seller_text, message.reply_id,
        message.kind.value if message.kind else None, message.origin.value if message.origin else None,
        line.translation.engine if line.translation else None,
        line.delivery.value if line.delivery else None,
        None if message.deleted_at is None else _time(message.deleted_at, zone),
    )  # fmt: skip


def as_json(view: ConversationView, lines: tuple[Line, ...], zone: ZoneInfo) -> dict[str, object]:
    """A conversation as the export writes it."""
    row, case = view.row, view.case
    return {
        "id": row.id,
        "shop": row.shop,
        "channel": row.channel,
        "contact": row.contact_name,
        "status": row.status.value,
        "language": row.language,
        "case": {
            "situation": case.situation,
            "mood": case.mood.value,
            "urgency": case.urgency.value,
            "fault": case.fault.value,
            "wants": [want.value for want in case.wants],
            "orders": list(case.facts.orders),
            "tracking": list(case.facts.tracking),
            "amounts": [_money(money) for money in case.facts.amounts],
            "flags": list(case.flags),
        },
        "lines": [_line(line, zone) for line in lines],
    }


def _money(money: Money) -> dict[str, str]:
    return {"amount": str(money.amount), "currency": money.currency}


def _line(line: Line, zone: ZoneInfo) -> dict[str, object]:
    message = line.message
    return {
        "line": message.seq,
        "time": _time(message.at, zone),
        "direction": message.direction.value,
        "author": message.author,
        "language": message.language,
        "text": message.text,
        "seller_text": message.seller_text,
        "reply_id": message.reply_id,
        "kind": message.kind.value if message.kind else None,
        "origin": message.origin.value if message.origin else None,
        "engine": line.translation.engine if line.translation else None,
        "proven": line.translation.proven if line.translation else None,
        "situations": [found.id for found in line.reading.situations] if line.reading else [],
        "attachments": [
            {"kind": media.kind, "name": media.name, "mime": media.mime, "ref": media.ref} for media in message.media
        ],
        "delivery": line.delivery.value if line.delivery else None,
        "edits": message.edits,
        "deleted_at": None if message.deleted_at is None else _time(message.deleted_at, zone),
    }
