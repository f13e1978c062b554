"""What is done after an update was answered: hints, answers to presses.

Whatever somebody would miss if the process ended now is stored before, and said by another process then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

import structlog

log = structlog.stdlib.get_logger(__name__)


class Later:
    """Runs such things; what fails is logged, what is left at the end is dropped."""

    def __init__(self, account: str) -> None:
        self._account = account
        self._tasks: set[asyncio.Task[None]] = set()

    def __call__(self, work: Coroutine[None, None, None]) -> None:
        """Begin ``work``."""
        task = asyncio.create_task(self._run(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: work.close())  # what was dropped before it began

    async def idle(self) -> None:
        """Wait until nothing is under way."""
        while self._tasks:
            await asyncio.wait(tuple(self._tasks))

    async def stop(self) -> None:
        """Drop what is under way."""
        for task in tuple(self._tasks):
            task.cancel()
        await self.idle()

    async def _run(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - a hint that could not be given must not end anything else
            # The texts of our errors are reasons; what others say may hold anything.
            log.warning("telegram_desk_hint", account=self._account, error=type(error).__name__)
