"""The webhook: Telegram brings the updates to ``POST /telegram/{account}``.

Source: Bot API, "setWebhook". The secret is derived from the bot's token, so there is nothing more to set.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from telegram import WebhookInfo

from adapters.counts import count
from adapters.doors import read_body
from adapters.secret import Secret
from adapters.telegram.api import Api
from adapters.telegram.errors import BAD_TOKEN
from adapters.telegram.intake import Intake
from adapters.telegram.shapes import parsed
from adapters.telegram.updates import ALLOWED
from dialogs.errors import HeqiError, TryLater

log = structlog.stdlib.get_logger(__name__)

LARGEST: Final = 1_000_000  # bytes; an update is below 100 kB
WATCH: Final = 60.0  # seconds between two looks at what Telegram says of the webhook
LONGEST_PAUSE: Final = 300.0
RECENT: Final = timedelta(minutes=10)
HEADER: Final = "x-telegram-bot-api-secret-token"


def secret_of(token: Secret, account: str) -> str:
    """What Telegram has to say with every update."""
    return hmac.new(token.reveal().encode(), f"heqi webhook {account}".encode(), hashlib.sha256).hexdigest()


class Webhook:
    """The door, and the task that keeps Telegram coming to it."""

    def __init__(
        self,
        *,
        account: str,
        api: Api,
        intake: Intake,
        public_url: str,
        secret: str,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._account = account
        self._api = api
        self._intake = intake
        self._secret = secret
        self._now = now
        self._sleep = sleep
        self._set = False
        self._trouble = ""
        self.path = f"/telegram/{account}"
        self.url = f"{public_url}{self.path}"

    def routes(self) -> Sequence[BaseRoute]:
        """The door."""
        return (Route(self.path, self._receive, methods=["POST"]),)

    def problems(self) -> Mapping[str, str]:
        """What Telegram could not deliver, or why the webhook is not set; a refused token is the api's to tell."""
        return {} if self._trouble in {"", BAD_TOKEN} else {"webhook": self._trouble}

    async def run(self) -> None:
        """Set the webhook, then look after it, until cancelled; one process at a time.

        The door is open in all of them: the secret is the same in each.
        """
        self._set = False
        try:
            await self._keep_set()
        finally:
            self._trouble = ""  # it is another process's to tell from now on

    async def _keep_set(self) -> None:
        failures = 0
        while True:
            try:
                await self._look()
            except HeqiError as error:
                if not failures:
                    log.warning("telegram_webhook", account=self._account, error=str(error))
                self._trouble = BAD_TOKEN if str(error) == BAD_TOKEN else _unset(str(error))
                pause = min(2.0 ** min(failures, 10), LONGEST_PAUSE)
                failures += 1
                await self._sleep(max(pause, (isinstance(error, TryLater) and error.after) or 0.0))
            else:
                failures = 0
                await self._sleep(WATCH)

    async def _look(self) -> None:
        await self._api.learn_me()
        if not self._set:
            await self._put()
        info = await self._api.call(None, lambda bot: bot.get_webhook_info())
        if info.url != self.url:  # somebody else uses the token
            await self._put()
        self._trouble = self._told(info)

    async def _put(self) -> None:
        await self._api.call(
            None,
            lambda bot: bot.set_webhook(
                self.url, secret_token=self._secret, allowed_updates=ALLOWED, drop_pending_updates=False
            ),
        )
        self._set = True

    def _told(self, info: WebhookInfo) -> str:
        if info.url != self.url:
            return "Webhook 地址被另一个程序改过，已改回 (another program had changed the webhook, it is set again)"
        if info.last_error_date is None or self._now() - info.last_error_date > RECENT:
            return ""
        return (
            f"Telegram 投递失败：{info.last_error_message}，积压 {info.pending_update_count} 条 "
            f"(delivery failed, {info.pending_update_count} waiting)"
        )

    async def _receive(self, request: Request) -> Response:
        given = request.headers.get(HEADER, "").encode("latin-1")
        if not hmac.compare_digest(given, self._secret.encode()):
            count(self._account, "bad_signature")
            return Response(status_code=401)
        content = await read_body(request, LARGEST)
        if content is None:
            count(self._account, "too_big")
            return Response(status_code=413)
        update = self._intake.read(parsed(content))
        if update is None:
            return Response(status_code=200)  # it would be the same the next time
        try:
            await self._intake.take(update)
        except Exception as error:  # noqa: BLE001 - Telegram brings it again; a trace could hold a buyer's words
            log.warning("update_not_stored", account=self._account, error=type(error).__name__)
            return Response(status_code=503)
        return Response(status_code=200)


def _unset(reason: str) -> str:
    return f"无法设置 Webhook：{reason} (the webhook cannot be set)"
