"""What a channel or a board meets in its tests: an inbox that remembers, and small memories behind every other port."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from adapters.library import WrittenReply
from adapters.ports import (
    AgentIdentity,
    Board,
    Channel,
    ChatLine,
    ConversationRow,
    ConversationView,
    EngineHealth,
    ListQuery,
    Outcome,
    Preview,
    Showing,
    Template,
)
from adapters.surroundings import Surroundings
from dialogs.events import Accepted, Event
from dialogs.messages import Shop, Translation

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SHOP = Shop(id="main", name="Heqi Store")


class Receiving:
    """``receive`` of a channel or board while it is our turn, as in the process that holds the lease."""

    def __init__(self, part: Channel | Board) -> None:
        self._task = asyncio.create_task(part.receive())

    async def end(self) -> None:
        """It is another process's turn; raises what ``receive`` raised."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task


@asynccontextmanager
async def receiving(part: Channel | Board) -> AsyncIterator[None]:
    """It is our turn as long as the context is open."""
    turn = Receiving(part)
    try:
        yield
    finally:
        await turn.end()


@dataclass
class RecordingInbox:
    """Remembers events; the same ``(account, external_id)`` twice is one. ``failures`` are raised first."""

    events: list[Event] = field(default_factory=list)
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    failures: deque[Exception | None] = field(default_factory=deque)

    async def accept(self, event: Event) -> Accepted:
        failure = self.failures.popleft() if self.failures else None
        if failure is not None:
            raise failure
        known = {(e.account, e.external_id): n for n, e in enumerate(self.events, 1)}
        conversation = event.conversation_id or 1
        number = known.get((event.account, event.external_id))
        if number is not None:
            return Accepted(number, conversation, duplicate=True)
        self.events.append(event)
        return Accepted(len(self.events), conversation, duplicate=False)

    async def outcome(self, event_id: int, timeout: float = 30.0) -> Outcome:
        return self.outcomes.get(event_id, Outcome(done=True))

    @property
    def bodies(self) -> list[object]:
        return [event.body for event in self.events]


class MemoryState:
    """``AccountState`` of one account, kept over restarts of the adapter within a test."""

    def __init__(self) -> None:
        self.rows: dict[str, str] = {}

    async def get(self, key: str) -> str | None:
        return self.rows.get(key)

    async def put(self, key: str, text: str) -> None:
        self.rows[key] = text

    async def delete(self, key: str) -> None:
        self.rows.pop(key, None)

    async def change(self, puts: Mapping[str, str], deletes: Collection[str] = ()) -> None:
        self.rows.update(puts)
        for key in deletes:
            self.rows.pop(key, None)

    async def swap(self, key: str, text: str, *, expect: str | None) -> bool:
        if self.rows.get(key) != expect:
            return False
        self.rows[key] = text
        return True

    async def all(self, prefix: str = "") -> Mapping[str, str]:
        return {key: text for key, text in self.rows.items() if key.startswith(prefix)}


class MemoryTeam:
    """``Team``: ``members`` by (kind, value), ``tokens`` of one-time links."""

    def __init__(self) -> None:
        self.members: dict[tuple[str, str], AgentIdentity] = {}
        self.tokens: dict[str, AgentIdentity] = {}

    async def of(self, kind: str, value: str) -> AgentIdentity | None:
        return self.members.get((kind, value))

    async def link(self, kind: str, value: str, token: str) -> AgentIdentity | None:
        identity = self.tokens.pop(token, None)
        if identity is not None:
            self.members[kind, value] = identity
        return identity


class MemoryBlobs:
    """``Blobs``."""

    def __init__(self) -> None:
        self.stored: dict[str, tuple[bytes, str]] = {}

    async def put(self, content: bytes, *, mime: str) -> str:
        ref = f"blob-{len(self.stored) + 1}"
        self.stored[ref] = (content, mime)
        return ref

    async def get(self, ref: str) -> tuple[bytes, str] | None:
        return self.stored.get(ref)


class StillFeed:
    """``Feed`` that never changes by itself."""

    @contextmanager
    def listen(self) -> Iterator[StillFeed]:
        yield self

    async def next(self) -> frozenset[int]:
        await asyncio.Event().wait()
        return frozenset()


class MemoryViews:
    """``Desk`` and ``Chats`` over the views a test puts in."""

    def __init__(self) -> None:
        self.views: dict[int, ConversationView] = {}
        self.offered: tuple[Template, ...] = ()

    async def conversations(self, query: ListQuery) -> tuple[ConversationRow, ...]:
        return tuple(view.row for view in self.views.values())

    async def view(
        self, conversation_id: int, *, before: int | None = None, limit: int = 60
    ) -> ConversationView | None:
        return self.views.get(conversation_id)

    async def preview(self, conversation_id: int, seller_text: str, *, back: bool = False) -> Preview:
        there = Translation(text=f"ES:{seller_text}", source="zh", target="es", engine="fake")
        again = Translation(text=f"回:{seller_text}", source="es", target="zh", engine="fake") if back else None
        return Preview(translation=there, back=again)

    async def mark_read(self, conversation_id: int) -> None: ...

    async def library(self, conversation_id: int) -> tuple[WrittenReply, ...]:
        return ()

    async def templates(self, conversation_id: int) -> tuple[Template, ...]:
        return self.offered

    def health(self) -> tuple[EngineHealth, ...]:
        return (EngineHealth(name="fake", state="ok"),)

    async def lines(self, account: str, chat: str, *, after: int = 0, limit: int = 200) -> tuple[ChatLine, ...]:
        return ()

    async def conversation_of(self, account: str, chat: str) -> int | None:
        return None


@dataclass
class Around:
    """All of it, with ``surroundings`` as an adapter gets them."""

    inbox: RecordingInbox = field(default_factory=RecordingInbox)
    blobs: MemoryBlobs = field(default_factory=MemoryBlobs)
    team: MemoryTeam = field(default_factory=MemoryTeam)
    views: MemoryViews = field(default_factory=MemoryViews)
    states: dict[str, MemoryState] = field(default_factory=dict)
    memos: dict[tuple[str, int], str] = field(default_factory=dict)  # of boards, by (board, conversation)
    time: datetime = NOW
    public_url: str | None = None

    @property
    def surroundings(self) -> Surroundings:
        return Surroundings(
            inbox=self.inbox,
            chats=self.views,
            feed=StillFeed(),
            blobs=self.blobs,
            desk=self.views,
            team=self.team,
            state=self.state,
            now=lambda: self.time,
            url="http://127.0.0.1:8080",
            public_url=self.public_url,
            titles={"in_transit": "仍在运输途中", "damaged": "破损"},
        )

    def state(self, account: str) -> MemoryState:
        return self.states.setdefault(account, MemoryState())

    def advance(self, **interval: float) -> None:
        self.time += timedelta(**interval)

    def showing(self, board: str, view: ConversationView) -> Showing:
        """The view as the product would hand it to the board, with what the board kept before."""
        key = (board, view.row.id)

        async def keep(memo: str) -> None:
            self.memos[key] = memo

        self.views.views[view.row.id] = view
        return Showing(view=view, memo=self.memos.get(key, ""), keep=keep)


def at_seconds(seconds: float) -> datetime:
    """A moment so long after NOW."""
    return NOW + timedelta(seconds=seconds)


def changed(view: ConversationView, **row: object) -> ConversationView:
    """The view with other values in its row."""
    return replace(view, row=replace(view.row, **row))
