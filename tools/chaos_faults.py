"""Carries a plan of faults out while the people talk."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tools.chaos_plan import DATABASE, Kind, Step
from tools.chaos_platform import Platform
from tools.chaos_processes import Database, Outage, Served

_TOO_MUCH: Final = 3  # faults at work at once


class Faults:
    """Begins every step when its moment has come and its target is well; several may be at work at once."""

    def __init__(
        self,
        served: Mapping[str, Served],
        database: Database | None,
        platform: Platform,
        *,
        accepted: Callable[[], int],
    ) -> None:
        self._served = served
        self._database = database
        self._platform = platform
        self._accepted = accepted
        self._busy = False  # the platform
        self.done: Counter[tuple[Kind, str]] = Counter()

    async def carry_out(self, steps: Sequence[Step], *, is_over: Callable[[], bool]) -> None:
        """Carry out all steps in order, and wait until everything is well again.

        Steps whose moment does not come because the people have ended are carried out one after the other.
        """
        at_work: set[asyncio.Task[None]] = set()
        for step in steps:
            while not is_over() and self._accepted() < step.after:  # noqa: ASYNC110 - counts of others, no event
                await asyncio.sleep(0.05)
            while len(at_work) >= _TOO_MUCH or self._is_busy(step.target):
                done, at_work = await asyncio.wait(at_work, return_when=asyncio.FIRST_COMPLETED)
                _raise_of(done)
            self._set_busy(step.target, busy=True)
            at_work.add(asyncio.create_task(self._carry_out(step)))
        if at_work:
            done, _ = await asyncio.wait(at_work)
            _raise_of(done)

    async def _carry_out(self, step: Step) -> None:
        try:
            if step.target == DATABASE:
                await self._kill_database(step)
            elif step.kind in {Kind.STORM, Kind.AWAY}:
                await self._trouble_platform(step)
            else:
                await self._trouble(self._served[step.target], step)
        finally:
            self._set_busy(step.target, busy=False)
        self.done[step.kind, step.target] += 1

    async def _kill_database(self, step: Step) -> None:
        if self._database is None:
            raise ValueError("there is no database to kill")
        began = time.time()
        await asyncio.to_thread(self._database.kill)
        await asyncio.sleep(step.seconds)
        asked = time.time()
        await asyncio.to_thread(self._database.start)
        self._database.outages.append(Outage(DATABASE, step.kind, began, asked, time.time()))

    async def _trouble_platform(self, step: Step) -> None:
        if step.kind is Kind.AWAY:
            await self._platform.go_away()
            await asyncio.sleep(step.seconds)
            await self._platform.open()
            return
        self._platform.stormy = True
        await asyncio.sleep(step.seconds)
        self._platform.stormy = False

    async def _trouble(self, served: Served, step: Step) -> None:
        began = time.time()
        match step.kind:
            case Kind.KILL | Kind.RESTART:
                if step.kind is Kind.KILL:
                    await served.kill()
                else:
                    await served.stop()
                await asyncio.sleep(step.seconds)
                asked = time.time()
                await served.start()
                served.outages.append(Outage(served.name, step.kind, began, asked, time.time()))
            case Kind.PAUSE:
                served.pause()
                await asyncio.sleep(step.seconds)
                served.resume()
                asked = time.time()
                served.outages.append(Outage(served.name, step.kind, began, asked, asked))
            case Kind.CLOCK:
                served.step_clock(step.ahead)
                await asyncio.sleep(step.seconds)
                served.step_clock(0.0)
            case _:
                served.starve()
                await asyncio.sleep(step.seconds)
                served.feed()

    def _is_busy(self, target: str) -> bool:
        if target == DATABASE:
            return self._database is not None and self._database.busy
        return self._served[target].busy if target in self._served else self._busy

    def _set_busy(self, target: str, *, busy: bool) -> None:
        if target in self._served:
            self._served[target].busy = busy
        elif target == DATABASE and self._database is not None:
            self._database.busy = busy
        else:
            self._busy = busy


def _raise_of(done: set[asyncio.Task[None]]) -> None:
    for task in done:
        task.result()
