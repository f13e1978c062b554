"""What accounts on platforms must know after a restart."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, bindparam, delete, func, select, update

from bot.store.schema import account_states
from bot.store.sql import InsertIfNew, InsertOrChange
from bot.store.store import Store
from bot.store.types import storable

c = account_states.c

_PUT = InsertOrChange(account_states, "account", "key", change=lambda new: {"text": new.text})
_OF_KEY = (c.account == bindparam("of_account"), c.key == bindparam("of_key"))
_PUT_IF_NONE = InsertIfNew(account_states, returning=c.key)
_GET = select(c.text).where(*_OF_KEY)
_SWAP = update(account_states).where(*_OF_KEY, c.text == bindparam("expected")).values(text=bindparam("new_text"))
_DELETE = delete(account_states).where(*_OF_KEY)
# Not LIKE: it takes a and A for the same on SQLite.
_ALL = select(c.key, c.text).where(
    c.account == bindparam("of_account"), func.substr(c.key, 1, bindparam("length")) == bindparam("prefix")
)


class StoredState:
    """``adapters.ports.AccountState`` of one account in the store."""

    def __init__(self, store: Store, account: str) -> None:
        self._store = store
        self._account = account

    async def get(self, key: str) -> str | None:
        """The text under ``key``."""
        values = {"of_account": self._account, "of_key": storable(key)}
        return await self._store.read(lambda conn: conn.execute(_GET, values).scalar())

    async def put(self, key: str, text: str) -> None:
        """Store; it is there when this returns."""
        await self.change({key: text})

    async def delete(self, key: str) -> None:
        """Forget; nothing happens when there is none."""
        await self.change({}, (key,))

    async def change(self, puts: Mapping[str, str], deletes: Collection[str] = ()) -> None:
        """Store and forget several at once: all of it is done when this returns, or nothing."""
        # In one order everywhere: two transactions that lock the same rows never wait for each other.
        rows = [
            {"account": self._account, "key": storable(key), "text": storable(text)}
            for key, text in sorted(puts.items())
        ]
        gone = [{"of_account": self._account, "of_key": storable(key)} for key in sorted(deletes)]

        def write(conn: Connection) -> None:
            if rows:
                conn.execute(_PUT.on(conn), rows)
            if gone:
                conn.execute(_DELETE, gone)

        await self._store.write(write)

    async def swap(self, key: str, text: str, *, expect: str | None) -> bool:
        """Store if ``expect`` is what is there now (None: nothing), and tell whether it was."""
        key, text = storable(key), storable(text)
        if expect is None:
            row = {"account": self._account, "key": key, "text": text}
            return await self._store.write(lambda conn: conn.execute(_PUT_IF_NONE.on(conn), row).first() is not None)
        change = {"of_account": self._account, "of_key": key, "expected": storable(expect), "new_text": text}
        return await self._store.write(lambda conn: conn.execute(_SWAP, change).rowcount == 1)

    async def all(self, prefix: str = "") -> Mapping[str, str]:
        """Everything whose key begins so."""
        prefix = storable(prefix)
        values = {"of_account": self._account, "prefix": prefix, "length": len(prefix)}

        def read(conn: Connection) -> dict[str, str]:
            return {row.key: row.text for row in conn.execute(_ALL, values)}

        return await self._store.read(read)
