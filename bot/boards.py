"""Boards: every change of a conversation is shown wherever the team looks, however long a place may be down.

Changes are numbered, not queued: a board is called with the newest state until it has returned once for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from adapters.ports import Board, ConversationView, Showing
from bot import metrics
from bot.back_off import back_off
from bot.desk import StoredDesk
from bot.engine.port import WorkEngine
from bot.gate import Gate
from bot.lanes import board_lane, board_of
from bot.store import Store, showings
from bot.store.showings import Head
from dialogs.errors import Ambiguous, Refused, TryLater
from dialogs.ports import Clock

log = structlog.stdlib.get_logger(__name__)

SHOW_TIMEOUT = 60.0  # seconds a board may take for one conversation
LINES = 20  # of a conversation, the latest ones
AT_ONCE = 48  # conversations a board is called for side by side; the engine's other places stay free
LATE = timedelta(minutes=2)  # what waits longer means that a board is stuck


@dataclass(frozen=True, slots=True)
class _Result:
    """What came of one call; without ``again_in`` there is nothing left to do about this state."""

    error: str | None = None
    again_in: timedelta | None = None


class Boards:
    """The handler of ``board:<name>:<conversation>`` lanes, and what wakes them."""

    def __init__(
        self,
        boards: Sequence[Board],
        *,
        store: Store,
        engine: WorkEngine,
        desk: StoredDesk,
        clock: Clock,
        show_timeout: float = SHOW_TIMEOUT,
    ) -> None:
        self._boards = {board.name: board for board in boards}
        self._store = store
        self._engine = engine
        self._desk = desk
        self._clock = clock
        self._show_timeout = show_timeout
        self._gate = Gate(engine, limit=AT_ONCE)
        # By shop, in one order everywhere: two transactions that lock the same rows never wait for each other.
        shops = {shop for board in boards for shop in board.shops}
        self._of_shop = {shop: tuple(sorted(board.name for board in boards if shop in board.shops)) for shop in shops}

    def names_for(self, shop: str) -> tuple[str, ...]:
        """The boards that show the conversations of a shop."""
        return self._of_shop.get(shop, ())

    def want(self, conn: Connection, shop: str, conversation_id: int, *, now: datetime) -> None:
        """Have a change shown; the last thing the transaction does that stores it."""
        showings.want(conn, self.names_for(shop), conversation_id, now=now)

    def wake(self, shop: str, conversation_id: int) -> None:
        """Begin showing; called once the change is stored."""
        for board in self.names_for(shop):
            self._engine.wake(board_lane(board, conversation_id))

    async def drain(self, lane: str) -> None:
        """Show the conversation until its newest state was, or set the time of the next attempt."""
        name, conversation_id = board_of(lane)
        board = self._boards.get(name)
        if board is None:  # it left the settings; what waits is shown when it is back
            return
        with self._gate.enter(name, lane) as is_let_in:
            if is_let_in:
                await self._drain(lane, board, conversation_id)

    async def problem(self) -> int:
        """How many showings have waited for more than two minutes."""
        before = self._clock.now() - LATE
        return await self._store.read(lambda conn: showings.waiting(conn, self._boards, before=before))

    async def _drain(self, lane: str, board: Board, conversation_id: int) -> None:
        # Read before the view is: a change in between is wanted once more than need be, never once less.
        head = await self._store.read(lambda conn: showings.head(conn, board.name, conversation_id))
        while head is not None:
            if head.not_before is not None and head.not_before > self._clock.now():
                self._engine.at(lane, head.not_before)
                return
            view = await self._desk.view(conversation_id, limit=LINES)
            if view is None:  # the conversation is gone, and its showings with it
                return
            head = await self._show(board, view, head)

    async def _show(self, board: Board, view: ConversationView, head: Head) -> Head | None:
        """Show once, keep what came of it, and look whether more is wanted."""
        conversation_id = view.row.id
        result = await self._attempt(board, view, head)
        metrics.shown(board.name, error=result.error is not None)
        now = self._clock.now()

        def keep(conn: Connection) -> Head | None:
            if result.again_in is None:
                showings.shown(conn, board.name, conversation_id, upto=head.wanted, error=result.error, now=now)
            else:
                not_before = now + result.again_in
                showings.later(conn, board.name, conversation_id, not_before=not_before, error=result.error)
            return showings.head(conn, board.name, conversation_id)

        if result.error is not None:
            log.warning(
                "not_shown",
                board=board.name,
                conversation_id=conversation_id,
                error=result.error,
                attempt=head.attempts + 1,
            )
        return await self._store.write(keep)

    async def _attempt(self, board: Board, view: ConversationView, head: Head) -> _Result:
        """Call the board; whatever it raises, it is never given up: a platform may be down for an hour."""
        memo = _Memo(self._store, board.name, view.row.id)
        try:
            async with asyncio.timeout(self._show_timeout):
                await board.show(Showing(view=view, memo=head.memo, keep=memo.keep))
        except TryLater as error:
            return _Result(error.reason, back_off(head.attempts, error.after))
        except Refused as error:
            return _Result(error.reason)
        except Ambiguous as error:
            return _Result(error.reason, back_off(head.attempts))
        except Exception as error:  # noqa: BLE001 - a board's bug must not keep the conversation from being shown
            # Not its text or its trace: they may hold what was shown.
            return _Result(type(error).__name__, back_off(head.attempts))
        finally:
            await memo.stored()
        return _Result()


class _Memo:
    """Stores what a board keeps; what was begun is finished even when the board's call is cut short."""

    def __init__(self, store: Store, board: str, conversation_id: int) -> None:
        self._store = store
        self._board = board
        self._conversation_id = conversation_id
        self._writing: set[asyncio.Task[None]] = set()

    async def keep(self, memo: str) -> None:
        """Store a new memo; it is there when this returns."""
        task = asyncio.create_task(
            self._store.write(lambda conn: showings.keep(conn, self._board, self._conversation_id, memo))
        )
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)
        await asyncio.shield(task)

    async def stored(self) -> None:
        """Wait for what a cut-short call left behind: the next call must see it."""
        if self._writing:
            await asyncio.wait(self._writing)
