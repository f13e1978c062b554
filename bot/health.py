"""Health: what keeps the service from being ready, in words an operator can act on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from adapters.ports import Board, Channel
from bot.boards import Boards
from bot.store import Store, deliveries, events
from dialogs.ports import Clock

# Work is done within seconds; what waits longer than this means that something is stuck.
LAG = timedelta(minutes=2)


class Health:
    """Asks the rows how far behind the work is, and every channel and board what keeps it from working."""

    def __init__(self, store: Store, clock: Clock, boards: Boards, parts: Mapping[str, Channel | Board]) -> None:
        self._store = store
        self._clock = clock
        self._boards = boards
        self._parts = parts

    async def problems(self) -> Mapping[str, str]:
        """What is not well, by part; empty when all is."""
        try:
            lags = await self._store.read(lambda conn: _lags(conn, self._clock.now()))
            waiting = await self._boards.problem()
        except SQLAlchemyError as error:
            return {"database": type(error).__name__}
        told = {
            f"{name}.{what}": problem for name, part in self._parts.items() for what, problem in part.problems().items()
        }
        late = {"boards": f"{waiting} conversations wait to be shown"} if waiting else {}
        return {**lags, **late, **told}


def _lags(conn: Connection, now: datetime) -> dict[str, str]:
    oldest = {"inbox": events.oldest_open(conn), "outbox": deliveries.oldest_due(conn, now=now)}
    return {
        part: f"oldest waits since {since.isoformat(timespec='seconds')}"
        for part, since in oldest.items()
        if since is not None and now - since > LAG
    }
