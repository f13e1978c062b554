"""Troubles a process met with a platform. Another process may see them end, so none is told for ever."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

# What is tried again is tried within five minutes: not met again for so long (seconds), it is over.
RETRIED: Final = 900.0
# What is not tried by itself shows again with the next message of its kind.
FINAL: Final = 86_400.0


class Fading:
    """Troubles by part, each until something works again here or it was not met for a while."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._met: dict[str, tuple[str, float]] = {}  # part → what, until when

    def met(self, part: str, what: str, *, life: float = RETRIED) -> None:
        """It is so now; told for ``life`` seconds from now on."""
        self._met[part] = what, self._clock() + life

    def over(self, part: str) -> None:
        """It works again."""
        self._met.pop(part, None)

    def all(self) -> dict[str, str]:
        """What is known to be wrong, by part."""
        now = self._clock()
        return {part: what for part, (what, until) in self._met.items() if until > now}
