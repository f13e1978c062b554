"""Contacts: buyers as one account knows them, found by any of their aliases."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, insert, or_, select, update

from bot.store.schema import contact_aliases as aliases
from bot.store.schema import contacts
from bot.store.sql import InsertIfNew
from dialogs.messages import Contact

_ADD = insert(contacts).returning(contacts.c.id)
_ADD_ALIAS = InsertIfNew(aliases)
_CHANGE = (
    update(contacts)
    .where(contacts.c.id == bindparam("contact"))
    .values(name=bindparam("new_name"), folded=bindparam("new_folded"), aliases=bindparam("new_aliases"))
)

USERNAME = "username"
# Ids a platform gives one person, and never to another one.
_OWN_IDS = ("bsuid", "lid")
_SUREST = {kind: rank for rank, kind in enumerate((*_OWN_IDS, "wa_id", "phone"))}

Aliases = tuple[tuple[str, str], ...]


def find_or_add(conn: Connection, *, account: str, name: str, known: Aliases, now: datetime) -> int:
    """Id of the contact with one of the aliases, else of a new one."""
    found = find(conn, account, known)
    if found is not None:
        learn(conn, found, account=account, name=name, known=known)
        return found.id
    values = {"account": account, "name": name, "folded": name.casefold(), "aliases": dict(known), "created_at": now}
    new: int = conn.execute(_ADD, values).scalar_one()
    _remember(conn, new, account, known)
    return new


def learn(conn: Connection, contact: Contact, *, account: str, name: str, known: Aliases) -> None:
    """Keep a newer name and new aliases; one that was somebody else's still finds them, and is shown here too."""
    new = tuple(alias for alias in known if alias not in contact.aliases.items())
    name = name or contact.name
    if not new and name == contact.name:
        return
    values = {"contact": contact.id, "new_name": name, "new_folded": name.casefold()}
    conn.execute(_CHANGE, {**values, "new_aliases": {**contact.aliases, **dict(new)}})
    _remember(conn, contact.id, account, new)


def _remember(conn: Connection, contact_id: int, account: str, known: Aliases) -> None:
    if known:
        # In one order everywhere: two transactions that store the same ones never wait for each other.
        rows = [{"contact_id": contact_id, "account": account, "kind": k, "value": v} for k, v in sorted(known)]
        conn.execute(_ADD_ALIAS.on(conn), rows)


def find(conn: Connection, account: str, known: Aliases) -> Contact | None:
    """Who is known by one of the aliases, the surest kind first.

    A user name is nobody's for ever and a phone number is given to somebody else one day: a user name finds nobody,
    and nothing finds a contact whom the platform's own id tells to be another person.
    """
    lasting = dict(alias for alias in known if alias[0] != USERNAME)
    if not lasting:
        return None
    any_of = or_(*(and_(aliases.c.kind == kind, aliases.c.value == value) for kind, value in lasting.items()))
    query = (
        select(contacts.c.id, contacts.c.name, contacts.c.aliases, aliases.c.kind)
        .join_from(aliases, contacts)
        .where(aliases.c.account == account, any_of)
        .order_by(aliases.c.id)
    )
    rows = [row for row in conn.execute(query) if not _is_another(row.aliases, lasting)]
    row = min(rows, key=lambda row: _SUREST.get(row.kind, len(_SUREST)), default=None)
    return None if row is None else Contact(row.id, row.name, row.aliases)


def _is_another(stored: Mapping[str, str], known: Mapping[str, str]) -> bool:
    return any(stored[kind] != known[kind] for kind in _OWN_IDS if kind in stored and kind in known)
