"""Fixtures of the core's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.store import Store
from tests.bot.house import House


@pytest.fixture
async def house(store: Store) -> AsyncIterator[House]:
    """A working house on each kind of database."""
    built = House(store)
    await built.start()
    yield built
    await built.engine.stop()
