"""Clocks: each rings once, in its conversation's lane, unless it was stopped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.clocks import SystemClock, ring
from bot.store import Store
from dialogs.events import BuyerWrote
from tests.bot.house import House
from tests.fakes import NOON


def _rang(house: House) -> int:
    return [what for what, _ in house.manager.seen].count("clock")


async def test_a_clock_rings_once_after_its_time(house: House) -> None:
    accepted = await house.buyer("hola")
    await house.later(minutes=4)
    assert _rang(house) == 0
    await house.later(minutes=1)
    await house.later(minutes=30)
    view = await house.view(accepted.conversation_id)

    assert _rang(house) == 1
    assert view.row.flags == ("overdue",)
    assert view.row.due == NOON + timedelta(minutes=5)  # what ran out stays on top of the list


async def test_an_answer_stops_the_clock(house: House) -> None:
    accepted = await house.buyer("hola")
    await house.choose(accepted.conversation_id, "好")
    await house.later(hours=1)

    assert _rang(house) == 0
    assert (await house.view(accepted.conversation_id)).row.due is None


async def test_an_answer_that_came_first_silences_a_clock_that_rang_meanwhile(store: Store) -> None:
    house = House(store)
    await house.start()
    accepted = await house.buyer("hola")
    await house.engine.stop()

    late = House(store, clock=house.clock)
    house.clock.advance(minutes=6)
    await late.inbox.accept(late.choice_of(accepted.conversation_id, "好", external_id="late-1"))
    await store.write(lambda conn: ring(conn, accepted.conversation_id, {}, now=house.clock.now()))
    await late.start()
    await late.settle()
    await late.engine.stop()

    assert _rang(late) == 0
    assert late.channel.texts == ["ES:好"]


async def test_a_clock_that_was_replaced_does_not_ring(house: House) -> None:
    await house.buyer("hola")
    house.clock.advance(minutes=3)
    await house.buyer("¿hola?")
    await house.later(minutes=3)
    assert _rang(house) == 0
    await house.later(minutes=2)

    assert _rang(house) == 1


async def test_a_clock_that_ran_out_while_nobody_was_there_rings_at_the_start(store: Store) -> None:
    before = House(store)
    await before.start()
    await before.buyer("hola")
    await before.engine.stop()
    before.clock.advance(days=3)

    after = House(store, clock=before.clock)
    await after.start()
    await after.settle()
    await after.engine.stop()

    assert _rang(after) == 1


async def test_the_engine_wakes_the_lane_by_itself(store: Store) -> None:
    house = House(store, clock=SystemClock())
    await house.start()
    past = datetime.now(UTC) - timedelta(minutes=5) + timedelta(seconds=0.2)
    await house.inbox.accept(house.event(BuyerWrote(text="hola"), chat="ana", at=past))
    with house.feed.listen() as listener:
        while _rang(house) == 0:
            await listener.next()
    await house.engine.stop()

    assert _rang(house) == 1
