"""How long to wait before the next attempt at a platform."""

from __future__ import annotations

from datetime import timedelta

LONGEST = 300.0  # seconds between two attempts when the platform names no time
# What a platform names may be nothing at all, or for ever: neither is it asked without a pause, nor given up.
SHORTEST, LONGEST_NAMED = 1.0, 86_400.0
_DOUBLINGS = 9  # more of them are beyond the longest


def back_off(attempts: int, after: float | None = None) -> timedelta:
    """``after`` seconds when the platform named them, else twice as long after each of ``attempts`` failures."""
    seconds = min(2.0 ** min(attempts, _DOUBLINGS), LONGEST) if after is None else min(after, LONGEST_NAMED)
    return timedelta(seconds=max(seconds, SHORTEST))
