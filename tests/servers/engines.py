"""Loopback servers that answer as translation engines do, well or badly.

One server speaks all protocols: Google's web page (``/m``), MyMemory (``/get``), LibreTranslate (``/translate``), DeepL
(``/v2/translate``) and OpenAI's chat completions (``/v1/chat/completions``). ``mode`` switches how it misbehaves.
"""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.servers.phrases import say

# The page Google sends when it fails, as its text reads.
GOOGLE_ERROR = (
    "Error 500 (Server Error)!!1500.That’s an error.There was an error. Please try again later.That’s all we know."
)

MODES = (
    "ok", "rate_limited", "rate_limited_long", "server_error", "bad_key", "quota", "unsupported", "hang", "half_closed",
    "not_json", "html", "error_sentence", "echo", "other_language", "changed_number", "empty", "huge", "redirect",
)  # fmt: skip


@dataclass
class EngineServer:
    """One running server. ``seen`` holds what was asked: path, text, source, target, headers."""

    url: str = ""
    mode: str = "ok"
    delay: float = 0.0
    seen: list[dict[str, Any]] = field(default_factory=list)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def answer(self, text: str, target: str) -> str:
        """The translation, garbled as ``mode`` says."""
        plain = say(text, target)
        match self.mode:
            case "html":
                return f"<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1>{plain}</body></html>"
            case "error_sentence":
                return GOOGLE_ERROR
            case "echo":
                return text
            case "other_language":
                return say(text, "ru" if target[:2] != "ru" else "es")
            case "changed_number":
                return re.sub(r"(?<![\w\[])\d", lambda digit: str((int(digit[0]) + 3) % 10), plain)
            case "empty":
                return ""
            case "huge":
                return plain + "x" * 3_000_000
        return plain


@asynccontextmanager
async def engine_server(mode: str = "ok", delay: float = 0.0) -> AsyncIterator[EngineServer]:
    """Run a server on a free port of 127.0.0.1."""
    server = EngineServer(mode=mode, delay=delay)
    app = web.Application()
    app.router.add_get("/m", _handler(server, _google))
    app.router.add_get("/get", _handler(server, _mymemory))
    app.router.add_post("/translate", _handler(server, _libretranslate))
    app.router.add_post("/v2/translate", _handler(server, _deepl))
    app.router.add_post("/v1/chat/completions", _handler(server, _openai))
    runner = web.AppRunner(app, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        server.released.set()
        await runner.cleanup()


@asynccontextmanager
async def loopback_engine(delay: float = 0.0) -> AsyncIterator[str]:
    """A well-behaved LibreTranslate server that answers ``delay`` seconds after it was asked; yields its URL."""
    async with engine_server(delay=delay) as server:
        yield server.url


Protocol = Callable[[EngineServer, web.Request], Awaitable[web.Response]]
_STATUS = {
    "rate_limited": (429, {"Retry-After": "1"}),
    "rate_limited_long": (429, {"Retry-After": "120"}),
    "server_error": (500, {}),
    "bad_key": (403, {}),
    "unsupported": (400, {}),
    "redirect": (302, {"Location": "http://127.0.0.1:9/elsewhere"}),
}


def _handler(server: EngineServer, protocol: Protocol) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        answer = await protocol(server, request)
        if server.delay:
            await asyncio.sleep(server.delay)
        if server.mode == "hang":
            await server.released.wait()
        elif server.mode in _STATUS:
            status, headers = _STATUS[server.mode]
            return web.json_response({"error": f"no: {server.seen[-1]['text']}"}, status=status, headers=headers)
        elif server.mode == "not_json":
            return web.Response(text="<html><title>Login</title></html>", content_type="text/html")
        elif server.mode == "half_closed":
            return await _half(request, answer)
        return answer

    return handle


async def _half(request: web.Request, answer: web.Response) -> web.StreamResponse:
    """Announce the whole answer, send half of it and hang up."""
    body = answer.body
    assert isinstance(body, bytes)
    response = web.StreamResponse(headers={"Content-Length": str(len(body)), "Content-Type": answer.content_type})
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    assert request.transport is not None
    request.transport.close()
    return response


def _note(server: EngineServer, request: web.Request, text: str, source: str | None, target: str) -> None:
    server.seen.append(
        {"path": request.path, "text": text, "source": source, "target": target, "headers": dict(request.headers)}
    )


async def _google(server: EngineServer, request: web.Request) -> web.Response:
    text, target = request.query["q"], request.query["tl"]
    _note(server, request, text, request.query["sl"], target)
    answer = server.answer(text, target)
    page = (
        '<!DOCTYPE html><html><head><title>Google Translate</title></head><body><div class="root-container">'
        f'<div class="input-field"></div><div class="result-container">{html.escape(answer)}</div></div></body></html>'
    )
    return web.Response(text=page, content_type="text/html", charset="utf-8")


async def _mymemory(server: EngineServer, request: web.Request) -> web.Response:
    text = request.query["q"]
    source, target = request.query["langpair"].split("|")
    _note(server, request, text, source, target)
    answer, status = server.answer(text, target), 200
    if server.mode == "quota":
        answer, status = "MYMEMORY WARNING: YOU USED ALL AVAILABLE FREE TRANSLATIONS FOR TODAY.", 429
    elif server.mode == "unsupported":
        answer, status = "'XX' IS AN INVALID TARGET LANGUAGE . EXAMPLE: LANGPAIR=EN|IT", 403
    return web.json_response(
        {"responseData": {"translatedText": answer, "match": 0.85}, "responseStatus": status, "matches": []}
    )


async def _libretranslate(server: EngineServer, request: web.Request) -> web.Response:
    body = await request.json()
    _note(server, request, body["q"], body["source"], body["target"])
    answer: dict[str, Any] = {"translatedText": server.answer(body["q"], body["target"])}
    if body["source"] == "auto":
        answer["detectedLanguage"] = {"confidence": 90, "language": "en"}
    if server.mode == "quota":
        return web.json_response({"error": "Slowdown: too many requests"}, status=429)
    return web.json_response(answer)


async def _deepl(server: EngineServer, request: web.Request) -> web.Response:
    body = await request.json()
    _note(server, request, body["text"][0], body.get("source_lang"), body["target_lang"])
    if server.mode == "quota":
        return web.json_response({"message": "Quota Exceeded"}, status=456)
    answer = server.answer(body["text"][0], body["target_lang"])
    return web.json_response({"translations": [{"detected_source_language": "EN", "text": answer}]})


async def _openai(server: EngineServer, request: web.Request) -> web.Response:
    body = await request.json()
    text = body["messages"][-1]["content"]
    target = _target_of(body["messages"][0]["content"])
    _note(server, request, text, None, target)
    if server.mode == "quota":
        return web.json_response({"error": {"code": "insufficient_quota", "message": text}}, status=429)
    message = {"role": "assistant", "content": server.answer(text, target)}
    return web.json_response({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})


def _target_of(instruction: str) -> str:
    names = {
        "Simplified Chinese": "zh", "English": "en", "Spanish": "es", "Russian": "ru", "Arabic": "ar", "French": "fr",
        "German": "de", "Brazilian Portuguese": "pt", "Japanese": "ja", "Korean": "ko",
    }  # fmt: skip
    found = re.search(r"into ([A-Z][A-Za-z ]+?)\.", instruction)
    return names.get(found[1], "en") if found else "en"
