"""What the disk and the databases themselves can do: one small row a commit, and nothing of the product."""

from __future__ import annotations

import multiprocessing
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from multiprocessing.synchronize import Barrier
from typing import Final

import psycopg

from tools.bench_database import Postgres
from tools.bench_report import Section, Value

CONNECTIONS: Final = (1, 8)
_REPEATS: Final = 3
_CREATE: Final = "CREATE TABLE IF NOT EXISTS rows (id INTEGER, words TEXT)"
_WORDS: Final = "x" * 200
_EXPLAINS: Final = (
    f"One row of {len(_WORDS)} letters a commit, each connection in a process of its own, nothing of the product: "
    f"no turn is stored faster than this. Median of {_REPEATS}, and the lowest and highest."
)
_PREPARING: Final = 60.0  # seconds all processes have to start and to connect

_all_are_there: Barrier  # of the processes that measure, set when they start


def section(postgres: Postgres | None, *, seconds: float) -> Section:
    """Commits a second on each database with one connection and with several, each in a process of its own."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        rows += [
            _row("SQLite, WAL, synchronous=FULL", _sqlite, f"{folder}/raw.sqlite", n, seconds) for n in CONNECTIONS
        ]
    if postgres is not None:
        url = postgres.new_database()
        rows += [_row("PostgreSQL", _postgres, url, n, seconds) for n in CONNECTIONS]
    return Section("Raw commits", rows, _EXPLAINS)


def _row(
    what: str, commit: Callable[[str, float], int], where: str, connections: int, seconds: float
) -> dict[str, Value]:
    fresh = multiprocessing.get_context("spawn")
    with fresh.Pool(connections, _prepare, (fresh.Barrier(connections),)) as pool:
        rates = [sum(pool.starmap(commit, [(where, seconds)] * connections, 1)) / seconds for _ in range(_REPEATS)]
    return {
        "database": what,
        "connections": connections,
        "commits/s": statistics.median(rates),
        "lowest": min(rates),
        "highest": max(rates),
    }


def _prepare(barrier: Barrier) -> None:
    global _all_are_there  # noqa: PLW0603 - what a pool gives its processes can only be kept so
    _all_are_there = barrier


def _sqlite(path: str, seconds: float) -> int:
    with closing(sqlite3.connect(path, isolation_level=None, timeout=_PREPARING)) as conn:
        conn.execute("PRAGMA journal_mode=WAL")
        conn.execute("PRAGMA synchronous=FULL")
        conn.execute(_CREATE)

        def commit(number: int) -> None:
            conn.execute("BEGIN IMMEDIATE")
            conn.execute("INSERT INTO rows VALUES (?, ?)", (number, _WORDS))
            conn.execute("COMMIT")

        return _count(commit, seconds)


def _postgres(url: str, seconds: float) -> int:
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("SELECT pg_advisory_lock(1)")  # two that create one table at once get in each other's way
        conn.execute(_CREATE)
        conn.execute("SELECT pg_advisory_unlock(1)")
        return _count(lambda number: conn.execute("INSERT INTO rows VALUES (%s, %s)", (number, _WORDS)), seconds)


def _count(commit: Callable[[int], object], seconds: float) -> int:
    """How often it can be done in that time, which begins once all are there."""
    _all_are_there.wait(_PREPARING)
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        commit(count)
        count += 1
    return count
