"""The live side of the web chat: every open browser is told its new and changed lines."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

from adapters.doors import clean
from adapters.media import shown_as
from adapters.ports import ChatLine, Chats, Feed
from dialogs.messages import DeliveryState

# A reply gets its id when it is written and is shown when it was sent: a line may turn up below newer ones.
# So a look at news always reads this many lines back.
LOOK_BACK: Final = 100
PAGE: Final = 200
BEAT_SECONDS: Final = 25.0  # below the minute after which proxies cut silent sockets
RETRY_SECONDS: Final = 2.0  # pause after the feed or the store failed

log = logging.getLogger(__name__)


def line_json(line: ChatLine) -> dict[str, Any]:
    """One line as the page gets it."""
    return {
        "id": line.id,
        "mine": line.mine,
        "text": clean(line.text),
        "at": int(line.at.timestamp() * 1000),
        "media": [
            {"ref": m.ref, "kind": m.kind, "name": clean(m.name), "show": shown_as(m)} for m in line.media if m.ref
        ],
        "state": line.state,
        "own": line.external_id.rpartition(":")[2] if line.mine and line.external_id else None,
    }


class Follower:
    """One browser that follows one chat from line ``after`` on."""

    def __init__(self, chat: str, after: int) -> None:
        self.chat = chat
        self.woken = asyncio.Event()
        self._base = after
        self._shown: dict[int, ChatLine] = {}
        self._told: set[str] = set()

    def news(self, lines: tuple[ChatLine, ...]) -> list[ChatLine]:
        """Those of ``lines`` the browser does not have as they are now."""
        fresh = [line for line in lines if self._shown.get(line.id) != line]
        for line in fresh:
            self._shown[line.id] = line
        if len(self._shown) > 2 * LOOK_BACK:
            ids = sorted(self._shown)[:-LOOK_BACK]
            self._base = ids[-1]
            for known in ids:
                del self._shown[known]
        return fresh

    def newly_seen(self, upto: int) -> list[str]:
        """What the channel calls the answers up to line ``upto`` that the buyer had not seen before."""
        seen = [
            line.external_id
            for line in self._shown.values()
            if not line.mine and line.id <= upto and line.state != DeliveryState.READ and line.external_id is not None
        ]
        fresh = [external_id for external_id in seen if external_id not in self._told]
        self._told.update(fresh)
        return fresh

    @property
    def base(self) -> int:
        """Id after which lines are read again."""
        return self._base


class Live:
    """Follows the feed once for all browsers of an account and wakes those whose chat changed."""

    def __init__(self, *, account: str, chats: Chats, feed: Feed) -> None:
        self._account = account
        self._chats = chats
        self._feed = feed
        self._followers: set[Follower] = set()
        self._conversations: dict[str, int] = {}  # of the chats somebody looks at
        self._task: asyncio.Task[None] | None = None
        self.closing = asyncio.Event()

    async def start(self) -> None:
        """Begin to follow the feed."""
        self.closing.clear()
        self._task = asyncio.create_task(self._follow(), name=f"webchat feed {self._account}")

    async def stop(self) -> None:
        """Stop following and let every socket close."""
        self.closing.set()
        for follower in self._followers:
            follower.woken.set()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    @contextlib.contextmanager
    def following(self, chat: str, after: int) -> Iterator[Follower]:
        """A follower for as long as the context is open; it is woken at once to read what there is."""
        follower = Follower(chat, after)
        follower.woken.set()
        self._followers.add(follower)
        try:
            yield follower
        finally:
            self._followers.discard(follower)
            if not any(other.chat == chat for other in self._followers):
                self._conversations.pop(chat, None)

    async def read(self, follower: Follower) -> AsyncIterator[list[ChatLine]]:
        """The follower's news, page by page."""
        after = follower.base
        while True:
            lines = await self._chats.lines(self._account, follower.chat, after=after, limit=PAGE)
            if fresh := follower.news(lines):
                yield fresh
            if len(lines) < PAGE:
                return
            after = lines[-1].id

    def wake(self, chat: str) -> None:
        """Have the browsers of ``chat`` read again."""
        for follower in self._followers:
            if follower.chat == chat:
                follower.woken.set()

    async def _follow(self) -> None:
        while True:
            try:
                with self._feed.listen() as listener:
                    while True:
                        await self._wake_changed(await listener.next())
            except Exception as error:  # noqa: BLE001 - whatever broke the feed, chats must not stay silent for ever
                log.warning("web chat feed failed, trying again: %s", type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)

    async def _wake_changed(self, changed: frozenset[int]) -> None:
        for chat in {follower.chat for follower in self._followers}:
            conversation = self._conversations.get(chat)
            if conversation is None:
                conversation = await self._chats.conversation_of(self._account, chat)
                if conversation is None:
                    continue
                self._conversations[chat] = conversation
            if conversation in changed:
                self.wake(chat)
