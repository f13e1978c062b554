"""Command line: ``heqi``. Commands are thin; what they do is imported only when they run, so that help is fast."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from bot import cli_agents, cli_check, cli_export, cli_keep, cli_locales, cli_read, cli_retention, cli_serve
from bot.cli_common import fail
from dialogs.errors import HeqiError

app = typer.Typer(
    name="heqi",
    help="和气 Heqi：买家用任何语言写来，您只读写中文 (buyers write in any language, you read and write Chinese)",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("serve")(cli_serve.serve)
app.command("demo")(cli_serve.demo)
app.command("check")(cli_check.check)
app.add_typer(cli_agents.app, name="agent")
app.command("export")(cli_export.export)
app.command("prune")(cli_retention.prune)
app.command("backup")(cli_keep.backup)
app.command("restore")(cli_keep.restore)
app.command("fsck")(cli_keep.fsck)
app.command("migrate-to")(cli_keep.migrate_to)
app.command("read")(cli_read.read)
app.command("locales")(cli_locales.locales)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"heqi {version('heqi')}")
        raise typer.Exit


@app.callback()
def _options(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="显示版本 (show the version)")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line: expected errors are one clear line and an exit code, never a traceback."""
    try:
        app()
    except HeqiError as error:
        from bot.settings_problems import BadSettings  # noqa: PLC0415 - the whole tree of settings is slow to import

        fail(str(error), code=2 if isinstance(error, BadSettings) else 1)
    except OSError as error:
        fail(f"{error.strerror or type(error).__name__}: {error.filename or ''}".rstrip(": "), code=1)


if __name__ == "__main__":
    main()
