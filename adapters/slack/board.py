"""The team's Slack as a board: alerts of what was escalated, with buttons and threads."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import structlog
from starlette.routing import BaseRoute, Route
from typing_extensions import override

from adapters.operators import Operators
from adapters.ports import Board, Finding, Showing
from adapters.slack.actions import Actions
from adapters.slack.alerts import Alert
from adapters.slack.api import Pace, SlackApi
from adapters.slack.cards import Frame
from adapters.slack.checks import check
from adapters.slack.door import Door
from adapters.slack.operators import SlackOperators
from adapters.slack.receiving import bolt_app
from adapters.slack.records import Records
from adapters.slack.settings import SlackSettings
from adapters.slack.socket_mode import Pulse, Socket
from adapters.slack.values import NAME
from adapters.surroundings import Surroundings

PATH = "/slack/events"
SWEEP = 3600.0  # seconds between two sweeps

log = structlog.stdlib.get_logger(__name__)


class SlackBoard(Board):
    """One app in one workspace."""

    name = NAME

    def __init__(
        self,
        settings: SlackSettings,
        shops: frozenset[str],
        around: Surroundings,
        *,
        pace: Pace | None = None,
        pulse: Pulse | None = None,
    ) -> None:
        """Args: ``pace`` and ``pulse`` are Slack's limits and habits unless a test has others."""
        self.shops = shops
        self._settings = settings
        self._around = around
        self._api = SlackApi(settings, pace=pace)
        self._records = Records(around.state(NAME))
        self._actions = Actions(around=around, shops=shops, api=self._api, records=self._records)
        app = bolt_app(self._api, self._actions)
        self._socket: Socket | None = None
        self._door: Door | None = None
        if settings.mode == "socket":
            self._socket = Socket(app, self._api, settings.app_token, around.now, pulse)
        else:
            self._door = Door(app, settings.signing_secret, around.now)

    @override
    async def show(self, showing: Showing) -> None:
        escalation = showing.view.escalation
        if escalation is None:
            return
        alert = Alert(
            showing,
            escalation,
            settings=self._settings,
            api=self._api,
            records=self._records,
            desk=self._around.desk,
            frame=Frame(self._around.titles, self._around.url, self._around.now()),
        )
        await alert.show()

    @override
    def routes(self) -> Sequence[BaseRoute]:
        return () if self._door is None else (Route(PATH, self._door.answer, methods=["POST"]),)

    @override
    async def start(self) -> None:
        await self._api.open()

    @override
    async def receive(self) -> None:
        """Keep the socket where there is no door, and forget old windows."""
        sweeping = asyncio.create_task(self._sweep(), name="slack sweep")
        try:
            await (sweeping if self._socket is None else self._socket.run())
        finally:
            sweeping.cancel()
            await asyncio.gather(sweeping, return_exceptions=True)

    async def _sweep(self) -> None:
        while True:
            try:
                await self._records.sweep(self._around.now())
            except Exception as error:  # noqa: BLE001 - whatever it was, no press may wait for it
                log.warning("slack_sweep_failed", error=type(error).__name__)
            await asyncio.sleep(SWEEP)

    @override
    async def stop(self) -> None:
        await self._actions.stop()
        await self._api.close()

    @override
    async def check(self) -> tuple[Finding, ...]:
        opened = not self._api.is_open
        await self._api.open()
        try:
            return await check(self._settings, self._api)
        finally:
            if opened:  # asked from the command line, without ever being started
                await self._api.close()

    @override
    def silence(self) -> float | None:
        return None if self._socket is None else self._socket.silence()

    @override
    def operators(self) -> Operators | None:
        channel = self._settings.operations_channel
        return None if channel is None else SlackOperators(self._api, channel)

    @override
    def problems(self) -> Mapping[str, str]:
        return {**self._api.problems(), **({} if self._socket is None else self._socket.problems())}
