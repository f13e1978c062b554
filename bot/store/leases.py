"""Leases: who does what only one process may do. The time is the database's, so that no process's clock matters."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Interval, Text, bindparam, delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert

from bot.store.schema import leases
from bot.store.types import Moment

c = leases.c

_LEASE, _PROCESS = bindparam("lease", type_=Text), bindparam("process", type_=Text)
# Who waits for a lease asks every few seconds, and writes nothing as long as another process has it.
_OTHERS = exists().where(c.name == _LEASE, c.owner != _PROCESS, c.until >= func.now(type_=Moment))
_NEW = insert(leases).from_select(
    [c.name, c.owner, c.until],
    select(_LEASE, _PROCESS, func.now() + bindparam("length", type_=Interval)).where(~_OTHERS),
)
_TAKE = _NEW.on_conflict_do_update(
    index_elements=[c.name],
    set_={"owner": _NEW.excluded.owner, "until": _NEW.excluded.until},
    where=(c.owner == _NEW.excluded.owner) | (c.until < func.now()),
).returning(c.name)
_GIVE = delete(leases).where(c.name == bindparam("lease"), c.owner == bindparam("process"))
_HELD = select(c.name).where(c.until >= func.now(type_=Moment))


def take(conn: Connection, name: str, *, owner: str, length: timedelta) -> bool:
    """Take a lease that is free, or keep one's own, for ``length`` from now; False: another process has it."""
    values: dict[str, Any] = {"lease": name, "process": owner, "length": length}
    return conn.execute(_TAKE, values).first() is not None


def give(conn: Connection, name: str, *, owner: str) -> None:
    """Give one's own lease back; nothing happens when another process has it."""
    conn.execute(_GIVE, {"lease": name, "process": owner})


def held(conn: Connection) -> frozenset[str]:
    """Names of the leases somebody has."""
    return frozenset(conn.execute(_HELD).scalars())
