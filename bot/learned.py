"""Learned: what each shop's agents pick, looked up anew every minute."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.store import Store, picks
from dialogs.messages import (
    Shop,
)
from dialogs.ports import Clock
from dialogs.promises import Picks

_FRESH = timedelta(minutes=1)  # an order of proposals that is a minute old harms nobody


class Learned:
    """The picks of shops that learn."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[str, tuple[datetime, Mapping[str, Picks]]] = {}

    async def of(self, shop: Shop) -> Mapping[str, Picks]:
        """How often each reply was offered and picked; nothing for a shop that does not learn."""
        if not shop.learn:
            return {}
        now = self._clock.now()
        read_at, found = self._known.get(shop.id, (None, {}))
        if read_at is None or not read_at <= now < read_at + _FRESH:
            found = await self._store.read(lambda conn: picks.of_shop(conn, shop.id))
            self._known[shop.id] = now, found
        return found
