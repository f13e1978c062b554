"""What is executed by a plan does what the library does, errors included."""

from __future__ import annotations

import asyncio
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import (
    Column,
    Connection,
    Executable,
    Integer,
    MetaData,
    Table,
    Text,
    bindparam,
    create_engine,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError, MultipleResultsFound, NoResultFound, OperationalError, StatementError

from bot.store import Store, direct
from bot.store.direct import DirectConnection, directly
from bot.store.schema import BODY
from bot.store.types import Json, Moment
from dialogs.events import AgentNoted

things = Table(
    "things",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("at", Moment),
    Column("body", Json(BODY)),
    Column("count", Integer),  # a name a tuple's method has
)
c = things.c

ADD = insert(things).returning(c.id)
ADD_MANY = insert(things)
GET = select(c.id, c.name, c.at, c.body, c.count).where(c.id == bindparam("one"))
ALL = select(c.name.label("called"), func.length(c.name)).order_by(c.id)
FIXED = select(c.id).where(c.name.in_(("a", "b")), c.count > 1).order_by(c.id).limit(bindparam("most"))
GROW = update(things).where(c.id == bindparam("one")).values(count=c.count + 1, name=bindparam("new"))
LISTED = select(c.id).where(c.name.in_(bindparam("names", expanding=True))).order_by(c.id)

MOMENTS = st.none() | st.datetimes(timezones=st.just(UTC))
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@pytest.fixture
def made_by_plan(monkeypatch: pytest.MonkeyPatch) -> list[Executable]:
    """The statements that were executed by a plan."""
    seen: list[Executable] = []
    plan_of = direct._plan

    def noted(statement: Executable, *more: Any) -> Any:
        plan = plan_of(statement, *more)
        if plan is not None:
            seen.append(statement)
        return plan

    monkeypatch.setattr(direct, "_plan", noted)
    return seen


def twice(conn: Connection, statement: Executable, values: Any = None) -> list[Any]:
    """What the library finds the first time, and the plan the second time."""
    results = [conn.execute(statement, values) for _ in range(2)]
    return [result.all() for result in results]


def database() -> Connection:
    conn = directly(create_engine("sqlite://")).connect()
    things.metadata.create_all(conn)
    return conn


@given(
    rows=st.lists(st.tuples(WORDS, MOMENTS, st.none() | WORDS, st.none() | st.integers(-9, 9)), min_size=1, max_size=5)
)
def test_rows_come_back_as_the_library_gives_them(rows: list[tuple[Any, ...]]) -> None:
    with database() as conn:
        for name, at, words, count in rows:
            body = None if words is None else AgentNoted(agent="小王", text=words)
            conn.execute(ADD, {"name": name, "at": at, "body": body, "count": count}).scalar_one()
        for number in range(1, len(rows) + 1):
            usual, planned = twice(conn, GET, {"one": number})
            assert [tuple(row) for row in planned] == [tuple(row) for row in usual]
            name, at, words, _ = rows[number - 1]
            assert (planned[0].name, planned[0].at) == (name, at)
            assert dict(planned[0]._mapping) == dict(usual[0]._mapping)
            assert planned[0].body == (None if words is None else AgentNoted(agent="小王", text=words))
        usual, planned = twice(conn, ALL)
        assert [tuple(row) for row in planned] == [tuple(row) for row in usual]
        assert planned[0].called == rows[0][0]


def test_changes_lists_and_limits(made_by_plan: list[Executable]) -> None:
    row = {"at": None, "body": None, "count": 1}
    with database() as conn:
        for _ in range(2):
            conn.execute(ADD_MANY, [{**row, "name": "a"}, {**row, "name": "b"}])
        for times in (1, 2):
            assert conn.execute(GROW, {"one": 1, "new": "a"}).rowcount == 1
            assert conn.execute(GET, {"one": 1}).one().count == 1 + times
        assert conn.execute(GROW, {"one": 99, "new": "z"}).rowcount == 0
        assert [conn.execute(FIXED, {"most": 5}).scalars().all() for _ in range(2)] == [[1], [1]]
        assert [conn.execute(LISTED, {"names": ["b"]}).scalars().all() for _ in range(2)] == [[2, 4], [2, 4]]

    # Lists of values go the usual way.
    assert {id(one) for one in made_by_plan} == {id(ADD_MANY), id(GROW), id(GET)}


def test_results_say_when_they_are_not_what_was_asked_for() -> None:
    with database() as conn:
        conn.execute(ALL)
        found = conn.execute(ALL)
        assert (found.first(), found.scalar(), found.all()) == (None, None, [])
        with pytest.raises(NoResultFound):
            found.one()
        conn.execute(ADD_MANY, [{"name": name, "at": None, "body": None, "count": 0} for name in "ab"])
        assert [row.called for row in conn.execute(ALL)] == ["a", "b"]
        with pytest.raises(MultipleResultsFound):
            conn.execute(ALL).scalar_one()


def test_a_missing_value_is_told_as_the_library_tells_it() -> None:
    with database() as conn:
        conn.execute(GET, {"one": 1})
        with pytest.raises(StatementError, match="one"):
            conn.execute(GET, {})


def test_errors_are_the_librarys_and_hold_no_values(made_by_plan: list[Executable]) -> None:
    row = {"id": 1, "name": "what a buyer wrote", "at": None, "body": None, "count": 0}
    with database() as conn:
        conn.execute(ADD_MANY, {**row, "id": 7})
        conn.execute(ADD_MANY, row)
        with pytest.raises(IntegrityError) as caught:
            conn.execute(ADD_MANY, row)

    assert made_by_plan[-1] is ADD_MANY
    assert "things.id" in str(caught.value)
    assert "buyer" not in str(caught.value)


@pytest.mark.postgres
async def test_a_connection_the_server_dropped_is_replaced(postgres_database: str) -> None:
    store = await Store.open(postgres_database)
    mine = text("SELECT pg_backend_pid()")

    def pid(conn: Connection) -> int:
        return int(conn.execute(mine).scalar_one())

    pids = set(await asyncio.gather(*(store.write(pid) for _ in range(12))))
    other = await Store.open(postgres_database)
    end = text("SELECT pg_terminate_backend(pid) FROM unnest(CAST(:pids AS int[])) AS pid")
    await other.write(lambda conn: conn.execute(end, {"pids": list(pids)}).all())
    after = set(await asyncio.gather(*(store.write(pid) for _ in range(12))))

    assert not pids & after
    await other.close()
    await store.close()


def test_what_comes_from_the_engine_is_of_this_kind() -> None:
    with database() as conn:
        assert isinstance(conn, DirectConnection)
        with pytest.raises(OperationalError):
            conn.execute(text("SELECT * FROM nowhere"))
