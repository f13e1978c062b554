"""Both web faces over memory, behind a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest

from tests.adapters.memory_desk import MemoryDesk
from tests.adapters.memory_site import memory_app, serve


@dataclass(frozen=True)
class WebSite:
    base: str
    memory: MemoryDesk

    def client(self, **options: object) -> httpx.AsyncClient:
        """A browser without scripts: it keeps cookies and tells its origin."""
        headers = {"origin": self.base, **options.pop("headers", {})}
        return httpx.AsyncClient(base_url=self.base, headers=headers, trust_env=False, **options)


@pytest.fixture
async def web() -> AsyncIterator[WebSite]:
    memory = MemoryDesk()
    async with serve(memory_app(memory)) as base:
        yield WebSite(base, memory)


@pytest.fixture
async def demo_web() -> AsyncIterator[WebSite]:
    memory = MemoryDesk()
    async with serve(memory_app(memory, demo=True)) as base:
        yield WebSite(base, memory)
