"""Retention: what may go, and how it goes: in small transactions, each of which looks again before it removes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    Connection,
    Row,
    Text,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    text,
    type_coerce,
)

from bot.store.schema import (
    account_states,
    blobs,
    clocks,
    contacts,
    conversations,
    deliveries,
    downloads,
    escalations,
    events,
    login_links,
    messages,
    sessions,
    translations,
)
from bot.store.types import Moment

c, e, m, b, t, s = conversations.c, events.c, messages.c, blobs.c, translations.c, account_states.c

_BEFORE = bindparam("before", type_=Moment)
_AFTER: BindParameter[int] = bindparam("after")
_COUNT: BindParameter[int] = bindparam("count")
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
# As ``Media.ref`` stands in the JSON of a message or an event: the digest that names a blob.
_REF: Final = re.compile(r'"ref":"([0-9a-f]{64})"')

# ---- conversations ---------------------------------------------------------------------------------------------------

_OVER = (text("conversations.status = 'resolved'"), c.last_at < _BEFORE, c.waiting_since.is_(None))
_FIND_OVER = select(c.id, c.next_seq).where(c.id > _AFTER, *_OVER).order_by(c.id).limit(_COUNT)
_STILL_OVER = select(c.id, c.next_seq, c.contact_id).where(c.id.in_(_IDS), *_OVER)
# Asked about a few conversations at a time: asked together with them, PostgreSQL reads every event there is.
_BUSY = tuple(
    select(table.c.conversation_id).where(table.c.conversation_id.in_(_IDS), why).distinct()
    for table, why in (
        (events, or_(e.state != "done", e.accepted_at >= _BEFORE)),
        (deliveries, deliveries.c.state.in_(("queued", "sending", "held", "ambiguous"))),
        (downloads, downloads.c.state == "open"),
        (clocks, clocks.c.state == "open"),
        (escalations, escalations.c.closed_at.is_(None)),
    )
)
_LOCK = select(c.id).where(c.id.in_(_IDS)).order_by(c.id).with_for_update()
_REMOVE = delete(conversations).where(c.id.in_(_IDS))
_LOCK_CONTACTS = select(contacts.c.id).where(contacts.c.id.in_(_IDS)).order_by(contacts.c.id).with_for_update()
_REMOVE_CONTACTS = delete(contacts).where(contacts.c.id.in_(_IDS), ~exists().where(c.contact_id == contacts.c.id))
_WHOSE = (
    select(c.account, c.chat, contacts.c.aliases).join_from(conversations, contacts).where(c.id == bindparam("of_id"))
)
_THERE = select(c.id).where(c.id.in_(_IDS))


@dataclass(frozen=True, slots=True)
class Over:
    """A conversation that may go; ``next_seq`` changes with whatever happens in it."""

    id: int
    next_seq: int


@dataclass(frozen=True, slots=True)
class Page:
    """Some that may go, and after which id to go on; None: there are no more."""

    found: tuple[Over, ...]
    after: int | None


def over(conn: Connection, *, before: datetime, after: int, limit: int) -> Page:
    """Resolved conversations with an id above ``after`` in which nothing is open and nothing happened since then."""
    rows = conn.execute(_FIND_OVER, {"before": before, "after": after, "count": limit}).all()
    busy = _busy(conn, [row.id for row in rows], before=before)
    found = tuple(Over(row.id, row.next_seq) for row in rows if row.id not in busy)
    return Page(found, rows[-1].id if len(rows) == limit else None)


def _busy(conn: Connection, ids: list[int], *, before: datetime) -> set[int]:
    """Those of the conversations in which something is open, or happened since ``before``."""
    values = {"ids": ids, "before": before}
    return {id_ for statement in _BUSY for id_ in conn.execute(statement, values).scalars()}


def remove(conn: Connection, found: Iterable[Over], *, before: datetime) -> int:
    """Remove those of them that are as they were found, with all that belongs to them; how many.

    Who is known by no other conversation is forgotten too.
    """
    were = {one.id: one.next_seq for one in found}
    # Locked first, looked at after: what came in between is seen, and what comes now waits.
    conn.execute(_LOCK, {"ids": list(were)})
    rows = conn.execute(_STILL_OVER, {"ids": list(were), "before": before}).all()
    busy = _busy(conn, list(were), before=before)
    gone = {row.id: row.contact_id for row in rows if row.next_seq == were[row.id] and row.id not in busy}
    if not gone:
        return 0
    conn.execute(_REMOVE, {"ids": list(gone)})
    whose = {"ids": list(set(gone.values()))}
    conn.execute(_LOCK_CONTACTS, whose)
    conn.execute(_REMOVE_CONTACTS, whose)
    return len(gone)


def whose(conn: Connection, conversation_id: int) -> Row[*tuple[Any, ...]]:
    """``account``, ``chat`` and the buyer's ``aliases``."""
    return conn.execute(_WHOSE, {"of_id": conversation_id}).one()


