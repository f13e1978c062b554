"""Looks for regular expressions whose time grows faster than the text: ``python -m tools.fuzz_patterns [SECONDS]``.

Every compiled pattern that people's texts can reach is searched for in texts made of its own letters, of marks, digits
and spaces, at two lengths. A pattern is named when four times the text takes more than ten times as long, twice in a
row; then the tool ends with 1.
"""

from __future__ import annotations

import importlib
import pkgutil
import random
import re
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

sys.path.insert(0, str(Path(__file__).parents[1]))

from dialogs.tone.chinese import ChineseRules

PACKAGES = ("dialogs", "adapters")  # what buyers and sellers write comes here; bot reads settings
SHORT, LONG = 4_000, 16_000  # characters
GROWTH = 10.0  # four times the text may take four times as long, and noise
NOTICEABLE = 0.02  # seconds; below this the clock says nothing
PIECES = (
    " ",
    ".",
    ",",
    "1",
    "12",
    "a",
    "aa",
    "A1",
    "-",
    "@",
    "<",
    "</",
    "&",
    "x",
    "é",
    "ا",
    "中",
    "٣",
    "'",
    "\n",
    "://",
)


@dataclass(frozen=True)
class Found:
    """A pattern and where it stands."""

    where: str
    pattern: re.Pattern[str]


def main(seconds: float) -> int:
    """Try all patterns for about ``seconds``; the exit code."""
    chance = random.Random(20260101)  # noqa: S311 - the same run every time
    patterns = list({found.pattern.pattern: found for found in every_pattern()}.values())
    slow: dict[str, str] = {}
    texts = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for found in patterns:
            piece = attack(found.pattern, chance)
            texts += 1
            if grows(found.pattern, piece) and grows(found.pattern, piece):
                slow[found.where] = piece
    print(f"{len(patterns)} patterns, {texts} attacks")
    for where, piece in slow.items():
        print(f"{where}: time grows faster than the text, repeated {piece!r}")
    return 1 if slow else 0


def every_pattern() -> Iterator[Found]:
    """The compiled patterns of all modules, also those in tables, and those of the tone rules."""
    for name in PACKAGES:
        package = importlib.import_module(name)
        for module in modules(package):
            for key, value in vars(module).items():
                for pattern in inside(value):
                    yield Found(f"{module.__name__}.{key}", pattern)
    for block in ChineseRules.load().blocks:
        for pattern in block.every_pattern():
            yield Found(f"dialogs/tone/rules.toml {block.rule}", pattern)


def modules(package: ModuleType) -> Iterator[ModuleType]:
    """All modules of a package that can be imported without running anything."""
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not found.name.endswith("__main__") and ".migrations." not in found.name:
            yield importlib.import_module(found.name)


def inside(value: object) -> Iterator[re.Pattern[str]]:
    """The patterns in a value."""
    if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
        yield value
    elif isinstance(value, dict):
        yield from inside(tuple(value.values()))
    elif isinstance(value, tuple | list | set | frozenset):
        for entry in value:
            yield from inside(entry)


def attack(pattern: re.Pattern[str], chance: random.Random) -> str:
    """A short text that is repeated: letters of the pattern itself among marks, digits and words."""
    own: Iterable[str] = [char for char in pattern.pattern if char.isprintable() and char not in "\\()[]{}?*+|^$"]
    pieces = [*PIECES, *own]
    return "".join(chance.choice(pieces) for _ in range(chance.randint(1, 5)))


def grows(pattern: re.Pattern[str], piece: str) -> bool:
    """Whether four times the text takes far more than four times as long."""
    short, long = spent(pattern, piece, SHORT), 0.0
    if short * GROWTH > NOTICEABLE or short > NOTICEABLE / 4:
        long = spent(pattern, piece, LONG)
    return long > NOTICEABLE and long > short * GROWTH


def spent(pattern: re.Pattern[str], piece: str, length: int) -> float:
    """Seconds to find everything, in a text that ends in something odd."""
    text = (piece * (length // len(piece) + 1))[:length] + "\x00"
    began = time.perf_counter()
    for _ in pattern.finditer(text):
        pass
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 30.0))
