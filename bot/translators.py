"""Translators: every shop's chain of engines, over engines that all shops share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import aiohttp

from adapters.engines import ChineseVariants, GuardedEngine, build
from adapters.ports import EngineHealth
from bot.settings import Settings
from dialogs.messages import Translation
from dialogs.ports import Detector, Memory, MemoryKey
from dialogs.translation import ChainTranslator


class ShopTranslators:
    """``dialogs.ports.Translator`` that asks the engines of the shop it translates for, in that shop's order."""

    def __init__(self, chains: Mapping[str, ChainTranslator], engines: Sequence[GuardedEngine]) -> None:
        self._chains = chains
        self._engines = tuple(engines)

    async def translate(
        self, text: str, *, source: str | None, target: str, shop: str, glossary: Mapping[str, Mapping[str, str]]
    ) -> Translation:
        """Translate through the shop's chain. A shop that left the settings is served like the first one."""
        chain = self._chains.get(shop) or next(iter(self._chains.values()))
        return await chain.translate(text, source=source, target=target, shop=shop, glossary=glossary)

    def health(self) -> tuple[EngineHealth, ...]:
        """All engines, in the order of the settings."""
        return tuple(engine.health() for engine in self._engines)


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
    async with aiohttp.ClientSession(trust_env=True) as session:  # a proxy, where the environment names one
        known = tuple(engine.value() for engine in settings.engines) if engines else ()
        built = {entry.id: build(entry, session) for entry in known}
        variants = ChineseVariants() if engines else None
        chains = {
            shop.id: ChainTranslator(
                engines=tuple(built[name] for name in settings.engine_order(shop.id) if name in built),
                memory=memory,
                detector=detector,
                variants=variants,
            )
            for shop in settings.shops
        }
        try:
            yield ShopTranslators(chains, tuple(built.values()))
        finally:
            for engine in built.values():
                await engine.close()
            if variants is not None:
                await variants.close()
