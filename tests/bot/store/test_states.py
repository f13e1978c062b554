"""What accounts keep over a restart."""

from __future__ import annotations

import asyncio

from bot.store import Store
from bot.store.states import StoredState


async def test_what_was_put_is_there_for_this_account_only(store: Store) -> None:
    state, other = StoredState(store, "bot"), StoredState(store, "bot2")
    assert await state.get("offset") is None
    await state.put("offset", "1")
    await state.put("offset", "2")
    await state.put("empty", "")
    await other.put("offset", "9")

    assert await StoredState(store, "bot").get("offset") == "2"
    assert await state.get("empty") == ""
    assert await state.all() == {"offset": "2", "empty": ""}
    await state.delete("offset")
    await state.delete("offset")
    assert await state.get("offset") is None
    assert await other.get("offset") == "9"


async def test_a_prefix_is_taken_as_it_stands(store: Store) -> None:
    state = StoredState(store, "bot")
    for key in ("topic:1", "topic:12", "Topic:1", "top", "topic_1", "to%", "话题:1"):
        await state.put(key, key)

    assert set(await state.all("topic:")) == {"topic:1", "topic:12"}
    assert set(await state.all("t%")) == set()
    assert set(await state.all("to%")) == {"to%"}
    assert set(await state.all("topic_")) == {"topic_1"}
    assert set(await state.all("话题")) == {"话题:1"}
    assert len(await state.all("")) == 7


async def test_many_puts_at_once_leave_one_of_them(store: Store) -> None:
    state = StoredState(store, "bot")
    await asyncio.gather(*(state.put("key", str(number)) for number in range(50)))

    assert await state.get("key") in {str(number) for number in range(50)}
    assert len(await state.all()) == 1


async def test_what_no_database_holds_is_stored_as_far_as_it_can_be(store: Store) -> None:
    state = StoredState(store, "bot")
    await state.put("k\0", "a\ud800b\0")

    assert await state.get("k\0") == "a\ufffdb\ufffd"
    assert await state.all("k\0") == {"k\ufffd": "a\ufffdb\ufffd"}
    await state.delete("k\0")
    assert await state.all() == {}


async def test_of_many_who_expect_the_same_one_stores(store: Store) -> None:
    one, two = StoredState(store, "bot"), StoredState(store, "bot")
    texts = [str(number) for number in range(20)]
    swaps = [(one, two)[number % 2].swap("key", text, expect=None) for number, text in enumerate(texts)]
    first = [text for text, done in zip(texts, await asyncio.gather(*swaps), strict=True) if done]
    assert first == [await one.get("key")]

    swaps = [(one, two)[number % 2].swap("key", f"b{text}", expect=first[0]) for number, text in enumerate(texts)]
    then = [f"b{text}" for text, done in zip(texts, await asyncio.gather(*swaps), strict=True) if done]
    assert then == [await two.get("key")]

    assert not await one.swap("none", "x", expect="y")
    assert await one.get("none") is None
    assert await StoredState(store, "bot2").swap("key", "other", expect=None)
    assert await one.get("key") == then[0]
