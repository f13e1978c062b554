"""Guarded: an engine behind its guard; the rest of the product only meets engines in this form."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable

from typing_extensions import override

from adapters.engines.base import BaseEngine, Sleep
from adapters.engines.guard import Guard
from adapters.engines.settings import EngineSettings
from adapters.ports import EngineHealth
from dialogs.ports import EngineAnswer


class GuardedEngine(BaseEngine):
    """Wraps an engine. The arguments after ``engine`` are those of :class:`Guard`."""

    def __init__(
        self,
        engine: BaseEngine,
        settings: EngineSettings,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._engine = engine
        self._guard = Guard(engine.name, settings, now=now, sleep=sleep, jitter=jitter)
        self.name = engine.name
        self.version = engine.version
        self.tags = engine.tags
        self.limit = engine.limit

    @override
    def supports(self, source: str | None, target: str) -> bool:
        return self._engine.supports(source, target)

    @override
    async def translate(self, text: str, source: str | None, target: str) -> EngineAnswer:
        """Translate, trying again where that helps.

        Raises:
            TryLater: ``circuit_open``, ``busy``, ``timeout`` or what the engine said last.
            Refused: from the engine.
        """
        return await self._guard.run(lambda: self._engine.translate(text, source, target))

    def health(self) -> EngineHealth:
        """How the engine does; ``detail`` is the reason of the last failure while it is not well."""
        return self._guard.health()

    @override
    async def close(self) -> None:
        await self._engine.close()
