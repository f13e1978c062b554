"""Showings: changes are numbered, so that none is taken for shown that was not."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Executable

from bot.lanes import board_lane, board_of
from bot.store import Store, showings
from tests.bot.house import House
from tests.fakes import NOON

BOARDS = ("slack", "telegram:shop")


@pytest.fixture
async def conversation_id(store: Store) -> int:
    """A conversation no board has seen."""
    house = House(store)
    accepted = await house.inbox.accept(house.event_of("hola", chat="ana"))
    return accepted.conversation_id


async def _want(store: Store, conversation_id: int, *boards: str, seconds: int = 0) -> None:
    now = NOON + timedelta(seconds=seconds)
    await store.write(lambda conn: showings.want(conn, boards, conversation_id, now=now))


async def _head(store: Store, conversation_id: int, board: str = "slack") -> showings.Head | None:
    return await store.read(lambda conn: showings.head(conn, board, conversation_id))


async def test_nothing_is_wanted_before_something_is(store: Store, conversation_id: int) -> None:
    await _want(store, conversation_id)

    assert await _head(store, conversation_id) is None
    assert await store.read(showings.open_lanes) == []


async def test_every_change_counts_on_every_board(store: Store, conversation_id: int) -> None:
    await _want(store, conversation_id, *BOARDS)
    await _want(store, conversation_id, "slack")

    expected = showings.Head(wanted=2, shown=0, memo="", attempts=0, not_before=None)
    assert await _head(store, conversation_id) == expected
    other = await _head(store, conversation_id, "telegram:shop")
    assert other is not None
    assert other.wanted == 1
    lanes = await store.read(showings.open_lanes)
    assert {board_of(lane) for lane in lanes} == {("slack", conversation_id), ("telegram:shop", conversation_id)}
    assert set(lanes) == {board_lane(board, conversation_id) for board in BOARDS}


async def test_many_changes_at_once_are_all_counted(store: Store, conversation_id: int) -> None:
    await asyncio.gather(*(_want(store, conversation_id, *BOARDS) for _ in range(50)))

    head = await _head(store, conversation_id)
    assert head is not None
    assert head.wanted == 50


async def test_a_change_after_the_look_is_still_wanted(store: Store, conversation_id: int) -> None:
    await _want(store, conversation_id, "slack")
    await _want(store, conversation_id, "slack")
    await store.write(lambda conn: showings.later(conn, "slack", conversation_id, not_before=NOON, error="down"))
    head = await _head(store, conversation_id)
    assert head is not None
    assert (head.attempts, head.not_before) == (1, NOON)
    await store.write(lambda conn: showings.keep(conn, "slack", conversation_id, '{"ts": "1.2"}'))
    await store.write(lambda conn: showings.shown(conn, "slack", conversation_id, upto=1, now=NOON))

    expected = showings.Head(wanted=2, shown=1, memo='{"ts": "1.2"}', attempts=0, not_before=None)
    assert await _head(store, conversation_id) == expected
    await store.write(lambda conn: showings.shown(conn, "slack", conversation_id, upto=2, now=NOON))
    assert await _head(store, conversation_id) is None
    await _want(store, conversation_id, "slack")
    assert await _head(store, conversation_id) == showings.Head(
        wanted=3, shown=2, memo='{"ts": "1.2"}', attempts=0, not_before=None
    )


async def test_waiting_is_counted_from_the_first_change(store: Store, conversation_id: int) -> None:
    async def waiting(seconds: int) -> int:
        before = NOON + timedelta(seconds=seconds)
        return await store.read(lambda conn: showings.waiting(conn, ("slack",), before=before))

    await _want(store, conversation_id, *BOARDS)
    await _want(store, conversation_id, "slack", seconds=60)
    assert (await waiting(0), await waiting(1)) == (0, 1)
    await store.write(lambda conn: showings.shown(conn, "slack", conversation_id, upto=2, now=NOON))
    assert await waiting(100) == 0
    await _want(store, conversation_id, "slack", seconds=120)

    assert (await waiting(120), await waiting(121)) == (0, 1)


async def test_all_boards_are_told_with_one_statement(
    store: Store, conversation_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []

    def want(conn: Connection) -> None:
        execute = conn.execute

        def counted(statement: Executable, values: Any) -> object:
            seen.append(statement)
            return execute(statement, values)

        monkeypatch.setattr(conn, "execute", counted)
        showings.want(conn, BOARDS, conversation_id, now=NOON)
        showings.want(conn, (), conversation_id, now=NOON)
        monkeypatch.undo()

    await store.write(want)
    assert len(seen) == 1


async def test_what_waits_is_found_by_its_index(store: Store, conversation_id: int) -> None:
    def plan(conn: Connection) -> str:
        explain = "EXPLAIN QUERY PLAN"
        if conn.dialect.name == "postgresql":
            conn.exec_driver_sql("SET LOCAL enable_seqscan = off")  # else it reads a table of one row as it stands
            explain = "EXPLAIN"
        return str(conn.exec_driver_sql(f"{explain} {showings._OPEN.compile(conn)}").all())

    assert "showings_open" in await store.write(plan)
