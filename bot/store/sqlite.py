"""SQLite: one writer thread with group commit, a few reading threads, one owner of the file."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from bot import metrics
from bot.store.direct import directly
from bot.store.errors import StoreError
from bot.store.upgrade import upgrade
from bot.store.wal import Log

T = TypeVar("T")

READERS = 3
# Bounds how long the first of a burst waits for its commit.
BATCH = 128


@dataclass(frozen=True, slots=True)
class _Job:
    work: Callable[[Connection], Any]
    done: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class _Result:
    job: _Job
    value: Any = None
    error: Exception | None = None


class SqliteDatabase:
    """A SQLite file in WAL mode; a commit is on the disk when it returns (``synchronous=FULL``)."""

    def __init__(self, url: URL, *, alone: bool) -> None:
        """Open, lock (when ``alone``) and upgrade the file.

        Raises:
            StoreError: the file cannot be opened, belongs to another process, or has a schema of another version.
        """
        path = Path(url.database or "")
        if not url.database or url.database == ":memory:":
            raise StoreError("the database URL must name a file: sqlite:///heqi.sqlite")
        if not path.parent.is_dir():
            raise StoreError(f"the folder of {path} does not exist: create it or name another file")
        self._lock = own(path) if alone else None
        self._opened: list[Connection] = []
        self._writer = _engine(url, pragmas=("journal_mode=WAL", "synchronous=FULL"))
        self._reader = _engine(url, pragmas=("query_only=ON",))
        try:
            with self._writer.connect() as conn, _transaction(conn, "BEGIN IMMEDIATE"):
                upgrade(conn, name=str(path))
        except DBAPIError as error:
            self._release()
            raise StoreError(f"{path} cannot be used as a database: {error.orig}") from error
        except StoreError:
            self._release()
            raise
        self._log = Log(path)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write_all, name="store-writer", daemon=True)
        self._thread.start()
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")
        self._reading = threading.local()

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in the writer thread; returns once it is committed."""
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._jobs.put(_Job(work, done))
        return await done

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` on one snapshot in a reading thread."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, work)

    def close(self) -> None:
        """Finish the waiting writes and close the file. Blocks."""
        self._jobs.put(None)
        self._thread.join()
        self._readers.shutdown()
        self._release()

    def _release(self) -> None:
        for conn in self._opened:
            conn.close()
        self._reader.dispose()
        self._writer.dispose()
        if self._lock is not None:
            self._lock.close()

    def _read(self, work: Callable[[Connection], T]) -> T:
        began = time.perf_counter()
        # Each thread keeps its connection: to take one from the pool costs as much as three statements.
        conn: Connection | None = getattr(self._reading, "conn", None)
        if conn is None:
            conn = self._reading.conn = self._reader.connect()
            self._opened.append(conn)
        with _transaction(conn, "BEGIN"):
            found = work(conn)
        metrics.was_read(time.perf_counter() - began)
        return found

    def _write_all(self) -> None:
        with self._writer.connect() as conn:
            self._write_over(conn)

    def _write_over(self, conn: Connection) -> None:
        while batch := self._next_batch():
            began = time.perf_counter()
            results = self._commit(conn, batch)
            metrics.committed(time.perf_counter() - began, writes=len(batch))
            for loop in {job.done.get_loop() for job in batch}:
                if not loop.is_closed():
                    loop.call_soon_threadsafe(_tell, [r for r in results if r.job.done.get_loop() is loop])
            self._log.bound(_driver(conn))

    def _commit(self, conn: Connection, batch: list[_Job]) -> list[_Result]:
        try:
            with _transaction(conn, "BEGIN IMMEDIATE"):
                return [_attempt(conn, job) for job in batch]
        except Exception as error:  # noqa: BLE001 - it travels on to those who wait; the thread must never end
            # The transaction itself failed (disk full, I/O error): nothing of the batch is stored.
            return [_Result(job, error=error) for job in batch]

    def _next_batch(self) -> list[_Job]:
        """Everything that waits, at least one; empty when the store closes."""
        batch: list[_Job] = []
        job = self._jobs.get()
        while job is not None:
            batch.append(job)
            if len(batch) == BATCH or self._jobs.empty():
                return batch
            job = self._jobs.get()
        if batch:
            self._jobs.put(None)  # the batch first, then the end
        return batch


def _attempt(conn: Connection, job: _Job) -> _Result:
    _run(conn, "SAVEPOINT job")
    try:
        value = job.work(conn)
    except Exception as error:  # noqa: BLE001 - it travels on to whoever waits for this write
        _run(conn, "ROLLBACK TO job")
        _run(conn, "RELEASE job")
        return _Result(job, error=error)
    _run(conn, "RELEASE job")
    return _Result(job, value)


def _tell(results: list[_Result]) -> None:
    for result in results:
        done = result.job.done
        if done.done():  # whoever waited was cancelled
            continue
        if result.error is None:
            done.set_result(result.value)
        else:
            done.set_exception(result.error)


@contextmanager
def _transaction(conn: Connection, begin: str) -> Iterator[None]:
    """One transaction. It is begun by hand: an event on every execution would cost more than the statement."""
    try:
        with conn.begin():
            _run(conn, begin)
            yield
    except BaseException:
        if _driver(conn).in_transaction:  # a COMMIT that failed may leave it open
            _run(conn, "ROLLBACK")
        raise


def _run(conn: Connection, command: str) -> None:
    """Run a command of transactions by the driver; its errors are told as the library tells them."""
    try:
        _driver(conn).execute(command)
    except sqlite3.Error as error:
        raise OperationalError(command, None, error) from error


def _driver(conn: Connection) -> sqlite3.Connection:
    return cast("sqlite3.Connection", conn.connection.driver_connection)


def _engine(url: URL, *, pragmas: tuple[str, ...]) -> Engine:
    engine = directly(create_engine(url, pool_size=READERS, hide_parameters=True))

    @event.listens_for(engine, "connect")
    def _(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself
        cursor = connection.cursor()
        for pragma in ("busy_timeout=5000", "foreign_keys=ON", *pragmas):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine


def own(path: Path) -> sqlite3.Connection:
    """Hold an exclusive transaction on a side file: the system ends it with the process, on every platform."""
    try:
        lock = sqlite3.connect(f"{path}-lock", timeout=0, isolation_level=None, check_same_thread=False)
    except sqlite3.OperationalError as error:
        raise StoreError(f"{path} cannot be used as a database: {error}: may this user write there?") from error
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        lock.close()
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            reason = f"{path} is in use by another Heqi process: stop that one, or name another file"
        else:  # a disk that is full or may not be written to
            reason = f"{path} cannot be used as a database: {error}: is there room, and may this user write there?"
        raise StoreError(reason) from error
    return lock
