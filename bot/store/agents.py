"""Agents, their sessions, their one-time links, and who they are elsewhere. Only digests of tokens are stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from adapters.ports import AgentIdentity
from bot.store.schema import agent_aliases, agents, login_links, sessions
from bot.store.sql import InsertIfNew, InsertOrChange

c = agents.c
a = agent_aliases.c

_ADD = InsertIfNew(agents, returning=c.id)
_ADD_ALIAS = InsertIfNew(agent_aliases)
_MOVE_ALIAS = InsertOrChange(agent_aliases, "kind", "value", change=lambda new: {"agent_id": new.agent_id})


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


def by_id(conn: Connection, agent_id: int) -> AgentIdentity | None:
    """The agent of that id."""
    row = conn.execute(select(c.id, c.name, c.role).where(c.id == agent_id)).first()
    return None if row is None else AgentIdentity(id=row.id, name=row.name, role=row.role)


def by_alias(conn: Connection, kind: str, value: str) -> AgentIdentity | None:
    """The agent somebody on a platform is."""
    row = conn.execute(
        select(c.id, c.name, c.role).join_from(agent_aliases, agents).where(a.kind == kind, a.value == value)
    ).first()
    return None if row is None else AgentIdentity(id=row.id, name=row.name, role=row.role)


def add_alias(conn: Connection, agent_id: int, kind: str, value: str) -> bool:
    """Somebody on a platform is this agent; False when they are another one, who stays."""
    conn.execute(_ADD_ALIAS.on(conn), {"agent_id": agent_id, "kind": kind, "value": value})
    owner = conn.execute(select(a.agent_id).where(a.kind == kind, a.value == value)).scalar_one()
    return bool(owner == agent_id)


def move_alias(conn: Connection, agent_id: int, kind: str, value: str) -> None:
    """Somebody on a platform is this agent from now on, whoever they were."""
    conn.execute(_MOVE_ALIAS.on(conn), {"agent_id": agent_id, "kind": kind, "value": value})


def remove_alias(conn: Connection, kind: str, value: str) -> bool:
    """Somebody on a platform is a stranger again; False when they were one."""
    return conn.execute(delete(agent_aliases).where(a.kind == kind, a.value == value)).rowcount == 1


def aliases(conn: Connection) -> Mapping[int, tuple[tuple[str, str], ...]]:
    """Kind and value of every agent's aliases, by the agent's id."""
    found: defaultdict[int, tuple[tuple[str, str], ...]] = defaultdict(tuple)
    for row in conn.execute(select(a.agent_id, a.kind, a.value).order_by(a.id)):
        found[row.agent_id] += ((row.kind, row.value),)
    return dict(found)
