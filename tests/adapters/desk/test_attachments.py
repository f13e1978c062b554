"""The door for attachments: agents only, from this page only, what the channel carries only."""

from __future__ import annotations

import hashlib
import io
from collections.abc import AsyncIterator

import httpx
import pytest
from PIL import Image
from starlette.requests import Request
from starlette.types import Message

from adapters.desk.attachments import Attachments
from adapters.doors import read_body
from tests.adapters.conftest import WebSite
from tests.adapters.desk.test_doors import log_in
from tests.adapters.memory_desk import MemoryDesk
from tests.adapters.memory_talk import MEGABYTE

HOLA = "Hola, mi pedido no ha llegado."
VOICE = b"OggS" + b"\0" * 24 + b"OpusHead"
VIDEO = b"\0\0\0\x18ftypmp42...."


def png(size: int = 0) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(written, "PNG")
    return written.getvalue() + b"\0" * size


async def upload(
    client: httpx.AsyncClient, conversation: object, content: bytes, name: str = "a.png"
) -> httpx.Response:
    return await client.post(f"/desk/attachments?conversation={conversation}&name={name}", content=content)


async def test_an_upload_is_stored_by_what_it_is(web: WebSite) -> None:
    number = await web.memory.buyer("ana", HOLA)
    async with web.client() as client:
        await log_in(client)
        answer = await upload(client, number, png(), "../%E5%8C%85%E8%A3%B9.exe")
        ref = answer.json()["ref"]
        told = {"kind": "photo", "name": "包裹.png", "size": len(png()), "ref": ref, "show": "image"}
        assert (answer.status_code, answer.json()) == (200, {**told, "state": "ready", "error": ""})
        assert web.memory.stored == {ref: (png(), "image/png")}


async def test_strangers_and_other_pages_store_nothing(web: WebSite) -> None:
    number = await web.memory.buyer("ana", HOLA)
    async with web.client() as client:
        answer = await upload(client, number, png())
        assert (answer.status_code, answer.json()) == (401, {"error": "no_session"})
        await log_in(client)
        for origin in ("https://evil.example", "null", ""):
            foreign = await client.post(
                f"/desk/attachments?conversation={number}", content=png(), headers={"origin": origin}
            )
            assert (foreign.status_code, foreign.json()) == (403, {"error": "origin"})
    assert not web.memory.stored


@pytest.mark.parametrize("conversation", ["999", "", "x", "-1", "٣", "1e3", "9" * 40])
async def test_an_unknown_conversation_takes_nothing(web: WebSite, conversation: str) -> None:
    await web.memory.buyer("ana", HOLA)
    async with web.client() as client:
        await log_in(client)
        answer = await upload(client, conversation, png())
        assert (answer.status_code, answer.json()) == (404, {"error": "unknown_target"})
    assert not web.memory.stored


@pytest.mark.parametrize(
    ("content", "status", "error"),
    [
        (b"", 400, "empty"),
        (b"MZ\x90\x00", 415, "media_type"),
        (b"\0\0\0\x18ftypheic....", 415, "media_type"),
        (png(5 * MEGABYTE), 413, "too_big"),  # of a photo
        (b"%PDF-1.7" + b"0" * 6 * MEGABYTE, 413, "too_big"),  # of a document
        (b"%PDF-1.7" + b"0" * 17 * MEGABYTE, 413, "too_big"),  # of anything
    ],
)
async def test_what_the_channel_does_not_carry_is_refused(
    web: WebSite, content: bytes, status: int, error: str
) -> None:
    number = await web.memory.buyer("ana", HOLA)
    web.memory.on_whatsapp(number)
    async with web.client() as client:
        await log_in(client)
        answer = await upload(client, number, content)
        assert (answer.status_code, answer.json()) == (status, {"error": error})
    assert not web.memory.stored


