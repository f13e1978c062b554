"""Socket Mode under a watch: a connection that does not answer, or that has told nothing for long, is replaced.

Slack sends again what was not acknowledged, so a new connection is opened first and the old one closed then. Slack
allows ten at a time ("Using Socket Mode").
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import aiohttp
import structlog
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from typing_extensions import override

from adapters.counts import count
from adapters.secret import Secret
from adapters.slack.api import QUIET, SlackApi
from adapters.slack.errors import SCOPE, TOKEN
from adapters.slack.taming import tamed
from adapters.slack.values import NAME
from dialogs.errors import HeqiError, TryLater

NO_SOCKET: Final = (
    "app token 无效或缺少 connections:write，请在 Basic Information → App-Level Tokens 重新生成 "
    "(the app-level token is not valid or lacks connections:write; generate a new one)"
)

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """How a connection is watched; all of it in seconds."""

    ping: float = 10.0  # between our pings
    silent: float = 60.0  # without any frame, until a connection counts as dead
    quiet: float = 1800.0  # without a word from Slack, until it is replaced to be sure
    connect: float = 20.0  # to connect and be greeted
    pause: float = 1.0  # before the second attempt; it doubles up to the longest
    longest_pause: float = 60.0


class _Client(SocketModeClient):
    """The library's client without its own way to reconnect, which loops with an address that has expired."""

    tired = False  # Slack asked for a new connection

    @override
    async def connect_to_new_endpoint(self, force: bool = False) -> None:
        self.tired = True


class _Connection:
    """One connection and when it was heard last."""

    def __init__(self, app: AsyncApp, api: SlackApi, token: Secret, pulse: Pulse) -> None:
        self._app = app
        self._pulse = pulse
        self.client = _Client(
            app_token=token.reveal(),
            logger=QUIET,
            web_client=api.client,
            auto_reconnect_enabled=False,
            ping_interval=pulse.ping,
        )
        self.client.on_message_listeners.append(self._on_frame)
        self.client.socket_mode_request_listeners.append(self._on_request)
        self.last_word = time.monotonic()
        self.greeted = asyncio.Event()
        self._last_pong: float | None = None
        self._last_frame = time.monotonic()

    async def open(self, address: str) -> None:
        """Connect and wait for Slack's hello.

        Raises:
            TimeoutError: there was none in time.
        """
        self.client.wss_uri = address
        async with asyncio.timeout(self._pulse.connect):
            await self.client.connect()  # type: ignore[no-untyped-call]
            await self.greeted.wait()

    def silence(self) -> float:
        """Seconds since any frame came, answers to our pings included."""
        if self.client.last_ping_pong_time != self._last_pong:
            self._last_pong = self.client.last_ping_pong_time
            self._last_frame = time.monotonic()
        return time.monotonic() - max(self._last_frame, self.last_word)

    def why_replace(self) -> str:
        """Why another connection is needed, empty while this one is good."""
        session = self.client.current_session
        if session is None or session.closed:
            return "closed"
        if self.silence() > self._pulse.silent:
            return "silent"
        if self.client.tired:
            return "asked"
        return "quiet" if time.monotonic() - self.last_word > self._pulse.quiet else ""

    async def close(self) -> None:
        """End it; a broken connection may fail to say goodbye."""
        tasks = (self.client.message_processor, self.client.current_session_monitor, self.client.message_receiver)
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
            async with asyncio.timeout(5):
                await self.client.close()  # type: ignore[no-untyped-call]
        await self.client.aiohttp_client_session.close()
        running = [task for task in tasks if task is not None]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _on_frame(self, _: aiohttp.WSMessage) -> None:
        self.last_word = time.monotonic()
        self.greeted.set()  # hello is always the first

    async def _on_request(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        started = time.time()
        if request.retry_attempt:
            count(NAME, "retried")
        known = tamed(request.payload)
        if known is None:
            await client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
            return
        reduced = SocketModeRequest(type=request.type, envelope_id=request.envelope_id, payload=known)
        answer = await run_async_bolt_app(self._app, reduced)
        # Only 200 is acknowledged; Slack sends everything else again.
        await send_async_response(client, reduced, answer, started)


class Socket:
    """Keeps a connection for as long as ``run`` runs: in one process of the installation."""

    def __init__(
        self, app: AsyncApp, api: SlackApi, token: Secret, now: Callable[[], datetime], pulse: Pulse | None = None
    ) -> None:
        self._app = app
        self._api = api
        self._token = token
        self._now = now
        self._pulse = pulse or Pulse()
        self._current: _Connection | None = None
        self._down_since: datetime | None = None
        self._trouble = ""

    async def run(self) -> None:
        """Keep one until cancelled; Slack may be down. What is not acknowledged by then, Slack sends somewhere else."""
        self._down_since = self._now()
        try:
            await self._keep()
        finally:
            self._down_since, self._trouble = None, ""  # another process's to tell from now on
            current, self._current = self._current, None
            if current is not None:
                await current.close()

    def problems(self) -> Mapping[str, str]:
        """Why nothing comes in, by part."""
        found = {}
        if self._down_since is not None:
            found["socket"] = f"silent since {self._down_since:%Y-%m-%d %H:%M:%S} UTC"
        if self._trouble:
            found["app_token"] = self._trouble
        return found

    def silence(self) -> float | None:
        """Seconds since Slack was heard, None when no connection is kept here."""
        if self._down_since is not None:
            return (self._now() - self._down_since).total_seconds()
        return None if self._current is None else self._current.silence()

    async def _keep(self) -> None:
        pause = self._pulse.pause
        while True:
            try:
                await self._renew()
                pause = self._pulse.pause
                await self._watch()
            except HeqiError as error:
                wrong = str(error) in {TOKEN, SCOPE}
                self._trouble = NO_SOCKET if wrong else ""
                wait = error.after if isinstance(error, TryLater) and error.after else pause
                pause = await self._failed(str(error), max(wait, pause), pause)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                pause = await self._failed(type(error).__name__, pause, pause)

    async def _failed(self, reason: str, wait: float, pause: float) -> float:
        """Wait before the next attempt; how long the one after that would wait."""
        self._down_since = self._down_since or self._now()
        log.warning("slack_socket_failed", reason=reason, wait=wait)
        await asyncio.sleep(min(wait, 5 * self._pulse.longest_pause))
        return min(2 * pause, self._pulse.longest_pause)

    async def _renew(self) -> None:
        """Open a connection, and only then close the one before."""
        answer = await self._api.call("apps.connections.open", token=self._token.reveal())
        address = answer.get("url")
        if not isinstance(address, str):
            raise TryLater("malformed_answer")
        new = _Connection(self._app, self._api, self._token, self._pulse)
        try:
            await new.open(address)
        except BaseException:
            await new.close()
            raise
        old, self._current = self._current, new
        self._down_since, self._trouble = None, ""
        if old is not None:
            await old.close()

    async def _watch(self) -> None:
        """Return when the connection is to be replaced."""
        current = self._current
        while current is not None:
            await asyncio.sleep(self._pulse.ping / 2)
            why = current.why_replace()
            if why:
                count(NAME, f"socket_{why}")
                log.info("slack_socket_replaced", why=why)
                if why in {"closed", "silent"}:
                    self._down_since = self._now()
                return
