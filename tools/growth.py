"""Measures how the product slows down as its database grows, on the product's own code.

Run as ``make growth`` (``python -m tools.growth --database postgresql 1000 10000 100000``): SQLite, from a thousand
messages to a million. Nothing leaves the machine and no engine is asked: buyers get written replies.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import platform
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from socket import socket
from typing import Final

import psycopg

from adapters.ports import ListQuery
from bot import logs
from bot.app import App
from bot.clocks import SystemClock
from bot.engine.embedded import EmbeddedEngine
from bot.engine.sweep import left_behind
from bot.recovery import Recovery
from bot.retention import retention_of
from bot.settings import Settings
from bot.store import Store
from dialogs.events import BuyerWrote, Event
from dialogs.messages import CaseStatus
from tests.servers import postgres
from tools import growth_fill as filling

ROOT: Final = Path(__file__).parents[1]
SIZES: Final = (1_000, 10_000, 100_000, 1_000_000)
TURNS, LOOKS, SEARCHES = 300, 200, 10
NOBODY_SAYS: Final = "prometido ayer"
EVERYBODY_SAYS: Final = "包裹"


@dataclass
class Table:
    """What was measured: a row for each thing, a column for each size."""

    sizes: list[str] = field(default_factory=list)
    rows: dict[str, list[str]] = field(default_factory=dict)

    def note(self, what: str, value: str) -> None:
        """The next size's value of a row."""
        self.rows.setdefault(what, []).append(value)

    def show(self) -> None:
        """Print it as Markdown."""
        print("| | " + " | ".join(self.sizes) + " |\n|---" * 1 + "|---" * len(self.sizes) + "|")
        for what, values in self.rows.items():
            print(f"| {what} | " + " | ".join(values) + " |")


