"""The door for what sellers attach: read up to the channel's limit, told by its bytes, stored until it is sent."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from adapters.desk import present
from adapters.desk.sessions import agent_of
from adapters.doors import RateLimit, clean, read_body, same_origin
from adapters.filetypes import file_name, file_type
from adapters.ports import Agents, Blobs, Desk
from dialogs.messages import Media

MAX_NAME: Final = 400
_REMEMBERED: Final = 500  # uploads whose type is known without reading them again


class Attachments:
    """Takes files for the conversations of a desk, and finds them again when they are sent."""

    def __init__(self, *, desk: Desk, blobs: Blobs, agents: Agents) -> None:
        self._desk = desk
        self._blobs = blobs
        self._agents = agents
        self._known: dict[tuple[int, str], Media] = {}
        self._per_agent = RateLimit(burst=20, per_second=0.5)  # a person attaches a few files a minute

    def routes(self) -> Sequence[BaseRoute]:
        """``POST /desk/attachments?conversation=…&name=…`` with the file as its body."""
        return (Route("/desk/attachments", self._take, methods=["POST"]),)

    async def of(self, conversation_id: int, given: Sequence[tuple[str, str]]) -> tuple[Media, ...] | None:
        """The attachments of refs and names as they may be sent in a conversation, None when one of them is not."""
        found = [await self._find(conversation_id, ref, name) for ref, name in given]
        return tuple(media for media in found if media is not None) if all(found) else None

    async def _find(self, conversation_id: int, ref: str, name: str) -> Media | None:
        known = self._known.get((conversation_id, ref))
        if known is not None:
            return known
        # The draft is older than this process. What the page says of the file counts for nothing but its name.
        stored, limits = await self._blobs.get(ref), await self._limits(conversation_id)
        media = None if stored is None else await _media_of(stored[0], name, limits or {})
        return None if media is None else replace(media, ref=ref)

    async def _take(self, request: Request) -> Response:
        agent = await agent_of(request, self._agents)
        if agent is None:
            return _refused(401, "no_session")
        if not same_origin(request):
            return _refused(403, "origin")
        if wait := self._per_agent.take(str(agent.id)):
            return _refused(429, "slow_down", {"retry-after": str(math.ceil(wait))})
        number = request.query_params.get("conversation", "")
        conversation_id = int(number) if number.isascii() and number.isdigit() and len(number) < 18 else 0
        limits = await self._limits(conversation_id)
        if limits is None:
            return _refused(404, "unknown_target")
        if not limits:
            return _refused(415, "media_type")
        return await self._store(request, conversation_id, limits)

    async def _store(self, request: Request, conversation_id: int, limits: Mapping[str, int]) -> Response:
        try:
            content = await read_body(request, max(limits.values()))
        except ClientDisconnect:
            return _refused(400, "offline")  # the seller took it back while it was on its way; nobody reads this
        if content is None:
            return _refused(413, "too_big")
        if not content:
            return _refused(400, "empty")
        media = await _media_of(content, clean(request.query_params.get("name", ""))[:MAX_NAME], limits)
        if media is None:
            return _refused(415, "media_type")
        if media.size > limits[media.kind]:
            return _refused(413, "too_big")
        media = replace(media, ref=await self._blobs.put(content, mime=media.mime))
        self._remember(conversation_id, media)
        return JSONResponse(present.media(media))

    def _remember(self, conversation_id: int, media: Media) -> None:
        self._known[conversation_id, media.ref] = media
        if len(self._known) > _REMEMBERED:
            del self._known[next(iter(self._known))]

    async def _limits(self, conversation_id: int) -> Mapping[str, int] | None:
        """Kinds and largest sizes of what the conversation carries, None when there is no such conversation."""
        view = await self._desk.view(conversation_id, limit=1)
        return None if view is None else view.capabilities.media


async def _media_of(content: bytes, name: str, limits: Mapping[str, int]) -> Media | None:
    """The file as an attachment: what a channel has no own kind for leaves as a document where it can."""
    found = await asyncio.to_thread(file_type, content, name)
    if found is None:
        return None
    kind = found.kind if found.kind in limits else "document"
    if kind not in limits:
        return None
    return Media(kind=kind, name=file_name(name, found), mime=found.mime, size=len(content))


def _refused(status: int, code: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": code}, status_code=status, headers=headers)
