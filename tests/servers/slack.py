"""A loopback Slack: Web API and Socket Mode, real HTTP and a real web socket on 127.0.0.1, failures on request.

Use::

    async with slack_server() as server:
        # give the board api_url=f"{server.url}/api", server.bot_token and server.app_token
        server.channels["C0ALERTS01"]["is_member"] = False
        server.fail("chat.postMessage", "ratelimited", status=429, retry_after=7)
        server.fail("chat.postMessage", mode="lost")          # posted, but the answer never arrives
        server.fail("chat.postMessage", mode="hang")          # also: close, garbage, html, half
        await server.called("chat.postMessage")               # waits until it was called (``times`` in all)
        server.posts("C0ALERTS01")                            # messages of a channel, in order, with edits applied
        server.replies("C0ALERTS01", ts)                      # of a thread
        await server.connected(1)                             # waits for so many sockets that were ever opened
        answer = await server.deliver("events_api", payload)  # over the newest socket; waits for its acknowledgement
        server.silent = True                                  # sockets neither answer pings nor read any more

``calls`` holds every call: method, arguments (parsed), token. ``whispers`` are the ephemeral messages, ``views`` the
windows by id. ``signed`` makes the headers of a request in HTTP mode.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import json
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

BOT_TOKEN = "xoxb-made-up-for-the-tests"
APP_TOKEN = "xapp-made-up-for-the-tests"
SIGNING_SECRET = "made-up-signing-secret"
SCOPES = "chat:write,channels:history,channels:read,groups:history,groups:read,metadata.message:read"
CHANNEL = "C0ALERTS01"
TEAM = "T0HEQI0001"

Json = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One call of the app."""

    method: str
    arguments: Json
    token: str


@dataclass(frozen=True)
class Failure:
    """What one call is answered with instead."""

    error: str = ""
    status: int = 200
    retry_after: int | None = None
    mode: str = "answer"  # answer; lost (done, then hung up), close (not done, hung up), hang, garbage, html, half


class SlackError(Exception):
    """An answer with ``ok: false``."""


