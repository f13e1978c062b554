"""A SQLite file's log stays short, however its readers overlap."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from bot.store import Store, wal

LIMIT = 2**20
ROW = 30_000  # bytes
INSERT = text("INSERT INTO blobs (ref, content, mime, size, at) VALUES (:ref, :content, 'x', 1, '2026-01-01')")


@pytest.fixture
async def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(wal, "LIMIT", LIMIT)
    monkeypatch.setattr(wal, "PATIENCE", 2000)  # others use this machine too
    monkeypatch.setattr(wal, "PAUSE", 0)
    return tmp_path / "heqi.sqlite"


async def _write(store: Store, rows: range) -> None:
    for number in rows:
        values = {"ref": str(number), "content": os.urandom(ROW)}
        await store.write(lambda conn, values=values: conn.execute(INSERT, values).rowcount)


def _length(file: Path) -> int:
    return file.with_name(f"{file.name}-wal").stat().st_size


async def test_the_log_begins_anew_though_somebody_always_reads(file: Path) -> None:
    store = await Store.open(f"sqlite:///{file}")
    stopped = asyncio.Event()

    def read(conn: Connection) -> None:
        conn.execute(text("SELECT count(*) FROM blobs")).scalar()
        time.sleep(0.02)

    async def keep_reading() -> None:
        while not stopped.is_set():
            await store.read(read)

    readers = [asyncio.create_task(keep_reading()) for _ in range(6)]
    longest = 0
    for start in range(0, 200, 10):
        await _write(store, range(start, start + 10))
        longest = max(longest, _length(file))
    stopped.set()
    await asyncio.gather(*readers)
    await store.close()

    assert 200 * ROW > 4 * LIMIT
    assert longest < 2 * LIMIT


async def test_who_reads_for_long_is_let_be(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wal, "PATIENCE", 1)
    store = await Store.open(f"sqlite:///{file}")
    await _write(store, range(1))
    long = sqlite3.connect(file, isolation_level=None)
    long.execute("BEGIN")
    first = long.execute("SELECT count(*) FROM blobs").fetchone()
    await _write(store, range(1, 100))
    grown, seen = _length(file), long.execute("SELECT count(*) FROM blobs").fetchone()
    long.close()
    await _write(store, range(100, 101))
    short = _length(file)
    rows = await store.read(lambda conn: conn.execute(text("SELECT count(*) FROM blobs")).scalar())
    await store.close()

    assert first == seen == (1,)
    assert grown > 2 * LIMIT  # it could not begin anew
    assert short < LIMIT  # but it does as soon as it can
    assert rows == 101


async def test_nobody_waits_for_a_long_reader_again_and_again(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wal, "PATIENCE", 1)
    monkeypatch.setattr(wal, "PAUSE", 10**6)
    store = await Store.open(f"sqlite:///{file}")
    await _write(store, range(1))
    long = sqlite3.connect(file, isolation_level=None)
    long.execute("BEGIN")
    long.execute("SELECT count(*) FROM blobs").fetchone()
    await _write(store, range(1, 50))
    long.close()
    await _write(store, range(50, 52))
    grown = _length(file)
    await store.close()

    assert grown > LIMIT  # it was tried once, and is tried again much later
