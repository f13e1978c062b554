"""The web chat as a channel: what leaves is read back from the store by the browsers that are looking."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from starlette.routing import BaseRoute
from typing_extensions import override

from adapters.ports import Blobs, Channel, Chats, Feed, Inbox, Outgoing
from adapters.webchat.doors import Doors
from adapters.webchat.live import Live
from adapters.webchat.sessions import Sessions
from adapters.webchat.settings import CAPABILITIES


class WebChat(Channel):
    """Buyers' chat at ``/chat/{account}``.

    Sending cannot fail: a delivery is on the buyer's screen as soon as its row says so, so its key is its id.
    """

    name = "webchat"
    capabilities = CAPABILITIES

    def __init__(
        self,
        *,
        account: str,
        shop: str,
        title: str,
        inbox: Inbox,
        chats: Chats,
        feed: Feed,
        blobs: Blobs,
        demo: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Args: ``title`` is what buyers read above the chat; ``demo`` allows several chats in one browser."""
        self.account = account
        self.shop = shop
        self._live = Live(account=account, chats=chats, feed=feed)
        self._doors = Doors(
            account=account,
            title=title,
            sessions=Sessions(account=account, demo=demo),
            inbox=inbox,
            chats=chats,
            blobs=blobs,
            live=self._live,
            now=now,
        )

    @override
    async def send(self, outgoing: Outgoing) -> str:
        """Return the key: the stored row is the message, and the feed tells the browsers to read it."""
        return outgoing.key

    @override
    def routes(self) -> Sequence[BaseRoute]:
        """The page, its files, the live socket, and the doors for messages and photos."""
        return self._doors.routes()

    @override
    async def start(self) -> None:
        """Begin to follow the feed."""
        await self._live.start()

    @override
    async def stop(self) -> None:
        """Close the sockets; browsers come back by themselves."""
        await self._live.stop()
