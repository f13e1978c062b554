"""Lanes as jobs of Procrastinate on PostgreSQL: at most one waiting and one running job a lane."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from typing import Any, Final

import psycopg
import structlog
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import DeleteJobCondition, Job, Status
from procrastinate.worker import Worker
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import make_url
from typing_extensions import override

from bot.store.postgres import PATIENCE

log = structlog.stdlib.get_logger(__name__)

CONNECTIONS: Final = 4
QUEUE: Final = "lanes"
# A job that waits can wait behind a running one of its lane and is then found by asking again (seconds).
FETCH_EVERY: Final = 0.25
# What Procrastinate does for itself besides: we tell the heartbeat (see DistributedEngine) and abort nothing by row.
_NEVER: Final = 86_400.0
# A pool that cannot connect waits twice as long each time; after so many seconds it gives up until it is asked again.
_RECONNECT: Final = 3.0
# Seconds before the end of a job that could not be stored is stored again; then the worker ends.
END_AGAIN: Final = (0.2, 1.0, 3.0)

# Its own function for this raises when one of many waits already, and stores none of them.
_DEFER: Final = """
    INSERT INTO procrastinate_jobs (queue_name, task_name, lock, queueing_lock, args)
    SELECT %(queue)s, %(task)s, lane, lane, jsonb_build_object('lane', lane)
    FROM unnest(%(lanes)s::text[]) AS lane
    ON CONFLICT DO NOTHING
"""
_BEAT: Final = "UPDATE procrastinate_workers SET last_heartbeat = now() WHERE id = %(worker)s RETURNING id"
_OPEN: Final = "SELECT EXISTS (SELECT 1 FROM procrastinate_jobs WHERE status IN ('todo', 'doing'))"

# Names of jobs hold lanes, and lanes of chats hold phone numbers: what it logs about single jobs stays out.
logging.getLogger("procrastinate").setLevel(logging.CRITICAL)


class Jobs:
    """Waiting and running jobs, one for each lane. ``drain`` is what a job does."""

    def __init__(self, url: str, drain: Callable[[str], Awaitable[None]]) -> None:
        address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._pool = AsyncConnectionPool(
            address,
            kwargs=PATIENCE,
            min_size=1,
            max_size=CONNECTIONS,
            configure=_configure,
            open=False,
            timeout=10,
            reconnect_timeout=_RECONNECT,
        )
        self._app = App(connector=PsycopgConnector())
        self._task = self._app.task(name="drain", queue=QUEUE)(drain)

    async def open(self) -> None:
        """Connect."""
        await self._pool.open()
        await self._app.open_async(self._pool)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._app.close_async()
        await self._pool.close()

    def worker(self, *, limit: int, grace: float) -> Worker:
        """What runs jobs, ``limit`` at a time; at its end those that run get ``grace`` seconds, then are cancelled."""
        return _Worker(
            self._app,
            queues=[QUEUE],
            concurrency=limit,
            fetch_job_polling_interval=FETCH_EVERY,
            abort_job_polling_interval=_NEVER,
            shutdown_graceful_timeout=grace,
            delete_jobs=DeleteJobCondition.ALWAYS,
            install_signal_handlers=False,
            update_heartbeat_interval=_NEVER,
            stalled_worker_timeout=_NEVER,
        )

    async def defer(self, lanes: Collection[str]) -> None:
        """Have the lanes drained; one that waits already waits once.

        Raises:
            psycopg.Error: they may or may not wait now.
        """
        async with self._pool.connection() as conn:
            await conn.execute(_DEFER, {"queue": QUEUE, "task": self._task.name, "lanes": list(lanes)})

    async def beat(self, worker: int) -> bool:
        """Tell that a worker is alive; False: others thought it dead and took its lanes.

        Raises:
            psycopg.Error: it could not be told.
        """
        async with self._pool.connection() as conn:
            row = await (await conn.execute(_BEAT, {"worker": worker})).fetchone()
        return row is not None

    async def bury(self, *, silent_for: float) -> list[str]:
        """Take their jobs from workers that were silent for so many seconds; the lanes of these jobs.

        Raises:
            ConnectorException: the database cannot be reached.
        """
        manager = self._app.job_manager
        lanes = []
        for job in await manager.get_stalled_jobs(seconds_since_heartbeat=silent_for):
            with suppress(ConnectorException):  # it has ended in between
                await manager.finish_job(job, Status.ABORTED, delete_job=True)
            if job.lock is not None:
                lanes.append(job.lock)
        await manager.prune_stalled_workers(silent_for)
        return lanes

    async def are_open(self) -> bool:
        """Whether any job waits or runs."""
        async with self._pool.connection() as conn:
            row = await (await conn.execute(_OPEN)).fetchone()
        return bool(row and row[0])


class _Worker(Worker):
    """Procrastinate's worker, which would go on in silence when the end of a job or its listening failed."""

    @override
    async def _periodic_deferrer(self) -> None:
        # Having nothing to defer it would return, and with the first one that returns the watch over the others ends.
        await asyncio.Event().wait()

    @override
    async def _persist_job_status(self, job: Job, *args: Any, **kwargs: Any) -> None:
        """Store that a job has ended: as long as it has not, nobody can work on its lane."""
        for pause in (*END_AGAIN, None):
            try:
                await super()._persist_job_status(job, *args, **kwargs)
            except ConnectorException as error:
                if isinstance(error.__cause__, psycopg.errors.RaiseException):  # there is no such job any more
                    log.warning("job_taken_over", job_id=job.id)
                    return
                log.warning("job_not_ended", job_id=job.id, error=type(error.__cause__).__name__)
                if pause is not None:
                    await asyncio.sleep(pause)
            else:
                self._new_job_event.set()  # the lane may have been woken since: what waits can be fetched now
                return
        # The jobs of a worker that has ended are taken over.
        self.stop()  # type: ignore[no-untyped-call]


async def _configure(conn: psycopg.AsyncConnection) -> None:
    await conn.set_autocommit(True)
