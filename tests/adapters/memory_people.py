"""The feed, the attachments and the agents of the shop in memory."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from adapters.ports import AgentIdentity


class MemoryPeople:
    """Feed, Blobs and Agents."""

    def __init__(self) -> None:
        self.stored: dict[str, tuple[bytes, str]] = {}
        self.sessions: dict[str, AgentIdentity] = {}
        self.links = {"link-wang": 1}
        self.agents = {
            "王芳": (AgentIdentity(id=1, name="王芳", role="lead"), "geheim"),
            "李强": (AgentIdentity(id=2, name="李强", role="agent"), "geheim2"),
        }
        self._listeners: set[_Listener] = set()

    def notify(self, conversation_id: int) -> None:
        for listener in self._listeners:
            listener.changed.add(conversation_id)
            listener.event.set()

    @contextmanager
    def listen(self) -> Iterator[_Listener]:
        listener = _Listener()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    async def put(self, content: bytes, *, mime: str) -> str:
        ref = hashlib.sha256(content).hexdigest()
        self.stored[ref] = (content, mime)
        return ref

    async def get(self, ref: str) -> tuple[bytes, str] | None:
        return self.stored.get(ref)

    async def by_session(self, token: str) -> AgentIdentity | None:
        return self.sessions.get(token)

    async def by_password(self, name: str, password: str) -> str | None:
        identity, right = self.agents.get(name, (None, ""))
        return self._session(identity) if identity is not None and password == right else None

    async def by_link(self, token: str) -> str | None:
        number = self.links.pop(token, None)
        return self._session(next(each for each, _ in self.agents.values() if each.id == number)) if number else None

    def _session(self, identity: AgentIdentity) -> str:
        token = f"session-{len(self.sessions)}-{identity.id}"
        self.sessions[token] = identity
        return token

    async def log_out(self, token: str) -> None:
        self.sessions.pop(token, None)


class _Listener:
    def __init__(self) -> None:
        self.changed: set[int] = set()
        self.event = asyncio.Event()

    async def next(self) -> frozenset[int]:
        await self.event.wait()
        self.event.clear()
        changed, self.changed = frozenset(self.changed), set()
        return changed
