"""Files as people attach them: told apart by their first bytes, never by their name or declared type."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_STEM: Final = 100  # characters of a file's name without its ending
# Control characters, and marks that change the direction of letters: with them a program's name reads like a picture's.
_INVISIBLE: Final = re.compile(r"[\x00-\x1f\x7f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_OLE: Final = {"doc": "application/msword", "xls": "application/vnd.ms-excel", "ppt": "application/vnd.ms-powerpoint"}
_OFFICE: Final = "application/vnd.openxmlformats-officedocument"
_TEXTS: Final = {"txt": "text/plain", "csv": "text/csv"}
_VIDEO_BRANDS: Final = (b"iso", b"mp4", b"avc1", b"M4V", b"MSNV", b"dash", b"f4v")


@dataclass(frozen=True, slots=True)
class FileType:
    """What a file is: ``kind`` is photo, video, voice or document, ``ending`` what its name has to end with."""

    kind: str
    mime: str
    ending: str


def picture_type(content: bytes) -> str | None:
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


def file_type(content: bytes, name: str) -> FileType | None:
    """What the file is, None when it is nothing a shop sends to a buyer.

    Its name decides only between types that have the same first bytes and are equally harmless.
    """
    picture = picture_type(content)
    if picture is not None:
        return FileType("photo", picture, picture.removeprefix("image/").replace("jpeg", "jpg"))
    return _recording(content) or _document(content, name.rpartition(".")[2].lower())


def file_name(name: str, found: FileType) -> str:
    """A name for the file that shows what it is; from ``name`` stays what cannot mislead."""
    last = _INVISIBLE.sub("", re.split(r"[/\\]", name)[-1]).strip()
    stem, dot, _ = last.rpartition(".")
    return f"{(stem if dot else last).strip('. ')[:_STEM] or found.kind}.{found.ending}"


def _recording(content: bytes) -> FileType | None:
    """A video or sound."""
    head = content[:64]
    if head[4:8] == b"ftyp":
        return _boxed(head[8:12])
    if head.startswith(b"\x1aE\xdf\xa3") and b"webm" in head:
        return FileType("video", "video/webm", "webm")
    if head.startswith(b"OggS") and (b"OpusHead" in head or b"vorbis" in head):
        return FileType("voice", "audio/ogg", "ogg")
    if head.startswith(b"#!AMR\n"):
        return FileType("voice", "audio/amr", "amr")
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return FileType("voice", "audio/wav", "wav")
    if head[:2] in {b"\xff\xf1", b"\xff\xf9"}:  # ADTS
        return FileType("voice", "audio/aac", "aac")
    if head.startswith(b"ID3") or head[:2] in {b"\xff\xfb", b"\xff\xfa", b"\xff\xf3", b"\xff\xf2"}:  # MPEG layer III
        return FileType("voice", "audio/mpeg", "mp3")
    return None


def _boxed(brand: bytes) -> FileType | None:
    """By the brand of an ISO base media file; pictures of this family (HEIC) open on few devices."""
    if brand.startswith((b"M4A", b"M4B")):
        return FileType("voice", "audio/mp4", "m4a")
    if brand.startswith(_VIDEO_BRANDS):
        return FileType("video", "video/mp4", "mp4")
    if brand.startswith(b"3gp"):
        return FileType("video", "video/3gpp", "3gp")
    return FileType("video", "video/quicktime", "mov") if brand == b"qt  " else None


def _document(content: bytes, ending: str) -> FileType | None:
    if content.startswith(b"%PDF-"):
        return FileType("document", "application/pdf", "pdf")
    if content.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):  # installers have these bytes too
        return FileType("document", _OLE[ending], ending) if ending in _OLE else None
    if content.startswith(b"PK\x03\x04"):
        return _zipped(content)
    if not _is_text(content):
        return None
    return FileType("document", _TEXTS.get(ending, "text/plain"), ending if ending in _TEXTS else "txt")


def _zipped(content: bytes) -> FileType:
    if b"[Content_Types].xml" in content:
        if b"word/document.xml" in content:
            return FileType("document", f"{_OFFICE}.wordprocessingml.document", "docx")
        if b"xl/workbook.xml" in content:
            return FileType("document", f"{_OFFICE}.spreadsheetml.sheet", "xlsx")
        if b"ppt/presentation.xml" in content:
            return FileType("document", f"{_OFFICE}.presentationml.presentation", "pptx")
    return FileType("document", "application/zip", "zip")


def _is_text(content: bytes) -> bool:
    if b"\0" in content:
        return False
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return bool(content.strip())
