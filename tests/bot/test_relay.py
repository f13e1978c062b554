"""The relay: what changed in one process is told in the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import psycopg
import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from adapters.ports import Listener, Outcome
from bot import relay as relay_of
from bot.relay import Relay
from bot.store import Store
from tests.bot.engine.contract import until
from tests.bot.house import House

pytestmark = pytest.mark.postgres


@pytest.fixture
async def houses(postgres_database: str) -> AsyncIterator[tuple[House, House]]:
    """Two processes of one installation, as far as the feed and the inbox go."""
    async with AsyncExitStack() as stack:
        both = []
        for _ in range(2):
            store = await Store.open(postgres_database)
            stack.push_async_callback(store.close)
            house = House(store)
            relay = Relay(postgres_database, store=house.store, feed=house.feed, inbox=house.inbox)
            await stack.enter_async_context(relay.running())
            both.append(house)
        await _listening(postgres_database, 2)
        yield both[0], both[1]


async def _listening(url: str, count: int) -> None:
    """Wait until so many connections listen: what is told before is not heard."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        async with asyncio.timeout(10):
            while True:
                found = await conn.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE query = 'LISTEN heqi_changed' "
                    "AND datname = current_database()"
                )
                row = await found.fetchone()
                if row is not None and row[0] >= count:
                    return
                await asyncio.sleep(0.01)


async def _hears(listener: Listener, conversation_id: int) -> None:
    """It hears of this one; who was deaf for a while hears of the latest ones too."""
    async with asyncio.timeout(10):
        while conversation_id not in await listener.next():
            pass


async def test_a_change_is_told_everywhere(houses: tuple[House, House]) -> None:
    here, there = houses
    with here.feed.listen() as near, there.feed.listen() as far:
        here.feed.publish(7)
        here.feed.publish(8)
        assert await near.next() == {7, 8}
        async with asyncio.timeout(10):
            heard: set[int] = set()
            while heard < {7, 8}:
                heard |= await far.next()
    assert heard == {7, 8}


async def test_what_one_process_decides_is_told_to_who_waits_in_another(houses: tuple[House, House]) -> None:
    web, worker = houses
    accepted = await web.inbox.accept(web.event_of("hola", chat="relay"))  # this house never runs its engine
    waiting = asyncio.create_task(web.inbox.outcome(accepted.event_id))
    await until(lambda: web.inbox._waiting)
    await worker.start()
    await until(waiting.done)
    await worker.engine.stop()

    assert waiting.result().done


async def test_many_changes_are_told_in_pieces_and_none_is_forgotten(houses: tuple[House, House]) -> None:
    here, there = houses
    with there.feed.listen() as far:
        for number in range(10**9, 10**9 + 2_000):  # far more than one notification holds
            here.feed.publish(number)
        heard: set[int] = set()
        async with asyncio.timeout(20):
            while len(heard) < 2_000:
                heard |= await far.next()


async def test_a_connection_that_breaks_is_made_anew(
    houses: tuple[House, House], postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_of, "AGAIN", 0.01)
    here, there = houses
    with capture_logs() as logs, there.feed.listen() as far:
        async with await psycopg.AsyncConnection.connect(postgres_database, autocommit=True) as conn:
            await conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN heqi%' "
                "AND datname = current_database()"
            )
        await until(lambda: sum(line["event"] == "relay_interrupted" for line in logs) >= 2)
        await _listening(postgres_database, 2)
        here.feed.publish(9)
        await _hears(far, 9)


async def test_what_could_not_be_told_is_told_over_the_next_connection(
    houses: tuple[House, House], postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_of, "AGAIN", 0.01)
    here, there = houses
    with there.feed.listen() as far:
        here.feed.publish(1)
        await _hears(far, 1)
        async with await psycopg.AsyncConnection.connect(postgres_database, autocommit=True) as conn:
            await conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_notify%' "
                "AND datname = current_database()"
            )
        with capture_logs() as logs:
            here.feed.publish(2)
            await _hears(far, 2)
    assert [line["part"] for line in logs if line["event"] == "relay_interrupted"] == ["notify"]


async def test_a_store_that_cannot_answer_does_not_end_the_listening(
    houses: tuple[House, House], postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_of, "AGAIN", 0.01)
    here, there = houses
    accepted = await there.inbox.accept(there.event_of("hola", chat="away"))
    failures = [OperationalError("", None, Exception())]
    outcome = there.inbox._outcome

    async def look(event_id: int) -> Outcome | None:
        if failures:
            raise failures.pop()
        return await outcome(event_id)

    there.inbox._waiting[accepted.event_id].add(asyncio.get_running_loop().create_future())
    monkeypatch.setattr(there.inbox, "_outcome", look)
    with capture_logs() as logs:
        here.inbox.settled(accepted.event_id, Outcome(done=True))
        await until(lambda: any(line["event"] == "relay_interrupted" for line in logs))
    await _listening(postgres_database, 2)
    with there.feed.listen() as far:
        here.feed.publish(9)
        await _hears(far, 9)


async def test_who_was_deaf_looks_again_at_what_happened_last(
    houses: tuple[House, House], postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_of, "AGAIN", 0.01)
    here, there = houses
    here.feed.relay = None  # the hint gets lost
    accepted = await here.inbox.accept(here.event_of("hola", chat="deaf"))
    with there.feed.listen() as far:
        async with await psycopg.AsyncConnection.connect(postgres_database, autocommit=True) as conn:
            await conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN heqi%' "
                "AND datname = current_database()"
            )
        await _hears(far, accepted.conversation_id)
