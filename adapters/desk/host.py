"""NiceGUI, once per process: it is a single global application, so every app of ours shares it.

Pages are registered when this module is loaded. Which desk a page belongs to comes with the request.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Final

from fastapi import FastAPI
from nicegui import ui
from starlette.requests import Request

BUILDER_KEY: Final = "heqi.desk.builder"  # where the mount leaves its page builder in the ASGI scope
Builder = Callable[[Request, int | None], Awaitable[None]]


@cache
def host() -> FastAPI:
    """The ASGI app with the live pages, to be mounted by each app; its lifespan must run while they are served."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    ui.run_with(
        app,
        title="和气",
        dark=None,
        language="zh-CN",
        tailwind=False,
        binding_refresh_interval=None,  # nothing is bound: what changes is sent when it changes
        reconnect_timeout=30.0,  # a phone that slept for a moment gets what it missed instead of a new page
        gzip_middleware_factory=None,  # the outer app compresses
        show_welcome_message=False,
    )
    return app


@ui.page("/", response_timeout=10.0)
async def _list_page(request: Request) -> None:
    await _builder(request)(request, None)


@ui.page("/{conversation_id}", response_timeout=10.0)
async def _conversation_page(request: Request, conversation_id: int) -> None:
    await _builder(request)(request, conversation_id)


def _builder(request: Request) -> Builder:
    builder: Builder = request.scope[BUILDER_KEY]
    return builder
