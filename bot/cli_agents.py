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
}


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
    """列出客服 (list the agents)."""
    for agent in _with_agents(_settings(config), lambda agents: agents.everyone()):
        typer.echo(f"{agent.name}\t{agent.role}")


@app.command("remove")
def remove(name: Name, config: Config = None) -> None:
    """移除客服并结束其登录 (remove an agent and end their sessions)."""
    _with_agents(_settings(config), lambda agents: agents.remove(name))


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
