"""The service: the composed product behind a web server, until a signal says stop."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

import structlog
import uvicorn
from typing_extensions import override

from bot.app import App
from bot.roles import Role
from bot.settings import Settings

log = structlog.stdlib.get_logger(__name__)

_GRACE: Final = 5  # seconds open requests are given when the service stops


async def serve(
    settings: Settings,
    *,
    role: Role = Role.ALL,
    demo: bool = False,
    ready: Callable[[App], Awaitable[None]] | None = None,
) -> None:
    """Run until a signal says stop; ``ready`` is called once requests are answered."""
    async with App.open(settings, role=role, demo=demo) as app:
        server = _Server(
            uvicorn.Config(
                app.web,
                host=settings.server.host,
                port=settings.server.port,
                log_config=None,
                proxy_headers=True,
                forwarded_allow_ips=",".join(settings.server.trusted_proxies),
                timeout_graceful_shutdown=_GRACE,
                server_header=False,
            )
        )
        serving = asyncio.create_task(server.serve(), name="web")
        telling = asyncio.create_task(_when_ready(server, app, ready), name="ready")
        telling.add_done_callback(partial(_stop_after_failure, server))
        try:
            await serving
        finally:
            telling.cancel()
            await asyncio.wait({telling})
        if not telling.cancelled():
            telling.result()


async def _when_ready(server: _Server, app: App, ready: Callable[[App], Awaitable[None]] | None) -> None:
    await server.listening.wait()
    log.info("listening", role=app.role.value, port=server.port)
    if ready is not None:
        await ready(app)


def _stop_after_failure(server: _Server, telling: asyncio.Task[None]) -> None:
    if not telling.cancelled() and telling.exception() is not None:
        server.should_exit = True


class _Server(uvicorn.Server):
    """The web server, stopping on a signal without raising it again: what is open must still be closed."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.listening.set()

    @property
    def port(self) -> int:
        """The port that was taken; another than asked for when any free one was."""
        taken: int = self.servers[0].sockets[0].getsockname()[1]
        return taken

    @contextmanager
    @override
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        signals = (signal.SIGINT, signal.SIGTERM)
        try:
            for number in signals:
                loop.add_signal_handler(number, self.handle_exit, number, None)
        except NotImplementedError:  # Windows has no signal handlers on the loop
            with super().capture_signals():
                yield
            return
        try:
            yield
        finally:
            for number in signals:
                loop.remove_signal_handler(number)
