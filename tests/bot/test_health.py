"""What is not well is told in words, and only what another process would do better takes a process out of service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from adapters.ports import EngineHealth
from bot import health as health_module
from bot.health import Health, Limits
from bot.neighbours import Neighbours
from bot.store import Store, leases
from bot.store.backlog import backlog
from dialogs.errors import Refused, TryLater
from dialogs.events import BuyerWrote
from tests.bot.house import ACCOUNT, House
from tests.servers.postgres import PostgresServer


class Time:
    """Monotonic seconds that stand until they are moved."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Engines:
    """No engine of the shop ``main`` works."""

    def health(self) -> tuple[EngineHealth, ...]:
        return (EngineHealth(name="google", state="open"),)

    def down(self) -> tuple[str, ...]:
        return ("main",)


def health_of(house: House, **more: object) -> Health:
    return Health(house.store, house.clock, house.boards, {ACCOUNT: house.channel}, fresh=0.0, **more)


async def test_a_house_in_order_has_nothing_to_tell(house: House) -> None:
    await house.buyer("hola")
    report = await health_of(house).problems()
    assert (report.problems, report.warnings) == ({}, {})


async def test_events_nobody_works_on_are_a_warning_with_number_and_age(house: House) -> None:
    await house.engine.stop()
    for text_ in ("eins", "zwei"):
        await house.inbox.accept(house.event(BuyerWrote(text=text_), chat="ana"))
    house.clock.advance(seconds=100)
    health = health_of(house)
    assert "inbox" not in (await health.problems()).warnings
    house.clock.advance(seconds=200)
    report = await health.problems()
    assert report.problems == {}
    assert "2 events wait, the oldest 300 s" in report.warnings["inbox"]
    assert "inbox" not in (await health_of(house, limits=Limits(lag=timedelta(hours=1))).problems()).warnings


async def test_an_event_that_waits_for_its_next_attempt_is_late_from_then_on(house: House) -> None:
    house.manager.failures.append(RuntimeError())
    await house.buyer("hola")  # fails, is tried again in a second
    await house.engine.stop()
    found = await house.store.read(lambda conn: backlog(conn, now=house.clock.now(), with_leases=False, told_by=""))
    assert found.inbox.count == 0
    house.clock.advance(seconds=11)
    later = await house.store.read(lambda conn: backlog(conn, now=house.clock.now(), with_leases=False, told_by=""))
    assert (later.inbox.count, later.inbox.lag(house.clock.now())) == (1, 10.0)


async def test_a_platform_that_says_later_is_named_with_its_account(house: House) -> None:
    accepted = await house.buyer("hola")
    house.channel.failures.append(TryLater("down", after=10.0))
    await house.choose(accepted.conversation_id, "你好")
    await house.engine.stop()
    house.clock.advance(minutes=5)
    report = await health_of(house).problems()
    assert report.problems == {}
    assert ACCOUNT in report.warnings["outbox"]
    assert "1 deliveries wait" in report.warnings["outbox"]


async def test_failures_count_for_ten_minutes(house: House) -> None:
    accepted = await house.buyer("hola")
    for number in range(3):
        house.channel.failures.append(Refused("no"))
        await house.choose(accepted.conversation_id, f"你好 {number}")
    assert "deliveries" not in (await health_of(house).problems()).warnings
    few = health_of(house, limits=Limits(failures=3))
    assert "3 deliveries failed" in (await few.problems()).warnings["deliveries"]
    house.clock.advance(minutes=11)
    assert "deliveries" not in (await few.problems()).warnings


async def test_parked_turns_are_told_and_stay_counted(house: House) -> None:
    house.manager.failures.extend([RuntimeError()] * 3)
    await house.buyer("hola")
    await house.later(seconds=2)
    await house.later(seconds=6)
    health = health_of(house, limits=Limits(failures=1))
    assert "1 turns were parked" in (await health.problems()).warnings["turns"]
    house.clock.advance(hours=1)
    report = await health.problems()
    assert "turns" not in report.warnings
    assert report.backlog is not None
    assert report.backlog.parked == 1


async def test_channels_and_engines_are_warnings(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house.channel, "problems", lambda: {"token": "refused"})
    health = health_of(house, engines=Engines(), own=lambda: {"schema": "newer"})
    report = await health.problems()
    assert report.problems == {}
    assert report.warnings.keys() == {f"{ACCOUNT}.token", "engines.main", "schema"}
    assert health.local().keys() == {f"{ACCOUNT}.token", "engines.main"}


