"""Telegram in a chaos run: it gives updates until they are confirmed, and keeps every message it has delivered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from typing_extensions import override

from tests.servers.telegram import TelegramServer
from tools.chaos_platform import Taken


def _calm() -> str | None:
    return None


@dataclass
class ChaosTelegram(TelegramServer):
    """``TelegramServer`` whose ``sendMessage`` goes wrong as ``fault`` says; what was delivered stands in ``taken``."""

    fault: Callable[[], str | None] = _calm
    taken: list[Taken] = field(default_factory=list)
    slow: float = 1.0  # seconds
    hang: float = 1.0

    def add_to(self, app: web.Application) -> None:
        """Answer at the app's address."""
        app.router.add_route("*", "/bot{token}/{method}", self.handle)

    @override
    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One call of the API."""
        if request.match_info["method"] != "sendMessage":
            return await super().handle(request)
        fault = self.fault()
        if fault == "429":
            return _error(429, "Too Many Requests: retry after 1", parameters={"retry_after": 1})
        if fault == "500 before":
            return _error(500, "Internal Server Error")
        if fault == "reset before":
            return _reset(request)
        answer = await super().handle(request)
        match fault:
            case "500 after":
                return _error(500, "Internal Server Error")
            case "reset after":
                return _reset(request)
            case "slow":
                await asyncio.sleep(self.slow)
            case "hang":
                await asyncio.sleep(self.hang)
            case _:
                pass
        return answer

    @override
    async def _do_sendMessage(self, params: dict[str, Any], files: Any) -> dict[str, Any]:
        sent = await super()._do_sendMessage(params, files)
        # Telegram is told no key: it is found by the words afterwards.
        self.taken.append(Taken("", str(params["chat_id"]), params["text"], str(sent["message_id"]), time.time()))
        return sent


def _error(status: int, description: str, **more: Any) -> web.Response:  # noqa: ANN401 - as JSON
    return web.json_response({"ok": False, "error_code": status, "description": description, **more}, status=status)


def _reset(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
