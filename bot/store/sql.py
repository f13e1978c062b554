"""The little that SQLite and PostgreSQL write differently."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, Table, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.base import Executable, ReadOnlyColumnCollection
from sqlalchemy.sql.elements import ColumnElement

_HOLD = select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("name"), 0)))


def hold(conn: Connection, *name: str) -> None:
    """Wait until no other transaction holds this name, and hold it until the end of this one.

    For what has no row yet that could be locked. SQLite has one writer: there nobody else ever holds anything.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(_HOLD, {"name": "\n".join(name)})


class InsertIfNew:
    """``INSERT … ON CONFLICT DO NOTHING``, built once; ``returning`` yields no row when the row was there."""

    def __init__(self, table: Table, *, returning: ColumnElement[object] | None = None) -> None:
        lite = sqlite.insert(table).on_conflict_do_nothing()
        post = postgresql.insert(table).on_conflict_do_nothing()
        self._by_dialect: dict[str, Executable] = {
            "sqlite": lite if returning is None else lite.returning(returning),
            "postgresql": post if returning is None else post.returning(returning),
        }

    def on(self, conn: Connection) -> Executable:
        """The statement for this connection's database."""
        return self._by_dialect[conn.dialect.name]


class InsertOrChange:
    """``INSERT … ON CONFLICT DO UPDATE``, built once; ``change`` gets the row that could not be inserted.

    ``key`` names the columns of the unique constraint.
    """

    def __init__(
        self,
        table: Table,
        *key: str,
        change: Callable[[ReadOnlyColumnCollection[str, ColumnElement[Any]]], Mapping[str, object]],
    ) -> None:
        lite, post = sqlite.insert(table), postgresql.insert(table)
        self._by_dialect: dict[str, Executable] = {
            "sqlite": lite.on_conflict_do_update(index_elements=key, set_=change(lite.excluded)),
            "postgresql": post.on_conflict_do_update(index_elements=key, set_=change(post.excluded)),
        }

    def on(self, conn: Connection) -> Executable:
        """The statement for this connection's database."""
        return self._by_dialect[conn.dialect.name]
