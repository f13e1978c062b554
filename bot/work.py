"""What lies open in a conversation, loaded as the values a decision needs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pydantic import ValidationError
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from bot.accounts import Accounts
from bot.store import clocks, conversations, deliveries, events, messages, parked, proposals, spending, turns
from bot.store.conversations import Place
from dialogs.events import (
    AgentApproved,
    AgentChose,
    AgentDecided,
    AgentDismissed,
    AgentRetranslated,
    AgentRetried,
    AgentSetLanguage,
    Body,
    BuyerEdited,
    BuyerWrote,
    ClockDue,
    Receipt,
    SellerWrote,
)
from dialogs.messages import Choice, Conversation, DeliveryState, Message, Refusal, RefusalCode

HISTORY = 40  # messages the dialogs look back
# Retries and albums wait for seconds: what is to wait longer was told by a clock that has been set back since.
LONGEST_WAIT = timedelta(minutes=1)
ECHO = timedelta(seconds=2)  # between two looks whether what is being sent has got its id


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The next event of a conversation with everything it is decided on."""

    head: events.Head
    body: Body
    place: Place
    message: Message | None = None  # the one at hand: read, read again, or decided about
    delivery: DeliveryState | None = None  # of the message at hand
    held_for: str | None = None  # why the delivery at hand waits
    unread: bool = False  # the message at hand was parked before it was ever read
    refusal: Refusal | None = None  # known before anything is decided
    void: bool = False  # nothing is left to decide: the clock was stopped in between, or the platform echoes
    echo_of: int | None = None  # the ambiguous delivery an echo has shown to have left
    failed: parked.Failed | None = None  # the event that is to be retried or dismissed

    @property
    def conversation(self) -> Conversation:
        """The conversation as it was before this event."""
        return self.place.conversation


@dataclass(frozen=True, slots=True)
class Broken:
    """The next event cannot be loaded: this version does not understand it, or trips over what belongs to it."""

    head: events.Head
    error: str
    hopeless: bool  # trying again soon will not help


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing can be done before ``until``."""

    until: datetime


class Ringing:
    """Clocks have run out and wait to become events."""


Found = Work | Broken | Wait | Ringing


def look(conn: Connection, conversation_id: int, accounts: Accounts, *, now: datetime) -> Found | None:
    """The next thing to do in a conversation, None when nothing is left.

    Raises:
        sqlalchemy.exc.DBAPIError: the database did not answer, or not what was asked.
    """
    head = events.head(conn, conversation_id)
    if head is None:
        return _next_clock(conn, conversation_id, now=now)
    if head.not_before is not None and now < head.not_before <= now + LONGEST_WAIT:
        return Wait(head.not_before)
    try:
        return _load(conn, conversation_id, head, accounts, now=now)
    except DBAPIError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever one event trips over must not stop its conversation
        return Broken(head, type(error).__name__, hopeless=isinstance(error, ValidationError))


def _next_clock(conn: Connection, conversation_id: int, *, now: datetime) -> Wait | Ringing | None:
    running = clocks.open_ones(conn, conversation_id)
    if not running:
        return None
    return Ringing() if running[0].due <= now else Wait(running[0].due)


def _load(
    conn: Connection, conversation_id: int, head: events.Head, accounts: Accounts, *, now: datetime
) -> Work | Wait:
    body = events.body(head)
    latest = messages.history(conn, conversation_id, before=head.seq + 1, limit=HISTORY + 1)
    own = latest[-1] if latest and latest[-1].seq == head.seq else None
    history = latest[:-1] if own is not None else latest
    place = conversations.load(conn, conversation_id, accounts, history=history[-HISTORY:], now=now)
    work = Work(head=head, body=body, place=place)
    match body:
        case BuyerWrote() | BuyerEdited():
            return replace(work, message=own)
        case AgentChose():
            work = _with_spending(conn, work, body.choice.agent, now=now)
            return replace(work, refusal=_too_late(conn, conversation_id, body.choice))
        case AgentSetLanguage():
            return _at_hand(work, messages.latest_incoming(conn, conversation_id, before=head.seq))
        case AgentRetranslated():
            return _to_read_again(conn, work, body.message_id)
        case AgentDecided() | AgentApproved():
            work = _with_spending(conn, work, body.agent, now=now)
            return _to_decide_about(conn, work, body.message_id)
        case AgentRetried() | AgentDismissed():
            return _to_settle(conn, work, body)
        case SellerWrote():
            return _echo_or_not(conn, work, body, now=now)
        case Receipt():
            return replace(work, delivery=deliveries.state_of(conn, head.account, body.of))
        case ClockDue():
            return replace(work, void=not clocks.rings(conn, int(head.external_id)))
        case _:
            return work


def _with_spending(conn: Connection, work: Work, agent: str, *, now: datetime) -> Work:
    """The same with what was promised today, where the shop has set limits to that."""
    shop = work.conversation.shop
    if not shop.agent_daily and not shop.shop_daily:
        return work
    conversation = replace(work.conversation, spent=spending.of_day(conn, shop.id, agent, now))
    return replace(work, place=replace(work.place, conversation=conversation))


def _at_hand(work: Work, message: Message | None) -> Work:
    """The same with ``message`` taken out of the history."""
    if message is None:
        return work
    history = tuple(earlier for earlier in work.conversation.history if earlier.id != message.id)
    conversation = replace(work.conversation, history=history)
    return replace(work, message=message, place=replace(work.place, conversation=conversation))


def _to_read_again(conn: Connection, work: Work, message_id: int) -> Work:
    message = messages.by_id(conn, work.conversation.id, message_id)
    if message is None:
        return replace(work, refusal=Refusal(RefusalCode.UNKNOWN_TARGET))
    latest = messages.latest_incoming(conn, work.conversation.id, before=work.head.seq)
    never_read = latest is not None and latest.id == message.id and not turns.of_messages(conn, [message.id])
    return replace(_at_hand(work, message), unread=never_read)


def _to_settle(conn: Connection, work: Work, body: AgentRetried | AgentDismissed) -> Work:
    """What failed, to be tried again or let be. A buyer's message keeps its place: to retry it is to read it again."""
    failed = parked.find(conn, work.conversation.id, body.event_id)
    if failed is None:
        return replace(work, refusal=Refusal(RefusalCode.UNKNOWN_TARGET))
    read_again = isinstance(body, AgentRetried) and body.part == "event" and failed.read_again
    if read_again and failed.message_id is not None:
        again = AgentRetranslated(agent=body.agent, message_id=failed.message_id)
        return _to_read_again(conn, replace(work, body=again), failed.message_id)
    return replace(work, failed=failed)


