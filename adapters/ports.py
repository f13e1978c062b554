"""What an adapter must offer, and what it may ask of the rest."""

from __future__ import annotations

import abc
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from starlette.routing import BaseRoute

from adapters.library import WrittenReply
from adapters.operators import Operators
from adapters.troubles import Parked, Troubles
from dialogs.errors import Refused
from dialogs.events import Accepted, Event
from dialogs.messages import (
    Capabilities,
    Case,
    CaseStatus,
    Choice,
    DeliveryState,
    LanguageGuess,
    Media,
    Message,
    Mood,
    Proposal,
    Reading,
    Reason,
    Refusal,
    Severity,
    TemplateUse,
    Translation,
    Urgency,
)
from dialogs.warnings import ToneWarning

# ---- what a channel offers -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One delivery as a channel gets it. ``key`` is stable over retries: the idempotency key."""

    key: str
    account: str
    chat: str
    text: str = ""
    media: Media | None = None  # then ``text`` is its caption, often empty
    buttons: tuple[str, ...] = ()  # titles of what the buyer may press instead of typing
    template: TemplateUse | None = None  # then ``text`` is what the buyer reads of it
    reply_to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One approved template of an account; ``variables`` is how many values its text takes ({{1}}, {{2}} …)."""

    name: str
    language: str
    text: str
    variables: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check of an account found: ``what`` is how it is, ``fix`` what to do, empty when all is well."""

    what: str
    fix: str = ""

    @property
    def fine(self) -> bool:
        """Whether there is nothing to do."""
        return not self.fix


class Channel(abc.ABC):
    """One account on one platform. Defaults degrade: a channel overrides what it can do better."""

    name: str  # the kind of channel, e.g. ``webchat``
    account: str  # unique over the installation
    shop: str  # id of the shop it belongs to
    capabilities: Capabilities = Capabilities()

    def capabilities_in(self, chat: str) -> Capabilities:  # noqa: ARG002 - one platform may have chats of two kinds
        """What can be carried in a chat."""
        return self.capabilities

    @abc.abstractmethod
    async def send(self, outgoing: Outgoing) -> str:
        """Send one message and return the platform's id of it.

        Raises:
            TryLater: nothing was sent; try again after the given seconds.
            Refused: it will never be accepted (WindowClosed and Unreachable say why).
            Ambiguous: it may have been sent.
        """

    async def fetch(self, media: Media) -> tuple[bytes, str]:  # noqa: ARG002
        """The bytes of what a buyer attached and their mime type, by ``media.remote``.

        Raises:
            TryLater: it cannot be had now.
            Refused: it never will be; the reason is kept with the attachment (``too_big``, ``gone``).
        """
        raise Refused("no_download")

    async def templates(self) -> tuple[Template, ...]:
        """The approved templates of the account.

        Raises:
            TryLater: they cannot be listed now.
            Refused: the platform does not let us.
        """
        return ()

    async def check(self) -> tuple[Finding, ...]:
        """Ask the platform whether token, webhook and rights are as they must be; never raises for what it finds."""
        return ()

    def problems(self) -> Mapping[str, str]:
        """What keeps the account from working now, by part (``socket``: ``silent since …``); empty when all is well."""
        return {}

    def silence(self) -> float | None:
        """Seconds since a socket or polling of this process brought an answer; None when nothing is open here."""
        return None

    def board(self) -> Board | None:
        """Where the team sees conversations on this platform, when the account is set up so."""
        return None

    def routes(self) -> Sequence[BaseRoute]:
        """The doors this channel needs in the ASGI app."""
        return ()

    async def start(self) -> None:  # noqa: B027 - a channel that only answers requests has nothing to open
        """Open what sending and the doors need; called in every process of the installation."""

    async def receive(self) -> None:  # noqa: B027 - what comes through a door need not be fetched
        """Receive what comes through no door (polling, a socket), until cancelled.

        And care for what else only one process may (a webhook's registration): at most one process of the installation
        is in it at a time, another goes on when that one dies. Returns at once when there is nothing of the kind.
        """

    async def stop(self) -> None:  # noqa: B027 - nor to close
        """Close what was opened; ``receive`` has ended before."""