# ---- attachments -----------------------------------------------------------------------------------------------------

_OLD_BLOBS = select(b.ref, b.at).where(b.at < _BEFORE).order_by(b.at, b.ref)
_LAST_MESSAGE = select(func.coalesce(func.max(m.id), 0))
_ATTACHED = (
    select(type_coerce(m.media, Text).label("media"), m.at, c.status)
    .join_from(messages, conversations)
    .where(m.id > _AFTER, m.id <= bindparam("upto"), m.media.is_not(None))
)
# What is not worked on yet, or never was, has no message or not all of it.
_UNFINISHED = select(type_coerce(e.body, Text).label("body")).where(
    or_(text("events.state = 'open'"), text("events.state = 'parked'"))
)
_REMOVE_BLOBS = delete(blobs).where(b.ref.in_(_IDS), b.at < _BEFORE)


def old_blobs(conn: Connection, *, before: datetime) -> dict[str, datetime]:
    """When the blobs stored before then were stored, or handed in again, last."""
    return {row.ref: row.at for row in conn.execute(_OLD_BLOBS, {"before": before})}


def last_message(conn: Connection) -> int:
    """The highest id of a message."""
    return int(conn.execute(_LAST_MESSAGE).scalar_one())


def attached(conn: Connection, *, after: int, upto: int) -> list[tuple[str, datetime, bool]]:
    """What messages of these ids have attached: name of the bytes, time, and whether their case is resolved."""
    found = conn.execute(_ATTACHED, {"after": after, "upto": upto})
    return [(ref, row.at, row.status == "resolved") for row in found for ref in _REF.findall(row.media)]


def attached_to_unfinished(conn: Connection) -> frozenset[str]:
    """What events have attached that are open or parked."""
    return frozenset(ref for row in conn.execute(_UNFINISHED) for ref in _REF.findall(row.body))


def remove_blobs(conn: Connection, refs: Collection[str], *, before: datetime, seen: int) -> int:
    """Remove bytes nobody has handed in again since ``before`` nor sent in a message above ``seen``; how many."""
    newer = {ref for ref, _, _ in attached(conn, after=seen, upto=last_message(conn))} | attached_to_unfinished(conn)
    return int(conn.execute(_REMOVE_BLOBS, {"ids": sorted(set(refs) - newer), "before": before}).rowcount)


# ---- translations ----------------------------------------------------------------------------------------------------

_OLD_TRANSLATIONS = select(t.digest).where(t.at < _BEFORE).order_by(t.at).limit(_COUNT)
_REMOVE_TRANSLATIONS = delete(translations).where(t.digest.in_(_IDS))
_COUNT_TRANSLATIONS = select(func.count()).where(t.at < _BEFORE)


def remove_translations(conn: Connection, *, before: datetime, limit: int) -> int:
    """Forget the oldest remembered translations made before then, at most ``limit``; how many."""
    digests = list(conn.execute(_OLD_TRANSLATIONS, {"before": before, "count": limit}).scalars())
    return int(conn.execute(_REMOVE_TRANSLATIONS, {"ids": digests}).rowcount) if digests else 0


def count_translations(conn: Connection, *, before: datetime) -> int:
    """How many were made before then."""
    return int(conn.execute(_COUNT_TRANSLATIONS, {"before": before}).scalar_one())


# ---- clocks ----------------------------------------------------------------------------------------------------------

k = clocks.c
_CLOCKS = select(func.min(k.id), func.max(k.id))
_STOPPED = (k.id >= _AFTER, k.id < bindparam("upto"), k.state == "stopped")
_REMOVE_CLOCKS = delete(clocks).where(*_STOPPED)
_COUNT_CLOCKS = select(func.count()).where(*_STOPPED)


