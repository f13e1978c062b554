"""Tree: the phrases of a language by their words, and one pass over a message that finds all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, KeysView, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from dialogs.reading.phrases import END, NUMBER, START, Element
from dialogs.reading.tokens import CLAUSE

_REPEATS: Final = 3  # matches of one cue that are kept; a fourth says nothing new


@dataclass(frozen=True, slots=True)
class Target:
    """What a cue tells: ``kind`` and ``id`` name it, ``weight`` how surely (0 to 1)."""

    kind: str
    id: str
    cue: str
    weight: float = 1.0


class Match(NamedTuple):
    """A cue found at ``start`` to ``end`` of the message. A named tuple: every message makes a dozen."""

    target: Target
    start: int
    end: int


@dataclass(eq=False, slots=True)
class Node:
    """Where some words of phrases lead to: the ``targets`` that are complete here, and the symbols that lead on."""

    edges: dict[int, list[tuple[int, int, Node]]] = field(default_factory=dict)  # symbol → words, commas, child
    reach: int = 0  # how far the longest gap an edge allows goes
    targets: list[Target] = field(default_factory=list)
    symbols: KeysView[int] = field(init=False)  # of the edges, as they stand

    def __post_init__(self) -> None:
        self.symbols = self.edges.keys()

    def step(self, symbol: int, gap: int, commas: int) -> Node:
        """The node ``symbol`` leads to after at most ``gap`` other words and ``commas``; made when it is new."""
        children = self.edges.setdefault(symbol, [])
        for words_between, commas_between, child in children:
            if (words_between, commas_between) == (gap, commas):
                return child
        child = Node()
        children.append((gap, commas, child))
        self.reach = max(self.reach, gap + commas * CLAUSE)
        return child


class Tree:
    """The phrases of a language; equal sets of forms are one symbol, numbered as they are met."""

    def __init__(self) -> None:
        self.root = Node()
        self._symbols: dict[frozenset[str], int] = {}

    def add(self, sequence: Iterable[Element], target: Target) -> None:
        """Add a sequence that tells ``target``."""
        node = self.root
        for forms, gap, commas in sequence:
            node = node.step(self._symbols.setdefault(forms, len(self._symbols)), gap, commas)
        if all(known.id != target.id or known.kind != target.kind for known in node.targets):
            node.targets.append(target)

    def mark(self, mark: str) -> int:
        """The symbol of a mark that stands alone, -1 when no phrase has it."""
        return self._symbols.get(frozenset({mark}), -1)

    def marked(self, mark: str) -> tuple[int, ...]:
        """The symbols of a mark, alone or as one of several forms."""
        return tuple(symbol for group, symbol in self._symbols.items() if mark in group)

    def forms(self) -> Mapping[str, tuple[int, ...]]:
        """The symbols of every form of a word; marks are none."""
        forms: dict[str, list[int]] = {}
        for group, symbol in self._symbols.items():
            for form in group - {NUMBER, START, END}:
                forms.setdefault(form, []).append(symbol)
        return {form: tuple(symbols) for form, symbols in forms.items()}


Starts = tuple[tuple[int, Node], ...]  # where phrases lead that begin with these symbols
Here = Mapping[int, Sequence[tuple[int, int]]]  # symbols of one place, each with what is behind it and where it ends
Place = tuple[int, int, Here, Starts]  # its count of words and leaps, where it begins, its symbols, what begins with it
_State = list[int]  # of a partial phrase: its turn, what is behind its latest word, where its first began
_Reached = tuple[Node, int, int, int]  # a node, where its phrase began, what is behind it, where it ends


def find(places: Sequence[Place]) -> tuple[list[Match], int]:
    """All phrases in a message, found in one pass, and the number of partial phrases that were looked at."""
    present = set[int]().union(*(here for _, _, here, _ in places))
    partial = _Partial(present)
    matches: list[Match] = []
    repeats: dict[int, int] = {}
    steps = 0
    for at, start, here, starts in places:
        reached: list[_Reached] = []
        for symbol, child in starts:
            if child.targets or not child.symbols.isdisjoint(present):
                for behind, end in here[symbol]:
                    reached.append((child, start, behind, end))
        if not partial.awaited.isdisjoint(here):
            partial.lead_on(at, here, reached)
        steps += len(here) + len(reached)
        for node, begin, behind, end in reached:
            if node.edges:
                partial.keep(node, at, behind, begin)
            for target in node.targets:
                told = repeats.get(id(target), 0)
                if told < _REPEATS:
                    repeats[id(target)] = told + 1
                    matches.append(Match(target, begin, end))
    return matches, steps + partial.steps


class _Partial:
    """The phrases of which the first words were found.

    Each is kept once, with its latest end, so their number never exceeds the phrases'. One whose next words stand
    nowhere in the message is not kept at all; the others are looked at only where one of their next words stands.
    """

    __slots__ = ("_known", "_present", "_turn", "_waiting", "awaited", "steps")

    def __init__(self, present: AbstractSet[int]) -> None:
        self.steps = 0
        self._present = present
        self._known: dict[Node, _State] = {}
        self._waiting: dict[int, dict[Node, _State]] = {}  # symbol → the phrases it leads on, in their turn
        self.awaited = self._waiting.keys()
        self._turn = 0

    def keep(self, node: Node, at: int, behind: int, begin: int) -> None:
        """Keep what was reached at ``at``; who is known still, keeps the turn."""
        onward = node.symbols & self._present
        if not onward:
            return
        known = self._known.get(node)
        if known is not None and known[1] + node.reach >= at:
            known[1:] = behind, begin
            return
        self._turn += 1
        state = self._known[node] = [self._turn, behind, begin]
        for symbol in onward:
            nodes = self._waiting.setdefault(symbol, {})
            nodes.pop(node, None)
            nodes[node] = state

    def lead_on(self, at: int, here: Here, reached: list[_Reached]) -> None:
        """Add what the symbols of a place lead to."""
        for state, node, symbol in self._expecting(self.awaited & here.keys(), here):
            _, place, begin = state
            between = at - place
            self.steps += 1
            if not 0 <= between <= node.reach:
                continue
            commas, between = divmod(between, CLAUSE)
            for gap, most_commas, child in node.edges[symbol]:
                if commas <= most_commas and between <= gap:
                    for behind, end in here[symbol]:
                        reached.append((child, begin, behind, end))

    def _expecting(self, expected: Collection[int], here: Here) -> list[tuple[_State, Node, int]]:
        """The phrases that wait for symbols of a place, in their turn, each with all of those symbols."""
        if len(expected) == 1:  # as nearly always
            return [(state, node, symbol) for symbol in expected for node, state in self._waiting[symbol].items()]
        states = {node: state for symbol in expected for node, state in self._waiting[symbol].items()}
        symbols = here.keys()
        in_turn = sorted([(state, node) for node, state in states.items()])  # a turn is no one else's
        return [(state, node, symbol) for state, node in in_turn for symbol in node.symbols & symbols]
