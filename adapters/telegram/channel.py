"""Telegram as a channel: buyers who write to a shop's bot or to a business account the bot is connected to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from starlette.routing import BaseRoute
from typing_extensions import override

from adapters.ports import Board, Channel, Finding, Outgoing
from adapters.surroundings import Surroundings
from adapters.telegram.api import Api
from adapters.telegram.business import Connections
from adapters.telegram.checks import findings
from adapters.telegram.content import DOWNLOAD_LIMIT
from adapters.telegram.desk.board import TelegramDesk
from adapters.telegram.intake import Intake
from adapters.telegram.polling import Polling
from adapters.telegram.sending import Sender
from adapters.telegram.settings import CAPABILITIES, TelegramSettings, capabilities_in
from adapters.telegram.webhook import Webhook, secret_of
from dialogs.errors import Ambiguous, Refused, TryLater
from dialogs.messages import Capabilities, Media, Shop

_MIMES: Final = {"photo": "image/jpeg", "video": "video/mp4", "voice": "audio/ogg", "sticker": "image/webp"}


class Telegram(Channel):
    """One bot of a shop: its buyers, and the desk the team may open in a group of the same bot."""

    name = "telegram"
    capabilities = CAPABILITIES

    def __init__(self, settings: TelegramSettings, shop: Shop, around: Surroundings) -> None:
        self.account = settings.id
        self.shop = shop.id
        self._settings = settings
        self._state = around.state(settings.id)
        self._api = Api(settings)
        self._connections = Connections(self._api, self._state)
        self._sender = Sender(
            api=self._api, connections=self._connections, blobs=around.blobs, state=self._state
        )  # fmt: skip
        self._desk = TelegramDesk(settings, shop, around, self._api)
        intake = Intake(
            account=settings.id,
            greeting=settings.greeting,
            around=around,
            api=self._api,
            connections=self._connections,
            team=self._desk.on_update,
        )
        self._receiver = self._receiving(intake, around)

    def _receiving(self, intake: Intake, around: Surroundings) -> Polling | Webhook:
        reachable = around.public_url is not None and around.public_url.startswith("https://")
        if around.public_url is None or not reachable or self._settings.receive == "polling":
            return Polling(account=self.account, api=self._api, intake=intake)
        return Webhook(
            account=self.account,
            api=self._api,
            intake=intake,
            public_url=around.public_url,
            secret=secret_of(self._settings.token, self.account),
            now=around.now,
        )

    @override
    def capabilities_in(self, chat: str) -> Capabilities:
        """A business account has a window and no buttons."""
        return capabilities_in(chat)

    @override
    async def send(self, outgoing: Outgoing) -> str:
        """Send one message and return ``<chat>:<message>``."""
        return await self._sender.send(outgoing)

    @override
    async def fetch(self, media: Media) -> tuple[bytes, str]:
        """The bytes of a file by its id, at most 20 MB (Bot API, "getFile")."""
        if media.size > DOWNLOAD_LIMIT:
            raise Refused("too_big")
        if not media.remote:
            raise Refused("no_download")
        try:
            file = await self._api.call(None, lambda bot: bot.get_file(media.remote))
        except Ambiguous as error:
            raise TryLater(error.reason) from None  # asking changes nothing
        if (file.file_size or 0) > DOWNLOAD_LIMIT:
            raise Refused("too_big")
        content = await self._api.download(file.file_path or "", limit=DOWNLOAD_LIMIT)
        return content, media.mime or _MIMES.get(media.kind, "application/octet-stream")

    @override
    async def check(self) -> tuple[Finding, ...]:
        """Token, receiving, the desk group's rights and the connected business accounts."""
        webhook = self._receiver.url if isinstance(self._receiver, Webhook) else None
        async with self._api.session():
            found = await findings(self._settings, self._api, self._state, self._connections, webhook=webhook)
        return (*self._unheeded(), *found)

    def _unheeded(self) -> tuple[Finding, ...]:
        if self._settings.receive != "webhook" or isinstance(self._receiver, Webhook):
            return ()
        return (
            Finding(
                what="没有 https 的 server.public_url，改用长轮询 (polling instead: there is no https address)",
                fix='设置 server.public_url，或写 receive = "polling" (set server.public_url, or receive = "polling")',
            ),
        )

    @override
    def problems(self) -> Mapping[str, str]:
        """A refused token, and what keeps updates from coming."""
        return {**self._receiver.problems(), **self._api.problems()}

    @override
    def silence(self) -> float | None:
        """Of the polling."""
        return self._receiver.silence() if isinstance(self._receiver, Polling) else None

    @override
    def board(self) -> Board:
        """The team's group; it can be connected at any time."""
        return self._desk

    @override
    def routes(self) -> Sequence[BaseRoute]:
        """The webhook's door, none with polling."""
        return self._receiver.routes() if isinstance(self._receiver, Webhook) else ()

    @override
    async def start(self) -> None:
        """Open the session; that Telegram cannot be reached is no reason not to start."""
        await self._api.start()

    @override
    async def receive(self) -> None:
        """Ask for updates, or keep Telegram coming to the door that every process has."""
        await self._receiver.run()

    @override
    async def stop(self) -> None:
        """Close the session."""
        await self._api.stop()
