"""The one ASGI app: health, the desk, the channels' doors, and the headers every answer carries."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Final

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.desk import DeskPages
from adapters.ports import Board, Channel
from bot.demo_page import demo_route
from bot.probes import Ready, probes

Lifespan = Callable[[], AbstractAsyncContextManager[None]]

_HEADERS: Final = {
    "x-content-type-options": "nosniff",
    # Not "no-referrer": with it browsers send "Origin: null" with their forms, and the origin check refuses them.
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=()",
    "cross-origin-opener-policy": "same-origin",
}
_DEFAULT_POLICY: Final = "default-src 'none'"
_HSTS: Final = "max-age=31536000"


def build_app(
    *,
    ready: Ready,
    metrics_from: Sequence[str] = (),
    desk: DeskPages | None = None,
    channels: Sequence[Channel | Board] = (),
    routes: Sequence[BaseRoute] = (),
    lifespan: Lifespan | None = None,
    demo_chats: Sequence[str] = (),
) -> Starlette:
    """Put the doors together; nothing runs before the app's lifespan begins.

    Args:
        ready: asked by ``/readyz``; any problem it names makes the answer 503.
        metrics_from: networks that may read ``/metrics``, beside this machine.
        desk: the desk's pages; without them the app has channel doors and health only.
        channels: channels and boards; their ``routes()`` are mounted, starting and stopping them is the owner's work.
        routes: further doors.
        lifespan: what must be up while requests are served; it ends after the desk's sockets are closed.
        demo_chats: addresses of buyers' chats (``/chat/web?as=ana``) to show beside the desk at ``/demo``. Pages may
            then be framed by this very site; otherwise by nobody.
    """
    doors: list[BaseRoute] = [
        *probes(ready, metrics_from=metrics_from),
        *routes,
        *(route for channel in channels for route in channel.routes()),
    ]
    if desk is not None:
        doors += desk.routes()
        if demo_chats:
            doors.append(demo_route(demo_chats, signed_in=desk.signed_in))
        doors.append(Route("/", _to("/demo" if demo_chats else "/desk/"), methods=["GET"]))

    @asynccontextmanager
    async def lifetime(_: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if lifespan is not None:
                await stack.enter_async_context(lifespan())
            if desk is not None:
                await stack.enter_async_context(desk.running())
            yield

    return Starlette(
        routes=doors,
        lifespan=lifetime,
        middleware=[
            Middleware(SafeHeaders, ancestors="'self'" if demo_chats else "'none'"),
            Middleware(GZipMiddleware, minimum_size=1024),
        ],
    )


class SafeHeaders:
    """Adds to every answer what it does not say itself: no sniffing, no framing, no scripts, no referrer."""

    def __init__(self, app: ASGIApp, *, ancestors: str) -> None:
        self._app = app
        self._ancestors = ancestors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on and complete the headers of its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                policy = headers.get("content-security-policy", _DEFAULT_POLICY)
                headers["content-security-policy"] = f"{policy}; frame-ancestors {self._ancestors}"
                if self._ancestors == "'none'":
                    headers.setdefault("x-frame-options", "DENY")
                if scope["scheme"] == "https":
                    headers.setdefault("strict-transport-security", _HSTS)
            await send(message)

        await self._app(scope, receive, send_safely)


def _to(target: str) -> Callable[[Request], Awaitable[Response]]:
    async def redirect(_: Request) -> Response:
        return RedirectResponse(target, status_code=303)

    return redirect
