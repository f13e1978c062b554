"""``heqi read``: what messages say, as JSON lines."""

from __future__ import annotations

import asyncio
import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli_common import Config

if TYPE_CHECKING:
    from bot.settings import Settings


def read(
    config: Config = None,
    translate: Annotated[
        bool, typer.Option("--translate/--no-translate", help="向翻译引擎请求中文 (ask the engines for Chinese)")
    ] = True,
    language: Annotated[
        str | None, typer.Option(help="已知的买家语言，如 es (the buyers' language, when it is known)")
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="说明依据：线索、原文、位置、分量 (say why: cue, words, place, weight)")
    ] = False,
    jobs: Annotated[int, typer.Option(min=1, max=256, help="同时处理的条数 (lines worked on at a time)")] = 8,
) -> None:
    """逐行读懂买家消息，输出 JSON (what messages say, as JSON lines).

    One message a line on standard input, plain or as {"text": …, "conversation": …}; one JSON line each on output.
    """
    from bot.settings_file import load  # noqa: PLC0415 - imported when used, help stays fast

    settings = load(config)
    if language is not None:
        _known_language(language)
    try:
        asyncio.run(_read(settings, translate=translate, language=language, explain=explain, jobs=jobs))
    except BrokenPipeError:
        # Whoever read the answers has seen enough. Nothing may be flushed into the closed pipe at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _known_language(code: str) -> None:
    from babel import Locale, UnknownLocaleError  # noqa: PLC0415

    try:
        Locale.parse(code, sep="-")
    except (ValueError, UnknownLocaleError):
        raise typer.BadParameter(f"{code}：不是语言代码 (no language code)", param_hint="--language") from None


async def _read(settings: Settings, *, translate: bool, language: str | None, explain: bool, jobs: int) -> None:
    from bot.parts import build_manager  # noqa: PLC0415
    from bot.read import Reading, lines_of  # noqa: PLC0415

    shop = settings.shops[0].shop()
    out = sys.stdout.buffer
    async with build_manager(settings, translate=translate) as manager:
        reading = Reading(manager, shop, language=language, jobs=jobs, explain=explain)
        async for answer in reading.answers(lines_of(partial(os.read, sys.stdin.fileno()))):
            if answer is None:
                out.flush()
            else:
                out.write(answer.encode() + b"\n")
    out.flush()
