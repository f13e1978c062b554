"""What the desk and the web chat read: lists and lines, with as few queries as there are nouns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Row,
    Select,
    Text,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    text,
    union_all,
)

from adapters.ports import ConversationRow, ListQuery
from bot.store import messages as messages_of
from bot.store.messages import fold
from bot.store.schema import contacts, conversations, deliveries, escalations, events, messages, turns
from dialogs.messages import CaseStatus, DeliveryState, Direction, Message, Mood, Urgency

c = conversations.c

# A search looks at so many of the newest messages, and at what was read in so many of the newest turns. No index helps:
# words of two Chinese characters are what is looked for most, and both databases' text indexes begin at three.
SEARCHED: Final = 200_000
_ESCAPE: Final = "/"

# A line of a chat is shown to the buyer once the platform has it.
_ARRIVED = (DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ)

_TROUBLE = (
    select(func.count())
    .select_from(deliveries)
    .where(deliveries.c.conversation_id == c.id, text("deliveries.state IN ('held', 'failed', 'ambiguous')"))
    .scalar_subquery()
)
_PARKED = (
    select(func.count())
    .select_from(events)
    .where(events.c.conversation_id == c.id, text("events.state = 'parked'"))
    .scalar_subquery()
)
_ESCALATED = (
    select(escalations.c.id)
    .where(escalations.c.conversation_id == c.id, text("escalations.closed_at IS NULL"))
    .exists()
)
_ROW = select(
    c.id,
    c.account,
    c.chat,
    c.shop,
    c.channel,
    c.language_override,
    contacts.c.name.label("contact_name"),
    c.status,
    c.situation,
    c.mood,
    c.urgency,
    c.language,
    c.unread,
    c.last_text,
    c.last_at,
    c.waiting_since,
    c.due,
    c.flags,
    (_TROUBLE + _PARKED).label("trouble"),
    _ESCALATED.label("escalated"),
).join_from(conversations, contacts)

# Made once: to build a statement takes longer than to run it.
_ONE = _ROW.add_columns(c.case).where(c.id == bindparam("conversation"))
_WIDTH = len(messages_of.COLUMNS.selected_columns)
_EDITED = messages.alias("edited")
_ANSWERED = messages.alias("answered")
# One query for all that stands beside a message: each query costs more than its rows.
_LINES = (
    messages_of.COLUMNS.add_columns(
        deliveries.c.state,
        deliveries.c.error,
        events.c.state,
        events.c.error,
        select(_EDITED.c.id).where(_EDITED.c.edits == messages.c.id).exists(),
        func.coalesce(_ANSWERED.c.seller_text, _ANSWERED.c.text),
    )
    .join_from(messages, events, events.c.id == messages.c.event_id)
    .join(deliveries, deliveries.c.message_id == messages.c.id, isouter=True)
    .join(_ANSWERED, _ANSWERED.c.id == messages.c.answers, isouter=True)
    .where(messages.c.conversation_id == bindparam("conversation"), messages.c.seq < bindparam("before"))
    .order_by(messages.c.seq.desc())
    .limit(bindparam("count"))
)


@dataclass(frozen=True, slots=True)
class Stored:
    """A message and what stands beside it: its delivery, the state of the event that made it, a later edit."""

    message: Message
    delivery: DeliveryState | None
    delivery_error: str | None
    event_id: int
    event: str
    event_error: str | None
    replaced: bool
    answers: str | None


# ---- the list --------------------------------------------------------------------------------------------------------

# Written out, not bound: only so does SQLite use the partial indexes. Whoever opened a chat and has not written is no
# work yet.
_WROTE = text("conversations.last_seq > 0")
_RUNS = text("conversations.due IS NOT NULL")
_WAITS = text("conversations.due IS NULL AND conversations.waiting_since IS NOT NULL")
_RESTS = text("conversations.due IS NULL AND conversations.waiting_since IS NULL")
_MOODS = (Mood.ANGRY, Mood.UPSET, Mood.CALM)
_KEYS = (c.id, c.due, c.mood, c.waiting_since, c.last_at)


def _by_urgency(of: FromClause) -> tuple[ColumnElement[Any], ...]:
    """The clock that runs out first, mood, waiting time, then the newest."""
    k = of.c
    mood = case({mood: rank for rank, mood in enumerate(_MOODS)}, value=k.mood, else_=len(_MOODS))
    return (k.due.is_(None), k.due, mood, k.waiting_since.is_(None), k.waiting_since, k.last_at.desc(), k.id.desc())


def _groups(status: CaseStatus, *, in_shops: bool) -> Iterator[Select[*tuple[Any, ...]]]:
    """The first of each group that an index has in order: one after the other they are the list of a status."""
    first = select(*_KEYS).where(c.status == status, _WROTE).limit(bindparam("count"))
    if in_shops:
        first = first.where(c.shop.in_(bindparam("shops", expanding=True)))
    yield first.where(_RUNS).order_by(*_by_urgency(conversations)[1:])
    for mood in _MOODS:
        yield first.where(_WAITS, c.mood == mood).order_by(c.waiting_since, c.last_at.desc(), c.id.desc())
        yield first.where(_RESTS, c.mood == mood).order_by(c.last_at.desc(), c.id.desc())


def _rows_of(first: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """The rows of some ids, in the list's order; nothing else is read of what the limit leaves out."""
    chosen = first.subquery("chosen")
    return _ROW.join(chosen, chosen.c.id == c.id).order_by(*_by_urgency(chosen))


