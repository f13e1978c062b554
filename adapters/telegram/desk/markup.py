"""Text for a Telegram message: pieces that are escaped, kept inert, and shortened until they fit.

Limits: Telegram Bot API, "sendMessage" (4096 UTF-16 units after entities are parsed), "Formatting options".
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from adapters.doors import clean

TEXT_LIMIT: Final = 4096
ELLIPSIS: Final = "…"
# Marks that turn the direction of whatever follows them, in a message or in a list of chats.
_BIDI: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_NEWLINES: Final = re.compile(r"\n{3,}")
_MENTION: Final = re.compile(r"(?<!\w)@(?=\w)")
# Whatever ``inert`` may have to change; most texts hold nothing of it.
_LIVELY: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff@]|\n{3}")
_FLOORS: Final = (400, 120, 24, 0)  # what every shortened piece keeps, round by round


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text with the HTML tag around it; pieces with the lowest ``rank`` above 0 are shortened first."""

    text: str
    tag: str = ""
    rank: int = 0
    moving: bool = False  # it changes with every look at the clock


def units(text: str) -> int:
    """Length as Telegram counts it."""
    return len(text.encode("utf-16-le")) // 2


def cut(text: str, limit: int) -> str:
    """``text`` in at most ``limit`` UTF-16 units, with "…" where it was shortened."""
    if 2 * len(text) <= limit or units(text) <= limit:  # no character has more than two units
        return text
    if limit <= 0:
        return ""
    kept = text.encode("utf-16-le")[: 2 * (limit - 1)].decode("utf-16-le", "ignore")
    return kept.rstrip() + ELLIPSIS


def inert(text: str) -> str:
    """Somebody else's text: no control characters, no turned directions, no mention that would ring somebody."""
    if _LIVELY.search(text) is None:
        return text.strip()
    plain = _CONTROLS.sub(" ", _BIDI.sub("", clean(text).replace("\r\n", "\n")))
    return _MENTION.sub("@\u2060", _NEWLINES.sub("\n\n", plain)).strip()


def one_line(text: str, limit: int) -> str:
    """The same in one short line."""
    return cut(" ".join(inert(text).split()), limit)


def isolated(text: str) -> str:
    """A short text of unknown direction inside a line: what stands around it keeps its order."""
    return f"\u2068{text}\u2069" if text and not text.isascii() else text


def fit(pieces: Sequence[Piece], limit: int = TEXT_LIMIT) -> tuple[Piece, ...]:
    """The pieces, shortened so that all of them together fit into ``limit``."""
    fitted = tuple(pieces)
    if units(plain(fitted)) <= limit:
        return fitted
    ranks = sorted({piece.rank for piece in fitted} - {0})
    for floor in _FLOORS:
        for rank in ranks:
            excess = sum(units(piece.text) for piece in fitted) - limit
            if excess <= 0:
                return fitted
            lengths = [units(piece.text) for piece in fitted if piece.rank == rank]
            level = _level(lengths, excess, floor)
            fitted = tuple(
                replace(piece, text=cut(piece.text, level)) if piece.rank == rank else piece for piece in fitted
            )
    return fitted


def _level(lengths: Sequence[int], excess: int, floor: int) -> int:
    """The highest level, not below ``floor``, to which lengths are cut so that ``excess`` is gone."""
    low, high = floor, max(lengths, default=floor)
    while low < high:
        middle = (low + high + 1) // 2
        if sum(max(0, length - middle) for length in lengths) >= excess:
            low = middle
        else:
            high = middle - 1
    return low


def plain(pieces: Sequence[Piece]) -> str:
    """The text alone."""
    return "".join(piece.text for piece in pieces)


def marked(pieces: Sequence[Piece]) -> str:
    """The text as Telegram's HTML."""
    return "".join(_tagged(piece) for piece in pieces)


def _tagged(piece: Piece) -> str:
    escaped = html.escape(piece.text, quote=False)
    if not piece.tag or not piece.text:
        return escaped
    return f"<{piece.tag}>{escaped}</{piece.tag.split()[0]}>"
