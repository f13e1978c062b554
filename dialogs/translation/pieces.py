"""Pieces: a text longer than an engine takes is cut where a reader would pause, never inside an entity."""

from __future__ import annotations

import re
from collections.abc import Callable

from dialogs.protection import entities

# Where to cut, best first; the cut is after the match.
_PAUSES = (
    re.compile(r"\n[^\S\n]*\n"),
    re.compile(r"\n"),
    re.compile(r"[.!?؟।…][\s\"')\]]|[。！？][”」）]?"),
    re.compile(r"[,;:،，；：、]"),
    re.compile(r"\s"),
)


def pieces(text: str, fits: Callable[[str], bool]) -> list[str]:
    """``text`` in as few pieces as halving needs until each ``fits``; joined they are ``text`` again."""
    if fits(text) or len(text) < 2:
        return [text]
    cut = _cut(text)
    return [*pieces(text[:cut], fits), *pieces(text[cut:], fits)]


def _cut(text: str) -> int:
    middle, low, high = len(text) // 2, len(text) // 4, len(text) - len(text) // 4
    closed = [(entity.start, entity.end) for entity in entities(text)]
    for pause in _PAUSES:
        cuts = [match.end() for match in pause.finditer(text, low, high)]
        free = [cut for cut in cuts if 0 < cut < len(text) and not _inside(cut, closed)]
        if free:
            return min(free, key=lambda cut: abs(cut - middle))
    for start, end in closed:
        if start < middle < end:
            return end if end < len(text) else max(start, 1)
    return max(middle, 1)


def _inside(cut: int, closed: list[tuple[int, int]]) -> bool:
    return any(start < cut < end for start, end in closed)
