"""The distributed engine when something goes wrong between it and its database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest
from structlog.testing import capture_logs

from bot.clocks import SystemClock
from bot.engine import distributed, jobs
from bot.engine.distributed import DistributedEngine
from tests.bot.engine.contract import Bench, until

pytestmark = pytest.mark.postgres

_NO_END = """
    CREATE FUNCTION no_end() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN RAISE 'disk full' USING ERRCODE = '53100'; END; $$;
    CREATE TRIGGER no_end BEFORE DELETE ON procrastinate_jobs FOR EACH ROW EXECUTE FUNCTION no_end();
"""
_LISTENERS = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()"


@pytest.fixture
async def url(postgres_database: str) -> AsyncIterator[str]:
    """A database without jobs and workers, whose jobs can end again after the test."""
    async with await psycopg.AsyncConnection.connect(postgres_database, autocommit=True) as conn:
        await conn.execute("TRUNCATE procrastinate_jobs, procrastinate_workers RESTART IDENTITY CASCADE")
        yield postgres_database
        await conn.execute("DROP FUNCTION IF EXISTS no_end CASCADE")


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[DistributedEngine]:
    engine = DistributedEngine(url, SystemClock(), first_back_off=0.01)
    await engine.open()
    yield engine
    await engine.stop(timeout=0)


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[psycopg.AsyncConnection]:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        yield conn


async def test_a_job_whose_end_could_not_be_stored_at_first_holds_up_its_lane_no_longer(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "END_AGAIN", (0.05,) * 100)
    bench = Bench()
    async with opened(url) as engine, connected(url) as conn:
        await engine.run(bench)
        await conn.execute(_NO_END)
        with capture_logs() as logs:
            engine.wake("conversation:1")
            await until(lambda: any(line["event"] == "job_not_ended" for line in logs))
            await conn.execute("DROP FUNCTION no_end CASCADE")
        bench.rows["conversation:1"] = [1]
        await until(lambda: "conversation:1" not in engine._running)
        engine.wake("conversation:1")
        await until(lambda: bench.done)

    assert {line["error"] for line in logs if line["event"] == "job_not_ended"} == {"DiskFull"}


async def test_a_job_whose_end_cannot_be_stored_ends_its_worker_and_is_taken_over(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "END_AGAIN", (0.01,))
    monkeypatch.setattr(distributed, "AGAIN", 0.01)
    bench = Bench()
    async with opened(url) as engine, connected(url) as conn:
        await engine.run(bench)
        await conn.execute(_NO_END)
        with capture_logs() as logs:
            engine.wake("conversation:1")
            await until(lambda: any(line["event"] == "worker_ended" for line in logs))
        await conn.execute("DROP FUNCTION no_end CASCADE")
        bench.rows["conversation:1"] = [1]
        await engine.bury()
        await until(lambda: bench.done)


async def test_a_job_that_others_took_over_ends_without_noise(url: str, caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    bench.gate.clear()
    async with opened(url) as engine, connected(url) as conn:
        await engine.run(bench)
        engine.wake("conversation:1")
        await until(lambda: bench.running)
        await conn.execute("DELETE FROM procrastinate_jobs")
        engine._put("conversation:1")  # as who took over wakes it
        bench.rows["conversation:1"] = [1]
        await until(lambda: "conversation:1" in engine._again)
        with capture_logs() as logs:
            bench.gate.set()
            await until(lambda: any(line["event"] == "job_taken_over" for line in logs))
        await engine.drain()

    assert bench.overlaps == 0
    assert bench.done == [("conversation:1", 1)]
    assert not [record for record in caplog.records if record.name == "asyncio"]


async def test_a_worker_that_was_buried_alive_lets_go(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributed, "BEAT", 0.05)
    bench = Bench()
    bench.gate.clear()
    async with opened(url) as engine, connected(url) as conn:
        await engine.run(bench)
        engine.wake("conversation:1")
        await until(lambda: bench.running)
        await conn.execute("DELETE FROM procrastinate_workers")
        with capture_logs() as logs:
            await until(lambda: not bench.running)

    assert next(line["event"] for line in logs) == "worker_silent"


async def test_signs_of_life_are_given_until_the_last_lane_has_stopped(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distributed, "BEAT", 0.02)
    bench = Bench()
    bench.gate.clear()
    async with opened(url) as engine, connected(url) as conn:
        await engine.run(bench)
        engine.wake("conversation:1")
        await until(lambda: bench.running)
        stopping = asyncio.create_task(engine.stop(timeout=60))
        await asyncio.sleep(0.05)
        row = await (await conn.execute("SELECT now()")).fetchone()
        assert row is not None
        async with asyncio.timeout(10):
            while True:
                found = await conn.execute("SELECT last_heartbeat FROM procrastinate_workers")
                beat = await found.fetchone()
                if beat is not None and beat[0] > row[0]:
                    break
        bench.gate.set()
        await stopping


async def test_who_stops_it_again_waits_for_the_same_end(url: str) -> None:
    bench = Bench()
    bench.gate.clear()
    async with opened(url) as engine:
        await engine.run(bench)
        engine.wake("conversation:1")
        await until(lambda: bench.running)
        first = asyncio.create_task(engine.stop(timeout=60))
        await asyncio.sleep(0.02)
        first.cancel()  # as a process does whose own end comes while a newer schema makes it stop
        second = asyncio.create_task(engine.stop())
        done, _ = await asyncio.wait({second}, timeout=0.1)
        assert not done
        assert bench.running
        bench.gate.set()
        await second

    assert not bench.running


async def test_what_a_lane_wakes_while_its_process_stops_goes_on_elsewhere_at_once(url: str) -> None:
    bench, other = Bench(), Bench()
    async with opened(url) as engine, opened(url) as second:

        async def handler(lane: str) -> None:
            await bench(lane)
            engine.wake("chat:shop:ana")

        bench.gate.clear()
        await engine.run(handler)
        engine.wake("conversation:1")
        await until(lambda: bench.running)
        stopping = asyncio.create_task(engine.stop(timeout=60))
        await asyncio.sleep(0.02)
        bench.gate.set()
        await stopping
        await second.run(other)
        await until(lambda: other.calls["chat:shop:ana"])


async def test_a_worker_that_cannot_listen_any_more_is_replaced(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributed, "AGAIN", 0.01)
    async with opened(url) as engine, connected(url) as conn:
        await engine.run(Bench())
        await until(lambda: engine._worker is not None and engine._worker.worker_id is not None)
        connector = engine._jobs._app.connector
        connect = connector._get_standalone_connection
        refused = []

        def refuse() -> object:
            if not refused:
                refused.append(True)
                raise psycopg.OperationalError("too many clients")
            return connect()

        async with asyncio.timeout(10):
            while not (pids := await (await conn.execute(_LISTENERS)).fetchall()):
                await asyncio.sleep(0.01)
        monkeypatch.setattr(connector, "_get_standalone_connection", refuse)
        with capture_logs() as logs:
            for (pid,) in pids:
                await conn.execute("SELECT pg_terminate_backend(%s)", (pid,))
            await until(lambda: any(line["event"] == "worker_ended" for line in logs))
        async with asyncio.timeout(10):
            while not await (await conn.execute(_LISTENERS)).fetchall():
                await asyncio.sleep(0.01)


async def test_wakes_that_are_being_stored_when_it_stops_are_stored(url: str) -> None:
    async with opened(url) as engine, connected(url) as conn:
        engine.wake("conversation:1")
        await engine.stop()
        assert await (await conn.execute("SELECT lock FROM procrastinate_jobs")).fetchall() == [("conversation:1",)]
    assert engine._jobs._pool.closed
