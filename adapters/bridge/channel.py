"""A bridge as a channel: one account behind a program that speaks with a platform for us."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import aiohttp
import structlog
from starlette.routing import BaseRoute
from typing_extensions import override
from yarl import URL

from adapters.bridge.checking import findings
from adapters.bridge.dialect import File
from adapters.bridge.door import Door
from adapters.bridge.fetching import Fetcher
from adapters.bridge.health import Health
from adapters.bridge.hosts import GuardedResolver, Hosts
from adapters.bridge.mappings import DIALECTS
from adapters.bridge.outgoing import asked, settled
from adapters.bridge.settings import BridgeSettings, capabilities_of
from adapters.ports import Channel, Finding, Outgoing
from adapters.surroundings import Surroundings
from dialogs.errors import Refused, TryLater
from dialogs.messages import Capabilities, Media, Shop

log = structlog.stdlib.get_logger(__name__)


class Bridge(Channel):
    """One account behind a bridge; ``settings.speaks`` says which language the bridge speaks."""

    name = "bridge"

    def __init__(self, settings: BridgeSettings, shop: Shop, around: Surroundings) -> None:
        self.account = settings.id
        self.shop = shop.id
        self.capabilities = capabilities_of(settings)
        self._settings = settings
        self._around = around
        self._own = URL(settings.url)
        door = None if around.public_url is None else f"{around.public_url.rstrip('/')}/bridge/{settings.id}"
        self._dialect = DIALECTS[settings.speaks](settings, around.now, door)
        self._hosts = Hosts(settings.media_hosts)
        self._health = Health(settings.id, around.state(settings.id))
        self._session: aiohttp.ClientSession | None = None
        self._following: asyncio.Task[None] | None = None
        self._door = Door(
            account=settings.id,
            dialect=self._dialect,
            inbox=around.inbox,
            blobs=around.blobs,
            hosts=self._hosts,
            health=self._health,
            now=around.now,
        )

    @override
    def capabilities_in(self, chat: str) -> Capabilities:
        """What can be carried in a chat."""
        return capabilities_of(self._settings, chat)

    @override
    async def start(self) -> None:
        """Take up what was kept and make the one HTTP session.

        Raises:
            Refused: Twilio without ``public_url``: its signatures cover the address it posts to.
        """
        if self._settings.speaks == "twilio" and self._around.public_url is None:
            log.error("bridge_needs_public_url", account=self.account)
            raise Refused("twilio_needs_server_public_url")
        await self._health.load()
        self._following = asyncio.create_task(self._health.follow(), name=f"bridge session {self.account}")
        self._session = self._new_session()
        log.warning(
            "bridge_started",
            account=self.account,
            speaks=self._settings.speaks,
            risk="unofficial bridges can get a number banned",
        )

    @override
    async def stop(self) -> None:
        """Close the HTTP session."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
            self._following = None
        if self._session is not None:
            await self._session.close()
            self._session = None

    @override
    def routes(self) -> Sequence[BaseRoute]:
        """The door, and the contract's schemas."""
        return self._door.routes()

    @override
    def problems(self) -> Mapping[str, str]:
        """Session, secret and address, as far as they are known to be wrong."""
        return self._health.problems()

    @override
    async def send(self, outgoing: Outgoing) -> str:
        """Send one message and return the platform's id of it."""
        call = self._dialect.message(outgoing, await self._file(outgoing.media))
        try:
            external_id = settled(self._dialect, await asked(self._open(), call))
        except TryLater as error:
            self._health.refused(error.reason)
            raise
        self._health.served()
        return external_id

    async def _file(self, media: Media | None) -> File | None:
        if media is None:
            return None
        found = await self._around.blobs.get(media.ref)
        if found is None:
            raise Refused("no_such_media")
        content, mime = found
        return File(content=content, mime=mime, name=media.name or media.kind, kind=media.kind)

    @override
    async def fetch(self, media: Media) -> tuple[bytes, str]:
        """The bytes of what a buyer attached, from an allowed host."""
        fetcher = Fetcher(self._open(), self._hosts, self._own, self._dialect.media_headers())
        return await fetcher.fetch(media)

    @override
    async def check(self) -> tuple[Finding, ...]:
        """Whether the bridge can be reached, knows us and is connected; and always what it risks."""
        if self._session is not None:
            return await findings(self._settings, self._dialect, self._session)
        async with self._new_session() as session:  # asked without the service running
            return await findings(self._settings, self._dialect, session)

    def _new_session(self) -> aiohttp.ClientSession:
        # A connection the bridge has closed while it was idle would make a message look as if it may have left.
        connector = aiohttp.TCPConnector(resolver=GuardedResolver(self._own.raw_host or ""), force_close=True)
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise TryLater("not_started")
        return self._session
