"""Turns: works on the events of a conversation, one at a time and in order."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Protocol, TypeVar

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from adapters.ports import Outcome
from bot import metrics
from bot.accounts import Accounts
from bot.boards import Boards
from bot.clocks import ring
from bot.engine.port import WorkEngine
from bot.feed import ChangeFeed
from bot.inbox import Inbox
from bot.lanes import conversation_lane
from bot.learned import Learned
from bot.saving import Saved, save_fact, save_refusal, save_turn
from bot.store import Store, StoreError, conversations, events
from bot.store.events import AlreadyWorkedOn
from bot.tracing import span, traced
from bot.work import Broken, Found, Ringing, Wait, Work, look
from dialogs.events import (
    AgentApproved,
    AgentChangedPlan,
    AgentChose,
    AgentDecided,
    AgentDismissed,
    AgentEscalated,
    AgentRetranslated,
    AgentRetried,
    AgentSentTemplate,
    AgentSetFacts,
    AgentSetLanguage,
    AgentSetStatus,
    BuyerEdited,
    BuyerStarted,
    BuyerWrote,
    ClockDue,
    DeliveryFailed,
    Receipt,
    SellerWrote,
    TeamAction,
)
from dialogs.messages import Choice, Conversation, DeliveryState, Message, Refusal, RefusalCode, Turn
from dialogs.ports import Clock

log = structlog.stdlib.get_logger(__name__)

# Where a receipt that tells of a failure is news.
UNFINISHED = (DeliveryState.SENT, DeliveryState.AMBIGUOUS)
# Seconds before the second and the third attempt; after the last one the turn is parked.
RETRIES = (1.0, 5.0)
# The database is the cause: the lane waits for it, nothing is counted as an attempt.
UNREACHABLE = (OperationalError, InterfaceError, StoreError)
# They only ask for another try: when they fail, what they are about still shows that it needs one.
NOT_PARKED = (AgentRetranslated, AgentRetried, AgentDismissed)

T = TypeVar("T")


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
        body: TeamAction,
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


class _LookFailed(Exception):  # noqa: N818 - tells what was found
    """What is next could not be looked at, and the database may have given up the transaction for it."""


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
        self._learned = Learned(store, clock)
        self._feed = feed
        self._boards = boards
        self._retries = retries

    async def drain(self, conversation_id: int) -> None:
        """Work on everything open in the conversation, and set the time of what is due later."""
        found = await self._look_now(conversation_id)
        while not isinstance(found, Wait | None):
            match found:
                case Ringing():
                    _, found = await self._and_look(conversation_id, self._ring(conversation_id))
                case Broken():
                    left = not found.hopeless and found.head.attempts < len(self._retries)
                    found = await self._failed(conversation_id, found.head, found.error, attempts_left=left)
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

    async def _look_now(self, conversation_id: int) -> Found | None:
        """What is next. What even looking trips over is the trouble of the event that is next."""
        try:
            return await self._store.read(self._look(conversation_id))
        except UNREACHABLE:
            raise
        except DBAPIError as error:
            head = await self._store.read(lambda conn: events.head(conn, conversation_id))
            if head is None:
                raise
            return Broken(head, type(error).__name__, hopeless=False)

    async def _and_look(self, conversation_id: int, work: Callable[[Connection], T]) -> tuple[T, Found | None]:
        """Write, and look for what is next in the same transaction: one hop between threads less.

        What looking trips over is no fault of what was written: that is written by itself then.
        """
        following = self._look(conversation_id)

        def write_and_look(conn: Connection) -> tuple[T, Found | None]:
            done = work(conn)
            try:
                return done, following(conn)
            except UNREACHABLE:
                raise
            except DBAPIError as error:
                raise _LookFailed from error

        try:
            return await self._store.write(write_and_look)
        except _LookFailed:
            return await self._store.write(work), await self._look_now(conversation_id)

    @traced("turn", lambda _, work: {"type": work.body.type, "event_id": work.head.id})
    async def _work_on(self, work: Work) -> Found | None:
        began = time.perf_counter()
        try:
            saved, following = await self._decide_and_save(work)
        except UNREACHABLE:
            raise
        except AlreadyWorkedOn:
            return await self._look_now(work.conversation.id)
        except Exception as error:  # noqa: BLE001 - whatever one turn trips over must not stop its conversation
            attempts_left = work.head.attempts < len(self._retries)
            park = not isinstance(work.body, NOT_PARKED)
            return await self._failed(
                work.conversation.id, work.head, type(error).__name__, attempts_left=attempts_left, park=park
            )
        self._boards.wake(work.conversation.shop.id, work.conversation.id)
        if saved.lane is not None:
            self._engine.wake(saved.lane)
        self._tell(work.conversation.id, work.head.id, saved.outcome)
        seconds = time.perf_counter() - began
        metrics.turn(work.body.type, refused=saved.outcome.refusal is not None, seconds=seconds)
        log.info(
            "turn",
            event_id=work.head.id,
            conversation_id=work.conversation.id,
            type=work.body.type,
            outcome="done" if saved.outcome.refusal is None else f"refused:{saved.outcome.refusal.code}",
            ms=round(seconds * 1000, 1),
        )
        return following

    async def _decide_and_save(self, work: Work) -> tuple[Saved, Found | None]:
        turn = work.refusal or await self._decide(work)
        now = self._clock.now()

        def save(conn: Connection) -> Saved:
            match turn:
                case None:
                    saved = save_fact(conn, work, now=now)
                case Refusal():
                    saved = save_refusal(conn, work, turn)
                case Turn():
                    saved = save_turn(conn, work, turn, now=now)
            self._boards.want(conn, work.conversation.shop.id, work.conversation.id, now=now)
            return saved

        with span("save"):
            return await self._and_look(work.conversation.id, save)

    @traced("decide")
    async def _decide(self, work: Work) -> Turn | Refusal | None:
        """What the dialogs make of it; None when there is nothing to decide."""
        body, conversation = work.body, work.conversation
        match body:
            case BuyerWrote() | BuyerEdited() if work.message is not None:
                return await self._manager.on_buyer_message(work.message, await self._learned_of(conversation))
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
                return await self._manager.on_buyer_message(work.message, await self._learned_of(conversation))
            case AgentChose():
                return await self._manager.on_seller_choice(body.choice, conversation)
            case AgentSetLanguage() | AgentRetranslated():
                return await self._manager.on_team_action(body, await self._learned_of(conversation), work.message)
            case AgentSetStatus() | AgentEscalated() | AgentChangedPlan() | AgentSetFacts():
                return await self._manager.on_team_action(body, conversation, work.message)
            case AgentDecided() if work.delivery is DeliveryState.HELD and body.decision in {"retry", "send"}:
                return await self._decide_held(work, body.agent, as_shown=body.decision == "send", lead=body.lead)
            case AgentApproved() if body.approved and work.held_for == RefusalCode.NEEDS_APPROVAL:
                return await self._decide_held(work, body.agent, as_shown=True, lead=True)
            case AgentSentTemplate():
                return await self._manager.on_template(body, conversation)
            case _:
                return None

    async def _learned_of(self, conversation: Conversation) -> Conversation:
        return replace(conversation, picks=await self._learned.of(conversation.shop))

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
        self, conversation_id: int, head: events.Head, error: str, *, attempts_left: bool, park: bool = True
    ) -> Found | None:
        """Try the event again later, or park it; ``error`` is a class name, so it is safe to show and log.

        Without ``park`` it ends with its error.
        """
        try:
            if attempts_left:
                following = await self._later(conversation_id, head, error)
            else:
                following = await self._park(conversation_id, head.id, error, park=park)
        except AlreadyWorkedOn:
            # This process was thought dead: another one worked on the event, and that is what was tripped over.
            return await self._look_now(conversation_id)
        log.warning(
            "turn_failed" if attempts_left else "turn_parked" if park else "retry_failed",
            event_id=head.id,
            conversation_id=conversation_id,
            error=error,
        )
        metrics.turn_failed(parked=park and not attempts_left)
        return following

    async def _later(self, conversation_id: int, head: events.Head, error: str) -> Found | None:
        later = self._clock.now() + timedelta(seconds=self._retries[head.attempts])
        _, following = await self._and_look(
            conversation_id, lambda conn: events.retry(conn, head.id, not_before=later, error=error)
        )
        return following

    async def _park(self, conversation_id: int, event_id: int, error: str, *, park: bool) -> Found | None:
        parked = Outcome(done=False, error=error)
        now = self._clock.now()

        def settle(conn: Connection) -> str:
            events.settle(conn, event_id, parked, park=park)
            shop = conversations.shop_of(conn, conversation_id)
            self._boards.want(conn, shop, conversation_id, now=now)
            return shop

        shop, following = await self._and_look(conversation_id, settle)
        self._boards.wake(shop, conversation_id)
        self._tell(conversation_id, event_id, parked)
        return following

    def _tell(self, conversation_id: int, event_id: int, outcome: Outcome) -> None:
        self._inbox.settled(event_id, outcome)
        self._feed.publish(conversation_id)
