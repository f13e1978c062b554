"""Long polling against a real server: nothing is lost, whatever fails."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs
from telegram import Update

from adapters.counts import counted
from adapters.telegram.updates import ALLOWED
from dialogs.errors import Malformed, TryLater
from dialogs.events import BuyerWrote, Event
from tests.adapters.around import Around
from tests.adapters.telegram.conftest import ACCOUNT, Bot
from tests.servers.telegram import TOKEN, TelegramServer

MakeBot = Callable[..., Bot]


def texts(around: Around) -> list[str]:
    return [event.body.text for event in around.inbox.events if isinstance(event.body, BuyerWrote)]


async def test_what_buyers_write_is_stored_and_then_confirmed(
    server: TelegramServer, make_bot: MakeBot, around: Around
) -> None:
    server.webhook = {"url": "https://old.example/hook"}
    server.buyer_says(7001, "Hola")  # waited while nobody received
    bot = make_bot()
    async with bot.running():
        server.buyer_says(7002, "Hello")
        await server.confirmed()
    assert sorted(texts(around)) == ["Hello", "Hola"]
    (drop,) = server.of("deleteWebhook")
    assert not drop.params.get("drop_pending_updates")
    first = server.of("getUpdates")[0].params
    assert tuple(first["allowed_updates"]) == ALLOWED
    assert bot.api.me.username == "heqi_store_bot"


async def test_nothing_is_confirmed_while_it_is_not_stored(
    server: TelegramServer, make_bot: MakeBot, around: Around
) -> None:
    around.inbox.failures.extend([OSError("disk full of Hola"), OSError("disk full"), None])
    bot = make_bot()
    number = server.buyer_says(7001, "Hola")["update_id"]
    with capture_logs() as logs:
        async with bot.running():
            await server.confirmed()
    assert texts(around) == ["Hola"]
    offsets = [int(call.params["offset"]) for call in server.of("getUpdates")]
    assert offsets[:3] == [0, number, number]
    assert offsets[3] == number + 1
    assert len([entry for entry in logs if entry["event"] == "update_not_stored"]) == 2
    assert "Hola" not in json.dumps(logs)
    assert bot.polling.problems() == {}


async def test_one_that_cannot_be_stored_holds_up_its_chat_only(
    server: TelegramServer, make_bot: MakeBot, around: Around
) -> None:
    seen: list[str] = []
    broken = True

    async def accept(event: Event) -> object:
        assert isinstance(event.body, BuyerWrote)
        if event.chat == "7001" and broken:
            raise OSError
        seen.append(event.body.text)
        return None

    around.inbox.accept = accept  # type: ignore[method-assign, assignment]
    bot = make_bot()
    server.buyer_says(7001, "one")
    server.buyer_says(7002, "other")
    server.buyer_says(7001, "two")
    async with bot.running():
        await server.called("getUpdates", 3)
        assert seen == ["other"]  # and once, although the batch came again
        assert set(bot.polling.problems()) == {"polling"}
        server.buyer_says(7003, "later")
        await server.called("getUpdates", 6)
        assert seen == ["other", "later"]
        broken = False
        await server.confirmed()
    assert seen == ["other", "later", "one", "two"]


async def test_chats_side_by_side_and_each_in_order(server: TelegramServer, make_bot: MakeBot, around: Around) -> None:
    begun = asyncio.Event()
    order: list[tuple[str | None, str]] = []

    async def accept(event: Event) -> object:
        assert isinstance(event.body, BuyerWrote)
        if event.chat == "7001":
            await begun.wait()  # until the other chat was served
        order.append((event.chat, event.body.text))
        begun.set() if event.chat == "7002" else None
        return None

    around.inbox.accept = accept  # type: ignore[method-assign, assignment]
    for number in range(5):
        server.buyer_says(7001, f"a{number}")
    server.buyer_says(7002, "b")
    async with make_bot().running():
        await server.confirmed()
    assert order == [("7002", "b"), *(("7001", f"a{number}") for number in range(5))]


async def test_after_a_restart_before_confirming_nothing_is_doubled(
    server: TelegramServer, make_bot: MakeBot, around: Around
) -> None:
    server.buyer_says(7001, "Hola")
    first = make_bot()
    await first.api.start()
    await first.polling._round()  # stored, and killed before the next question
    await first.api.stop()
    assert texts(around) == ["Hola"]
    assert server.pending
    async with make_bot().running():
        await server.confirmed()
    assert texts(around) == ["Hola"]


@pytest.mark.parametrize(
    ("failure", "trouble"),
    [
        ({"status": 409, "description": "Conflict: terminated by other getUpdates request"}, "conflict"),
        ({"status": 401, "description": "Unauthorized"}, "bad_token"),
        ({"status": 429, "description": "Too Many Requests: retry after 3", "retry_after": 3}, "rate_limited"),
        ({"status": 500, "description": "Internal Server Error"}, "server_error"),
        ({"status": 502, "mode": "garbage"}, "server_error"),
        ({"mode": "half"}, "connection_lost"),
        ({"mode": "close"}, "connection_lost"),
        ({"status": 200, "mode": "garbage"}, "malformed_answer"),
    ],
)
async def test_whatever_the_platform_answers_receiving_goes_on(
    server: TelegramServer, make_bot: MakeBot, around: Around, failure: dict[str, object], trouble: str
) -> None:
    bot = make_bot()
    await bot.api.start()
    server.fail("getUpdates", times=3, **failure)  # type: ignore[arg-type]
    server.buyer_says(7001, "Hola")
    with capture_logs() as logs:
        async with bot.running():
            await server.confirmed()
    assert texts(around) == ["Hola"]
    assert [entry["error"] for entry in logs if entry["event"] == "telegram_polling"] == [trouble]
    assert TOKEN not in json.dumps(logs)
    least = {"conflict": 15.0, "bad_token": 60.0, "rate_limited": 3.0}.get(trouble, 0.5)
    assert len(bot.pauses) == 3
    assert bot.pauses == sorted(bot.pauses)
    assert bot.pauses[0] == least
    assert bot.polling.problems() == {}


async def test_what_keeps_it_from_receiving_is_told(server: TelegramServer, make_bot: MakeBot) -> None:
    bot = make_bot()
    server.fail("getUpdates", 409, "Conflict: terminated by other getUpdates request", times=10_000)
    async with bot.running():
        await server.called("getUpdates", 3)
        assert "另一个程序" in bot.polling.problems()["polling"]
        assert len(server.of("deleteWebhook")) >= 2  # somebody may have set one


async def test_a_refused_token_is_the_apis_to_tell(server: TelegramServer, make_bot: MakeBot) -> None:
    bot = make_bot()
    server.fail("getUpdates", 401, "Unauthorized", times=10_000)
    async with bot.running():
        await server.called("getUpdates", 3)
        assert bot.polling.problems() == {}
        assert set(bot.api.problems()) == {"token"}


async def test_telegram_may_be_away_at_the_start(server: TelegramServer, make_bot: MakeBot, around: Around) -> None:
    server.fail("getMe", 500, times=2)
    server.buyer_says(7001, "Hola")
    bot = make_bot()
    with capture_logs():
        async with bot.running():
            await server.confirmed()
    assert texts(around) == ["Hola"]
    assert bot.api.me.username == "heqi_store_bot"


async def test_what_is_no_update_is_counted_and_passed(
    server: TelegramServer, make_bot: MakeBot, around: Around
) -> None:
    before = counted(ACCOUNT, "malformed")
    server.push(message={"message_id": "x", "text": ["?"]})
    server.buyer_says(7001, "Hola")
    async with make_bot().running():
        await server.confirmed()
    assert texts(around) == ["Hola"]
    assert counted(ACCOUNT, "malformed") == before + 1


async def test_an_edit_of_what_nobody_knows_is_passed_but_a_message_never(
    server: TelegramServer, make_bot: MakeBot, around: Around
) -> None:
    before = counted(ACCOUNT, "unknown_message")
    message = server.buyer_says(7001, "Hola")["message"]
    server.pending.clear()
    server.push(edited_message={**message, "edit_date": message["date"] + 1, "text": "Hola!"})
    around.inbox.failures.append(Malformed("of"))
    async with make_bot().running():
        await server.confirmed()
        assert counted(ACCOUNT, "unknown_message") == before + 1
        around.inbox.failures.append(Malformed("account"))
        server.buyer_says(7001, "dos")
        await server.confirmed()
    assert texts(around) == ["dos"]


async def test_the_desk_is_asked_first_and_its_faults_never_cost_a_buyers_message(
    server: TelegramServer, make_bot: MakeBot, around: Around
) -> None:
    asked: list[str] = []
    later = [True]

    async def team(update: Update) -> bool:
        text = update.message.text if update.message else ""
        asked.append(str(text))
        if text == "fault":
            raise KeyError("a fault of the desk")
        if text == "later" and later:
            later.pop()
            raise TryLater("unreachable")
        return text == "/desk token"

    bot = make_bot(team=team)
    for text in ("/desk token", "fault", "later", "Hola"):
        server.buyer_says(7001, text)
    with capture_logs():
        async with bot.running():
            await server.confirmed()
    assert texts(around) == ["fault", "later", "Hola"]
    assert asked == ["/desk token", "fault", "later", "later", "Hola"]


async def test_a_slow_platform_is_waited_for(server: TelegramServer, make_bot: MakeBot, around: Around) -> None:
    server.latency = 0.2
    server.buyer_says(7001, "Hola")
    async with make_bot().running():
        await server.confirmed()
    assert texts(around) == ["Hola"]
