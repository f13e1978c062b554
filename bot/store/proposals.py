"""Proposals: what is on offer; a choice made anywhere closes them everywhere."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, text, update

from bot.store.schema import proposals
from dialogs.messages import Proposal

c = proposals.c

# Written out, not bound: only so does SQLite use the partial index.
_IS_OPEN = text("proposals.state = 'open'")

_OPEN = (
    select(c.turn_id, c.body)
    .where(c.conversation_id == bindparam("conversation"), _IS_OPEN)
    .order_by(c.turn_id, c.position)
)
_ADD = insert(proposals)
_BY: dict[str, Any] = {"closed_by": bindparam("agent"), "closed_at": bindparam("moment")}
_CHOOSE = (
    update(proposals)
    .where(c.conversation_id == bindparam("conversation"), _IS_OPEN, c.proposal_id == bindparam("chosen"))
    .values(state="chosen", **_BY)
)
_CLOSE = update(proposals).where(c.conversation_id == bindparam("conversation"), _IS_OPEN).values(state="closed", **_BY)
_FATE = (
    select(c.state, c.closed_by, c.closed_at)
    .where(c.conversation_id == bindparam("conversation"), c.proposal_id == bindparam("proposal"))
    .order_by(c.id.desc())
    .limit(1)
)


def open_ones(conn: Connection, conversation_id: int) -> tuple[Proposal, ...]:
    """The open proposals in their order."""
    return open_turn(conn, conversation_id)[1]


def open_turn(conn: Connection, conversation_id: int) -> tuple[int | None, tuple[Proposal, ...]]:
    """The same, with the turn that made them."""
    rows = conn.execute(_OPEN, {"conversation": conversation_id}).all()
    return (rows[0].turn_id if rows else None), tuple(row.body for row in rows)


def offer(conn: Connection, conversation_id: int, turn_id: int, offered: tuple[Proposal, ...]) -> None:
    """Store the proposals of a turn as open."""
    rows = [
        {
            "conversation_id": conversation_id,
            "turn_id": turn_id,
            "position": position,
            "proposal_id": proposal.id,
            "body": proposal,
            "state": "open",
        }
        for position, proposal in enumerate(offered)
    ]
    if rows:
        conn.execute(_ADD, rows)


def close(conn: Connection, conversation_id: int, *, chosen: str | None, by: str | None, now: datetime) -> None:
    """Close all open ones; ``chosen`` names the one that was taken, ``by`` who did."""
    values = {"conversation": conversation_id, "agent": by, "moment": now}
    if chosen is not None:
        conn.execute(_CHOOSE, {**values, "chosen": chosen})
    conn.execute(_CLOSE, values)


def fate(conn: Connection, conversation_id: int, proposal_id: str) -> Row[*tuple[Any, ...]] | None:
    """``state``, ``closed_by`` and ``closed_at`` of a proposal."""
    return conn.execute(_FATE, {"conversation": conversation_id, "proposal": proposal_id}).first()
