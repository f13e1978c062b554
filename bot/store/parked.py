"""Parked events: what failed each time it was tried, kept whole until somebody retries or dismisses it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Text, bindparam, select, text, type_coerce, update

from adapters.ports import Outcome
from adapters.troubles import Parked
from bot.store.schema import events, messages
from dialogs.messages import Direction

c = events.c

# Written out, not bound: only so does SQLite use the partial index.
IS_PARKED = text("events.state = 'parked'")
# The body as text: one that this version cannot read must not hide what is in it.
BODY_TEXT = type_coerce(c.body, Text).label("text")

_FIND = (
    select(c.id, c.state, c.error, c.outcome, messages.c.id.label("message_id"), messages.c.direction)
    .join_from(events, messages, messages.c.event_id == c.id, isouter=True)
    .where(c.id == bindparam("event"), c.conversation_id == bindparam("conversation"))
    .order_by(messages.c.id)
    .limit(1)
)
_REOPEN = (
    update(events)
    .where(c.id == bindparam("event"), IS_PARKED)
    .values(state="open", seq=bindparam("new_seq"), attempts=0, not_before=None, error=None, outcome=None)
)
_DISMISS = (
    update(events).where(c.id == bindparam("event"), IS_PARKED).values(state="done", outcome=bindparam("new_outcome"))
)
_OF_CONVERSATION = (
    select(c.id, c.type, c.at, c.error, BODY_TEXT)
    .where(
        c.conversation_id == bindparam("conversation"),
        IS_PARKED,
        ~select(messages.c.id).where(messages.c.event_id == c.id).exists(),
    )
    .order_by(c.seq.desc())
    .limit(bindparam("count"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """An event somebody wants to retry or dismiss, as it is now."""

    id: int
    is_parked: bool
    error: str | None
    dismissed_by: str | None
    message_id: int | None  # the message it brought or made
    is_from_buyer: bool

    @property
    def read_again(self) -> bool:
        """A buyer's message has its place among the messages already: it is read again, not moved."""
        return self.is_parked and self.is_from_buyer


def find(conn: Connection, conversation_id: int, event_id: int) -> Failed | None:
    """An event of the conversation, whatever became of it; None when it has none of that id."""
    row = conn.execute(_FIND, {"event": event_id, "conversation": conversation_id}).first()
    if row is None:
        return None
    return Failed(
        id=row.id,
        is_parked=row.state == "parked",
        error=row.error,
        dismissed_by=None if row.outcome is None else row.outcome.dismissed_by,
        message_id=row.message_id,
        is_from_buyer=row.direction == Direction.INCOMING,
    )


def reopen(conn: Connection, event_id: int, *, seq: int) -> None:
    """Have a parked event worked on anew, as the one numbered ``seq``; nothing happens when it is not parked."""
    conn.execute(_REOPEN, {"event": event_id, "new_seq": seq})


def dismiss(conn: Connection, failed: Failed, *, by: str, at: datetime) -> None:
    """Let a parked event be; what was in it and its error stay. Nothing happens when it is not parked."""
    outcome = Outcome(done=True, error=failed.error, dismissed_by=by, dismissed_at=at)
    conn.execute(_DISMISS, {"event": failed.id, "new_outcome": outcome})


def of_conversation(conn: Connection, conversation_id: int, *, limit: int) -> tuple[Parked, ...]:
    """The last ``limit`` parked events of a conversation that have no message to be seen at, oldest first."""
    rows = conn.execute(_OF_CONVERSATION, {"conversation": conversation_id, "count": limit}).all()
    return tuple(
        Parked(event_id=row.id, type=row.type, at=row.at, error=row.error or "", **words_in(row.text))
        for row in reversed(rows)
    )


def words_in(body: str) -> dict[str, str]:
    """``agent`` and ``text`` of a stored body, as far as there are any.

    Read without its codec: the words of an event that cannot be understood any more must not be lost either.
    """
    found = json.loads(body)
    holders = [holder for holder in (found, found.get("choice"), found.get("template")) if isinstance(holder, dict)]
    return {
        "agent": _first(holders, "agent"),
        "text": _first(holders, "seller_text", "text") or "、".join(_attached(holders)),
    }


def _first(holders: list[dict[str, object]], *names: str) -> str:
    values = (holder.get(name) for holder in holders for name in names)
    return next((value for value in values if isinstance(value, str) and value), "")


def _attached(holders: list[dict[str, object]]) -> list[str]:
    """Names, or else kinds, of what is attached."""
    media = next((value for holder in holders if isinstance(value := holder.get("media"), list)), [])
    return [_first([item], "name", "kind") for item in media if isinstance(item, dict)]
