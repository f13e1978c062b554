"""What was left behind is found by its rows: by the only process, and among many."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import text

from bot import schema_watch
from bot.engine.distributed import DistributedEngine
from bot.engine.sweep import left_behind
from bot.lanes import board_lane, conversation_lane
from bot.recovery import Sweep
from bot.schema_watch import SchemaWatch
from bot.store import Store, clocks, showings
from dialogs.messages import ClockSet
from tests.bot.engine.contract import until
from tests.bot.house import House

LONG = timedelta(minutes=1)
_SET = text("UPDATE events SET state = :state WHERE conversation_id = :conversation")


@pytest.fixture
def house(store: Store) -> House:
    """A house nobody works in: what is accepted stays open."""
    return House(store)


@pytest.fixture
async def shared(postgres_database: str) -> AsyncIterator[House]:
    """The same on a database that several processes share."""
    async with await psycopg.AsyncConnection.connect(postgres_database) as conn:
        await conn.execute(
            "TRUNCATE contacts, conversations, procrastinate_jobs, procrastinate_workers RESTART IDENTITY CASCADE"
        )
    store = await Store.open(postgres_database)
    yield House(store)
    await store.close()


@pytest.fixture
async def engine(shared: House, postgres_database: str) -> AsyncIterator[DistributedEngine]:
    """An engine on that database."""
    built = DistributedEngine(postgres_database, shared.clock)
    await built.open()
    yield built
    await built.stop()


@pytest.mark.postgres
class TestSweep:
    """Among many processes."""

    async def test_finds_every_kind_of_open_row_that_is_due(self, shared: House) -> None:
        house, store, now = shared, shared.store, shared.clock.now()
        talked = (await house.inbox.accept(house.event_of("hola", chat="ana"))).conversation_id
        rung = (await house.inbox.accept(house.event_of("hola", chat="ben"))).conversation_id
        await store.write(lambda conn: conn.execute(text("UPDATE events SET state = 'done'")).rowcount)
        await store.write(lambda conn: conn.execute(_SET, {"conversation": talked, "state": "open"}).rowcount)
        await store.write(lambda conn: clocks.start(conn, rung, ClockSet(kind="response", due=now - LONG)))
        await store.write(lambda conn: clocks.start(conn, talked, ClockSet(kind="response", due=now + LONG)))
        await store.write(lambda conn: showings.want(conn, ("slack",), rung, now=now))

        assert await store.read(lambda conn: left_behind(conn, now=now)) == [conversation_lane(rung)]
        found = await store.read(lambda conn: left_behind(conn, now=now + timedelta(seconds=10)))
        assert sorted(found) == sorted([conversation_lane(talked), conversation_lane(rung), board_lane("slack", rung)])

    async def test_wakes_them_once(self, shared: House, engine: DistributedEngine) -> None:
        house = shared
        accepted = await house.inbox.accept(house.event_of("hola", chat="ana"))
        house.clock.advance(minutes=1)
        sweep = Sweep(house.store, engine, house.clock)
        await sweep.once()
        await until(lambda: engine._storing is None)
        assert await house.store.read(lambda conn: left_behind(conn, now=house.clock.now())) == []
        await engine.run(house.worker.drain)
        await engine.drain()

        assert (await house.inbox.outcome(accepted.event_id)).done

    async def test_wakes_what_stays_as_it_is_less_and_less_often(
        self, shared: House, engine: DistributedEngine
    ) -> None:
        house, calls = shared, []

        async def waits_for_its_platform(lane: str) -> None:
            calls.append(lane)

        await house.inbox.accept(house.event_of("hola", chat="ana"))
        house.clock.advance(minutes=1)
        sweep = Sweep(house.store, engine, house.clock)
        await engine.run(waits_for_its_platform)
        looks = []
        for look in range(1, 49):
            before = len(calls)
            await sweep.once()
            await engine.drain()
            if len(calls) > before:
                looks.append(look)

        assert looks == [1, 2, 4, 8, 16, 32, 48]


@pytest.mark.postgres
async def test_a_process_stops_working_when_a_newer_version_upgraded_the_database(
    shared: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = shared.store
    monkeypatch.setattr(schema_watch, "EVERY", 0.01)
    stopped = []

    async def stop() -> None:
        stopped.append(True)

    watch = SchemaWatch(store)
    assert watch.problems() == {}
    await store.write(lambda conn: conn.execute(text("UPDATE alembic_version SET version_num = '9999'")).rowcount)
    try:
        await watch.run(stop)
    finally:
        await store.write(
            lambda conn: (
                conn.execute(
                    text("UPDATE alembic_version SET version_num = :head"), {"head": schema_watch.HEAD}
                ).rowcount
            )
        )

    assert stopped == [True]
    assert "9999" in watch.problems()["schema"]


async def test_the_only_process_wakes_what_is_open_and_sets_the_clocks_that_run_out_soon(house: House) -> None:
    accepted = await house.inbox.accept(house.event_of("hola", chat="ana"))
    fresh = House(house.store, clock=house.clock)
    soon, late = house.clock.now() + LONG, house.clock.now() + timedelta(hours=1)
    other = (await house.inbox.accept(house.event_of("hola", chat="ben"))).conversation_id
    await house.store.write(lambda conn: conn.execute(_SET, {"conversation": other, "state": "done"}).rowcount)
    await house.store.write(lambda conn: clocks.start(conn, other, ClockSet(kind="response", due=soon)))
    await house.store.write(
        lambda conn: clocks.start(conn, accepted.conversation_id, ClockSet(kind="response", due=late))
    )
    await fresh.recovery.once()

    assert list(fresh.engine._waiting) == [conversation_lane(accepted.conversation_id)]
    assert fresh.engine._timers._due == {conversation_lane(other): soon}
