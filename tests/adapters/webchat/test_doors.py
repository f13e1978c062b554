"""The web chat over HTTP: sessions, sending once, limits, photos, headers."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.doors import RateLimit, clean
from adapters.webchat.doors import MAX_PHOTO_BYTES, MAX_TEXT_BYTES, _best_language
from dialogs.events import BuyerWrote, Receipt
from tests.adapters.conftest import WebSite

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64
HOLA = "Hola, mi pedido 8201954417 todavía no ha llegado. ¿Dónde está?"


async def enter(client: httpx.AsyncClient, query: str = "") -> httpx.Response:
    page = await client.get(f"/chat/web{query}")
    assert page.status_code == 200
    return page


async def write(client: httpx.AsyncClient, text: str = HOLA, key: str = "a" * 32, **more: object) -> httpx.Response:
    return await client.post("/chat/web/messages", json={"id": key, "text": text, **more})


async def test_a_message_is_stored_before_it_is_acknowledged(web: WebSite) -> None:
    async with web.client() as client:
        await enter(client)
        answer = await write(client, name="Ana")
        assert answer.json() == {"id": "a" * 32, "duplicate": False}
        (event,) = [event for event, _, _ in web.memory.events.values()]
        assert event.body == BuyerWrote(text=HOLA)
        assert event.contact_name == "Ana"
        lines = (await client.get("/chat/web/lines")).json()["lines"]
        assert [(line["text"], line["mine"], line["own"]) for line in lines] == [(HOLA, True, "a" * 32)]


async def test_the_same_message_twice_is_one(web: WebSite) -> None:
    async with web.client() as client:
        await enter(client)
        answers = await asyncio.gather(*(write(client) for _ in range(5)))
        assert sorted(answer.json()["duplicate"] for answer in answers) == [False, True, True, True, True]
        assert len((await client.get("/chat/web/lines")).json()["lines"]) == 1


async def test_chats_are_apart_and_only_the_digest_is_known(web: WebSite) -> None:
    async with web.client() as ana, web.client() as ben:
        await enter(ana)
        await enter(ben)
        await write(ana, key="a" * 32)
        await write(ben, "Hello, the parcel is here, thank you!", key="a" * 32)
        assert len(web.memory.talks) == 2
        assert [line["text"] for line in (await ana.get("/chat/web/lines")).json()["lines"]] == [HOLA]
        token = ana.cookies["heqi_chat"]
        assert len(token) >= 43
        assert token not in json.dumps([event.chat for event, _, _ in web.memory.events.values()])


async def test_the_cookie_is_for_the_server_only_and_stays(web: WebSite) -> None:
    async with web.client() as client:
        cookie = (await enter(client)).headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert "path=/chat/web" in cookie
        assert "set-cookie" not in (await enter(client)).headers


@pytest.mark.parametrize("path", ["/chat/web/messages", "/chat/web/photos?id=aaaaaaaa"])
@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
async def test_other_origins_are_refused(web: WebSite, path: str, origin: str) -> None:
    async with web.client() as client:
        await enter(client)
        answer = await client.post(path, content=b'{"id":"aaaaaaaa","text":"x"}', headers={"origin": origin})
        assert (answer.status_code, answer.json()) == (403, {"error": "origin"})
        assert not web.memory.events


async def test_without_a_session_nothing_is_served(web: WebSite) -> None:
    async with web.client() as client:
        assert (await write(client)).status_code == 401
        assert (await client.get("/chat/web/lines")).status_code == 401
        client.cookies.set("heqi_chat", "short")
        assert (await write(client)).status_code == 401


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"not json", "malformed"),
        (b"[]", "malformed"),
        (b"[" * 50_000 + b"]" * 50_000, "malformed"),
        (b'{"id":"aaaaaaaa"}', "malformed"),
        (b'{"id":"a b","text":"x"}', "malformed"),
        (b'{"id":7,"text":"x"}', "malformed"),
        (b'{"id":"aaaaaaaa","text":"  "}', "empty"),
    ],
)
async def test_malformed_messages_are_named(web: WebSite, body: bytes, error: str) -> None:
    async with web.client() as client:
        await enter(client)
        answer = await client.post("/chat/web/messages", content=body)
        assert (answer.status_code, answer.json()) == (400, {"error": error})
        assert not web.memory.events


async def test_a_long_text_is_taken_up_to_the_limit(web: WebSite) -> None:
    async with web.client() as client:
        await enter(client)
        longest = "ш" * (MAX_TEXT_BYTES // 2)
        assert (await write(client, longest)).status_code == 200
        over = await write(client, longest + "x", key="b" * 32)
        assert (over.status_code, over.json()) == (413, {"error": "too_long"})
        flood = await client.post("/chat/web/messages", content=b"x" * 2_000_000)
        assert flood.status_code == 413


async def test_text_no_database_takes_is_cleaned(web: WebSite) -> None:
    async with web.client() as client:
        await enter(client)
        body = b'{"id":"aaaaaaaa","text":"a\\u0000b\\ud800c \\ud83d\\ude00"}'
        assert (await client.post("/chat/web/messages", content=body)).status_code == 200
        (event,) = [event for event, _, _ in web.memory.events.values()]
        assert event.body == BuyerWrote(text="a\ufffdb\ufffdc 😀")


async def test_too_many_messages_are_slowed_down_and_told_when(web: WebSite) -> None:
    async with web.client() as client:
        await enter(client)
        answers = [await write(client, key=f"{number:032d}") for number in range(40)]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert refused
        assert refused[0].json() == {"error": "slow_down"}
        assert int(refused[0].headers["retry-after"]) >= 1


async def test_a_photo_is_told_by_its_bytes_and_shown_to_its_chat_only(web: WebSite) -> None:
    async with web.client() as ana, web.client() as ben:
        await enter(ana)
        await enter(ben)
        sent = await ana.post("/chat/web/photos?id=aaaaaaaa", content=PNG, headers={"content-type": "text/html"})
        assert sent.status_code == 200
        (line,) = (await ana.get("/chat/web/lines")).json()["lines"]
        path = f"/chat/web/media/{line['media'][0]['ref']}"
        shown = await ana.get(path)
        assert (shown.content, shown.headers["content-type"]) == (PNG, "image/png")
        assert shown.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in shown.headers["content-security-policy"]
        assert (await ben.get(path)).status_code == 404
        assert (await ana.get(f"/desk/media/{line['media'][0]['ref']}")).status_code == 401


@pytest.mark.parametrize(
    ("content", "status", "error"),
    [
        (b"<svg onload=alert(1)>", 415, "not_a_photo"),
        (b"", 415, "not_a_photo"),
        (PNG + b"0" * MAX_PHOTO_BYTES, 413, "photo_too_big"),
    ],
)
async def test_what_is_no_photo_is_refused(web: WebSite, content: bytes, status: int, error: str) -> None:
    async with web.client() as client:
        await enter(client)
        answer = await client.post("/chat/web/photos?id=aaaaaaaa", content=content)
        assert (answer.status_code, answer.json()) == (status, {"error": error})
        assert not web.memory.stored


async def test_labels_open_further_chats_in_the_demo_only(web: WebSite, demo_web: WebSite) -> None:
    async with demo_web.client() as client:
        for label in ("ana", "omar"):
            await enter(client, f"?as={label}")
            await client.post(f"/chat/web/messages?as={label}", json={"id": "a" * 32, "text": "hello"})
        assert len(demo_web.memory.talks) == 2
    async with web.client() as client:
        page = await enter(client, "?as=ana")
        assert "heqi_chat=" in page.headers["set-cookie"]


async def test_the_page_is_inert_and_speaks_the_buyers_language(web: WebSite) -> None:
    async with web.client() as client:
        page = await client.get("/chat/web", headers={"accept-language": "xx,ar;q=0.9,en;q=0.1"})
        assert '<html lang="ar" dir="rtl">' in page.text
        assert '<html lang="ko"' in (await client.get("/chat/web?lang=ko", headers={"accept-language": "ar"})).text
        assert '<html lang="en"' in (await client.get('/chat/web?lang="><script>')).text
        policy = page.headers["content-security-policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize(
    ("header", "language"),
    [("", "en"), ("de-AT,de;q=0.9", "de"), ("xx, fr;q=0.2, ja;q=0.8", "ja"), ("es;q=nonsense", "es"), (",;,", "en")],
)
def test_languages_are_negotiated(header: str, language: str) -> None:
    assert _best_language(header) == language


# ---- live ------------------------------------------------------------------------------------------------------------


async def told(socket: aiohttp.ClientWebSocketResponse) -> list[dict]:
    """The lines told until the server says that was all."""
    lines: list[dict] = []
    while True:
        message = await socket.receive_json(timeout=10)
        if "ready" in message:
            return lines
        lines += message.get("lines", [])


async def socket_of(web: WebSite, client: httpx.AsyncClient, after: int = 0) -> tuple:
    session = aiohttp.ClientSession(cookies=dict(client.cookies))
    socket = await session.ws_connect(f"{web.base}/chat/web/live?after={after}", headers={"origin": web.base})
    return session, socket


async def test_answers_come_live_and_are_told_read_once(web: WebSite) -> None:
    async with web.client() as client:
        await enter(client)
        await write(client)
        session, socket = await socket_of(web, client)
        assert [line["text"] for line in await told(socket)] == [HOLA]
        (talk,) = web.memory.talks
        await web.memory.seller(talk, "您好，我马上帮您查询物流，请稍等。")
        (answer,) = await told(socket)
        assert not answer["mine"]
        assert answer["text"].startswith("Hola, voy a consultar")
        for _ in range(2):
            await socket.send_json({"seen": answer["id"]})
        (changed,) = await told(socket)
        assert changed["state"] == "read"
        receipts = [event for event, _, _ in web.memory.events.values() if isinstance(event.body, Receipt)]
        assert [receipt.body.of for receipt in receipts] == [f"out-{answer['id']}"]
        await session.close()


async def test_a_reply_that_was_held_back_still_reaches_a_page_that_knows_newer_lines(web: WebSite) -> None:
    async with web.client() as client:
        await enter(client)
        await write(client)
        (talk,) = web.memory.talks
        held = await web.memory.seller(talk, "难译的一句话")
        await write(client, "Hola, gracias", key="b" * 32)
        session, socket = await socket_of(web, client)
        assert [line["mine"] for line in await told(socket)] == [True, True]
        web.memory.talks[talk].change(held, delivery="sent")
        web.memory.notify(talk)
        assert [line["id"] for line in await told(socket)] == [held]
        await session.close()


async def test_a_change_nobody_told_of_is_shown_at_the_next_beat(web: WebSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hint that tells other processes of a change may be lost on its way."""
    monkeypatch.setattr("adapters.webchat.doors.BEAT_SECONDS", 0.05)
    async with web.client() as client:
        await enter(client)
        await write(client)
        session, socket = await socket_of(web, client)
        await told(socket)
        (talk,) = web.memory.talks
        held = await web.memory.seller(talk, "难译的一句话")
        assert await told(socket) == []
        web.memory.talks[talk].change(held, delivery="sent")
        message: dict = {}
        while "lines" not in message:
            before, message = message, await socket.receive_json(timeout=10)
        assert before == {"beat": True}
        assert [line["id"] for line in message["lines"]] == [held]
        await session.close()


