"""How fast a bot calls, on a clock of its own."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.telegram.limiter import LONGEST_WAIT, Limiter
from dialogs.errors import TryLater


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


def limiter() -> tuple[Limiter, Clock]:
    clock = Clock()
    return Limiter(clock=clock, sleep=clock.sleep), clock


async def test_a_short_burst_leaves_at_once_then_one_a_second() -> None:
    paced, clock = limiter()
    times = []
    for _ in range(6):
        await paced.admit(7001)
        times.append(round(clock.now - 1000, 2))
    assert times == [0, 0, 0, 1, 2, 3]


async def test_chats_do_not_wait_for_each_other() -> None:
    paced, clock = limiter()
    for chat in range(7000, 7005):
        await paced.admit(chat)
    assert clock.now == 1000


@given(st.lists(st.floats(0, 10), max_size=60))
@settings(max_examples=60, deadline=None)
def test_never_more_than_20_a_minute_in_a_group_and_30_a_second_in_all(pauses: list[float]) -> None:
    async def run() -> list[tuple[float, int]]:
        paced, clock = limiter()
        calls = []
        for number, pause in enumerate(pauses * 3):
            clock.now += pause
            chat = -1 if number % 2 else 7000 + number
            try:
                await paced.admit(chat)
            except TryLater:
                continue
            calls.append((clock.now, chat))
        return calls

    calls = asyncio.run(run())
    group = [at for at, chat in calls if chat == -1]
    for start in group:
        assert sum(start <= at < start + 59.99 for at in group) <= 20
    for start, _ in calls:
        assert sum(start <= at < start + 0.999 for at, _ in calls) <= 30


async def test_a_crowd_of_chats_shares_30_a_second() -> None:
    paced, clock = limiter()
    times = []
    for chat in range(100):
        await paced.admit(chat)
        times.append(clock.now)
    assert max(sum(start <= at < start + 0.999 for at in times) for start in times) in range(20, 31)


async def test_who_would_wait_too_long_is_told_when_to_come_again() -> None:
    paced, clock = limiter()
    for _ in range(10):  # five leave at once, the others after 4, 8, 12, 16 and 20 seconds
        await paced.admit(-1)
        clock.now = 1000  # everybody asks at the same moment
    with pytest.raises(TryLater) as caught:
        await paced.admit(-1)
    assert caught.value.after == pytest.approx(LONGEST_WAIT + 4)


async def test_without_waiting_it_is_now_or_later() -> None:
    paced, clock = limiter()
    for _ in range(3):
        await paced.admit(7001, wait=False)
    with pytest.raises(TryLater) as caught:
        await paced.admit(7001, wait=False)
    assert caught.value.after == pytest.approx(1.0)
    assert clock.now == 1000


async def test_a_halted_chat_is_left_alone_even_by_those_who_waited_already() -> None:
    clock = Clock()
    paced: Limiter

    async def sleep(seconds: float) -> None:
        clock.now += seconds
        paced.halt(7001, 60)  # told so by an earlier call while this one waits

    paced = Limiter(clock=clock, sleep=sleep)
    for _ in range(3):
        await paced.admit(7001)
    with pytest.raises(TryLater) as caught:
        await paced.admit(7001)
    assert caught.value.after == pytest.approx(60)
    await paced.admit(7002)


async def test_idle_chats_are_forgotten() -> None:
    paced, clock = limiter()
    for chat in range(10_000):
        paced._pace(chat).take(clock.now)
    clock.now += 10
    await paced.admit(1_000_000)
    assert Counter(paced._chats.keys()).total() == 1


async def test_after_a_halt_a_group_goes_on_without_a_burst() -> None:
    """Another process may be calling for it too: what was saved up here is gone."""
    paced, clock = limiter()
    paced.halt(-1, 30)
    with pytest.raises(TryLater) as caught:
        await paced.admit(-1)
    assert caught.value.after == pytest.approx(30)
    clock.now += 30
    times = []
    for _ in range(4):
        await paced.admit(-1)
        times.append(round(clock.now - 1030, 2))
    assert times == [0, 4, 8, 12]
