"""Phrases: how a cue is written down, and the plain sequences it stands for.

A phrase is words with spaces between them. ``refund*`` is any word that begins so, ``*paket`` any that ends so.
``a|b`` is either, ``a|b_c`` either one word or two; ``<name>`` any entry of that group of the file; ``word?`` may be
missing. ``..`` is a gap of a few words that ends at a comma, ``...`` one that may cross a comma, never the end of a
sentence. ``#`` is a number; ``^`` and ``$`` are the beginning and the end of the message.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Final, NamedTuple

GAP: Final = "..."
SHORT_GAP: Final = ".."
NUMBER: Final = "#"
START: Final = "^"
END: Final = "$"
_MARKS: Final = frozenset({GAP, SHORT_GAP, NUMBER, START, END})
_MANY: Final = 400  # sequences one phrase may stand for; more is a slip of the pen


class Element(NamedTuple):
    """One place of a sequence: the forms that may stand there, after at most ``gap`` other words and ``commas``.

    Tens of thousands are made when the cues are loaded; a named tuple is made three times as fast as a dataclass.
    """

    forms: frozenset[str]
    gap: int = 0
    commas: int = 0


_NO_WORD: Final = re.compile(r"[*<>?|#^$.]")


class PhraseError(ValueError):
    """A phrase that cannot be read; the text says what is wrong and what would be right."""


Words = tuple[frozenset[str], ...]  # some words after each other, each in some forms


class Expander:
    """Reads the phrases of one file. The same few places and forms stand in most of them, so each is read once."""

    def __init__(self, groups: Mapping[str, tuple[str, ...]], fold: Callable[[str], str], gap: int) -> None:
        self._groups = groups
        self._folds = fold
        self._fold = cache(fold)
        self._gap = gap
        self._forms: dict[str, tuple[list[str], list[Words]]] = {}  # single words and several ones
        self._counts: dict[str, int] = dict.fromkeys(_MARKS, 1)
        self._places: dict[str, list[Words]] = {mark: [(frozenset({mark}),)] for mark in _MARKS}

    def check(self, phrase: str) -> None:
        """Read a phrase without making its sequences.

        Raises:
            PhraseError: the phrase is empty, names an unknown group or is made wrongly.
        """
        places = phrase.split()
        if not places or all(place in _MARKS for place in places):
            raise PhraseError(f"phrase {phrase!r} says nothing: write at least one word")
        if {places[0], places[-1]} & {GAP, SHORT_GAP}:
            raise PhraseError(f"phrase {phrase!r} begins or ends with a gap: leave the dots out")
        count = math.prod([self._counts.get(place) or self._count(place, phrase) for place in places])
        if count > _MANY:
            raise PhraseError(f"phrase {phrase!r} stands for {count} sequences: use fewer entries of several words")

    def forget(self) -> None:
        """Give back the memory of what was read so far; it is read again where it is needed."""
        self._forms.clear()
        self._fold = cache(self._folds)

    def sequences(self, phrase: str) -> Iterator[tuple[Element, ...]]:
        """All sequences a phrase stands for; groups with entries of several words give one for each of those.

        Raises:
            PhraseError: as ``check`` does.
        """
        choices = [self._places.get(place) or self._place(place, phrase) for place in phrase.split()]
        for chosen in itertools.product(*choices):
            sequence = tuple(_joined(itertools.chain.from_iterable(chosen), self._gap))
            if sequence:
                yield sequence

    def _count(self, place: str, phrase: str) -> int:
        """How many choices there are at a place: all single words are one."""
        found = [self._forms.get(form) or self._form(form, phrase) for form in place.removesuffix("?").split("|")]
        several = {words for _, more in found for words in more}
        count = self._counts[place] = any(single for single, _ in found) + len(several) + place.endswith("?")
        return count

    def _place(self, place: str, phrase: str) -> list[Words]:
        found = [self._forms.get(form) or self._form(form, phrase) for form in place.removesuffix("?").split("|")]
        single = frozenset(word for words, _ in found for word in words)
        several = dict.fromkeys(words for _, more in found for words in more)
        choices = self._places[place] = [
            *([(single,)] if single else ()),
            *several,
            *([()] if place[-1] == "?" else ()),
        ]
        return choices

    def _form(self, form: str, phrase: str) -> tuple[list[str], list[Words]]:
        single: list[str] = []
        several: list[Words] = []
        for member in _members(form, phrase, self._groups):
            if member.isalnum():
                single.append(_form(member, phrase, self._fold))
                continue
            for words in itertools.product(*(self._spot(spot, phrase) for spot in member.split())):
                joined = tuple(itertools.chain.from_iterable(words))
                if len(joined) == 1:
                    single += joined[0]
                else:
                    several.append(joined)
        found = self._forms[form] = (single, several)
        return found

    def _spot(self, spot: str, phrase: str) -> list[Words]:
        """What may stand at one spot of an entry: all single words at once, and each that is several words."""
        words = [[_form(word, phrase, self._fold) for word in choice.split("_")] for choice in spot.split("|")]
        plain = frozenset(choice[0] for choice in words if len(choice) == 1)
        longer = [tuple(frozenset({word}) for word in choice) for choice in words if len(choice) > 1]
        return [*([(plain,)] if plain else []), *longer]


def _joined(places: Iterator[frozenset[str]], gap: int) -> Iterator[Element]:
    waiting = commas = 0
    for forms in places:
        if GAP in forms or SHORT_GAP in forms:
            waiting, commas = gap, int(GAP in forms)
            continue
        yield Element(forms, waiting, commas)
        waiting = commas = 0


def _members(form: str, phrase: str, groups: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    if not form.startswith("<"):
        return (form,)
    name = form.removeprefix("<").removesuffix(">")
    if not form.endswith(">") or name not in groups:
        raise PhraseError(f"phrase {phrase!r} names the group {form!r}, the file has {', '.join(sorted(groups))}")
    return groups[name]


def _form(word: str, phrase: str, fold: Callable[[str], str]) -> str:
    if word.isalnum():  # plain, as most are; folded it is nearly always plain as well
        core = fold(word)
        if core.isalnum():
            return core
    if word == NUMBER:
        return word
    head, tail = word.startswith("*"), word.endswith("*") and len(word) > 1
    core = fold(word.strip("*"))
    if len(core) < (2 if head or tail else 1) or _NO_WORD.search(core):
        raise PhraseError(f"{word!r} in phrase {phrase!r} is no word: write letters, with * only at an end")
    return f"{'*' if head else ''}{core}{'*' if tail else ''}"
