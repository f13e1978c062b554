"""Attachments of events: what they are by their own bytes, checked against what was declared."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from typing import Final

from adapters.bridge.contract import Attachment
from adapters.bridge.hosts import Hosts
from adapters.bridge.settings import CAPABILITIES
from adapters.filetypes import picture_type
from adapters.ports import Blobs
from dialogs.messages import Media

PLAIN: Final = "application/octet-stream"
_MIME: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,62}/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}")
_STARTS: Final = (
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"#!AMR", "audio/amr"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"%PDF-", "application/pdf"),
)


def mime_of(content: bytes, declared: str) -> str:
    """The mime type by the first bytes, else the declared one; nothing is a picture that does not begin like one."""
    declared = plain_mime(declared)
    picture = picture_type(content)
    if picture is not None:
        return picture
    for start, mime in _STARTS:
        if content.startswith(start):
            return mime
    if content[4:8] == b"ftyp":
        return declared if declared.startswith(("audio/", "video/", "image/hei")) else "video/mp4"
    return PLAIN if declared.startswith("image/") else declared


def plain_mime(declared: str) -> str:
    """The declared mime type without parameters, ``application/octet-stream`` when it is none."""
    mime = declared.partition(";")[0].strip().lower()
    return mime if _MIME.fullmatch(mime) else PLAIN


def kind_of(mime: str) -> str:
    """The kind of attachment of a mime type."""
    return {"image": "photo", "video": "video", "audio": "voice"}.get(mime.partition("/")[0], "document")


def matches(content: bytes, sha256: str | None) -> bool:
    """Whether the bytes have the checksum, when there is one."""
    return sha256 is None or hmac.compare_digest(hashlib.sha256(content).hexdigest(), sha256.lower())


def largest(kind: str) -> int:
    """The most bytes an attachment may have."""
    return CAPABILITIES.media[kind]


async def taken(attachment: Attachment, blobs: Blobs, hosts: Hosts) -> Media:
    """The attachment as it is kept: given bytes are stored, an address is kept to be fetched, or why it never will."""
    if attachment.base64 is not None:
        return await _stored(attachment, attachment.base64, blobs)
    mime = plain_mime(attachment.mime)
    kind = kind_of(mime)
    size = attachment.size or 0
    name = _name(attachment.name)
    if attachment.url is None:
        return Media(kind=kind, name=name, mime=mime, size=size, error="gone")
    if size > largest(kind):
        return Media(kind=kind, name=name, mime=mime, size=size, error="too_big")
    problem = hosts.problem(attachment.url)
    if problem:
        return Media(kind=kind, name=name, mime=mime, size=size, error=problem)
    remote = json.dumps({"url": attachment.url, "sha256": attachment.sha256})
    return Media(kind=kind, name=name, mime=mime, size=size, remote=remote)


async def _stored(attachment: Attachment, encoded: str, blobs: Blobs) -> Media:
    name = _name(attachment.name)
    try:
        content = base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error):
        content = b""
    mime = mime_of(content, attachment.mime)
    kind = kind_of(mime)
    error = _wrong(attachment, content, kind)
    if error:
        return Media(kind=kind, name=name, mime=mime, size=len(content), error=error)
    ref = await blobs.put(content, mime=mime)
    return Media(kind=kind, name=name, mime=mime, size=len(content), ref=ref)


def _wrong(attachment: Attachment, content: bytes, kind: str) -> str:
    if not content:
        return "bad_base64"
    if attachment.size is not None and attachment.size != len(content):
        return "bad_size"
    if not matches(content, attachment.sha256):
        return "bad_checksum"
    return "too_big" if len(content) > largest(kind) else ""


def _name(given: str | None) -> str:
    """A bare file name, whatever path it came with."""
    return re.split(r"[/\\]", given or "")[-1].strip()
