"""The distributed engine: lanes are jobs of Procrastinate, worked on by any number of processes.

What wakes a lane is stored before the lane is woken, and waking is an insert of its own: what is woken in one moment
is one statement. A process that dies in between has stored its rows; ``bot.sweep`` wakes what has rows and no job.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from datetime import datetime
from typing import Final

import psycopg
import structlog
from procrastinate.exceptions import ConnectorException
from procrastinate.worker import Worker
from psycopg_pool import PoolTimeout

from bot.engine.failures import Failures
from bot.engine.jobs import Jobs
from bot.engine.port import Handler
from bot.engine.timers import Timers
from dialogs.ports import Clock

log = structlog.stdlib.get_logger(__name__)

BEAT: Final = 2.0  # seconds between two signs of life
# A worker that could give no sign of life for so long stops by itself, before others take its lanes (seconds).
SILENT: Final = 8.0
DEAD: Final = 12.0  # after so many seconds of silence others take them
AGAIN: Final = 1.0  # seconds before the database is tried again
# Seconds lanes get to finish when the database went away under them: over before others take them, the last sign of
# life being up to two beats older.
GRACE: Final = 6.0
LAST_WAKES: Final = 2.0  # seconds a stopping process tries to tell which lanes it leaves

DATABASE_ERRORS: Final = (ConnectorException, psycopg.Error, PoolTimeout, OSError)


class DistributedEngine:
    """``WorkEngine`` for many processes on one PostgreSQL database.

    One that is never run only wakes: what a process without lanes needs.
    """

    def __init__(
        self,
        url: str,
        clock: Clock,
        *,
        limit: int = 128,
        first_back_off: float = 1.0,
        last_back_off: float = 60.0,
    ) -> None:
        self._clock = clock
        self._limit = limit
        self._jobs = Jobs(url, self._drain_lane)
        self._timers = Timers(clock, self.wake)
        self._failures = Failures(first=first_back_off, last=last_back_off)
        self._handler: Handler | None = None
        self._stopped = False
        self._stopping: asyncio.Task[None] | None = None
        self._running: set[str] = set()
        self._again: set[str] = set()  # woken here while running here
        self._woken: dict[str, None] = {}  # not yet stored as jobs
        self._storing: asyncio.Task[None] | None = None
        self._working: asyncio.Task[None] | None = None
        self._worker: Worker | None = None

    async def open(self) -> None:
        """Connect; lanes can be woken from now on."""
        await self._jobs.open()

    async def run(self, handler: Handler) -> None:
        """Start working on lanes, woken here or elsewhere."""
        self._handler = handler
        self._timers.start()
        self._working = asyncio.create_task(self._work(), name="lanes")

    def wake(self, lane: str) -> None:
        """Have the lane drained soon, by whichever process; many wakes before it runs are one."""
        if self._stopped:
            return
        if lane in self._running:
            self._again.add(lane)
            return
        self._put(lane)

    def at(self, lane: str, when: datetime) -> None:
        """Wake the lane at ``when`` or later, while this process lives; then its row does (``bot.sweep``)."""
        if not self._stopped:
            self._timers.at(lane, when)

    def lanes(self) -> tuple[int, int]:
        """How many lanes run here, and how many wakes of this process wait to be stored."""
        return len(self._running), len(self._woken)

    async def drain(self) -> None:
        """Wait until no lane has work or is running, in any process; timers do not count."""
        # Asked again and again: other processes set no event here.
        while (  # noqa: ASYNC110
            self._woken or self._storing is not None or self._running or await self._jobs.are_open()
        ):
            await asyncio.sleep(0.01)

    async def bury(self) -> None:
        """Take over the lanes of workers that died.

        Raises:
            ConnectorException: the database cannot be reached.
        """
        lanes = await self._jobs.bury(silent_for=DEAD)
        for lane in lanes:
            self.wake(lane)
        if lanes:
            log.warning("lanes_taken_over", count=len(lanes))

    async def stop(self, timeout: float = 10.0) -> None:
        """Work on no new lanes, let running handlers finish for ``timeout`` seconds, then cancel them.

        Lanes that were cut short, or are woken by what still runs, go on in another process at once. Who calls it again
        waits for the same end.
        """
        if self._stopping is None:
            self._stopping = asyncio.create_task(self._stop(timeout), name="stop")
        await asyncio.shield(self._stopping)

    async def _stop(self, timeout: float) -> None:
        self._timers.stop()
        if self._working is not None:
            if self._worker is not None:
                self._worker.shutdown_graceful_timeout = timeout
            self._working.cancel()
            await asyncio.gather(self._working, return_exceptions=True)
        self._stopped = True
        storing = self._storing
        if storing is not None:
            # What cannot be stored as a job now has its rows.
            await asyncio.wait({storing}, timeout=LAST_WAKES)
            storing.cancel()
        await self._jobs.close()

    # ---- waking ------------------------------------------------------------------------------------------------------

    def _put(self, lane: str) -> None:
        self._woken[lane] = None
        if self._storing is None:
            self._storing = asyncio.create_task(self._store(), name="wakes")

    async def _store(self) -> None:
        try:
            while self._woken:
                lanes = sorted(self._woken)  # in one order everywhere: two inserts never wait for each other
                self._woken.clear()
                try:
                    await self._jobs.defer(lanes)
                except DATABASE_ERRORS as error:
                    log.warning("lanes_not_woken", count=len(lanes), error=type(error).__name__)
                    self._woken.update(dict.fromkeys(lanes))
                    await asyncio.sleep(AGAIN)
        finally:
            self._storing = None

    # ---- working -----------------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        """Live as one worker after another: each ends when the database is out of reach for too long."""
        while True:
            self._worker = self._jobs.worker(limit=self._limit, grace=GRACE)
            try:
                await self._live(self._worker)
            except DATABASE_ERRORS as error:
                log.warning("lanes_interrupted", error=type(error).__name__)
            await asyncio.sleep(AGAIN)

    async def _live(self, worker: Worker) -> None:
        running: asyncio.Task[None] = asyncio.create_task(worker.run(), name="worker")  # type: ignore[no-untyped-call]
        beating = asyncio.create_task(self._beat(worker), name="heartbeat")
        try:
            await asyncio.wait({running, beating}, return_when=asyncio.FIRST_COMPLETED)
            if not running.done():
                log.warning("worker_silent", seconds=SILENT)
                worker.shutdown_graceful_timeout = 0
        finally:
            running.cancel()
            await asyncio.wait({running})
            beating.cancel()  # not before: lanes that get time to finish are still ours
        if not running.cancelled():
            running.result()
            log.warning("worker_ended")  # by itself: it could not listen, or not store that a job had ended

    async def _beat(self, worker: Worker) -> None:
        """Give signs of life; returns when the last one is too long ago, or others took the lanes already."""
        last = time.monotonic()
        while True:
            await asyncio.sleep(BEAT)
            began = time.monotonic()
            if began - last > SILENT:  # the process may have been stopped and gone on
                return
            if worker.worker_id is None:
                continue
            with suppress(TimeoutError, *DATABASE_ERRORS):  # the next one may be heard
                async with asyncio.timeout(BEAT):
                    if not await self._jobs.beat(worker.worker_id):
                        return
                last = began

    async def _drain_lane(self, lane: str) -> None:
        """What a job does: the handler, until the lane was not woken during its run."""
        if self._handler is None:  # only ``run`` makes workers
            raise RuntimeError("a job was given to an engine that was not run")
        if lane in self._running:  # others thought this process dead, and woke what it still works on
            self._again.add(lane)
            return
        self._running.add(lane)
        finished = False
        try:
            while not finished:
                self._again.discard(lane)
                await self._handle(self._handler, lane)
                finished = lane not in self._again
        finally:
            self._running.discard(lane)
            self._again.discard(lane)
            if not finished:
                self._put(lane)

    async def _handle(self, handler: Handler, lane: str) -> None:
        try:
            await handler(lane)
        except Exception as error:  # noqa: BLE001 - whatever it is, the lane is drained again later
            self.at(lane, self._clock.now() + self._failures.failed(lane, error))
        else:
            self._failures.fine(lane)
