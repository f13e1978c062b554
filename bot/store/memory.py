"""The exact translation memory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, select

from bot.store.schema import translations
from bot.store.sql import InsertIfNew
from bot.store.store import Store
from dialogs.ports import Clock, MemoryKey

c = translations.c

_ADD = InsertIfNew(translations)


class StoredMemory:
    """``dialogs.ports.Memory`` in the store. Keys are kept as digests, so the texts asked for are not stored."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def get(self, keys: tuple[MemoryKey, ...]) -> Mapping[MemoryKey, str]:
        """The stored values of those keys that are known, with one query."""
        by_digest = {_digest(key): key for key in keys}
        if not by_digest:
            return {}

        def read(conn: Connection) -> dict[MemoryKey, str]:
            rows = conn.execute(_of(len(by_digest)), {f"digest{n}": digest for n, digest in enumerate(by_digest)})
            return {by_digest[row.digest]: row.text for row in rows}

        return await self._store.read(read)

    async def put(self, key: MemoryKey, text: str) -> None:
        """Remember a proven translation; the first one stays."""
        row = {
            "digest": _digest(key),
            "shop": key.shop,
            "engine": key.engine,
            "target": key.target,
            "text": text,
            "at": self._clock.now(),
        }
        await self._store.write(lambda conn: conn.execute(_ADD.on(conn), row).rowcount)


@cache
def _of(count: int) -> Select[*tuple[Any, ...]]:
    """One statement for each number of keys, and there are but a few: one that stays is executed faster."""
    return select(c.digest, c.text).where(c.digest.in_([bindparam(f"digest{n}") for n in range(count)]))


def _digest(key: MemoryKey) -> str:
    # JSON keeps the fields apart and None different from every text.
    parts = (key.text, key.source, key.target, key.engine, key.glossary, key.shop)
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
