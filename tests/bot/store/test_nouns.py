"""Translation memory, attachments, and contacts found by their aliases."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from sqlalchemy import func, select

from bot.store import Store
from bot.store.blobs import StoredBlobs
from bot.store.memory import StoredMemory
from bot.store.schema import contact_aliases, contacts, conversations, translations
from dialogs.events import BuyerWrote
from dialogs.ports import MemoryKey
from tests.bot.house import House
from tests.fakes import FakeClock

KEY = MemoryKey(text="hola ⟦0⟧", source="es", target="zh", engine="fake@1", glossary="", shop="shop")


async def test_memory_answers_an_equal_key_only(store: Store) -> None:
    memory = StoredMemory(store, FakeClock())
    await memory.put(KEY, "你好 ⟦0⟧")
    others = (
        replace(KEY, text="hola"),
        replace(KEY, source=None),
        replace(KEY, source="pt"),
        replace(KEY, target="en"),
        replace(KEY, engine="fake@2"),
        replace(KEY, glossary="x"),
        replace(KEY, shop="other"),
    )

    assert await memory.get((KEY, *others)) == {KEY: "你好 ⟦0⟧"}
    assert await memory.get(()) == {}


async def test_memory_keeps_the_first_of_two_answers_and_no_source_text(store: Store) -> None:
    memory = StoredMemory(store, FakeClock())
    await asyncio.gather(*(memory.put(KEY, "你好") for _ in range(5)))
    await memory.put(KEY, "您好")
    rows = await store.read(lambda conn: conn.execute(select(translations)).all())

    assert await memory.get((KEY,)) == {KEY: "你好"}
    assert len(rows) == 1
    assert "hola" not in str(rows)


async def test_the_same_bytes_are_stored_once(store: Store) -> None:
    blobs = StoredBlobs(store, FakeClock())
    first = await blobs.put(b"\x89PNG\0", mime="image/png")
    again = await blobs.put(b"\x89PNG\0", mime="image/png")
    other = await blobs.put(b"\x89PNG\0", mime="application/octet-stream")

    assert first == again != other
    assert await blobs.get(first) == (b"\x89PNG\0", "image/png")
    assert await blobs.get("unknown") is None


async def _contacts(store: Store) -> int | None:
    return await store.read(lambda conn: conn.execute(select(func.count()).select_from(contacts)).scalar())


async def test_a_buyer_is_found_by_any_alias_in_another_chat(house: House, store: Store) -> None:
    phone, lid = ("phone", "+34600"), ("lid", "9")
    event = house.event(BuyerWrote(text="hola"), chat="34600")
    await house.inbox.accept(replace(event, contact_aliases=(phone,)))
    event = house.event(BuyerWrote(text="soy yo"), chat="34600")
    await house.inbox.accept(replace(event, contact_aliases=(phone, lid)))
    event = house.event(BuyerWrote(text="otra vez"), chat="lid-9")
    accepted = await house.inbox.accept(replace(event, contact_aliases=(lid,)))
    await house.settle()

    assert await _contacts(store) == 1
    conversation = next(seen for _, seen in house.manager.seen if seen.id == accepted.conversation_id)
    assert dict(conversation.contact.aliases) == {"phone": "+34600", "lid": "9"}


async def test_the_same_alias_at_two_shops_is_two_buyers(house: House, store: Store) -> None:
    for chat, value in (("a", "1"), ("b", "2")):
        event = house.event(BuyerWrote(text="hola"), chat=chat)
        await house.inbox.accept(replace(event, contact_aliases=(("phone", value),)))

    assert await _contacts(store) == 2


async def test_a_new_name_is_kept_and_an_absent_one_changes_nothing(house: House) -> None:
    for name in ("Ana", "Ana María", ""):
        event = house.event(BuyerWrote(text="hola"), chat="ana")
        accepted = await house.inbox.accept(replace(event, contact_name=name))

    assert (await house.view(accepted.conversation_id)).row.contact_name == "Ana María"


async def test_a_hundred_first_messages_at_once_make_one_conversation(house: House, store: Store) -> None:
    events = [
        replace(house.event(BuyerWrote(text=f"hola {n}"), chat="ana"), contact_aliases=(("phone", "1"),))
        for n in range(100)
    ]
    accepted = await asyncio.gather(*(house.inbox.accept(event) for event in events))
    await house.settle()

    assert len({one.conversation_id for one in accepted}) == 1
    counts = await store.read(
        lambda conn: [
            conn.execute(select(func.count()).select_from(table)).scalar()
            for table in (conversations, contacts, contact_aliases)
        ]
    )
    assert counts == [1, 1, 1]
    view = await house.desk.view(accepted[0].conversation_id, limit=200)
    assert view is not None
    assert [line.message.seq for line in view.lines] == sorted({line.message.seq for line in view.lines})
    assert len(view.lines) == 100
