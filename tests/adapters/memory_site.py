"""A real server on the loopback with both web faces over the ports in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette

from adapters.desk import DeskPages
from adapters.webchat import WebChat
from bot.health import Report
from bot.web import build_app
from tests.adapters.memory_desk import MemoryDesk
from tests.adapters.memory_texts import SITUATIONS

CHATS = ("/chat/web?as=ana", "/chat/web?as=omar", "/chat/web?as=minji")


def memory_app(memory: MemoryDesk, *, demo: bool = False, desk: bool = True) -> Starlette:
    chat = WebChat(
        account="web", shop="demo", title="Heqi Store", inbox=memory, chats=memory, feed=memory, blobs=memory, demo=demo
    )
    pages = DeskPages(desk=memory, inbox=memory, feed=memory, agents=memory, blobs=memory, situation_titles=SITUATIONS)

    async def ready() -> Report:
        return Report()

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        await chat.start()
        yield
        await chat.stop()

    return build_app(
        ready=ready,
        desk=pages if desk else None,
        channels=[chat],
        lifespan=lifespan,
        demo_chats=CHATS if demo else (),
    )


@asynccontextmanager
async def serve(app: Starlette, port: int = 0) -> AsyncIterator[str]:
    """Serve ``app`` and yield its base address."""
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", access_log=False, lifespan="on")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        if serving.done():
            serving.result()
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
