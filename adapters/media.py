"""How stored attachments are handed to a browser: shown only when they are pictures, never run."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from adapters.ports import Blobs

SHOWN: Final = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})


async def media_response(blobs: Blobs, ref: str) -> Response:
    """The bytes of ``ref`` with headers that keep them inert, 404 when nothing is stored."""
    found = await blobs.get(ref)
    if found is None:
        return Response(status_code=404)
    content, mime = found
    shown = mime in SHOWN
    headers = {
        "content-security-policy": "default-src 'none'; sandbox",
        "content-disposition": "inline" if shown else "attachment",
        "cache-control": "private, max-age=86400, immutable",
        "cross-origin-resource-policy": "same-origin",
        "x-content-type-options": "nosniff",
    }
    return Response(content, media_type=mime if shown else "application/octet-stream", headers=headers)
