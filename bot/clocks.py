"""Clocks: the time itself, and deadlines that become events."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection

from bot.accounts import Accounts
from bot.inbox import receive
from bot.store import clocks
from dialogs.events import ClockDue, Event

ACCOUNT = "clock"  # of the events clocks make


class SystemClock:
    """``dialogs.ports.Clock``: the machine's."""

    def now(self) -> datetime:
        """The present, aware and in UTC."""
        return datetime.now(UTC)


def ring(conn: Connection, conversation_id: int, accounts: Accounts, *, now: datetime) -> int:
    """Put an event into the inbox for every clock of the conversation that ran out; how many.

    The event is named after its clock, so a clock rings once however often this is done.
    """
    rung = [clock for clock in clocks.open_ones(conn, conversation_id) if clock.due <= now]
    for clock in rung:
        clocks.ring(conn, clock.id)
        event = Event(
            account=ACCOUNT,
            external_id=str(clock.id),
            body=ClockDue(kind=clock.kind, due=clock.due),
            at=now,
            conversation_id=conversation_id,
        )
        receive(conn, event, accounts, now=now)
    return len(rung)
