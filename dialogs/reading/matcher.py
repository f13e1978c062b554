"""Matcher: finds all phrases of a language in one pass; the time grows with the message, never with its square."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from dialogs.reading.phrases import END, NUMBER, START, Element
from dialogs.reading.tokens import CLAUSE, Number, characters, words
from dialogs.reading.vocabulary import Literals, Words

_REPEATS: Final = 3  # matches of one cue that are kept; a fourth says nothing new


@dataclass(frozen=True, slots=True)
class Target:
    """What a cue tells: ``kind`` and ``id`` name it, ``weight`` how surely (0 to 1)."""

    kind: str
    id: str
    cue: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Match:
    """A cue found at ``start`` to ``end`` of the message."""

    target: Target
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Scan:
    """All that one pass found; ``steps`` counts the partial phrases looked at."""

    matches: tuple[Match, ...]
    numbers: tuple[Number, ...]
    steps: int


class _Hit(NamedTuple):
    symbol: int
    at: int
    behind: int
    start: int
    end: int


@dataclass(eq=False, slots=True)
class _Node:
    edges: dict[int, list[tuple[int, int, _Node]]] = field(default_factory=dict)  # symbol → words, commas, child
    reach: int = 0  # how far the longest gap an edge allows goes
    targets: list[Target] = field(default_factory=list)

    def step(self, symbol: int, gap: int, commas: int) -> _Node:
        children = self.edges.setdefault(symbol, [])
        for words_between, commas_between, child in children:
            if (words_between, commas_between) == (gap, commas):
                return child
        child = _Node()
        children.append((gap, commas, child))
        self.reach = max(self.reach, gap + commas * CLAUSE)
        return child


class Matcher:
    """Compiled phrases of one language; ``spaced`` says whether its words stand apart."""

    def __init__(
        self,
        phrases: Iterable[tuple[tuple[Element, ...], Target]],
        *,
        spaced: bool,
        splits: bool = False,
        prefixes: tuple[str, ...] = (),
        respelled: Mapping[str, str] | None = None,
        numbers: Mapping[str, int] | None = None,
    ) -> None:
        self._symbols: dict[frozenset[str], int] = {}
        self._root = _Node()
        for sequence, target in phrases:
            self._add(sequence, target)
        forms: dict[str, set[int]] = {}
        for group, symbol in self._symbols.items():
            for form in group - {NUMBER, START, END}:
                forms.setdefault(form, set()).add(symbol)
        self._number = self._mark(NUMBER)
        self._start = self._mark(START)
        self._end = self._mark(END)
        frozen = {form: frozenset(ids) for form, ids in forms.items()}
        self._number_words = dict(numbers or {})
        self._words = Words(frozen, prefixes, respelled or {}) if spaced else None
        self._literals = Literals({} if spaced else frozen)
        self._splits = splits
        self._symbols.clear()  # only needed while compiling

    def _mark(self, mark: str) -> int:
        return self._symbols.get(frozenset({mark}), -1)

    def _add(self, sequence: tuple[Element, ...], target: Target) -> None:
        node = self._root
        for element in sequence:
            symbol = self._symbols.setdefault(element.forms, len(self._symbols))
            node = node.step(symbol, element.gap, element.commas)
        if all(known.id != target.id or known.kind != target.kind for known in node.targets):
            node.targets.append(target)

    def scan(self, text: str) -> Scan:
        """Every phrase in ``text``."""
        numbers: list[Number] = []
        if self._words is not None:
            hits = self._word_hits(text, self._words.lookup, numbers)
        else:
            hits = self._character_hits(text, numbers)
        matches, steps = self._run(hits)
        return Scan(tuple(matches), tuple(numbers), steps)

    def _word_hits(self, text: str, lookup: Callable[[str], frozenset[int]], numbers: list[Number]) -> Iterator[_Hit]:
        at = behind = 0
        yield _Hit(self._start, -1, 0, 0, 0)
        for token in words(text, splits=self._splits):
            at, behind = token.at, token.at + 1
            value = self._number_words.get(token.text) if token.value is None else token.value
            if value is not None:
                numbers.append(Number(value, token.start, token.end))
                yield _Hit(self._number, at, behind, token.start, token.end)
            for symbol in lookup(token.text):
                yield _Hit(symbol, at, behind, token.start, token.end)
        yield _Hit(self._end, behind, behind, len(text), len(text))

    def _character_hits(self, text: str, numbers: list[Number]) -> Iterator[_Hit]:
        found = characters(text)
        squeezed, places, offsets = found.text, found.places, found.offsets
        values: dict[int, tuple[int, int]] = {index: (value, behind) for value, index, behind in found.numbers}
        for word, value in self._number_words.items():
            index = squeezed.find(word)
            while index >= 0:
                values.setdefault(index, (value, index + len(word)))
                index = squeezed.find(word, index + 1)
        yield _Hit(self._start, -1, 0, 0, 0)
        for index in range(len(squeezed)):
            at = index + offsets[index]
            if index in values:
                value, behind = values[index]
                numbers.append(Number(value, places[index], places[behind - 1] + 1))
                yield _Hit(self._number, at, behind + offsets[index], places[index], places[behind - 1] + 1)
            for length, symbols in self._literals.lookup(squeezed, index):
                end = places[index + length - 1] + 1
                for symbol in symbols:
                    yield _Hit(symbol, at, at + length, places[index], end)
        last = len(squeezed) + (offsets[-1] if offsets else 0)
        yield _Hit(self._end, last, last, len(text), len(text))

    def _run(self, hits: Iterator[_Hit]) -> tuple[list[Match], int]:
        """One pass. A partial phrase is kept once, with its latest end, so their number never exceeds the phrases'."""
        matches: list[Match] = []
        repeats: dict[int, int] = {}
        active: dict[_Node, tuple[int, int]] = {}  # node → place behind its last word, where its first word began
        steps = 0
        for at, group in itertools.groupby(hits, key=_at):
            here: dict[int, list[_Hit]] = {}
            for hit in group:
                here.setdefault(hit.symbol, []).append(hit)
            active = {node: state for node, state in active.items() if state[0] + node.reach >= at}
            steps += len(here) + len(active)
            reached = [(child, hit.start, hit) for child, hit in _children(self._root, at, at, here)]
            for node, (place, begin) in active.items():
                reached += [(child, begin, hit) for child, hit in _children(node, place, at, here)]
            for node, begin, hit in reached:
                if node.edges:
                    active[node] = (hit.behind, begin)
                for target in node.targets:
                    if repeats.setdefault(id(target), 0) < _REPEATS:
                        repeats[id(target)] += 1
                        matches.append(Match(target, begin, hit.end))
        return matches, steps


def _at(hit: _Hit) -> int:
    return hit.at


def _children(node: _Node, place: int, at: int, here: Mapping[int, list[_Hit]]) -> Iterator[tuple[_Node, _Hit]]:
    """Where the words at one place lead from ``node``, whose last word ended at ``place``."""
    commas, between = divmod(at - place, CLAUSE)
    if commas < 0:
        return
    for symbol in node.edges.keys() & here.keys():
        for gap, most_commas, child in node.edges[symbol]:
            if commas <= most_commas and between <= gap:
                for hit in here[symbol]:
                    yield child, hit
