"""The distributed engine fulfils the contract, and what is its own: several processes on one database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import psycopg
import pytest
from structlog.testing import capture_logs

from bot.clocks import SystemClock
from bot.engine import distributed
from bot.engine.distributed import DistributedEngine
from tests.bot.engine.contract import Bench, EngineContract, until

pytestmark = pytest.mark.postgres


@pytest.fixture
async def url(postgres_database: str) -> str:
    """A database without jobs and workers."""
    async with await psycopg.AsyncConnection.connect(postgres_database) as conn:
        await conn.execute("TRUNCATE procrastinate_jobs, procrastinate_workers RESTART IDENTITY CASCADE")
    return postgres_database


@pytest.fixture
async def engine(url: str) -> AsyncIterator[DistributedEngine]:
    built = DistributedEngine(url, SystemClock(), first_back_off=0.01)
    await built.open()
    yield built
    await built.stop()


@pytest.fixture
async def engines(url: str) -> AsyncIterator[list[DistributedEngine]]:
    """Three of them, as in three processes."""
    async with AsyncExitStack() as stack:
        built = [DistributedEngine(url, SystemClock(), limit=8, first_back_off=0.01) for _ in range(3)]
        for one in built:
            await one.open()
            stack.push_async_callback(one.stop)
        yield built


class TestDistributed(EngineContract):
    """The contract."""


async def test_a_lane_runs_in_one_process_at_a_time_and_in_order(engines: list[DistributedEngine]) -> None:
    bench = Bench()
    for one in engines:
        await one.run(bench)
    for number in range(300):
        lane = f"conversation:{number % 15}"
        bench.rows[lane].append(number)
        engines[number % 3].wake(lane)
        if number % 10 == 0:
            await asyncio.sleep(0.002)
    await until(lambda: len(bench.done) == 300)
    for lane in bench.calls:
        mine = [number for done, number in bench.done if done == lane]
        assert mine == sorted(mine)
    assert bench.overlaps == 0


async def test_one_that_works_on_nothing_wakes_others(engines: list[DistributedEngine]) -> None:
    bench = Bench()
    await engines[0].run(bench)
    bench.rows["conversation:1"] = [1]
    engines[1].wake("conversation:1")
    await until(lambda: bench.done)

    assert bench.done == [("conversation:1", 1)]


async def test_the_lanes_of_a_silent_worker_are_taken_over(
    engines: list[DistributedEngine], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead, alive = Bench(), Bench()
    dead.gate.clear()
    await engines[0].run(dead)
    engines[0].wake("conversation:1")
    await until(lambda: dead.running)
    await engines[1].run(alive)
    alive.rows["conversation:1"] = [1]
    engines[1].wake("conversation:1")  # waits behind the one that runs
    await engines[1].bury()
    assert alive.calls["conversation:1"] == 0
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        await conn.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour' WHERE id = 1")
        row = await (await conn.execute("SELECT worker_id FROM procrastinate_jobs WHERE status = 'doing'")).fetchone()
    assert row == (1,)
    with capture_logs() as logs:
        await engines[1].bury()
    await until(lambda: alive.done)

    assert [line["count"] for line in logs if line["event"] == "lanes_taken_over"] == [1]
    monkeypatch.undo()
    dead.gate.set()


async def test_a_worker_that_was_silent_for_too_long_lets_go_and_begins_anew(
    engine: DistributedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distributed, "BEAT", 0.05)
    monkeypatch.setattr(distributed, "SILENT", 0.2)
    monkeypatch.setattr(distributed, "AGAIN", 0.01)
    bench = Bench()
    bench.gate.clear()
    heard = asyncio.Event()
    heard.set()
    beat = engine._jobs.beat

    async def beaten(worker: int) -> None:
        await heard.wait()
        await beat(worker)

    monkeypatch.setattr(engine._jobs, "beat", beaten)
    bench.rows["conversation:1"] = [1]
    await engine.run(bench)
    engine.wake("conversation:1")
    await until(lambda: bench.running)
    heard.clear()  # the database is out of reach
    await until(lambda: not bench.running)
    heard.set()
    bench.gate.set()
    await until(lambda: bench.done)

    assert bench.done == [("conversation:1", 1)]
    assert bench.overlaps == 0


async def test_what_is_cut_short_goes_on_elsewhere_at_once(engines: list[DistributedEngine]) -> None:
    bench, other = Bench(), Bench()
    bench.gate.clear()
    await engines[0].run(bench)
    engines[0].wake("conversation:1")
    await until(lambda: bench.running)
    await engines[0].stop(timeout=0.02)
    assert not bench.running
    other.rows["conversation:1"] = [1]
    await engines[1].run(other)
    await until(lambda: other.done)


async def test_wakes_wait_for_a_database_that_is_away(
    engine: DistributedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distributed, "AGAIN", 0.02)
    bench = Bench()
    bench.rows["conversation:1"] = [1]
    await engine.run(bench)
    defer = engine._jobs.defer
    failures = [psycopg.OperationalError("gone"), psycopg.OperationalError("gone")]

    async def deferred(lanes: list[str]) -> None:
        if failures:
            raise failures.pop()
        await defer(lanes)

    monkeypatch.setattr(engine._jobs, "defer", deferred)
    with capture_logs() as logs:
        engine.wake("conversation:1")
        await until(lambda: bench.done)

    assert [line["error"] for line in logs if line["event"] == "lanes_not_woken"] == ["OperationalError"] * 2


async def test_no_job_is_left_of_what_was_done(engine: DistributedEngine, url: str) -> None:
    bench = Bench()
    await engine.run(bench)
    for number in range(20):
        engine.wake(f"chat:shop:+4912345{number}")
    await engine.drain()
    async with await psycopg.AsyncConnection.connect(url) as conn:
        assert await (await conn.execute("SELECT count(*) FROM procrastinate_jobs")).fetchone() == (0,)
        assert await (await conn.execute("SELECT count(*) FROM procrastinate_events")).fetchone() == (0,)
