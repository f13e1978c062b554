"""The world of a chaos run: a bridge's platform that keeps what it was given, Telegram, and a translation engine.

The platform does not know doubles: what it takes twice is delivered twice, and stands twice in ``taken``.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

from tests.servers.phrases import say

# How a request may go wrong in a storm, and how often of a hundred. "before" and "after": was the message taken?
STORM: Final = {
    "429": 10,
    "500 before": 3,
    "500 after": 3,
    "reset before": 3,
    "reset after": 3,
    "slow": 6,
    "hang": 1,
}
_SLOW: Final = (0.2, 2.0)  # seconds


@dataclass(frozen=True, slots=True)
class Taken:
    """A message the platform has delivered to its buyer."""

    key: str
    chat: str
    text: str
    external_id: str
    at: float  # Unix seconds


@dataclass(slots=True)
class Platform:
    """One running platform; ``stormy`` makes requests fail by chance. ``more`` is served at the same address."""

    chance: random.Random
    hang: float  # seconds a hanging request is held
    more: Callable[[web.Application], None]
    url: str = ""
    stormy: bool = False
    taken: list[Taken] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    _runner: web.AppRunner | None = None
    _site: web.TCPSite | None = None

    async def open(self) -> None:
        """Listen, on the port of the last time if there was one."""
        if self._runner is None:
            app = web.Application()
            app.add_routes([web.post("/messages", self._message), web.post("/translate", _translate)])
            self.more(app)
            self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
            await self._runner.setup()
        port = int(self.url.rpartition(":")[2] or 0)
        self._site = web.TCPSite(self._runner, "127.0.0.1", port, reuse_address=True)
        await self._site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def go_away(self) -> None:
        """Refuse new connections until it is opened again."""
        if self._site is not None:
            await self._site.stop()
            self._site = None

    async def close(self) -> None:
        """Stop for good."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _message(self, request: web.Request) -> web.StreamResponse:
        asked: dict[str, Any] = await request.json()
        fault = self.fault()
        if fault == "429":
            return web.json_response({"error": "slow_down"}, status=429, headers={"retry-after": "1"})
        if fault == "500 before":
            return web.json_response({"error": "broken"}, status=500)
        if fault == "reset before":
            return _reset(request)
        external_id = f"out-{len(self.taken)}"
        self.taken.append(Taken(asked["id"], asked["conversation_id"], asked["text"], external_id, time.time()))
        match fault:
            case "500 after":
                return web.json_response({"error": "broken"}, status=500)
            case "reset after":
                return _reset(request)
            case "slow":
                await asyncio.sleep(self.chance.uniform(*_SLOW))
            case "hang":
                await asyncio.sleep(self.hang)
            case _:
                pass
        return web.json_response({"external_id": external_id}, status=201)

    def fault(self) -> str | None:
        """How the next request goes wrong."""
        if not self.stormy:
            return None
        fine = 100 - sum(STORM.values())
        (fault,) = self.chance.choices([None, *STORM], [fine, *STORM.values()])
        if fault is not None:
            self.faults[fault] += 1
        return fault


@asynccontextmanager
async def platform(
    chance: random.Random, *, hang: float, more: Callable[[web.Application], None]
) -> AsyncIterator[Platform]:
    """A platform on a free port of 127.0.0.1."""
    running = Platform(chance, hang, more)
    await running.open()
    try:
        yield running
    finally:
        await running.close()


def _reset(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _translate(request: web.Request) -> web.Response:
    asked = await request.json()
    return web.json_response({"translatedText": say(asked["q"], asked["target"])})
