"""Deliveries: the outbox. A chat's deliveries leave in order; a state never goes backwards."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, text, update

from bot.store.schema import deliveries, messages, sent_parts
from bot.store.sql import InsertIfNew, hold
from dialogs.events import Receipt
from dialogs.messages import DeliveryState as State
from dialogs.messages import Media, TemplateUse

c = deliveries.c

# Written out, not bound: only so does SQLite use the partial index.
_UNSETTLED = text("deliveries.state IN ('queued', 'sending')")

_ADD = insert(deliveries)
_IN_LANE = (
    select(
        c.id,
        c.state,
        c.message_id,
        c.conversation_id,
        c.account,
        c.chat,
        c.key,
        c.attempts,
        c.not_before,
        c.changed_at,
        c.parts_done,
        c.template,
        messages.c.text,
        messages.c.media,
    )
    .join_from(deliveries, messages)
    .where(c.lane == bindparam("in_lane"), _UNSETTLED)
    .order_by(c.id)
    .limit(1)
)
_MOVE = (
    update(deliveries)
    .where(c.id == bindparam("delivery"), c.state.in_(bindparam("old_states", expanding=True)))
    .values(
        state=bindparam("new_state"),
        error=bindparam("new_error"),
        not_before=bindparam("later"),
        changed_at=bindparam("moment"),
    )
)
_TAKE = (
    update(deliveries)
    .where(c.id == bindparam("delivery"), c.state == State.QUEUED)
    .values(state=State.SENDING, attempts=c.attempts + 1, not_before=None, changed_at=bindparam("moment"))
)
_SENT = (
    update(deliveries)
    # Ambiguous: another process thought that this one had died.
    .where(c.id == bindparam("delivery"), (c.state == State.SENDING) | (c.state == State.AMBIGUOUS))
    .values(state=State.SENT, external_id=bindparam("external"), error=None, changed_at=bindparam("moment"))
)
_PART_SENT = (
    update(deliveries)
    .where(c.id == bindparam("delivery"), c.state == State.SENDING)
    .values(parts_done=bindparam("new_parts_done"))
)
_ADD_PART = InsertIfNew(sent_parts)
_OF_PART = select(sent_parts.c.id).where(
    sent_parts.c.account == bindparam("of_account"), sent_parts.c.external_id == bindparam("external")
)
# Two questions: asked as one, PostgreSQL reads every delivery.
_MESSAGE_OF = select(c.message_id).where(c.account == bindparam("of_account"), c.external_id == bindparam("external"))
_MESSAGE_OF_PART = (
    select(c.message_id)
    .join_from(sent_parts, deliveries)
    .where(sent_parts.c.account == bindparam("of_account"), sent_parts.c.external_id == bindparam("external"))
)
_UNSURE = (
    select(c.id, c.state, messages.c.text)
    .join_from(deliveries, messages)
    .where(c.conversation_id == bindparam("conversation"), c.state.in_((State.SENDING, State.AMBIGUOUS)))
    .order_by(c.id)
)
_FOUND = (
    update(deliveries)
    .where(c.id == bindparam("delivery"), c.state == State.AMBIGUOUS)
    .values(state=State.SENT, external_id=bindparam("external"), error=None, changed_at=bindparam("moment"))
)
_AGAIN = (
    update(deliveries)
    .where(c.id == bindparam("delivery"), (c.state == State.FAILED) | (c.state == State.AMBIGUOUS))
    .values(attempts=0)
)
_OF_MESSAGE = select(c.id, c.state, c.error, c.lane).where(
    c.message_id == bindparam("message"), c.conversation_id == bindparam("conversation")
)
_OF_EXTERNAL = select(c.id, c.conversation_id, c.state).where(
    c.account == bindparam("of_account"), c.external_id == bindparam("external")
)
_OLDEST_DUE = (
    select(c.changed_at)
    .where(c.state.in_(("queued", "sending")), (c.not_before.is_(None)) | (c.not_before <= bindparam("now")))
    .order_by(c.changed_at)
    .limit(1)
)
_OPEN_LANES = select(c.lane).where(_UNSETTLED).distinct()

# What a receipt may move; an ambiguous delivery the platform reports on has arrived there after all.
_MOVABLE: dict[State, tuple[State, ...]] = {
    State.SENT: (State.AMBIGUOUS,),
    State.DELIVERED: (State.SENT, State.AMBIGUOUS),
    State.READ: (State.SENT, State.DELIVERED, State.AMBIGUOUS),
    State.FAILED: (State.SENT, State.AMBIGUOUS),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The first unsettled delivery of a lane."""

    id: int
    state: State
    message_id: int
    conversation_id: int
    account: str
    chat: str
    key: str
    attempts: int
    not_before: datetime | None
    changed_at: datetime
    parts_done: int
    template: TemplateUse | None
    text: str
    media: tuple[Media, ...]


def add(
    conn: Connection,
    *,
    message_id: int,
    conversation_id: int,
    lane: str,
    account: str,
    chat: str,
    held: str | None,
    template: TemplateUse | None = None,
    sent_as: str | None = None,
    now: datetime,
) -> None:
    """Store the delivery of an outgoing message, queued, or held for the reason ``held``.

    ``sent_as`` is the platform's id of one that has left already.
    """
    state = State.QUEUED if held is None else State.HELD
    conn.execute(
        _ADD,
        {
            "message_id": message_id,
            "conversation_id": conversation_id,
            "lane": lane,
            "account": account,
            "chat": chat,
            "state": state if sent_as is None else State.SENT,
            "attempts": 0,
            "key": uuid.uuid4().hex,
            "parts_done": 0,
            "template": template,
            "external_id": sent_as,
            "error": held,
            "changed_at": now,
        },
    )


