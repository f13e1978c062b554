"""``heqi backup``, ``restore``, ``fsck`` and ``migrate-to``: keeping and moving what is stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli_common import Config, fail

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID
    from sqlalchemy import URL

    from bot.keeping.copying import Told
    from bot.settings import Settings


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="备份文件，不能已存在 (file to write; must not exist)")],
    config: Config = None,
) -> None:
    """备份全部数据到一个文件，服务可以继续运行 (everything into one file, while the service runs)."""
    from rich.filesize import decimal  # noqa: PLC0415 - imported when used, help stays fast

    from bot.keeping.backup import backup as keep  # noqa: PLC0415

    _, url = _settings(config)
    with _progress() as told:
        kept = keep(url, file, told=told)
    _show_counts(kept.rows)
    typer.echo(f"{file}  {decimal(kept.size)}  {kept.size} bytes")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="备份文件 (a backup)")],
    config: Config = None,
    moved: Annotated[
        bool,
        typer.Option(
            "--moved",
            help="备份后服务没有再运行过，待发消息照常发送 (the service has not run since: what waits is sent)",
        ),
    ] = False,
) -> None:
    """把备份恢复到设置里的空数据库 (a backup into the settings' database, which must be new or empty)."""
    from bot.keeping.restore import restore as bring_back  # noqa: PLC0415

    settings, url = _settings(config)
    settings.data.mkdir(parents=True, exist_ok=True)
    with _progress() as told:
        restored = bring_back(file, url, moved=moved, told=told)
    _show_counts(restored.rows)
    typer.echo("已恢复 (restored)")
    if restored.uncertain:
        typer.echo(
            f"{restored.uncertain} 条待发消息可能已在备份之后发出：启动后在工作台标为“结果不明”，请逐条确认 "
            "(waited to be sent and may have left since: the desk asks about each)"
        )
    if restored.chosen:
        typer.echo(
            f"{restored.chosen} 个客服操作在备份时尚未处理，启动后会处理：请查看是否已做过 "
            "(actions of agents were not worked on yet and will be: see whether they had been)"
        )


def fsck(
    config: Config = None,
    minutes: Annotated[
        int, typer.Option(min=0, metavar="N", help="超过几分钟算久 (minutes after which open work is named)")
    ] = 15,
) -> None:
    """检查全部数据，只读，服务可以继续运行；有错误时退出码为 1 (check all data; reads only)."""
    from datetime import timedelta  # noqa: PLC0415 - imported when used, help stays fast

    from rich.console import Console  # noqa: PLC0415
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    from bot.clocks import SystemClock  # noqa: PLC0415
    from bot.keeping.fsck import examine  # noqa: PLC0415

    settings, url = _settings(config)
    days = settings.retention.attachments_days
    with _progress() as told:
        findings = examine(
            url,
            waits=timedelta(minutes=minutes),
            attachments=None if days is None else timedelta(days=days),
            now=SystemClock().now(),
            told=told,
        )
    table = Table("", "检查 check", "数量 count", "例如 examples")
    for finding in findings:
        mark = finding.check.level.value if finding.count else "✓"
        table.add_row(mark, finding.check.name, str(finding.count), escape("；".join(finding.examples)))
    Console().print(table)
    for finding in findings:
        if finding.count:
            typer.echo(
                f"{finding.check.level.value}  {finding.check.name}: {finding.count}\n  → {finding.check.advice}"
            )
    if any(finding.is_error for finding in findings):
        fail("数据有错误 (the data is wrong)", code=1)


def migrate_to(
    url: Annotated[
        str,
        typer.Argument(
            metavar="URL", help="空的目标数据库，密码请放 PGPASSWORD (an empty database; its password in PGPASSWORD)"
        ),
    ],
    config: Config = None,
) -> None:
    """把全部数据搬到另一个数据库，中断后可继续 (everything into another database; goes on where it was cut short)."""
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    from bot.keeping.moving import move  # noqa: PLC0415
    from bot.keeping.places import parse  # noqa: PLC0415

    _, source = _settings(config)
    target = parse(url)
    with _progress() as told:
        compared = move(source, target, told=told)
    table = Table("表 table", "行 rows", "校验 digest", "目标 target")
    for one in compared:
        table.add_row(one.table, str(one.rows), one.digest[:16], one.copied_digest[:16])
    Console().print(table)
    typer.echo("数据一致 (both sides are the same)")
    typer.echo(
        "请修改设置后启动服务；密码放环境变量 (change the setting, then start; a password into the environment):"
    )
    typer.echo(f'[database]\nurl = "{target.set(password=None).render_as_string()}"')


def _settings(config: Path | None) -> tuple[Settings, URL]:
    from bot.keeping.places import parse  # noqa: PLC0415
    from bot.settings_file import load  # noqa: PLC0415

    settings = load(config)
    return settings, parse(settings.database_url)


def _show_counts(rows: Mapping[str, int]) -> None:
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table("表 table", "行 rows")
    for name, count in rows.items():
        table.add_row(name, str(count))
    Console().print(table)


@contextmanager
def _progress() -> Iterator[Told]:
    """Shows how far each step is, on a terminal."""
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        yield _Steps(shown)


class _Steps:
    """A bar for each step."""

    def __init__(self, shown: Progress) -> None:
        self._shown = shown
        self._bars: dict[str, TaskID] = {}

    def __call__(self, what: str, done: int, total: int) -> None:
        if what not in self._bars:
            self._bars[what] = self._shown.add_task(what, total=total)
        self._shown.update(self._bars[what], completed=done, total=total)
