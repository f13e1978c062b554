"""The watch tells of trouble once, keeps what it told up to date, and says when it is over."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from structlog.testing import capture_logs

from adapters.slack.api import Pace, SlackApi
from adapters.slack.operators import SlackOperators
from adapters.slack.settings import SlackSettings
from bot.health import Health, Report
from bot.neighbours import ACCOUNT as PROCESSES
from bot.neighbours import Neighbours
from bot.store import Store
from bot.store.states import StoredState
from bot.watch import ACCOUNT, Notice, Watch
from dialogs.errors import TryLater
from dialogs.events import BuyerWrote
from tests.bot.house import House
from tests.fakes import FakeClock
from tests.servers.slack import CHANNEL, SlackServer, slack_server

LATE = {"inbox": "3 个事件待处理 (3 events wait)"}
TOKEN = {"bot.token": "refused"}


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with slack_server() as server:
        server.add_channel(CHANNEL)
        yield server


@pytest.fixture
async def operators(slack: SlackServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SlackOperators]:
    monkeypatch.setenv("SLACK_BOT", slack.bot_token)
    monkeypatch.setenv("SLACK_APP", slack.app_token)
    settings = SlackSettings(
        channel=CHANNEL, bot_token_env="SLACK_BOT", app_token_env="SLACK_APP", api_url=f"{slack.url}/api"
    )
    api = SlackApi(settings, pace=Pace(every=0.0))
    await api.open()
    yield SlackOperators(api, CHANNEL)
    await api.close()


@dataclass
class Looking:
    """A notice that is looked at every 15 seconds of a clock that stands between them."""

    notice: Notice
    clock: FakeClock

    async def look(self, *looks: dict[str, str]) -> None:
        for reasons in looks:
            self.clock.advance(seconds=15)
            await self.notice.look(reasons)


@pytest.fixture
def looking(store: Store, operators: SlackOperators) -> Looking:
    clock = FakeClock()
    return Looking(Notice(operators, clock, StoredState(store, ACCOUNT)), clock)


async def test_one_message_from_the_beginning_to_the_end(looking: Looking, slack: SlackServer) -> None:
    await looking.look(LATE)
    assert slack.posts() == []  # once may be chance
    await looking.look(LATE, LATE, LATE)
    (post,) = slack.posts()
    assert "3 个事件待处理 (3 events wait)" in post["text"]
    await looking.look({}, LATE)
    assert slack.replies(post["ts"]) == []
    await looking.look({}, {}, {})
    (same,) = slack.posts()
    assert same["ts"] == post["ts"]
    assert same["text"].startswith("✅")
    (reply,) = slack.replies(post["ts"])
    assert "已恢复" in reply["text"]
    await looking.look(LATE, LATE)
    assert len(slack.posts()) == 2  # the next trouble is another message


async def test_what_joins_is_told_once_and_what_changes_is_updated(looking: Looking, slack: SlackServer) -> None:
    await looking.look(LATE, LATE)
    (post,) = slack.posts()
    for _ in range(3):  # comes and goes
        await looking.look(LATE | TOKEN, LATE)
    assert [("bot.token" in reply["text"]) for reply in slack.replies(post["ts"])] == [True]
    await looking.look({"inbox": "4 events wait"})
    assert "3 events" in slack.posts()[0]["text"]  # not every few seconds
    looking.clock.advance(minutes=1)
    await looking.look({"inbox": "5 events wait"})
    assert "5 events" in slack.posts()[0]["text"]
    assert len(slack.posts()) == 1


async def test_reminders_come_more_and_more_seldom(looking: Looking, slack: SlackServer) -> None:
    await looking.look(LATE, LATE)
    (post,) = slack.posts()
    heard = []
    for minute in range(1, 24 * 60):
        looking.clock.advance(seconds=45)
        before = len(slack.replies(post["ts"]))
        await looking.look(LATE)
        if len(slack.replies(post["ts"])) > before:
            heard.append(minute)
    assert heard == [15, 45, 105, 225, 465, 825, 1185]


async def test_another_process_goes_on_with_the_same_message(
    looking: Looking, operators: SlackOperators, store: Store, slack: SlackServer
) -> None:
    await looking.look(LATE, LATE)
    following = Notice(operators, looking.clock, StoredState(store, ACCOUNT))
    await following.load()
    for _ in range(2):
        await following.look(LATE)
    for _ in range(2):
        await following.look({})
    (post,) = slack.posts()
    assert post["text"].startswith("✅")
    await looking.notice.load()  # the first one again: it knows that it is over
    assert not looking.notice.is_open


@pytest.mark.parametrize("mode", ["lost", "close"])
async def test_a_post_without_an_answer_is_looked_for_before_it_is_posted_again(
    looking: Looking, slack: SlackServer, mode: str
) -> None:
    slack.fail("chat.postMessage", mode=mode)
    await looking.look(LATE, LATE)
    looking.clock.advance(minutes=5)
    await looking.look(LATE)
    assert len(slack.posts()) == 1
    await looking.look({}, {})
    assert slack.posts()[0]["text"].startswith("✅")


async def test_a_process_that_died_while_it_posted_does_not_post_twice(
    looking: Looking, operators: SlackOperators, store: Store, slack: SlackServer
) -> None:
    tell, state = operators.tell, StoredState(store, ACCOUNT)

    async def killed(*args: object, **kwargs: object) -> str:
        await tell(*args, **kwargs)
        raise asyncio.CancelledError

    operators.tell = killed
    with pytest.raises(asyncio.CancelledError):
        await looking.look(LATE, LATE)
    operators.tell = tell
    following = Notice(operators, looking.clock, state)
    await following.load()
    await following.look(LATE)
    assert len(slack.posts()) == 1


async def test_a_busy_place_is_asked_again_when_it_said() -> None:
    clock, asked = FakeClock(), []

    class Busy:
        async def tell(self, text: str, *, key: str, of: str = "", again: bool = False) -> str:
            asked.append(clock.now())
            raise TryLater("rate_limited", after=50.0)

    looking = Looking(Notice(Busy(), clock), clock)
    await looking.look(*[LATE] * 9)
    assert [(later - earlier).total_seconds() for earlier, later in pairwise(asked)] == [60.0]


async def test_a_channel_without_the_bot_is_logged_and_tried_again(looking: Looking, slack: SlackServer) -> None:
    slack.channels[CHANNEL]["is_member"] = False
    with capture_logs() as logs:
        await looking.look(LATE, LATE)
    assert [line["reason"] for line in logs if line["event"] == "alert_not_told"] == ["channel_not_joined"]
    slack.channels[CHANNEL]["is_member"] = True
    looking.clock.advance(minutes=5)
    await looking.look(LATE)
    assert len(slack.posts()) == 1


async def test_without_slack_it_is_a_line_in_the_log_for_each_change() -> None:
    looking = Looking(Notice(None, clock := FakeClock()), clock)
    with capture_logs() as logs:
        await looking.look(LATE, LATE, LATE, LATE | TOKEN, LATE | TOKEN, {}, {}, {})
    assert [(line["event"], line["log_level"], line["reasons"]) for line in logs] == [
        ("alert", "error", ["inbox: 3 个事件待处理 (3 events wait)"]),
        ("alert", "error", ["bot.token: refused", "inbox: 3 个事件待处理 (3 events wait)"]),
        ("alert_over", "info", ["inbox"]),
    ]


# ---- the watch -------------------------------------------------------------------------------------------------------


@dataclass
class Told:
    """A health that says what a test wants; ``looks`` counts."""

    report: Report = field(default_factory=Report)
    looks: int = 0

    async def problems(self) -> Report:
        self.looks += 1
        return self.report

    def local(self) -> dict[str, str]:
        return dict(TOKEN)

    async def looked(self, times: int) -> None:
        until = self.looks + times
        async with asyncio.timeout(20):
            while self.looks < until:
                await asyncio.sleep(0.002)


@pytest.fixture
def told() -> Told:
    return Told()


def watch_of(store: Store, told: Told, operators: SlackOperators | None, **more: object) -> Watch:
    return Watch(told, FakeClock(), operators=operators, state=StoredState(store, ACCOUNT), every=0.01, **more)


async def test_the_watch_posts_what_health_says(
    store: Store, told: Told, operators: SlackOperators, slack: SlackServer
) -> None:
    told.report = Report({"disk": "full"}, LATE)
    running = asyncio.create_task(watch_of(store, told, operators).run())
    await slack.called("chat.postMessage")
    (post,) = slack.posts()
    assert "disk" in post["text"]
    assert "inbox" in post["text"]
    told.report = Report()
    await slack.called("chat.postMessage", 2)
    running.cancel()


async def test_work_that_lies_open_reaches_the_operations_channel(
    store: Store, operators: SlackOperators, slack: SlackServer
) -> None:
    house = House(store)  # nobody works on its lanes
    health = Health(store, house.clock, house.boards, {}, fresh=0.0)
    await house.inbox.accept(house.event(BuyerWrote(text="WORDS"), chat="ana"))
    house.clock.advance(minutes=3)
    watch = Watch(health, house.clock, operators=operators, state=StoredState(store, ACCOUNT), every=0.01)
    running = asyncio.create_task(watch.run())
    await slack.called("chat.postMessage")
    await house.engine.run(house.worker.drain)
    await slack.called("chat.postMessage", 2)
    running.cancel()
    (post,) = slack.posts()
    assert post["text"].startswith("✅")
    assert "1 个事件待处理" in post["text"]
    assert "WORDS" not in json.dumps(slack.messages)
    await house.engine.stop()


async def test_who_watched_last_tells_of_a_database_that_is_gone(
    store: Store, told: Told, operators: SlackOperators, slack: SlackServer
) -> None:
    leader, other = watch_of(store, told, operators), watch_of(store, told, operators)
    async with leader.beside(), other.beside():
        running = asyncio.create_task(leader.run())
        await told.looked(6)
        running.cancel()  # the lease went with the database
        told.report = Report({"database": "gone"}, TOKEN)
        await slack.called("chat.postMessage")
        await told.looked(12)
        (post,) = slack.posts()
        assert "database" in post["text"]
        assert "bot.token" not in post["text"]
        told.report = Report()
        await slack.called("chat.postMessage", 2)
    assert len(slack.posts()) == 1
    assert len(slack.replies(post["ts"])) == 1


async def test_every_process_tells_the_others_what_only_it_sees(store: Store, told: Told) -> None:
    watch = watch_of(store, told, None, neighbours=Neighbours(store))
    async with watch.beside():
        await told.looked(3)
    (row,) = (await StoredState(store, PROCESSES).all()).values()
    assert json.loads(row)[1] == TOKEN


async def test_a_bug_in_what_is_asked_does_not_end_the_watch(store: Store, told: Told) -> None:
    problems, failures = told.problems, [RuntimeError("words")]

    async def sometimes() -> Report:
        if failures:
            raise failures.pop()
        return await problems()

    told.problems = sometimes
    with capture_logs() as logs:
        async with watch_of(store, told, None).beside():
            await told.looked(1)
    assert [(line["event"], line["error"]) for line in logs if line["log_level"] == "error"] == [
        ("owner_failed", "RuntimeError")
    ]