def head(conn: Connection, lane: str) -> Head | None:
    """The delivery whose turn it is."""
    row = conn.execute(_IN_LANE, {"in_lane": lane}).first()
    if row is None:
        return None
    return Head(**{**row._mapping, "state": State(row.state), "media": row.media or ()})  # noqa: SLF001 - public name


def take(conn: Connection, delivery_id: int, *, now: datetime) -> bool:
    """Mark a queued one as being sent, and count the attempt; False when it was not queued any more."""
    return conn.execute(_TAKE, {"delivery": delivery_id, "moment": now}).rowcount == 1


def sent(conn: Connection, delivery_id: int, *, account: str, external_id: str, now: datetime) -> None:
    """The platform took it and calls it ``external_id``.

    Until the end of the transaction ``receipt`` waits for it: one that comes at this moment is either found by who
    looks for earlier ones now, or finds the delivery.
    """
    hold(conn, account, external_id)
    conn.execute(_SENT, {"delivery": delivery_id, "external": external_id, "moment": now})


def part_sent(conn: Connection, delivery: Head, *, external_id: str) -> bool:
    """One part of several has left; False: its fate was decided since, and no more of it may leave."""
    part = {"delivery_id": delivery.id, "account": delivery.account, "external_id": external_id}
    conn.execute(_ADD_PART.on(conn), part)
    return conn.execute(_PART_SENT, {"delivery": delivery.id, "new_parts_done": delivery.parts_done + 1}).rowcount == 1


def state_of(conn: Connection, account: str, external_id: str) -> State | None:
    """How far the delivery the platform calls so has come; None when it is none of ours, or only a part of one."""
    row = conn.execute(_OF_EXTERNAL, {"of_account": account, "external": external_id}).first()
    return None if row is None else State(row.state)


def is_ours(conn: Connection, account: str, external_id: str) -> bool:
    """Whether what the platform calls so was sent by us, whole or as a part."""
    values = {"of_account": account, "external": external_id}
    return state_of(conn, account, external_id) is not None or conn.execute(_OF_PART, values).first() is not None


def message_of(conn: Connection, account: str, external_id: str) -> int | None:
    """The message of ours the platform calls so, as a whole or as a part."""
    values = {"of_account": account, "external": external_id}
    whole: int | None = conn.execute(_MESSAGE_OF, values).scalar()
    part: int | None = conn.execute(_MESSAGE_OF_PART, values).scalar() if whole is None else None
    return part if whole is None else whole


def unsure(conn: Connection, conversation_id: int) -> list[Row[*tuple[Any, ...]]]:
    """``id``, ``state`` and ``text`` of what is being sent or may have been, the oldest first."""
    return list(conn.execute(_UNSURE, {"conversation": conversation_id}))


def found(conn: Connection, delivery_id: int, *, external_id: str, now: datetime) -> None:
    """The platform shows that an ambiguous one has left."""
    conn.execute(_FOUND, {"delivery": delivery_id, "external": external_id, "moment": now})


def move(
    conn: Connection,
    delivery_id: int,
    *,
    of: Iterable[State],
    to: State,
    now: datetime,
    error: str | None = None,
    not_before: datetime | None = None,
) -> bool:
    """Change the state if it is one of ``of``; False when it was not."""
    values = {
        "delivery": delivery_id,
        "old_states": list(of),
        "new_state": to,
        "new_error": error,
        "later": not_before,
        "moment": now,
    }
    return conn.execute(_MOVE, values).rowcount == 1


def again(conn: Connection, delivery_id: int, *, now: datetime) -> bool:
    """Queue a failed or ambiguous one anew."""
    conn.execute(_AGAIN, {"delivery": delivery_id})
    return move(conn, delivery_id, of=(State.FAILED, State.AMBIGUOUS), to=State.QUEUED, now=now)


def receipt(conn: Connection, account: str, told: Receipt, *, now: datetime) -> None:
    """Move what a receipt tells about forward, never back; an unknown message stays unknown."""
    values = {"of_account": account, "external": told.of}
    row = conn.execute(_OF_EXTERNAL, values).first()
    if row is None:  # it may become known in this very moment
        hold(conn, account, told.of)
        row = conn.execute(_OF_EXTERNAL, values).first()
    if row is not None and told.state in _MOVABLE:
        move(conn, row.id, of=_MOVABLE[told.state], to=told.state, now=now, error=told.error)


def conversation_of(conn: Connection, account: str, external_id: str) -> int | None:
    """The conversation a platform's message id was sent in."""
    row = conn.execute(_OF_EXTERNAL, {"of_account": account, "external": external_id}).first()
    return None if row is None else row.conversation_id


def of_message(conn: Connection, conversation_id: int, message_id: int) -> Row[*tuple[Any, ...]] | None:
    """``id``, ``state``, ``error`` and ``lane`` of a message's delivery in this conversation."""
    return conn.execute(_OF_MESSAGE, {"conversation": conversation_id, "message": message_id}).first()


def open_lanes(conn: Connection) -> list[str]:
    """Lanes with something to send."""
    return list(conn.execute(_OPEN_LANES).scalars())


def oldest_due(conn: Connection, *, now: datetime) -> datetime | None:
    """Since when the delivery that waits longest could have left."""
    found: datetime | None = conn.execute(_OLDEST_DUE, {"now": now}).scalar()
    return found