async def test_a_socket_continues_after_the_line_it_names(web: WebSite) -> None:
    async with web.client() as client:
        await enter(client)
        for number in range(3):
            await write(client, f"hola {number}", key=f"{number:032d}")
        ids = [line["id"] for line in (await client.get("/chat/web/lines")).json()["lines"]]
        session, socket = await socket_of(web, client, after=ids[1])
        assert [line["text"] for line in await told(socket)] == ["hola 2"]
        await session.close()


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
async def test_sockets_of_other_sites_are_refused(web: WebSite, origin: str) -> None:
    async with web.client() as client:
        await enter(client)
        async with aiohttp.ClientSession(cookies=dict(client.cookies)) as session:
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await session.ws_connect(f"{web.base}/chat/web/live", headers={"origin": origin})


async def test_nonsense_ends_a_socket_and_nothing_else(web: WebSite) -> None:
    async with web.client() as client:
        await enter(client)
        session, socket = await socket_of(web, client)
        await told(socket)
        await socket.send_str("not json")
        assert (await socket.receive(timeout=10)).type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED}
        await session.close()
        assert (await client.get("/healthz")).status_code == 200


# ---- the small parts -------------------------------------------------------------------------------------------------


@given(st.text(st.characters()))
def test_clean_text_can_be_stored_and_valid_text_is_left_alone(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode()
    assert "\0" not in cleaned
    if "\0" not in text and not any(0xD800 <= ord(char) <= 0xDFFF for char in text):
        assert cleaned == text


@given(st.text(st.sampled_from("a\0\ud800\udc00b😀")))
def test_clean_keeps_every_good_character(text: str) -> None:
    assert [char for char in clean(text) if char in "ab"] == [char for char in text if char in "ab"]


def test_rate_limits_refill_and_forget() -> None:
    now = [0.0]
    limit = RateLimit(burst=2, per_second=0.5, keys=10, clock=lambda: now[0])
    assert [limit.take("a") for _ in range(3)] == [0, 0, 2]
    assert limit.take("b") == 0
    now[0] = 2
    assert limit.take("a") == 0
    for number in range(100):
        limit.take(str(number))
    assert len(limit._buckets) <= 10
