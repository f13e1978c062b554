"""Tone files as they are read: every mistake names file, line, field, value and what is right."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from dialogs.errors import BadData
from dialogs.reading.folding import fold_characters

# What repeats without end, outside a character class: a text of one letter could take long.
_ENDLESS: Final = re.compile(r"(?<!\\)(?:[*+]|\{\d*,\})")
_CLASS: Final = re.compile(r"\[(?:\\.|[^\]\\])*\]")
_ESCAPED: Final = re.compile(r"\\.")
_GROUP: Final = re.compile(r"\((?!\?)")
_BACK: Final = re.compile(r"\\([1-9])")
_FLAT: Final = re.compile(r"\\.|[^\x00-\x7f]|[A-Za-z]")


class ToneFile:
    """One TOML file while it is read: knows where things stand, so that errors can name the line."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            BadData: it is missing or not TOML.
        """
        self._name = f"{path.parent.name}/{path.name}"
        self._from = 1  # the line errors are looked for from
        try:
            self._text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise BadData(f"cannot be read: {error.strerror}", file=self._name) from error
        try:
            self.table: Mapping[str, Any] = tomllib.loads(self._text)
        except tomllib.TOMLDecodeError as error:
            raise BadData(f"not valid TOML: {error}", file=self._name) from error

    def error(self, problem: str, *, near: object = None) -> BadData:
        """The problem, at the first line that holds ``near``, of the block that is read."""
        if near is None:
            return BadData(problem, file=self._name)
        lines = enumerate(self._text.splitlines(), 1)
        return BadData(
            problem, file=self._name, line=next((n for n, text in lines if n >= self._from and str(near) in text), None)
        )

    def blocks(self, name: str) -> Iterator[object]:
        """The tables of a list of tables; while one is read, errors are looked for in its lines."""
        found = self.table.get(name, [])
        starts = [n for n, line in enumerate(self._text.splitlines(), 1) if line.strip() == f"[[{name}]]"]
        if not isinstance(found, list) or not found or len(found) != len(starts):
            raise self.error(f"{name} is missing, there must be at least one [[{name}]]")
        for self._from, each in zip(starts, found, strict=True):
            yield each
        self._from = 1

    def keys(self, table: Mapping[str, Any], known: Iterable[str], *, of: str) -> None:
        """Refuse what nobody reads."""
        for key in table:
            if key not in known:
                raise self.error(f"{of}: unknown key '{key}', known are {', '.join(sorted(known))}", near=key)

    def words(self, table: Mapping[str, Any], key: str, *, of: str, needed: bool = False) -> tuple[str, ...]:
        """A list of texts, none empty and none twice."""
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(each, str) and each.strip() for each in value):
            raise self.error(f"{of}: {key} '{value}' must be a list of texts, none empty", near=key)
        twice = next((each for each in value if value.count(each) > 1), None)
        if twice is not None:
            raise self.error(f"{of}: {key} '{twice}' stands twice, each only once", near=twice)
        if needed and not value:
            raise self.error(f"{of}: {key} is missing or empty, it must name at least one", near=key)
        return tuple(value)

    def text(self, table: Mapping[str, Any], key: str, *, of: str) -> str:
        """One text that says something."""
        value = table.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.error(f"{of}: {key} '{value or ''}' must be a text", near=key if key in table else "rule")
        return value

    def pattern(self, words: Iterable[str], *, of: str, end: bool = False) -> re.Pattern[str] | None:
        """One pattern of many; None of none. ``end``: it must end where the searched text ends."""
        each = tuple(words)
        if not each:
            return None
        for word in each:
            self._refuse_slow_or_unfolded(word, of)
        # A back reference counts within its own pattern only.
        joined = "|".join(_renumbered(each))
        # Each by itself is only compiled when something is wrong: it takes as long as all together.
        try:
            compiled = re.compile(f"(?:{joined})$" if end else joined)
        except re.error as error:
            self._name_the_bad_one(each, of)
            raise self.error(f"{of}: patterns together are not a regular expression: {error}", near=each[0]) from error
        if compiled.search("") is not None:
            self._name_the_bad_one(each, of)
        return compiled

    def _refuse_slow_or_unfolded(self, word: str, of: str) -> None:
        if _ENDLESS.search(_CLASS.sub("", word)):
            raise self.error(f"{of}: pattern '{word}' repeats without end, write {{0,8}} for * and +", near=word)
        for letter in _FLAT.findall(word):
            if not letter.startswith("\\") and fold_characters(letter) != letter:
                right = fold_characters(letter)
                raise self.error(f"{of}: pattern '{word}' must have '{right}' for '{letter}'", near=word)

    def _name_the_bad_one(self, words: tuple[str, ...], of: str) -> None:
        for word in words:
            try:
                compiled = re.compile(word)
            except re.error as error:
                raise self.error(f"{of}: pattern '{word}' is not a regular expression: {error}", near=word) from error
            if compiled.search("") is not None:
                raise self.error(f"{of}: pattern '{word}' is found in an empty text, it must need words", near=word)


def _moved(found: re.Match[str], by: int) -> str:
    return f"\\{int(found[1]) + by}"


def _renumbered(patterns: Iterable[str]) -> Iterator[str]:
    before = 0
    for pattern in patterns:
        yield _BACK.sub(partial(_moved, by=before), pattern)
        before += len(_GROUP.findall(_CLASS.sub("", _ESCAPED.sub("", pattern))))
