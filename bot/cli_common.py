"""What the commands share: their common option and how they say what went wrong."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        envvar="HEQI_CONFIG",
        show_default="heqi.toml",
        metavar="FILE",
        help="设置文件 (settings file)",
    ),
]


def fail(text: str, *, code: int) -> NoReturn:
    """Say what is wrong on standard error and leave."""
    typer.echo(text, err=True)
    sys.exit(code)
