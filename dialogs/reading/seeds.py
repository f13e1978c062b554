"""Seeds: whole messages as buyers write them, by situation; what a message means alike to is told by the nearest."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dialogs.errors import BadData
from dialogs.reading.situations import SITUATIONS

FILE: Final = "seeds.toml"
UNKNOWN: Final = "unknown"  # sentences that are about none of the situations


@dataclass(frozen=True, slots=True)
class Seed:
    """One message and what it is about."""

    language: str
    situation: str
    text: str


def load(locales_dir: Path) -> tuple[Seed, ...]:
    """The seeds of all languages that have any.

    Raises:
        BadData: a file is not what it should be; names file, line where known, what is wrong and what is right.
    """
    return tuple(seed for path in sorted(locales_dir.glob(f"*/{FILE}")) for seed in _of(path))


def _of(path: Path) -> tuple[Seed, ...]:
    raw = path.read_text(encoding="utf-8")
    try:
        table = tomllib.loads(raw)
    except tomllib.TOMLDecodeError as error:
        raise BadData(f"not TOML: {error}", file=str(path)) from error
    seeds: dict[str, Seed] = {}
    for situation, texts in table.items():
        if situation not in {*SITUATIONS, UNKNOWN}:
            raise _bad(
                f"unknown situation {situation!r}; known: {', '.join(SITUATIONS)}, {UNKNOWN}", situation, path, raw
            )
        if not isinstance(texts, list) or not all(isinstance(text, str) and text.strip() for text in texts):
            raise _bad(f'{situation} must be a list of messages: {situation} = ["…"]', situation, path, raw)
        for text in texts:
            first = seeds.setdefault(text.casefold(), Seed(path.parent.name, situation, text))
            if first.text is not text:
                raise _bad(
                    f"{text!r} of {situation} stands in {first.situation} already: keep it once", text, path, raw
                )
    return tuple(seeds.values())


def _bad(problem: str, near: str, path: Path, raw: str) -> BadData:
    lines = [number for number, line in enumerate(raw.splitlines(), 1) if near in line]
    return BadData(problem, file=str(path), line=lines[-1] if lines else None)
