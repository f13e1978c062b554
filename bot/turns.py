"""Turns: works on the events of a conversation, one at a time and in order."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError

from adapters.ports import Outcome
from bot.accounts import Accounts
from bot.boards import Boards
from bot.clocks import ring
from bot.engine.port import WorkEngine
from bot.feed import ChangeFeed
from bot.inbox import Inbox
from bot.lanes import conversation_lane
from bot.saving import Saved, save_fact, save_refusal, save_turn
from bot.store import Store, StoreError, conversations, events
from bot.store.events import AlreadyWorkedOn
from bot.work import Broken, Found, Ringing, Wait, Work, look
from dialogs.events import (
    AgentApproved,
    AgentChose,
    AgentDecided,
    AgentEscalated,
    AgentRetranslated,
    AgentSentTemplate,
    AgentSetLanguage,
    AgentSetStatus,
    BuyerEdited,
    BuyerStarted,
    BuyerWrote,
    ClockDue,
    DeliveryFailed,
    Receipt,
    SellerWrote,
)
from dialogs.messages import Choice, Conversation, DeliveryState, Message, Refusal, RefusalCode, Turn
from dialogs.ports import Clock

log = structlog.stdlib.get_logger(__name__)

# Where a receipt that tells of a failure is news.
UNFINISHED = (DeliveryState.SENT, DeliveryState.AMBIGUOUS)
# Seconds before the second and the third attempt; after the last one the turn is parked.
RETRIES = (1.0, 5.0)


class Decides(Protocol):
    """What a turn needs of the dialogs (``dialogs.manager.DialogManager``)."""

    async def on_buyer_message(self, message: Message, conversation: Conversation) -> Turn:
        """Read a buyer's message."""
        ...

    async def on_seller_choice(self, choice: Choice, conversation: Conversation) -> Turn:
        """Render what a seller decided to send."""
        ...

    async def on_team_action(
        self,
        body: AgentSetLanguage | AgentSetStatus | AgentRetranslated | AgentEscalated,
        conversation: Conversation,
        latest: Message | None,
    ) -> Turn:
        """Change the conversation; ``latest`` is the buyer's message the action is about."""
        ...

    async def on_buyer_started(self, body: BuyerStarted, conversation: Conversation) -> Turn:
        """Greet who opened the chat."""
        ...

    async def on_seller_wrote(self, body: SellerWrote, conversation: Conversation) -> Turn:
        """The seller answered on the platform itself."""
        ...

    async def on_template(self, body: AgentSentTemplate, conversation: Conversation) -> Turn:
        """A template leaves."""
        ...

    async def on_delivery_failed(self, error: str, conversation: Conversation) -> Turn:
        """A delivery did not arrive."""
        ...

    async def on_clock(self, body: ClockDue, conversation: Conversation) -> Turn:
        """A deadline passed."""
        ...


