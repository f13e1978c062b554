"""The work engine's port: who works on which lane when. Rows are the truth; an engine that forgets loses nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol

# Handles everything open in a lane, in order, and returns when nothing is left to do now.
Handler = Callable[[str], Awaitable[None]]


class WorkEngine(Protocol):
    """Runs one handler per lane at a time, lanes in parallel.

    A lane is ``conversation:<id>`` (turns, seller's actions, clocks) or ``chat:<account>:<chat>`` (deliveries).
    """

    async def run(self, handler: Handler) -> None:
        """Start working; returns once the engine takes wakes."""
        ...

    def wake(self, lane: str) -> None:
        """Have the lane drained soon; many wakes before it runs are one."""
        ...

    def at(self, lane: str, when: datetime) -> None:
        """Wake the lane at ``when`` (aware, UTC) or later; an earlier time already set stays."""
        ...

    def lanes(self) -> tuple[int, int]:
        """How many lanes run in this process, and how many it knows to wait."""
        ...

    async def drain(self) -> None:
        """Wait until no lane has work or is running."""
        ...

    async def stop(self, timeout: float = 10.0) -> None:
        """Take no new wakes, let running handlers finish for ``timeout`` seconds, then cancel them."""
        ...
