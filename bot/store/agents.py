"""Agents, their sessions and their one-time links. Only digests of tokens are stored."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from adapters.ports import AgentIdentity
from bot.store.schema import agents, login_links, sessions
from bot.store.sql import InsertIfNew

c = agents.c

_ADD = InsertIfNew(agents, returning=c.id)


def add(conn: Connection, *, name: str, role: str, password: str | None, now: datetime) -> int | None:
    """Id of a new agent, None when the name is taken; ``password`` is a hash."""
    row = {"name": name, "role": role, "password": password, "created_at": now}
    new: int | None = conn.execute(_ADD.on(conn), row).scalar()
    return new


def everyone(conn: Connection) -> tuple[AgentIdentity, ...]:
    """All agents by name."""
    rows = conn.execute(select(c.id, c.name, c.role).order_by(c.name))
    return tuple(AgentIdentity(id=row.id, name=row.name, role=row.role) for row in rows)


def remove(conn: Connection, name: str) -> bool:
    """Remove an agent with all sessions and links; False when there is none of that name."""
    return conn.execute(delete(agents).where(c.name == name)).rowcount == 1


def credentials(conn: Connection, name: str) -> tuple[int, str | None] | None:
    """Id and password hash."""
    row = conn.execute(select(c.id, c.password).where(c.name == name)).first()
    return None if row is None else (row.id, row.password)


def id_of(conn: Connection, name: str) -> int | None:
    """Id of the agent of that name."""
    found: int | None = conn.execute(select(c.id).where(c.name == name)).scalar()
    return found


def open_session(conn: Connection, agent_id: int, digest: str, *, expires: datetime, now: datetime) -> None:
    """Store a session and forget those that have ended."""
    conn.execute(delete(sessions).where(sessions.c.expires_at <= now))
    conn.execute(insert(sessions), {"digest": digest, "agent_id": agent_id, "expires_at": expires})


def by_session(conn: Connection, digest: str, *, now: datetime) -> AgentIdentity | None:
    """The agent of a session that has not ended."""
    row = conn.execute(
        select(c.id, c.name, c.role)
        .join_from(sessions, agents)
        .where(sessions.c.digest == digest, sessions.c.expires_at > now)
    ).first()
    return None if row is None else AgentIdentity(id=row.id, name=row.name, role=row.role)


def close_session(conn: Connection, digest: str) -> None:
    """End a session."""
    conn.execute(delete(sessions).where(sessions.c.digest == digest))


def add_link(conn: Connection, agent_id: int, digest: str, *, expires: datetime) -> None:
    """Store a one-time link."""
    conn.execute(insert(login_links), {"digest": digest, "agent_id": agent_id, "expires_at": expires})


def use_link(conn: Connection, digest: str, *, now: datetime) -> int | None:
    """Use a link up and return its agent; None when it was used, has expired or never was."""
    links = login_links.c
    row = conn.execute(
        delete(login_links).where(links.digest == digest).returning(links.agent_id, links.expires_at)
    ).first()
    return None if row is None or row.expires_at <= now else row.agent_id
