"""Agents: who may log in, and what is kept of how."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from adapters.ports import AgentIdentity
from bot.agents import StoredAgents
from bot.store import Store
from bot.store.schema import agents as agent_table
from bot.store.schema import login_links, sessions
from dialogs.errors import Refused
from tests.fakes import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def agents(store: Store, clock: FakeClock) -> AsyncIterator[StoredAgents]:
    built = StoredAgents(store, clock)
    yield built
    built.close()


async def test_the_right_password_opens_a_session_that_can_be_ended(agents: StoredAgents) -> None:
    added = await agents.add(" 小王 ", role="lead", password="正确的马")
    token = await agents.by_password("小王", "正确的马")

    assert added == AgentIdentity(id=added.id, name="小王", role="lead")
    assert token is not None
    assert await agents.by_session(token) == added
    await agents.log_out(token)
    assert await agents.by_session(token) is None


@pytest.mark.parametrize(
    ("name", "password"),
    [("小王", "wrong"), ("小王", ""), ("小李", "right"), ("nobody", "right"), ("", "")],
)
async def test_anything_else_opens_nothing(agents: StoredAgents, name: str, password: str) -> None:
    await agents.add("小王", password="right")
    await agents.add("小李")  # links only

    assert await agents.by_password(name, password) is None


async def test_a_session_ends_by_itself(agents: StoredAgents, clock: FakeClock) -> None:
    await agents.add("小王", password="right")
    token = await agents.by_password("小王", "right") or ""
    clock.advance(days=13)
    assert await agents.by_session(token) is not None
    clock.advance(days=1)

    assert await agents.by_session(token) is None


async def test_a_link_logs_in_once(agents: StoredAgents) -> None:
    added = await agents.add("小王")
    link = await agents.link("小王")
    token = await agents.by_link(link)

    assert token is not None
    assert await agents.by_session(token) == added
    assert await agents.by_link(link) is None
    assert await agents.by_session(link) is None


async def test_a_link_expires(agents: StoredAgents, clock: FakeClock) -> None:
    await agents.add("小王")
    link = await agents.link("小王", valid=timedelta(minutes=10))
    clock.advance(minutes=10)

    assert await agents.by_link(link) is None
    clock.advance(minutes=-10)
    assert await agents.by_link(link) is None  # an attempt uses it up


async def test_a_removed_agent_is_out_at_once(agents: StoredAgents) -> None:
    await agents.add("小王", password="right")
    token = await agents.by_password("小王", "right") or ""
    link = await agents.link("小王")
    await agents.remove("小王")

    assert await agents.by_session(token) is None
    assert await agents.by_link(link) is None
    assert await agents.everyone() == ()


async def test_agents_are_listed_by_name(agents: StoredAgents) -> None:
    await agents.add("b", role="lead")
    await agents.add("a")

    assert [(agent.name, agent.role) for agent in await agents.everyone()] == [("a", "agent"), ("b", "lead")]


@pytest.mark.parametrize(
    ("name", "role", "password", "reason"),
    [
        ("小王", "agent", None, "name_taken"),
        ("  ", "agent", None, "empty_name"),
        ("x", "boss", None, "unknown_role"),
        ("x", "agent", "", "empty_password"),
    ],
)
async def test_what_cannot_be_added_says_why(
    agents: StoredAgents, name: str, role: str, password: str | None, reason: str
) -> None:
    await agents.add("小王")
    with pytest.raises(Refused, match=reason):
        await agents.add(name, role=role, password=password)


async def test_an_unknown_agent_gets_no_link_and_cannot_be_removed(agents: StoredAgents) -> None:
    with pytest.raises(Refused, match="unknown_agent"):
        await agents.link("nobody")
    with pytest.raises(Refused, match="unknown_agent"):
        await agents.remove("nobody")


async def test_nothing_that_opens_a_door_is_stored(agents: StoredAgents, store: Store) -> None:
    await agents.add("小王", password="right")
    await agents.add("小李", password="right")
    secrets = [await agents.by_password("小王", "right") or "", await agents.link("小王"), "right"]
    rows = await store.read(
        lambda conn: [str(conn.execute(select(table)).all()) for table in (agent_table, sessions, login_links)]
    )
    hashes = await store.read(lambda conn: list(conn.execute(select(agent_table.c.password)).scalars()))

    assert not [secret for secret in secrets if secret in "".join(rows)]
    assert len(set(hashes)) == 2  # a salt for each
