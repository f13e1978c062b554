"""A whole house for the tests of the core: the real store, engine, inbox, turns and outbox between two fakes."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field
from datetime import datetime

from adapters.ports import Board, ConversationView, EngineHealth, Outcome, Preview
from bot.accounts import Account
from bot.boards import Boards
from bot.desk import StoredChats, StoredDesk
from bot.downloads import Downloads
from bot.engine.embedded import EmbeddedEngine
from bot.feed import ChangeFeed
from bot.inbox import Inbox
from bot.outbox import Outbox
from bot.recovery import Recovery
from bot.store import Store
from bot.turns import Turns
from bot.worker import Worker
from dialogs.events import Accepted, AgentChose, Body, BuyerWrote, Event
from dialogs.messages import Choice, Conversation, Media, Shop, Translation
from tests.fakes import FakeClock, FakeManager, RecordingChannel

ACCOUNT = "shop-fake"


@dataclass
class House:
    """Everything composed as the application composes it."""

    store: Store
    clock: FakeClock = field(default_factory=FakeClock)
    manager: FakeManager = field(default_factory=FakeManager)
    channel: RecordingChannel = field(default_factory=RecordingChannel)
    shown_on: tuple[Board, ...] = ()

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        shop = Shop(id="shop", name="店")
        accounts = {ACCOUNT: Account(shop=shop, channel="fake", capabilities_in=self.channel.capabilities_in)}
        self.feed = ChangeFeed()
        self.engine = EmbeddedEngine(self.clock)
        self.inbox = Inbox(store=self.store, engine=self.engine, accounts=accounts, clock=self.clock, feed=self.feed)
        self.desk = StoredDesk(
            store=self.store,
            accounts=accounts,
            feed=self.feed,
            preview=_preview,
            library=lambda _: (),
            health=_health,
            templates=lambda _: self.channel.templates(),
            now=self.clock.now,
        )
        common = {"store": self.store, "engine": self.engine, "clock": self.clock}
        self.boards = Boards(self.shown_on, desk=self.desk, **common)
        common |= {"feed": self.feed, "boards": self.boards}
        channels = {ACCOUNT: self.channel}
        self.turns = Turns(inbox=self.inbox, manager=self.manager, accounts=accounts, **common)
        self.outbox = Outbox(channels=channels, accounts=accounts, **common)
        self.downloads = Downloads(channels=channels, **common)
        self.worker = Worker(turns=self.turns, outbox=self.outbox, boards=self.boards, downloads=self.downloads)
        self.recovery = Recovery(self.store, self.engine, self.clock)
        self.chats = StoredChats(self.store)

    async def start(self) -> None:
        """Begin to work, first on what was left open."""
        await self.recovery.once()
        await self.engine.run(self.worker.drain)

    async def buyer(self, text: str, *, chat: str = "ana", external_id: str | None = None) -> Accepted:
        """A buyer writes, and everything is worked on."""
        accepted = await self.inbox.accept(self.event(BuyerWrote(text=text), chat=chat, external_id=external_id))
        await self.settle()
        return accepted

    async def channel_tells(self, body: Body, *, chat: str | None = "ana") -> Accepted:
        """The platform tells something else."""
        accepted = await self.inbox.accept(self.event(body, chat=chat))
        await self.settle()
        return accepted

    async def team(self, body: Body, conversation_id: int) -> Outcome:
        """Somebody of the team acts, and everything is worked on."""
        accepted = await self.inbox.accept(self.event(body, account="desk", conversation_id=conversation_id))
        outcome = await self.inbox.outcome(accepted.event_id)
        await self.settle()
        return outcome

    async def choose(self, conversation_id: int, text: str, *, agent: str = "小王", **choice: object) -> Outcome:
        """A seller sends something."""
        body = AgentChose(choice=Choice(agent=agent, seller_text=text, **choice))
        return await self.team(body, conversation_id)

    async def view(self, conversation_id: int) -> ConversationView:
        """What the desk shows."""
        view = await self.desk.view(conversation_id)
        assert view is not None
        return view

    async def later(self, **interval: float) -> None:
        """Time passes, and the minute's look at open rows comes round."""
        self.clock.advance(**interval)
        await self.recovery.once()
        await self.settle()

    async def settle(self) -> None:
        """Wait until nothing is worked on any more; the limit only keeps a broken test from hanging."""
        async with asyncio.timeout(30):
            await self.engine.drain()

    def event_of(self, text: str, *, chat: str, media: tuple[Media, ...] = (), external_id: str | None = None) -> Event:
        """A buyer's message as it comes to the door."""
        return self.event(BuyerWrote(text=text, media=media), chat=chat, external_id=external_id)

    def choice_of(self, conversation_id: int, text: str, *, external_id: str | None = None) -> Event:
        """A typed answer as it comes to the door."""
        body = AgentChose(choice=Choice(agent="小王", seller_text=text))
        return self.event(body, account="desk", conversation_id=conversation_id, external_id=external_id)

    def event(
        self,
        body: Body,
        *,
        account: str = ACCOUNT,
        chat: str | None = None,
        conversation_id: int | None = None,
        external_id: str | None = None,
        at: datetime | None = None,
    ) -> Event:
        return Event(
            account=account,
            external_id=external_id or f"e{next(self._numbers)}",
            body=body,
            at=at or self.clock.now(),
            chat=chat,
            conversation_id=conversation_id,
            contact_name="" if chat is None else chat.title(),
        )


async def _preview(conversation: Conversation, text: str, back: bool) -> Preview:  # noqa: FBT001
    return Preview(translation=Translation(text=f"{conversation.id}:{text}", source="zh", target="es"))


def _health() -> tuple[EngineHealth, ...]:
    return (EngineHealth(name="fake", state="ok"),)
