"""Counters of what came in and was ignored: nothing to act on one by one, worth a look when they grow."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter

_IGNORED: Final = Counter("heqi_ignored", "What a platform sent that means nothing here", ["account", "kind"])


def count(account: str, kind: str) -> None:
    """One more thing of ``kind`` (a stable word of our own, never text from outside) was ignored."""
    _IGNORED.labels(account, kind).inc()


def counted(account: str, kind: str) -> int:
    """How many there were since the process began."""
    return int(_IGNORED.labels(account, kind)._value.get())  # noqa: SLF001 - the library offers no public reading
