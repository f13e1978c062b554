"""Translators: every shop's chain of engines, over engines that all shops share."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from urllib.request import getproxies

import aiohttp

from adapters.engines import ChineseVariants, GuardedEngine, build
from adapters.ports import EngineHealth
from bot import metrics
from bot.settings import Settings
from bot.tracing import span
from dialogs.errors import HeqiError
from dialogs.messages import Translation
from dialogs.ports import Detector, Engine, EngineAnswer, Memory, MemoryKey
from dialogs.translation import ChainTranslator


class ShopTranslators:
    """``dialogs.ports.Translator`` that asks the engines of the shop it translates for, in that shop's order."""

    def __init__(
        self,
        chains: Mapping[str, ChainTranslator],
        engines: Sequence[GuardedEngine],
        asked: Mapping[str, Sequence[GuardedEngine]],
    ) -> None:
        """``asked`` are the engines of each shop."""
        self._chains = chains
        self._engines = tuple(engines)
        self._asked = asked

    async def translate(
        self, text: str, *, source: str | None, target: str, shop: str, glossary: Mapping[str, Mapping[str, str]]
    ) -> Translation:
        """Translate through the shop's chain. A shop that left the settings is served like the first one."""
        chain = self._chains.get(shop) or next(iter(self._chains.values()))
        return await chain.translate(text, source=source, target=target, shop=shop, glossary=glossary)

    def health(self) -> tuple[EngineHealth, ...]:
        """All engines, in the order of the settings."""
        return tuple(engine.health() for engine in self._engines)

    def down(self) -> tuple[str, ...]:
        """Ids of the shops none of whose engines works; one without engines has decided so."""
        return tuple(
            shop
            for shop, engines in self._asked.items()
            if engines and all(engine.health().state in {"open", "failing"} for engine in engines)
        )


class Measured:
    """A ``dialogs.ports.Engine`` that counts and times what it is asked."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.name = engine.name
        self.version = engine.version
        self.tags = engine.tags
        self.limit = engine.limit

    def supports(self, source: str | None, target: str) -> bool:
        """As the engine does."""
        return self._engine.supports(source, target)

    async def translate(self, text: str, source: str | None, target: str) -> EngineAnswer:
        """As the engine does; raises what it raises."""
        began = time.perf_counter()
        try:
            with span("engine call", engine=self.name, target=target):
                answer = await self._engine.translate(text, source, target)
        except HeqiError as error:
            metrics.engine_called(self.name, error, time.perf_counter() - began)
            raise
        metrics.engine_called(self.name, None, time.perf_counter() - began)
        return answer


class PassingMemory:
    """Exact translation memory for as long as the process runs."""

    def __init__(self) -> None:
        self._texts: dict[MemoryKey, str] = {}

    async def get(self, keys: tuple[MemoryKey, ...]) -> Mapping[MemoryKey, str]:
        """The values of those keys that are known."""
        return {key: self._texts[key] for key in keys if key in self._texts}

    async def put(self, key: MemoryKey, text: str) -> None:
        """Remember a translation."""
        self._texts[key] = text


@asynccontextmanager
async def open_translators(
    settings: Settings, detector: Detector, memory: Memory, *, engines: bool = True
) -> AsyncIterator[ShopTranslators]:
    """The engines of the settings, ready to be asked; closed at the end. Without ``engines`` nobody is asked."""
    # To look for a proxy and a password in the environment costs each call two hops between threads.
    async with aiohttp.ClientSession(trust_env=bool(getproxies()), cookie_jar=aiohttp.DummyCookieJar()) as session:
        known = tuple(engine.value() for engine in settings.engines) if engines else ()
        built = {entry.id: build(entry, session) for entry in known}
        asked = {
            shop.id: tuple(built[name] for name in settings.engine_order(shop.id) if name in built)
            for shop in settings.shops
        }
        variants = ChineseVariants() if engines else None
        chains = {
            shop.id: ChainTranslator(
                engines=tuple(Measured(engine) for engine in asked[shop.id]),
                memory=memory,
                detector=detector,
                variants=variants,
            )
            for shop in settings.shops
        }
        try:
            yield ShopTranslators(chains, tuple(built.values()), asked)
        finally:
            for engine in built.values():
                await engine.close()
            if variants is not None:
                await variants.close()
