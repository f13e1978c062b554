"""One process or many: the engine, who owns what only one may do, and who finds what was left behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Final

from bot.engine.embedded import EmbeddedEngine
from bot.engine.port import Handler, WorkEngine
from bot.feed import ChangeFeed
from bot.inbox import Inbox
from bot.leases import Alone, Leases, Owns, Work
from bot.recovery import Recovers, Recovery, Sweep
from bot.schema_watch import SchemaWatch
from bot.settings import Settings
from bot.store import Store
from dialogs.ports import Clock

RECOVERY: Final = "recovery"


@dataclass(frozen=True, slots=True, kw_only=True)
class Processes:
    """How this process works, alone or with others. ``relayed`` is open while changes are told to the others."""

    engine: WorkEngine
    relayed: Callable[[ChangeFeed, Inbox], AbstractAsyncContextManager[None]]
    _owns: Owns
    _recovers: Recovers
    _watch: SchemaWatch | None = None

    @asynccontextmanager
    async def working(self, drain: Handler, owned: Mapping[str, Work]) -> AsyncIterator[None]:
        """Work on lanes, first on what was left open, and do what is ``owned`` (by lease) whenever it is our turn."""
        await self._recovers.once()
        await self.engine.run(drain)
        tasks = [
            asyncio.create_task(self._owns.hold(name, work), name=name)
            for name, work in {**owned, RECOVERY: self._recovers.run}.items()
        ]

        async def stop() -> None:
            # Nothing new is received any more when what runs gets its time to finish.
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.engine.stop()

        watching = None if self._watch is None else asyncio.create_task(self._watch.run(stop), name="schema")
        try:
            yield
        finally:
            if watching is not None:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
            await stop()

    def problems(self) -> Mapping[str, str]:
        """Why this process works on nothing; empty while it does."""
        return {} if self._watch is None else self._watch.problems()


def open_one(store: Store, clock: Clock) -> Processes:
    """For the only process there is."""
    engine = EmbeddedEngine(clock)
    return Processes(
        engine=engine,
        relayed=lambda _feed, _inbox: nullcontext(),
        _owns=Alone(),
        _recovers=Recovery(store, engine, clock),
    )


async def open_many(settings: Settings, store: Store, clock: Clock) -> Processes:
    """For one of many on a PostgreSQL database."""
    from bot.engine.distributed import DistributedEngine  # noqa: PLC0415 - its libraries load only where they are used
    from bot.relay import Relay  # noqa: PLC0415

    engine = DistributedEngine(settings.database_url, clock)
    await engine.open()
    return Processes(
        engine=engine,
        relayed=lambda feed, inbox: Relay(settings.database_url, store=store, feed=feed, inbox=inbox).running(),
        _owns=Leases(store),
        _recovers=Sweep(store, engine, clock),
        _watch=SchemaWatch(store),
    )
