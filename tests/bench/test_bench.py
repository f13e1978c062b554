"""The measuring itself: what is counted is what happened. How fast it was is told by ``make bench``."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.servers.postgres import binaries
from tools.bench_database import Postgres, Statements, counted
from tools.bench_installation import Installation, installation
from tools.bench_load import Stream
from tools.bench_report import Section, p99
from tools.bench_served import Counts

TALK = Stream(name="talk", chats=3, each=2)
CROWD = Stream(name="crowd", chats=1, each=4, at_once=True)


def test_statements_are_sorted_by_what_they_are_part_of() -> None:
    logged = [
        ("1", "heqi", "SELECT"),
        ("2", "heqi", "BEGIN"),
        ("1", "heqi", "SELECT"),
        ("2", "heqi", "INSERT"),
        ("3", "[unknown]", "SELECT"),
        ("2", "heqi", "COMMIT"),
        ("2", "heqi", "SELECT"),
        ("1", "heqi", "BEGIN"),
        ("1", "heqi", "ROLLBACK"),
    ]
    assert counted(logged) == Statements(reads=3, inside=5, commits=1, others=1)


def test_a_table_is_aligned_and_leaves_out_what_is_not_known() -> None:
    rows = [{"on": "SQLite", "turns/s": 291.4, "web": None}, {"on": "PostgreSQL", "turns/s": 9.876, "web": 1.5}]
    table = Section("Bursts", rows, "What it means.").text().splitlines()
    assert table == [
        "## Bursts",
        "",
        "| on         | turns/s | web  |",
        "| ---------- | ------- | ---- |",
        "| SQLite     |     291 |      |",
        "| PostgreSQL |    9.88 | 1.50 |",
        "",
        "What it means.",
    ]


def test_one_in_a_hundred_exceeds_the_99th() -> None:
    assert p99([float(n) for n in range(200)]) == 198.0
    assert p99([3.0]) == 3.0


async def test_a_load_is_measured_message_by_message(database: str, tmp_path: Path) -> None:
    statements = await asyncio.to_thread(_on_sqlite if database == "sqlite" else _on_postgres, tmp_path / "counts")
    assert statements.commits >= 2  # what is accepted in one moment, and worked on in one moment, shares a commit
    assert statements.inside >= 3 * (TALK.messages + CROWD.messages)  # an event, a message, a turn
    assert (statements.others > 0) == (database == "postgresql")


def _on_sqlite(counts: Path) -> Statements:
    with installation(("all",), delay=0.0, counts=counts) as installed:
        _is_measured(installed, {"all", "engine", "generator"})
    found = Counts(counts).read()
    return Statements(reads=found["SELECT"], inside=found["INSERT"], commits=found["BEGIN IMMEDIATE"])


def _on_postgres(_: Path) -> Statements:
    folder = binaries()
    assert folder is not None
    server = Postgres(folder)
    try:
        with installation(("web", "worker"), delay=0.0, postgres=server, logged=True) as installed:
            before = server.log_size
            _is_measured(installed, {"web", "worker", "postgresql", "engine", "generator"})
            return server.statements(before)
    finally:
        server.stop()


def _is_measured(installed: Installation, kinds: set[str]) -> None:
    measured = installed.load(TALK, CROWD)
    names = {f"talk-{chat:04}-{number:05}" for chat in range(3) for number in range(2)}
    names |= {f"crowd-0000-{number:05}" for number in range(4)}
    assert set(measured.taking) == set(measured.storing) == set(measured.stored) == names
    assert measured.turns == 10
    assert all(seconds > 0 for seconds in measured.taking.values())
    assert measured.seconds >= measured.stored_after("talk") >= min(measured.stored.values()) > 0
    assert measured.translated > 0
    assert set(measured.cpu) == kinds
    assert all(seconds > 0 for kind, seconds in measured.cpu.items() if kind in {"all", "worker", "generator"})
