"""Failures of lanes: what was tripped over is told, and how long to wait before the next call."""

from __future__ import annotations

from datetime import timedelta

import structlog

from bot.lanes import speakable

log = structlog.stdlib.get_logger(__name__)


class Failures:
    """Counts the failures of each lane; ``first`` seconds after one, twice as long after each further, up to ``last``.

    A lane that succeeded begins anew.
    """

    def __init__(self, *, first: float, last: float) -> None:
        self._first = first
        self._last = last
        self._counts: dict[str, int] = {}

    def failed(self, lane: str, error: BaseException) -> timedelta:
        """Tell of a failure; how long to wait."""
        # Only the class: the text of an unexpected error may hold anything.
        log.error("lane_failed", lane=speakable(lane), error=type(error).__name__)
        before = self._counts.get(lane, 0)
        self._counts[lane] = before + 1
        return timedelta(seconds=min(self._first * 2.0 ** min(before, 30), self._last))

    def fine(self, lane: str) -> None:
        """The lane has been drained."""
        self._counts.pop(lane, None)
