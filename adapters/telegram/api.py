"""The Bot API as the rest of the package calls it: paced, and with our errors only."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeVar
from urllib.parse import urlencode

import structlog
import telegram
from telegram.error import TelegramError

from adapters.fading import Fading
from adapters.telegram.errors import BAD_TOKEN, RATE_LIMITED, ours
from adapters.telegram.limiter import Limiter
from adapters.telegram.request import READ, AiohttpRequest
from adapters.telegram.settings import TelegramSettings
from dialogs.errors import Ambiguous, HeqiError, Refused, TryLater

log = structlog.stdlib.get_logger(__name__)

T = TypeVar("T")

TOKEN: Final = "token"  # noqa: S105 - the part that is in trouble
_REFUSED_TOKEN: Final = "Telegram 不接受该令牌，请在 BotFather 查看 (the token is refused, look it up at BotFather)"  # noqa: S105
FIRST_LOOK: Final = 5.0  # seconds the start waits for Telegram; receiving asks again
# What the library raises for an answer in another shape than the documented one.
_MISSHAPEN: Final = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)


class Api:
    """One bot. ``me`` is who it is; until Telegram has told, only the id is known, which is a part of the token."""

    def __init__(self, settings: TelegramSettings) -> None:
        token = settings.token.reveal()
        self._account = settings.id
        self._files = f"{settings.api_url}/file/bot{token}/"
        self._request = AiohttpRequest(api_url=settings.api_url)
        self._troubles = Fading()
        self._known = False
        self.limiter = Limiter()
        self.bot = telegram.Bot(
            token,
            base_url=f"{settings.api_url}/bot",
            base_file_url=f"{settings.api_url}/file/bot",
            request=self._request,
            get_updates_request=self._request,
        )
        self.me = telegram.User(id=int(token.partition(":")[0]), first_name="", is_bot=True)

    async def start(self) -> None:
        """Open the session and ask who the bot is; that Telegram cannot be reached now is not fatal."""
        await self._request.initialize()
        try:
            async with asyncio.timeout(FIRST_LOOK):
                await self.learn_me()
        except TimeoutError:
            log.warning("telegram_start", account=self._account, error="timeout")
        except HeqiError as error:
            log.warning("telegram_start", account=self._account, error=str(error))

    @contextlib.asynccontextmanager
    async def session(self) -> AsyncIterator[None]:
        """An open session for the while, for somebody who asks a question without starting the bot."""
        if self._request.is_open:
            yield
            return
        await self._request.initialize()
        try:
            yield
        finally:
            await self._request.shutdown()

    async def stop(self) -> None:
        """Close the session."""
        await self._request.shutdown()

    async def learn_me(self) -> None:
        """Ask who the bot is, unless it is known. Raises what ``call`` raises."""
        if not self._known:
            self.me = await self.call(None, lambda bot: bot.get_me())
            self._known = True

    async def call(
        self, chat_id: int | None, method: Callable[[telegram.Bot], Awaitable[T]], *, wait: bool = True
    ) -> T:
        """Call a method of the bot when the limits of the chat allow it; None: the call has no limit.

        Args:
            chat_id: the chat whose limits count.
            method: what to call, e.g. ``lambda bot: bot.send_message(…)``.
            wait: False raises TryLater instead of waiting for the limits.

        Raises:
            TryLater: nothing was done; also when the limits ask for more than 20 seconds.
            Refused: never (``Moved``: the group has another id; ``Unreachable``: blocked; see ``errors``).
            Ambiguous: it may have been done.
        """
        if chat_id is not None:
            await self.limiter.admit(chat_id, wait=wait)
        return await self._guarded(chat_id, lambda: method(self.bot))

    async def post(self, chat_id: int, method: str, parameters: Mapping[str, object]) -> object:
        """Call a method by its name with plain JSON and return the plain result, for the calls every turn makes.

        The library's objects cost several times what the call itself does. The limits of the chat count as with
        ``call``, and so do the errors.

        Args:
            chat_id: the chat whose limits count.
            method: its name in the Bot API, e.g. ``sendMessage``.
            parameters: as the Bot API has them, without those that are left out.
        """
        await self.limiter.admit(chat_id)
        address = f"{self.bot.base_url}/{method}"
        return await self._guarded(chat_id, lambda: self._request.post_plain(address, parameters))

    async def updates(self, *, offset: int, seconds: int, allowed: Sequence[str]) -> list[object]:
        """Wait for updates, as raw JSON: the library parses a batch as a whole, and one bad update would spoil it.

        Raises:
            TryLater: not now (``conflict``: somebody else asks, or a webhook is set).
            Ambiguous: as any call; nothing is lost.
        """
        query = {"offset": offset, "timeout": seconds, "limit": 100, "allowed_updates": json.dumps(list(allowed))}
        address = f"{self.bot.base_url}/getUpdates?{urlencode(query)}"
        answer: object = await self._guarded(None, lambda: self._request.post(address, read_timeout=seconds + READ))
        if not isinstance(answer, list):
            raise Ambiguous("malformed_answer")
        return answer

    async def download(self, path: str, *, limit: int) -> bytes:
        """The bytes of a file by the path ``getFile`` gave.

        Raises:
            TryLater: not now.
            Refused: ``gone``, ``too_big`` (above ``limit`` bytes) or ``no_download``.
        """
        # A Bot API server started with --local names files of its own disk, which are not for us to read.
        if not path.startswith(self._files):
            raise Refused("no_download")
        return await self._request.download(path, limit=limit)

    def problems(self) -> Mapping[str, str]:
        """Whether Telegram refuses the token."""
        return self._troubles.all()

    async def _guarded(self, chat_id: int | None, act: Callable[[], Awaitable[T]]) -> T:
        try:
            result = await act()
        except TelegramError as error:
            raise self._noted(chat_id, ours(error)) from None
        except _MISSHAPEN:
            raise Ambiguous("malformed_answer") from None
        self._troubles.over(TOKEN)
        return result

    def _noted(self, chat_id: int | None, error: HeqiError) -> HeqiError:
        if isinstance(error, TryLater):
            if error.reason == BAD_TOKEN:
                self._troubles.met(TOKEN, _REFUSED_TOKEN)
            elif error.reason != "no_connection":
                self._troubles.over(TOKEN)
            if error.reason == RATE_LIMITED and chat_id is not None:
                self.limiter.halt(chat_id, error.after or 0.0)
        return error
