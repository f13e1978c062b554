"""Photos as they come from a browser: told apart by their first bytes, never by their name or declared type."""

from __future__ import annotations

from typing import Final

MAX_BYTES: Final = 5 * 1024 * 1024


def photo_type(content: bytes) -> str | None:
    """The mime type of a JPEG, PNG, GIF or WebP picture, None for anything else."""
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return None
