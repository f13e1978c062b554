"""``heqi`` as it is, with two things a chaos run needs: a clock that can be stepped, and a seller who can be scripted.

Run as ``python -m tools.chaos_served serve …``; everything after the module is the product's own command line. The
seller's door stands for the desk: it puts the same event into the same inbox and waits for its outcome the same way,
without a browser.
"""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.app import App
from bot.cli import app as command
from bot.clocks import SystemClock
from bot.desk import StoredChats
from dialogs.events import AgentChose, Event
from dialogs.messages import Choice

CLOCK: Final = "CHAOS_CLOCK"  # names a file of eight bytes: the seconds this process's clock is ahead
SELLER: Final = "/chaos/seller"
OFFSET: Final = struct.Struct("d")
AGENT: Final = "小王"
_PATIENCE: Final = 20.0  # seconds a seller looks at the screen


def main() -> None:
    """Run a command of the product."""
    _step_clock(Path(os.environ[CLOCK]))
    _open_seller_door()
    command()


def _step_clock(file: Path) -> None:
    """Let the system clock be ahead (or behind) by what the file says at each moment."""
    with file.open("r+b") as opened:
        ahead = mmap.mmap(opened.fileno(), OFFSET.size, access=mmap.ACCESS_READ)

    def now(self: SystemClock) -> datetime:  # noqa: ARG001 - what it takes the place of is a method
        return datetime.now(UTC) + timedelta(seconds=OFFSET.unpack(ahead[:])[0])

    SystemClock.now = now  # type: ignore[method-assign]


def _open_seller_door() -> None:
    opened = App.open

    @asynccontextmanager
    async def with_seller(*arguments: Any, **named: Any) -> AsyncIterator[App]:  # noqa: ANN401 - passed on
        async with opened(*arguments, **named) as app:
            app.web.router.routes.insert(0, Route(SELLER, Seller(app).choose, methods=["POST"]))
            yield app

    App.open = with_seller  # type: ignore[method-assign]


class Seller:
    """Types replies, as the desk would put them into the inbox."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._chats = StoredChats(app.store)

    async def choose(self, request: Request) -> Response:
        """Store the choice, once however often it is asked; 200 says it is stored, ``outcome`` what came of it.

        503: the buyer's first message is not here yet.
        """
        asked: dict[str, Any] = await request.json()
        conversation_id = await self._chats.conversation_of(asked["account"], asked["chat"])
        if conversation_id is None:
            return Response(status_code=503)
        accepted = await self._app.inbox.accept(
            Event(
                account="desk",
                external_id=asked["id"],
                body=AgentChose(choice=Choice(agent=AGENT, seller_text=asked["text"])),
                at=SystemClock().now(),
                conversation_id=conversation_id,
            )
        )
        if not asked["wait"]:
            return JSONResponse({"outcome": "not asked"})
        try:
            outcome = await self._app.inbox.outcome(accepted.event_id, timeout=_PATIENCE)
        except TimeoutError:
            return JSONResponse({"outcome": "late"})
        return JSONResponse({"outcome": "done" if outcome.done and outcome.refusal is None else "not sent"})


if __name__ == "__main__":
    main()
