"""What ``make bench`` prints: sections of rows as aligned tables, and the same as JSON."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import statistics
import textwrap
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

Value = float | int | str | None

_LOOP: Final = 200_000


@dataclass(frozen=True, slots=True)
class Section:
    """One table. Every row has the same keys, which are the headings; ``explains`` says what they mean."""

    title: str
    rows: Sequence[Mapping[str, Value]]
    explains: str = ""

    def text(self) -> str:
        """The table in Markdown, aligned."""
        headings = list(self.rows[0])
        cells = [headings, *([_cell(row[heading]) for heading in headings] for row in self.rows)]
        widths = [max(len(line[column]) for line in cells) for column in range(len(headings))]
        lines = [_line([cell.ljust(width) for cell, width in zip(cells[0], widths, strict=True)])]
        lines.append(_line(["-" * width for width in widths]))
        for row, line in zip(self.rows, cells[1:], strict=True):
            texts = [isinstance(row[heading], str) for heading in headings]
            padded = zip(line, widths, texts, strict=True)
            lines.append(_line([cell.ljust(width) if text else cell.rjust(width) for cell, width, text in padded]))
        return "\n".join([f"## {self.title}", "", *lines, "", *textwrap.wrap(self.explains, 120)])


def as_json(sections: Sequence[Section]) -> str:
    """Everything that was measured, and on what."""
    return json.dumps({"machine": machine(), "sections": [asdict(one) for one in sections]}, indent=1)


def machine() -> dict[str, Value]:
    """What it was measured on, and how busy that was."""
    return {
        "at": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "system": platform.platform(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "cpus": os.cpu_count(),
        "load": os.getloadavg()[0],
    }


def p50(samples: Sequence[float]) -> float:
    """The median."""
    return statistics.median(samples)


def p99(samples: Sequence[float]) -> float:
    """What one in a hundred exceeds."""
    return sorted(samples)[min(len(samples) - 1, int(len(samples) * 0.99))]


def loop_ms() -> float:
    """CPU milliseconds of a fixed piece of work: how fast the machine is at this moment."""
    began = time.process_time()
    total = 0
    for number in range(_LOOP):
        total += number & 7
    return (time.process_time() - began) * 1000


class Cpu:
    """Seconds of CPU: of processes, and of the whole machine."""

    _tick: Final = 1 / os.sysconf("SC_CLK_TCK")

    def of(self, pid: int) -> float:
        """User and system time of a process with all its threads."""
        return sum(self._times(pid)[:2]) * self._tick

    def of_family(self, pid: int) -> float:
        """The same of a process and its children, those that have ended too (each connection to PostgreSQL is one)."""
        while True:
            living = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
            try:
                return sum(self.of(int(child)) for child in living) + sum(self._times(pid)) * self._tick
            except FileNotFoundError:  # one has ended in between: its time is its parent's now
                continue

    def of_machine(self) -> float:
        """What everything on the machine has used, and what its host has taken."""
        fields = Path("/proc/stat").read_text("ascii").splitlines()[0].split()[1:9]
        user, nice, system, _idle, _waiting, irq, soft, stolen = map(int, fields)
        return (user + nice + system + irq + soft + stolen) * self._tick

    @staticmethod
    def _times(pid: int) -> tuple[int, int, int, int]:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii", errors="replace").rpartition(")")[2].split()
        user, system, children_user, children_system = map(int, fields[11:15])
        return user, system, children_user, children_system


def _cell(value: Value) -> str:
    match value:
        case None:
            return ""
        case float() if abs(value) >= 100:
            return f"{value:.0f}"
        case float() if abs(value) >= 10:
            return f"{value:.1f}"
        case float():
            return f"{value:.2f}"
        case _:
            return str(value)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
