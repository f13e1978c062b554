"""The relay: what changed in one process is told in all others, by PostgreSQL's LISTEN and NOTIFY.

All of it is hints to look again: one that gets lost costs time, never a message.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import uuid
from collections.abc import Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import psycopg
import structlog
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from bot.feed import ChangeFeed
from bot.inbox import Inbox
from bot.store import Store, events
from bot.store.postgres import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

log = structlog.stdlib.get_logger(__name__)

CHANNEL: Final = "heqi_changed"
GATHER: Final = 0.05  # seconds in which what changes is told together
AT_ONCE: Final = 400  # ids in one notification, which holds less than 8,000 bytes (PostgreSQL's NOTIFY)
AGAIN: Final = 1.0  # seconds before the database is tried again


class Relay:
    """Passes on the changes of conversations and the settling of events between the processes of an installation."""

    def __init__(self, url: str, *, store: Store, feed: ChangeFeed, inbox: Inbox) -> None:
        self._address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._store = store
        self._feed = feed
        self._inbox = inbox
        self._me = uuid.uuid4().hex[:12]
        self._changed: dict[int, None] = {}
        self._settled: dict[int, None] = {}
        self._some = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Pass on while the context is open."""
        self._feed.relay, self._inbox.relay = self._change, self._settle
        tasks = [asyncio.create_task(self._listen(), name="listen"), asyncio.create_task(self._tell(), name="notify")]
        try:
            yield
        finally:
            self._feed.relay = self._inbox.relay = None
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _change(self, conversation_id: int) -> None:
        self._changed[conversation_id] = None
        self._some.set()

    def _settle(self, event_id: int) -> None:
        self._settled[event_id] = None
        self._some.set()

    async def _tell(self) -> None:
        while True:
            try:
                async with await self._connect() as conn:
                    await self._tell_over(conn)
            except (psycopg.Error, OSError) as error:
                log.warning("relay_interrupted", part="notify", error=type(error).__name__)
                await asyncio.sleep(AGAIN)

    async def _tell_over(self, conn: psycopg.AsyncConnection) -> None:
        while True:
            await self._some.wait()
            await asyncio.sleep(GATHER)
            while self._changed or self._settled:
                changed, settled = _some_of(self._changed), _some_of(self._settled)
                told = {"by": self._me, "changed": changed, "settled": settled}
                try:
                    await conn.execute("SELECT pg_notify(%s, %s)", (CHANNEL, json.dumps(told)))
                except psycopg.Error:  # told over the next connection
                    self._changed.update(dict.fromkeys(changed))
                    self._settled.update(dict.fromkeys(settled))
                    raise
            self._some.clear()

    async def _listen(self) -> None:
        was_deaf = False
        while True:
            try:
                async with await self._connect() as conn:
                    await conn.execute(f"LISTEN {CHANNEL}")
                    if was_deaf:
                        for conversation_id in await self._store.read(events.latest_conversations):
                            self._feed.heard(conversation_id)
                    was_deaf = True
                    async for notice in conn.notifies():
                        await self._hear(json.loads(notice.payload))
            except (psycopg.Error, SQLAlchemyError, OSError) as error:  # the store's too: what was heard is looked up
                log.warning("relay_interrupted", part="listen", error=type(error).__name__)
                await asyncio.sleep(AGAIN)

    async def _hear(self, told: dict[str, Any]) -> None:
        if told["by"] == self._me:
            return
        for conversation_id in told["changed"]:
            self._feed.heard(conversation_id)
        await self._inbox.heard(told["settled"])

    async def _connect(self) -> psycopg.AsyncConnection:
        return await psycopg.AsyncConnection.connect(self._address, autocommit=True, **PATIENCE)


def _some_of(ids: dict[int, None]) -> Sequence[int]:
    """Takes the first ones out."""
    some = list(itertools.islice(ids, AT_ONCE // 2))
    for one in some:
        del ids[one]
    return some
