"""The write-ahead log of a SQLite file, kept from growing for ever.

SQLite begins the log anew only in a moment in which nobody reads from it. On a busy desk one reading may always overlap
the next, and that moment never comes by itself: what was measured grew by all that was written.
"""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path
from typing import Final

LIMIT: Final = 64 * 2**20  # bytes
# How long the writer waits for those who read: longer than what a desk asks (milliseconds).
PATIENCE: Final = 100
# Who reads for longer, as a backup does, is waited for again after so many seconds: a fiftieth of the time at most.
PAUSE: Final = 5.0


class Log:
    """Belongs to the one writer of a file."""

    def __init__(self, path: Path) -> None:
        self._path = Path(f"{path}-wal")
        self._next = 0.0  # monotonic seconds

    def bound(self, driver: sqlite3.Connection) -> None:
        """Begin the log anew when it has grown too long."""
        try:
            size = os.stat(self._path).st_size  # noqa: PTH116 - after every commit: a third of what Path takes
        except FileNotFoundError:  # before the first commit
            return
        if size < LIMIT or time.monotonic() < self._next:
            return
        patience = driver.execute("PRAGMA busy_timeout").fetchone()[0]
        driver.execute(f"PRAGMA busy_timeout = {PATIENCE}")
        try:
            is_busy, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError:  # the disk is full or broken: the next commit has somebody to tell
            is_busy = True
        finally:
            driver.execute(f"PRAGMA busy_timeout = {patience}")
        if is_busy:
            self._next = time.monotonic() + PAUSE
