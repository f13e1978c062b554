"""``heqi`` as it is, counting the statements it gives to SQLite. Part of ``make bench``.

``python -m tools.bench_served serve …``: everything after the module is the product's own command line. The counts are
kept in the file that ``BENCH_COUNTS`` names, where they can be read while it runs.
"""

from __future__ import annotations

import mmap
import os
import struct
import threading
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, event

from bot.cli import app as command

COUNTS: Final = "BENCH_COUNTS"
KINDS: Final = ("SELECT", "INSERT", "UPDATE", "DELETE", "BEGIN", "BEGIN IMMEDIATE", "SAVEPOINT", "other")
_SHAPE: Final = struct.Struct(f"{len(KINDS)}Q")


class Counts:
    """A number for each kind of statement, in a file."""

    def __init__(self, file: Path) -> None:
        self.file = file
        if not file.exists():
            file.write_bytes(bytes(_SHAPE.size))
        with file.open("r+b") as opened:
            self._shared = mmap.mmap(opened.fileno(), _SHAPE.size)
        self._lock = threading.Lock()

    def count(self, statement: str) -> None:
        """Count one; called by the threads of the store."""
        words = statement.split(None, 2)
        kind = "BEGIN IMMEDIATE" if words[:2] == ["BEGIN", "IMMEDIATE"] else words[0]
        place = KINDS.index(kind) if kind in KINDS else len(KINDS) - 1
        with self._lock:
            numbers = list(_SHAPE.unpack(self._shared[:]))
            numbers[place] += 1
            self._shared[:] = _SHAPE.pack(*numbers)

    def read(self) -> dict[str, int]:
        """The numbers so far."""
        return dict(zip(KINDS, _SHAPE.unpack(self._shared[:]), strict=True))


def main() -> None:
    """Run a command of the product."""
    counts = Counts(Path(os.environ[COUNTS]))

    @event.listens_for(Engine, "connect")
    def _(connection: Any, _: object) -> None:  # noqa: ANN401 - a connection of the driver
        connection.set_trace_callback(counts.count)

    command()


if __name__ == "__main__":
    main()
