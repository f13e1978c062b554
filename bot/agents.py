"""Agents: who may use the desk, and how they log in."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TypeVar

from sqlalchemy import Connection

from adapters.ports import AgentIdentity
from bot.store import Store, agents
from dialogs.errors import Refused
from dialogs.ports import Clock

T = TypeVar("T")

ROLES = ("agent", "lead")
SESSION = timedelta(days=14)
LINK = timedelta(hours=24)
# How platforms write the ids of their users; names people give themselves (@name) change hands.
USER_IDS = {"slack": re.compile(r"[UW][A-Z0-9]{2,20}"), "telegram": re.compile(r"[1-9][0-9]{0,18}")}

# OWASP Password Storage Cheat Sheet: scrypt with N=2^15, r=8, p=3 is one of its equal-strength choices (32 MiB).
_N, _R, _P, _MEMORY = 2**15, 8, 3, 64 * 2**20
_SALT_BYTES = 16
_TOKEN_BYTES = 32


class StoredAgents:
    """``adapters.ports.Agents`` over the store, and what the command line does with agents."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        # A hash takes some tenths of a second: not in the loop, and few at a time whoever is guessing.
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="passwords")
        self._nobody = _pack(secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(64))

    async def add(self, name: str, *, role: str = "agent", password: str | None = None) -> AgentIdentity:
        """Add an agent; without a password only one-time links let them in.

        Raises:
            Refused: ``name_taken``, ``empty_name``, ``empty_password`` or ``unknown_role``.
        """
        name = name.strip()
        if not name:
            raise Refused("empty_name")
        if role not in ROLES:
            raise Refused("unknown_role")
        if password is not None and not password:
            raise Refused("empty_password")
        stored = None if password is None else await self._in_thread(_hash, password)
        now = self._clock.now()
        agent_id = await self._store.write(
            lambda conn: agents.add(conn, name=name, role=role, password=stored, now=now)
        )
        if agent_id is None:
            raise Refused("name_taken")
        return AgentIdentity(id=agent_id, name=name, role=role)

    async def everyone(self) -> tuple[AgentIdentity, ...]:
        """All agents by name."""
        return await self._store.read(agents.everyone)

    async def remove(self, name: str) -> None:
        """Remove an agent and end their sessions.

        Raises:
            Refused: ``unknown_agent``.
        """
        if not await self._store.write(lambda conn: agents.remove(conn, name)):
            raise Refused("unknown_agent")

    async def link(self, name: str, *, valid: timedelta = LINK) -> str:
        """A token that logs the agent in once.

        Raises:
            Refused: ``unknown_agent``.
        """
        agent_id = await self._store.read(lambda conn: agents.id_of(conn, name))
        if agent_id is None:
            raise Refused("unknown_agent")
        token, expires = secrets.token_urlsafe(_TOKEN_BYTES), self._clock.now() + valid
        await self._store.write(lambda conn: agents.add_link(conn, agent_id, digest_of(token), expires=expires))
        return token

    async def alias(self, name: str, kind: str, value: str) -> None:
        """Make a user of a platform (``kind`` of USER_IDS) known as this agent; nothing happens when they are already.

        Raises:
            Refused: ``unknown_agent``, ``bad_user_id``, or ``alias_taken`` when the user is another agent.
        """
        if kind not in USER_IDS or not USER_IDS[kind].fullmatch(value):
            raise Refused("bad_user_id")

        def add(conn: Connection) -> str | None:
            agent_id = agents.id_of(conn, name)
            if agent_id is None:
                return "unknown_agent"
            return None if agents.add_alias(conn, agent_id, kind, value) else "alias_taken"

        reason = await self._store.write(add)
        if reason is not None:
            raise Refused(reason)

    async def unalias(self, kind: str, value: str) -> None:
        """Make a user of a platform a stranger again.

        Raises:
            Refused: ``unknown_alias``.
        """
        if not await self._store.write(lambda conn: agents.remove_alias(conn, kind, value)):
            raise Refused("unknown_alias")

    async def aliases(self) -> Mapping[int, tuple[tuple[str, str], ...]]:
        """Kind and value of every agent's aliases, by the agent's id."""
        return await self._store.read(agents.aliases)

    async def by_session(self, token: str) -> AgentIdentity | None:
        """The agent of a session cookie."""
        now = self._clock.now()
        return await self._store.read(lambda conn: agents.by_session(conn, digest_of(token), now=now))

    async def by_password(self, name: str, password: str) -> str | None:
        """A new session token, None when name or password is wrong; both take the same time."""
        found = await self._store.read(lambda conn: agents.credentials(conn, name.strip()))
        stored = self._nobody if found is None or found[1] is None else found[1]
        right = await self._in_thread(_matches, password, stored)
        return await self._open_session(found[0]) if right and found is not None else None

    async def by_link(self, token: str) -> str | None:
        """A new session token for a one-time link, None when it is used or expired."""
        now = self._clock.now()
        agent_id = await self._store.write(lambda conn: agents.use_link(conn, digest_of(token), now=now))
        return None if agent_id is None else await self._open_session(agent_id)

    async def log_out(self, token: str) -> None:
        """End a session."""
        await self._store.write(lambda conn: agents.close_session(conn, digest_of(token)))

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown()

    async def _open_session(self, agent_id: int) -> str:
        token, now = secrets.token_urlsafe(_TOKEN_BYTES), self._clock.now()
        await self._store.write(
            lambda conn: agents.open_session(conn, agent_id, digest_of(token), expires=now + SESSION, now=now)
        )
        return token

    async def _in_thread(self, work: Callable[..., T], *values: str) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *values)


def digest_of(token: str) -> str:
    """What is stored of a token."""
    # A token is random, so a plain digest of it cannot be guessed back, and finding it by index tells nothing.
    return hashlib.sha256(token.encode()).hexdigest()


def _hash(password: str) -> str:
    salt = secrets.token_bytes(_SALT_BYTES)
    return _pack(salt, _scrypt(password, salt))


def _matches(password: str, stored: str) -> bool:
    salt, expected = (base64.b64decode(part) for part in stored.split("$"))
    return hmac.compare_digest(_scrypt(password, salt), expected)


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=_N, r=_R, p=_P, maxmem=_MEMORY)


def _pack(salt: bytes, key: bytes) -> str:
    return f"{base64.b64encode(salt).decode()}${base64.b64encode(key).decode()}"
