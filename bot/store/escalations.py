"""Escalations: at most one is open in a conversation; it gathers its reasons and ends with the case."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, text, update

from adapters.ports import Escalation
from bot import metrics
from bot.store.schema import conversations, escalations
from dialogs.escalations import severity
from dialogs.messages import Reason, Severity

c = escalations.c

# Written out, not bound: only so does SQLite use the partial index.
_IS_OPEN = text("escalations.closed_at IS NULL")

_ADD = insert(escalations)
_OPEN = select(c.id, c.reasons, c.claimed_by).where(c.conversation_id == bindparam("conversation"), _IS_OPEN)
_LATEST = select(escalations).where(c.conversation_id == bindparam("conversation")).order_by(c.id.desc()).limit(1)
_CHANGE = (
    update(escalations)
    .where(c.id == bindparam("escalation"))
    .values(reasons=bindparam("new_reasons"), severity=bindparam("new_severity"))
)
_CLAIM = (
    update(escalations)
    .where(c.conversation_id == bindparam("conversation"), _IS_OPEN, c.claimed_by.is_(None))
    .values(claimed_by=bindparam("agent"), claimed_at=bindparam("moment"))
)
_CLOSE = (
    update(escalations)
    .where(c.conversation_id == bindparam("conversation"), _IS_OPEN)
    .values(closed_by=bindparam("agent"), closed_at=bindparam("moment"))
)
_OPEN_IN_SHOP = (
    select(c.reasons)
    .join_from(escalations, conversations)
    .where(_IS_OPEN, conversations.c.shop == bindparam("of_shop"), c.conversation_id != bindparam("conversation"))
)


def open_or_add(conn: Connection, conversation_id: int, reasons: Iterable[Reason], *, shop: str, now: datetime) -> None:
    """Open an escalation for these reasons, or add them to the open one; without reasons nothing happens."""
    new = [reason for reason in reasons if reason is not Reason.ENGINE_DOWN or not _told(conn, conversation_id, shop)]
    if not new:
        return
    row = conn.execute(_OPEN, {"conversation": conversation_id}).first()
    if row is None:
        values = {"conversation_id": conversation_id, "opened_at": now}
        conn.execute(_ADD, {**values, "reasons": tuple(new), "severity": severity(new)})
        metrics.escalated(severity(new), new)
        return
    every = tuple(dict.fromkeys((*row.reasons, *new)))
    if every != row.reasons:
        conn.execute(_CHANGE, {"escalation": row.id, "new_reasons": every, "new_severity": severity(every)})
        metrics.escalated(severity(every), every[len(row.reasons) :])


def _told(conn: Connection, conversation_id: int, shop: str) -> bool:
    """Whether the team of the shop knows of the engines' failure by another conversation: one alert is enough."""
    rows = conn.execute(_OPEN_IN_SHOP, {"of_shop": shop, "conversation": conversation_id})
    return any(Reason.ENGINE_DOWN in reasons for reasons in rows.scalars())


def claim(conn: Connection, conversation_id: int, agent: str, *, now: datetime) -> str | None:
    """Take the open escalation; who has it since, None when none is open."""
    conn.execute(_CLAIM, {"conversation": conversation_id, "agent": agent, "moment": now})
    row = conn.execute(_OPEN, {"conversation": conversation_id}).first()
    return None if row is None else row.claimed_by


def close(conn: Connection, conversation_id: int, agent: str, *, now: datetime) -> None:
    """End the open escalation; nothing happens when none is open."""
    conn.execute(_CLOSE, {"conversation": conversation_id, "agent": agent, "moment": now})


def close_approved(conn: Connection, conversation_id: int, agent: str, *, now: datetime) -> None:
    """End the open escalation when nothing but the approval was asked for."""
    row = conn.execute(_OPEN, {"conversation": conversation_id}).first()
    if row is not None and row.reasons == (Reason.APPROVAL,):
        close(conn, conversation_id, agent, now=now)


def latest(conn: Connection, conversation_id: int) -> Escalation | None:
    """The open escalation, else the last one."""
    row = conn.execute(_LATEST, {"conversation": conversation_id}).first()
    return None if row is None else _escalation(row)


def _escalation(row: Row[*tuple[Any, ...]]) -> Escalation:
    return Escalation(
        id=row.id,
        reasons=row.reasons,
        severity=Severity(row.severity),
        opened_at=row.opened_at,
        claimed_by=row.claimed_by,
        claimed_at=row.claimed_at,
        closed_by=row.closed_by,
        closed_at=row.closed_at,
    )