class Board(abc.ABC):
    """A place outside the web desk where the team sees conversations: a Telegram group, Slack's channels.

    It is called for one conversation at a time, after every change of it, until ``show`` has returned once for the
    newest state; calls for several conversations run side by side.
    """

    name: str  # unique over the installation, stable: rows are kept under it
    shops: frozenset[str]  # ids of the shops whose conversations are shown

    @abc.abstractmethod
    async def show(self, showing: Showing) -> None:
        """Bring the place up to what ``showing.view`` says; often there is nothing to do.

        Raises:
            TryLater: call again later, what was kept is kept.
            Refused: it will never be shown in this state; the next change is tried anew.
            Ambiguous: it may have been shown; it is called again.
        """

    def routes(self) -> Sequence[BaseRoute]:
        """The doors this board needs in the ASGI app; those of a channel are its channel's."""
        return ()

    async def start(self) -> None:  # noqa: B027 - as with channels
        """As with channels."""

    async def receive(self) -> None:  # noqa: B027
        """As with channels: what the team does there, as far as it comes through no door."""

    async def stop(self) -> None:  # noqa: B027
        """As with channels."""

    async def check(self) -> tuple[Finding, ...]:
        """As with channels."""
        return ()

    def problems(self) -> Mapping[str, str]:
        """As with channels."""
        return {}

    def silence(self) -> float | None:
        """As with channels."""
        return None

    def operators(self) -> Operators | None:
        """Where those who run the installation are told of trouble, when there is such a place here."""
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """One conversation to be shown on a board."""

    view: ConversationView
    memo: str  # what the board kept about this conversation, empty at first
    keep: Callable[[str], Awaitable[None]]  # store a new memo at once, before or after a call to the platform


# ---- what adapters may ask -------------------------------------------------------------------------------------------


class Inbox(Protocol):
    """The durable door."""

    async def accept(self, event: Event) -> Accepted:
        """Store the event and wake its lane; after this returned the platform may be told 200.

        Raises:
            Malformed: the event names a conversation that does not exist.
        """
        ...

    async def outcome(self, event_id: int, timeout: float = 30.0) -> Outcome:
        """Wait until the event was worked on and tell what came of it.

        Raises:
            TimeoutError: it is still open after ``timeout`` seconds; it stays in the inbox.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of an event: done, or parked with an error; a seller's action may have been refused."""

    done: bool
    refusal: Refusal | None = None
    message_id: int | None = None  # the outgoing message a choice made
    error: str | None = None  # of a parked turn, safe to show
    dismissed_by: str | None = None  # who let a parked turn be, and when
    dismissed_at: datetime | None = None


class Feed(Protocol):
    """Tells who is looking that something changed. A hint to read again, never the truth itself."""

    def listen(self) -> AbstractContextManager[Listener]:
        """Follow all changes while the context is open."""
        ...


class Listener(Protocol):
    """One follower of the feed."""

    async def next(self) -> frozenset[int]:
        """Wait for a change; ids of the conversations that changed since the last call."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatLine:
    """One line of a chat as the buyer sees it."""

    id: int
    mine: bool  # written by the buyer
    text: str
    at: datetime
    media: tuple[Media, ...] = ()
    state: DeliveryState | None = None
    external_id: str | None = None  # what the channel called it: lets a receipt and an own line be matched


class Chats(Protocol):
    """What the web chat may read."""

    async def lines(self, account: str, chat: str, *, after: int = 0, limit: int = 200) -> tuple[ChatLine, ...]:
        """The lines of a chat with an id above ``after``, oldest first; outgoing ones only once they were sent."""
        ...

    async def conversation_of(self, account: str, chat: str) -> int | None:
        """Id of the conversation of a chat, None before the first message."""
        ...


class Blobs(Protocol):
    """Bytes of attachments."""

    async def put(self, content: bytes, *, mime: str) -> str:
        """Store and return the ``ref``."""
        ...

    async def get(self, ref: str) -> tuple[bytes, str] | None:
        """The bytes and their mime type, None when not stored."""
        ...


# ---- what the desk reads ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentIdentity:
    """Who is logged in. Role is ``agent`` or ``lead``."""

    id: int
    name: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationRow:
    """One row of the desk's list."""

    id: int
    shop: str
    channel: str
    contact_name: str
    status: CaseStatus
    situation: str
    mood: Mood
    urgency: Urgency
    language: str | None
    unread: int
    last_text: str  # Chinese where known, else the original
    last_at: datetime
    waiting_since: datetime | None  # since when the buyer waits for an answer
    due: datetime | None  # the response clock
    account: str = ""
    escalated: bool = False  # an escalation is open
    flags: tuple[str, ...] = ()
    trouble: int = 0  # deliveries held, failed or ambiguous, and parked turns


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One message on the desk with everything known about it."""

    message: Message
    turn_id: int | None = None
    event_id: int = 0  # the event that made it
    pending: bool = False  # received, not worked on yet
    parked: str | None = None  # error of a parked turn
    dismissed: bool = False  # it was never read, and somebody let that be
    reading: Reading | None = None
    translation: Translation | None = None
    delivery: DeliveryState | None = None
    delivery_error: str | None = None
    replaced: bool = False  # a later edit took its place
    answers: str | None = None  # what the buyer replied to, in Chinese where we wrote it


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationView:
    """Everything the desk shows of one conversation."""

    row: ConversationRow
    case: Case
    capabilities: Capabilities
    language_override: str | None
    language_candidates: tuple[LanguageGuess, ...]
    lines: tuple[Line, ...]
    earlier: bool  # whether older lines exist
    turn_id: int | None  # the turn whose proposals are open
    proposals: tuple[Proposal, ...]
    closed_by: str | None = None  # who answered last, for the note on closed proposals
    window_until: datetime | None = None  # free text only until then; None: the channel has no window
    window_open: bool = True
    escalation: Escalation | None = None  # the open one, else the last one
    refused: tuple[RefusedChoice, ...] = ()  # the latest choices that were refused, oldest first
    parked: tuple[Parked, ...] = ()  # what failed and has no line of its own, oldest first


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedChoice:
    """A seller's choice that was refused after it was stored: who typed it somewhere else must still learn of it."""

    event_id: int
    choice: Choice
    refusal: Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """Why the team was told of a conversation, and who takes care of it."""

    id: int
    reasons: tuple[Reason, ...]  # in the order they came
    severity: Severity
    opened_at: datetime
    claimed_by: str | None = None
    claimed_at: datetime | None = None
    closed_by: str | None = None
    closed_at: datetime | None = None

    @property
    def open(self) -> bool:
        """Whether it still waits for somebody."""
        return self.closed_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a typed text would become."""

    translation: Translation
    refusal: Refusal | None = None
    back: Translation | None = None
    warnings: tuple[ToneWarning, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineHealth:
    """Health of one engine as the desk shows it: ``state`` is ok, slow, failing, open (circuit) or unused."""

    name: str
    state: str
    detail: str = ""
    answered: int = 0
    failed: int = 0
    latency_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """What the desk's list is asked for."""

    status: CaseStatus | None = CaseStatus.OPEN
    search: str = ""
    limit: int = 100
    shops: tuple[str, ...] = field(default=())


