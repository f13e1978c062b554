"""The embedded engine fulfils the contract, and what is its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from bot.clocks import SystemClock
from bot.engine.embedded import EmbeddedEngine
from tests.bot.engine.contract import Bench, EngineContract, until


@pytest.fixture
async def engine() -> AsyncIterator[EmbeddedEngine]:
    built = EmbeddedEngine(SystemClock(), first_back_off=0.01)
    yield built
    await built.stop()


class TestEmbedded(EngineContract):
    """The contract."""


async def test_no_more_lanes_than_the_limit_run_and_each_gets_its_turn() -> None:
    engine, bench = EmbeddedEngine(SystemClock(), limit=3), Bench()
    for number in range(20):
        bench.rows[f"conversation:{number}"] = [number]
        engine.wake(f"conversation:{number}")
    await engine.run(bench)
    await engine.drain()
    await engine.stop()

    assert bench.together == 3
    assert [number for _, number in bench.done if number < 3] == [0, 1, 2]
    assert len(bench.done) == 20


async def test_a_failing_lane_waits_longer_each_time_and_says_only_its_class(engine: EmbeddedEngine) -> None:
    bench = Bench()
    bench.failures = [RuntimeError("the buyer's words"), KeyError("the buyer's words")]
    with capture_logs() as logs:
        await engine.run(bench)
        engine.wake("conversation:1")
        await until(lambda: bench.calls["conversation:1"] == 3)
    failed = [line for line in logs if line["event"] == "lane_failed"]

    assert [(line["lane"], line["error"]) for line in failed] == [
        ("conversation:1", "KeyError"),
        ("conversation:1", "RuntimeError"),
    ]
    assert "words" not in str(logs)


async def test_draining_an_idle_engine_returns_at_once(engine: EmbeddedEngine) -> None:
    await engine.run(Bench())
    async with asyncio.timeout(1):
        await engine.drain()


async def test_nothing_runs_after_it_stopped(engine: EmbeddedEngine) -> None:
    bench = Bench()
    await engine.run(bench)
    await engine.stop()
    engine.wake("conversation:1")
    await asyncio.sleep(0.01)

    assert bench.calls == {}
