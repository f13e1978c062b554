"""Troubles: all that is stuck in any conversation and needs a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final, cast

from sqlalchemy import Connection, Row, Select, bindparam, func, select, text

from adapters.troubles import Trouble, TroubleKind, Troubles
from bot.store.messages import CHINESE
from bot.store.parked import BODY_TEXT, IS_PARKED, words_in
from bot.store.schema import contacts, conversations, deliveries, downloads, events, messages

WORDS: Final = 400  # characters of a message; the rest is read in its conversation

# Written out, not bound: only so does SQLite use the partial indexes.
_STUCK = text("deliveries.state IN ('held', 'failed', 'ambiguous')")
_FAILED = text("downloads.state = 'failed'")

_WHERE = (contacts.c.name.label("contact_name"), conversations.c.channel, conversations.c.id.label("conversation_id"))
_SAID = func.substr(func.coalesce(messages.c.seller_text, CHINESE, messages.c.text), 1, WORDS).label("said")


def _newest(query: Select[*tuple[Any, ...]], table_id: Any) -> Select[*tuple[Any, ...]]:  # noqa: ANN401 - a column
    # By an expression, not the column: else both databases look through the whole table in the order of its key.
    return query.order_by((table_id + 0).desc()).limit(bindparam("count"))


_PARKED = _newest(
    select(*_WHERE, events.c.id, events.c.type, events.c.at, events.c.error, BODY_TEXT, messages.c.id.label("message"))
    .join_from(events, conversations, conversations.c.id == events.c.conversation_id)
    .join(contacts, contacts.c.id == conversations.c.contact_id)
    .join(messages, messages.c.event_id == events.c.id, isouter=True)
    .where(IS_PARKED),
    events.c.id,
)
_DELIVERIES = _newest(
    select(
        *_WHERE, deliveries.c.state, deliveries.c.error, deliveries.c.message_id, messages.c.event_id,
        messages.c.at, messages.c.author, _SAID,
    )
    .join_from(deliveries, messages, messages.c.id == deliveries.c.message_id)
    .join(conversations, conversations.c.id == deliveries.c.conversation_id)
    .join(contacts, contacts.c.id == conversations.c.contact_id)
    .where(_STUCK),
    deliveries.c.id,
)  # fmt: skip
_DOWNLOADS = _newest(
    select(
        *_WHERE, func.min(downloads.c.error).label("error"), downloads.c.message_id, messages.c.event_id,
        messages.c.at, messages.c.author, _SAID,
    )
    .join_from(downloads, messages, messages.c.id == downloads.c.message_id)
    .join(conversations, conversations.c.id == downloads.c.conversation_id)
    .join(contacts, contacts.c.id == conversations.c.contact_id)
    .where(_FAILED)
    .group_by(conversations.c.id, contacts.c.id, messages.c.id, downloads.c.message_id),
    downloads.c.message_id,
)  # fmt: skip

_COUNT_PARKED = select(func.count()).select_from(events).where(IS_PARKED)
_COUNT_DELIVERIES = select(deliveries.c.state, func.count().label("many")).where(_STUCK).group_by(deliveries.c.state)
_COUNT_DOWNLOADS = select(func.count(downloads.c.message_id.distinct())).where(_FAILED)


def find(conn: Connection, *, limit: int) -> Troubles:
    """How much of each kind there is, and the newest ``limit`` of it, newest first."""
    counts = Counter({row.state: row.many for row in conn.execute(_COUNT_DELIVERIES)})
    counts["parked"] = conn.execute(_COUNT_PARKED).scalar_one()
    counts["attachment"] = conn.execute(_COUNT_DOWNLOADS).scalar_one()
    found = {cast("TroubleKind", kind): count for kind, count in sorted(counts.items()) if count}
    if not found or not limit:
        return Troubles(counts=found)
    rows = sorted(_rows(conn, limit), key=lambda trouble: (trouble.at, trouble.event_id), reverse=True)
    return Troubles(counts=found, rows=tuple(rows[:limit]))


def _rows(conn: Connection, limit: int) -> Iterator[Trouble]:
    count = {"count": limit}
    for row in conn.execute(_PARKED, count):
        yield _parked(row)
    for row in conn.execute(_DELIVERIES, count):
        yield _of_message(row, kind=row.state)
    for row in conn.execute(_DOWNLOADS, count):
        yield _of_message(row, kind="attachment")


def _parked(row: Row[*tuple[Any, ...]]) -> Trouble:
    words = words_in(row.text)
    return Trouble(
        kind="parked",
        conversation_id=row.conversation_id,
        contact_name=row.contact_name,
        channel=row.channel,
        at=row.at,
        event_id=row.id,
        message_id=row.message,
        type=row.type,
        agent=words["agent"],
        text=words["text"][:WORDS],
        error=row.error or "",
    )


def _of_message(row: Row[*tuple[Any, ...]], *, kind: TroubleKind) -> Trouble:
    return Trouble(
        kind=kind,
        conversation_id=row.conversation_id,
        contact_name=row.contact_name,
        channel=row.channel,
        at=row.at,
        event_id=row.event_id,
        message_id=row.message_id,
        agent=row.author,
        text=row.said,
        error=row.error or "",
    )
