"""``heqi check``: is everything as it must be?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli_common import Config
from dialogs.errors import HeqiError

if TYPE_CHECKING:
    from bot.settings import Settings


def check(
    config: Config = None,
    offline: Annotated[bool, typer.Option("--offline", help="不询问平台 (ask no platform)")] = False,
) -> None:
    """检查设置、剧本、译文、数据库和各平台账号，一次列出所有问题 (name every problem at once)."""
    from bot.settings_file import load  # noqa: PLC0415 - imported when used, help stays fast
    from bot.settings_problems import BadSettings  # noqa: PLC0415

    problems: list[str] = []
    try:
        settings = load(config)
    except BadSettings as error:
        problems += map(str, error.problems)
    else:
        problems += _runtime_problems(settings)
        if not problems and not offline:
            problems += _account_problems(settings)
    problems += _data_problems()
    for problem in problems:
        typer.echo(problem, err=True)
    if problems:
        raise typer.Exit(1)
    typer.echo("一切正常 (all is well)")


def _runtime_problems(settings: Settings) -> Iterator[str]:
    from bot.parts import open_store  # noqa: PLC0415
    from dialogs.language import DETECTORS  # noqa: PLC0415

    async def reach() -> None:
        async with open_store(settings):
            pass

    try:
        DETECTORS[settings.detector]()
    except HeqiError as error:
        yield f"detector: {error}"
    try:
        asyncio.run(reach())
    except HeqiError as error:
        yield f"database: {error}"
    except OSError as error:
        yield f"data = {settings.data}: {error.strerror}"


def _account_problems(settings: Settings) -> Iterator[str]:
    """What the platforms say; what is well is told as it comes."""
    from bot.checking import check_accounts  # noqa: PLC0415

    for checked in asyncio.run(check_accounts(settings)):
        for finding in checked.findings:
            if finding.fine:
                typer.echo(f"✓ {checked.name}: {finding.what}")
            else:
                yield f"✗ {checked.name}: {finding.what} → {finding.fix}"


def _data_problems() -> list[str]:
    from bot.data_checks.__main__ import LOCALES, find_problems  # noqa: PLC0415
    from dialogs.playbooks import FOLDER  # noqa: PLC0415

    return [str(problem) for problem in find_problems(FOLDER, LOCALES)]