async def test_the_largest_size_still_passes_and_one_byte_more_does_not(web: WebSite) -> None:
    number = await web.memory.buyer("ana", HOLA)
    web.memory.on_whatsapp(number)
    room = 5 * MEGABYTE - len(png())
    async with web.client() as client:
        await log_in(client)
        assert (await upload(client, number, png(room))).status_code == 200
        assert (await upload(client, number, png(room + 1))).status_code == 413


async def test_a_body_that_does_not_tell_its_length_is_measured(web: WebSite) -> None:
    number = await web.memory.buyer("ana", HOLA)
    web.memory.on_whatsapp(number)

    async def parts(megabytes: int) -> AsyncIterator[bytes]:
        yield b"%PDF-1.7"
        for _ in range(megabytes):
            yield b"0" * MEGABYTE

    async with web.client() as client:
        await log_in(client)
        for megabytes, status in ((5, 200), (6, 413), (40, 413)):
            sent = await client.post(f"/desk/attachments?conversation={number}", content=parts(megabytes))
            assert sent.status_code == status
    assert len(web.memory.stored) == 1


async def test_no_more_is_read_than_may_be_kept() -> None:
    read = 0

    async def endless() -> Message:
        nonlocal read
        read += 1
        assert read < 100, "somebody fills the memory"
        return {"type": "http.request", "body": b"0" * MEGABYTE, "more_body": True}

    scope = {"type": "http", "headers": []}
    assert await read_body(Request(scope, endless), 3 * MEGABYTE) is None
    assert read == 4
    told = {"type": "http", "headers": [(b"content-length", str(4 * MEGABYTE).encode())]}
    assert await read_body(Request(told, endless), 3 * MEGABYTE) is None
    assert read == 4


async def test_a_channel_without_media_takes_nothing(web: WebSite) -> None:
    number = await web.memory.buyer("ana", HOLA)
    talk = web.memory.talks[number]
    talk.capabilities = type(talk.capabilities)()
    async with web.client() as client:
        await log_in(client)
        answer = await upload(client, number, png())
        assert (answer.status_code, answer.json()) == (415, {"error": "media_type"})


async def test_what_has_no_kind_of_its_own_leaves_as_a_document(web: WebSite) -> None:
    number = await web.memory.buyer("ana", HOLA)
    web.memory.on_whatsapp(number)
    async with web.client() as client:
        await log_in(client)
        assert (await upload(client, number, VIDEO)).json()["kind"] == "document"
        assert (await upload(client, number, VOICE)).json()["kind"] == "voice"


async def test_a_flood_is_slowed_down(web: WebSite) -> None:
    number = await web.memory.buyer("ana", HOLA)
    async with web.client() as client:
        await log_in(client)
        answers = [await upload(client, number, VOICE) for _ in range(25)]
        assert answers[-1].status_code == 429
        assert int(answers[-1].headers["retry-after"]) > 0


async def test_a_draft_that_is_older_than_the_process_is_looked_at_again() -> None:
    memory = MemoryDesk()
    number = await memory.buyer("ana", HOLA)
    memory.on_whatsapp(number)
    ref = await memory.put(VIDEO, mime="video/mp4")
    (media,) = await Attachments(desk=memory, blobs=memory, agents=memory).of(number, [(ref, "a.exe")]) or ()
    assert (media.kind, media.name, media.mime, media.size, media.ref) == (
        "document",
        "a.mp4",
        "video/mp4",
        len(VIDEO),
        ref,
    )


async def test_what_was_never_stored_cannot_be_sent() -> None:
    memory = MemoryDesk()
    number = await memory.buyer("ana", HOLA)
    known = await memory.put(VOICE, mime="audio/ogg")
    attachments = Attachments(desk=memory, blobs=memory, agents=memory)
    stranger = hashlib.sha256(b"x").hexdigest()
    assert await attachments.of(number, [(known, "a"), (stranger, "b")]) is None
    assert await attachments.of(999, [(known, "a")]) is None
    assert await attachments.of(number, []) == ()
