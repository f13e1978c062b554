"""A full disk undoes a whole batch; whoever waits is told so by an error of the store, not of the driver."""

from __future__ import annotations

import asyncio
import resource
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from bot.store import Store


def _row(size: int):
    def work(conn: Connection) -> int:
        statement = text("INSERT INTO account_states VALUES ('a', hex(randomblob(8)), hex(randomblob(:size)))")
        return conn.execute(statement, {"size": size}).rowcount

    return work


async def test_a_full_disk_is_told_as_an_error_of_the_database(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path / 'heqi.sqlite'}")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        # The second one spills out of SQLite's cache: it fails in the middle, and SQLite undoes the whole transaction.
        told = await asyncio.gather(*(store.write(_row(size)) for size in (8, 3_000_000, 8)), return_exceptions=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [type(error) for error in told] == [OperationalError] * 3
    assert await store.write(_row(8)) == 1
    await store.close()
