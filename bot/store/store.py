"""The store: one face for two databases."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, Self, TypeVar

from sqlalchemy import Connection, make_url
from sqlalchemy.exc import ArgumentError

from bot.store.errors import StoreError

T = TypeVar("T")


class _Database(Protocol):
    async def write(self, work: Callable[[Connection], T]) -> T: ...

    async def read(self, work: Callable[[Connection], T]) -> T: ...

    def close(self) -> None: ...


class Store:
    """Runs plain functions of a connection: writes are whole or not at all, and stored when they return."""

    def __init__(self, database: _Database) -> None:
        self._database = database

    @classmethod
    async def open(cls, url: str, *, alone: bool = True) -> Self:
        """Open ``sqlite:///file`` or ``postgresql://…`` and bring it to this version's schema.

        ``alone`` claims a SQLite file for this process (the embedded work engine needs that); commands that only
        read or add a row beside a running service pass False. PostgreSQL is shared.

        Raises:
            StoreError: what is wrong and what to do.
        """
        with ThreadPoolExecutor(1, thread_name_prefix="store-open") as thread:
            return cls(await asyncio.get_running_loop().run_in_executor(thread, _connect, url, alone))

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in a transaction and return what it returns once that is stored.

        An exception of ``work`` undoes all it wrote and travels on. Being cancelled while waiting undoes nothing.
        """
        return await self._database.write(work)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work``, which must not write, and return what it returns."""
        return await self._database.read(work)

    async def close(self) -> None:
        """Finish what waits and let go of the database."""
        with ThreadPoolExecutor(1, thread_name_prefix="store-close") as thread:
            await asyncio.get_running_loop().run_in_executor(thread, self._database.close)


def _connect(url: str, alone: bool) -> _Database:  # noqa: FBT001 - called through an executor
    try:
        parsed = make_url(url)
    except ArgumentError:
        # The text itself may hold a password, so it is not repeated.
        raise StoreError("the database URL cannot be read: write sqlite:///heqi.sqlite or postgresql://…") from None
    kind = parsed.get_backend_name()
    if kind == "sqlite":
        from bot.store.sqlite import SqliteDatabase  # noqa: PLC0415 - only the driver that is used is loaded

        return SqliteDatabase(parsed, alone=alone)
    if kind == "postgresql":
        from bot.store.postgres import PostgresDatabase  # noqa: PLC0415

        return PostgresDatabase(parsed)
    raise StoreError(f"a database of kind {kind} is not supported: use sqlite:///heqi.sqlite or postgresql://…")
