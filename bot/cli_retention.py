"""``heqi prune``: remove now what has served its time, and give a SQLite file's free room back."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bot.cli_common import Config, fail

if TYPE_CHECKING:
    from bot.retention import Removed
    from bot.settings import Settings

_NAMES: Final = {
    "conversations": "对话 (conversations)",
    "archives": "归档文件 (files of the archive)",
    "attachments": "附件 (attachments)",
    "translations": "翻译记忆 (remembered translations)",
    "clocks": "已停止的计时 (clocks that were stopped)",
    "logins": "过期登录 (expired log-ins)",
    "states": "平台记录 (what platforms' accounts kept)",
    "jobs": "旧任务 (jobs that ended)",
}


def prune(
    config: Config = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只统计，不删除 (count only)")] = False,
    compact: Annotated[
        bool,
        typer.Option("--compact", help="之后压缩 SQLite 文件，需先停止服务 (then shrink the file; stop the service)"),
    ] = False,
) -> None:
    """按 [retention] 清理过期数据；服务每天自动执行一次 (remove what has served its time)."""
    from bot.settings_file import load  # noqa: PLC0415 - imported when used, help stays fast

    settings = load(config)
    if compact and dry_run:
        raise typer.BadParameter("--dry-run 与 --compact 不能同时用 (not both)")
    if compact and settings.is_shared:
        fail("--compact 只用于 SQLite；PostgreSQL 会自行整理 (only for SQLite: PostgreSQL does this by itself)", code=2)
    removed = asyncio.run(_prune(settings, dry_run=dry_run, alone=compact))
    typer.echo("将删除 (would remove):" if dry_run else "已删除 (removed):")
    for name, count in asdict(removed).items():
        typer.echo(f"  {_NAMES[name]}: {count}")
    if compact:
        from bot.store.compaction import compact as make_small  # noqa: PLC0415

        before, after = make_small(settings.database_url)
        typer.echo(f"文件 (file): {before / 1e6:.1f} MB → {after / 1e6:.1f} MB")


async def _prune(settings: Settings, *, dry_run: bool, alone: bool) -> Removed:
    from bot.clocks import SystemClock  # noqa: PLC0415
    from bot.parts import open_store  # noqa: PLC0415
    from bot.retention import retention_of  # noqa: PLC0415

    async with open_store(settings, alone=alone) as store:
        retention = retention_of(settings, store, SystemClock())
        return await (retention.count() if dry_run else retention.run_once())
