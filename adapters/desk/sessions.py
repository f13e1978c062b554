"""Who sits at the desk: the session cookie, and a guard in front of everything live."""

from __future__ import annotations

import secrets
from typing import Final

from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.doors import same_origin
from adapters.ports import AgentIdentity, Agents

COOKIE: Final = "heqi_session"
COOKIE_SECONDS: Final = 14 * 24 * 3600  # the server's own limit may be shorter
AGENT_KEY: Final = "heqi.agent"  # where the guard leaves the agent in the ASGI scope
NONCE_KEY: Final = "heqi.nonce"

_POLICY: Final = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self'; font-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'"
)


def token_of(connection: HTTPConnection) -> str:
    """The session token of the cookie, empty without one."""
    return connection.cookies.get(COOKIE, "")


async def agent_of(connection: HTTPConnection, agents: Agents) -> AgentIdentity | None:
    """Who is logged in."""
    token = token_of(connection)
    return await agents.by_session(token) if token else None


def set_session(request: Request, response: Response, token: str) -> None:
    """Log the browser in."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=COOKIE_SECONDS,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )


class Guard:
    """Lets only logged-in agents to the live pages, their files and their sockets.

    The framework behind it needs inline scripts. They get a nonce, so that a script somebody smuggled in stays inert
    even if an escape was forgotten; ``unsafe-eval`` is what its template compiler needs.
    """

    def __init__(self, app: ASGIApp, *, agents: Agents) -> None:
        self._app = app
        self._agents = agents

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve agents, send others to the log-in, close sockets that are not ours."""
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = HTTPConnection(scope)
        if not same_origin(connection) or await agent_of(connection, self._agents) is None:
            await receive()
            await send({"type": "websocket.close", "code": 4401, "reason": "log in first"})
            return
        await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        agent = await agent_of(request, self._agents)
        if agent is None:
            page = request.method == "GET" and "/_nicegui" not in request.url.path
            refused = RedirectResponse("/login", status_code=303) if page else Response(status_code=401)
            await refused(scope, receive, send)
            return
        if request.method not in {"GET", "HEAD"} and not same_origin(request):
            await Response(status_code=403)(scope, receive, send)
            return
        scope[AGENT_KEY] = agent
        scope[NONCE_KEY] = nonce = secrets.token_urlsafe(16)
        await self._app(scope, receive, _with_nonce(send, nonce))


def _with_nonce(send: Send, nonce: str) -> Send:
    """``send`` that puts the nonce on the scripts of HTML pages and tells the policy for them."""
    start: Message = {}
    body = bytearray()

    async def send_with_nonce(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start":
            is_html = any(k.lower() == b"content-type" and v.startswith(b"text/html") for k, v in message["headers"])
            start = message if is_html else {}
        if not start:
            await send(message)
        elif message["type"] == "http.response.body":
            body.extend(message.get("body", b""))
            if message.get("more_body", False):
                return
            page = bytes(body).replace(b"<script", f'<script nonce="{nonce}"'.encode())
            headers = [(k, v) for k, v in start["headers"] if k.lower() != b"content-length"]
            headers += [
                (b"content-length", str(len(page)).encode()),
                (b"content-security-policy", _POLICY.format(nonce=nonce).encode()),
            ]
            await send({**start, "headers": headers})
            await send({"type": "http.response.body", "body": page})

    return send_with_nonce
