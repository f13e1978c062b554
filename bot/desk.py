"""What a desk and the web chat may read, from the store."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from adapters.library import WrittenReply
from adapters.ports import ChatLine, ConversationRow, ConversationView, EngineHealth, Line, ListQuery, Preview, Template
from adapters.troubles import Troubles
from bot.accounts import Accounts, account_of
from bot.feed import ChangeFeed
from bot.store import (
    Store,
    conversations,
    escalations,
    events,
    listing,
    messages,
    parked,
    proposals,
    troubles,
    turns,
)
from bot.store.listing import Stored
from bot.work import HISTORY
from dialogs.errors import Malformed
from dialogs.messages import Conversation, DeliveryState, Direction, LanguageGuess

REFUSED = 20  # refused choices shown to those who must tell of them
PARKED = 50  # parked events of one conversation; the row counts them all
PreviewText = Callable[[Conversation, str, bool], Awaitable[Preview]]


class StoredDesk:
    """``adapters.ports.Desk`` over the store; ``preview`` and ``health`` are given by whoever composes."""

    def __init__(
        self,
        *,
        store: Store,
        accounts: Accounts,
        feed: ChangeFeed,
        preview: PreviewText,
        health: Callable[[], tuple[EngineHealth, ...]],
        library: Callable[[Conversation], tuple[WrittenReply, ...]],
        templates: Callable[[str], Awaitable[tuple[Template, ...]]],
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._feed = feed
        self._preview = preview
        self._health = health
        self._library = library
        self._templates = templates
        self._now = now

    async def conversations(self, query: ListQuery) -> tuple[ConversationRow, ...]:
        """Rows by urgency: the clock that runs out first, mood, waiting time."""
        return await self._store.read(lambda conn: listing.find(conn, query))

    async def view(
        self, conversation_id: int, *, before: int | None = None, limit: int = 60
    ) -> ConversationView | None:
        """One conversation with its latest lines (with ``seq`` below ``before``), None when there is none."""
        return await self._store.read(
            lambda conn: _view(conn, conversation_id, self._accounts, before=before, limit=limit, now=self._now())
        )

    async def troubles(self, *, limit: int) -> Troubles:
        """What is stuck in all conversations, with the newest ``limit`` of it."""
        return await self._store.read(lambda conn: troubles.find(conn, limit=limit))

    async def preview(self, conversation_id: int, seller_text: str, *, back: bool = False) -> Preview:
        """What ``seller_text`` would become for this buyer; with ``back`` also the Chinese of that.

        Raises:
            Malformed: there is no such conversation.
        """
        return await self._preview(await self._conversation(conversation_id), seller_text, back)

    async def library(self, conversation_id: int) -> tuple[WrittenReply, ...]:
        """Every written reply as it would be said in this conversation now, its own situation first.

        Raises:
            Malformed: there is no such conversation.
        """
        return self._library(await self._conversation(conversation_id))

    async def _conversation(self, conversation_id: int) -> Conversation:
        def load(conn: Connection) -> Conversation | None:
            if not conversations.exists(conn, conversation_id):
                return None
            history = messages.history(conn, conversation_id, before=_END, limit=HISTORY)
            place = conversations.load(conn, conversation_id, self._accounts, history=history, now=self._now())
            return place.conversation

        conversation = await self._store.read(load)
        if conversation is None:
            raise Malformed("conversation_id: there is no such conversation")
        return conversation

    async def mark_read(self, conversation_id: int) -> None:
        """Nothing in it is unread any more."""
        if await self._store.write(lambda conn: conversations.mark_read(conn, conversation_id)):
            self._feed.publish(conversation_id)

    async def templates(self, conversation_id: int) -> tuple[Template, ...]:
        """The approved templates that may be sent in this conversation.

        Raises:
            TryLater: the platform cannot list them now.
            Refused: it does not let us.
        """
        row = await self._store.read(lambda conn: listing.one(conn, conversation_id))
        return () if row is None else await self._templates(row.account)

    def health(self) -> tuple[EngineHealth, ...]:
        """The engines in the shop's order."""
        return self._health()


