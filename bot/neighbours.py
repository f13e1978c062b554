"""Neighbours: the processes of an installation tell each other what each of them alone can see.

A socket is open in one process, an engine fails in another: whichever is asked how things are should know of both. Each
process keeps one row with its problems, and changes it again and again; a row that stopped changing is a dead one's. So
nobody's clock matters.
"""

from __future__ import annotations

import itertools
import json
import os
import socket
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Final

from bot.store import Store
from bot.store.states import StoredState

# No account is called so: their ids have no colon.
ACCOUNT: Final = ":processes"
DEAD: Final = 50.0  # seconds without a change; three times the pause between two of them, and a little


class Neighbours:
    """The other processes on the database; ``now`` are monotonic seconds."""

    def __init__(self, store: Store, *, now: Callable[[], float] = time.monotonic) -> None:
        self._state = StoredState(store, ACCOUNT)
        self._me = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._now = now
        self._changes = itertools.count()
        self._wrote = False
        self._seen: dict[str, tuple[str, float]] = {}  # the row of each, and when it changed last

    async def tell(self, problems: Mapping[str, str]) -> None:
        """Let the others know; to be called again every 15 seconds while there is something to tell."""
        if problems:
            await self._state.put(self._me, json.dumps([next(self._changes), dict(problems)], ensure_ascii=False))
        elif self._wrote:
            await self._state.delete(self._me)
        self._wrote = bool(problems)

    def read(self, rows: Mapping[str, str]) -> dict[str, str]:
        """What living neighbours tell; ``rows`` is what stands under ``ACCOUNT`` now."""
        now = self._now()
        self._seen = {
            key: self._seen[key] if key in self._seen and self._seen[key][0] == row else (row, now)
            for key, row in rows.items()
            if key != self._me
        }
        found: dict[str, str] = {}
        for row, changed in self._seen.values():
            if now - changed < DEAD:
                found |= json.loads(row)[1]
        return found

    async def forget_dead(self) -> None:
        """Remove the rows of processes that ended without a word."""
        dead = [key for key, (_, changed) in self._seen.items() if self._now() - changed >= DEAD]
        if dead:
            await self._state.change({}, dead)
