"""Moving: everything from the settings' database into another one, compared at the end; the first is never changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from sqlalchemy import URL

from bot.keeping.copying import Compared, Told, compare, fill, refuse_differences
from bot.keeping.files import appearing, copy_into, refuse_existing
from bot.keeping.places import (
    filling_file,
    is_file,
    name_of,
    need_head,
    path_of,
    reading,
    refuse_at_work,
)
from bot.keeping.rows import EVERY
from bot.store.errors import StoreError
from bot.store.sqlite import own


def move(source: URL, target: URL, *, told: Told) -> tuple[Compared, ...]:
    """Copy everything, logins too, and compare. A copy into PostgreSQL that was cut short goes on where it was.

    Raises:
        StoreError: a service works on one of them, their versions differ, or the target holds other data.
        OSError: the file cannot be written.
    """
    if source == target:
        raise StoreError("源库和目标库是同一个 (both addresses name the same database)")
    if is_file(target):
        refuse_existing(path_of(target))
    with _idle(source), reading(source) as conn:
        need_head(conn, name_of(source))
        if not is_file(source):
            refuse_at_work(conn, name_of(source))
        if not is_file(target):
            return fill(conn, target, EVERY, told=told)
        with appearing(path_of(target)) as unfinished, filling_file(unfinished) as copied:
            copy_into(copied, conn, EVERY, name=name_of(target), told=told)
            compared = compare(conn, copied, EVERY, told=told)
            refuse_differences(compared, name_of(target))
        return compared


@contextmanager
def _idle(source: URL) -> Iterator[None]:
    """Keep services from starting on a SQLite file meanwhile."""
    if not is_file(source) or not path_of(source).is_file():
        yield  # whether there is such a file is told by who reads it
        return
    with closing(own(path_of(source))):
        yield