class Desk(Protocol):
    """What a desk, wherever it is, may ask."""

    async def conversations(self, query: ListQuery) -> tuple[ConversationRow, ...]:
        """Rows by urgency: the clock that runs out first, mood, waiting time."""
        ...

    async def view(
        self, conversation_id: int, *, before: int | None = None, limit: int = 60
    ) -> ConversationView | None:
        """One conversation with its latest lines (with ``seq`` below ``before``)."""
        ...

    async def troubles(self, *, limit: int) -> Troubles:
        """What is stuck in all conversations, with the newest ``limit`` of it."""
        ...

    async def preview(self, conversation_id: int, seller_text: str, *, back: bool = False) -> Preview:
        """What ``seller_text`` would become for this buyer; with ``back`` also the Chinese of that."""
        ...

    async def library(self, conversation_id: int) -> tuple[WrittenReply, ...]:
        """Every written reply as it would be said in this conversation now, its own situation first."""
        ...

    async def mark_read(self, conversation_id: int) -> None:
        """Nothing in it is unread any more."""
        ...

    async def templates(self, conversation_id: int) -> tuple[Template, ...]:
        """The approved templates that may be sent in this conversation.

        Raises:
            TryLater: the platform cannot list them now.
            Refused: it does not let us.
        """
        ...

    def health(self) -> tuple[EngineHealth, ...]:
        """The engines in the shop's order."""
        ...


class Team(Protocol):
    """Who somebody on a platform is to us (``kind`` is telegram or slack, ``value`` the platform's user id)."""

    async def of(self, kind: str, value: str) -> AgentIdentity | None:
        """The agent behind a platform's user, None for strangers."""
        ...

    async def link(self, kind: str, value: str, token: str) -> AgentIdentity | None:
        """Connect a platform's user with the agent of a one-time link; None when it is used, expired or wrong."""
        ...


class AccountState(Protocol):
    """What an account of a platform must know after a restart: small texts by key."""

    async def get(self, key: str) -> str | None:
        """The text under ``key``."""
        ...

    async def put(self, key: str, text: str) -> None:
        """Store; it is there when this returns."""
        ...

    async def delete(self, key: str) -> None:
        """Forget; nothing happens when there is none."""
        ...

    async def change(self, puts: Mapping[str, str], deletes: Collection[str] = ()) -> None:
        """Store and forget several at once: all of it is done when this returns, or nothing."""
        ...

    async def swap(self, key: str, text: str, *, expect: str | None) -> bool:
        """Store if ``expect`` is what is there now (None: nothing), and tell whether it was.

        Several processes share an account: of those that expect the same, one is told that it was.
        """
        ...

    async def all(self, prefix: str = "") -> Mapping[str, str]:
        """Everything whose key begins so."""
        ...


class Agents(Protocol):
    """Log-in of agents."""

    async def by_session(self, token: str) -> AgentIdentity | None:
        """The agent of a session cookie."""
        ...

    async def by_password(self, name: str, password: str) -> str | None:
        """A new session token, None when name or password is wrong."""
        ...

    async def by_link(self, token: str) -> str | None:
        """A new session token for a one-time link, None when it is used or expired."""
        ...

    async def log_out(self, token: str) -> None:
        """End a session."""
        ...