@dataclass
class SlackServer:
    """One running workspace."""

    url: str = ""
    bot_token: str = BOT_TOKEN
    app_token: str = APP_TOKEN
    scopes: str = SCOPES
    channels: dict[str, Json] = field(default_factory=dict)
    messages: dict[str, list[Json]] = field(default_factory=lambda: defaultdict(list))
    whispers: list[Json] = field(default_factory=list)
    views: dict[str, Json] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    failures: dict[str, deque[Failure]] = field(default_factory=lambda: defaultdict(deque))
    sockets: list[web.WebSocketResponse] = field(default_factory=list)  # every one that was opened
    silent: bool = False
    released: asyncio.Event = field(default_factory=asyncio.Event)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _acknowledged: dict[str, asyncio.Future[Json]] = field(default_factory=dict)

    # ---- for tests ---------------------------------------------------------------------------------------------------

    def add_channel(self, channel: str, **values: object) -> None:
        self.channels[channel] = {
            "id": channel, "name": channel.lower(), "is_channel": True, "is_archived": False, "is_member": True,
            **values,
        }  # fmt: skip

    def fail(self, method: str, error: str = "", **how: Any) -> None:
        """Answer the next call of ``method`` so."""
        self.failures[method].append(Failure(error, **how))

    def posts(self, channel: str = CHANNEL) -> list[Json]:
        return [message for message in self.messages[channel] if "thread_ts" not in message]

    def replies(self, ts: str, channel: str = CHANNEL) -> list[Json]:
        return [message for message in self.messages[channel] if message.get("thread_ts") == ts]

    def called_with(self, method: str) -> list[Json]:
        return [call.arguments for call in self.calls if call.method == method]

    async def called(self, method: str, times: int = 1) -> None:
        await self._until(lambda: len(self.called_with(method)) >= times)

    async def connected(self, times: int) -> None:
        await self._until(lambda: len(self.sockets) >= times)

    async def deliver(self, kind: str, payload: Json, *, retry: int | None = None) -> Json:
        """Send an envelope over the newest socket and wait for its acknowledgement."""
        envelope = f"envelope-{next(self._numbers)}"
        future: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._acknowledged[envelope] = future
        await self.push({
            "envelope_id": envelope, "type": kind, "payload": payload,
            "accepts_response_payload": kind == "interactive",
            **({} if retry is None else {"retry_attempt": retry, "retry_reason": "timeout"}),
        })  # fmt: skip
        async with asyncio.timeout(10):
            return await future

    async def push(self, frame: Json) -> None:
        """Send any frame over the newest socket."""
        await self.sockets[-1].send_str(json.dumps(frame))

    async def _until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(20), self._changed:
            await self._changed.wait_for(holds)

    async def _wake(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    # ---- the web API -------------------------------------------------------------------------------------------------

    async def api(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        arguments = {name: _parsed(str(value)) for name, value in form.items()}
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        method = request.match_info["method"]
        self.calls.append(Call(method, arguments, token))
        await self._wake()
        failure = self.failures[method].popleft() if self.failures[method] else None
        if failure is not None and failure.mode != "lost":
            return await self._failed(request, failure)
        try:
            answer = self._answer(method, arguments, token)
        except SlackError as error:
            answer = {"ok": False, "error": str(error)}
        await self._wake()
        if failure is not None:
            return await self._failed(request, Failure(mode="close"))
        return web.json_response(answer, headers={"x-oauth-scopes": self.scopes})

    async def _failed(self, request: web.Request, failure: Failure) -> web.StreamResponse:
        assert request.transport is not None
        match failure.mode:
            case "answer":
                headers = {} if failure.retry_after is None else {"Retry-After": str(failure.retry_after)}
                return web.json_response({"ok": False, "error": failure.error}, status=failure.status, headers=headers)
            case "garbage":
                return web.Response(text='{"ok": tru', content_type="application/json", status=failure.status)
            case "html":
                return web.Response(text="<html>Bad gateway</html>", status=502, content_type="text/html")
            case "hang":
                await self.released.wait()
            case "half":
                response = web.StreamResponse(headers={"Content-Length": "1000", "Content-Type": "application/json"})
                await response.prepare(request)
                await response.write(b'{"ok": true, "ts')
        request.transport.close()
        return web.Response()

    def _answer(self, method: str, arguments: Json, token: str) -> Json:
        if token != (self.app_token if method == "apps.connections.open" else self.bot_token):
            raise SlackError("invalid_auth")
        match method:
            case "auth.test":
                return {"ok": True, "team": "和气商店", "user": "heqi", "team_id": TEAM, "user_id": "U0HEQIBOT"}
            case "apps.connections.open":
                return {"ok": True, "url": f"{self.url.replace('http', 'ws')}/socket?ticket={next(self._numbers)}"}
            case "chat.postMessage":
                return self._post(arguments)
            case "chat.update":
                return self._update(arguments)
            case "chat.postEphemeral":
                self._channel(arguments)
                self.whispers.append(arguments)
                return {"ok": True, "message_ts": self._ts()}
            case "conversations.info":
                return {"ok": True, "channel": self._channel(arguments)}
            case "conversations.history" | "conversations.replies":
                return self._history(method, arguments)
            case "views.open":
                view = f"V0{next(self._numbers):08}"
                self.views[view] = arguments["view"]
                return {"ok": True, "view": {"id": view, **arguments["view"]}}
            case "views.update":
                if arguments["view_id"] not in self.views:
                    raise SlackError("not_found")
                self.views[arguments["view_id"]] = arguments["view"]
                return {"ok": True, "view": {"id": arguments["view_id"], **arguments["view"]}}
        raise SlackError("unknown_method")

    def _channel(self, arguments: Json) -> Json:
        channel = self.channels.get(arguments["channel"])
        if channel is None:
            raise SlackError("channel_not_found")
        return channel

    def _ts(self) -> str:
        return f"1772452800.{next(self._numbers):06}"

    def _post(self, arguments: Json) -> Json:
        channel = self._channel(arguments)
        if not channel["is_member"]:
            raise SlackError("not_in_channel")
        if channel["is_archived"]:
            raise SlackError("is_archived")
        _within_limits(arguments)
        message = {"ts": self._ts(), "type": "message", "bot_id": "B0HEQI0001", **arguments}
        self.messages[arguments["channel"]].append(message)
        return {"ok": True, "channel": arguments["channel"], "ts": message["ts"], "message": message}

    def _update(self, arguments: Json) -> Json:
        for message in self.messages[arguments["channel"]]:
            if message["ts"] == arguments["ts"]:
                _within_limits(arguments)
                message.update(arguments)
                return {"ok": True, "channel": arguments["channel"], "ts": message["ts"]}
        raise SlackError("message_not_found")

    def _history(self, method: str, arguments: Json) -> Json:
        self._channel(arguments)
        threaded = method == "conversations.replies"
        found = [
            message if arguments.get("include_all_metadata") else {k: v for k, v in message.items() if k != "metadata"}
            for message in reversed(self.messages[arguments["channel"]])
            if (message.get("thread_ts") == str(arguments.get("ts"))) == threaded
        ]
        start, limit = int(arguments.get("cursor") or 0), int(arguments.get("limit", 100))
        more = str(start + limit) if start + limit < len(found) else ""
        return {"ok": True, "messages": found[start : start + limit], "response_metadata": {"next_cursor": more}}

    # ---- the socket --------------------------------------------------------------------------------------------------

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(autoping=False, autoclose=False)
        await socket.prepare(request)
        number = len(self.sockets) + 1
        if not self.silent:
            await socket.send_str(
                json.dumps({"type": "hello", "num_connections": 1, "debug_info": {"host": f"h{number}"}})
            )
        self.sockets.append(socket)
        await self._wake()
        async for frame in socket:
            if self.silent:
                await self.released.wait()
                break
            if frame.type == WSMsgType.PING:
                await socket.pong(frame.data)
            elif frame.type == WSMsgType.TEXT:
                answer = json.loads(frame.data)
                future = self._acknowledged.pop(answer.get("envelope_id"), None)
                if future is not None and not future.done():
                    future.set_result(answer)
            elif frame.type == WSMsgType.CLOSE:
                await socket.close()
                break
        return socket


@asynccontextmanager
async def slack_server() -> AsyncIterator[SlackServer]:
    """Run a workspace with one channel on a free port."""
    server = SlackServer()
    server.add_channel(CHANNEL)
    app = web.Application(client_max_size=8 * 1024 * 1024)
    app.router.add_post("/api/{method}", server.api)
    app.router.add_get("/socket", server.socket)
    runner = web.AppRunner(app, shutdown_timeout=0.05)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        server.released.set()
        for socket in server.sockets:
            if not socket.closed:
                await socket.close()
        await runner.cleanup()


def signed(body: bytes, at: float, *, secret: str = SIGNING_SECRET, **headers: str) -> dict[str, str]:
    """Headers of a request of Slack in HTTP mode."""
    base = b"v0:%d:" % int(at) + body
    signature = "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
    return {"x-slack-request-timestamp": str(int(at)), "x-slack-signature": signature, **headers}


def _parsed(value: str) -> object:
    """A field of a form: JSON where it is a structure, a flag or a list, else the text (a ``ts`` is no number)."""
    return json.loads(value) if value[:1] in {"{", "["} or value in {"true", "false"} else value


def _within_limits(arguments: Json) -> None:
    """Refuse what Slack refuses."""
    blocks = arguments.get("blocks", [])
    if not arguments.get("text") and not blocks:
        raise SlackError("no_text")
    if len(blocks) > 50:
        raise SlackError("invalid_blocks")
    sizes = {"section": 3000, "header": 150, "context": 3000}
    for block in blocks:
        text = (block.get("text") or {}).get("text", " ")
        if not text or len(text) > sizes.get(block["type"], 3000):
            raise SlackError("invalid_blocks")
    if sum(len((block.get("text") or {}).get("text", "")) for block in blocks) > 13_200:
        raise SlackError("msg_blocks_too_long")
