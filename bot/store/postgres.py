"""PostgreSQL: a few threads with a connection each, every write its own transaction."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from sqlalchemy import URL, Connection, create_engine, text
from sqlalchemy.engine.interfaces import IsolationLevel
from sqlalchemy.exc import DBAPIError, OperationalError

from bot import metrics
from bot.store.direct import directly
from bot.store.errors import StoreError
from bot.store.upgrade import upgrade

T = TypeVar("T")

WRITERS, READERS = 6, 4  # threads, with a connection each
# Any number of our own; it keeps two upgrades of one database apart.
_UPGRADE_LOCK = 5_202_001
# A server that does not answer is given up after so many seconds, as are connections to a machine that is gone; where
# something was sent and is never acknowledged, after so many milliseconds.
PATIENCE: Final[dict[str, Any]] = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}


class PostgresDatabase:
    """A PostgreSQL database over psycopg."""

    def __init__(self, url: URL) -> None:
        """Connect and upgrade the database.

        Raises:
            StoreError: it cannot be reached, or has a schema of another version.
        """
        name = url.render_as_string(hide_password=True)
        url = url.set(drivername="postgresql+psycopg")
        self._writing = _Connections(url, isolation_level="READ COMMITTED")
        # What only reads needs no transaction: each statement sees what was committed before it either way.
        self._reading = _Connections(url, isolation_level="AUTOCOMMIT")
        try:
            with self._writing.engine.begin() as conn:
                conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
                upgrade(conn, name=name)
        except DBAPIError as error:
            self._release()
            raise StoreError(f"{name} cannot be used ({_reason(error)}): check address, server and rights") from error
        except StoreError:
            self._release()
            raise
        self._writers = ThreadPoolExecutor(WRITERS, thread_name_prefix="store-writer")
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in its own transaction; returns once it is committed."""
        # Shielded: what was asked for is written, as on SQLite, even if whoever asked is cancelled.
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._writers, self._write, work))

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work``; each of its statements sees what was committed before it."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, work)

    def close(self) -> None:
        """Finish what runs and close the connections. Blocks."""
        self._writers.shutdown()
        self._readers.shutdown()
        self._release()

    def _write(self, work: Callable[[Connection], T]) -> T:
        began = time.perf_counter()
        written = self._writing.transact(work)
        metrics.committed(time.perf_counter() - began)
        return written

    def _read(self, work: Callable[[Connection], T]) -> T:
        began = time.perf_counter()
        found = self._reading.transact(work)
        metrics.was_read(time.perf_counter() - began)
        return found

    def _release(self) -> None:
        self._writing.close()
        self._reading.close()


def _reason(error: DBAPIError) -> str:
    """Why there is no connection, in the server's or the system's words; of other errors only their kind."""
    if not error.connection_invalidated and not isinstance(error, OperationalError):
        return type(error.orig).__name__
    return str(error.orig).strip().partition("\n")[0]


class _Connections:
    """One connection for each thread, kept: to take one from a pool and to ask whether it lives costs two trips."""

    def __init__(self, url: URL, *, isolation_level: IsolationLevel) -> None:
        self.engine = directly(
            create_engine(
                url,
                isolation_level=isolation_level,
                pool_size=WRITERS + READERS,
                connect_args={"application_name": "heqi", **PATIENCE},
                hide_parameters=True,  # an error's text must not hold a buyer's words
            )
        )
        self._own = threading.local()
        self._opened: list[Connection] = []

    def close(self) -> None:
        """Close them; their threads have ended."""
        for conn in self._opened:
            conn.close()
        self.engine.dispose()

    def transact(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in a transaction.

        A connection the server has dropped in the meantime is replaced once, as long as nothing can have been stored.
        """
        conn: Connection | None = getattr(self._own, "conn", None)
        if conn is None:
            conn = self._own.conn = self.engine.connect()
            self._opened.append(conn)
        worked = False
        try:
            with conn.begin():
                found = work(conn)
                worked = True
            return found  # noqa: TRY300 - in an else it would be unknown to the checker
        except DBAPIError as error:
            if worked or not error.connection_invalidated:
                raise
        with conn.begin():
            return work(conn)
