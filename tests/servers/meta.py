"""A loopback server that answers as Meta's Graph API does for one WhatsApp number, well or badly.

``faults`` are used up one by one, whatever is asked next; without any it behaves well. ``sent`` holds the messages it
took, ``uploads`` the files, ``asked`` every request.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

PHONE_ID = "106540352242922"
BUSINESS_ID = "102290129340398"
TOKEN = "EAAtoken-of-the-system-user"
VERSION = "v23.0"


@dataclass(frozen=True)
class Fault:
    """How one answer goes wrong: error, hang, drop, half_closed, not_json, no_id or redirect."""

    kind: str = "error"
    status: int = 400
    code: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    path: str = ""  # only of requests whose path holds it


@dataclass
class Upload:
    fields: dict[str, str]
    filename: str
    mime: str
    content: bytes


@dataclass
class MetaServer:
    """One running server."""

    url: str = ""
    faults: deque[Fault] = field(default_factory=deque)
    asked: list[tuple[str, str, dict[str, str], dict[str, str]]] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)
    uploads: list[Upload] = field(default_factory=list)
    files: dict[str, tuple[bytes, str]] = field(default_factory=dict)  # media id → bytes and type
    addresses: dict[str, str] = field(default_factory=dict)  # media id → address told instead of our own
    sizes: dict[str, int] = field(default_factory=dict)  # media id → size told instead of the true one
    redirects: dict[str, str] = field(default_factory=dict)  # media id → where its address leads
    chunked: bool = False  # files leave without telling their length
    templates: list[dict[str, Any]] = field(default_factory=list)
    permissions: list[str] = field(
        default_factory=lambda: ["whatsapp_business_messaging", "whatsapp_business_management"]
    )
    number: dict[str, str] = field(
        default_factory=lambda: {
            "display_phone_number": "+1 555-078-3881",
            "verified_name": "Heqi Store",
            "quality_rating": "GREEN",
            "platform_type": "CLOUD_API",
        }
    )
    callbacks: dict[str, str] = field(default_factory=dict)  # number, business account or app → callback URL
    subscribed: bool = True
    hanging: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def meta_server() -> AsyncIterator[MetaServer]:
    """Run a server on a free port of 127.0.0.1."""
    server = MetaServer()
    app = web.Application(client_max_size=200 * 1024 * 1024)
    for method, path, answer in (
        ("POST", f"/{VERSION}/{PHONE_ID}/messages", _messages),
        ("POST", f"/{VERSION}/{PHONE_ID}/media", _media),
        ("GET", f"/{VERSION}/{PHONE_ID}", _number),
        ("GET", f"/{VERSION}/{BUSINESS_ID}", _business),
        ("GET", f"/{VERSION}/{BUSINESS_ID}/message_templates", _templates),
        ("GET", f"/{VERSION}/{BUSINESS_ID}/subscribed_apps", _subscribed),
        ("GET", f"/{VERSION}/me/permissions", _permissions),
        ("GET", f"/{VERSION}/{{media}}", _address),
        ("GET", "/files/{media}", _file),
    ):
        app.router.add_route(method, path, _handler(server, answer))
    runner = web.AppRunner(app, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        server.released.set()
        await runner.cleanup()


Answer = Callable[[MetaServer, web.Request], Awaitable[web.Response]]


def _handler(server: MetaServer, answer: Answer) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        server.asked.append((request.method, request.path, dict(request.query), dict(request.headers)))
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return _error(401, 190)
        if server.faults and server.faults[0].path in request.path:
            return await _fail(server, server.faults.popleft(), request)
        return await answer(server, request)

    return handle


async def _fail(server: MetaServer, fault: Fault, request: web.Request) -> web.StreamResponse:
    await request.read()
    assert request.transport is not None
    match fault.kind:
        case "hang":
            server.hanging.set()
            await server.released.wait()
        case "drop":
            request.transport.close()
        case "half_closed":
            response = web.StreamResponse(headers={"Content-Length": "100", "Content-Type": "application/json"})
            await response.prepare(request)
            await response.write(b'{"messages": [{"id"')
            request.transport.close()
            return response
        case "not_json":
            return web.Response(text="<html>Sign in to the network</html>", content_type="text/html")
        case "no_id":
            return web.json_response({"messaging_product": "whatsapp", "messages": []})
        case "redirect":
            return web.Response(status=302, headers={"Location": "http://127.0.0.1:9/elsewhere"})
    return _error(fault.status, fault.code, fault.headers)


def _error(status: int, code: int | None, headers: dict[str, str] | None = None) -> web.Response:
    if code is None:
        return web.Response(status=status, headers=headers, text="upstream error")
    error = {"message": f"(#{code}) no", "type": "OAuthException", "code": code, "fbtrace_id": "AlitGxh4tKl2qZ"}
    return web.json_response({"error": error}, status=status, headers=headers)


async def _messages(server: MetaServer, request: web.Request) -> web.Response:
    server.sent.append(await request.json())
    told = {
        "messaging_product": "whatsapp",
        "contacts": [{"input": "5215550001111", "wa_id": "5215550001111"}],
        "messages": [{"id": f"wamid.out.{len(server.sent)}"}],
    }
    return web.json_response(told)


async def _media(server: MetaServer, request: web.Request) -> web.Response:
    fields: dict[str, str] = {}
    name = mime = ""
    content = b""
    async for part in await request.multipart():
        assert part.name is not None
        if part.name == "file":
            name, mime = part.filename or "", part.headers["Content-Type"]
            content = bytes(await part.read())
        else:
            fields[part.name] = await part.text()
    server.uploads.append(Upload(fields, name, mime, content))
    return web.json_response({"id": f"88{len(server.uploads)}"})


async def _address(server: MetaServer, request: web.Request) -> web.Response:
    media = request.match_info["media"]
    if media not in server.files:
        return _error(400, 100)
    content, mime = server.files[media]
    told = {
        "messaging_product": "whatsapp",
        "url": server.addresses.get(media, f"{server.url}/files/{media}"),
        "mime_type": mime,
        "sha256": "0" * 64,
        "file_size": server.sizes.get(media, len(content)),
        "id": media,
    }
    return web.json_response(told)


async def _file(server: MetaServer, request: web.Request) -> web.Response:
    media = request.match_info["media"]
    if media in server.redirects:
        return web.Response(status=302, headers={"Location": server.redirects[media]})
    content, mime = server.files[media]
    answer = web.Response(body=content, content_type=mime.partition(";")[0])
    if server.chunked:
        answer.enable_chunked_encoding()
    return answer


async def _templates(server: MetaServer, request: web.Request) -> web.Response:
    limit, start = 2, int(request.query.get("after", "0"))  # a small page, whatever was asked for
    rows = [row for row in server.templates if row["status"] == request.query.get("status", row["status"])]
    paging: dict[str, Any] = {"cursors": {"before": str(start), "after": str(start + limit)}}
    if start + limit < len(rows):
        paging["next"] = f"http://127.0.0.1:9/?access_token={TOKEN}&after={start + limit}"
    return web.json_response({"data": rows[start : start + limit], "paging": paging})


async def _number(server: MetaServer, request: web.Request) -> web.Response:
    if request.query.get("fields") == "webhook_configuration":
        return web.json_response({"webhook_configuration": server.callbacks, "id": PHONE_ID})
    return web.json_response({**server.number, "id": PHONE_ID})


async def _business(server: MetaServer, request: web.Request) -> web.Response:
    return web.json_response({"name": "Heqi Store WABA", "id": BUSINESS_ID})


async def _permissions(server: MetaServer, request: web.Request) -> web.Response:
    return web.json_response({"data": [{"permission": one, "status": "granted"} for one in server.permissions]})


async def _subscribed(server: MetaServer, request: web.Request) -> web.Response:
    app = {"whatsapp_business_api_data": {"link": "https://example.com/", "name": "Heqi", "id": "6700000000000"}}
    return web.json_response({"data": [app] if server.subscribed else []})
