"""``heqi agent``: who may use the desk."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from bot.cli_common import Config, fail
from dialogs.errors import Refused

if TYPE_CHECKING:
    from adapters.ports import AgentIdentity
    from bot.agents import StoredAgents
    from bot.settings import Settings

T = TypeVar("T")
Name = Annotated[str, typer.Argument(help="客服姓名 (name of the agent)")]

app = typer.Typer(help="客服账号 (agents)", no_args_is_help=True)

_REASONS = {
    "name_taken": "已有同名客服 (an agent of this name exists)",
    "empty_name": "姓名不能为空 (the name must not be empty)",
    "empty_password": "密码不能为空 (the password must not be empty)",
    "unknown_agent": "没有这位客服 (no such agent)",
    "bad_user_id": "应为平台的用户 ID：Slack 如 U0123ABC，Telegram 为数字 (the platform's user id, not a name: Slack "
    "U0123ABC, Telegram a number)",
    "alias_taken": "此用户已属于另一位客服，请先执行 heqi agent unalias (this user is another agent; unalias first)",
    "unknown_alias": "没有关联此用户 (this user is not known as an agent)",
}


class Platform(StrEnum):
    """Where agents have users of their own."""

    SLACK = "slack"
    TELEGRAM = "telegram"


User = Annotated[str, typer.Argument(help="平台的用户 ID，如 U0123ABC 或 123456 (the platform's id of the user)")]


class Role(StrEnum):
    """What an agent may do."""

    AGENT = "agent"
    LEAD = "lead"


@app.command("add")
def add(
    name: Name,
    config: Config = None,
    role: Annotated[Role, typer.Option(help="角色：客服或主管 (agent or lead)")] = Role.AGENT,
    password: Annotated[
        bool,
        typer.Option("--password", help="输入密码，而不是生成一次性链接 (ask for a password instead of making a link)"),
    ] = False,
) -> None:
    """添加客服，显示一次性登录链接 (add an agent and show a one-time link)."""
    settings = _settings(config)
    secret: str | None = None
    if password:
        secret = typer.prompt("密码 (password)", hide_input=True, confirmation_prompt="再输入一次 (again)")

    async def work(agents: StoredAgents) -> str | None:
        agent = await agents.add(name, role=role.value, password=secret)
        return None if secret else await agents.link(agent.name)

    _show_link(settings, _with_agents(settings, work))


@app.command("link")
def link(name: Name, config: Config = None) -> None:
    """生成新的一次性登录链接 (make a new one-time link)."""
    settings = _settings(config)
    _show_link(settings, _with_agents(settings, lambda agents: agents.link(name)))


@app.command("list")
def list_(config: Config = None) -> None:
    """列出客服及其在其他平台的用户 (list the agents and who they are on other platforms)."""

    async def work(agents: StoredAgents) -> list[str]:
        aliases = await agents.aliases()
        return [_line(agent, aliases.get(agent.id, ())) for agent in await agents.everyone()]

    for line in _with_agents(_settings(config), work):
        typer.echo(line)


@app.command("alias")
def alias(name: Name, platform: Platform, user: User, config: Config = None) -> None:
    """关联客服在 Slack 或 Telegram 的用户 (tell who an agent is on Slack or Telegram)."""
    _with_agents(_settings(config), lambda agents: agents.alias(name, platform.value, user))


@app.command("unalias")
def unalias(platform: Platform, user: User, config: Config = None) -> None:
    """取消关联 (make such a user a stranger again)."""
    _with_agents(_settings(config), lambda agents: agents.unalias(platform.value, user))


@app.command("remove")
def remove(name: Name, config: Config = None) -> None:
    """移除客服并结束其登录 (remove an agent and end their sessions)."""
    _with_agents(_settings(config), lambda agents: agents.remove(name))


def _line(agent: AgentIdentity, aliases: tuple[tuple[str, str], ...]) -> str:
    elsewhere = " ".join(f"{kind}:{value}" for kind, value in aliases)
    return "\t".join(part for part in (agent.name, agent.role, elsewhere) if part)


def _settings(config: Config) -> Settings:
    from bot.settings_file import load  # noqa: PLC0415 - imported when used, help stays fast

    return load(config)


def _show_link(settings: Settings, token: str | None) -> None:
    if token:
        typer.echo(f"{settings.server.url}/login/{token}")
        typer.echo("24 小时内有效，只能使用一次 (valid once, for 24 hours)", err=True)


def _with_agents(settings: Settings, work: Callable[[StoredAgents], Awaitable[T]]) -> T:
    from bot.parts import open_agents  # noqa: PLC0415

    async def run() -> T:
        async with open_agents(settings) as agents:
            return await work(agents)

    try:
        return asyncio.run(run())
    except Refused as refusal:
        fail(_REASONS.get(refusal.reason, refusal.reason), code=1)
