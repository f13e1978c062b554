"""Matcher: finds all phrases of a language in one pass; the time grows with the message, never with its square."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from dialogs.reading.folding import fold_word, has_accents
from dialogs.reading.phrases import END, NUMBER, START, Element
from dialogs.reading.tokens import Number, characters, words
from dialogs.reading.tree import Match, Place, Starts, Target, Tree, find
from dialogs.reading.vocabulary import Literals, Words

_REMEMBERED: Final = 20_000  # words whose symbols are kept; then all are forgotten at once


@dataclass(frozen=True, slots=True)
class Scan:
    """All that one pass found; ``steps`` counts the partial phrases looked at."""

    matches: tuple[Match, ...]
    numbers: tuple[Number, ...]
    steps: int


class _Known(NamedTuple):
    """A word that was looked up: its value if it is a number, its symbols, and where phrases lead that begin so."""

    value: int | None
    symbols: tuple[int, ...]
    starts: Starts


Phrases = Iterable[tuple[tuple[Element, ...], Target]]


class Matcher:
    """Finds the phrases of one language; ``spaced`` says whether its words stand apart.

    ``phrases`` is called at the first message of the language: a shop has buyers of few of them.
    """

    def __init__(
        self,
        phrases: Callable[[], Phrases],
        *,
        spaced: bool,
        splits: bool = False,
        prefixes: tuple[str, ...] = (),
        respelled: Mapping[str, str] | None = None,
        numbers: Mapping[str, int] | None = None,
        fold: Callable[[str], str] = fold_word,
    ) -> None:
        self._fold = fold
        self._phrases: Callable[[], Phrases] | None = phrases
        self._spaced = spaced
        self._splits = splits
        self._prefixes = prefixes
        self._respelled = dict(respelled or {})
        self._numbers = dict(numbers or {})
        self._compiled: _Spaced | _Unspaced | None = None

    def scan(self, text: str) -> Scan:
        """Every phrase in ``text``."""
        places, numbers = self.places(text)
        matches, steps = find(places)
        return Scan(tuple(matches), tuple(numbers), steps)

    def places(self, text: str) -> tuple[list[Place], list[Number]]:
        """The places of ``text`` where words of phrases stand, and its numbers."""
        compiled = self._compiled
        if compiled is None:
            compiled = self._compiled = self._compile()
        return compiled.places(text)

    def _compile(self) -> _Spaced | _Unspaced:
        tree = Tree()
        for sequence, target in self._phrases() if self._phrases else ():
            tree.add(sequence, target)
        self._phrases = None  # what they were read from is as large as the tree
        if not self._spaced:
            return _Unspaced(tree, Literals(tree.forms()), self._numbers)
        vocabulary = Words(tree.forms(), self._prefixes, self._respelled)
        return _Spaced(tree, vocabulary, self._numbers, self._fold, splits=self._splits)


class AccentMatcher:
    """Finds the phrases of a language whose accents tell words apart, and whose writers often leave them all out."""

    def __init__(self, accented: Matcher, plain: Matcher) -> None:
        self._accented = accented
        self._plain = plain

    def scan(self, text: str) -> Scan:
        """Every phrase in ``text``: with its accents where it has any."""
        return self._fitting(text).scan(text)

    def places(self, text: str) -> tuple[list[Place], list[Number]]:
        """The places of ``text`` where words of phrases stand, and its numbers."""
        return self._fitting(text).places(text)

    def _fitting(self, text: str) -> Matcher:
        return self._accented if has_accents(text) else self._plain


class _Entrance:
    """Where phrases begin: in a word, at the beginning or at the end of a message."""

    def __init__(self, tree: Tree) -> None:
        self.numbers = tree.marked(NUMBER)
        self._start = tree.mark(START)
        self._end = tree.mark(END)
        self._root = tree.root
        self._known: dict[tuple[int, ...], Starts] = {}

    def of(self, symbols: tuple[int, ...]) -> Starts:
        """Where phrases lead that begin with one of ``symbols``; no gap stands before a first word."""
        starts = self._known.get(symbols)
        if starts is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            edges = self._root.edges
            common = self._root.symbols & dict.fromkeys(symbols).keys()
            starts = tuple((symbol, child) for symbol in common for _, _, child in edges[symbol])
            self._known[symbols] = starts
        return starts

    def start(self) -> Place:
        """The place of ``^``."""
        return -1, 0, {self._start: ((0, 0),)}, self.of((self._start,))

    def end(self, at: int, length: int) -> Place:
        """The place of ``$``."""
        return at, length, {self._end: ((at, length),)}, self.of((self._end,))


class _Spaced:
    """A language whose words stand apart."""

    def __init__(
        self, tree: Tree, vocabulary: Words, numbers: Mapping[str, int], fold: Callable[[str], str], *, splits: bool
    ) -> None:
        self._fold = fold
        self._entrance = _Entrance(tree)
        self._vocabulary = vocabulary
        self._numbers = numbers
        self._splits = splits
        self._known: dict[str, _Known] = {}

    def places(self, text: str) -> tuple[list[Place], list[Number]]:
        """The places of ``text`` where symbols stand, and its numbers."""
        places = [self._entrance.start()]
        numbers: list[Number] = []
        behind = 0
        known = self._known
        for word, at, start, end, is_number in words(text, splits=self._splits):
            behind = at + 1
            value, symbols, starts = known.get(word) or self._look_up(word, is_number=is_number)
            if value is not None:
                numbers.append(Number(value, start, end))
            if symbols:
                places.append((at, start, dict.fromkeys(symbols, ((behind, end),)), starts))
        places.append(self._entrance.end(behind, len(text)))
        return places, numbers

    def _look_up(self, word: str, *, is_number: bool) -> _Known:
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        form = word if is_number else self._fold(word)
        value = int(word[:9]) if is_number else self._numbers.get(form)
        symbols = (*(() if value is None else self._entrance.numbers), *self._vocabulary.lookup(form))
        known = self._known[word] = _Known(value, symbols, self._entrance.of(symbols))
        return known


class _Unspaced:
    """A language without spaces: phrases stand anywhere among its characters."""

    def __init__(self, tree: Tree, literals: Literals, numbers: Mapping[str, int]) -> None:
        self._entrance = _Entrance(tree)
        self._literals = literals
        self._numbers = numbers

    def places(self, text: str) -> tuple[list[Place], list[Number]]:
        """The places of ``text`` where symbols stand, and its numbers."""
        places = [self._entrance.start()]
        numbers: list[Number] = []
        squeezed, spots, offsets, found = characters(text)
        values = {index: (value, behind) for value, index, behind in found}
        for word, value in self._numbers.items():
            index = squeezed.find(word)
            while index >= 0:
                values.setdefault(index, (value, index + len(word)))
                index = squeezed.find(word, index + 1)
        for index, literals in self._literals.places(squeezed, values):
            start, offset = spots[index], offsets[index]
            here: dict[int, list[tuple[int, int]]] = {}
            if index in values:
                value, behind = values[index]
                end = spots[behind - 1] + 1
                numbers.append(Number(value, start, end))
                here |= {symbol: [(behind + offset, end)] for symbol in self._entrance.numbers}
            for length, symbols in literals:
                behind = index + length
                ends = (behind + offset, spots[behind - 1] + 1)
                for symbol in symbols:
                    here.setdefault(symbol, []).append(ends)
            places.append((index + offset, start, here, self._entrance.of(tuple(here))))
        last = len(squeezed) + (offsets[-1] if offsets else 0)
        places.append(self._entrance.end(last, len(text)))
        return places, numbers
