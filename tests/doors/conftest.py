"""Shops as processes of their own, with a Telegram group as the team's desk whatever channel the buyer uses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.doors.product import Product, eventually, product
from tests.servers.engines import engine_server
from tests.servers.telegram import TOKEN, TelegramServer, telegram_server

GROUP, WANG = -1001234567890, 9001
LATE = "Hola, llevo 25 días esperando mi pedido 8124507731046 y todavía no ha llegado. ¿Dónde está?"

SETTINGS = """
public_url = "https://desk.example.com"
[[engines]]
name = "libretranslate"
url = "{engine}"
[[shops]]
id = "main"
name = "Heqi Store"
[[accounts]]
channel = "telegram"
id = "bot"
shop = "main"
token_env = "BOT_TOKEN"
receive = "polling"
api_url = "{telegram}"
"""

OpenShop = Callable[..., AbstractAsyncContextManager[Product]]


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    async with telegram_server() as server:
        server.add_group(GROUP)
        yield server


@pytest.fixture
def open_shop(telegram: TelegramServer, tmp_path: Path) -> OpenShop:
    """Run a shop whose group is connected and whose agent is 小王; ``more`` are further settings."""

    @asynccontextmanager
    async def run(more: str = "", **environment: str) -> AsyncIterator[Product]:
        async with engine_server() as engine:
            settings = SETTINGS.format(engine=engine.url, telegram=telegram.url) + more
            async with product(tmp_path, settings, BOT_TOKEN=TOKEN, **environment) as running:
                token = await running.link_of("小王", role="lead")
                await running.start()
                telegram.agent_says(GROUP, WANG, f"/desk {token}")
                await eventually(lambda: telegram.sent(GROUP))
                yield running

    return run


def cards(telegram: TelegramServer) -> list[dict[str, Any]]:
    """Cards with buttons in the group, oldest first."""
    return [m for (chat, _), m in telegram.messages.items() if chat == GROUP and m.get("reply_markup")]


def button(card: dict[str, Any], label: str) -> str:
    """What a press on the button with this label tells."""
    rows = card["reply_markup"]["inline_keyboard"]
    return next(b["callback_data"] for row in rows for b in row if label in b["text"] and "callback_data" in b)


async def answer_first(telegram: TelegramServer) -> None:
    """Press the first proposal of the newest card of every topic."""
    newest = {card["message_thread_id"]: card for card in cards(telegram)}
    for card in newest.values():
        telegram.agent_presses(GROUP, WANG, card["message_id"], button(card, "1"))
