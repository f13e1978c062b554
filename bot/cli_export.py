"""``heqi export``: conversations as a file."""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from bot.cli_common import Config, fail

if TYPE_CHECKING:
    from bot.settings import Settings


class Format(StrEnum):
    """What the file is."""

    JSON = "json"
    CSV = "csv"


def export(
    conversation: Annotated[list[int] | None, typer.Argument(help="对话编号 (ids of conversations)")] = None,
    config: Config = None,
    everything: Annotated[bool, typer.Option("--all", help="全部对话 (all conversations)")] = False,
    kind: Annotated[Format, typer.Option("--format", "-f", help="文件格式 (file format)")] = Format.JSON,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="写入文件 (file to write)", show_default="-")
    ] = None,
    zone: Annotated[str, typer.Option(help="时间的时区 (time zone of the times)")] = "Asia/Shanghai",
    bom: Annotated[bool, typer.Option("--bom", help="CSV 加 BOM，便于 Excel 打开 (so that Excel reads UTF-8)")] = False,
) -> None:
    """导出对话，含原文与中文 (conversations with both languages as JSON or CSV)."""
    from bot.settings_file import load  # noqa: PLC0415 - imported when used, help stays fast

    if bool(conversation) == everything:
        raise typer.BadParameter("请给出对话编号或 --all (give ids or --all)")
    try:
        place = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise typer.BadParameter(f"{zone}：没有这个时区 (no such time zone)", param_hint="--zone") from None
    asyncio.run(_export(load(config), tuple(conversation or ()), output, kind=kind, zone=place, bom=bom))


async def _export(
    settings: Settings, ids: tuple[int, ...], output: Path | None, *, kind: Format, zone: ZoneInfo, bom: bool
) -> None:
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import Progress  # noqa: PLC0415

    from bot.export import conversation_ids, export_csv, export_json  # noqa: PLC0415
    from bot.parts import open_desk  # noqa: PLC0415

    async with open_desk(settings) as desk:
        for id_ in ids:
            if await desk.view(id_, limit=1) is None:
                fail(f"没有编号为 {id_} 的对话 (no conversation {id_})", code=1)
        ids = ids or await conversation_ids(desk)
        with _writing(output) as out, Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("导出", total=len(ids))
            if kind is Format.CSV:
                await export_csv(desk, ids, out, zone=zone, bom=bom, done=lambda: progress.advance(task))
            else:
                await export_json(desk, ids, out, zone=zone, done=lambda: progress.advance(task))


@contextmanager
def _writing(output: Path | None) -> Iterator[TextIO]:
    """Standard output, or a file that appears only when it is whole."""
    if output is None:
        out = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="", write_through=True)
        yield out
        out.detach()
        return
    unfinished = output.with_name(f".{output.name}.unfinished")
    try:
        with unfinished.open("w", encoding="utf-8", newline="") as out:
            yield out
        unfinished.replace(output)
    finally:
        unfinished.unlink(missing_ok=True)
