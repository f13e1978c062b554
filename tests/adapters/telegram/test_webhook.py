"""The webhook behind a real web server: who may come in, what is stored, and what the door never does."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from structlog.testing import capture_logs

from adapters.counts import counted
from adapters.telegram.updates import ALLOWED
from adapters.telegram.webhook import LARGEST, Webhook, secret_of
from dialogs.events import BuyerWrote
from tests.adapters.memory_site import serve
from tests.adapters.telegram.conftest import ACCOUNT, Bot, fixture
from tests.servers.telegram import DATE, TOKEN, TelegramServer

PUBLIC = "https://shop.example"


@dataclass
class Door:
    bot: Bot
    webhook: Webhook
    secret: str
    base: str = ""

    async def post(self, content: Any, secret: str | None = None) -> int:
        headers = {"X-Telegram-Bot-Api-Secret-Token": self.secret if secret is None else secret}
        data = io.BytesIO(content if isinstance(content, bytes) else json.dumps(content).encode())
        url = f"{self.base}/telegram/tg"
        async with aiohttp.ClientSession() as session, session.post(url, data=data, headers=headers) as answer:
            return answer.status


def make_door(bot: Bot) -> Door:
    secret = secret_of(bot.settings.token, ACCOUNT)
    webhook = Webhook(
        account=ACCOUNT,
        api=bot.api,
        intake=bot.intake,
        public_url=PUBLIC,
        secret=secret,
        now=bot.surroundings.now,
        sleep=bot._sleep,
    )
    return Door(bot, webhook, secret)


@pytest.fixture
async def door(bot: Bot) -> AsyncIterator[Door]:
    made = make_door(bot)
    async with serve(Starlette(routes=list(made.webhook.routes()))) as base:
        made.base = base
        yield made


async def test_telegram_delivers_through_the_webhook_it_was_given(server: TelegramServer, door: Door) -> None:
    await door.webhook._look()
    (call,) = server.of("setWebhook")
    assert call.params["url"] == "https://shop.example/telegram/tg"
    assert tuple(call.params["allowed_updates"]) == ALLOWED
    assert not call.params.get("drop_pending_updates")
    server.buyer_says(7001, "Hola <script>alert(1)</script>")
    server.buyer_says(7001, "¿Dónde está?")
    assert await server.post_pending(door.base) == [200, 200]
    assert [event.body for event in door.bot.around.inbox.events] == [
        BuyerWrote(text="Hola <script>alert(1)</script>"),
        BuyerWrote(text="¿Dónde está?"),
    ]
    assert door.webhook.problems() == {}


async def test_what_cannot_be_stored_is_brought_again_and_is_one(server: TelegramServer, door: Door) -> None:
    await door.webhook._look()
    door.bot.around.inbox.failures.append(OSError("Hola"))
    server.buyer_says(7001, "Hola")
    with capture_logs() as logs:
        assert await server.post_pending(door.base) == [503]
    assert logs == [{"event": "update_not_stored", "account": "tg", "error": "OSError", "log_level": "warning"}]
    again = list(server.pending)
    assert await server.post_pending(door.base) == [200]
    server.pending.extend(again)  # the answer got lost
    assert await server.post_pending(door.base) == [200]
    assert len(door.bot.around.inbox.events) == 1


@pytest.mark.parametrize("secret", ["", "x", "é", "A" * 256, TOKEN])
async def test_strangers_stay_outside(door: Door, secret: str) -> None:
    before = counted(ACCOUNT, "bad_signature")
    assert await door.post(fixture("text"), secret) == 401
    assert door.bot.around.inbox.events == []
    assert counted(ACCOUNT, "bad_signature") == before + 1


async def test_the_secret_says_nothing_of_the_token_and_fits_the_header(door: Door) -> None:
    assert TOKEN.partition(":")[2] not in door.secret
    assert len(door.secret) == 64
    assert door.secret.isalnum()
    assert door.secret != secret_of(door.bot.settings.token, "another")


async def test_only_post(door: Door) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{door.base}/telegram/tg") as answer:
        assert answer.status == 405


async def test_a_huge_body_is_cut_off(door: Door) -> None:
    assert await door.post(b"[" + b" " * 10_000_000 + b"]") == 413
    text = fixture("text")
    text["message"]["text"] = "x" * (LARGEST - 2000)
    assert await door.post(text) == 200


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b"[" * 200_000, b'{"a":' * 5_000, b"null", b"1e999", b"[]"]
)
async def test_what_is_no_update_is_ignored_for_good(door: Door, content: bytes) -> None:
    before = counted(ACCOUNT, "malformed")
    assert await door.post(content) == 200
    assert counted(ACCOUNT, "malformed") == before + 1
    assert door.bot.around.inbox.events == []


# fmt: off
KEYS = (
    "update_id", "message", "callback_query", "business_message", "business_connection", "deleted_business_messages",
    "chat", "from", "user", "id", "date", "text", "message_id", "message_ids", "type", "photo", "x",
)
# fmt: on
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=25,
)


@given(value=JSON)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_json_breaks_the_door(bot_outside: Door, value: object) -> None:
    transport = httpx.ASGITransport(app=Starlette(routes=list(bot_outside.webhook.routes())))

    async def knock() -> list[int]:
        secret = {"X-Telegram-Bot-Api-Secret-Token": bot_outside.secret}
        async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
            return [
                (await client.post("/telegram/tg", content=json.dumps(content).encode(), headers=headers)).status_code
                for content in (value, {"update_id": 1, "message": value})
                for headers in (secret, {})
            ]

    assert asyncio.run(knock()) == [200, 401, 200, 401]


@pytest.fixture
def bot_outside(make_bot: Any) -> Door:
    return make_door(make_bot())


# ---- keeping it set --------------------------------------------------------------------------------------------------


async def test_setting_it_is_tried_until_it_works(server: TelegramServer, door: Door) -> None:
    server.fail("setWebhook", 500, times=2)
    server.fail("setWebhook", 429, "Too Many Requests: retry after 7", retry_after=7)
    task = asyncio.create_task(door.webhook.run())
    with capture_logs() as logs:
        await server.called("setWebhook", 3)
        assert set(door.webhook.problems()) == {"webhook"}
        await server.called("getWebhookInfo", 1)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert server.webhook["url"] == "https://shop.example/telegram/tg"
    assert door.bot.pauses[:3] == [1.0, 2.0, 7.0]
    assert TOKEN not in json.dumps(logs)
    assert door.secret not in json.dumps(logs)


async def test_what_telegram_could_not_deliver_is_told_while_it_is_news(server: TelegramServer, door: Door) -> None:
    await door.webhook._look()
    server.webhook |= {"last_error_date": DATE - 30, "last_error_message": "Connection refused"}
    server.buyer_says(7001, "Hola")
    await door.webhook._look()
    assert "Connection refused" in door.webhook.problems()["webhook"]
    assert "积压 1 条" in door.webhook.problems()["webhook"]
    door.bot.around.time += timedelta(minutes=11)
    await door.webhook._look()
    assert door.webhook.problems() == {}


async def test_a_webhook_somebody_else_took_is_taken_back_and_told(server: TelegramServer, door: Door) -> None:
    await door.webhook._look()
    server.webhook = {"url": "https://other.example/"}
    await door.webhook._look()
    assert server.webhook["url"] == "https://shop.example/telegram/tg"
    assert "另一个程序" in door.webhook.problems()["webhook"]
    await door.webhook._look()
    assert door.webhook.problems() == {}
