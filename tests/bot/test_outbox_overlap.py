"""The outbox when a lane is cut short, and when two processes believe that a delivery is theirs."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from bot.store import Store, deliveries
from bot.store.schema import deliveries as table
from bot.store.schema import events as event_table
from dialogs.errors import Unreachable
from dialogs.events import Receipt
from dialogs.messages import Capabilities
from dialogs.messages import DeliveryState as State
from tests.bot.engine.contract import until
from tests.bot.house import ACCOUNT, House

LANE = f"chat:{ACCOUNT}:ana"
_STATES = select(table.c.state).order_by(table.c.id)
_FAILURES = select(func.count()).where(event_table.c.type == "delivery_failed")


async def _states(store: Store) -> list[str]:
    return await store.read(lambda conn: list(conn.execute(_STATES).scalars()))


async def _queued(store: Store, *texts: str) -> House:
    """A house whose seller has answered; nothing was sent yet."""
    house = House(store)

    async def turns_only(lane: str) -> None:
        if lane.startswith("conversation:"):
            await house.worker.drain(lane)

    await house.engine.run(turns_only)
    accepted = await house.buyer("hola")
    for words in texts:
        await house.choose(accepted.conversation_id, words)
    return house


@pytest.mark.parametrize("taking", [1, 2])
async def test_what_was_taken_by_a_lane_that_was_cut_short_is_sent_by_the_next(
    store: Store, monkeypatch: pytest.MonkeyPatch, taking: int
) -> None:
    house = await _queued(store, "一", "二")
    taken, go_on, calls = threading.Event(), threading.Event(), []
    take = deliveries.take

    def slow(conn: Connection, *args: Any, **kwargs: Any) -> bool:
        found = take(conn, *args, **kwargs)
        calls.append(found)
        if len(calls) == taking:
            taken.set()
            assert go_on.wait(10)
        return found

    monkeypatch.setattr(deliveries, "take", slow)
    draining = asyncio.create_task(house.outbox.drain(LANE))
    await until(taken.is_set)
    draining.cancel()
    await asyncio.wait({draining})
    go_on.set()
    await house.outbox.stored()
    assert await _states(store) == [[], [State.QUEUED] * 2, [State.SENT, State.QUEUED]][taking]
    await house.outbox.drain(LANE)
    await house.engine.stop()

    assert house.channel.texts == ["ES:一", "ES:二"]
    assert await _states(store) == [State.SENT] * 2


async def test_who_was_thought_dead_sends_no_further_part(store: Store) -> None:
    house = await _queued(store, "一二三四五六七八")
    house.channel.capabilities = Capabilities(text_limit=4)
    send, parts = house.channel.send, []

    async def overtaken(outgoing: Any) -> str:
        parts.append(outgoing.text)
        if len(parts) == 1:
            other = House(store, channel=house.channel)
            await store.write(lambda conn: other.outbox._take_next(conn, LANE, now=house.clock.now()))
        return await send(outgoing)

    house.channel.send = overtaken
    await house.outbox.drain(LANE)
    await house.engine.stop()

    assert len(parts) == 1
    assert await _states(store) == [State.AMBIGUOUS]


async def test_a_failure_is_told_once_by_who_may_tell_it(store: Store) -> None:
    house = await _queued(store, "一")

    async def overtaken(_: object) -> str:
        other = House(store, channel=house.channel)
        await store.write(lambda conn: other.outbox._take_next(conn, LANE, now=house.clock.now()))
        house.clock.advance(seconds=1)
        raise Unreachable("gone")

    house.channel.send = overtaken
    await house.outbox.drain(LANE)
    await house.engine.stop()
    counted = await store.read(lambda conn: conn.execute(_FAILURES).scalar_one())

    assert counted == 1
    assert await _states(store) == [State.AMBIGUOUS]


async def test_a_receipt_that_comes_while_the_answer_is_being_stored_counts(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = await _queued(store, "一")
    looked, go_on = threading.Event(), threading.Event()
    receipt = deliveries.receipt

    def slow(conn: Connection, *args: Any, **kwargs: Any) -> None:
        receipt(conn, *args, **kwargs)
        looked.set()
        go_on.wait(0.5)  # until the answer is stored, where it can be stored beside this

    async def told(_: object) -> str:
        monkeypatch.setattr(deliveries, "receipt", slow)
        await house.inbox.accept(house.event(Receipt(of="out-1", state=State.READ), chat="ana"))
        await until(looked.is_set)
        monkeypatch.setattr(deliveries, "receipt", receipt)
        return "out-1"

    house.channel.send = told
    await house.outbox.drain(LANE)
    go_on.set()
    await house.settle()
    await house.engine.stop()

    assert await _states(store) == [State.READ]
