"""The wire: what an upload looks like, which way it goes, and what it never says."""

from __future__ import annotations

import asyncio
import logging

import aiohttp
import pytest
import telegram
from telegram.error import TelegramError
from telegram.request import RequestData

from adapters.telegram.errors import NotSent
from adapters.telegram.request import AiohttpRequest
from tests.adapters.telegram.conftest import Bot
from tests.servers.telegram import TOKEN, TelegramServer


async def test_parameters_arrive_as_they_were_given(server: TelegramServer, bot: Bot) -> None:
    keyboard = telegram.InlineKeyboardMarkup([[telegram.InlineKeyboardButton("采用", callback_data="a:1")]])
    sent = await bot.api.call(7001, lambda api: api.send_message(7001, "你好 \ud83d\ude00", reply_markup=keyboard))
    (call,) = server.of("sendMessage")
    assert call.params["text"].encode("utf-16", "surrogatepass").decode("utf-16") == "你好 😀"
    assert call.params["reply_markup"] == {"inline_keyboard": [[{"text": "采用", "callback_data": "a:1"}]]}
    assert sent.reply_markup == keyboard


async def test_an_upload_carries_all_parameters_and_the_bytes(server: TelegramServer, bot: Bot) -> None:
    content = bytes(range(256)) * 8000  # 2 MB: more than one write
    await bot.api.call(
        7001,
        lambda api: api.send_document(
            7001,
            telegram.InputFile(content, filename='发"票.pdf'),
            caption="你好",
            reply_parameters=telegram.ReplyParameters(5),
        ),
    )
    (call,) = server.of("sendDocument")
    assert call.files["document"][1] == content
    assert call.params["caption"] == "你好"
    assert call.params["reply_parameters"] == {"message_id": 5}


async def test_nothing_of_a_call_is_logged(server: TelegramServer, bot: Bot, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        server.fail("sendMessage", 200, mode="garbage")
        server.fail("sendMessage", 400, mode="garbage")
        for _ in range(2):
            with pytest.raises(TelegramError) as caught:
                await bot.api.bot.send_message(7001, "Hola Ana")
            assert TOKEN not in str(caught.value)
        await bot.api.bot.send_message(7001, "Hola Ana")
    assert caplog.text == ""


async def test_the_proxy_of_the_environment_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:7890")
    monkeypatch.setenv("NO_PROXY", "bot.internal.example")
    assert AiohttpRequest(api_url="https://api.telegram.org")._proxy == "http://127.0.0.1:7890"
    assert AiohttpRequest(api_url="http://api.telegram.org")._proxy is None
    assert AiohttpRequest(api_url="https://bot.internal.example")._proxy is None


async def test_a_proxy_that_is_not_there_means_nothing_was_sent(
    server: TelegramServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    request = AiohttpRequest(api_url=server.url)
    await request.initialize()
    with pytest.raises(NotSent):
        await request.do_request(f"{server.url}/bot{TOKEN}/getMe", "POST", RequestData())
    await request.shutdown()
    assert server.calls == []


async def test_waiting_for_a_free_connection_sends_nothing(
    server: TelegramServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.telegram.request.CONNECTIONS", 1)
    monkeypatch.setattr("adapters.telegram.request.CONNECT", 0.1)
    request = AiohttpRequest(api_url=server.url)
    await request.initialize()
    assert request._session is not None
    server.fail("getMe", mode="hang")
    held = request._session.post(f"{server.url}/bot{TOKEN}/getMe", timeout=aiohttp.ClientTimeout(total=30))
    task = asyncio.ensure_future(held.__aenter__())
    await server.called("getMe")
    with pytest.raises(NotSent):
        await request.do_request(f"{server.url}/bot{TOKEN}/sendMessage", "POST", RequestData())
    assert server.of("sendMessage") == []
    server.released.set()
    await task
    await request.shutdown()
