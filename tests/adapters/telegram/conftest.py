"""A Telegram account over the loopback Bot API server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from telegram import Update

from adapters.ports import Outgoing
from adapters.surroundings import Surroundings
from adapters.telegram.api import Api
from adapters.telegram.business import Connections
from adapters.telegram.intake import Intake
from adapters.telegram.polling import Polling
from adapters.telegram.sending import Sender
from adapters.telegram.settings import TelegramSettings
from tests.adapters.around import Around
from tests.servers.telegram import TOKEN, TelegramServer, telegram_server

FIXTURES = Path(__file__).parents[2] / "fixtures" / "telegram"
ACCOUNT = "tg"


def fixture(name: str) -> Any:
    """The JSON of an update as Telegram sends it."""
    return json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with telegram_server() as running:
        yield running


@pytest.fixture
def make_settings(server: TelegramServer, monkeypatch: pytest.MonkeyPatch) -> Callable[..., TelegramSettings]:
    monkeypatch.setenv("HEQI_TEST_TELEGRAM", TOKEN)

    def make(**more: Any) -> TelegramSettings:
        given = {"channel": "telegram", "id": ACCOUNT, "shop": "main", "token_env": "HEQI_TEST_TELEGRAM"}
        return TelegramSettings(**{**given, "api_url": server.url, **more})

    return make


@dataclass
class Bot:
    """The parts of an account, with a desk that takes nothing unless a test says so."""

    around: Around
    settings: TelegramSettings
    team: Callable[[Update], Awaitable[bool]]
    surroundings: Surroundings = field(init=False)

    def __post_init__(self) -> None:
        self.surroundings = self.around.surroundings
        self.api = Api(self.settings)
        state = self.around.state(ACCOUNT)
        self.connections = Connections(self.api, state)
        self.sender = Sender(api=self.api, connections=self.connections, blobs=self.around.blobs, state=state)
        self.intake = Intake(
            account=ACCOUNT,
            greeting=self.settings.greeting,
            around=self.surroundings,
            api=self.api,
            connections=self.connections,
            team=self.team,
        )
        self.pauses: list[float] = []
        self.polling = Polling(account=ACCOUNT, api=self.api, intake=self.intake, hold=1, sleep=self._sleep)

    async def _sleep(self, seconds: float) -> None:
        """Pauses of the back-off pass at once."""
        self.pauses.append(seconds)
        await asyncio.sleep(0)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Polling until the context ends."""
        await self.api.start()
        task = asyncio.create_task(self.polling.run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await self.api.stop()

    async def send(self, text: str = "", *, chat: str = "7001", **more: Any) -> str:
        return await self.sender.send(
            Outgoing(key=more.pop("key", "k1"), account=ACCOUNT, chat=chat, text=text, **more)
        )


async def nobody(update: Update) -> bool:
    """A desk that takes nothing."""
    return False


@pytest.fixture
def around() -> Around:
    return Around()


@pytest.fixture
def make_bot(around: Around, make_settings: Callable[..., TelegramSettings]) -> Callable[..., Bot]:
    def make(*, team: Callable[[Update], Awaitable[bool]] = nobody, **settings: Any) -> Bot:
        return Bot(around=around, settings=make_settings(**settings), team=team)

    return make


@pytest.fixture
async def bot(make_bot: Callable[..., Bot]) -> AsyncIterator[Bot]:
    """A bot that can call, and receives nothing."""
    made = make_bot()
    await made.api.start()
    yield made
    await made.api.stop()
