"""A gate: lanes that wait for one slow platform never take all the places of the engine."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from bot.engine.port import WorkEngine


class Gate:
    """Lets at most ``limit`` lanes of a group in at a time.

    A lane that finds it closed ends its drain and gives its place back; it is woken when another one has left.
    """

    def __init__(self, engine: WorkEngine, *, limit: int) -> None:
        self._engine = engine
        self._limit = limit
        self._inside: Counter[str] = Counter()
        self._waiting: defaultdict[str, dict[str, None]] = defaultdict(dict)  # in the order they came

    @contextmanager
    def enter(self, group: str, lane: str) -> Iterator[bool]:
        """Whether the lane is let in; it leaves at the end of the context."""
        waiting = self._waiting[group]
        if self._inside[group] >= self._limit:
            waiting[lane] = None
            yield False
            return
        waiting.pop(lane, None)
        self._inside[group] += 1
        try:
            yield True
        finally:
            self._inside[group] -= 1
            if waiting:
                following = next(iter(waiting))
                del waiting[following]
                self._engine.wake(following)
