"""Restore: a backup becomes the database again.

Between the backup and now the service may have gone on: what waited to be sent has probably left, and ids given since
may stand in cards and links elsewhere. So nothing leaves by itself that may have left before, and no such id is given
again, unless somebody knows that the service has not run since.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import URL, Connection, func, select, update

from bot.keeping.copying import Told, carry_numbers, fill
from bot.keeping.files import appearing, flush_folder, forget_logins, refuse_broken, snapshot
from bot.keeping.places import filling_file, in_words, is_empty, is_file, path_of, reading, version_in
from bot.keeping.rows import WITHOUT_LOGINS
from bot.store.errors import StoreError
from bot.store.schema import deliveries, events
from bot.store.sqlite import own
from bot.store.upgrade import HEAD, upgrade
from dialogs.messages import DeliveryState as State

GAP: Final = 1_000_000  # ids that may have been given since the backup

# What is being sent when a process ends becomes uncertain when the next one starts, and its conversation is told.
_MAY_HAVE_LEFT = update(deliveries).where(deliveries.c.state == State.QUEUED).values(state=State.SENDING)
_UNCERTAIN = select(func.count()).where(deliveries.c.state == State.SENDING)
_CHOSEN = select(func.count()).where(events.c.state == "open", events.c.type.like("agent%"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was restored: rows by table; deliveries that become uncertain; what sellers did and nobody worked on."""

    rows: dict[str, int]
    uncertain: int
    chosen: int


def restore(path: Path, url: URL, *, moved: bool, told: Told) -> Restored:
    """Put what is in a backup into the database, which is new or empty.

    ``moved``: the service has not run since the backup was made, so that what waits in it can be sent as usual. A
    backup of an older version is upgraded on the way; the file itself stays as it is.

    Raises:
        StoreError: the file is no backup of this or an older version, or the database is none to restore into.
        OSError: nothing can be written there.
    """
    backed_up = URL.create("sqlite", database=str(path))
    with reading(backed_up) as source:
        refuse_broken(source, str(path))
        found = version_in(source, str(path))
        if found is None:
            raise StoreError(f"{path}：不是和气的备份 (no backup of Heqi's)")
    gap = 0 if moved else GAP
    if is_file(url):
        return _into_file(path, path_of(url), gap=gap, told=told)
    with (
        _upgraded(path, needed=found != HEAD) as current,
        reading(URL.create("sqlite", database=str(current))) as source,
    ):
        restored: list[Restored] = []
        fill(
            source,
            url,
            WITHOUT_LOGINS,
            told=told,
            gap=gap,
            finish=lambda conn: restored.append(_settled(conn, moved=moved)),
        )
    return restored[0]


def _settled(conn: Connection, *, moved: bool) -> Restored:
    """What waited may have left, unless the service has ``moved``."""
    if not moved:
        conn.execute(_MAY_HAVE_LEFT)
    return Restored(
        rows={rows.name: rows.count(conn) for rows in WITHOUT_LOGINS},
        uncertain=conn.execute(_UNCERTAIN).scalar_one(),
        chosen=conn.execute(_CHOSEN).scalar_one(),
    )


def _upgraded(path: Path, *, needed: bool) -> AbstractContextManager[Path]:
    """The backup itself, or for a while a copy of it beside it that has this version's schema."""
    return _upgraded_copy(path) if needed else nullcontext(path)


@contextmanager
def _upgraded_copy(path: Path) -> Iterator[Path]:
    copy = path.with_name(f".{path.name}.{os.getpid()}.{HEAD}")
    with appearing(copy) as unfinished:
        snapshot(path, unfinished)
        with filling_file(unfinished) as conn:
            upgrade(conn, name=str(path))
    try:
        yield copy
    finally:
        copy.unlink()


def _into_file(path: Path, target: Path, *, gap: int, told: Told) -> Restored:
    with closing(own(target)):
        _refuse_used(target)
        told("复制 copy", 0, 1)
        beside = target.with_name(f".{target.name}.restored")
        beside.unlink(missing_ok=True)  # of a restore that was killed
        with appearing(beside) as unfinished:
            snapshot(path, unfinished)
            with filling_file(unfinished) as conn:
                upgrade(conn, name=str(path))
                forget_logins(conn)
                carry_numbers(conn, conn, WITHOUT_LOGINS, gap=gap)
                restored = _settled(conn, moved=gap == 0)
        told("复制 copy", 1, 1)
        _clear(target)
        beside.replace(target)
        flush_folder(target)
    return restored


def _refuse_used(target: Path) -> None:
    if not target.exists():
        return
    with reading(URL.create("sqlite", database=str(target))) as conn:
        version_in(conn, str(target))
        if not is_empty(conn):
            raise StoreError(
                f"{target}：里面已有数据；请在设置里换一个新的文件，或先把它移走 "
                "(it holds data: name a new file in the settings, or move this one away first)"
            )


def _clear(target: Path) -> None:
    """Take away what SQLite keeps beside an empty database: it must not be taken for a part of the restored one."""
    if target.exists():
        with in_words(str(target)), closing(sqlite3.connect(target, isolation_level=None)) as conn:
            conn.execute("PRAGMA journal_mode=DELETE")
