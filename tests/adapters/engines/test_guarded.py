"""The guard: timeouts, retries, pacing, circuit breaker and health, on a clock of its own."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from adapters.engines import BaseEngine, EngineSettings, GuardedEngine
from dialogs.errors import Refused, TryLater
from dialogs.ports import EngineAnswer


class Scripted(BaseEngine):
    """Plays a list of answers and errors, then answers for ever."""

    def __init__(self, *script: Exception | str) -> None:
        self.name = "scripted"
        self.script = list(script)
        self.calls = 0

    async def translate(self, text: str, source: str | None, target: str) -> EngineAnswer:
        self.calls += 1
        step = self.script.pop(0) if self.script else "好"
        if isinstance(step, Exception):
            raise step
        if step == "hang":
            await asyncio.Event().wait()
        return EngineAnswer(step)


class Clockwork:
    """Time that only passes when somebody sleeps."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


def guarded(engine: BaseEngine, clock: Clockwork, **settings: Any) -> GuardedEngine:
    return GuardedEngine(
        engine, EngineSettings(name="scripted", **settings), now=clock.now, sleep=clock.sleep, jitter=lambda: 0.5
    )


async def test_tries_again_after_a_short_wait() -> None:
    clock, engine = Clockwork(), Scripted(TryLater("server_error"), TryLater("server_error"))
    answer = await guarded(engine, clock, retries=2).translate("hi", "en", "zh")
    assert answer.text == "好"
    assert clock.slept == [0.3, 0.6]


async def test_jitter_spreads_the_waits() -> None:
    clock, engine = Clockwork(), Scripted(TryLater("server_error"))
    guard = GuardedEngine(engine, EngineSettings(name="scripted"), now=clock.now, sleep=clock.sleep, jitter=lambda: 1.0)
    await guard.translate("hi", "en", "zh")
    assert clock.slept == [pytest.approx(0.45)]


async def test_gives_up_after_its_retries() -> None:
    clock, engine = Clockwork(), Scripted(*[TryLater("server_error")] * 9)
    with pytest.raises(TryLater, match=r"^server_error$"):
        await guarded(engine, clock, retries=2).translate("hi", "en", "zh")
    assert engine.calls == 3


async def test_waits_as_long_as_the_server_asks_but_never_long() -> None:
    clock, engine = Clockwork(), Scripted(TryLater("rate_limited", after=1.5), TryLater("rate_limited", after=60))
    guard = guarded(engine, clock, retries=3)
    with pytest.raises(TryLater):
        await guard.translate("hi", "en", "zh")
    assert clock.slept == [1.5]
    with pytest.raises(TryLater, match=r"^circuit_open$") as caught:
        await guard.translate("hi", "en", "zh")
    assert caught.value.after == 60
    assert engine.calls == 2


async def test_refusals_are_not_retried() -> None:
    clock, engine = Clockwork(), Scripted(Refused("unsupported"))
    with pytest.raises(Refused):
        await guarded(engine, clock).translate("hi", "en", "zh")
    assert engine.calls == 1


async def test_a_hanging_engine_is_left() -> None:
    clock, engine = Clockwork(), Scripted("hang")
    with pytest.raises(TryLater, match=r"^timeout$"):
        await guarded(engine, clock, timeout=0.02, retries=0).translate("hi", "en", "zh")


async def test_circuit_opens_probes_once_and_closes() -> None:
    clock, engine = Clockwork(), Scripted(*[TryLater("server_error")] * 3)
    guard = guarded(engine, clock, retries=0, failures_to_rest=3, rest=30.0)
    for _ in range(3):
        with pytest.raises(TryLater, match=r"^server_error$"):
            await guard.translate("hi", "en", "zh")
    assert guard.health().state == "open"
    with pytest.raises(TryLater, match=r"^circuit_open$"):
        await guard.translate("hi", "en", "zh")
    assert engine.calls == 3

    clock.time += 31
    engine.script = ["hang"]
    probe = asyncio.create_task(guard.translate("hi", "en", "zh"))
    await asyncio.sleep(0)
    with pytest.raises(TryLater, match=r"^circuit_open$"):
        await guard.translate("hi", "en", "zh")
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe

    await guard.translate("hi", "en", "zh")
    assert guard.health().state == "ok"


