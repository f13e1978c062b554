"""Rows as they are stored: read in the order of their key, and written as they were read.

JSON stays text and is not understood on the way; moments, truth values and bytes are the same Python values on both
databases, so that one row reads the same from either.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, cast

import psycopg
from psycopg import sql
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    LargeBinary,
    MetaData,
    Row,
    Select,
    Table,
    Text,
    bindparam,
    collate,
    func,
    insert,
    select,
    text,
    tuple_,
)

from bot.store.errors import StoreError
from bot.store.schema import leases, login_links, metadata, sessions
from bot.store.types import Json

Key = tuple[Any, ...]
Chunk = Sequence[Row[*tuple[Any, ...]]]

CHUNK: Final = 1000  # rows at a time; of attachments one

_LITE_LAST = text("SELECT seq FROM sqlite_sequence WHERE name = :table")
_LITE_FORGET = text("DELETE FROM sqlite_sequence WHERE name = :table")
_LITE_SET = text("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :last)")
_POST_LAST = text("SELECT pg_sequence_last_value(CAST(pg_get_serial_sequence(:table, 'id') AS regclass))")
_POST_SET = text("SELECT setval(pg_get_serial_sequence(:table, 'id'), :last)")


@dataclass(frozen=True, slots=True)
class _Statements:
    every: Select[*tuple[Any, ...]]
    after: Select[*tuple[Any, ...]]
    upto: Select[*tuple[Any, ...]]
    last: Select[*tuple[Any, ...]]


class Rows:
    """The rows of one table."""

    def __init__(self, table: Table) -> None:
        self.name: Final = table.name
        self._raw = Table(table.name, MetaData(), *(_raw(column) for column in table.columns))
        self._numbered = "id" in table.c
        self._chunk = 1 if any(isinstance(column.type, LargeBinary) for column in table.columns) else CHUNK
        self._keys = [column.name for column in table.primary_key.columns]
        self._count = select(func.count()).select_from(self._raw)
        self._add = insert(self._raw)
        self._statements = {dialect: self._read(dialect) for dialect in ("sqlite", "postgresql")}
        self._largest = select(func.max(self._raw.c[self._keys[0]]))

    def _read(self, dialect: str) -> _Statements:
        keys = [self._raw.c[name] for name in self._keys]
        # By code points, as SQLite compares: other orders differ from one server to the next.
        ordered: list[ColumnElement[Any]] = [
            collate(key, "C") if dialect == "postgresql" and isinstance(key.type, Text) else key for key in keys
        ]
        place, given = tuple_(*ordered), tuple_(*(bindparam(f"key{n}", type_=key.type) for n, key in enumerate(keys)))
        every = select(self._raw).order_by(*ordered)
        return _Statements(
            every=every,
            after=every.where(place > given),
            upto=every.where(place <= given),
            last=select(*keys).order_by(*(key.desc() for key in ordered)).limit(1),
        )

    def count(self, conn: Connection) -> int:
        """How many there are."""
        return int(conn.execute(self._count).scalar_one())

    def last(self, conn: Connection) -> Key | None:
        """The key of the last one."""
        row = conn.execute(self._statements[conn.dialect.name].last).first()
        return None if row is None else tuple(row)

    @contextmanager
    def read(self, conn: Connection, *, after: Key | None = None, upto: Key | None = None) -> Iterator[Iterator[Chunk]]:
        """All of them, or those beyond a key, or those up to one; a few at a time.

        Raises:
            StoreError: a moment in them is none.
        """
        statements = self._statements[conn.dialect.name]
        statement = statements.every
        if after is not None:
            statement = statements.after
        elif upto is not None:
            statement = statements.upto
        values = {f"key{n}": value for n, value in enumerate(after or upto or ())}
        with conn.execute(statement, values, execution_options={"yield_per": self._chunk}) as found:
            try:
                yield found.partitions()
            except ValueError as error:  # SQLite keeps moments as text
                raise StoreError(f"{self.name}：有无法读取的时间，请执行 heqi fsck (a moment that is none)") from error

    def write(self, conn: Connection, chunk: Chunk) -> None:
        """Add rows.

        Raises:
            StoreError: PostgreSQL cannot store them, which SQLite did: only edited files hold such rows.
        """
        if conn.dialect.name == "postgresql":
            try:
                self._copy_in(conn, chunk)
            except (psycopg.IntegrityError, psycopg.DataError) as error:
                raise StoreError(
                    f"{self.name}：{type(error).__name__}，请对源库执行 heqi fsck (run heqi fsck on the source)"
                ) from error
        else:
            conn.execute(self._add, [row._asdict() for row in chunk])

    def _copy_in(self, conn: Connection, chunk: Chunk) -> None:
        names = self._raw.columns.keys()
        command = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(self.name), sql.SQL(", ").join(map(sql.Identifier, names))
        )
        driver = cast("psycopg.Connection[Any]", conn.connection.driver_connection)
        with driver.cursor() as cursor, cursor.copy(command) as copy:
            for row in chunk:
                if any(isinstance(value, str) and "\0" in value for value in row):
                    raise self._holds_nul(row._asdict())
                copy.write_row(row)

    def _holds_nul(self, row: Mapping[str, Any]) -> StoreError:
        called = " ".join(str(row[name]) for name in self._keys)
        columns = "、".join(name for name, value in row.items() if isinstance(value, str) and "\0" in value)
        return StoreError(
            f"{self.name} {called} {columns}：含有 NUL 字符，PostgreSQL 存不了，请先改正这一行 "
            "(holds NUL, which PostgreSQL cannot store: mend that row first)"
        )

    def digest(self, conn: Connection, *, upto: Key | None = None, told: Callable[[int], None]) -> tuple[int, str]:
        """Number and digest of the rows up to a key, or of all."""
        count, whole = 0, hashlib.sha256()
        with self.read(conn, upto=upto) as chunks:
            for chunk in chunks:
                for row in chunk:
                    whole.update(_canonical(row))
                count += len(chunk)
                told(count)
        return count, whole.hexdigest()

    def last_number(self, conn: Connection) -> int | None:
        """The last number that was given as an id, even of a row that is gone; None where rows have no numbers."""
        if not self._numbered:
            return None
        given = _POST_LAST if conn.dialect.name == "postgresql" else _LITE_LAST
        return max(conn.execute(given, {"table": self.name}).scalar() or 0, conn.execute(self._largest).scalar() or 0)

    def set_last_number(self, conn: Connection, last: int) -> None:
        """Give no number again up to this one."""
        if last == 0:
            return
        values = {"table": self.name, "last": last}
        if conn.dialect.name == "postgresql":
            conn.execute(_POST_SET, values)
        else:
            conn.execute(_LITE_FORGET, {"table": self.name})
            conn.execute(_LITE_SET, values)


def _raw(column: Column[Any]) -> Column[Any]:
    kind = Text() if isinstance(column.type, Json) else column.type
    return Column(column.name, kind, primary_key=column.primary_key)


def _canonical(row: Row[*tuple[Any, ...]]) -> bytes:
    """The row as bytes, the same for the same values whatever database they came from."""
    values = tuple(hashlib.sha256(value).digest() if isinstance(value, bytes) else value for value in row)
    return repr(values).encode("utf-8", "backslashreplace")


# Who leases what is of the processes of one database; the others are in the order in which they refer to each other.
EVERY: Final = tuple(Rows(table) for table in metadata.sorted_tables if table is not leases)
# Who is logged in, and links that log in once, do not come back from the past.
WITHOUT_LOGINS: Final = tuple(rows for rows in EVERY if rows.name not in {sessions.name, login_links.name})
