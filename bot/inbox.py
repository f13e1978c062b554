"""The inbox: an event is stored once, numbered within its conversation, and its lane is woken."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta
from weakref import WeakValueDictionary

from sqlalchemy import Connection

from adapters.ports import Outcome
from bot import metrics
from bot.accounts import Accounts
from bot.engine.port import WorkEngine
from bot.feed import ChangeFeed
from bot.lanes import conversation_lane, media_lane
from bot.store import Store, conversations, deliveries, downloads, events, messages
from bot.store.types import storable
from bot.tracing import traced
from dialogs.errors import Malformed
from dialogs.events import (
    Accepted,
    AgentChose,
    AgentNoted,
    Body,
    BuyerDeleted,
    BuyerEdited,
    BuyerWrote,
    Event,
    Receipt,
    SellerWrote,
)
from dialogs.messages import Direction, Media
from dialogs.ports import Clock

# Parts of an album come one by one, all within about a second (Telegram's ``media_group_id``).
ALBUM = timedelta(seconds=1)
LOOK_AGAIN = 2.0  # seconds between two looks whether an event another process works on is done


class Inbox:
    """``adapters.ports.Inbox`` over the store."""

    def __init__(self, *, store: Store, engine: WorkEngine, accounts: Accounts, clock: Clock, feed: ChangeFeed) -> None:
        self._store = store
        self._engine = engine
        self._accounts = accounts
        self._clock = clock
        self._feed = feed
        self._waiting: defaultdict[int, set[asyncio.Future[Outcome]]] = defaultdict(set)
        self._turnstiles: WeakValueDictionary[tuple[str, str | None, int | None], asyncio.Lock] = WeakValueDictionary()
        self.relay: Callable[[int], None] | None = None  # tells other processes of a settled event

    @traced("accept", lambda _, event: {"type": event.body.type, "account": event.account})
    async def accept(self, event: Event) -> Accepted:
        """Store the event and wake its lane; after this returned the platform may be told 200.

        Raises:
            Malformed: the event names an account or a conversation that does not exist.
        """
        now = self._clock.now()
        event = _storable(event)
        # One at a time for each chat, in the order they came: the events of a chat wait for the same row, and a buyer
        # who sends a thousand messages must not take every thread that writes.
        async with self._turnstiles.setdefault((event.account, event.chat, event.conversation_id), asyncio.Lock()):
            try:
                accepted = await self._store.write(lambda conn: receive(conn, event, self._accounts, now=now))
            except _StoredBefore:
                accepted = await self._store.read(lambda conn: _first(conn, event))
        account = self._accounts.get(event.account)
        metrics.accepted(metrics.TEAM if account is None else account.channel, duplicate=accepted.duplicate)
        # A duplicate wakes too: the first one's wake may have died with its process.
        self._engine.wake(conversation_lane(accepted.conversation_id))
        if isinstance(event.body, BuyerWrote) and event.body.media:
            self._engine.wake(media_lane(event.account, accepted.conversation_id))
        if not accepted.duplicate:
            self._feed.publish(accepted.conversation_id)
        return accepted

    async def outcome(self, event_id: int, timeout: float = 30.0) -> Outcome:
        """Wait until the event was worked on and tell what came of it.

        Raises:
            TimeoutError: it is still open after ``timeout`` seconds; it stays in the inbox.
        """
        told: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting[event_id].add(told)
        try:
            async with asyncio.timeout(timeout):
                # Looked again now and then: what another process tells may get lost on its way.
                while (stored := await self._outcome(event_id)) is None and not told.done():
                    await asyncio.wait({told}, timeout=LOOK_AGAIN)
                return told.result() if stored is None else stored
        finally:
            self._waiting[event_id].discard(told)
            if not self._waiting[event_id]:
                del self._waiting[event_id]

    async def _outcome(self, event_id: int) -> Outcome | None:
        return await self._store.read(lambda conn: events.outcome(conn, event_id))

    def settled(self, event_id: int, outcome: Outcome) -> None:
        """Tell those who wait for an event, here and in other processes; called once its outcome is stored."""
        self._tell(event_id, outcome)
        if self.relay is not None:
            self.relay(event_id)

    async def heard(self, event_ids: Collection[int]) -> None:
        """Other processes settled these events: tell those who wait here."""
        for event_id in event_ids:
            if event_id in self._waiting:
                outcome = await self._outcome(event_id)
                if outcome is not None:
                    self._tell(event_id, outcome)

    def _tell(self, event_id: int, outcome: Outcome) -> None:
        for told in self._waiting.get(event_id, ()):
            if not told.done():
                told.set_result(outcome)


class _StoredBefore(Exception):  # noqa: N818 - tells what was found
    """The unique constraint said that this event is here already; undoes the number and the message it took."""


def receive(conn: Connection, event: Event, accounts: Accounts, *, now: datetime) -> Accepted:
    """Store an event within the caller's transaction.

    Raises:
        Malformed: the event names an account or a conversation that does not exist.
    """
    conversation_id = _conversation(conn, event, accounts, now=now)
    body = event.body
    if isinstance(body, BuyerWrote) and body.album is not None:
        gathered = events.open_album(conn, conversation_id, body.album, now=now)
        if gathered is not None:
            return _gather(conn, event, body, *gathered, conversation_id=conversation_id, now=now)
    if isinstance(body, BuyerWrote | BuyerEdited):
        seq = conversations.next_seq_for_buyer(conn, conversation_id, body.text, event.at)
    else:
        seq = conversations.next_seq(conn, conversation_id)
    if seq is None and event.conversation_id is None:
        # It was over and went in this very moment (``bot.retention``): whoever writes begins anew.
        return receive(conn, event, accounts, now=now)
    if seq is None:
        raise Malformed("conversation_id: there is no such conversation")
    opens_album = isinstance(body, BuyerWrote) and body.album is not None
    event_id = events.add(
        conn,
        event,
        conversation_id=conversation_id,
        seq=seq,
        not_before=now + ALBUM if opens_album else None,
        now=now,
    )
    if event_id is None:
        raise _StoredBefore
    if isinstance(body, BuyerWrote | BuyerEdited):
        message_id = messages.add(
            conn,
            conversation_id=conversation_id,
            event_id=event_id,
            seq=seq,
            direction=Direction.INCOMING,
            text=body.text,
            at=event.at,
            media=() if isinstance(body, BuyerEdited) else body.media,
            external_id=body.of if isinstance(body, BuyerEdited) else event.external_id,
            edits=messages.latest_version(conn, conversation_id, body.of) if isinstance(body, BuyerEdited) else None,
            answers=_answered(conn, event.account, conversation_id, body) if isinstance(body, BuyerWrote) else None,
        )
        if isinstance(body, BuyerWrote) and body.media:
            _download(conn, event, body.media, message_id, conversation_id, now=now)
    return Accepted(event_id, conversation_id, duplicate=False)


def _answered(conn: Connection, account: str, conversation_id: int, body: BuyerWrote) -> int | None:
    """The message a buyer's message replies to, theirs or ours; None when it is not known here."""
    if body.reply_to is None:
        return None
    ours = deliveries.message_of(conn, account, body.reply_to)
    return messages.latest_version(conn, conversation_id, body.reply_to) if ours is None else ours


