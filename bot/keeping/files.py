"""Files of backups: SQLite files of this schema that appear only when they are whole and on the disk."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from bot.keeping.copying import Told, carry_numbers, copy_table
from bot.keeping.places import in_words
from bot.keeping.rows import Rows
from bot.store.errors import StoreError
from bot.store.schema import leases, login_links, sessions
from bot.store.upgrade import upgrade

_NOT_KEPT = tuple(table.name for table in (login_links, sessions, leases))


@contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """An empty file beside ``path``, of which only its owner may read; it takes that name once the block is done.

    Whatever goes wrong, nothing is left.

    Raises:
        StoreError: there is a file of that name.
        OSError: nothing can be written there.
    """
    refuse_existing(path)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    try:
        yield unfinished
        flush(unfinished)
        refuse_existing(path)
        unfinished.rename(path)
        flush_folder(path)
    finally:
        for suffix in ("", "-journal", "-wal", "-shm"):  # what SQLite may put beside it too
            unfinished.with_name(unfinished.name + suffix).unlink(missing_ok=True)


def refuse_existing(path: Path) -> None:
    """Never write over a file.

    Raises:
        StoreError: there is one.
    """
    if path.exists():
        raise StoreError(f"{path}：已存在，请换一个文件名 (it exists: name another file)")


def flush(path: Path) -> None:
    """Have what is in a file on the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def flush_folder(path: Path) -> None:
    """Have the name of a file on the disk; Windows has no such thing."""
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def snapshot(source: Path, unfinished: Path) -> None:
    """Write what a SQLite file holds at this moment into an empty one, without the traces of deleted rows.

    Who writes to the source beside this is not held up (``VACUUM INTO`` is one reader in WAL mode).

    Raises:
        StoreError: the source cannot be read, or the file not written.
    """
    if not source.is_file():
        raise StoreError(f"{source}：没有这个文件 (there is no such file)")
    with (
        in_words(str(source)),
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)) as conn,
    ):
        conn.execute("VACUUM INTO ?", (str(unfinished),))


def copy_into(conn: Connection, source: Connection, which: Sequence[Rows], *, name: str, told: Told) -> None:
    """Fill an empty file with the rows of another database."""
    upgrade(conn, name=name)
    for rows in which:
        copy_table(source, conn, rows, told=told, transaction=nullcontext)
    carry_numbers(source, conn, which)


def forget_logins(conn: Connection) -> None:
    """Take out who is logged in, links that log in, and what processes hold."""
    present = set(inspect(conn).get_table_names())
    for name in _NOT_KEPT:
        if name in present:
            conn.execute(text(f"DELETE FROM {name}"))  # noqa: S608 - one of our tables


def refuse_broken(conn: Connection, name: str) -> None:
    """Make sure that a SQLite file is sound (``PRAGMA integrity_check``).

    Raises:
        StoreError: it is not.
    """
    said = conn.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
    if said != "ok":
        raise StoreError(f"{name}：文件已损坏 (the file is broken): {said}")
