"""Whole turns through a real door: how many a second, how late, and what CPU and statements each costs."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tools.bench_database import Postgres
from tools.bench_installation import Installation, Measured, installation
from tools.bench_load import Stream
from tools.bench_report import Section, Value, p50, p99
from tools.bench_served import Counts

ONE: Final = ("all",)
MEASURED: Final = ("all", "web", "worker", "postgresql")


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How much is said: ``chats`` buyers ``each`` so much in a burst, then ``paced`` messages at part of its rate."""

    chats: int
    each: int
    repeats: int
    paced: int
    delays: Sequence[float] = (0.0, 0.15)
    workers: Sequence[int] = (1, 2, 4)
    alone: bool = True  # also one process of all roles on PostgreSQL
    counted: int = 200


FULL: Final = Load(chats=300, each=5, repeats=3, paced=900)
QUICK: Final = Load(chats=100, each=3, repeats=3, paced=100, delays=(0.0,), workers=(1,), alone=False, counted=40)
_PACE: Final = 0.5  # of the rate of the burst
_CALM: Final = 20.0  # messages a second
_BURSTS: Final = (
    "Turns a second from the first request to the last stored turn: the median of {}, and their range. 'per core' "
    "is how many turns a whole core would do in a second by the CPU of the product and of PostgreSQL; where the "
    "rest of the machine is busy it tells more than turns a second. CPU in milliseconds a turn, user and system, "
    "by kind of process; 'calls' are texts the engine was given a turn. 'cores' is what all of these used "
    "together, 'others' what the rest of the machine used meanwhile, 'loop' the CPU milliseconds of a fixed loop "
    "before and after: where it is high the machine was slow. 'gen. core' is how much of a core the generator "
    "used while it posted: near 1 it limits the row."
)
_STEADY: Final = (
    "'taken' is from a request to its 2xx, 'stored' from the 2xx to the turn that is stored and told of in the "
    "log (0 where it was stored before the generator had read the answer)."
)
_STATEMENTS: Final = (
    "From the accepted message to the stored turn, counted at the driver. calm: told {} a second; burst: at "
    "once. What is written in one moment shares a commit."
)
_TRIPS: Final = (
    "Counted in the server's log; each statement is a round trip, BEGIN and COMMIT too. 'commits' are those of "
    "the store; each statement of the engine is a transaction of its own."
)


def bursts(postgres: Postgres | None, load: Load) -> Iterator[Section]:
    """Bursts and steady talk, on everything there is to run it on."""
    burst: list[dict[str, Value]] = []
    paced: list[dict[str, Value]] = []
    for what, roles, database in _places(postgres, load):
        for delay in load.delays:
            with installation(roles, delay=delay, postgres=database) as installed:
                installed.load(Stream(name="warm", chats=50, each=2))
                measured = [
                    installed.load(Stream(name=f"burst{n}", chats=load.chats, each=load.each))
                    for n in range(load.repeats)
                ]
                middle = sorted(measured, key=lambda one: one.rate)[len(measured) // 2]
                place: dict[str, Value] = {"on": what, "engine ms": round(delay * 1000)}
                print(f"… {what}, engine {delay * 1000:.0f} ms: {spread(measured)} turns/s", file=sys.stderr)
                burst.append({**place, "turns/s": middle.rate, "range": spread(measured), **_costs(middle)})
                pace = middle.rate * _PACE
                calm = installed.load(Stream(name="paced", chats=load.chats, each=load.paced // load.chats, rate=pace))
                paced.append({**place, "told/s": pace, **_latencies(calm), **_costs(calm)})
    yield Section(
        f"Bursts: {load.chats} conversations, each says {load.each} things, the next as soon as the last is taken",
        burst,
        _BURSTS.format(load.repeats),
    )
    yield Section(
        f"Steady: {load.paced} messages at half of that rate",
        paced,
        _STEADY,
    )


def statements(postgres: Postgres | None, load: Load) -> Iterator[Section]:
    """Statements and commits of a turn: told one by one, and in a burst."""
    streams = (
        Stream(name="calm", chats=load.counted // 4, each=4, rate=_CALM),
        Stream(name="burst", chats=load.counted // 4, each=4),
    )
    with tempfile.TemporaryDirectory() as folder:
        counts = Counts(Path(folder) / "counts")
        with installation(ONE, delay=0.0, counts=counts.file) as installed:
            installed.load(Stream(name="warm", chats=20, each=2))
            yield Section(
                "Statements a turn, SQLite",
                [_sqlite(installed, stream, counts) for stream in streams],
                _STATEMENTS.format(_CALM),
            )
    if postgres is None:
        return
    rows = []
    for workers in load.workers:
        with installation(("web", *["worker"] * workers), delay=0.0, postgres=postgres, logged=True) as installed:
            installed.load(Stream(name="warm", chats=20, each=2))
            rows += [_postgres(installed, stream, postgres, workers) for stream in streams]
    yield Section("Round trips a turn, PostgreSQL, one web process and workers", rows, _TRIPS)


def _places(postgres: Postgres | None, load: Load) -> Iterator[tuple[str, Sequence[str], Postgres | None]]:
    yield "SQLite, 1 process", ONE, None
    if postgres is None:
        return
    if load.alone:
        yield "PostgreSQL, 1 process", ONE, postgres
    for count in load.workers:
        yield f"PostgreSQL, web + {count}", ("web", *["worker"] * count), postgres


def _costs(measured: Measured) -> dict[str, Value]:
    each = {kind: 1000 * seconds / measured.turns for kind, seconds in measured.cpu.items()}
    return {
        "per core": 1000 / sum(each.get(kind, 0.0) for kind in MEASURED),
        **{kind: each.get(kind) for kind in (*MEASURED, "engine", "generator")},
        "calls": measured.translated / measured.turns,
        "cores": sum(measured.cpu.values()) / measured.seconds,
        "gen. core": measured.cpu["generator"] / measured.posting,
        "others": measured.others,
        "loop": measured.loop_ms,
    }


def spread(measured: Sequence[Measured]) -> str:
    """The lowest and the highest rate."""
    rates = [one.rate for one in measured]
    return f"{min(rates):.0f}–{max(rates):.0f}"


def _latencies(measured: Measured) -> dict[str, Value]:
    taking, storing = list(measured.taking.values()), list(measured.storing.values())
    return {
        "taken p50 ms": p50(taking) * 1000,
        "p99 ms": p99(taking) * 1000,
        "stored p50 ms": p50(storing) * 1000,
        "stored p99 ms": p99(storing) * 1000,
    }


def _sqlite(installed: Installation, stream: Stream, counts: Counts) -> Mapping[str, Value]:
    before = counts.read()
    turns = installed.load(stream).turns
    each = {kind: (count - before[kind]) / turns for kind, count in counts.read().items()}
    return {
        "told": stream.name,
        "statements": sum(each.values()),
        "reads": each["SELECT"],
        "writes": each["INSERT"] + each["UPDATE"] + each["DELETE"],
        "read transactions": each["BEGIN"],
        "savepoints": each["SAVEPOINT"],
        "commits": each["BEGIN IMMEDIATE"],
    }


def _postgres(installed: Installation, stream: Stream, postgres: Postgres, workers: int) -> Mapping[str, Value]:
    before = postgres.log_size
    turns = installed.load(stream).turns
    found = postgres.statements(before)
    return {
        "workers": workers,
        "told": stream.name,
        "round trips": found.all / turns,
        "reads": found.reads / turns,
        "in transactions": found.inside / turns,
        "commits": found.commits / turns,
        "engine and relay": found.others / turns,
    }
