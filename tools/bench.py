"""Measures Heqi on this machine and prints tables: reading, start, commits, turns, statements, fairness, Telegram.

Run as ``make bench``; ``make bench QUICK=1`` takes less than a minute, ``make bench BENCH="--parts turns,fairness"``
runs parts of it. Buyers, translation engine and PostgreSQL run in processes of their own, and nothing leaves the
machine.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bot import logs
from tests.servers.postgres import binaries
from tools import bench_commits, bench_fairness, bench_proposals, bench_reading, bench_telegram, bench_turns
from tools.bench_database import Postgres
from tools.bench_report import Section, as_json, machine

PARTS: Final = ("reading", "proposals", "start", "commits", "turns", "statements", "fairness", "telegram")
QUICK: Final = ("reading", "proposals", "turns", "statements")
_NEED_POSTGRES: Final = {"commits", "turns", "statements", "fairness"}
_SECONDS: Final = 3.0  # of raw commits


def main() -> None:
    """Measure what is asked for, and print each table as soon as it is there."""
    ask = argparse.ArgumentParser(prog="bench", description=__doc__)
    ask.add_argument("--parts", default="", help=f"of {','.join(PARTS)}; all of them without this")
    ask.add_argument("--quick", action="store_true", help=f"short loads, of {','.join(QUICK)}")
    ask.add_argument("--json", type=Path, help="a file for the figures")
    given = ask.parse_args()
    parts = given.parts.split(",") if given.parts else QUICK if given.quick else PARTS
    for unknown in set(parts) - set(PARTS):
        ask.error(f"--parts: {unknown} is none of {', '.join(PARTS)}")
    logs.configure(level=logging.WARNING)
    print("  ".join(f"{name}: {value}" for name, value in machine().items()), flush=True)
    sections = []
    with _server(needed=not _NEED_POSTGRES.isdisjoint(parts)) as postgres:
        for part in parts:
            for section in _measured(part, postgres, bench_turns.QUICK if given.quick else bench_turns.FULL):
                print(f"\n{section.text()}", flush=True)
                sections.append(section)
    if given.json is not None:
        given.json.write_text(as_json(sections), encoding="utf-8")


def _measured(part: str, postgres: Postgres | None, load: bench_turns.Load) -> Iterator[Section]:
    match part:
        case "reading":
            yield bench_reading.reading()
        case "proposals":
            yield bench_proposals.section()
        case "start":
            yield bench_reading.start()
        case "commits":
            yield bench_commits.section(postgres, seconds=_SECONDS)
        case "turns":
            yield from bench_turns.bursts(postgres, load)
        case "statements":
            yield from bench_turns.statements(postgres, load)
        case "fairness":
            yield bench_fairness.section(postgres)
        case _:
            yield bench_telegram.section()


@contextmanager
def _server(*, needed: bool) -> Iterator[Postgres | None]:
    """A PostgreSQL server, None where it is not installed or not needed."""
    folder = binaries()
    if not needed or folder is None:
        if needed:
            print("PostgreSQL is not installed: it is not measured")
        yield None
        return
    server = Postgres(folder)
    try:
        yield server
    finally:
        server.stop()


if __name__ == "__main__":
    main()