async def test_a_full_disk_is_a_problem_and_a_nearly_full_one_a_warning(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    health = health_of(house, folder=tmp_path)
    for free, problems, warnings in ((10**10, 0, 0), (9 * 10**8, 0, 1), (10**6, 1, 0)):
        monkeypatch.setattr(health_module.shutil, "disk_usage", lambda _, free=free: SimpleNamespace(free=free))
        report = await health.problems()
        assert (len(report.problems), len(report.warnings)) == (problems, warnings)
    assert "1 MB left" in report.problems["disk"]


# ---- a database that is away -----------------------------------------------------------------------------------------


async def test_a_database_that_does_not_answer_is_a_problem_within_the_limit_and_is_asked_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health_module, "ANSWER", 0.05)
    asked, let_go, read = 0, asyncio.Event(), house.store.read

    async def hanging(work: object) -> object:
        nonlocal asked
        asked += 1
        await let_go.wait()
        return await read(work)

    monkeypatch.setattr(house.store, "read", hanging)
    health = health_of(house)
    for _ in range(3):
        report = await health.problems()
        assert report.problems.keys() == {"database"}
        assert report.backlog is None
    assert asked == 1
    let_go.set()
    while (await health.problems()).problems:
        await asyncio.sleep(0)


@pytest.fixture
async def broken(house: House) -> AsyncIterator[House]:
    """The database has lost a table, as after a restore that went wrong."""
    await house.engine.stop()
    await house.store.write(lambda conn: conn.execute(text("ALTER TABLE events RENAME TO gone")) and None)
    yield house
    await house.store.write(lambda conn: conn.execute(text("ALTER TABLE gone RENAME TO events")) and None)


async def test_a_database_that_cannot_be_used_is_a_problem(broken: House) -> None:
    report = await health_of(broken).problems()
    assert "is it running?" in report.problems["database"]


async def test_a_report_is_good_for_a_moment(house: House) -> None:
    time = Time()
    health = Health(house.store, house.clock, house.boards, {}, now=time)
    first = await health.problems()
    assert await health.problems() is first
    time.seconds = 2.5
    assert await health.problems() is not first


# ---- several processes -----------------------------------------------------------------------------------------------


@pytest.mark.postgres
async def test_a_lease_nobody_takes_over_is_told(postgres_server: PostgresServer) -> None:
    store = await Store.open(postgres_server.new_database(), alone=False)
    house, time = House(store), Time()
    health = health_of(house, neighbours=Neighbours(store), now=time)
    take = {"owner": "one", "length": timedelta(minutes=1)}
    await store.write(lambda conn: leases.take(conn, "recovery", **take))
    await store.write(lambda conn: leases.take(conn, "receive:bot", owner="one", length=timedelta(seconds=-5)))
    assert (await health.problems()).warnings == {}  # another process may be about to take it
    time.seconds = 31
    assert (await health.problems()).warnings.keys() == {"lease.receive:bot"}
    await store.write(lambda conn: leases.take(conn, "receive:bot", **take))
    await store.write(lambda conn: leases.give(conn, "recovery", owner="one"))
    assert (await health.problems()).warnings == {}
    time.seconds = 62
    assert (await health.problems()).warnings.keys() == {"lease.recovery"}  # no worker is left
    await store.close()


async def test_a_neighbour_s_problems_are_told_while_it_lives(house: House) -> None:
    time = Time()
    other, mine = Neighbours(house.store), Neighbours(house.store, now=time)
    # SQLite has no leases; who tells what is the same on both databases.
    rows = lambda: house.store.read(  # noqa: E731
        lambda conn: backlog(conn, now=house.clock.now(), with_leases=False, told_by=":processes").told
    )
    await other.tell({"bot.token": "refused"})
    assert mine.read(await rows()) == {"bot.token": "refused"}
    assert other.read(await rows()) == {}  # it knows its own
    time.seconds = 49
    assert mine.read(await rows()) == {"bot.token": "refused"}
    await other.tell({"bot.token": "refused"})
    assert mine.read(await rows()) == {"bot.token": "refused"}
    time.seconds = 98
    assert mine.read(await rows()) == {"bot.token": "refused"}
    await mine.forget_dead()
    time.seconds = 100
    assert mine.read(await rows()) == {}
    await mine.forget_dead()
    assert await rows() == {}
    await other.tell({"bot.token": "refused"})
    await other.tell({})
    assert await rows() == {}
