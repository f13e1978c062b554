"""``heqi serve`` and ``heqi demo``: the service."""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import socket
import sys
import webbrowser
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli_common import Config, fail
from bot.roles import Role

if TYPE_CHECKING:
    from bot.app import App
    from bot.settings import Server


def serve(
    config: Config = None,
    role: Annotated[
        Role,
        typer.Option(
            help="全部、只开网页和接口、只处理消息；后两种需要 PostgreSQL "
            "(everything; desk and doors only; work only: the last two need PostgreSQL)"
        ),
    ] = Role.ALL,
) -> None:
    """启动服务，直到按下 Ctrl+C (start the service)."""
    gc.disable()  # see _settle
    from bot import logs, serving  # noqa: PLC0415 - imported when used, help stays fast
    from bot.settings_file import load  # noqa: PLC0415

    settings = load(config)
    _refuse_taken_port(settings.server)
    logs.configure()
    run(serving.serve(settings, role=role, ready=_settle))


def demo(
    config: Config = None,
    story: Annotated[
        bool, typer.Option("--story/--no-story", help="演示一天中十二位买家的对话 (play a day of twelve buyers)")
    ] = False,
    browser: Annotated[
        bool | None, typer.Option("--open/--no-open", help="打开浏览器 (open the browser)", show_default="auto")
    ] = None,
) -> None:
    """试用：无需密钥、账号和网络 (try it: no key, no account, no network needed)."""
    gc.disable()  # see _settle
    import logging  # noqa: PLC0415

    from bot import logs, serving  # noqa: PLC0415
    from bot.settings_file import load  # noqa: PLC0415

    settings = load(config)
    _refuse_taken_port(settings.server)
    logs.configure(level=logging.WARNING if sys.stderr.isatty() else logging.INFO)

    async def ready(running: App) -> None:
        await _settle(running)
        for label, address in running.addresses():
            typer.echo(f"{label}  {address}")
        if browser or (browser is None and _has_desktop()):
            webbrowser.open(running.addresses()[0][1])
        if story:
            from bot.story import load_story, play  # noqa: PLC0415

            await play(running.inbox, running.desk, load_story(), account=settings.channel_accounts[0].id)

    run(serving.serve(settings, demo=True, ready=ready))


async def _settle(_: App) -> None:
    """Begin to collect garbage; what was made while starting stays, and is not looked through again and again."""
    gc.freeze()
    gc.enable()


def run(service: Coroutine[None, None, None]) -> None:
    """Run the service on the fast event loop where there is one (not on Windows).

    There it is the loop that PostgreSQL's driver can use.
    """
    new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.SelectorEventLoop
    if sys.platform != "win32":
        import uvloop  # noqa: PLC0415 - only a service needs it

        new_loop = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(service)


def _refuse_taken_port(server: Server) -> None:
    """Say plainly that the port is taken; the web server itself would tell it in a log line only."""
    family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((server.host, server.port))
        except OSError as error:
            where = f"{server.host}:{server.port}"
            if error.errno == errno.EADDRINUSE:
                fail(f"{where} 已被占用，请用 HEQI_SERVER__PORT 换端口 (taken; set HEQI_SERVER__PORT)", code=1)
            fail(f"{where} 无法使用：{error.strerror} (cannot listen there)", code=1)


def _has_desktop() -> bool:
    """Whether a browser would open in a window a person sees, not in this terminal."""
    if not sys.stdout.isatty():
        return False
    return sys.platform in {"darwin", "win32"} or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
