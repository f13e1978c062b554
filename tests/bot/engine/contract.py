"""What every work engine must do. Subclass and give an ``engine`` fixture that returns one which was not run yet."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bot.engine.port import WorkEngine


class Bench:
    """A handler that notes what it was called for. Rows stand in for what is open in a lane."""

    def __init__(self) -> None:
        self.rows: defaultdict[str, list[int]] = defaultdict(list)
        self.done: list[tuple[str, int]] = []
        self.calls: defaultdict[str, int] = defaultdict(int)
        self.running: set[str] = set()
        self.together = 0
        self.overlaps = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.failures: list[Exception] = []

    async def __call__(self, lane: str) -> None:
        self.overlaps += lane in self.running
        self.running.add(lane)
        self.calls[lane] += 1
        self.together = max(self.together, len(self.running))
        try:
            await self.gate.wait()
            await asyncio.sleep(0)
            if self.failures:
                raise self.failures.pop()
            while self.rows[lane]:
                self.done.append((lane, self.rows[lane].pop(0)))
                await asyncio.sleep(0)
        finally:
            self.running.discard(lane)


async def until(reached: Callable[[], object]) -> None:
    """Wait for a condition; the limit only keeps a broken engine from hanging the tests."""
    async with asyncio.timeout(10):
        while not reached():
            await asyncio.sleep(0.005)


class EngineContract:
    """The contract."""

    async def test_works_in_order_in_a_lane_and_never_twice_at_once(self, engine: WorkEngine) -> None:
        bench = Bench()
        await engine.run(bench)
        for number in range(200):
            lane = f"conversation:{number % 10}"
            bench.rows[lane].append(number)
            engine.wake(lane)
            if number % 7 == 0:
                await asyncio.sleep(0)
        await engine.drain()

        assert sorted(number for _, number in bench.done) == list(range(200))
        for lane in bench.calls:
            mine = [number for done, number in bench.done if done == lane]
            assert mine == sorted(mine)
        assert bench.overlaps == 0

    async def test_lanes_run_side_by_side(self, engine: WorkEngine) -> None:
        bench = Bench()
        bench.gate.clear()
        await engine.run(bench)
        for number in range(10):
            engine.wake(f"conversation:{number}")
        await until(lambda: len(bench.running) == 10)
        bench.gate.set()
        await engine.drain()

        assert bench.together == 10

    async def test_many_wakes_before_a_run_are_one(self, engine: WorkEngine) -> None:
        bench = Bench()
        for _ in range(50):
            engine.wake("conversation:1")
        await engine.run(bench)
        await engine.drain()

        assert bench.calls["conversation:1"] == 1

    async def test_wakes_during_a_run_are_one_more(self, engine: WorkEngine) -> None:
        bench = Bench()
        bench.gate.clear()
        await engine.run(bench)
        engine.wake("conversation:1")
        await until(lambda: bench.running)
        for _ in range(50):
            engine.wake("conversation:1")
        bench.gate.set()
        await engine.drain()

        assert bench.calls["conversation:1"] == 2

    async def test_wakes_a_lane_at_its_time_the_earliest_first(self, engine: WorkEngine) -> None:
        bench, now = Bench(), datetime.now(UTC)
        order: list[str] = []

        async def note(lane: str) -> None:
            order.append(lane)
            await bench(lane)

        await engine.run(note)
        engine.at("conversation:2", now + timedelta(milliseconds=120))
        engine.at("conversation:1", now + timedelta(milliseconds=40))
        engine.at("conversation:1", now + timedelta(hours=1))  # the earlier one stays
        engine.at("conversation:3", now + timedelta(hours=1))
        assert order == []
        await until(lambda: len(order) == 2)

        assert order == ["conversation:1", "conversation:2"]
        assert datetime.now(UTC) >= now + timedelta(milliseconds=120)

    async def test_an_earlier_time_replaces_a_later_one(self, engine: WorkEngine) -> None:
        bench, now = Bench(), datetime.now(UTC)
        await engine.run(bench)
        engine.at("conversation:1", now + timedelta(hours=1))
        engine.at("conversation:1", now + timedelta(milliseconds=30))
        await until(lambda: bench.calls["conversation:1"] == 1)

    async def test_a_time_in_the_past_is_now(self, engine: WorkEngine) -> None:
        bench = Bench()
        engine.at("conversation:1", datetime.now(UTC) - timedelta(days=1))
        await engine.run(bench)
        await until(lambda: bench.calls["conversation:1"] == 1)

    async def test_a_handler_that_fails_is_called_again(self, engine: WorkEngine) -> None:
        bench = Bench()
        bench.failures = [RuntimeError("first"), RuntimeError("second")]
        bench.rows["conversation:1"] = [1]
        bench.rows["conversation:2"] = [2]
        await engine.run(bench)
        engine.wake("conversation:1")
        await until(lambda: bench.done)
        engine.wake("conversation:2")
        await until(lambda: len(bench.done) == 2)

        assert bench.done == [("conversation:1", 1), ("conversation:2", 2)]
        assert bench.calls["conversation:1"] == 3

    async def test_stopping_lets_what_runs_finish_and_takes_nothing_new(self, engine: WorkEngine) -> None:
        bench = Bench()
        bench.gate.clear()
        bench.rows["conversation:1"] = [1]
        await engine.run(bench)
        engine.wake("conversation:1")
        await until(lambda: bench.running)
        stopping = asyncio.ensure_future(engine.stop())
        await asyncio.sleep(0)
        engine.wake("conversation:2")
        bench.gate.set()
        await stopping

        assert bench.done == [("conversation:1", 1)]
        assert bench.calls["conversation:2"] == 0

    async def test_stopping_cancels_what_does_not_finish(self, engine: WorkEngine) -> None:
        bench = Bench()
        bench.gate.clear()
        await engine.run(bench)
        engine.wake("conversation:1")
        await until(lambda: bench.running)
        async with asyncio.timeout(5):
            await engine.stop(timeout=0.02)

        assert not bench.running
