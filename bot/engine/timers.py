"""Timers of lanes: one timer of the event loop for the next of them."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from datetime import datetime

from dialogs.ports import Clock

# A clock may be set, a machine may sleep: the timer looks at the time at least so often (seconds).
LONGEST_SLEEP = 30.0


class Timers:
    """Calls ``ring`` with a lane once its time has come; nothing is called before ``start`` or after ``stop``."""

    def __init__(self, clock: Clock, ring: Callable[[str], None]) -> None:
        self._clock = clock
        self._ring_one = ring
        self._due: dict[str, datetime] = {}
        self._heap: list[tuple[datetime, str]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._running = False

    def start(self) -> None:
        """Begin to ring."""
        self._running = True
        self._set()

    def stop(self) -> None:
        """Ring no more; what was set is forgotten."""
        self._running = False
        self._due.clear()
        self._heap.clear()
        self._set()

    def at(self, lane: str, when: datetime) -> None:
        """Ring the lane at ``when`` or later; an earlier time already set stays, one in the past is now."""
        if when <= self._clock.now():
            self._ring_one(lane)
            return
        if lane in self._due and self._due[lane] <= when:
            return
        self._due[lane] = when
        heapq.heappush(self._heap, (when, lane))
        if self._heap[0] == (when, lane):
            self._set()

    def _set(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._running and self._heap:
            seconds = (self._heap[0][0] - self._clock.now()).total_seconds()
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(min(max(seconds, 0.0), LONGEST_SLEEP), self._ring)

    def _ring(self) -> None:
        now = self._clock.now()
        while self._heap and self._heap[0][0] <= now:
            when, lane = heapq.heappop(self._heap)
            if self._due.get(lane) == when:  # else an earlier time took its place
                del self._due[lane]
                self._ring_one(lane)
        self._set()