async def measure(table: Table, settings: Settings) -> None:
    """One size, by the product."""
    chance = random.Random(7)  # noqa: S311 - nobody shall guess it
    async with App.open(settings) as app:
        there = await filling.size(app.store)
        table.sizes.append(f"{there.messages:,} messages, {there.conversations:,} conversations and clocks")

        async def turn(number: int) -> None:
            said = BuyerWrote(text=f"{filling.SAYINGS[number % len(filling.SAYINGS)]} {number}")
            event = Event(
                account=filling.ACCOUNT,
                external_id=f"growth:{there.messages}:{number}",
                body=said,
                at=datetime.now(UTC),
                conversation_id=chance.randint(1, there.conversations),
            )
            accepted = await app.inbox.accept(event)
            await app.inbox.outcome(accepted.event_id, timeout=60)

        listed, rows = app.desk.conversations, len(await app.desk.conversations(ListQuery()))
        await _timed(table, "list of what is open, 30 rows", LOOKS, lambda _: listed(ListQuery(limit=30)))
        await _timed(table, "list of what is open, 100 rows", LOOKS, lambda _: listed(ListQuery()))
        table.rows["list of what is open, 100 rows"][-1] += "" if rows == 100 else f" ({rows} rows)"
        resolved = ListQuery(status=CaseStatus.RESOLVED)
        await _timed(table, "list of what is resolved", LOOKS, lambda _: listed(resolved))
        await _timed(table, "a conversation", LOOKS, lambda _: app.desk.view(chance.randint(1, there.conversations)))
        for what, words in (("nobody says", NOBODY_SAYS), ("everybody says", EVERYBODY_SAYS)):
            await _timed(table, f"search for what {what}", SEARCHES, partial(_search, app, words))
        await _timed(table, "a look at what is left open", LOOKS // 4, await _recovering(app))
        await _timed(table, "buyer's message: accepted, read, answered, stored", TURNS, turn)
        await _timed(table, "what retention would remove", 1, lambda _: _dry(app.store, settings))
    table.note("start → ready", await _start(table, settings))
    table.note("database", f"{await _bytes(settings) / 1e6:,.0f} MB")


async def _search(app: App, words: str, _: int) -> None:
    await app.desk.conversations(ListQuery(search=words))


async def _recovering(app: App) -> Callable[[int], Awaitable[object]]:
    if app.settings.is_shared:
        return lambda _: app.store.read(lambda conn: left_behind(conn, now=datetime.now(UTC)))
    recovery = Recovery(app.store, EmbeddedEngine(SystemClock()), SystemClock())
    return lambda _: recovery.once()


async def _dry(store: Store, settings: Settings) -> None:
    await retention_of(settings, store, SystemClock()).count()


async def _timed(table: Table, what: str, times: int, work: Callable[[int], Awaitable[object]]) -> None:
    """Wall time of each, and the CPU of all threads of this process."""
    await work(-1)  # statements are compiled once, and the first reading brings pages in
    walls = []
    used = time.process_time()
    for number in range(times):
        began = time.perf_counter()
        await work(number)
        walls.append(time.perf_counter() - began)
    used = (time.process_time() - used) / times
    p99 = sorted(walls)[min(int(times * 0.99), times - 1)]
    table.note(what, f"{used * 1e3:.2f} ms CPU; {statistics.median(walls) * 1e3:.1f} / {p99 * 1e3:.1f} ms")


async def _start(table: Table, settings: Settings) -> str:
    """Seconds from the command to ready; notes the memory it has then."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "HEQI_DATA": str(settings.data),
        "HEQI_DATABASE__URL": settings.database_url,
        "HEQI_SERVER__PORT": str(port),
        "HEQI_ENGINES": "[]",
    }
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    command = [sys.executable, "-m", "bot", "serve"]
    service = await asyncio.create_subprocess_exec(
        *command, env=environment, cwd=ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    try:
        while not await asyncio.to_thread(_answers, f"http://127.0.0.1:{port}/readyz"):
            if service.returncode is not None:
                raise SystemExit("the service did not start")
            await asyncio.sleep(0.02)
        took = time.perf_counter() - began
        table.note("resident memory then", _resident(service.pid))
    finally:
        service.terminate()
        await service.wait()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return f"{_seconds(used) - _seconds(before):.1f} s CPU; {took:.1f} s"


def _seconds(used: resource.struct_rusage) -> float:
    return used.ru_utime + used.ru_stime


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own address
            return True
    except (urllib.error.URLError, OSError):
        return False


def _resident(pid: int) -> str:
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return "—"
    line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmRSS:"))
    return f"{int(line.split()[1]) / 1024:.0f} MB"


async def _bytes(settings: Settings) -> int:
    if not settings.is_shared:
        return sum(path.stat().st_size for path in settings.data.glob("heqi.sqlite*"))
    store = await Store.open(settings.database_url)
    size = await store.read(
        lambda conn: conn.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one()
    )
    await store.close()
    return int(size)


async def fill(settings: Settings, size: int, before: int) -> None:
    """Let the database grow from ``before`` messages to ``size``."""
    began = time.perf_counter()
    if before == 0:
        await filling.make_base(settings)
    store = await Store.open(settings.database_url)
    factor = size // max(before, filling.BASE)
    if factor > 1:
        await filling.grow(store, times=factor)
    await filling.wind_clocks(store, now=datetime.now(UTC))
    await store.close()
    print(f"{size:,} messages after {time.perf_counter() - began:.0f} s", file=sys.stderr)


@contextmanager
def server_of(kind: str) -> Iterator[postgres.PostgresServer | None]:
    """A PostgreSQL server, where one is wanted."""
    if kind == "sqlite":
        yield None
        return
    binaries = postgres.binaries()
    if binaries is None:
        raise SystemExit(f"no PostgreSQL server was found: {postgres.HOW}")
    server = postgres.PostgresServer(binaries)
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def copied(settings: Settings, server: postgres.PostgresServer | None) -> Iterator[Settings]:
    """The same database once more: what is measured changes it."""
    with tempfile.TemporaryDirectory(prefix="heqi-growth-copy-") as folder:
        if server is None:
            shutil.copy(settings.data / "heqi.sqlite", folder)
            yield filling.settings_of(None, Path(folder))
            return
        with psycopg.connect(server.url("postgres"), autocommit=True) as conn:
            conn.execute("CREATE DATABASE measured TEMPLATE test1")
            yield filling.settings_of(server.url("measured"), Path(folder))
            conn.execute("DROP DATABASE measured WITH (FORCE)")


async def run(kind: str, sizes: list[int]) -> None:
    """Fill, measure a copy, fill more."""
    table, before = Table(), 0
    with tempfile.TemporaryDirectory(prefix="heqi-growth-") as folder, server_of(kind) as server:
        settings = filling.settings_of(None if server is None else server.new_database(), Path(folder))
        for size in sizes:
            await fill(settings, size, before)
            with copied(settings, server) as copy:
                await measure(table, copy)
            before = size
    print(f"{platform.platform()}, Python {platform.python_version()}, {kind}, {datetime.now(UTC):%Y-%m-%d}\n")
    table.show()


def main() -> None:
    """Read the arguments and print the table."""
    logs.configure(level=logging.ERROR)
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    arguments.add_argument("sizes", nargs="*", type=int, default=list(SIZES), help="messages, each ten times the last")
    given = arguments.parse_args()
    asyncio.run(run(given.database, sorted(given.sizes or SIZES)))


if __name__ == "__main__":
    main()