class Turns:
    """The handler of ``conversation:<id>`` lanes.

    A turn that fails is tried again after each of ``retries`` seconds, then parked with the name of its error, and
    the conversation goes on. A database that cannot be reached fails the lane instead: the engine calls again.
    """

    def __init__(
        self,
        *,
        store: Store,
        engine: WorkEngine,
        inbox: Inbox,
        manager: Decides,
        accounts: Accounts,
        clock: Clock,
        feed: ChangeFeed,
        boards: Boards,
        retries: tuple[float, ...] = RETRIES,
    ) -> None:
        self._store = store
        self._engine = engine
        self._inbox = inbox
        self._manager = manager
        self._accounts = accounts
        self._clock = clock
        self._feed = feed
        self._boards = boards
        self._retries = retries

    async def drain(self, conversation_id: int) -> None:
        """Work on everything open in the conversation, and set the time of what is due later."""
        found = await self._store.read(self._look(conversation_id))
        while not isinstance(found, Wait | None):
            match found:
                case Ringing():
                    found = await self._and_look(conversation_id, self._ring(conversation_id))
                case Broken():
                    found = await self._failed(conversation_id, found.head, found.error, attempts_left=False)
                case Work():
                    found = await self._work_on(found)
        if found is not None:
            self._engine.at(conversation_lane(conversation_id), found.until)

    def _look(self, conversation_id: int) -> Callable[[Connection], Found | None]:
        now = self._clock.now()
        return lambda conn: look(conn, conversation_id, self._accounts, now=now)

    def _ring(self, conversation_id: int) -> Callable[[Connection], int]:
        now = self._clock.now()
        return lambda conn: ring(conn, conversation_id, self._accounts, now=now)

    async def _and_look(self, conversation_id: int, work: Callable[[Connection], object]) -> Found | None:
        """Write, and look for what is next in the same transaction: one hop between threads less."""
        following = self._look(conversation_id)

        def write_and_look(conn: Connection) -> Found | None:
            work(conn)
            return following(conn)

        return await self._store.write(write_and_look)

    async def _work_on(self, work: Work) -> Found | None:
        began = time.perf_counter()
        try:
            saved, following = await self._decide_and_save(work)
        except (OperationalError, InterfaceError, StoreError):
            raise
        except AlreadyWorkedOn:
            return await self._store.read(self._look(work.conversation.id))
        except Exception as error:  # noqa: BLE001 - whatever one turn trips over must not stop its conversation
            attempts_left = work.head.attempts < len(self._retries)
            return await self._failed(
                work.conversation.id, work.head, type(error).__name__, attempts_left=attempts_left
            )
        self._boards.wake(work.conversation.shop.id, work.conversation.id)
        if saved.lane is not None:
            self._engine.wake(saved.lane)
        self._tell(work.conversation.id, work.head.id, saved.outcome)
        log.info(
            "turn",
            event_id=work.head.id,
            conversation_id=work.conversation.id,
            type=work.body.type,
            outcome="done" if saved.outcome.refusal is None else f"refused:{saved.outcome.refusal.code}",
            ms=round((time.perf_counter() - began) * 1000, 1),
        )
        return following

    async def _decide_and_save(self, work: Work) -> tuple[Saved, Found | None]:
        turn = work.refusal or await self._decide(work)
        now = self._clock.now()
        following = self._look(work.conversation.id)

        def save(conn: Connection) -> tuple[Saved, Found | None]:
            match turn:
                case None:
                    saved = save_fact(conn, work, now=now)
                case Refusal():
                    saved = save_refusal(conn, work, turn)
                case Turn():
                    saved = save_turn(conn, work, turn, now=now)
            self._boards.want(conn, work.conversation.shop.id, work.conversation.id, now=now)
            return saved, following(conn)

        return await self._store.write(save)

    async def _decide(self, work: Work) -> Turn | Refusal | None:
        """What the dialogs make of it; None when there is nothing to decide."""
        body, conversation = work.body, work.conversation
        match body:
            case BuyerWrote() | BuyerEdited() if work.message is not None:
                return await self._manager.on_buyer_message(work.message, conversation)
            case BuyerStarted():
                return await self._manager.on_buyer_started(body, conversation)
            case SellerWrote() if not work.void:
                return await self._manager.on_seller_wrote(body, conversation)
            case DeliveryFailed():
                return await self._manager.on_delivery_failed(body.error, conversation)
            case Receipt() if body.state is DeliveryState.FAILED and work.delivery in UNFINISHED:
                return await self._manager.on_delivery_failed(body.error or "", conversation)
            case ClockDue() if not work.void:
                return await self._manager.on_clock(body, conversation)
            case _:
                return await self._decide_for_team(work)

    async def _decide_for_team(self, work: Work) -> Turn | Refusal | None:
        body, conversation = work.body, work.conversation
        match body:
            case AgentRetranslated() if work.unread and work.message is not None:
                return await self._manager.on_buyer_message(work.message, conversation)
            case AgentChose():
                return await self._manager.on_seller_choice(body.choice, conversation)
            case AgentSetLanguage() | AgentSetStatus() | AgentRetranslated() | AgentEscalated():
                return await self._manager.on_team_action(body, conversation, work.message)
            case AgentDecided() if work.delivery is DeliveryState.HELD and body.decision in {"retry", "send"}:
                return await self._decide_held(work, body.agent, as_shown=body.decision == "send", lead=body.lead)
            case AgentApproved() if body.approved and work.held_for == RefusalCode.NEEDS_APPROVAL:
                return await self._decide_held(work, body.agent, as_shown=True, lead=True)
            case AgentSentTemplate():
                return await self._manager.on_template(body, conversation)
            case _:
                return None

    async def _decide_held(self, work: Work, agent: str, *, as_shown: bool, lead: bool) -> Turn | Refusal:
        """A held reply is decided like a typed one: translated again, or leaving as it was shown."""
        held = work.message
        if held is None or (as_shown and not held.text and not held.media):
            return Refusal(RefusalCode.NOT_TRANSLATED)
        choice = Choice(
            agent=agent,
            seller_text=held.seller_text or "",
            buyer_text=held.text if as_shown else None,
            confirmed=as_shown,
            kind=held.kind,
            reply_id=held.reply_id,
            media=held.media,
            lead=lead,
        )
        return await self._manager.on_seller_choice(choice, work.conversation)

    async def _failed(
        self, conversation_id: int, head: events.Head, error: str, *, attempts_left: bool
    ) -> Found | None:
        """Try the event again later, or park it; ``error`` is a class name, so it is safe to show and log."""
        log.warning(
            "turn_failed" if attempts_left else "turn_parked",
            event_id=head.id,
            conversation_id=conversation_id,
            error=error,
        )
        if attempts_left:
            later = self._clock.now() + timedelta(seconds=self._retries[head.attempts])
            return await self._and_look(
                conversation_id, lambda conn: events.retry(conn, head.id, not_before=later, error=error)
            )
        parked = Outcome(done=False, error=error)
        shop, following = await self._park(conversation_id, head.id, parked)
        self._boards.wake(shop, conversation_id)
        self._tell(conversation_id, head.id, parked)
        return following

    async def _park(self, conversation_id: int, event_id: int, parked: Outcome) -> tuple[str, Found | None]:
        now, following = self._clock.now(), self._look(conversation_id)

        def park(conn: Connection) -> tuple[str, Found | None]:
            events.settle(conn, event_id, parked)
            shop = conversations.shop_of(conn, conversation_id)
            self._boards.want(conn, shop, conversation_id, now=now)
            return shop, following(conn)

        return await self._store.write(park)

    def _tell(self, conversation_id: int, event_id: int, outcome: Outcome) -> None:
        self._inbox.settled(event_id, outcome)
        self._feed.publish(conversation_id)
