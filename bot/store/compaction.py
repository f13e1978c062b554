"""Compaction: a SQLite file gives the room of what was removed back to the disk.

Not by itself: free pages are used again for what comes next, so a file that is pruned every day stops growing. What
shrinks a file rewrites it whole, and nothing can be written meanwhile.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import make_url

from bot.store.errors import StoreError
from bot.store.sqlite import own


def compact(url: str) -> tuple[int, int]:
    """Rewrite the file without free room; its size before and after, in bytes. Blocks.

    While it runs the disk must have room for as much again, twice: for the copy, and for the log it comes back by.

    Raises:
        StoreError: another process works on the file, or the disk has not enough room.
    """
    path = Path(make_url(url).database or "")
    with closing(own(path)), closing(sqlite3.connect(path, isolation_level=None)) as conn:
        before = path.stat().st_size
        try:
            conn.execute("VACUUM")
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.OperationalError as error:
            raise StoreError(f"{path} could not be compacted ({error}): nothing of it is lost") from error
        return before, path.stat().st_size
