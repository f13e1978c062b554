"""Advisers: what the settings let think about a message beside the cues."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import aiohttp

from adapters.models.embeddings import Embeddings
from adapters.models.reader import ModelReader
from adapters.ports import EngineHealth
from bot.knowledge import LOCALES
from bot.settings import Settings
from dialogs.ports import Adviser
from dialogs.reading import seeds

READER = "reading-model"


@dataclass(frozen=True, slots=True)
class Advisers:
    """Those who are asked about every message, and how those that are asked over the net do."""

    asked: tuple[Adviser, ...] = ()
    readers: tuple[ModelReader, ...] = ()

    def health(self) -> tuple[EngineHealth, ...]:
        """Each in the order of the settings."""
        return tuple(reader.health() for reader in self.readers)


@asynccontextmanager
async def open_advisers(settings: Settings, titles: Mapping[str, str]) -> AsyncIterator[Advisers]:
    """Those of the settings, ready to be asked; ``titles`` are the Chinese names of situations.

    Raises:
        Refused: an optional package is not installed.
        BadData: a file of seeds is wrong.
    """
    asked: list[Adviser] = []
    readers: list[ModelReader] = []
    async with AsyncExitStack() as stack:
        if settings.reading.embeddings:
            known = [(seed.language, seed.situation, seed.text) for seed in seeds.load(LOCALES)]
            embeddings = await asyncio.to_thread(Embeddings, known, settings.data / "embeddings")
            stack.callback(embeddings.close)
            asked.append(embeddings)
        if settings.reading.model:
            session = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()))
            readers.append(ModelReader(settings.reading.model.value(READER), session, titles))
        yield Advisers((*asked, *readers), tuple(readers))
