"""Turns: what was decided about an event, one per event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select

from bot.store.messages import fold
from bot.store.schema import deliveries, messages, turns
from dialogs.messages import Turn

c = turns.c

_ADD = insert(turns).returning(c.id)
# A reply that is held, or was taken back before it left, answers nothing.
_ANSWERED_SINCE = (
    select(messages.c.author, c.at)
    .join_from(turns, messages, messages.c.id == c.reply_message_id)
    .join(deliveries, deliveries.c.message_id == messages.c.id)
    .where(
        c.conversation_id == bindparam("conversation"),
        c.id > bindparam("turn"),
        deliveries.c.state.not_in(["held", "cancelled"]),
    )
    .order_by(c.id.desc())
    .limit(1)
)

_OF_MESSAGES = (
    select(c.id, c.message_id, c.reading, c.translation)
    .where(c.message_id.in_(bindparam("ids", expanding=True)))
    .order_by(c.id)
)


def add(
    conn: Connection,
    turn: Turn,
    *,
    event_id: int,
    conversation_id: int,
    message_id: int | None,
    reply_message_id: int | None,
    now: datetime,
) -> int:
    """Store a turn: ``message_id`` is the buyer's message it read, ``reply_message_id`` what it sent."""
    chinese = turn.translation.text if turn.translation is not None else None
    values = {
        "event_id": event_id,
        "conversation_id": conversation_id,
        "message_id": message_id,
        "reply_message_id": reply_message_id,
        "reading": turn.reading,
        "translation": turn.translation,
        "seller_text": chinese,
        "folded": fold(chinese),
        "refusal": turn.refusal,
        "at": now,
    }
    new: int = conn.execute(_ADD, values).scalar_one()
    return new


def answered_since(conn: Connection, conversation_id: int, turn_id: int) -> tuple[str, datetime] | None:
    """Who sent the newest reply after a turn, and when."""
    row = conn.execute(_ANSWERED_SINCE, {"conversation": conversation_id, "turn": turn_id}).first()
    return None if row is None else (row.author, row.at)


def of_messages(conn: Connection, message_ids: Sequence[int]) -> dict[int, Row[*tuple[Any, ...]]]:
    """The newest turn of each buyer's message."""
    return {row.message_id: row for row in conn.execute(_OF_MESSAGES, {"ids": message_ids})}
