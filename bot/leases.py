"""Leases: what only one process of an installation may do, done by one, and by another when that one dies."""

from __future__ import annotations

import asyncio
import os
import socket
import uuid
from collections.abc import Awaitable, Callable
from datetime import timedelta
from time import monotonic
from typing import Final, Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.back_off import back_off
from bot.store import Store, leases

log = structlog.stdlib.get_logger(__name__)

Work = Callable[[], Awaitable[None]]

LENGTH: Final = timedelta(seconds=10)
RENEW: Final = 3.0  # seconds
# An owner that could not renew for so long stops by itself, before another process may begin (seconds).
FENCE: Final = 7.0
STEADY: Final = 60.0  # who worked for so many seconds before failing is begun again as after a first failure


class Owns(Protocol):
    """Runs what only one process may."""

    async def hold(self, name: str, work: Work) -> None:
        """Run ``work`` whenever it is this process's turn, until it returns or this is cancelled.

        One that fails is run again after a while.
        """
        ...


class Alone:
    """``Owns`` of the only process there is."""

    async def hold(self, name: str, work: Work) -> None:
        """Run ``work``, again and again if it fails."""
        failures = 0
        while not await _tried(name, work):
            await asyncio.sleep(back_off(failures).total_seconds())
            failures += 1


class Leases:
    """``Owns`` among several processes, by rows of the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        # Whoever looks into the table should see which machine it is; the rest tells two starts apart.
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"

    async def hold(self, name: str, work: Work) -> None:
        """Run ``work`` while this process has the lease; wait for it otherwise."""
        failures = 0
        finished = False
        while not finished:
            began = monotonic()
            if not await self._take(name, within=RENEW):
                await asyncio.sleep(RENEW)
                continue
            log.info("lease_taken", lease=name)
            task = asyncio.create_task(_tried(name, work), name=f"lease {name}")
            try:
                await self._keep(name, task, since=began)
            finally:
                task.cancel()
                await asyncio.wait({task})
                await self._give(name)
            finished = not task.cancelled() and task.result()
            if not finished:
                failures = 0 if monotonic() - began > STEADY else failures
                await asyncio.sleep(back_off(failures).total_seconds())
                failures += 1

    async def _keep(self, name: str, task: asyncio.Task[bool], *, since: float) -> None:
        """Renew until the work ends or the lease, ours ``since`` then, is lost."""
        # The process may have been stopped for a while: what it had before is not its own any more.
        while (left := since + FENCE - monotonic()) > 0:
            await asyncio.wait({task}, timeout=min(RENEW, left))
            if task.done():
                return
            began = monotonic()
            left = since + FENCE - began
            taken = await self._take(name, within=min(RENEW, left)) if left > 0 else False
            if taken:
                since = began
            elif taken is False:
                break
        log.warning("lease_lost", lease=name)

    async def _take(self, name: str, *, within: float) -> bool | None:
        """Whether the lease is ours from now on; None when nobody could tell ``within`` so many seconds."""
        try:
            async with asyncio.timeout(within):
                return await self._store.write(lambda conn: leases.take(conn, name, owner=self._owner, length=LENGTH))
        except (SQLAlchemyError, TimeoutError) as error:
            log.warning("lease_not_renewed", lease=name, error=type(error).__name__)
            return None

    async def _give(self, name: str) -> None:
        try:
            await self._store.write(lambda conn: leases.give(conn, name, owner=self._owner))
        except SQLAlchemyError as error:  # it ends by itself
            log.warning("lease_not_given_back", lease=name, error=type(error).__name__)


async def _tried(name: str, work: Work) -> bool:
    """Whether the work ended with nothing left to do."""
    try:
        await work()
    except Exception as error:  # noqa: BLE001 - whatever it was, the work is begun again
        log.error("owner_failed", lease=name, error=type(error).__name__)  # noqa: TRY400 - its text may hold anything
        return False
    return True
