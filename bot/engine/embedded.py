"""The embedded engine: lanes are asyncio tasks of this process. It polls nothing; the rows are the truth."""

from __future__ import annotations

import asyncio
from datetime import datetime
from functools import partial

from bot.engine.failures import Failures
from bot.engine.port import Handler
from bot.engine.timers import Timers
from dialogs.ports import Clock


class EmbeddedEngine:
    """``WorkEngine`` for one process: one task per lane with work, at most ``limit`` of them at a time.

    A handler that fails is called again for its lane after ``first_back_off`` seconds, twice as long after each
    further failure, up to ``last_back_off``.
    """

    def __init__(
        self, clock: Clock, *, limit: int = 128, first_back_off: float = 1.0, last_back_off: float = 60.0
    ) -> None:
        self._clock = clock
        self._limit = limit
        self._handler: Handler | None = None
        self._stopped = False
        self._waiting: dict[str, None] = {}  # in the order of their wakes
        self._running: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()  # woken while running
        self._failures = Failures(first=first_back_off, last=last_back_off)
        self._timers = Timers(clock, self.wake)
        self._idle = asyncio.Event()
        self._idle.set()

    async def run(self, handler: Handler) -> None:
        """Start working on what was woken and on what will be."""
        self._handler = handler
        self._timers.start()
        self._start()

    def wake(self, lane: str) -> None:
        """Have the lane drained soon; many wakes before it runs are one, and one while it runs is one more run."""
        if self._stopped:
            return
        if lane in self._running:
            self._again.add(lane)
            return
        self._waiting[lane] = None
        self._idle.clear()
        self._start()

    def at(self, lane: str, when: datetime) -> None:
        """Wake the lane at ``when`` or later; an earlier time already set stays."""
        if not self._stopped:
            self._timers.at(lane, when)

    def lanes(self) -> tuple[int, int]:
        """How many lanes run, and how many wait for a place."""
        return len(self._running), len(self._waiting)

    async def drain(self) -> None:
        """Wait until no lane has work or is running; timers do not count."""
        await self._idle.wait()

    async def stop(self, timeout: float = 10.0) -> None:
        """Take no new wakes, let running handlers finish for ``timeout`` seconds, then cancel them."""
        self._stopped = True
        self._waiting.clear()
        self._again.clear()
        self._timers.stop()
        if not self._running:
            return
        _, late = await asyncio.wait(self._running.values(), timeout=timeout)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)

    def _start(self) -> None:
        while self._handler is not None and self._waiting and len(self._running) < self._limit:
            lane = next(iter(self._waiting))
            del self._waiting[lane]
            task = asyncio.ensure_future(self._handler(lane))
            self._running[lane] = task
            task.add_done_callback(partial(self._ended, lane))

    def _ended(self, lane: str, task: asyncio.Task[None]) -> None:
        del self._running[lane]
        error = None if task.cancelled() else task.exception()
        if error is None:
            self._failures.fine(lane)
        else:
            self.at(lane, self._clock.now() + self._failures.failed(lane, error))
        if lane in self._again:
            self._again.remove(lane)
            self._waiting[lane] = None
        self._start()
        if not self._running and not self._waiting:
            self._idle.set()
