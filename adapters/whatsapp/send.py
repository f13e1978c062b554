"""Sending: the attachment first, then the message; and fetching what a buyer attached."""

from __future__ import annotations

import io
from typing import Final
from urllib.parse import quote

import aiohttp

from adapters.ports import Blobs, Outgoing
from adapters.whatsapp.client import Graph
from adapters.whatsapp.content import object_of, parts_of, text_of
from adapters.whatsapp.errors import Purpose, unclear
from adapters.whatsapp.payload import attachment, check_attachment, envelope, words
from adapters.whatsapp.settings import CAPABILITIES, MEGABYTE
from dialogs.errors import Refused, TryLater
from dialogs.messages import Media

# What a buyer may attach ("Media": documents 100 MB, everything else at most 16 MB).
_LARGEST_IN: Final = {"document": 100 * MEGABYTE}
_LARGEST_OTHER_IN: Final = 16 * MEGABYTE


async def send_message(graph: Graph, phone_id: str, blobs: Blobs, outgoing: Outgoing) -> str:
    """Send one message and return its wamid.

    Raises:
        TryLater: nothing was sent.
        Refused: it will never be accepted.
        Ambiguous: it may have been sent.
    """
    if outgoing.media is not None and outgoing.template is None:
        media_id = await _upload(graph, phone_id, blobs, outgoing, outgoing.media)
        content = attachment(outgoing, outgoing.media, media_id)
    else:
        content = words(outgoing)
    answer = await graph.send(f"{phone_id}/messages", {**envelope(outgoing), **content})
    messages = parts_of(object_of(answer), "messages")
    wamid = text_of(messages[0], "id") if messages else ""
    if not wamid:
        raise unclear("malformed_answer", Purpose.SEND)
    return wamid


async def _upload(graph: Graph, phone_id: str, blobs: Blobs, outgoing: Outgoing, media: Media) -> str:
    stored = await blobs.get(media.ref)
    if stored is None:
        raise Refused("gone")
    content, mime = stored[0], _plain(media.mime or stored[1])
    check_attachment(outgoing, media, mime)
    if len(content) > CAPABILITIES.media.get(media.kind, 0):
        raise Refused("too_big")
    form = aiohttp.FormData()
    form.add_field("messaging_product", "whatsapp")
    form.add_field("type", mime)
    # A stream and not bytes: a large body in one piece would hold up everything else. Buyers never see this name.
    form.add_field("file", io.BytesIO(content), filename="file", content_type=mime)
    media_id = text_of(object_of(await graph.upload(f"{phone_id}/media", form)), "id")
    if not media_id:
        raise TryLater("malformed_answer")
    return media_id


async def fetch_media(graph: Graph, phone_id: str, media: Media) -> tuple[bytes, str]:
    """What a buyer attached and its mime type; the address is asked for each time, it lives for about five minutes.

    Raises:
        TryLater: it cannot be had now.
        Refused: ``gone``, ``too_big``, or an address that is not Meta's.
    """
    limit = _LARGEST_IN.get(media.kind, _LARGEST_OTHER_IN)
    path = quote(media.remote, safe="")
    told = object_of(await graph.get(path, {"phone_number_id": phone_id}, purpose=Purpose.MEDIA))
    size, address = told.get("file_size"), text_of(told, "url")
    if not address:
        raise TryLater("malformed_answer")
    if isinstance(size, int) and size > limit:
        raise Refused("too_big")
    content, mime = await graph.download(address, limit=limit)
    return content, _plain(text_of(told, "mime_type")) or mime or media.mime


def _plain(mime: str) -> str:
    """A mime type without its parameters."""
    return mime.partition(";")[0].strip().lower()
