"""Watches whether a newer version has upgraded the database under this process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.store import Store
from bot.store.upgrade import HEAD, version

log = structlog.stdlib.get_logger(__name__)

EVERY: Final = 10.0  # seconds


class SchemaWatch:
    """Ends the work of this process once the schema is not its version's any more.

    Upgrades add and never take away, so what still runs may finish, and doors may go on storing; new work belongs to
    the newer processes, which alone know what the new columns mean.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._found: str | None = None

    def problems(self) -> dict[str, str]:
        """Why this process works on nothing; empty while it does."""
        if self._found is None:
            return {}
        return {"schema": f"a newer version upgraded the database to {self._found}: restart this process with it"}

    async def run(self, stop: Callable[[], Awaitable[None]]) -> None:
        """Look again and again; once a newer schema was found, ``stop`` and return."""
        while self._found is None:
            await asyncio.sleep(EVERY)
            try:
                current = await self._store.read(version)
            except SQLAlchemyError:  # whether the database answers is others' business
                continue
            if current != HEAD:
                self._found = current or "none"
        log.error("schema_newer", schema=self._found, understood=HEAD)
        await stop()
