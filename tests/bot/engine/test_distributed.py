"""The distributed engine fulfils the contract, and what is its own: several processes on one database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.clocks import SystemClock
from bot.engine.distributed import DistributedEngine
from bot.store import Store
from tests.bot.engine.contract import Bench, EngineContract, until
from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.postgres


@pytest.fixture
async def url(postgres_server: PostgresServer) -> str:
    """An empty database with the schema."""
    made = postgres_server.new_database()
    await (await Store.open(made)).close()
    return made


@pytest.fixture
async def engine(url: str) -> AsyncIterator[DistributedEngine]:
    built = DistributedEngine(url, SystemClock(), first_back_off=0.01)
    await built.open()
    yield built
    await built.stop()


class TestDistributed(EngineContract):
    """The contract."""
