"""Vocabulary: which forms of the phrases a word of a message is, small slips of typing included."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Final

from dialogs.reading.folding import unstretch

_SLIP_FROM: Final = 6  # letters a word of a phrase needs before a slip is read as that word
_SLIP_TO: Final = 18


class Words:
    """Looks up words: whole, by stem, by ending, behind a prefix that is written together, or with one slip."""

    def __init__(
        self, symbols: Mapping[str, tuple[int, ...]], prefixes: Iterable[str], respelled: Mapping[str, str]
    ) -> None:
        self._whole: dict[str, tuple[int, ...]] = {}
        self._stems: dict[str, tuple[int, ...]] = {}
        self._endings: dict[str, tuple[int, ...]] = {}
        self._inner: dict[str, tuple[int, ...]] = {}
        for form, ids in symbols.items():
            head, tail = form.startswith("*"), form.endswith("*")
            table = self._inner if head and tail else self._endings if head else self._stems if tail else self._whole
            table[form.strip("*")] = ids
        self._prefixes = tuple(sorted(prefixes, key=lambda prefix: (-len(prefix), prefix)))
        self._respelled = tuple(respelled.items())
        self._slips = self._index_slips()

    def lookup(self, word: str) -> frozenset[int]:
        """The symbols of all forms ``word`` (folded) is; empty for a word no phrase knows."""
        plain = unstretch(word)
        found = self._exact(word) if plain == word else self._exact(word) | self._exact(plain)
        for prefix in self._prefixes:
            if word.startswith(prefix) and len(word) - len(prefix) >= 2:
                found |= self._exact(word[len(prefix) :])
        if found:
            return found
        for spelled, meant in self._respelled:
            if spelled in word:
                found |= self._exact(word.replace(spelled, meant))
        return found or self._with_slip(plain)

    def _exact(self, word: str) -> frozenset[int]:
        found = set(self._whole.get(word, ()))
        for end in range(2, len(word) + 1):
            found.update(self._stems.get(word[:end], ()))
        if self._endings:
            for start in range(len(word) - 1):
                found.update(self._endings.get(word[start:], ()))
        for inner, ids in self._inner.items():
            if inner in word:
                found.update(ids)
        return frozenset(found)

    def _index_slips(self) -> Mapping[str, tuple[str, ...]]:
        """Every long whole word or stem under itself with one letter missing, so that a slip is found by lookup."""
        slips: dict[str, tuple[str, ...]] = {}
        for word in {**self._whole, **self._stems}:
            if _SLIP_FROM <= len(word) <= _SLIP_TO:
                alone = (word,)  # one tuple for all the places it stands at: there are a hundred thousand
                for form in {word, *_shorter(word)}:
                    slips[form] = (*slips[form], word) if form in slips else alone
        return slips

    def _with_slip(self, word: str) -> frozenset[int]:
        if not _SLIP_FROM - 1 <= len(word) <= _SLIP_TO:
            return frozenset()
        meant = set(self._slips.get(word, ()))
        for shorter in _shorter(word):
            meant.update(self._slips.get(shorter, ()))
        found: set[int] = set()
        for candidate in sorted(meant):  # a set of texts lies otherwise in every process
            # The first letter is seldom wrong, and one replaced letter in a short word often makes another word.
            if candidate[0] == word[0] and (len(candidate) != len(word) or _swapped(candidate, word)):
                found.update(self._whole.get(candidate, ()), self._stems.get(candidate, ()))
        return frozenset(found)


def _shorter(word: str) -> Iterator[str]:
    return (word[:place] + word[place + 1 :] for place in range(1, len(word)))


def _swapped(one: str, other: str) -> bool:
    """Whether two words of one length differ in two neighbouring letters that changed places, or in one late letter."""
    differ = [place for place, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    if len(differ) == 1:
        return len(one) >= 8
    first, *rest = differ
    return rest == [first + 1] and one[first] == other[first + 1] and one[first + 1] == other[first]


class Literals:
    """Looks up character sequences at a place of a text without spaces; several may begin at one place."""

    def __init__(self, symbols: Mapping[str, tuple[int, ...]]) -> None:
        self._single: dict[str, tuple[int, ...]] = {}
        buckets: defaultdict[str, list[tuple[str, tuple[int, ...]]]] = defaultdict(list)
        for form, ids in symbols.items():
            literal = form.strip("*")
            if len(literal) == 1:
                self._single[literal] = (*self._single.get(literal, ()), *ids)
            else:
                buckets[literal[:2]].append((literal, ids))
        self._buckets = {pair: tuple(sorted(found)) for pair, found in buckets.items()}

    def places(self, text: str, also: Container[int]) -> Iterator[tuple[int, list[tuple[int, tuple[int, ...]]]]]:
        """Each place of ``text`` where literals begin, with their lengths and symbols; places ``also`` without any."""
        for at, char in enumerate(text):
            single = self._single.get(char)
            bucket = self._buckets.get(text[at : at + 2])
            if single is None and bucket is None:
                if at in also:
                    yield at, []
                continue
            found = [(1, single)] if single else []
            if bucket:
                found += [(len(literal), ids) for literal, ids in bucket if text.startswith(literal, at)]
            if found or at in also:
                yield at, found
