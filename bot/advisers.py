"""Advisers: what the settings let think about a message beside the cues."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import aiohttp

from adapters.models.drafter import ModelDrafter
from adapters.models.embeddings import Embeddings
from adapters.models.reader import ModelReader
from adapters.ports import EngineHealth
from bot.knowledge import LOCALES
from bot.settings import Settings
from dialogs.ports import Adviser
from dialogs.reading import seeds

READER = "reading-model"
DRAFTER = "drafting-model"


@dataclass(frozen=True, slots=True)
class Advisers:
    """Those who are asked about every message, who drafts replies, and how those asked over the net do."""

    asked: tuple[Adviser, ...] = ()
    readers: tuple[ModelReader, ...] = ()
    drafter: ModelDrafter | None = None

    def health(self) -> tuple[EngineHealth, ...]:
        """Each in the order of the settings."""
        drafters = () if self.drafter is None else (self.drafter,)
        return tuple(model.health() for model in (*self.readers, *drafters))


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
        drafter = None
        if settings.reading.model or settings.drafts.model:
            session = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()))
            if settings.reading.model:
                readers.append(ModelReader(settings.reading.model.value(READER), session, titles))
            if settings.drafts.model:
                drafter = ModelDrafter(settings.drafts.model.value(DRAFTER), session)
        yield Advisers((*asked, *readers), tuple(readers), drafter)
