"""Outgoing: the words of a language that must not leave, whoever put them there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dialogs.reading.folding import fold_case, fold_word
from dialogs.reading.tokens import characters, words
from dialogs.tone.data import ToneFile

FILE: Final = "tone.toml"
REVIEW_MONEY: Final = "review_money"
PHRASES: Final = ("insult", "threat", "indifference", "blaming")  # a list is named as its rule in Chinese
_PAIR: Final = ("review", "money")  # both in one sentence
_SCRIPTS: Final = ("words", "characters")

_SENTENCE: Final = re.compile(r"(?:(?![.!?…](?:\s|$))[^。！？؟।\n])++[.!?…。！？؟।]*+")

Heard = tuple[str, int, int]  # rule, start and end


@dataclass(frozen=True, slots=True)
class _Phrase:
    """Words in a row; an open one begins so."""

    words: tuple[str, ...]
    open: tuple[bool, ...]


class Outgoing:
    """What is heard in one language."""

    def __init__(self, file: ToneFile) -> None:
        """Read one language's file.

        Raises:
            BadData: it is wrong; names file, line, field, value and what would be right.
        """
        table = file.table
        file.keys(table, ("script", "accents", *PHRASES, *_PAIR), of="tone")
        script, accents = table.get("script"), table.get("accents", False)
        if script not in _SCRIPTS:
            raise file.error(f"script '{script or ''}' must be one of {', '.join(_SCRIPTS)}", near="script")
        if not isinstance(accents, bool):
            raise file.error(f"accents '{accents}' must be true or false", near="accents")
        self._fold = fold_case if accents else fold_word
        lists = {name: file.words(table, name, of="tone", needed=True) for name in (*PHRASES, *_PAIR)}
        self._rows: dict[str, tuple[str, ...]] = {}
        self._phrases: dict[str, tuple[_Phrase, ...]] = {}
        if script == "characters":
            self._rows = {name: tuple(characters(each).text for each in found) for name, found in lists.items()}
        else:
            self._phrases = {
                name: tuple(self._phrase(file, name, each) for each in found) for name, found in lists.items()
            }

    def _phrase(self, file: ToneFile, name: str, written: str) -> _Phrase:
        each = written.split()
        plain = [word.removesuffix("*") for word in each]
        if any("*" in word or len(words(word, splits=False)) != 1 for word in plain):
            raise file.error(
                f"{name} '{written}' must be words with spaces between, * only behind a word", near=written
            )
        opened = tuple(word.endswith("*") for word in each)
        return _Phrase(tuple(self._fold(word) for word in plain), opened)

    def hear(self, text: str) -> Iterator[Heard]:
        """Every place something is heard at; never raises."""
        for found in _SENTENCE.finditer(text):
            begin = found.start()
            places = {name: list(self._find(name, found[0])) for name in (*PHRASES, *_PAIR)}
            for name in PHRASES:
                yield from ((name, begin + start, begin + end) for start, end in places[name])
            if places["review"] and places["money"]:
                yield from ((REVIEW_MONEY, begin + start, begin + end) for start, end in places["review"][:1])

    def _find(self, name: str, sentence: str) -> Iterator[tuple[int, int]]:
        if self._rows:
            squeezed = characters(sentence)
            for row in self._rows[name]:
                at = squeezed.text.find(row)
                if at >= 0:
                    yield squeezed.places[at], squeezed.places[at + len(row) - 1] + 1
            return
        tokens = words(sentence, splits=False)
        forms = [self._fold(token[0]) for token in tokens]
        for phrase in self._phrases[name]:
            size = len(phrase.words)
            for at in range(len(tokens) - size + 1):
                in_a_row = tokens[at + size - 1][1] - tokens[at][1] == size - 1
                if in_a_row and _fits(phrase, forms[at : at + size]):
                    yield tokens[at][2], tokens[at + size - 1][3]
                    break


def _fits(phrase: _Phrase, forms: list[str]) -> bool:
    return all(
        form.startswith(word) if opened else form == word
        for word, opened, form in zip(phrase.words, phrase.open, forms, strict=True)
    )


def load(locales: Path) -> dict[str, Outgoing]:
    """What is heard in every language that has a file.

    Raises:
        BadData: a file is wrong; names file, line, field, value and what would be right.
    """
    return {path.parent.name: Outgoing(ToneFile(path)) for path in sorted(locales.glob(f"*/{FILE}"))}
