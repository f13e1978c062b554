"""The desk's pages and routes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.desk.attachments import Attachments
from adapters.desk.host import BUILDER_KEY, Builder, host
from adapters.desk.live import Backend, LiveDesk
from adapters.desk.login import LANGUAGE_COOKIE, Login
from adapters.desk.sessions import AGENT_KEY, Guard, agent_of, token_of
from adapters.desk.words import Words
from adapters.media import media_response
from adapters.ports import AgentIdentity, Agents, Blobs, Desk, Feed, Inbox

STATIC: Final = Path(__file__).parent / "static"


class DeskPages:
    """Everything under ``/desk``, ``/login`` and ``/logout``.

    Serve ``routes()`` while ``running()`` is entered.
    """

    def __init__(
        self,
        *,
        desk: Desk,
        inbox: Inbox,
        feed: Feed,
        agents: Agents,
        blobs: Blobs,
        situation_titles: Mapping[str, str],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Args: ``situation_titles`` tells the Chinese title of every situation id."""
        self._attachments = Attachments(desk=desk, blobs=blobs, agents=agents)
        self._backend = Backend(
            desk=desk,
            inbox=inbox,
            feed=feed,
            agents=agents,
            attachments=self._attachments,
            situation_titles=situation_titles,
            now=now,
        )
        self._agents = agents
        self._blobs = blobs
        self._open: set[LiveDesk] = set()

    def routes(self) -> Sequence[BaseRoute]:
        """The log-in, attachments, files of the pages, and the live pages behind their guard."""
        live = Guard(_WithBuilder(host(), self._build), agents=self._agents)
        return (
            *Login(agents=self._agents, on_log_out=self._close_session).routes(),
            Route("/desk/media/{ref:path}", self._media, methods=["GET"]),
            *self._attachments.routes(),
            Mount("/assets/desk", StaticFiles(directory=STATIC)),
            Mount("/desk", live),
        )

    def running(self) -> AbstractAsyncContextManager[None]:
        """While it is open the live pages work; leaving it closes their sockets."""
        return self._running()

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[None]:
        app = host()
        async with app.router.lifespan_context(app):
            try:
                yield
            finally:
                for live in tuple(self._open):
                    live.close()

    async def signed_in(self, request: Request) -> bool:
        """Whether the browser belongs to an agent."""
        return await agent_of(request, self._agents) is not None

    async def _media(self, request: Request) -> Response:
        if not await self.signed_in(request):
            return Response(status_code=401)
        return await media_response(self._blobs, request.path_params["ref"], wanted=request.headers.get("range"))

    async def _build(self, request: Request, conversation_id: int | None) -> None:
        agent: AgentIdentity = request.scope[AGENT_KEY]
        live = LiveDesk(
            self._backend,
            agent=agent,
            token=token_of(request),
            words=Words(request.cookies.get(LANGUAGE_COOKIE, "")),
            on_stop=self._open.discard,
        )
        self._open.add(live)
        await live.build(conversation_id)

    def _close_session(self, token: str) -> None:
        for live in tuple(self._open):
            if live.token == token:
                live.log_out()


class _WithBuilder:
    """Leaves the page builder of one desk where the shared pages look for it."""

    def __init__(self, app: ASGIApp, builder: Builder) -> None:
        self._app = app
        self._builder = builder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on."""
        scope[BUILDER_KEY] = self._builder
        await self._app(scope, receive, send)
