"""Recovery: whatever an engine forgot, or a process left behind when it died, is found by its rows."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Protocol

from sqlalchemy import Connection

from bot.engine.port import WorkEngine
from bot.engine.sweep import left_behind
from bot.lanes import conversation_lane
from bot.store import Store, clocks, deliveries, downloads, events, showings
from dialogs.ports import Clock

if TYPE_CHECKING:
    from bot.engine.distributed import DistributedEngine

EVERY: Final = timedelta(minutes=1)
SWEEP_EVERY: Final = 3.0  # seconds
RARELY: Final = 16  # looks between two wakes of a lane that stays as it is


class Recovers(Protocol):
    """Wakes what has open rows and nobody who works on them."""

    async def once(self) -> None:
        """Look once."""
        ...

    async def run(self) -> None:
        """Look again and again."""
        ...


class Recovery:
    """``Recovers`` for the only process there is: it wakes every lane with open rows."""

    def __init__(self, store: Store, engine: WorkEngine, clock: Clock) -> None:
        self._store = store
        self._engine = engine
        self._clock = clock

    async def once(self) -> None:
        """Wake every lane with open rows, and set the times of the clocks that run out before the next look."""
        before = self._clock.now() + 2 * EVERY
        lanes, dues = await self._store.read(lambda conn: _open(conn, before=before))
        for lane in lanes:
            self._engine.wake(lane)
        for conversation_id, due in dues:
            self._engine.at(conversation_lane(conversation_id), due)

    async def run(self) -> None:
        """Look once a minute."""
        while True:
            await asyncio.sleep(EVERY.total_seconds())
            await self.once()


class Sweep:
    """``Recovers`` among many processes: it takes over from dead workers, and wakes what has open rows and no job."""

    def __init__(self, store: Store, engine: DistributedEngine, clock: Clock) -> None:
        self._store = store
        self._engine = engine
        self._clock = clock
        self._looks: dict[str, int] = {}  # in how many of them in a row a lane was left behind

    async def once(self) -> None:
        """Wake what was left behind: what stays so although it was woken (its platform is slow) less and less often."""
        await self._engine.bury()
        now = self._clock.now()
        left = await self._store.read(lambda conn: left_behind(conn, now=now))
        self._looks = {lane: self._looks.get(lane, 0) + 1 for lane in left}
        for lane, looks in self._looks.items():
            if looks.bit_count() == 1 or looks % RARELY == 0:
                self._engine.wake(lane)

    async def run(self) -> None:
        """Look every few seconds."""
        while True:
            await self.once()
            await asyncio.sleep(SWEEP_EVERY)


def _open(conn: Connection, *, before: datetime) -> tuple[list[str], list[tuple[int, datetime]]]:
    conversations = [conversation_lane(conversation_id) for conversation_id in events.open_conversations(conn)]
    others = deliveries.open_lanes(conn) + showings.open_lanes(conn) + downloads.open_lanes(conn)
    return conversations + others, clocks.next_dues(conn, before=before)
