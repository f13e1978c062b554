"""What every door on the web needs: bodies within limits, rates, the origin check, text that can be stored."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection, Request

REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"


def clean(text: str) -> str:
    """``text`` without what no database, socket or screen carries: NUL and halves of surrogate pairs become U+FFFD."""
    if text.isascii() and "\0" not in text:
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", REPLACEMENT)


def same_origin(connection: HTTPConnection) -> bool:
    """Whether a browser says the request comes from a page of this very host.

    A missing ``Origin`` is refused: browsers send it with every POST and every web socket, and nothing but a browser
    carries a session cookie that could be abused.
    """
    origin = urlsplit(connection.headers.get("origin", ""))
    return origin.scheme in {"http", "https"} and origin.netloc == connection.headers.get("host", "")


def address(connection: HTTPConnection) -> str:
    """The network address of the other side, for rate limits."""
    return connection.client.host if connection.client else ""


async def read_body(request: Request, limit: int) -> bytes | None:
    """The body, None as soon as it is known to be longer than ``limit`` bytes."""
    told = request.headers.get("content-length", "0")
    if told.isascii() and told.isdigit() and (len(told) > 18 or int(told) > limit):
        return None
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > limit:
            return None
    return bytes(content)


class RateLimit:
    """A token bucket per key: ``burst`` at once, then ``per_second``.

    At most ``keys`` buckets are kept. When there are more, those that are full again are forgotten, which changes
    nothing for them.
    """

    def __init__(
        self, *, burst: int, per_second: float, keys: int = 20_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._burst = burst
        self._per_second = per_second
        self._keys = keys
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}  # key → (tokens, at)

    def take(self, key: str) -> float:
        """Take one token; 0 when there was one, else the seconds until there is."""
        now = self._clock()
        tokens, at = self._buckets.pop(key, (float(self._burst), now))
        tokens = min(float(self._burst), tokens + (now - at) * self._per_second)
        wait = 0.0 if tokens >= 1 else (1 - tokens) / self._per_second
        self._buckets[key] = (tokens - 1 if wait == 0 else tokens, now)
        if len(self._buckets) > self._keys:
            self._forget(now)
        return wait

    def _forget(self, now: float) -> None:
        """Drop full buckets and, under a flood of addresses, the half that was idle longest."""
        filled = self._burst / self._per_second
        self._buckets = {key: bucket for key, bucket in self._buckets.items() if now - bucket[1] < filled}
        for key in list(self._buckets)[: max(0, len(self._buckets) - self._keys // 2)]:
            del self._buckets[key]
