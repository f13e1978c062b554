"""How long Telegram has been silent is known while it is asked."""

from __future__ import annotations

from collections.abc import Callable

from tests.adapters.telegram.conftest import Bot
from tests.servers.telegram import TelegramServer


async def test_only_who_asks_knows_of_silence(server: TelegramServer, make_bot: Callable[..., Bot]) -> None:
    bot = make_bot()
    assert bot.polling.silence() is None
    async with bot.running():
        before = bot.polling._heard
        server.buyer_says(7001, "Hola")
        await server.confirmed()
        assert bot.polling.silence() is not None
        assert bot.polling._heard != before
    assert bot.polling.silence() is None
