"""Outgoing: the words of a language that must not leave, whoever put them there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from dialogs.reading.folding import fold_case, fold_word
from dialogs.reading.tokens import characters, words
from dialogs.tone.data import ToneFile

FILE: Final = "tone.toml"
REVIEW_MONEY: Final = "review_money"
PHRASES: Final = ("insult", "threat", "indifference", "blaming")  # a list is named as its rule in Chinese
_PAIR: Final = ("review", "money")  # heard where both stand in one sentence
_NOT: Final = "not"  # near the words it denies them
_PLAIN: Final = "money"  # a list that cannot be denied: "no money" is about money
_SCRIPTS: Final = ("words", "characters")
_BEFORE, _BEHIND = 3, 2  # words around a phrase that may deny it
_CHARACTERS_BEFORE, _CHARACTERS_BEHIND = 6, 8  # the same where words have no spaces

_SENTENCE: Final = re.compile(r"(?:(?![.!?…](?:\s|$))[^。！？؟।\n])++[.!?…。！？؟।]*+")

Span = tuple[int, int]


class Heard(NamedTuple):
    """Words of a rule and where they stand."""

    rule: str
    start: int
    end: int


class _Finds(Protocol):
    def find(self, sentence: str) -> Mapping[str, Span]:
        """The first place of every list in the sentence."""
        ...


class Outgoing:
    """What is heard in one language."""

    def __init__(self, file: ToneFile) -> None:
        """Read one language's file.

        Raises:
            BadData: it is wrong; names file, line, field, value and what would be right.
        """
        table, names = file.table, (*PHRASES, *_PAIR, _NOT)
        file.keys(table, ("script", "accents", *names), of="tone")
        script, accents = table.get("script"), table.get("accents", False)
        if script not in _SCRIPTS:
            raise file.error(f"script '{script or ''}' must be one of {', '.join(_SCRIPTS)}", near="script")
        if not isinstance(accents, bool):
            raise file.error(f"accents '{accents}' must be true or false", near="accents")
        lists = {name: file.words(table, name, of="tone", needed=True) for name in names}
        self._finder: _Finds = (
            _Characters(lists) if script == "characters" else _Words(file, lists, keeps_accents=accents)
        )

    def hear(self, text: str) -> Iterator[Heard]:
        """Every rule that is heard, once a sentence; never raises."""
        for found in _SENTENCE.finditer(text):
            begin = found.start()
            places = self._finder.find(found[0])
            for name in PHRASES:
                if name in places:
                    yield Heard(name, begin + places[name][0], begin + places[name][1])
            if all(name in places for name in _PAIR):
                yield Heard(REVIEW_MONEY, begin + places["review"][0], begin + places["review"][1])


class _Phrase(NamedTuple):
    """Words in a row of one list; an open one begins so."""

    group: str
    words: tuple[str, ...]
    open: tuple[bool, ...]

    def fits(self, forms: list[str], at: int) -> bool:
        return at + len(self.words) <= len(forms) and all(
            form.startswith(word) if opened else form == word
            for word, opened, form in zip(self.words, self.open, forms[at : at + len(self.words)], strict=True)
        )


class _Words:
    """A language with spaces: phrases are whole words in a row, whatever marks stand between."""

    def __init__(self, file: ToneFile, lists: Mapping[str, tuple[str, ...]], *, keeps_accents: bool) -> None:
        self._fold = fold_case if keeps_accents else fold_word
        self._begins: dict[str, list[_Phrase]] = {}  # by their first word
        self._opens: list[_Phrase] = []  # those whose first word is open
        for phrase in (self._phrase(file, name, each) for name, found in lists.items() for each in found):
            place = self._opens if phrase.open[0] else self._begins.setdefault(phrase.words[0], [])
            place.append(phrase)

    def _phrase(self, file: ToneFile, name: str, written: str) -> _Phrase:
        each = written.split()
        plain = [word.removesuffix("*") for word in each]
        if any([token[0] for token in words(word, splits=False)] != [word] for word in plain):
            right = "must be words with spaces between, * only behind a word"
            raise file.error(f"{name} '{written}' {right}", near=written)
        return _Phrase(name, tuple(self._fold(word) for word in plain), tuple(word.endswith("*") for word in each))

    def find(self, sentence: str) -> Mapping[str, Span]:
        tokens = words(sentence, splits=False)
        forms = [self._fold(token[0]) for token in tokens]
        met = [
            (phrase.group, at, at + len(phrase.words) - 1)
            for at, form in enumerate(forms)
            for phrase in (*self._begins.get(form, ()), *self._opens)
            if phrase.fits(forms, at)
        ]
        denials = [at for name, at, _ in met if name == _NOT]
        found: dict[str, Span] = {}
        for name, first, last in met:
            if name == _PLAIN or not _is_denied(first, last, denials):
                found.setdefault(name, (tokens[first][2], tokens[last][3]))
        return found


def _is_denied(first: int, last: int, denials: list[int]) -> bool:
    return any(first - _BEFORE <= at < first or last < at <= last + _BEHIND for at in denials)


class _Characters:
    """A language without spaces, or one that glues its words: phrases stand anywhere."""

    def __init__(self, lists: Mapping[str, tuple[str, ...]]) -> None:
        read = {name: tuple(characters(each).text for each in found) for name, found in lists.items()}
        self._denials = read.pop(_NOT)
        self._rows = read

    def find(self, sentence: str) -> Mapping[str, Span]:
        squeezed = characters(sentence)
        found: dict[str, Span] = {}
        for name, rows in self._rows.items():
            for row in rows:
                at = squeezed.text.find(row)
                if at >= 0 and (name == _PLAIN or not self._is_denied(squeezed.text, at, at + len(row))):
                    found[name] = squeezed.places[at], squeezed.places[at + len(row) - 1] + 1
                    break
        return found

    def _is_denied(self, text: str, start: int, end: int) -> bool:
        before, behind = text[max(start - _CHARACTERS_BEFORE, 0) : start], text[end : end + _CHARACTERS_BEHIND]
        return any(each in before or each in behind for each in self._denials)


def load(locales: Path) -> dict[str, Outgoing]:
    """What is heard in every language that has a file.

    Raises:
        BadData: a file is wrong; names file, line, field, value and what would be right.
    """
    return {path.parent.name: Outgoing(ToneFile(path)) for path in sorted(locales.glob(f"*/{FILE}"))}
