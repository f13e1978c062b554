"""Clocks: deadlines of conversations. At most one of a kind runs in a conversation."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, text, update

from bot.store.schema import clocks
from dialogs.messages import ClockSet

c = clocks.c

# Written out, not bound: only so does SQLite use the partial index.
_RUNNING = text("clocks.state <> 'stopped'")
_IS_OPEN = text("clocks.state = 'open'")

_ADD = insert(clocks)
_STOP = (
    update(clocks)
    .where(c.conversation_id == bindparam("conversation"), c.kind == bindparam("of_kind"), _RUNNING)
    .values(state="stopped")
)
# What is open also runs, and runs by an index of its own; an index of what is open would be taken for ``_NEXT`` too.
_OPEN = (
    select(c.id, c.kind, c.due)
    .where(c.conversation_id == bindparam("conversation"), _RUNNING, _IS_OPEN)
    .order_by(c.due)
)
_RING = update(clocks).where(c.id == bindparam("clock"), _IS_OPEN).values(state="rung")
_STATE = select(c.state).where(c.id == bindparam("clock"))
# Not grouped: for the groups both databases would rather read every clock than those that run out.
_NEXT = select(c.conversation_id, c.due).where(_IS_OPEN, c.due < bindparam("before")).order_by(c.due)


def start(conn: Connection, conversation_id: int, clock: ClockSet) -> None:
    """Start a clock in place of a running one of its kind."""
    stop(conn, conversation_id, clock.kind)
    conn.execute(_ADD, {"conversation_id": conversation_id, "kind": clock.kind, "due": clock.due, "state": "open"})


def stop(conn: Connection, conversation_id: int, kind: str) -> None:
    """Stop the clock of a kind, one that has rung but was not heard yet included."""
    conn.execute(_STOP, {"conversation": conversation_id, "of_kind": kind})


def open_ones(conn: Connection, conversation_id: int) -> list[Row[*tuple[Any, ...]]]:
    """``id``, ``kind`` and ``due`` of the clocks that have not rung, the earliest first."""
    return list(conn.execute(_OPEN, {"conversation": conversation_id}))


def ring(conn: Connection, clock_id: int) -> None:
    """The clock has become an event."""
    conn.execute(_RING, {"clock": clock_id})


def rings(conn: Connection, clock_id: int) -> bool:
    """Whether a clock that rang was not stopped since."""
    return conn.execute(_STATE, {"clock": clock_id}).scalar() == "rung"


def next_dues(conn: Connection, *, before: datetime) -> list[tuple[int, datetime]]:
    """The earliest open clock of every conversation that has one which runs out before then."""
    earliest: dict[int, datetime] = {}
    for row in conn.execute(_NEXT, {"before": before}):
        earliest.setdefault(row.conversation_id, row.due)
    return list(earliest.items())
