"""Long polling: the way to receive that needs no address and no certificate."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog
from telegram import Update

from adapters.telegram.api import Api
from adapters.telegram.errors import BAD_TOKEN, CONFLICT
from adapters.telegram.intake import Intake
from adapters.telegram.updates import ALLOWED, lane_of
from dialogs.errors import HeqiError, TryLater

log = structlog.stdlib.get_logger(__name__)

HOLD: Final = 30  # seconds Telegram holds the question open while nothing comes
LONGEST_PAUSE: Final = 60.0
LONGEST_STORE_PAUSE: Final = 5.0  # the store comes back sooner than a network, and buyers wait

_TEXTS: Final = {
    CONFLICT: "另一个程序正在用同一个令牌接收消息，请停掉它 (another program receives with the same token)",
    "inbox": "收到的消息暂时无法保存，稍后重试 (what came cannot be stored now)",
}


class Polling:
    """Asks for updates for ever. An update counts as received only after it was stored."""

    def __init__(
        self,
        *,
        account: str,
        api: Api,
        intake: Intake,
        hold: int = HOLD,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._account = account
        self._api = api
        self._intake = intake
        self._hold = hold
        self._sleep = sleep
        self._prepared = False
        self._offset = 0
        self._done: set[int] = set()  # stored, but behind one that is not
        self._trouble = ""
        self._failures = 0
        self._heard: float | None = None  # monotonic, while this runs

    async def run(self) -> None:
        """Receive until cancelled; one process at a time.

        Where the one before stopped is Telegram's to know: it gives again whatever was not confirmed.
        """
        self._prepared, self._offset, self._done = False, 0, set()
        self._heard = time.monotonic()
        try:
            await self._receive()
        finally:
            self._heard = None
            self._trouble, self._failures = "", 0  # it is another process's to tell from now on

    def silence(self) -> float | None:
        """Seconds since Telegram answered last, None while nothing is asked."""
        return None if self._heard is None else time.monotonic() - self._heard

    async def _receive(self) -> None:
        while True:
            try:
                stored = await self._round()
            except HeqiError as error:
                await self._pause(str(error), error.after if isinstance(error, TryLater) else None, LONGEST_PAUSE)
            else:
                if stored:
                    self._trouble, self._failures = "", 0
                else:
                    await self._pause("inbox", None, LONGEST_STORE_PAUSE)

    def problems(self) -> Mapping[str, str]:
        """Why nothing is received now; a refused token is the api's to tell."""
        if self._trouble in {"", BAD_TOKEN}:
            return {}
        return {"polling": _TEXTS.get(self._trouble, f"连不上 Telegram：{self._trouble} (Telegram cannot be reached)")}

    async def _round(self) -> bool:
        """One question; False when something of the answer could not be stored."""
        if not self._prepared:
            await self._api.learn_me()
            # A webhook that was set before would get everything; what waits for it is kept.
            await self._api.call(None, lambda bot: bot.delete_webhook(drop_pending_updates=False))
            self._prepared = True
        given = await self._api.updates(offset=self._offset, seconds=self._hold, allowed=ALLOWED)
        self._heard = time.monotonic()
        if not given:
            # All is confirmed. After a week without updates their numbers may begin elsewhere (Bot API, "Update").
            self._offset = 0
            return True
        await asyncio.gather(*(self._work(lane) for lane in self._lanes(given)))
        return self._confirm([number for number in map(_number, given) if number is not None])

    def _lanes(self, given: list[object]) -> list[list[Update]]:
        """The updates that are not stored yet, by chat."""
        lanes: dict[object, list[Update]] = {}
        for raw in given:
            number = _number(raw)
            if number is None or number in self._done:
                continue
            update = self._intake.read(raw)
            if update is None:
                self._done.add(number)
            else:
                lanes.setdefault(lane_of(update), []).append(update)
        return list(lanes.values())

    async def _work(self, lane: list[Update]) -> None:
        """Take the updates of one chat in order, up to the first that cannot be stored."""
        for update in lane:
            try:
                await self._intake.take(update)
            except Exception as error:  # noqa: BLE001 - whatever kept it from being stored, Telegram gives it again
                log.warning(
                    "update_not_stored",
                    account=self._account,
                    update_id=update.update_id,
                    error=type(error).__name__,
                )
                return
            self._done.add(update.update_id)

    def _confirm(self, numbers: list[int]) -> bool:
        """Move the offset to the first update that is not stored; what lies behind is remembered."""
        open_numbers = [number for number in numbers if number not in self._done]
        self._offset = min(open_numbers) if open_numbers else max(numbers, default=self._offset - 1) + 1
        self._done = {number for number in self._done if number >= self._offset}
        return not open_numbers

    async def _pause(self, trouble: str, after: float | None, longest: float) -> None:
        if trouble != self._trouble:
            log.warning("telegram_polling", account=self._account, error=trouble)
        self._trouble = trouble
        if trouble == CONFLICT:
            self._prepared = False  # perhaps somebody set a webhook
        pause = min(0.5 * 2.0 ** min(self._failures, 10), longest)
        self._failures += 1
        await self._sleep(max(pause, after or 0.0))


def _number(raw: object) -> int | None:
    number = raw.get("update_id") if isinstance(raw, dict) else None
    return number if type(number) is int else None
