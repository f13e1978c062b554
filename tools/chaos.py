"""Runs the whole product, breaks everything around it by a seeded plan, and proves that nothing was lost.

Run as ``make chaos`` (``make chaos CHAOS="--database postgresql --messages 100000 --kills 50"``). On SQLite the product
is one process; on PostgreSQL one process serves the web and two work, over a server of their own that is killed too.
The exit code is 1 on any violation. Nothing leaves the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, create_engine, func, select
from sqlalchemy.exc import DBAPIError

from bot.store.schema import deliveries, events
from tests.servers import postgres
from tests.servers.telegram import TOKEN
from tools.chaos_check import Evidence, Stored, Verdict, address, read, verdict
from tools.chaos_faults import Faults
from tools.chaos_people import ACCOUNT, SECRET, TELEGRAM, Brake, Ledger, Load, People
from tools.chaos_plan import LONG, Kind, Scale, plan
from tools.chaos_platform import Taken, platform
from tools.chaos_processes import Database, Outage, Served, free_port
from tools.chaos_telegram import ChaosTelegram

WEB: Final = "web"
WORKERS: Final = ("worker-1", "worker-2")
APP: Final = "app"
_BACKLOG: Final = 300  # open events at which people are made to wait: the run measures losses, not load
_LOOK: Final = 0.5  # seconds between two looks at how much is open
_SHOWN: Final = 20  # violations that are printed

SETTINGS: Final = """
data = "var"
[database]
url = "{database}"
[[engines]]
name = "libretranslate"
url = "{platform}"
[[shops]]
id = "main"
name = "Heqi Store"
[[accounts]]
channel = "bridge"
id = "{account}"
shop = "main"
url = "{platform}"
secret_env = "CHAOS_BRIDGE"
i_know_the_risk = true
[[accounts]]
channel = "telegram"
id = "{telegram}"
shop = "main"
token_env = "CHAOS_TELEGRAM"
receive = "polling"
api_url = "{platform}"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is run."""

    database: str  # sqlite, postgresql
    load: Load
    kills: int
    seed: int
    scale: Scale = LONG
    hang: float = 55.0  # seconds a hanging platform holds a call; the product gives up after 50
    patience: float = 240.0  # seconds the product is given to finish when all is well again


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of a run."""

    verdict: Verdict
    faults: Mapping[tuple[Kind, str], int]
    platform_faults: Mapping[str, int]
    told: Mapping[str, int]
    unexpected: Sequence[str]
    seconds: float
    settling: float  # of them: after everything was well again

    def lines(self) -> list[str]:
        """The report as it is printed."""
        found = self.verdict
        kills = {target: count for (kind, target), count in self.faults.items() if kind is Kind.KILL}
        others = Counter[str]()
        for (kind, _), count in self.faults.items():
            others[kind] += 0 if kind is Kind.KILL else count
        return [
            f"messages    {found.messages}",
            f"replies     {found.replies}",
            f"kills       {sum(kills.values())}: {_listed(kills)}",
            f"faults      {_listed(+others)}",
            f"platform    {_listed(self.platform_faults)}",
            f"people      {_listed(self.told)}",
            f"ended alone {len(self.unexpected)}",
            f"lost        {found.lost}",
            f"doubled     {found.doubled}",
            f"reordered   {found.reordered}",
            f"ambiguous   {found.ambiguous} ({found.late} of them late)",
            f"takeover    {max(found.takeovers, default=0.0):.1f} s at most, of {len(found.takeovers)}",
            f"time        {self.seconds:.0f} s, {self.settling:.0f} s of them to finish",
            f"violations  {len(found.violations)}",
            *(f"  {violation}" for violation in found.violations[:_SHOWN]),
        ]


def main() -> None:
    """Run it as asked on the command line."""
    ask = argparse.ArgumentParser(prog="chaos", description=__doc__)
    ask.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    ask.add_argument("--messages", type=int, default=20_000)
    ask.add_argument("--chats", type=int, default=100)
    ask.add_argument("--rate", type=float, default=60.0, help="messages a second at most")
    ask.add_argument("--kills", type=int, default=20)
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--keep", type=Path, help="an empty folder for logs and database, which stay")
    given = ask.parse_args()
    options = Options(
        database=given.database,
        load=Load(messages=given.messages, chats=given.chats, rate=given.rate),
        kills=given.kills,
        seed=given.seed,
    )
    with tempfile.TemporaryDirectory(prefix="heqi-chaos-") as folder:
        report = asyncio.run(_until_told(options, given.keep or Path(folder)))
    print("\n".join(report.lines()))
    sys.exit(1 if report.verdict.violations else 0)


async def _until_told(options: Options, folder: Path) -> Report:
    """Run to the end, or until a signal says stop: no process may be left behind."""
    running = asyncio.create_task(run(options, folder))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    return await running


