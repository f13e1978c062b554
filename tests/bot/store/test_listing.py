"""The desk's list, whose order is read off several indexes, is the order it is said to be."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select

from adapters.ports import ConversationRow, ListQuery
from bot.store import Store, listing
from bot.store.schema import contacts, conversations, events, messages, turns
from dialogs.events import BuyerWrote
from dialogs.messages import Case, CaseStatus, Mood
from tests.fakes import NOON

MOMENTS = (None, NOON, NOON + timedelta(hours=1))
RANKS = {Mood.ANGRY: 0, Mood.UPSET: 1, Mood.CALM: 2}
LATE = NOON + timedelta(days=9)


def _fill(conn: Connection) -> None:
    """Every combination of what the list is ordered by, each twice."""
    values: dict[str, Any] = {"account": "a", "name": "Ana", "folded": "ana", "aliases": {}, "created_at": NOON}
    conn.execute(insert(contacts), {"id": 1, **values})
    combinations = itertools.product(CaseStatus, MOMENTS, Mood, MOMENTS, MOMENTS[1:], (0, 1), ("one", "two"))
    rows = [
        {
            "account": "a", "chat": str(number), "shop": shop, "channel": "fake", "contact_id": 1,
            "language_memory": (), "case": Case(), "status": status, "situation": "unknown", "mood": mood,
            "urgency": "normal", "flags": (), "unread": 0, "last_text": "", "last_seq": last_seq, "last_at": last_at,
            "waiting_since": waiting, "due": due, "next_seq": 2,
        }
        for number, (status, due, mood, waiting, last_at, last_seq, shop) in enumerate(combinations)
    ]  # fmt: skip
    conn.execute(insert(conversations), rows)


def _urgency(row: ConversationRow) -> tuple[object, ...]:
    """What stands in the list's description, in words of Python."""
    due, waiting = row.due or LATE, row.waiting_since or LATE
    return (due, RANKS[row.mood], waiting, -row.last_at.timestamp(), -row.id)


@pytest.mark.parametrize("shops", [(), ("two", "three")])
async def test_the_first_of_the_list_are_the_most_urgent(store: Store, shops: tuple[str, ...]) -> None:
    await store.write(_fill)
    for status in (None, *CaseStatus):
        every = await store.read(lambda conn, status=status: set(conn.execute(_wanted(status, shops)).scalars()))
        whole = await _list(store, ListQuery(status=status, shops=shops, limit=1000))
        assert {row.id for row in whole} == every
        assert list(whole) == sorted(whole, key=_urgency)
        for limit in (1, 7, 30):
            assert await _list(store, ListQuery(status=status, shops=shops, limit=limit)) == whole[:limit]


async def _list(store: Store, query: ListQuery) -> tuple[ConversationRow, ...]:
    return await store.read(lambda conn: listing.find(conn, query))


def _wanted(status: CaseStatus | None, shops: tuple[str, ...]) -> Any:
    c = conversations.c
    wanted = select(c.id).where(c.last_seq > 0)
    if status is not None:
        wanted = wanted.where(c.status == status)
    return wanted.where(c.shop.in_(shops)) if shops else wanted


async def test_a_search_is_in_the_same_order_and_keeps_to_the_newest(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.write(_fill)
    await store.write(_say)
    query = ListQuery(status=None, search="Paquete", limit=1000)
    found = await _list(store, query)
    monkeypatch.setattr(listing, "SEARCHED", 5)
    listing._search.cache_clear()
    newest = await _list(store, query)
    listing._search.cache_clear()

    spoken = {row.id for row in await _list(store, ListQuery(status=None, limit=1000))}
    assert {row.id for row in found} == {id_ for id_ in spoken if id_ % 3 == 0}
    assert list(found) == sorted(found, key=_urgency)
    assert {row.id for row in newest} == {row.id for row in found if row.id > max(spoken) - 5}


def _say(conn: Connection) -> None:
    """One message in each conversation, in every third of them about a parcel; by turns in the words or the Chinese."""
    for id_ in conn.execute(select(conversations.c.id).order_by(conversations.c.id)).scalars().all():
        said = "mi paquete" if id_ % 6 == 0 else "hola"
        read = "paquete 包裹" if id_ % 6 == 3 else "你好"
        conn.execute(insert(events), _event(id_))
        conn.execute(insert(messages), _message(id_, said))
        conn.execute(
            insert(turns),
            {"id": id_, "event_id": id_, "conversation_id": id_, "message_id": id_, "folded": read, "at": NOON},
        )


def _event(id_: int) -> dict[str, object]:
    moment: datetime = NOON
    return {
        "id": id_, "account": "a", "external_id": str(id_), "conversation_id": id_, "seq": 1, "type": "buyer_wrote",
        "body": BuyerWrote(text=""), "at": moment, "accepted_at": moment, "state": "done", "attempts": 0,
    }  # fmt: skip


def _message(id_: int, said: str) -> dict[str, object]:
    return {
        "id": id_, "conversation_id": id_, "seq": 1, "direction": "incoming", "text": said, "at": NOON, "author": "",
        "event_id": id_, "folded": said,
    }  # fmt: skip
