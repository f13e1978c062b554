"""The desk with its server and the product around it, as its tests drive it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from telegram import Update

from adapters.telegram.api import Api
from adapters.telegram.desk.board import TelegramDesk
from adapters.telegram.limiter import Limiter
from adapters.telegram.settings import TelegramSettings
from tests.adapters.around import SHOP, Around
from tests.adapters.telegram.conftest import ACCOUNT
from tests.adapters.telegram.desk_views import Talk
from tests.servers.telegram import TelegramServer

GROUP = -1002000000001
WANG = 9001
NAME = f"telegram:{ACCOUNT}"


@dataclass
class Clock:
    """Waiting for the limits of a chat passes at once."""

    now: float = 0.0

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Desk:
    """A desk, its server, and the product around it."""

    around: Around
    server: TelegramServer
    settings: TelegramSettings
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self._make()

    async def restart(self) -> None:
        """Another process: only what was stored is known."""
        await self.board.stop()
        await self.api.stop()
        self._make()
        await self.api.start()

    def _make(self) -> None:
        self.api = Api(self.settings)
        self.api.limiter = Limiter(clock=lambda: self.clock.now, sleep=self.clock.sleep)
        self.board = TelegramDesk(self.settings, SHOP, self.around.surroundings, self.api)

    async def show(self, talk: Talk) -> None:
        await self.board.show(self.around.showing(NAME, talk.view))

    async def take(self) -> list[bool]:
        """Hand every pending update to the desk, and wait for its hints."""
        updates, self.server.pending = self.server.pending, []
        found = [await self.board.on_update(self.update(raw)) for raw in updates]
        await self.board.idle()
        return found

    def update(self, raw: dict[str, Any]) -> Update:
        update = Update.de_json(raw, self.api.bot)
        assert update is not None
        return update

    @property
    def cards(self) -> list[dict[str, Any]]:
        return [message for (chat, _), message in self.server.messages.items() if chat == GROUP]

    @property
    def texts(self) -> list[str]:
        return [message.get("text", "") for message in self.cards]

    @property
    def topic(self) -> int:
        (topic,) = (thread for chat, thread in self.server.topics if chat == GROUP)
        return topic


def buttons(message: dict[str, Any]) -> dict[str, str]:
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return {button["text"]: button.get("callback_data", "") for row in rows for button in row}


@asynccontextmanager
async def connected(
    around: Around, server: TelegramServer, settings: TelegramSettings, clock: Clock | None = None
) -> AsyncIterator[Desk]:
    """A desk in a forum group."""
    server.add_group(GROUP)
    made = Desk(around, server, settings, clock or Clock())
    around.state(ACCOUNT).rows["desk"] = str(GROUP)
    await made.api.start()
    yield made
    await made.board.stop()
    await made.api.stop()
