"""Checks the data, prints one line per problem and ends with 1 when there are any.

``--coverage`` prints how many replies are written per language and situation; ``--skeleton LANG`` creates or updates
the file a translator fills.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from babel import UnknownLocaleError
from rich.console import Console
from rich.table import Table

import locales
from bot.data_checks.catalogs import check_catalogs, coverage
from bot.data_checks.playbooks import check_playbooks
from bot.data_checks.skeleton import update
from dialogs import reading
from dialogs.errors import BadData
from dialogs.playbooks import FOLDER, Playbooks
from dialogs.policies import Policies
from dialogs.reading import seeds
from dialogs.tone import ToneGuard

LOCALES = Path(locales.__file__).parent


def main(arguments: Sequence[str] | None = None, *, folder: Path = FOLDER, locales_dir: Path = LOCALES) -> int:
    """Run the checks, or what the arguments ask for; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bot.data_checks", description="Check playbooks and locales.")
    parser.add_argument("--coverage", action="store_true", help="also print a table of what is written")
    parser.add_argument("--skeleton", metavar="LANG", help="create or update LANG/LC_MESSAGES/replies.po and stop")
    options = parser.parse_args(arguments)
    console = Console(soft_wrap=True, highlight=False, markup=False)
    if options.skeleton:
        try:
            waiting = update(options.skeleton, Playbooks.load(folder).replies.values(), locales_dir)
        except (BadData, UnknownLocaleError, ValueError) as error:
            parser.error(str(error))
        console.print(f"{options.skeleton}: {waiting} entries wait for a person")
        return 0
    problems = find_problems(folder, locales_dir)
    for problem in problems:
        console.print(str(problem))
    if options.coverage and not problems:
        console.print(_table(Playbooks.load(folder), locales_dir))
    return 1 if problems else 0


def find_problems(folder: Path, locales_dir: Path) -> list[BadData]:
    """All problems of playbooks and replies, the first one of policies, of tone, of cues and of seeds.

    Replies are compared with the playbooks, so these must be readable first.
    """
    problems = check_playbooks(folder)
    try:
        rules = Playbooks.load(folder).replies
    except BadData as error:
        problems += [] if problems else [error]
    else:
        problems += check_catalogs(locales_dir, rules)
    loaders: list[Callable[[], object]] = [Policies.load, partial(ToneGuard.load, locales_dir)]
    if hasattr(reading, "Reader") and any(locales_dir.glob("*/cues.toml")):
        loaders.append(partial(reading.Reader.load, locales_dir))
        loaders.append(partial(seeds.load, locales_dir))
    for load in loaders:
        try:
            load()
        except BadData as error:
            problems.append(error)
    return problems


def _table(playbooks: Playbooks, locales_dir: Path) -> Table:
    written = coverage(locales_dir, playbooks.replies)
    table = Table("situation", "中文", "zh", *written)
    for situation, title in playbooks.titles().items():
        total = len(playbooks.of(situation))
        table.add_row(situation, title, str(total), *(str(counts[situation]) for counts in written.values()))
    sums = (str(counts.total()) for counts in written.values())
    table.add_row("all", "", str(len(playbooks.replies)), *sums)
    return table


if __name__ == "__main__":
    sys.exit(main())
