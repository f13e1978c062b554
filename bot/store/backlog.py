"""The backlog: how much of the work lies open, since when, and what went wrong lately.

A few short queries, asked every few seconds at most: they read open rows by partial indexes, and the newest rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, func, or_, select, text
from sqlalchemy.sql.elements import ColumnElement

from bot.store.schema import account_states, deliveries, downloads, escalations, events, leases, showings
from bot.store.types import Moment
from dialogs.messages import DeliveryState as State
from dialogs.messages import Severity

LATELY: Final = timedelta(minutes=10)
NEWEST: Final = 1000  # rows that are looked at for what failed lately

_NOW = bindparam("now", type_=Moment)
_SINCE = bindparam("since", type_=Moment)
e, d = events.c, deliveries.c


def _due(not_before: ColumnElement[datetime]) -> ColumnElement[bool]:
    return or_(not_before.is_(None), not_before <= _NOW)


# States are written out, not bound: only so does SQLite use the partial indexes.
_INBOX = select(func.count().label("many"), func.min(func.coalesce(e.not_before, e.accepted_at)).label("oldest")).where(
    text("events.state = 'open'"), _due(e.not_before)
)
_OUTBOX = (
    select(d.account, func.count().label("many"), func.min(func.coalesce(d.not_before, d.changed_at)).label("oldest"))
    .where(text("deliveries.state IN ('queued', 'sending')"), _due(d.not_before))
    .group_by(d.account)
)
_PARKED = select(func.count()).select_from(events).where(text("events.state = 'parked'"))
_PARKED_LATELY = _PARKED.where(e.accepted_at > _SINCE)
_FAILED_LATELY = select(func.count()).where(
    d.id > func.coalesce(select(func.max(d.id)).scalar_subquery(), 0) - NEWEST,
    d.state.in_((State.FAILED, State.AMBIGUOUS)),
    d.changed_at > _SINCE,
)
_SHOWINGS = select(func.count().label("many"), func.min(showings.c.changed_at).label("oldest")).where(
    text("showings.wanted - showings.shown > 0")
)
_DOWNLOADS = select(func.count()).select_from(downloads).where(text("downloads.state = 'open'"))
_ESCALATIONS = (
    select(escalations.c.severity, func.count().label("many"))
    .where(text("escalations.closed_at IS NULL"))
    .group_by(escalations.c.severity)
)
# By the database's own time, which is what leases are valid by.
_LEASES = select(leases.c.name, (leases.c.until >= func.now(type_=Moment)).label("held"))
_TOLD = select(account_states.c.key, account_states.c.text).where(account_states.c.account == bindparam("of_account"))


@dataclass(frozen=True, slots=True)
class Waiting:
    """Rows that could be worked on now: how many, and since when the oldest could."""

    count: int = 0
    oldest: datetime | None = None

    def lag(self, now: datetime) -> float:
        """Seconds the oldest has waited."""
        return 0.0 if self.oldest is None else max((now - self.oldest).total_seconds(), 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What lies open. ``lately`` is ten minutes; ``told`` is what processes wrote down under an account's name."""

    inbox: Waiting = Waiting()
    outbox: Mapping[str, Waiting] = field(default_factory=dict)  # by account
    showings: Waiting = Waiting()
    downloads: int = 0
    parked: int = 0
    parked_lately: int = 0
    failed_lately: int = 0  # deliveries that failed or may have been sent, among the newest
    escalations: Mapping[str, int] = field(default_factory=dict)  # open ones, by severity
    leases: Mapping[str, bool] = field(default_factory=dict)  # whether somebody holds one that was not given back
    told: Mapping[str, str] = field(default_factory=dict)

    @property
    def longest(self) -> tuple[str, Waiting]:
        """The account of the delivery that waits longest, and what waits there."""
        some = [(waiting.oldest, account) for account, waiting in self.outbox.items() if waiting.oldest is not None]
        return (min(some)[1], self.outbox[min(some)[1]]) if some else ("", Waiting())

    @property
    def deliveries(self) -> int:
        """How many deliveries could leave now."""
        return sum(waiting.count for waiting in self.outbox.values())


def backlog(conn: Connection, *, now: datetime, with_leases: bool, told_by: str) -> Backlog:
    """Count what is open; the leases, where processes need any; and what stands under ``told_by``."""
    moment = {"now": now}
    lately = {"since": now - LATELY}
    return Backlog(
        inbox=_waiting(conn.execute(_INBOX, moment).one()),
        outbox={row.account: _waiting(row) for row in conn.execute(_OUTBOX, moment)},
        showings=_waiting(conn.execute(_SHOWINGS).one()),
        downloads=conn.execute(_DOWNLOADS).scalar_one(),
        parked=conn.execute(_PARKED).scalar_one(),
        parked_lately=conn.execute(_PARKED_LATELY, lately).scalar_one(),
        failed_lately=conn.execute(_FAILED_LATELY, lately).scalar_one(),
        escalations={severity.value: 0 for severity in Severity}
        | {row.severity: row.many for row in conn.execute(_ESCALATIONS)},
        leases={row.name: row.held for row in conn.execute(_LEASES)} if with_leases else {},
        told={row.key: row.text for row in conn.execute(_TOLD, {"of_account": told_by})},
    )


def _waiting(row: Row[*tuple[Any, ...]]) -> Waiting:
    return Waiting(row.many, row.oldest)
