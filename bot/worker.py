"""The worker: hands every lane to whom it belongs, and wakes the lanes whose rows are open."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.boards import Boards
from bot.downloads import Downloads
from bot.engine.port import WorkEngine
from bot.lanes import BOARD, CHAT, CONVERSATION, MEDIA, RECOVERY, conversation_lane
from bot.outbox import Outbox
from bot.store import Store, clocks, deliveries, downloads, events, showings
from bot.turns import Turns
from dialogs.ports import Clock

# Rows are the truth: whatever an engine forgot is found again after so long.
RECOVERY_INTERVAL = timedelta(minutes=1)


class Worker:
    """Ties the lanes of an engine to turns and deliveries."""

    def __init__(
        self,
        *,
        store: Store,
        engine: WorkEngine,
        turns: Turns,
        outbox: Outbox,
        boards: Boards,
        downloads: Downloads,
        clock: Clock,
    ) -> None:
        self._store = store
        self._engine = engine
        self._turns = turns
        self._outbox = outbox
        self._boards = boards
        self._downloads = downloads
        self._clock = clock

    async def start(self) -> None:
        """Begin: everything left open by an earlier process is worked on first."""
        await self.recover()
        await self._engine.run(self._drain)

    async def recover(self) -> None:
        """Wake every lane with open rows, set the times of clocks, and do so again after a minute."""
        lanes, dues = await self._store.read(_open)
        for lane in lanes:
            self._engine.wake(lane)
        for conversation_id, due in dues:
            self._engine.at(conversation_lane(conversation_id), due)
        self._engine.at(RECOVERY, self._clock.now() + RECOVERY_INTERVAL)

    async def _drain(self, lane: str) -> None:
        if lane.startswith(CONVERSATION):
            await self._turns.drain(int(lane.removeprefix(CONVERSATION)))
        elif lane.startswith(CHAT):
            await self._outbox.drain(lane)
        elif lane.startswith(BOARD):
            await self._boards.drain(lane)
        elif lane.startswith(MEDIA):
            await self._downloads.drain(lane)
        else:
            await self.recover()


def _open(conn: Connection) -> tuple[list[str], list[tuple[int, datetime]]]:
    conversations = [conversation_lane(conversation_id) for conversation_id in events.open_conversations(conn)]
    others = deliveries.open_lanes(conn) + showings.open_lanes(conn) + downloads.open_lanes(conn)
    return conversations + others, clocks.next_dues(conn)
