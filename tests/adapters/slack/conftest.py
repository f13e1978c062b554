"""A board in a workspace on the loopback, with the team linked to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.ports import AgentIdentity, ConversationView
from adapters.slack.api import Pace
from adapters.slack.board import SlackBoard
from adapters.slack.settings import SlackSettings
from adapters.slack.socket_mode import Pulse
from tests.adapters.around import Around, Receiving
from tests.adapters.memory_site import serve
from tests.servers.slack import CHANNEL, SIGNING_SECRET, SlackServer, signed, slack_server

FIXTURES = Path(__file__).parents[2] / "fixtures" / "slack"
WANG, LI = "U0XIAOWANG", "U0LEADLI01"
FAST = Pulse(ping=0.1, silent=0.5, connect=5.0, pause=0.05, longest_pause=0.2)

Json = dict[str, Any]


def fixture(name: str) -> Json:
    """A payload with the documented shape, free to be changed."""
    return json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))


def pressed(action: str, value: Json, *, user: str = WANG, at: str = "1772452860.123456", ts: str = "") -> Json:
    """A press of a button."""
    payload = fixture("block_actions")
    payload["user"]["id"] = user
    payload["actions"][0] |= {"action_id": action, "value": json.dumps(value), "action_ts": at}
    payload["message"]["ts"] = ts or payload["message"]["ts"]
    return payload


def replied(text: str, *, ts: str, event: str = "Ev0REPLY0001", user: str = WANG, **values: object) -> Json:
    """A reply in the thread ``ts``."""
    payload = fixture("thread_reply")
    payload["event_id"] = event
    payload["event"] |= {"text": text, "thread_ts": ts, "user": user, **values}
    return payload


def submitted(view: str, *, user: str = WANG) -> Json:
    """A window was sent."""
    payload = fixture("view_submission")
    payload["view"]["id"] = view
    payload["user"]["id"] = user
    return payload


def texts_of(message: Json) -> str:
    """Everything a message says."""
    return json.dumps(message.get("blocks", message), ensure_ascii=False)


def buttons_of(message: Json) -> dict[str, Json]:
    """Buttons of a message by their action."""
    rows = [block["elements"] for block in message["blocks"] if block["type"] == "actions"]
    return {button["action_id"]: button for row in rows for button in row}


@dataclass
class House:
    """A board, what it asks, and where it shows."""

    server: SlackServer
    around: Around
    settings: dict[str, Any]
    base: str = ""
    boards: list[SlackBoard] = field(default_factory=list)
    turns: list[Receiving] = field(default_factory=list)

    @property
    def board(self) -> SlackBoard:
        return self.boards[-1]

    def build(self, **settings: Any) -> SlackBoard:
        given = SlackSettings(**{**self.settings, **settings})
        self.boards.append(
            SlackBoard(given, frozenset({"main"}), self.around.surroundings, pace=Pace(every=0.0), pulse=FAST)
        )
        return self.board

    async def start(self) -> None:
        """In the only process there is."""
        await self.board.start()
        self.turns.append(Receiving(self.board))
        for _ in range(5):  # it has begun, and has swept
            await asyncio.sleep(0)

    async def stop(self) -> None:
        """What runs ends."""
        while self.turns:
            await self.turns.pop().end()
        for board in self.boards:
            await board.stop()

    async def restart(self) -> SlackBoard:
        """The process ends and begins again: only what was stored is left."""
        await self.stop()
        board = self.build()
        await self.start()
        return board

    async def show(self, view: ConversationView) -> None:
        await self.board.show(self.around.showing("slack", view))

    @property
    def memo(self) -> Json:
        return json.loads(self.around.memos["slack", 7])

    async def post(self, payload: Json, **headers: str) -> httpx.Response:
        """What Slack sends in HTTP mode: events as JSON, everything else as a form."""
        if "event" in payload or "challenge" in payload:
            return await self.send(json.dumps(payload).encode(), **{"content-type": "application/json"}, **headers)
        form = httpx.QueryParams({"payload": json.dumps(payload)})
        return await self.send(str(form).encode(), **headers)

    async def send(self, body: bytes, **headers: str) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.base, trust_env=False) as client:
            given = signed(body, self.around.time.timestamp(), **headers)
            return await client.post("/slack/events", content=body, headers=given)

    async def settled(self) -> None:
        """Everything that is told after an answer has been told."""
        while self.board._actions._tasks:
            await asyncio.gather(*self.board._actions._tasks)


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("BOT", "xoxb-made-up-for-the-tests")
    monkeypatch.setenv("APP", "xapp-made-up-for-the-tests")
    monkeypatch.setenv("SIGNING", SIGNING_SECRET)


@asynccontextmanager
async def _house(mode: str) -> AsyncIterator[House]:
    async with slack_server() as server:
        around = Around()
        around.team.members["slack", WANG] = AgentIdentity(id=1, name="小王", role="agent")
        around.team.members["slack", LI] = AgentIdentity(id=2, name="李主管", role="lead")
        settings = {
            "mode": mode,
            "channel": CHANNEL,
            "bot_token_env": "BOT",
            "app_token_env": "APP",
            "signing_secret_env": "SIGNING",
            "api_url": f"{server.url}/api",
        }
        house = House(server, around, settings)
        house.build()
        try:
            yield house
        finally:
            await house.stop()


@pytest.fixture
async def house(variables: None) -> AsyncIterator[House]:
    """In HTTP mode, behind a real web server."""
    async with _house("http") as built:
        await built.start()

        async def door(request: Request) -> Response:
            (route,) = built.board.routes()  # of the board that runs now
            return await route.endpoint(request)

        async with serve(Starlette(routes=[Route("/slack/events", door, methods=["POST"])])) as base:
            built.base = base
            yield built


@pytest.fixture
async def socket_house(variables: None) -> AsyncIterator[House]:
    """In Socket Mode, not started."""
    async with _house("socket") as built:
        yield built