@cache
def _list(statuses: tuple[CaseStatus, ...], *, in_shops: bool) -> Select[*tuple[Any, ...]]:
    """One statement for each kind of list: it reads a few rows of each group, however many there are."""
    arms = [group.subquery() for status in statuses for group in _groups(status, in_shops=in_shops)]
    every = union_all(*(select(arm) for arm in arms)).subquery("every")
    return _rows_of(select(every).order_by(*_by_urgency(every)).limit(bindparam("count")))


@cache
def _search(statuses: tuple[CaseStatus, ...], *, in_shops: bool) -> Select[*tuple[Any, ...]]:
    """Conversations with the words in a message, in its Chinese, or in the buyer's name."""
    words: ColumnElement[str] = bindparam("words", type_=Text)
    m, t = messages.c, turns.c
    said = select(m.conversation_id).where(_newest(m.id), m.folded.like(words, escape=_ESCAPE))
    read = select(t.conversation_id).where(_newest(t.id), t.folded.like(words, escape=_ESCAPE))
    named = select(contacts.c.id).where(contacts.c.folded.like(words, escape=_ESCAPE))
    found = select(*_KEYS).where(
        _WROTE, c.status.in_(statuses), or_(c.id.in_(said.union(read)), c.contact_id.in_(named))
    )
    if in_shops:
        found = found.where(c.shop.in_(bindparam("shops", expanding=True)))
    return _rows_of(found.order_by(*_by_urgency(conversations)).limit(bindparam("count")))


def _newest(table_id: ColumnElement[int]) -> ColumnElement[bool]:
    last = select(func.coalesce(func.max(table_id), 0)).scalar_subquery()
    return table_id > last - SEARCHED


def _somewhere(words: str) -> str:
    """The pattern of a text with these words; nothing in them means anything else."""
    for special in (_ESCAPE, "%", "_"):
        words = words.replace(special, _ESCAPE + special)
    return f"%{words}%"


def find(conn: Connection, query: ListQuery) -> tuple[ConversationRow, ...]:
    """Conversations by urgency: the clock that runs out first, mood, waiting time, then the newest.

    Words are looked for in all names, and in the newest ``SEARCHED`` messages and readings.
    """
    statuses = tuple(CaseStatus) if query.status is None else (query.status,)
    words = query.search.strip()
    values: dict[str, object] = {"count": query.limit}
    if query.shops:
        values["shops"] = list(query.shops)
    if words:
        values["words"] = _somewhere(fold(words))
    statement = (_search if words else _list)(statuses, in_shops=bool(query.shops))
    return tuple(row_of(row) for row in conn.execute(statement, values))


def one(conn: Connection, conversation_id: int) -> Row[*tuple[Any, ...]] | None:
    """The same columns of one conversation, with its account, case and fixed language."""
    return conn.execute(_ONE, {"conversation": conversation_id}).first()


def row_of(row: Row[*tuple[Any, ...]]) -> ConversationRow:
    """A row as the desk shows it."""
    return ConversationRow(
        id=row.id,
        shop=row.shop,
        channel=row.channel,
        contact_name=row.contact_name,
        status=CaseStatus(row.status),
        situation=row.situation,
        mood=Mood(row.mood),
        urgency=Urgency(row.urgency),
        language=row.language_override or row.language,
        unread=row.unread,
        last_text=row.last_text,
        last_at=row.last_at,
        waiting_since=row.waiting_since,
        due=row.due,
        flags=row.flags,
        trouble=row.trouble,
        account=row.account,
        escalated=row.escalated,
    )


def lines(conn: Connection, conversation_id: int, *, before: int, limit: int) -> list[Stored]:
    """The latest messages numbered below ``before``, oldest first, with what stands beside them."""
    rows = conn.execute(_LINES, {"conversation": conversation_id, "before": before, "count": limit}).all()
    return [_stored(row) for row in reversed(rows)]


def _stored(row: Row[*tuple[Any, ...]]) -> Stored:
    delivery, delivery_error, event, event_error, replaced, answers = row[_WIDTH:]
    return Stored(
        messages_of.message(row[:_WIDTH]),
        None if delivery is None else DeliveryState(delivery),
        delivery_error,
        row.event_id,
        event,
        event_error,
        bool(replaced),
        answers,
    )


def chat_lines(conn: Connection, conversation_id: int, *, after: int, limit: int) -> list[Row[*tuple[Any, ...]]]:
    """Lines of a chat as the buyer sees it: their own, and ours that were sent."""
    m, d = messages.c, deliveries.c
    query: Select[*tuple[Any, ...]] = (
        select(
            m.id,
            m.direction,
            m.text,
            m.at,
            m.media,
            d.state,
            func.coalesce(d.external_id, m.external_id).label("external_id"),
        )
        .join_from(messages, deliveries, d.message_id == m.id, isouter=True)
        .where(
            m.conversation_id == conversation_id,
            m.id > after,
            or_(m.direction == Direction.INCOMING, and_(m.direction == Direction.OUTGOING, d.state.in_(_ARRIVED))),
        )
        .order_by(m.id)
        .limit(limit)
    )
    return list(conn.execute(query))
