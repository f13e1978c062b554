"""Finds lanes that were left behind: their rows are open and due, and no job waits or runs for them (PostgreSQL)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Text, bindparam, cast, column, exists, func, literal, or_, select, table, text, union
from sqlalchemy.sql.elements import ColumnElement

from bot.lanes import BOARD, CONVERSATION
from bot.store.schema import clocks, deliveries, downloads, events, showings
from bot.store.types import Moment

# Who stored a row wakes its lane in the next moment: only what had time enough is looked at.
GRACE: Final = timedelta(seconds=3)
AT_ONCE: Final = 1000  # lanes; the rest is found the next time

_NOW = bindparam("now", type_=Moment)
_BEFORE = bindparam("before", type_=Moment)
_jobs = table("procrastinate_jobs", column("lock"), column("status"))


def _due(not_before: ColumnElement[datetime]) -> ColumnElement[bool]:
    return or_(not_before.is_(None), not_before <= _NOW)


_open = union(
    select((literal(CONVERSATION) + cast(events.c.conversation_id, Text)).label("lane")).where(
        text("events.state = 'open'"), _due(events.c.not_before), events.c.accepted_at < _BEFORE
    ),
    select((literal(CONVERSATION) + cast(clocks.c.conversation_id, Text)).label("lane")).where(
        text("clocks.state = 'open'"), clocks.c.due <= _NOW
    ),
    select(deliveries.c.lane).where(
        text("deliveries.state IN ('queued', 'sending')"),
        _due(deliveries.c.not_before),
        deliveries.c.changed_at < _BEFORE,
    ),
    select((literal(BOARD) + showings.c.board + ":" + cast(showings.c.conversation_id, Text)).label("lane")).where(
        text("showings.wanted - showings.shown > 0"), _due(showings.c.not_before), showings.c.changed_at < _BEFORE
    ),
    select(downloads.c.lane).where(
        text("downloads.state = 'open'"), _due(downloads.c.not_before), downloads.c.changed_at < _BEFORE
    ),
).subquery("open_lanes")

_LEFT = (
    select(_open.c.lane)
    .where(~exists().where(_jobs.c.lock == _open.c.lane, text("procrastinate_jobs.status IN ('todo', 'doing')")))
    .order_by(func.random())  # many that cannot be worked on must not hide the others for ever
    .limit(AT_ONCE)
)


def left_behind(conn: Connection, *, now: datetime) -> list[str]:
    """Lanes somebody must wake."""
    return list(conn.execute(_LEFT, {"now": now, "before": now - GRACE}).scalars())
