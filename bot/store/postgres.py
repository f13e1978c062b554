"""PostgreSQL: a small pool of connections, each write its own transaction."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from bot.store.errors import StoreError
from bot.store.upgrade import upgrade

T = TypeVar("T")

CONNECTIONS = 8
# Any two numbers of our own; they keep two upgrades, or two lonely owners, of one database apart.
_UPGRADE_LOCK = 5_202_001
_OWNER_LOCK = 5_202_002
_RESTART = 3.0  # seconds a new owner waits for the one before


class PostgresDatabase:
    """A PostgreSQL database over psycopg."""

    def __init__(self, url: URL, *, alone: bool) -> None:
        """Connect, lock (when ``alone``) and upgrade the database.

        Raises:
            StoreError: it cannot be reached, belongs to another process, or has a schema of another version.
        """
        url = url.set(drivername="postgresql+psycopg")
        name = url.render_as_string(hide_password=True)
        # pre_ping: a connection the server dropped is replaced before it costs somebody's turn.
        self._engine = create_engine(url, pool_size=CONNECTIONS, max_overflow=0, pool_pre_ping=True)
        self._owner: Connection | None = None
        self._lonely: Engine | None = None
        try:
            if alone:
                self._lonely = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
                self._owner = self._lonely.connect()
                _claim(self._owner, name)
            with self._engine.begin() as conn:
                conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
                upgrade(conn, name=name)
        except DBAPIError as error:
            self._release()
            raise StoreError(f"{name} cannot be used ({type(error.orig).__name__}): check server and rights") from error
        except StoreError:
            self._release()
            raise
        self._threads = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="store")

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in its own transaction; returns once it is committed."""
        # Shielded: what was asked for is written, as on SQLite, even if whoever asked is cancelled.
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._threads, self._transact, work))

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in a transaction that is not kept."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._transact, work)

    def close(self) -> None:
        """Finish what runs and close the connections. Blocks."""
        self._threads.shutdown()
        self._release()

    def _transact(self, work: Callable[[Connection], T]) -> T:
        with self._engine.begin() as conn:
            return work(conn)

    def _release(self) -> None:
        self._engine.dispose()
        if self._owner is not None:
            self._owner.close()
        if self._lonely is not None:
            self._lonely.dispose()


def _claim(conn: Connection, name: str) -> None:
    # The server gives the lock of a process that ended back a moment later, so a restart asks more than once.
    until = time.monotonic() + _RESTART
    while not conn.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _OWNER_LOCK}).scalar():
        if time.monotonic() < until:
            time.sleep(0.05)
            continue
        raise StoreError(f"{name} is in use by another Heqi process: stop that one, or name another database")
