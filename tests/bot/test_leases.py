"""Leases: what only one process may do is done by one, and by another when that one is gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from bot import leases as leases_of
from bot.leases import Alone, Leases, Owns
from bot.store import Store, leases
from tests.bot.engine.contract import until

pytestmark = pytest.mark.postgres
SHORT = timedelta(seconds=0.6)


@pytest.fixture
async def store(postgres_database: str) -> AsyncIterator[Store]:
    """A store without leases."""
    opened = await Store.open(postgres_database)
    await opened.write(lambda conn: conn.execute(text("DELETE FROM leases")).rowcount)
    yield opened
    await opened.close()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases_of, "LENGTH", SHORT)
    monkeypatch.setattr(leases_of, "RENEW", 0.1)
    monkeypatch.setattr(leases_of, "FENCE", 0.4)


class Receiver:
    """What one process may do at a time; ``inside`` counts who does."""

    def __init__(self) -> None:
        self.inside: list[str] = []
        self.most = 0

    async def work(self, name: str) -> None:
        self.inside.append(name)
        self.most = max(self.most, len(self.inside))
        try:
            await asyncio.Event().wait()
        finally:
            self.inside.remove(name)


@asynccontextmanager
async def held(owner: Owns, receiver: Receiver, name: str) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(owner.hold("receive:shop", lambda: receiver.work(name)))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait({task})


async def test_one_owner_at_a_time_and_another_when_it_stops(store: Store) -> None:
    receiver = Receiver()
    async with held(Leases(store), receiver, "second" if receiver.inside else "first") as first:
        await until(lambda: receiver.inside == ["first"])
        async with held(Leases(store), receiver, "second"):
            await asyncio.sleep(0.5)
            assert receiver.inside == ["first"]
            first.cancel()
            await until(lambda: receiver.inside == ["second"])
    assert receiver.most == 1


async def test_a_dead_owner_is_followed_when_its_lease_ends(store: Store) -> None:
    receiver = Receiver()
    assert await store.write(lambda conn: leases.take(conn, "receive:shop", owner="dead", length=SHORT))
    async with held(Leases(store), receiver, "second"):
        await asyncio.sleep(0.2)
        assert receiver.inside == []
        await until(lambda: receiver.inside == ["second"])


async def test_an_owner_that_cannot_renew_stops_before_another_begins(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver, owner = Receiver(), Leases(store)
    async with held(owner, receiver, "first"):
        await until(lambda: receiver.inside == ["first"])

        async def gone(_: object) -> None:
            raise OperationalError("", None, Exception())

        cut_off = Store.__new__(Store)
        monkeypatch.setattr(cut_off, "write", gone, raising=False)
        monkeypatch.setattr(owner, "_store", cut_off)
        async with held(Leases(store), receiver, "second"):
            await until(lambda: receiver.inside == ["second"])
    assert receiver.most == 1


async def test_an_owner_that_was_stopped_for_a_while_does_not_go_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver, slept = Receiver(), 0.0
    monkeypatch.setattr(leases_of, "monotonic", lambda: asyncio.get_running_loop().time() + slept)
    with capture_logs() as logs:
        async with held(Leases(store), receiver, "first"):
            await until(lambda: receiver.inside == ["first"])
            slept = 60.0
            await until(lambda: any(line["event"] == "lease_lost" for line in logs))


async def test_work_that_fails_is_begun_again_and_work_that_ends_is_not(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases_of, "back_off", lambda _: timedelta(seconds=0.01))
    for owner in (Leases(store), Alone()):
        calls: list[int] = []

        async def work(calls: list[int] = calls) -> None:
            calls.append(1)
            if len(calls) < 3:
                raise RuntimeError("the buyer's words")

        with capture_logs() as logs:
            async with asyncio.timeout(10):
                await owner.hold("receive:shop", work)

        assert len(calls) == 3
        assert [line["error"] for line in logs if line["event"] == "owner_failed"] == ["RuntimeError"] * 2
        assert "words" not in str(logs)
    assert await store.read(leases.held) == frozenset()


async def test_the_fence_does_not_wait_for_the_next_renewal(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases_of, "RENEW", 3600.0)
    receiver = Receiver()
    with capture_logs() as logs:
        async with held(Leases(store), receiver, "first"):
            await until(lambda: receiver.inside == ["first"])
            await until(lambda: receiver.inside == [])
    assert [line["event"] for line in logs] == ["lease_taken", "lease_lost"]


async def test_who_waits_for_a_lease_writes_nothing(store: Store) -> None:
    assert await store.write(lambda conn: leases.take(conn, "receive:shop", owner="first", length=timedelta(hours=1)))

    def refused(conn: Connection) -> int | None:
        assert not leases.take(conn, "receive:shop", owner="second", length=SHORT)
        written: int | None = conn.execute(text("SELECT pg_current_xact_id_if_assigned()::text::bigint")).scalar()
        return written

    assert await store.write(refused) is None
    assert await store.write(lambda conn: leases.take(conn, "receive:shop", owner="first", length=SHORT))


async def test_a_failure_after_steady_work_is_a_first_one(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases_of, "STEADY", 0.05)
    before: list[int] = []

    def back_off(failures: int) -> timedelta:
        before.append(failures)
        return timedelta(0)

    monkeypatch.setattr(leases_of, "back_off", back_off)
    calls: list[int] = []

    async def work() -> None:
        calls.append(1)
        if len(calls) == 3:
            await asyncio.sleep(0.1)
        if len(calls) < 5:
            raise RuntimeError

    await Leases(store).hold("receive:shop", work)

    assert before == [0, 1, 0, 1]