async def run(options: Options, folder: Path) -> Report:
    """One run in a folder."""
    began = time.monotonic()
    chance = random.Random(f"{options.seed} platform")  # noqa: S311 - repeatable, no secret
    telegram = ChaosTelegram(hang=options.hang)
    async with (
        platform(chance, hang=options.hang, more=telegram.add_to) as world,
        _database(options, folder) as (url, database),
    ):
        telegram.fault = world.fault
        settings = SETTINGS.format(database=url, platform=world.url, account=ACCOUNT, telegram=TELEGRAM)
        (folder / "heqi.toml").write_text(settings, encoding="utf-8")
        served = _served(options, folder)
        ledger, brake = Ledger(), Brake(options.load.rate)
        faults = Faults(served, database, world, accepted=lambda: len(ledger.accepted))
        door = served[WEB if WEB in served else APP]
        people = People(options.load, ledger, brake, world, telegram, base=lambda: door.base, seed=options.seed)
        watching: list[asyncio.Task[None]] = []
        gauge = Gauge(url)
        try:
            await asyncio.gather(*(one.start() for one in served.values()))
            watching += [asyncio.create_task(one.keep_alive()) for one in served.values()]
            watching.append(asyncio.create_task(gauge.press(brake)))
            await _live_through(options, people, faults, tuple(served), is_shared=database is not None)
            well = time.monotonic()
            await gauge.wait_until_done(options.patience, told=lambda: not telegram.pending)
            settling = time.monotonic() - well
        finally:
            for task in watching:
                task.cancel()
            await asyncio.gather(*watching, return_exceptions=True)
            gauge.close()
            codes = await asyncio.gather(*(one.stop() for one in served.values()))
        stored = await asyncio.to_thread(read, url)
    for one, code in zip(served.values(), codes, strict=True):
        if code != 0:
            ledger.strange.append(f"{one.name} was told to stop and ended with {code}")
    found = verdict(_evidence(stored, ledger, [*world.taken, *telegram.taken], served, database))
    return Report(
        verdict=found,
        faults=faults.done,
        platform_faults=world.faults,
        told=ledger.told,
        unexpected=[end for one in served.values() for end in one.unexpected],
        seconds=time.monotonic() - began,
        settling=settling,
    )


async def _live_through(
    options: Options, people: People, faults: Faults, processes: tuple[str, ...], *, is_shared: bool
) -> None:
    """Let the people talk while everything goes wrong; returns when all is said and all is well again."""
    steps = plan(
        options.seed,
        messages=options.load.said,
        kills=options.kills,
        processes=processes,
        is_shared=is_shared,
        scale=options.scale,
    )
    talking = asyncio.create_task(people.talk())
    breaking = asyncio.create_task(faults.carry_out(steps, is_over=talking.done))
    await asyncio.gather(talking, breaking)


@asynccontextmanager
async def _database(options: Options, folder: Path) -> AsyncIterator[tuple[str, Database | None]]:
    """URL of an empty database, and its server where there is one."""
    if options.database == "sqlite":
        yield f"sqlite:///{folder / 'heqi.sqlite'}", None
        return
    binaries = postgres.binaries()
    if binaries is None:
        raise SystemExit(f"no PostgreSQL server was found: {postgres.HOW}")
    server = await asyncio.to_thread(Database, binaries)
    try:
        yield server.new_database(), server
    finally:
        await asyncio.to_thread(server.stop)


def _served(options: Options, folder: Path) -> dict[str, Served]:
    config = ("--config", str(folder / "heqi.toml"))
    environment = {"CHAOS_BRIDGE": SECRET, "CHAOS_TELEGRAM": TOKEN}
    if options.database == "sqlite":
        return {APP: Served(APP, folder, ("serve", *config), environment, port=free_port())}
    served = {WEB: Served(WEB, folder, ("serve", "--role", "web", *config), environment, port=free_port())}
    for name in WORKERS:
        served[name] = Served(name, folder, ("serve", "--role", "worker", *config), environment)
    return served


class Gauge:
    """How much is open, asked of the database itself."""

    def __init__(self, url: str) -> None:
        self._engine: Engine = create_engine(address(url))
        self._open = -1

    async def press(self, brake: Brake) -> None:
        """Press the brake while there is too much to do; runs until it is cancelled."""
        while True:
            await self._look()
            brake.pressed = self._open > _BACKLOG
            await asyncio.sleep(_LOOK)

    async def wait_until_done(self, patience: float, *, told: Callable[[], bool]) -> None:
        """Return when all is told and nothing open, or after ``patience`` seconds: the verdict tells what is left."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            was_told = told()
            await self._look()
            if was_told and self._open == 0:
                return
            await asyncio.sleep(_LOOK)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    async def _look(self) -> None:
        self._open = await asyncio.to_thread(self._count)

    def _count(self) -> int:
        """Open events and deliveries; the last answer while the database does not answer."""
        try:
            with self._engine.connect() as conn:
                return sum(conn.execute(statement).scalar_one() for statement in _OPEN)
        except DBAPIError:
            self._engine.dispose()
            return self._open


_OPEN: Final = (
    select(func.count()).select_from(events).where(events.c.state == "open"),
    select(func.count()).select_from(deliveries).where(deliveries.c.state.in_(("queued", "sending"))),
)


def _evidence(
    stored: Stored, ledger: Ledger, taken: Sequence[Taken], served: Mapping[str, Served], database: Database | None
) -> Evidence:
    keys = {(sent.chat, sent.text): sent.key for sent in stored.sent}
    known = [replace(event, name=ledger.aliases.get(event.name, event.name)) for event in stored.events]
    workers = [one for name, one in served.items() if name != WEB]
    nobody = _overlaps([one.outages for one in workers])
    return Evidence(
        said=ledger.said,
        accepted=ledger.accepted,
        strange=ledger.strange,
        taken=[replace(one, key=one.key or keys.get((one.chat, one.text), one.external_id)) for one in taken],
        stored=replace(stored, events=known),
        worked=[worked for one in workers for worked in one.worked],
        kills=[outage for one in workers for outage in one.outages if outage.how in {Kind.KILL, Kind.PAUSE}],
        held_up=[*nobody, *([] if database is None else database.outages)],
    )


def _overlaps(all_outages: Sequence[Sequence[Outage]]) -> list[Outage]:
    """When all were away at once, by intention: how long a start takes is the product's."""
    found = list(all_outages[0])
    for outages in all_outages[1:]:
        found = [
            replace(one, began=max(one.began, other.began), asked=min(one.asked, other.asked))
            for one in found
            for other in outages
            if max(one.began, other.began) < min(one.asked, other.asked)
        ]
    return found


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "none"


if __name__ == "__main__":
    main()
