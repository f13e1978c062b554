"""Lanes as jobs of Procrastinate on PostgreSQL: at most one waiting and one running job a lane."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from typing import Final

import psycopg
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import DeleteJobCondition, Status
from procrastinate.worker import Worker
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import make_url

CONNECTIONS: Final = 4
QUEUE: Final = "lanes"
# A job that waits can wait behind a running one of its lane and is then found by asking again (seconds).
FETCH_EVERY: Final = 0.25
# What Procrastinate does for itself besides: we tell the heartbeat (see DistributedEngine) and abort nothing by row.
_NEVER: Final = 86_400.0

# Its own function for this raises when one of many waits already, and stores none of them.
_DEFER: Final = """
    INSERT INTO procrastinate_jobs (queue_name, task_name, lock, queueing_lock, args)
    SELECT %(queue)s, %(task)s, lane, lane, jsonb_build_object('lane', lane)
    FROM unnest(%(lanes)s::text[]) AS lane
    ON CONFLICT DO NOTHING
"""
_OPEN: Final = "SELECT EXISTS (SELECT 1 FROM procrastinate_jobs WHERE status IN ('todo', 'doing'))"

# Names of jobs hold lanes, and lanes of chats hold phone numbers: what it logs about single jobs stays out.
logging.getLogger("procrastinate").setLevel(logging.CRITICAL)


class Jobs:
    """Waiting and running jobs, one for each lane. ``drain`` is what a job does."""

    def __init__(self, url: str, drain: Callable[[str], Awaitable[None]]) -> None:
        address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._pool = AsyncConnectionPool(
            address, min_size=1, max_size=CONNECTIONS, configure=_configure, open=False, timeout=10
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
        return Worker(
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

    async def beat(self, worker: int) -> None:
        """Tell that a worker is alive.

        Raises:
            ConnectorException: it could not be told.
        """
        await self._app.job_manager.update_heartbeat(worker)

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


async def _configure(conn: psycopg.AsyncConnection) -> None:
    await conn.set_autocommit(True)