async def test_a_failed_probe_opens_again_without_retries() -> None:
    clock, engine = Clockwork(), Scripted(*[TryLater("server_error")] * 3)
    guard = guarded(engine, clock, retries=5, failures_to_rest=1, rest=30.0)
    with pytest.raises(TryLater):
        await guard.translate("hi", "en", "zh")
    assert engine.calls == 1
    clock.time += 31
    with pytest.raises(TryLater, match=r"^server_error$"):
        await guard.translate("hi", "en", "zh")
    assert engine.calls == 2
    assert guard.health().state == "open"


async def test_a_failed_probe_after_a_long_wait_opens_again() -> None:
    clock, engine = Clockwork(), Scripted(TryLater("rate_limited", after=60), TryLater("server_error"))
    guard = guarded(engine, clock, retries=0, failures_to_rest=5)
    with pytest.raises(TryLater, match=r"^rate_limited$"):
        await guard.translate("hi", "en", "zh")
    clock.time += 61
    with pytest.raises(TryLater, match=r"^server_error$"):
        await guard.translate("hi", "en", "zh")
    with pytest.raises(TryLater, match=r"^circuit_open$"):
        await guard.translate("hi", "en", "zh")


async def test_a_probe_refused_for_its_text_closes_the_circuit() -> None:
    clock, engine = Clockwork(), Scripted(TryLater("server_error"), Refused("unsupported"))
    guard = guarded(engine, clock, retries=0, failures_to_rest=1, rest=30.0)
    with pytest.raises(TryLater):
        await guard.translate("hi", "en", "zh")
    clock.time += 31
    with pytest.raises(Refused):
        await guard.translate("hi", "en", "zh")
    assert guard.health().state == "failing"  # not open: the next text may be to its liking
    assert (await guard.translate("hi", "en", "zh")).text == "好"


async def test_a_wrong_key_rests_at_once_a_strange_text_does_not() -> None:
    clock, engine = Clockwork(), Scripted(Refused("unsupported"), Refused("bad_key"))
    guard = guarded(engine, clock)
    for reason in ("unsupported", "bad_key"):
        with pytest.raises(Refused, match=reason):
            await guard.translate("hi", "en", "zh")
    health = guard.health()
    assert (health.state, health.detail, health.failed) == ("open", "bad_key", 2)


async def test_calls_are_paced() -> None:
    clock, engine = Clockwork(), Scripted()
    guard = guarded(engine, clock, rate_per_second=2.0, timeout=8.0)
    for _ in range(4):
        await guard.translate("hi", "en", "zh")
    assert clock.slept == [0.5, 0.5, 0.5]


async def test_a_queue_longer_than_the_timeout_is_refused() -> None:
    clock, engine = Clockwork(), Scripted()
    guard = guarded(engine, clock, rate_per_second=0.1, timeout=5.0)
    await guard.translate("hi", "en", "zh")
    with pytest.raises(TryLater, match=r"^busy$"):
        await guard.translate("hi", "en", "zh")
    assert engine.calls == 1


async def test_health_tells_the_story() -> None:
    clock, engine = Clockwork(), Scripted("好", TryLater("server_error"))
    guard = guarded(engine, clock, retries=0)
    assert guard.health().state == "unused"
    await guard.translate("hi", "en", "zh")
    assert (guard.health().state, guard.health().answered, guard.health().latency_ms) == ("ok", 1, 0.0)
    with pytest.raises(TryLater):
        await guard.translate("hi", "en", "zh")
    assert (guard.health().state, guard.health().detail) == ("failing", "server_error")


async def test_a_slow_engine_is_called_slow() -> None:
    clock = Clockwork()

    class Slow(Scripted):
        async def translate(self, text: str, source: str | None, target: str) -> EngineAnswer:
            clock.time += 5
            return await super().translate(text, source, target)

    guard = guarded(Slow(), clock, timeout=8.0)
    await guard.translate("hi", "en", "zh")
    assert (guard.health().state, guard.health().latency_ms) == ("slow", 5000.0)
