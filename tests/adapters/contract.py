"""What the contract asks of a platform: to be written from, to be sent to, to fail in every way, to be overheard."""

from __future__ import annotations

import abc
import io
import logging
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import httpx
import structlog
from starlette.applications import Starlette

from adapters.channels import CHANNELS
from adapters.ports import Channel, Outgoing
from bot import logs
from dialogs.events import BuyerWrote, Event
from dialogs.messages import Media
from tests.adapters.around import SHOP, Around, Receiving

PUBLIC = "https://shop.example.com"
PHONE = "5215550001111"  # of the buyer who writes
NOBODY = "http://127.0.0.1:9"  # the discard port: nothing listens
WAIT = 7.0  # seconds a platform asks for that is called too often


class Trouble(StrEnum):
    """How a call to a platform goes wrong."""

    RATE_LIMITED = "rate_limited"
    BAD_REQUEST = "bad_request"
    FORBIDDEN = "forbidden"  # by the buyer
    BAD_TOKEN = "bad_token"
    SERVER_ERROR = "server_error"
    SILENT = "silent"  # the request was read, no answer comes
    SLOW = "slow"  # the same, and nobody waits for it as long as usual
    HALF_CLOSED = "half_closed"  # the answer breaks off
    HUNG_UP = "hung_up"  # the request was read, then the connection closed
    GARBAGE = "garbage"  # a success that cannot be read
    REFUSED_CONNECTION = "refused_connection"


@dataclass(frozen=True)
class Sent:
    """One message as the platform got it, or the buyer sees it."""

    text: str = ""
    buttons: tuple[str, ...] = ()
    files: tuple[bytes, ...] = ()


@dataclass
class Platform(abc.ABC):
    """One account on a platform of the test's own; opened by ``opened``."""

    around: Around = field(default_factory=lambda: Around(public_url=PUBLIC))
    secrets: tuple[str, ...] = ()  # what must never be read anywhere
    other_chat: str = ""  # of a buyer who has not written
    hurry: Callable[[], None] = lambda: None  # wait less for answers from now on
    unknown: frozenset[Trouble] = frozenset()  # what the platform does not tell from a bad request
    channel: Channel = field(init=False)
    turn: Receiving = field(init=False)
    door: httpx.AsyncClient = field(init=False)

    @abc.abstractmethod
    def make(self, *, address: str | None = None) -> Channel:
        """The channel; with ``address`` its platform is said to be there."""

    @abc.abstractmethod
    async def buyer_writes(self, text: str, message: str, *, name: str = "Ana", again: bool = False) -> bool:
        """A buyer's message; ``again`` if the platform tells of it once more. Whether we said that it is stored."""

    @abc.abstractmethod
    async def sent(self) -> list[Sent]:
        """What arrived, in order."""

    async def send(self, outgoing: Outgoing) -> str:
        """Send as the outbox does."""
        return await self.channel.send(outgoing)

    # ---- with a platform elsewhere -----------------------------------------------------------------------------------

    async def fail_next(self, trouble: Trouble, *, asking: bool = False) -> None:
        """Let the next message that is sent end so; with ``asking`` the next check."""
        raise NotImplementedError(trouble)

    async def heal(self) -> None:
        """Let nothing fail any more."""
        raise NotImplementedError

    def attempts(self) -> int:
        """How often the platform was asked to send something."""
        raise NotImplementedError

    async def buyer_attaches(self, content: bytes, message: str) -> Media:
        """A buyer's photo, as the event tells of it."""
        raise NotImplementedError

    async def lose(self, media: Media) -> None:
        """The platform no longer has it."""
        raise NotImplementedError

    async def forged(self) -> int | None:
        """The answer to a message that does not come from the platform; None where nobody can knock."""
        raise NotImplementedError

    # ---- what tests do with all --------------------------------------------------------------------------------------

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Platform]:
        """Started, with its doors open."""
        await self.begin(self.make())
        try:
            yield self
        finally:
            await self.end()
            await self.door.aclose()

    async def begin(self, channel: Channel) -> None:
        """Start a channel and open its doors."""
        self.channel = channel
        app = Starlette(routes=list(channel.routes()))
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        self.door = httpx.AsyncClient(transport=transport, base_url=PUBLIC, headers={"origin": PUBLIC})
        await self.start()

    async def start(self) -> None:
        """Start the channel, in the only process there is."""
        await self.channel.start()
        self.turn = Receiving(self.channel)

    async def end(self) -> None:
        """Stop it."""
        await self.turn.end()
        await self.channel.stop()

    async def move(self, address: str) -> None:
        """The platform is somewhere else from now on."""
        await self.end()
        await self.door.aclose()
        await self.begin(self.make(address=address))

    def outgoing(self, text: str = "", key: str = "key-1", **more: object) -> Outgoing:
        """An answer to the buyer who wrote last."""
        chat = self.events[-1].chat
        assert chat is not None
        return Outgoing(key=key, account=self.channel.account, chat=chat, text=text, **more)  # type: ignore[arg-type]

    @property
    def events(self) -> list[Event]:
        return self.around.inbox.events

    @property
    def texts(self) -> list[str]:
        """What buyers wrote, as it was stored."""
        return [event.body.text for event in self.events if isinstance(event.body, BuyerWrote)]


def made(kind: str, settings: dict[str, Any], platform: Platform) -> Channel:
    """A channel as the product makes it."""
    found = CHANNELS[kind]
    return found.make(found.settings.model_validate(settings), SHOP, platform.around.surroundings)


def last_media(platform: Platform) -> Media:
    """What the last message brought."""
    body = platform.events[-1].body
    assert isinstance(body, BuyerWrote)
    (media,) = body.media
    return media


@contextmanager
def listening() -> Iterator[list[str]]:
    """Everything that is logged at any level, as the product sets up its logs; ours before any value is hidden."""
    root = logging.getLogger()
    before = {logger: logger.level for logger in (root, *_loggers())}
    handlers, stream, heard = root.handlers[:], io.StringIO(), list[str]()
    logs.configure(stream=stream, level=logging.DEBUG)
    try:
        with structlog.testing.capture_logs() as events:
            yield heard
        heard += [stream.getvalue(), *map(repr, events)]
    finally:
        root.handlers[:] = handlers
        for logger in (root, *_loggers()):
            logger.setLevel(before.get(logger, logging.NOTSET))
        structlog.reset_defaults()


def _loggers() -> list[logging.Logger]:
    return [one for one in logging.getLogger().manager.loggerDict.values() if isinstance(one, logging.Logger)]


def told(error: BaseException) -> str:
    """All that anybody can read of an error."""
    return "".join([*traceback.format_exception(error), repr(error), repr(error.args), str(vars(error))])