class StoredChats:
    """``adapters.ports.Chats`` over the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def lines(self, account: str, chat: str, *, after: int = 0, limit: int = 200) -> tuple[ChatLine, ...]:
        """The lines of a chat with an id above ``after``, oldest first; outgoing ones only once they were sent."""

        def read(conn: Connection) -> tuple[ChatLine, ...]:
            conversation_id = conversations.find(conn, account, chat)
            if conversation_id is None:
                return ()
            return tuple(
                ChatLine(
                    id=row.id,
                    mine=row.direction == Direction.INCOMING,
                    text=row.text,
                    at=row.at,
                    media=row.media or (),
                    state=None if row.state is None else DeliveryState(row.state),
                    external_id=row.external_id,
                )
                for row in listing.chat_lines(conn, conversation_id, after=after, limit=limit)
            )

        return await self._store.read(read)

    async def conversation_of(self, account: str, chat: str) -> int | None:
        """Id of the conversation of a chat, None before the first message."""
        return await self._store.read(lambda conn: conversations.find(conn, account, chat))


_END = 2**31 - 1  # above every number within a conversation


def _view(
    conn: Connection, conversation_id: int, accounts: Accounts, *, before: int | None, limit: int, now: datetime
) -> ConversationView | None:
    row = listing.one(conn, conversation_id)
    if row is None:
        return None
    found = listing.lines(conn, conversation_id, before=_END if before is None else before, limit=limit + 1)
    lines = _lines(conn, found[-limit:])
    turn_id, offered = proposals.open_turn(conn, conversation_id)
    account = account_of(accounts, row.account, shop=row.shop, channel=row.channel)
    capabilities = account.capabilities_in(row.chat)
    until = conversations.window_until(conn, conversation_id, capabilities)
    return ConversationView(
        row=listing.row_of(row),
        case=row.case,
        capabilities=capabilities,
        language_override=row.language_override,
        language_candidates=_candidates(lines),
        lines=lines,
        earlier=len(found) > limit,
        turn_id=turn_id,
        proposals=offered,
        closed_by=_last_author(conn, conversation_id, lines if before is None else ()),
        window_until=until,
        window_open=until is None or now < until,
        escalation=escalations.latest(conn, conversation_id),
        refused=events.refused_choices(conn, conversation_id, limit=REFUSED),
        parked=parked.of_conversation(conn, conversation_id, limit=PARKED) if row.trouble else (),
    )


def _lines(conn: Connection, found: list[Stored]) -> tuple[Line, ...]:
    read = turns.of_messages(conn, [stored.message.id for stored in found])
    return tuple(_line(stored, read.get(stored.message.id)) for stored in found)


def _line(stored: Stored, turn: Row[*tuple[Any, ...]] | None) -> Line:
    is_incoming = stored.message.direction is Direction.INCOMING
    return Line(
        message=stored.message,
        turn_id=None if turn is None else turn.id,
        event_id=stored.event_id,
        pending=is_incoming and stored.event == "open",
        parked=stored.event_error if is_incoming and stored.event == "parked" else None,
        dismissed=is_incoming and stored.event == "done" and stored.event_error is not None,
        reading=None if turn is None else turn.reading,
        translation=None if turn is None else turn.translation,
        delivery=stored.delivery,
        delivery_error=stored.delivery_error,
        replaced=stored.replaced,
        answers=stored.answers,
    )


def _last_author(conn: Connection, conversation_id: int, lines: tuple[Line, ...]) -> str | None:
    """Who answered last; it rarely stands above the latest lines."""
    authors = [line.message.author for line in lines if line.message.direction is Direction.OUTGOING]
    return authors[-1] if authors else messages.last_author(conn, conversation_id)


def _candidates(lines: tuple[Line, ...]) -> tuple[LanguageGuess, ...]:
    """What the last read message may be written in."""
    readings = [line.reading for line in lines if line.reading is not None]
    return readings[-1].language.candidates if readings else ()
