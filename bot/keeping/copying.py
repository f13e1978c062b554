"""Copying: all rows from one database into another, begun again where it was left, and compared at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final

import psycopg
from sqlalchemy import URL, Connection, text
from sqlalchemy.exc import OperationalError

from bot.keeping.places import filling_server, is_empty, name_of, refuse_at_work, version_in
from bot.keeping.rows import EVERY, Chunk, Key, Rows
from bot.store.errors import StoreError
from bot.store.upgrade import HEAD, UNFINISHED, upgrade

# What is done, how many rows of it, and how many there are.
Told = Callable[[str, int, int], None]

# Rows that are stored together, and the bytes at which they are however few they are.
ROWS, BYTES = 5000, 8_000_000
_LOCK: Final = 5_202_002  # any number of our own; it keeps two copies into one database apart
_SET_VERSION = text("UPDATE alembic_version SET version_num = :version")
# A copy that was killed a moment ago lets go of it as soon as the server has noticed.
_PATIENCE = text("SET LOCAL lock_timeout = '10s'")
_TAKE = text("SELECT pg_advisory_lock(:key)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A table on both sides: rows, and digests of them in the order of their key."""

    table: str
    rows: int
    digest: str
    copied_rows: int
    copied_digest: str

    @property
    def same(self) -> bool:
        """Whether both sides hold the same."""
        return (self.rows, self.digest) == (self.copied_rows, self.copied_digest)


def copy_table(
    source: Connection,
    target: Connection,
    rows: Rows,
    *,
    told: Told,
    transaction: Callable[[], AbstractContextManager[object]],
) -> None:
    """Copy what lies beyond the last row the target has, some thousand rows in a ``transaction`` each."""
    what, total = f"复制 copy {rows.name}", rows.count(source)
    with transaction():
        begun, done = rows.last(target), rows.count(target)
    told(what, done, total)
    with rows.read(source, after=begun) as found:
        for chunks in _gathered(found):
            with transaction():
                for chunk in chunks:
                    rows.write(target, chunk)
                    done += len(chunk)
            told(what, done, total)


def _gathered(chunks: Iterator[Chunk]) -> Iterator[list[Chunk]]:
    waiting: list[Chunk] = []
    rows = size = 0
    for chunk in chunks:
        waiting.append(chunk)
        rows += len(chunk)
        size += sum(len(value) for row in chunk for value in row if isinstance(value, str | bytes))
        if rows >= ROWS or size >= BYTES:
            yield waiting
            waiting, rows, size = [], 0, 0
    if waiting:
        yield waiting


def compare(source: Connection, target: Connection, which: Sequence[Rows], *, told: Told) -> tuple[Compared, ...]:
    """Read everything on both sides."""
    return tuple(_compare(source, target, rows, upto=None, told=told) for rows in which)


def _compare(source: Connection, target: Connection, rows: Rows, *, upto: Key | None, told: Told) -> Compared:
    what, copied = f"核对 compare {rows.name}", rows.count(target)
    here = rows.digest(source, upto=upto, told=lambda done: told(what, done, done + copied))
    there = rows.digest(target, told=lambda done: told(what, here[0] + done, here[0] + copied))
    return Compared(table=rows.name, rows=here[0], digest=here[1], copied_rows=there[0], copied_digest=there[1])


def refuse_differences(compared: Sequence[Compared], name: str) -> None:
    """Make sure that nothing was lost or changed on the way.

    Raises:
        StoreError: which tables differ.
    """
    different = [f"{one.table} ({one.rows} → {one.copied_rows})" for one in compared if not one.same]
    if different:
        raise StoreError(
            f"{name}：复制后的数据不一致：{'、'.join(different)}；请清空目标库后重来 "
            "(the copy differs from its source: empty the target and begin again)"
        )


def carry_numbers(source: Connection, target: Connection, which: Sequence[Rows], *, gap: int = 0) -> None:
    """Let ids go on where the source's ended; ``gap`` numbers are left out."""
    for rows in which:
        last = rows.last_number(source)
        if last is not None:
            rows.set_last_number(target, last + gap)


def fill(
    source: Connection,
    url: URL,
    which: Sequence[Rows],
    *,
    told: Told,
    gap: int = 0,
    finish: Callable[[Connection], None] = lambda _: None,
) -> tuple[Compared, ...]:
    """Copy into a PostgreSQL database that is empty, or that an earlier try has begun to fill.

    Until all is there and the same, the database carries no version, so that no service starts on half of it.
    ``finish`` runs in the transaction that makes it whole.

    Raises:
        StoreError: the database holds other data or is in use, or the copy differs.
    """
    name = name_of(url)
    with filling_server(url) as target:
        with target.begin():
            _prepare(target, name)
        with target.begin():
            begun = not is_empty(target)
        if begun:
            with target.begin():
                _refuse_other_data(source, target, which, name, told=told)
        with target.begin():
            target.execute(_SET_VERSION, {"version": UNFINISHED})
        for rows in which:
            copy_table(source, target, rows, told=told, transaction=target.begin)
        with target.begin():
            compared = compare(source, target, which, told=told)
            refuse_differences(compared, name)
            carry_numbers(source, target, which, gap=gap)
            finish(target)
            target.execute(_SET_VERSION, {"version": HEAD})
            target.exec_driver_sql("ANALYZE")
    return compared


def _prepare(target: Connection, name: str) -> None:
    """Claim the database for as long as this connection lives, and make its tables."""
    try:
        target.execute(_PATIENCE)
        target.execute(_TAKE, {"key": _LOCK})
    except OperationalError as error:
        if isinstance(error.orig, psycopg.errors.LockNotAvailable):
            raise StoreError(f"{name}：另一个命令正在往里复制 (another command is copying into it)") from error
        raise
    refuse_at_work(target, name)
    found = version_in(target, name)
    if found is None:
        upgrade(target, name=name)
        target.execute(_SET_VERSION, {"version": UNFINISHED})
    elif found not in {HEAD, UNFINISHED}:
        raise StoreError(
            f"{name}：数据结构是 {found}，本版本是 {HEAD}；请换一个空的数据库 "
            f"(its schema is {found}, this version's {HEAD}: name an empty database)"
        )


def _refuse_other_data(source: Connection, target: Connection, which: Sequence[Rows], name: str, *, told: Told) -> None:
    """Make sure that what the target holds is the beginning of what the source holds.

    Raises:
        StoreError: it holds something else.
    """
    for rows in EVERY:
        upto = rows.last(target)
        if upto is None:
            continue
        if rows not in which or not _compare(source, target, rows, upto=upto, told=told).same:
            raise StoreError(
                f"{name}：里面已有别的数据（{rows.name}）；请换一个空的数据库。若源数据在上次中断后变过，请清空后重来 "
                f"(it holds other data, in {rows.name}: name an empty database; empty this one if the source has "
                "changed since it was begun)"
            )
