"""A loopback server that answers as bridges do, well or badly: the contract of docs/bridges.md, WAHA, Evolution API,
Chatwoot and Twilio.

``faults`` are used up one by one by whatever is asked next; without any it behaves well. ``asked`` holds every request.
``files`` are what ``/media/<name>`` gives: bytes, or an address to redirect to. ``state`` is the session's.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

ACCOUNT_SID = "AC00000000000000000000000000000001"


@dataclass(frozen=True)
class Fault:
    """How one answer goes wrong: ``error`` (status and body), ``hang``, ``drop``, ``garbage``, ``half``."""

    kind: str = "error"
    status: int = 400
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    raw_path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass
class BridgeServer:
    """One running server."""

    url: str = ""
    state: str = "connected"
    asked: list[Asked] = field(default_factory=list)
    faults: deque[Fault] = field(default_factory=deque)
    files: dict[str, bytes | str] = field(default_factory=dict)
    mimes: dict[str, str] = field(default_factory=dict)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    @property
    def last(self) -> Asked:
        return self.asked[-1]

    def number(self) -> int:
        return len(self.asked)


@asynccontextmanager
async def bridge_server() -> AsyncIterator[BridgeServer]:
    """Run a server on a free port of 127.0.0.1."""
    server = BridgeServer()

    async def handle(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        server.asked.append(Asked(request.method, request.path, request.raw_path, headers, body))
        if server.faults:
            return await _fault(server, request, server.faults.popleft())
        return _answer(server, request.method, request.path)

    app = web.Application(client_max_size=50 * 1024 * 1024)
    app.router.add_route("*", "/{tail:.*}", handle)
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


async def _fault(server: BridgeServer, request: web.Request, fault: Fault) -> web.StreamResponse:
    assert request.transport is not None
    match fault.kind:
        case "hang":
            await server.released.wait()
        case "drop":
            request.transport.close()
        case "garbage":
            return web.Response(text="<html>Login</html>", content_type="text/html", status=fault.status)
        case "half":
            response = web.StreamResponse(headers={"content-length": "1000"})
            await response.prepare(request)
            await response.write(b'{"external_id":')
            request.transport.close()
            return response
    return web.json_response(fault.body, status=fault.status, headers=fault.headers)


def _answer(server: BridgeServer, method: str, path: str) -> web.StreamResponse:
    name = f"OUT{server.number()}"
    if path.startswith("/media/"):
        return _file(server, path.removeprefix("/media/"))
    match method, path.strip("/").split("/"):
        case "POST", ["messages"]:
            return web.json_response({"external_id": name}, status=201)
        case "GET", ["session"]:
            return web.json_response({"state": server.state})
        case "POST", ["api", sender] if sender.startswith("send"):
            return web.json_response({"id": f"true_4915100000001@c.us_{name}", "fromMe": True}, status=201)
        case "GET", ["api", "sessions", session]:
            return web.json_response({"name": session, "status": server.state})
        case "POST", ["message", _, instance]:
            key = {"remoteJid": "4915100000001@s.whatsapp.net", "fromMe": True, "id": name}
            return web.json_response({"key": key, "status": "PENDING", "instanceId": instance}, status=201)
        case "GET", ["instance", "connectionState", instance]:
            return web.json_response({"instance": {"instanceName": instance, "state": server.state}})
        case "POST", ["api", "v1", "accounts", "3", "conversations", _, "messages"]:
            return web.json_response({"id": 9000 + server.number(), "message_type": 1})
        case "GET", ["api", "v1", "accounts", "3", "inboxes", inbox]:
            return web.json_response({"id": int(inbox), "reauthorization_required": server.state != "connected"})
        case "POST", ["2010-04-01", "Accounts", _, "Messages.json"]:
            return web.json_response({"sid": f"SM{name}", "status": "queued", "error_code": None}, status=201)
        case "GET", ["2010-04-01", "Accounts", _]:
            return web.json_response({"sid": ACCOUNT_SID, "status": server.state})
    return web.json_response({"error": "not_found"}, status=404)


def _file(server: BridgeServer, name: str) -> web.StreamResponse:
    content = server.files.get(name)
    if content is None:
        return web.Response(status=404)
    if isinstance(content, str):
        return web.Response(status=302, headers={"location": content})
    return web.Response(body=content, content_type=server.mimes.get(name, "application/octet-stream"))