def _gather(
    conn: Connection,
    event: Event,
    body: BuyerWrote,
    first_id: int,
    first: BuyerWrote,
    *,
    conversation_id: int,
    now: datetime,
) -> Accepted:
    """Another part of an album whose first part waits to be read: all are read as one message."""
    seq = conversations.next_seq(conn, conversation_id)
    done = Outcome(done=True)
    part_id = None
    if seq is not None:
        part_id = events.add(conn, event, conversation_id=conversation_id, seq=seq, done=done, now=now)
    if part_id is None:
        raise _StoredBefore
    media = (*first.media, *body.media)
    events.set_body(conn, first_id, replace(first, text=first.text or body.text, media=media))
    message_id = messages.add_media(conn, first_id, body.text, body.media)
    _download(conn, event, media, message_id, conversation_id, now=now)
    return Accepted(part_id, conversation_id, duplicate=False)


def _download(
    conn: Connection, event: Event, media: tuple[Media, ...], message_id: int, conversation_id: int, *, now: datetime
) -> None:
    """Have the attachments fetched whose bytes are still on the platform; asking twice is asking once."""
    downloads.add(
        conn,
        message_id=message_id,
        conversation_id=conversation_id,
        account=event.account,
        media=media,
        now=now,
    )


def _conversation(conn: Connection, event: Event, accounts: Accounts, *, now: datetime) -> int:
    if event.conversation_id is not None:
        return event.conversation_id
    if isinstance(event.body, Receipt | BuyerDeleted):
        return _of_message(conn, event, event.body.of)
    if event.chat is None:
        raise Malformed("chat: an event must name its chat or its conversation")
    account = accounts.get(event.account)
    if account is None:
        raise Malformed("account: it is not one of the settings")
    return conversations.find_or_add(
        conn,
        account=event.account,
        chat=event.chat,
        of=account,
        name=event.contact_name,
        known=event.contact_aliases,
        now=now,
    )


def _of_message(conn: Connection, event: Event, external_id: str) -> int:
    """What is told of a message belongs to a conversation that is there: it never makes one."""
    found = None if event.chat is None else conversations.find(conn, event.account, event.chat)
    if found is None:
        found = deliveries.conversation_of(conn, event.account, external_id)
    if found is None:
        raise Malformed("of: there is no message of that id")
    return found


def _first(conn: Connection, event: Event) -> Accepted:
    row = events.find(conn, event.account, event.external_id)
    if row is None:
        raise Malformed("external_id: the event was removed while it was received again")
    return Accepted(row.id, row.conversation_id, duplicate=True)


def _storable(event: Event) -> Event:
    return replace(
        event,
        external_id=storable(event.external_id),
        chat=None if event.chat is None else storable(event.chat),
        contact_name=storable(event.contact_name),
        contact_aliases=tuple((storable(kind), storable(value)) for kind, value in event.contact_aliases),
        body=_storable_body(event.body),
    )


def _storable_body(body: Body) -> Body:
    if isinstance(body, BuyerWrote | AgentNoted):
        return replace(body, text=storable(body.text))
    if isinstance(body, BuyerEdited):
        return replace(body, text=storable(body.text), of=storable(body.of))
    if isinstance(body, SellerWrote):
        return replace(body, text=storable(body.text))
    if isinstance(body, Receipt | BuyerDeleted):
        return replace(body, of=storable(body.of))
    if isinstance(body, AgentChose):
        choice = body.choice
        buyer_text = None if choice.buyer_text is None else storable(choice.buyer_text)
        return replace(body, choice=replace(choice, seller_text=storable(choice.seller_text), buyer_text=buyer_text))
    return body
