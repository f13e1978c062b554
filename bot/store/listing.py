"""What the desk and the web chat read: lists and lines, with as few queries as there are nouns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    text,
)

from adapters.ports import ConversationRow, ListQuery
from bot.store import messages as messages_of
from bot.store.messages import fold
from bot.store.schema import contacts, conversations, deliveries, escalations, events, messages, turns
from dialogs.messages import CaseStatus, DeliveryState, Direction, Message, Mood, Urgency

c = conversations.c

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
    c.case,
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
_ONE = _ROW.where(c.id == bindparam("conversation"))
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
    event: str
    event_error: str | None
    replaced: bool
    answers: str | None


def find(conn: Connection, query: ListQuery) -> tuple[ConversationRow, ...]:
    """Conversations by urgency: the clock that runs out first, mood, waiting time, then the newest."""
    found = _ROW.where(c.last_seq > 0)  # whoever opened a chat and has not written is no work yet
    if query.status is not None:
        found = found.where(c.status == query.status)
    if query.shops:
        found = found.where(c.shop.in_(query.shops))
    if query.search.strip():
        found = found.where(_mentions(query.search.strip()))
    mood = case({Mood.ANGRY: 0, Mood.UPSET: 1}, value=c.mood, else_=2)
    ordered = found.order_by(
        c.due.is_(None), c.due, mood, c.waiting_since.is_(None), c.waiting_since, c.last_at.desc(), c.id.desc()
    )
    return tuple(row_of(row) for row in conn.execute(ordered.limit(query.limit)))


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


def _stored(row: Sequence[Any]) -> Stored:
    delivery, delivery_error, event, event_error, replaced, answers = row[_WIDTH:]
    state = None if delivery is None else DeliveryState(delivery)
    return Stored(messages_of.message(row[:_WIDTH]), state, delivery_error, event, event_error, bool(replaced), answers)


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


def _mentions(words: str) -> ColumnElement[bool]:
    """Conversations with the words in a message, in its Chinese, or in the buyer's name."""
    folded = fold(words)
    said = select(messages.c.conversation_id).where(messages.c.folded.contains(folded, autoescape=True))
    read = select(turns.c.conversation_id).where(turns.c.folded.contains(folded, autoescape=True))
    return or_(c.id.in_(said), c.id.in_(read), contacts.c.folded.contains(folded, autoescape=True))
