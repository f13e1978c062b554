"""Events: the inbox. Open ones are worked on in the order of their conversation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, Row, Text, bindparam, select, text, type_coerce, update

from adapters.ports import Outcome, RefusedChoice
from bot.store.schema import BODY, events, messages
from bot.store.sql import InsertIfNew
from dialogs.events import Body, BuyerDeleted, BuyerEdited, BuyerWrote, Event, Receipt

c = events.c

LATEST = 2000  # events that are looked through for conversations that changed a moment ago

# Written out, not bound: only so does SQLite use the partial index.
_IS_OPEN = text("events.state = 'open'")

_ADD = InsertIfNew(events, returning=c.id)
_FIND = select(c.id, c.conversation_id).where(c.account == bindparam("account"), c.external_id == bindparam("external"))
# The body is read as text: one that cannot be understood any more must not hide which event it is.
_HEAD = (
    select(
        c.id, c.seq, c.account, c.external_id, c.attempts, c.not_before, c.at, type_coerce(c.body, Text).label("text")
    )
    .where(c.conversation_id == bindparam("conversation"), _IS_OPEN)
    .order_by(c.seq)
    .limit(1)
)
_SETTLE = (
    update(events)
    .where(c.id == bindparam("event"), c.state == bindparam("from_state"))
    .values(state=bindparam("to_state"), outcome=bindparam("new_outcome"), error=bindparam("new_error"))
)
_RETRY = (
    update(events)
    .where(c.id == bindparam("event"), c.state == "open")
    .values(attempts=c.attempts + 1, not_before=bindparam("later"), error=bindparam("new_error"))
)
_UNPARK = (
    update(events)
    .where(
        c.id == select(messages.c.event_id).where(messages.c.id == bindparam("message")).scalar_subquery(),
        c.state.in_(("parked", "done")),
        c.error.is_not(None),
    )
    .values(state="done", error=None, outcome=bindparam("new_outcome"))
)
_OUTCOME = select(c.state, c.outcome).where(c.id == bindparam("event"))
_OPEN = select(c.conversation_id).where(_IS_OPEN).distinct()
_OLDEST_OPEN = select(c.accepted_at).where(_IS_OPEN, c.not_before.is_(None)).order_by(c.accepted_at).limit(1)
_RECEIPTS = (
    select(c.body)
    .where(c.account == bindparam("account"), c.target == bindparam("target"), c.type == "receipt", c.state == "done")
    .order_by(c.seq)
)


_OPEN_OF_TYPE = (
    select(c.id, c.body, c.not_before)
    .where(c.conversation_id == bindparam("conversation"), c.type == bindparam("of_type"), _IS_OPEN)
    .order_by(c.seq)
)
_SET_BODY = update(events).where(c.id == bindparam("event")).values(body=bindparam("new_body"))
# Written out for the same reason.
_IS_CHOICE = text("events.type = 'agent_chose'")
_REFUSED = (
    select(c.id, c.body, c.outcome)
    .where(
        c.conversation_id == bindparam("conversation"),
        _IS_CHOICE,
        # The outcome is JSON; most have no refusal and need not be read as values.
        type_coerce(c.outcome, Text).like('%"refusal":{%'),
    )
    .order_by(c.id.desc())
    .limit(bindparam("count"))
)


_LATEST = select(c.conversation_id).order_by(c.id.desc()).limit(LATEST)


class AlreadyWorkedOn(Exception):  # noqa: N818 - tells what was found
    """Somebody else finished the event in between; what was decided here must not be stored too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The first open event of a conversation, its body still as JSON text."""

    id: int
    seq: int
    account: str
    external_id: str
    attempts: int
    not_before: datetime | None
    at: datetime
    text: str


def add(
    conn: Connection,
    event: Event,
    *,
    conversation_id: int,
    seq: int,
    not_before: datetime | None = None,
    done: Outcome | None = None,
    now: datetime,
) -> int | None:
    """Store an open event, or with ``done`` one there is nothing left to do about; None when it is stored already."""
    values = {
        "account": event.account,
        "external_id": event.external_id,
        "conversation_id": conversation_id,
        "seq": seq,
        "type": event.body.type,
        "target": event.body.of if isinstance(event.body, Receipt | BuyerEdited | BuyerDeleted) else None,
        "body": event.body,
        "at": event.at,
        "accepted_at": now,
        "state": "open" if done is None else "done",
        "attempts": 0,
        "not_before": not_before,
        "outcome": done,
    }
    new: int | None = conn.execute(_ADD.on(conn), values).scalar()
    return new


def find(conn: Connection, account: str, external_id: str) -> Row[*tuple[Any, ...]] | None:
    """Id and conversation of a stored event."""
    return conn.execute(_FIND, {"account": account, "external": external_id}).first()


def head(conn: Connection, conversation_id: int) -> Head | None:
    """The next event of a conversation."""
    row = conn.execute(_HEAD, {"conversation": conversation_id}).first()
    return None if row is None else Head(**row._mapping)  # noqa: SLF001 - the public name of a row's mapping


def body(head: Head) -> Body:
    """What happened.

    Raises:
        pydantic.ValidationError: the stored text is not what this version understands.
    """
    return cast("Body", BODY.codec.validate_json(head.text))


def open_album(conn: Connection, conversation_id: int, album: str, *, now: datetime) -> tuple[int, BuyerWrote] | None:
    """Id and body of the event that still gathers an album; one that may be read already gathers no more."""
    rows = conn.execute(_OPEN_OF_TYPE, {"conversation": conversation_id, "of_type": "buyer_wrote"})
    gathering = (row for row in rows if row.not_before is not None and row.not_before > now)
    return next(((row.id, row.body) for row in gathering if row.body.album == album), None)


def set_body(conn: Connection, event_id: int, body: Body) -> None:
    """Replace what an open event tells: more of its album came."""
    conn.execute(_SET_BODY, {"event": event_id, "new_body": body})


def refused_choices(conn: Connection, conversation_id: int, *, limit: int) -> tuple[RefusedChoice, ...]:
    """The last ``limit`` choices that were refused, oldest first."""
    rows = conn.execute(_REFUSED, {"conversation": conversation_id, "count": limit}).all()
    return tuple(
        RefusedChoice(event_id=row.id, choice=row.body.choice, refusal=row.outcome.refusal) for row in reversed(rows)
    )


def settle(conn: Connection, event_id: int, outcome: Outcome, *, park: bool = True) -> None:
    """Mark an open event done, or parked when the outcome says that it failed and ``park`` that it may be retried.

    Raises:
        AlreadyWorkedOn: it is not open any more.
    """
    values = {
        "event": event_id,
        "from_state": "open",
        "to_state": "parked" if park and not outcome.done else "done",
        "new_outcome": outcome,
        "new_error": outcome.error,
    }
    if conn.execute(_SETTLE, values).rowcount != 1:
        raise AlreadyWorkedOn


def unpark_message(conn: Connection, message_id: int) -> None:
    """The event of a message, parked or dismissed since, was made good by another one; else nothing happens."""
    conn.execute(_UNPARK, {"message": message_id, "new_outcome": Outcome(done=True)})


def retry(conn: Connection, event_id: int, *, not_before: datetime, error: str) -> None:
    """Count a failed attempt and name the time of the next.

    Raises:
        AlreadyWorkedOn: the event is not open any more.
    """
    if conn.execute(_RETRY, {"event": event_id, "later": not_before, "new_error": error}).rowcount != 1:
        raise AlreadyWorkedOn


def outcome(conn: Connection, event_id: int) -> Outcome | None:
    """What came of an event, None while it is open."""
    row = conn.execute(_OUTCOME, {"event": event_id}).one()
    found: Outcome | None = row.outcome
    return found


def open_conversations(conn: Connection) -> list[int]:
    """Conversations with open events."""
    return list(conn.execute(_OPEN).scalars())


def latest_conversations(conn: Connection) -> frozenset[int]:
    """Conversations in which something happened last."""
    return frozenset(conn.execute(_LATEST).scalars())


def receipts(conn: Connection, account: str, external_id: str) -> list[Receipt]:
    """Receipts worked on for a platform's message id, in order."""
    return list(conn.execute(_RECEIPTS, {"account": account, "target": external_id}).scalars())


def oldest_open(conn: Connection) -> datetime | None:
    """When the event that waits longest was accepted; one that waits for its next attempt does not count."""
    found: datetime | None = conn.execute(_OLDEST_OPEN).scalar()
    return found
