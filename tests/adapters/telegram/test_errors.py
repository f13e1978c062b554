"""What each answer of the Bot API becomes, through the real library over real HTTP."""

from __future__ import annotations

from typing import Any

import pytest
import telegram
from structlog.testing import capture_logs

from adapters.telegram.errors import Moved
from dialogs.errors import Ambiguous, HeqiError, Refused, TryLater, Unreachable, WindowClosed
from tests.adapters.telegram.conftest import Bot
from tests.servers.telegram import TOKEN, TelegramServer


async def failing(bot: Bot, chat: int = 7001) -> HeqiError:
    with pytest.raises(HeqiError) as caught:
        await bot.api.call(chat, lambda api: api.send_message(chat, "Hola Ana"))
    assert "Ana" not in str(caught.value)
    assert TOKEN not in repr(caught.value)
    # Nor where a trace would show it.
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return caught.value


@pytest.mark.parametrize(
    ("description", "reason"),
    [
        ("message thread not found", "thread_not_found"),
        ("TOPIC_DELETED", "thread_not_found"),
        ("TOPIC_CLOSED", "topic_closed"),
        ("message is not modified: specified new message content …", "not_modified"),
        ("message to edit not found", "message_not_found"),
        ("message to be replied not found", "message_not_found"),
        ("can't parse entities: Unsupported start tag", "cannot_parse"),
        ("chat not found", "chat_not_found"),
        ("query is too old and response timeout expired or query ID is invalid", "query_too_old"),
        ("not enough rights to create a topic", "no_rights"),
        ("need administrator rights in the channel chat", "no_rights"),
        ("message is too long", "too_long"),
        ("business connection not found", "business_disconnected"),
        ("PHOTO_INVALID_DIMENSIONS", "bad_photo"),
        ("something nobody knows about Ana", "bad_request"),
    ],
)
async def test_a_bad_request_is_final_and_has_a_reason(
    server: TelegramServer, bot: Bot, description: str, reason: str
) -> None:
    server.fail("sendMessage", 400, f"Bad Request: {description}")
    error = await failing(bot)
    assert type(error) is Refused
    assert error.reason == reason


async def test_outside_the_24_hours_of_a_business_chat_the_window_is_closed(server: TelegramServer, bot: Bot) -> None:
    server.fail("sendMessage", 400, "Bad Request: BUSINESS_PEER_USAGE_MISSING")
    assert isinstance(await failing(bot), WindowClosed)


@pytest.mark.parametrize(
    ("failure", "kind", "reason"),
    [
        ({"status": 403, "description": "Forbidden: bot was blocked by the user"}, Unreachable, "blocked"),
        ({"status": 401, "description": "Unauthorized"}, TryLater, "bad_token"),
        ({"status": 404, "description": "Not Found"}, TryLater, "bad_token"),
        ({"status": 409, "description": "Conflict: terminated by other getUpdates request"}, TryLater, "conflict"),
        ({"status": 413, "description": "Request Entity Too Large"}, Refused, "too_big"),
        ({"status": 429, "description": "Too Many Requests"}, TryLater, "rate_limited"),
        ({"status": 500, "description": "Internal Server Error"}, Ambiguous, "server_error"),
        ({"status": 502, "mode": "garbage"}, Ambiguous, "server_error"),
        ({"status": 200, "mode": "garbage"}, Ambiguous, "malformed_answer"),
        ({"status": 400, "mode": "garbage"}, Refused, "bad_request"),
        ({"status": 200, "mode": "half"}, Ambiguous, "connection_lost"),
        ({"status": 200, "mode": "close"}, Ambiguous, "connection_lost"),
    ],
)
async def test_every_other_answer(
    server: TelegramServer, bot: Bot, failure: dict[str, Any], kind: type[HeqiError], reason: str
) -> None:
    server.fail("sendMessage", **failure)
    error = await failing(bot)
    assert type(error) is kind
    assert str(error) == reason


async def test_a_flood_answer_halts_its_chat_and_no_other(server: TelegramServer, bot: Bot) -> None:
    server.fail("sendMessage", 429, "Too Many Requests: retry after 37", retry_after=37)
    error = await failing(bot)
    assert isinstance(error, TryLater)
    assert error.after == 37
    again = await failing(bot)
    assert isinstance(again, TryLater)
    assert again.after is not None
    assert 30 < again.after <= 37
    assert len(server.of("sendMessage")) == 1  # the second was not even tried
    await bot.api.call(7002, lambda api: api.send_message(7002, "Hola"))
    assert server.sent(7002) == ["Hola"]


async def test_a_group_that_became_a_supergroup_tells_its_new_id(server: TelegramServer, bot: Bot) -> None:
    server.fail("sendMessage", 400, "Bad Request: group chat was upgraded", migrate_to=-1003000000003)
    error = await failing(bot, -500)
    assert isinstance(error, Moved)
    assert error.new_chat_id == -1003000000003


async def test_nothing_was_sent_when_there_is_no_connection(server: TelegramServer, bot: Bot) -> None:
    await bot.api.stop()
    error = await failing(bot)
    assert isinstance(error, TryLater)


async def test_a_closed_port_is_no_connection(make_bot: Any) -> None:
    bot = make_bot(api_url="http://127.0.0.1:9")
    with capture_logs() as logs:
        await bot.api.start()  # not fatal
    assert logs == [{"event": "telegram_start", "account": "tg", "error": "no_connection", "log_level": "warning"}]
    assert bot.api.me.id == 123456789  # known from the token
    error = await failing(bot)
    assert isinstance(error, TryLater)
    assert error.reason == "no_connection"
    await bot.api.stop()


async def test_silence_is_ambiguous(server: TelegramServer, bot: Bot) -> None:
    server.fail("sendMessage", mode="hang")
    with pytest.raises(Ambiguous, match="timeout"):
        await bot.api.call(7001, lambda api: api.send_message(7001, "Hola", read_timeout=0.2))


async def test_an_answer_of_another_shape_is_ambiguous(server: TelegramServer, bot: Bot) -> None:
    async def wrong(api: telegram.Bot) -> Any:
        return await api._request[1].post(f"{api.base_url}/getMe/../nothing")

    with pytest.raises(HeqiError):
        await bot.api.call(None, wrong)
    server.chats[5] = {"id": 5}  # getChat without what must be there
    with pytest.raises(Ambiguous, match="malformed_answer"):
        await bot.api.call(None, lambda api: api.get_chat(5))


async def test_a_refused_token_is_told_until_it_is_accepted(server: TelegramServer, bot: Bot) -> None:
    assert bot.api.problems() == {}
    server.fail("sendMessage", 401, "Unauthorized")
    await failing(bot)
    assert set(bot.api.problems()) == {"token"}
    await bot.api.call(7001, lambda api: api.send_message(7001, "Hola"))
    assert bot.api.problems() == {}
