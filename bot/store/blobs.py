"""Bytes of attachments, named by what they are: the same bytes twice are stored once."""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection, select

from bot.store.schema import blobs
from bot.store.sql import InsertOrChange
from bot.store.store import Store
from dialogs.ports import Clock

c = blobs.c

# Bytes that are handed in again are as good as new: whoever did is about to send them.
_ADD = InsertOrChange(blobs, "ref", change=lambda new: {"at": new.at})


class StoredBlobs:
    """``adapters.ports.Blobs`` in the store."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def put(self, content: bytes, *, mime: str) -> str:
        """Store and return the ``ref``."""
        ref = hashlib.sha256(mime.encode() + b"\0" + content).hexdigest()
        row = {"ref": ref, "content": content, "mime": mime, "size": len(content), "at": self._clock.now()}
        await self._store.write(lambda conn: conn.execute(_ADD.on(conn), row).rowcount)
        return ref

    async def get(self, ref: str) -> tuple[bytes, str] | None:
        """The bytes and their mime type, None when not stored."""

        def read(conn: Connection) -> tuple[bytes, str] | None:
            row = conn.execute(select(c.content, c.mime).where(c.ref == ref)).first()
            return None if row is None else (bytes(row.content), row.mime)

        return await self._store.read(read)
