"""The embedded engine: lanes are asyncio tasks of this process. It polls nothing; the rows are the truth."""

from __future__ import annotations

import asyncio
import heapq
from datetime import datetime, timedelta
from functools import partial

import structlog

from bot.engine.port import Handler
from bot.lanes import speakable
from dialogs.ports import Clock

log = structlog.stdlib.get_logger(__name__)

# A clock may be set, a machine may sleep: the timer looks at the time at least so often (seconds).
LONGEST_SLEEP = 600.0


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
        self._first_back_off = first_back_off
        self._last_back_off = last_back_off
        self._handler: Handler | None = None
        self._stopped = False
        self._waiting: dict[str, None] = {}  # in the order of their wakes
        self._running: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()  # woken while running
        self._failures: dict[str, int] = {}
        self._due: dict[str, datetime] = {}
        self._heap: list[tuple[datetime, str]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    async def run(self, handler: Handler) -> None:
        """Start working on what was woken and on what will be."""
        self._handler = handler
        self._set_timer()
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
        if when <= self._clock.now():
            self.wake(lane)
            return
        if self._stopped or (lane in self._due and self._due[lane] <= when):
            return
        self._due[lane] = when
        heapq.heappush(self._heap, (when, lane))
        if self._handler is not None and self._heap[0] == (when, lane):
            self._set_timer()

    async def drain(self) -> None:
        """Wait until no lane has work or is running; timers do not count."""
        await self._idle.wait()

    async def stop(self, timeout: float = 10.0) -> None:
        """Take no new wakes, let running handlers finish for ``timeout`` seconds, then cancel them."""
        self._stopped = True
        self._waiting.clear()
        self._again.clear()
        if self._timer is not None:
            self._timer.cancel()
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
            self._failures.pop(lane, None)
        else:
            self._failed(lane, error)
        if lane in self._again:
            self._again.remove(lane)
            self._waiting[lane] = None
        self._start()
        if not self._running and not self._waiting:
            self._idle.set()

    def _failed(self, lane: str, error: BaseException) -> None:
        # Only the class: the text of an unexpected error may hold anything.
        log.error("lane_failed", lane=speakable(lane), error=type(error).__name__)
        failures = self._failures.get(lane, 0)
        self._failures[lane] = failures + 1
        seconds = min(self._first_back_off * 2.0 ** min(failures, 30), self._last_back_off)
        self.at(lane, self._clock.now() + timedelta(seconds=seconds))

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._heap:
            seconds = (self._heap[0][0] - self._clock.now()).total_seconds()
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(min(max(seconds, 0.0), LONGEST_SLEEP), self._ring)

    def _ring(self) -> None:
        now = self._clock.now()
        while self._heap and self._heap[0][0] <= now:
            when, lane = heapq.heappop(self._heap)
            if self._due.get(lane) == when:  # else an earlier time took its place
                del self._due[lane]
                self.wake(lane)
        self._set_timer()
