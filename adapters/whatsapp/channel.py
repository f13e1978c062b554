"""A WhatsApp number on Meta's Cloud API as a channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.routing import BaseRoute
from typing_extensions import override

from adapters.ports import Channel, Finding, Outgoing, Template
from adapters.surroundings import Surroundings
from adapters.whatsapp.check import check_account
from adapters.whatsapp.client import Graph
from adapters.whatsapp.door import Door
from adapters.whatsapp.moves import Moves
from adapters.whatsapp.reasons import explain
from adapters.whatsapp.send import fetch_media, send_message
from adapters.whatsapp.settings import CAPABILITIES, WhatsAppSettings
from adapters.whatsapp.templates import Templates
from dialogs.messages import Media, Shop


class WhatsApp(Channel):
    """One phone number. Messages come through ``/whatsapp/{account}``, answers leave through the Graph API.

    A message's external id is its wamid. A chat is the buyer's BSUID where Meta tells one, else the ``wa_id``.
    """

    name = "whatsapp"
    capabilities = CAPABILITIES

    def __init__(self, settings: WhatsAppSettings, shop: Shop, around: Surroundings) -> None:
        self.account = settings.id
        self.shop = shop.id
        self._settings = settings
        self._around = around
        self._graph = Graph(
            account=settings.id, api_url=settings.api_url, version=settings.api_version, token=settings.token
        )
        self._templates = Templates(graph=self._graph, business_id=settings.business_id, now=around.now)
        self._door = Door(
            account=settings.id,
            phone_id=settings.phone_id,
            app_secret=settings.app_secret,
            verify_token=settings.verify_token,
            inbox=around.inbox,
            moves=Moves(around.state(settings.id)),
            now=around.now,
        )

    @override
    async def send(self, outgoing: Outgoing) -> str:
        return await send_message(self._graph, self._settings.phone_id, self._around.blobs, outgoing)

    @override
    async def fetch(self, media: Media) -> tuple[bytes, str]:
        return await fetch_media(self._graph, self._settings.phone_id, media)

    @override
    async def templates(self) -> tuple[Template, ...]:
        return await self._templates.all()

    @override
    async def check(self) -> tuple[Finding, ...]:
        """Number, business account, rights, webhook; also before the channel was started."""
        public = self._around.public_url
        opened_here = not self._graph.is_open
        if opened_here:
            await self._graph.open()
        try:
            return await check_account(
                self._graph,
                phone_id=self._settings.phone_id,
                business_id=self._settings.business_id,
                address=f"{public.rstrip('/')}{self._door.path}" if public else None,
            )
        finally:
            if opened_here:
                await self._graph.close()

    @override
    def problems(self) -> Mapping[str, str]:
        """What Meta said last that concerns the whole account; gone with the next call that works."""
        return {part: explain(reason) for part, reason in self._graph.troubles.items()}

    @override
    def routes(self) -> Sequence[BaseRoute]:
        return self._door.routes()

    @override
    async def start(self) -> None:
        """Open the HTTP session; messages arrive by the door."""
        await self._graph.open()

    @override
    async def stop(self) -> None:
        """Close the HTTP session."""
        await self._graph.close()
