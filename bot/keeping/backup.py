"""Backup: everything in one SQLite file, from either database, while the service goes on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, inspect

from bot.keeping.copying import Told
from bot.keeping.files import appearing, copy_into, forget_logins, refuse_broken, snapshot
from bot.keeping.places import filling_file, is_file, name_of, need_head, path_of, reading, version_in
from bot.keeping.rows import WITHOUT_LOGINS
from bot.store.errors import StoreError


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is in a backup: rows by table, and the bytes of the file."""

    rows: dict[str, int]
    size: int


def backup(url: URL, path: Path, *, told: Told) -> Kept:
    """Write a backup of the database to ``path``, which must not exist.

    It holds one moment of it, without who is logged in. Of a SQLite file of an older schema it keeps that schema.

    Raises:
        StoreError: the database cannot be read or the file not written; nothing is left of it then.
        OSError: nothing can be written there.
    """
    with appearing(path) as unfinished:
        if is_file(url):
            told("复制 copy", 0, 1)
            snapshot(path_of(url), unfinished)
            told("复制 copy", 1, 1)
        with filling_file(unfinished) as conn:
            if is_file(url):
                if version_in(conn, name_of(url)) is None:
                    raise StoreError(f"{name_of(url)}：里面没有和气的数据 (there is nothing of Heqi's in it)")
                forget_logins(conn)
            else:
                with reading(url) as source:
                    need_head(source, name_of(url))
                    copy_into(conn, source, WITHOUT_LOGINS, name=str(path), told=told)
        with reading(URL.create("sqlite", database=str(unfinished))) as conn:
            refuse_broken(conn, str(path))
            present = set(inspect(conn).get_table_names())
            counts = {rows.name: rows.count(conn) for rows in WITHOUT_LOGINS if rows.name in present}
    return Kept(rows=counts, size=path.stat().st_size)
