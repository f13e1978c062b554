"""How stored attachments are handed to a browser: pictures are shown, sound and video played, and nothing is run."""

from __future__ import annotations

import re
from typing import Final

from starlette.responses import Response

from adapters.ports import Blobs
from dialogs.messages import Media

SHOWN: Final = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
PLAYED: Final = frozenset(
    {"video/mp4", "video/webm", "audio/mpeg", "audio/mp4", "audio/aac", "audio/ogg", "audio/webm", "audio/wav"}
)
_RANGE: Final = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


def shown_as(media: Media) -> str:
    """What a page makes of an attachment: ``image``, ``video``, ``audio``, or ``file``, which is only saved."""
    mime = _bare(media.mime)
    if mime in SHOWN and media.kind in {"photo", "sticker"}:
        return "image"
    if mime in PLAYED and media.kind in {"video", "voice", "sticker"}:
        return mime.partition("/")[0]
    return "file"


async def media_response(blobs: Blobs, ref: str, *, wanted: str | None = None) -> Response:
    """The bytes of ``ref`` with headers that keep them inert, 404 when nothing is stored.

    ``wanted`` is the request's Range header: some browsers play nothing from a server that does not know it.
    """
    found = await blobs.get(ref)
    if found is None:
        return Response(status_code=404)
    content, mime = found[0], _bare(found[1])
    inline = mime in SHOWN or mime in PLAYED
    headers = {
        "content-security-policy": "default-src 'none'; sandbox",
        "content-disposition": "inline" if inline else "attachment",
        "cache-control": "private, max-age=86400, immutable",
        "cross-origin-resource-policy": "same-origin",
        "x-content-type-options": "nosniff",
        "accept-ranges": "bytes",
    }
    media_type = mime if inline else "application/octet-stream"
    part = _part(wanted, len(content))
    if part is None:
        return Response(content, media_type=media_type, headers=headers)
    headers["content-range"] = f"bytes {part.start}-{part.stop - 1}/{len(content)}"
    return Response(content[part.start : part.stop], status_code=206, media_type=media_type, headers=headers)


def _part(wanted: str | None, size: int) -> range | None:
    """The one range that is asked for, None when all is or the wish cannot be read (RFC 9110, 14.2: then ignore it)."""
    asked = _RANGE.fullmatch(wanted.strip()) if wanted is not None else None
    if asked is None:
        return None
    first, last = asked[1], asked[2]
    if first:
        found = range(int(first), min(int(last) + 1 if last else size, size))
    else:
        found = range(max(size - int(last or 0), 0), size)
    return found or None


def _bare(mime: str) -> str:
    return mime.partition(";")[0].strip().lower()
