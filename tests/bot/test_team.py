"""The team: who somebody on a platform is to us, and what the command line does about it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.ports import AgentIdentity
from bot.agents import StoredAgents
from bot.store import Store
from bot.team import StoredTeam
from dialogs.errors import Refused
from tests.bot.test_cli import heqi
from tests.fakes import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def agents(store: Store, clock: FakeClock) -> AsyncIterator[StoredAgents]:
    built = StoredAgents(store, clock)
    yield built
    built.close()


@pytest.fixture
def team(store: Store, clock: FakeClock) -> StoredTeam:
    return StoredTeam(store, clock)


@pytest.fixture
async def wang(agents: StoredAgents) -> AgentIdentity:
    return await agents.add("小王", role="lead")


async def test_a_link_connects_a_user_once(agents: StoredAgents, team: StoredTeam, wang: AgentIdentity) -> None:
    token = await agents.link("小王")
    assert await team.of("telegram", "123456") is None
    assert await team.link("telegram", "123456", token) == wang

    assert await team.of("telegram", "123456") == wang
    assert await team.of("slack", "123456") is None
    assert await team.of("telegram", "123457") is None
    assert await team.link("telegram", "123457", token) is None
    assert await team.of("telegram", "123457") is None
    assert await agents.by_link(token) is None  # nor does it log in any more


async def test_a_link_is_used_once_by_many_at_once(agents: StoredAgents, team: StoredTeam, wang: AgentIdentity) -> None:
    token = await agents.link("小王")
    found = await asyncio.gather(*(team.link("telegram", f"{number}", token) for number in range(1, 21)))

    assert [identity for identity in found if identity is not None] == [wang]
    assert len((await agents.aliases())[wang.id]) == 1


@pytest.mark.parametrize("token", ["", "wrong", "2026", "x" * 10_000])
async def test_a_wrong_link_connects_nobody(team: StoredTeam, wang: AgentIdentity, token: str) -> None:
    assert await team.link("telegram", "123456", token) is None
    assert await team.of("telegram", "123456") is None


async def test_an_expired_link_connects_nobody(
    agents: StoredAgents, team: StoredTeam, clock: FakeClock, wang: AgentIdentity
) -> None:
    token = await agents.link("小王", valid=timedelta(minutes=10))
    clock.advance(minutes=10)

    assert await team.link("telegram", "123456", token) is None
    assert await team.of("telegram", "123456") is None


async def test_who_holds_the_link_is_the_agent(agents: StoredAgents, team: StoredTeam, wang: AgentIdentity) -> None:
    li = await agents.add("小李")
    await agents.alias("小王", "slack", "U0123ABC")
    assert await team.link("slack", "U0123ABC", await agents.link("小李")) == li

    assert await team.of("slack", "U0123ABC") == li
    assert await agents.aliases() == {li.id: (("slack", "U0123ABC"),)}


async def test_an_alias_is_one_agents_and_an_agent_has_many(
    agents: StoredAgents, team: StoredTeam, wang: AgentIdentity
) -> None:
    await agents.add("小李")
    await agents.alias("小王", "slack", "U0123ABC")
    await agents.alias("小王", "slack", "U0123ABC")
    await agents.alias("小王", "telegram", "123456")
    with pytest.raises(Refused, match="alias_taken"):
        await agents.alias("小李", "slack", "U0123ABC")

    assert await agents.aliases() == {wang.id: (("slack", "U0123ABC"), ("telegram", "123456"))}
    assert await team.of("slack", "U0123ABC") == wang
    await agents.unalias("slack", "U0123ABC")
    assert await team.of("slack", "U0123ABC") is None
    with pytest.raises(Refused, match="unknown_alias"):
        await agents.unalias("slack", "U0123ABC")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("slack", "小王"),
        ("slack", "@wang"),
        ("slack", "C0123ABC"),
        ("slack", "u0123abc"),
        ("slack", "U0123ABC\n"),
        ("telegram", "@wang"),
        ("telegram", "-100123"),
        ("telegram", "0123"),
        ("telegram", "１２３"),
        ("whatsapp", "123456"),
        ("telegram", ""),
    ],
)
async def test_only_a_users_id_is_an_alias(agents: StoredAgents, wang: AgentIdentity, kind: str, value: str) -> None:
    with pytest.raises(Refused, match="bad_user_id"):
        await agents.alias("小王", kind, value)
    assert await agents.aliases() == {}


async def test_nobody_is_an_agent_who_is_not(agents: StoredAgents) -> None:
    with pytest.raises(Refused, match="unknown_agent"):
        await agents.alias("nobody", "slack", "U0123ABC")


async def test_a_removed_agent_is_a_stranger_everywhere(
    agents: StoredAgents, team: StoredTeam, wang: AgentIdentity
) -> None:
    await agents.alias("小王", "slack", "U0123ABC")
    await agents.remove("小王")

    assert await team.of("slack", "U0123ABC") is None
    assert await agents.aliases() == {}


def test_the_command_line_tells_who_is_who(tmp_path: Path) -> None:
    (tmp_path / "heqi.toml").write_text("engines = []\n", encoding="utf-8")
    for name in ("小王", "小李"):
        assert heqi(tmp_path, "agent", "add", name).returncode == 0
    assert heqi(tmp_path, "agent", "alias", "小王", "slack", "U0123ABC").returncode == 0
    assert heqi(tmp_path, "agent", "alias", "小王", "telegram", "123456").returncode == 0

    listed = heqi(tmp_path, "agent", "list").stdout.decode().splitlines()
    assert listed == ["小李\tagent", "小王\tagent\tslack:U0123ABC telegram:123456"]
    taken = heqi(tmp_path, "agent", "alias", "小李", "slack", "U0123ABC")
    assert (taken.returncode, b"unalias" in taken.stderr) == (1, True)
    named = heqi(tmp_path, "agent", "alias", "小李", "telegram", "@li")
    assert (named.returncode, b"user id" in named.stderr) == (1, True)
    assert heqi(tmp_path, "agent", "alias", "小李", "fax", "1").returncode == 2
    assert heqi(tmp_path, "agent", "unalias", "slack", "U0123ABC").returncode == 0
    gone = heqi(tmp_path, "agent", "unalias", "slack", "U0123ABC")
    assert (gone.returncode, b"not known" in gone.stderr) == (1, True)
    assert heqi(tmp_path, "agent", "list").stdout.decode().splitlines()[1] == "小王\tagent\ttelegram:123456"