def _to_decide_about(conn: Connection, work: Work, message_id: int) -> Work:
    delivery = deliveries.of_message(conn, work.conversation.id, message_id)
    message = messages.by_id(conn, work.conversation.id, message_id)
    if delivery is None or message is None:
        return replace(work, refusal=Refusal(RefusalCode.UNKNOWN_TARGET))
    return replace(work, message=message, delivery=DeliveryState(delivery.state), held_for=delivery.error)


def _echo_or_not(conn: Connection, work: Work, body: SellerWrote, *, now: datetime) -> Work | Wait:
    """Whether the seller wrote it on the platform, or it is an echo of what was sent from here.

    What is being sent at this moment may be it: nothing is decided before its id is known. An ambiguous delivery of the
    same words is answered by the echo.
    """
    # Looked for first: a delivery that is settled in between is found by its id then, on any kind of database.
    unsure = deliveries.unsure(conn, work.conversation.id)
    if deliveries.is_ours(conn, work.head.account, work.head.external_id):
        return replace(work, void=True)
    if any(row.state == DeliveryState.SENDING for row in unsure):
        return Wait(now + ECHO)
    same = next((row for row in unsure if row.text == body.text), None)
    return work if same is None else replace(work, void=True, echo_of=same.id)


def _too_late(conn: Connection, conversation_id: int, choice: Choice) -> Refusal | None:
    """Why a choice comes too late: its proposal is taken or replaced, or somebody answered since it was looked at."""
    if choice.proposal_id is not None:
        fate = proposals.fate(conn, conversation_id, choice.proposal_id)
        if fate is None:
            return Refusal(RefusalCode.UNKNOWN_TARGET)
        if fate.state != "open":
            return _closed(fate.closed_by, fate.closed_at)
    if choice.turn_id is not None:
        answered = turns.answered_since(conn, conversation_id, choice.turn_id)
        if answered is not None:
            return _closed(*answered)
    return None


def _closed(by: str | None, at: datetime) -> Refusal:
    return Refusal(RefusalCode.CLOSED, f"{by} {at:%Y-%m-%d %H:%M} UTC" if by else "")
