"""Downloads: what a buyer attached is fetched right after it came, while its platform still has it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog
from sqlalchemy import Connection

from adapters.ports import Channel
from bot import metrics
from bot.back_off import back_off
from bot.boards import Boards
from bot.engine.port import WorkEngine
from bot.feed import ChangeFeed
from bot.gate import Gate
from bot.store import Store, conversations, downloads
from bot.store.blobs import StoredBlobs
from bot.store.downloads import Head
from bot.store.types import storable
from dialogs.errors import Refused, TryLater
from dialogs.messages import Media
from dialogs.ports import Clock

log = structlog.stdlib.get_logger(__name__)

FETCH_TIMEOUT = 120.0  # seconds for one attachment
# With the waiting between them this is about a quarter of an hour of a platform that says "later".
ATTEMPTS = 10
AT_ONCE = 4  # conversations of one account; each holds a whole attachment in memory
UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class _Result:
    """What came of one attempt: the attachment as it is from now on, or in what time to ask again, and why."""

    media: Media | None = None
    error: str = ""
    again_in: timedelta = timedelta()

    @property
    def outcome(self) -> str:
        """``done``, ``failed``, or ``later``."""
        if self.media is None:
            return "later"
        return "failed" if self.media.error else "done"


class Downloads:
    """The handler of ``media:<account>:<conversation>`` lanes."""

    def __init__(
        self,
        *,
        store: Store,
        engine: WorkEngine,
        channels: Mapping[str, Channel],
        clock: Clock,
        feed: ChangeFeed,
        boards: Boards,
        fetch_timeout: float = FETCH_TIMEOUT,
        attempts: int = ATTEMPTS,
    ) -> None:
        self._store = store
        self._engine = engine
        self._channels = channels
        self._clock = clock
        self._feed = feed
        self._boards = boards
        self._blobs = StoredBlobs(store, clock)
        self._fetch_timeout = fetch_timeout
        self._attempts = attempts
        self._gate = Gate(engine, limit=AT_ONCE)

    async def drain(self, lane: str) -> None:
        """Fetch everything that waits in the lane, and set the time of what must wait."""
        now = self._clock.now()
        head = await self._store.read(lambda conn: downloads.head(conn, lane, now=now))
        if head is not None:
            with self._gate.enter(head.account, lane) as is_let_in:
                if not is_let_in:
                    return
                while head is not None:
                    head = await self._fetch(lane, head)
        due = await self._store.read(lambda conn: downloads.next_due(conn, lane))
        if due is not None:
            self._engine.at(lane, due)

    async def _fetch(self, lane: str, head: Head) -> Head | None:
        """Fetch one attachment, keep what came of it, and look for the next."""
        result = await self._attempt(head)
        channel = self._channels.get(head.account)
        metrics.downloaded("none" if channel is None else channel.name, result.outcome)
        if result.media is None or result.media.error:
            error = result.error if result.media is None else result.media.error
            log.warning("not_fetched", download_id=head.id, account=head.account, error=error)
        now = self._clock.now()

        def keep(conn: Connection) -> tuple[str | None, Head | None]:
            if result.media is None:
                downloads.later(conn, head.id, not_before=now + result.again_in, error=result.error, now=now)
                return None, downloads.head(conn, lane, now=now)
            shop = None
            if downloads.settle(conn, head, result.media, now=now):
                shop = conversations.shop_of(conn, head.conversation_id)
            following = downloads.head(conn, lane, now=now)
            if shop is not None:
                self._boards.want(conn, shop, head.conversation_id, now=now)
            return shop, following

        shop, following = await self._store.write(keep)
        if shop is not None:
            self._feed.publish(head.conversation_id)
            self._boards.wake(shop, head.conversation_id)
        return following

    async def _attempt(self, head: Head) -> _Result:
        channel = self._channels.get(head.account)
        if channel is None:
            return _failed(head, "no_channel")
        try:
            async with asyncio.timeout(self._fetch_timeout):
                content, mime = await channel.fetch(head.media)
        except TryLater as error:
            return self._again(head, error.reason, at_last=UNAVAILABLE, after=error.after)
        except Refused as error:
            return _failed(head, error.reason)
        except TimeoutError:
            return self._again(head, "timeout", at_last=UNAVAILABLE)
        except Exception as error:  # noqa: BLE001 - an adapter's bug must not hold up what else was attached
            # Not its text or its trace: they may hold an address with a key in it.
            name = type(error).__name__
            return self._again(head, name, at_last=name)
        mime = storable(mime) or head.media.mime
        ref = await self._blobs.put(content, mime=mime)
        return _Result(replace(head.media, ref=ref, size=len(content), mime=mime))

    def _again(self, head: Head, error: str, *, at_last: str, after: float | None = None) -> _Result:
        if head.attempts + 1 >= self._attempts:
            return _failed(head, at_last)
        return _Result(error=error, again_in=back_off(head.attempts, after))


def _failed(head: Head, error: str) -> _Result:
    return _Result(replace(head.media, error=error))
