"""Approvals: who let a reply above the limits leave or refused it, and when."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from bot.store.schema import approvals
from bot.store.sql import InsertIfNew

_ADD = InsertIfNew(approvals)


def add(conn: Connection, message_id: int, *, agent: str, approved: bool, now: datetime) -> None:
    """Keep a lead's decision; the first one counts."""
    values = {"message_id": message_id, "agent": agent, "approved": approved, "at": now}
    conn.execute(_ADD.on(conn), values)
