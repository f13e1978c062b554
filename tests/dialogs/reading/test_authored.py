"""Moods, wants and rare situations as buyers of every language write them: ``moods``, ``wants`` and ``precision``."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dialogs.messages import Want
from tests.dialogs.reading.shared import read

HERE = Path(__file__).parent


def files(folder: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted((HERE / folder).glob("*.toml")):
        yield path.stem, tomllib.loads(path.read_text(encoding="utf-8"))


def lines(folder: str) -> list[tuple[str, str, str]]:
    return [(code, name, text) for code, table in files(folder) for name, texts in table.items() for text in texts]


def stakes(side: str) -> list[tuple[str, str, str]]:
    return [
        (code, situation, text)
        for code, table in files("precision")
        for situation, sides in table.items()
        for text in sides[side]
    ]


@pytest.mark.parametrize(("language", "mood", "text"), lines("moods"))
def test_mood(language: str, mood: str, text: str) -> None:
    assert read(text, language).mood == mood


@pytest.mark.parametrize(("language", "want", "text"), lines("wants"))
def test_want(language: str, want: str, text: str) -> None:
    wants = read(text, language).wants
    if want == "none":
        assert wants == ()
    else:
        assert Want(want) in wants


@pytest.mark.parametrize(("language", "situation", "text"), stakes("is"))
def test_what_is_rare_and_costly_is_found(language: str, situation: str, text: str) -> None:
    assert situation in {found.id for found in read(text, language).situations}


@pytest.mark.parametrize(("language", "situation", "text"), stakes("is_not"))
def test_what_only_looks_like_it_is_not(language: str, situation: str, text: str) -> None:
    assert situation not in {found.id for found in read(text, language).situations}
