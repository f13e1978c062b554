"""The feed: tells who is looking that something changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class ChangeListener:
    """One follower. What changes faster than it reads is told once."""

    def __init__(self) -> None:
        self._changed: set[int] = set()
        self._some = asyncio.Event()

    async def next(self) -> frozenset[int]:
        """Wait for a change; ids of the conversations that changed since the last call."""
        await self._some.wait()
        self._some.clear()
        changed = frozenset(self._changed)
        self._changed.clear()
        return changed

    def tell(self, conversation_id: int) -> None:
        """A conversation changed."""
        self._changed.add(conversation_id)
        self._some.set()


class ChangeFeed:
    """``adapters.ports.Feed``; published to after the change is stored. ``relay`` tells the other processes."""

    def __init__(self) -> None:
        self._listeners: set[ChangeListener] = set()
        self.relay: Callable[[int], None] | None = None

    def publish(self, conversation_id: int) -> None:
        """Tell all followers, here and in other processes."""
        self.heard(conversation_id)
        if self.relay is not None:
            self.relay(conversation_id)

    def heard(self, conversation_id: int) -> None:
        """Tell the followers here."""
        for listener in self._listeners:
            listener.tell(conversation_id)

    @contextmanager
    def listen(self) -> Iterator[ChangeListener]:
        """Follow all changes while the context is open."""
        listener = ChangeListener()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.remove(listener)