def clock_ids(conn: Connection) -> range:
    """The ids of clocks there may be."""
    first, last = conn.execute(_CLOCKS).one()
    return range(0) if first is None else range(first, last + 1)


def remove_clocks(conn: Connection, *, after: int, upto: int) -> int:
    """Remove those that were stopped, among the ids from ``after`` on and below ``upto``; how many."""
    return int(conn.execute(_REMOVE_CLOCKS, {"after": after, "upto": upto}).rowcount)


def count_clocks(conn: Connection, *, after: int, upto: int) -> int:
    """How many of these were stopped."""
    return int(conn.execute(_COUNT_CLOCKS, {"after": after, "upto": upto}).scalar_one())


# ---- log-ins ---------------------------------------------------------------------------------------------------------

_LOGINS: Final = (sessions, login_links)
_REMOVE_LOGINS = tuple(delete(table).where(table.c.expires_at <= _BEFORE) for table in _LOGINS)
_COUNT_LOGINS = tuple(select(func.count()).where(table.c.expires_at <= _BEFORE) for table in _LOGINS)


def remove_logins(conn: Connection, *, now: datetime) -> int:
    """Remove sessions and one-time links that have expired; how many."""
    return sum(conn.execute(statement, {"before": now}).rowcount for statement in _REMOVE_LOGINS)


def count_logins(conn: Connection, *, now: datetime) -> int:
    """How many have expired."""
    return sum(int(conn.execute(statement, {"before": now}).scalar_one()) for statement in _COUNT_LOGINS)


# ---- what accounts on platforms keep ---------------------------------------------------------------------------------

_ACCOUNTS = select(s.account).distinct().order_by(s.account)
_STATES = select(s.key, s.text).where(s.account == bindparam("of_account"))
_REMOVE_STATES = delete(account_states).where(s.account == bindparam("of_account"), s.key.in_(_IDS))


def accounts(conn: Connection) -> list[str]:
    """Accounts that keep anything."""
    return list(conn.execute(_ACCOUNTS).scalars())


def states(conn: Connection, account: str) -> Mapping[str, str]:
    """All an account keeps."""
    return {row.key: row.text for row in conn.execute(_STATES, {"of_account": account})}


def gone(conn: Connection, conversation_ids: Collection[int]) -> frozenset[int]:
    """Those of the ids that name no conversation any more."""
    return frozenset(conversation_ids) - set(conn.execute(_THERE, {"ids": sorted(conversation_ids)}).scalars())


def remove_states(conn: Connection, account: str, keys: Collection[str]) -> int:
    """Forget some of what an account keeps; how much of it was there."""
    return int(conn.execute(_REMOVE_STATES, {"of_account": account, "ids": sorted(keys)}).rowcount)


# ---- the database itself ---------------------------------------------------------------------------------------------

_SETTLED_JOBS: Final = (
    "FROM procrastinate_jobs WHERE status IN ('succeeded', 'failed', 'cancelled', 'aborted') AND NOT EXISTS "
    "(SELECT 1 FROM procrastinate_events WHERE job_id = procrastinate_jobs.id AND at >= :before)"
)
_REMOVE_JOBS = text(f"DELETE {_SETTLED_JOBS}").bindparams(_BEFORE)
_COUNT_JOBS = text(f"SELECT count(*) {_SETTLED_JOBS}").bindparams(_BEFORE)
# Rows of each index that are looked at: enough for the planner, and the same time however large the table.
_ANALYSIS: Final = 400


def remove_jobs(conn: Connection, *, before: datetime) -> int:
    """Remove jobs of lanes that ended before then, failed ones included; how many. Only PostgreSQL has any."""
    return conn.execute(_REMOVE_JOBS, {"before": before}).rowcount if _has_jobs(conn) else 0


def count_jobs(conn: Connection, *, before: datetime) -> int:
    """How many ended before then."""
    return int(conn.execute(_COUNT_JOBS, {"before": before}).scalar_one()) if _has_jobs(conn) else 0


def _has_jobs(conn: Connection) -> bool:
    return conn.dialect.name == "postgresql"


def analyze(conn: Connection) -> None:
    """Let SQLite's planner know how large the tables are; PostgreSQL does this by itself."""
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql(f"PRAGMA analysis_limit = {_ANALYSIS}")
        conn.exec_driver_sql("ANALYZE")
