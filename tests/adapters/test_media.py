"""What a browser may do with an attachment."""

from __future__ import annotations

import pytest

from adapters.media import media_response, shown_as
from dialogs.messages import Media
from tests.adapters.memory_desk import MemoryDesk


@pytest.mark.parametrize(
    ("kind", "mime", "shown"),
    [
        ("photo", "image/jpeg", "image"),
        ("sticker", "image/webp", "image"),
        ("sticker", "video/webm", "video"),
        ("sticker", "application/x-tgsticker", "file"),
        ("photo", "image/svg+xml", "file"),
        ("photo", "image/heic", "file"),
        ("video", "video/mp4", "video"),
        ("video", "video/quicktime", "file"),
        ("voice", "audio/ogg; codecs=opus", "audio"),
        ("voice", "audio/amr", "file"),
        ("document", "image/png", "file"),
        ("document", "text/html", "file"),
        ("photo", "", "file"),
    ],
)
def test_only_harmless_types_are_shown_or_played(kind: str, mime: str, shown: str) -> None:
    assert shown_as(Media(kind=kind, mime=mime)) == shown


@pytest.mark.parametrize(
    ("mime", "served", "disposition"),
    [
        ("image/png", "image/png", "inline"),
        ("audio/ogg; codecs=opus", "audio/ogg", "inline"),
        ("VIDEO/MP4", "video/mp4", "inline"),
        ("application/pdf", "application/octet-stream", "attachment"),
        ("text/html", "application/octet-stream", "attachment"),
        ("image/svg+xml", "application/octet-stream", "attachment"),
    ],
)
async def test_bytes_are_served_inert(mime: str, served: str, disposition: str) -> None:
    memory = MemoryDesk()
    answer = await media_response(memory, await memory.put(b"0123456789", mime=mime))
    assert (answer.status_code, answer.body) == (200, b"0123456789")
    assert answer.headers["content-type"] == served
    assert answer.headers["content-disposition"] == disposition
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("wanted", "content", "told"),
    [
        ("bytes=0-", b"0123456789", "bytes 0-9/10"),
        ("bytes=2-4", b"234", "bytes 2-4/10"),
        ("bytes=8-99", b"89", "bytes 8-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=-99", b"0123456789", "bytes 0-9/10"),
    ],
)
async def test_players_ask_for_parts(wanted: str, content: bytes, told: str) -> None:
    memory = MemoryDesk()
    answer = await media_response(memory, await memory.put(b"0123456789", mime="video/mp4"), wanted=wanted)
    assert (answer.status_code, answer.body, answer.headers["content-range"]) == (206, content, told)
    assert answer.headers["content-length"] == str(len(content))


@pytest.mark.parametrize(
    "wanted", ["", "bytes=", "bytes=-", "bytes=-0", "bytes=10-", "bytes=5-2", "bytes=1-2,4-5", "lines=1-2"]
)
async def test_a_wish_for_parts_that_cannot_be_met_gives_all(wanted: str) -> None:
    memory = MemoryDesk()
    answer = await media_response(memory, await memory.put(b"0123456789", mime="video/mp4"), wanted=wanted)
    assert (answer.status_code, answer.body) == (200, b"0123456789")
    assert "content-range" not in answer.headers


async def test_nothing_stored_is_told() -> None:
    assert (await media_response(MemoryDesk(), "none")).status_code == 404
