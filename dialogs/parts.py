"""Parts: how a text leaves on a channel that carries only so much at once, and which of its lines become buttons."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate

from dialogs.messages import Capabilities
from dialogs.protection.entities import entities

OPTION = "▸ "  # begins a line the buyer may press where the channel has buttons

# Where a part may end, best first: before the break of a paragraph, before a line's, behind a sentence, before a space
# or behind what separates in Chinese. A full stop within a word (3.5) ends no sentence; a no-break space means it.
_PARAGRAPH = re.compile(r"\n\s*\n")
_LINE = re.compile(r"\n")
_SENTENCE = re.compile(r"(?:(?<![.!?])[.!?]++[\"'»”’)\]]*+(?=\s)|[。！？…؟۔।॥။។]+[”’」』）»)]*)")
_WORD = re.compile(r"[^\S\u00a0\u2007\u202f]+|(?<=[，、；：])")
# An end before this share of what fits gives up too much room.
_EARLIEST = 1 / 3

_ZWJ = "\u200d"
_FLAG_HALVES = "".join(map(chr, range(0x1F1E6, 0x1F200)))


def parts(text: str, capabilities: Capabilities) -> tuple[str, ...]:
    """The text in parts of at most ``text_limit``, none cut within an entity or a character people see as one.

    Only what is longer than a part by itself is cut. Joined again the parts are the text, but for white space at the
    cuts and, of a text that is too long for one part, at its ends. The same text always gives the same parts.
    """
    if length(text, capabilities) <= capabilities.text_limit:
        return (text,)
    text = text.strip()
    sizes = [0, *accumulate(length(character, capabilities) for character in text)]
    cuts = _Cuts(text)
    found, start = [], 0
    while start < len(text):
        end = max(start + 1, bisect_right(sizes, sizes[start] + capabilities.text_limit) - 1)
        cut = cuts.between(start, end) if end < len(text) else end
        found.append(text[start:cut].rstrip())
        start = cut
        while text[start : start + 1].isspace() and not _joins(text[start + 1 : start + 2]):
            start += 1
    return tuple(part for part in found if part) or ("",)


def fits(text: str, capabilities: Capabilities) -> bool:
    """Whether the text leaves in as many parts as one reply may have."""
    return len(parts(text, capabilities)) <= capabilities.parts


def length(text: str, capabilities: Capabilities) -> int:
    """How long the text is in the channel's unit: UTF-16 code units, or bytes of UTF-8."""
    if capabilities.text_unit == "utf16":
        return len(text.encode("utf-16-le", "surrogatepass")) // 2
    return len(text.encode("utf-8", "surrogatepass"))


def options(text: str, capabilities: Capabilities) -> tuple[str, tuple[str, ...]]:
    """The text without its last lines that are options, and the options; where there are no such buttons, all text."""
    lines = text.rstrip().split("\n")
    first = len(lines)
    while first and lines[first - 1].startswith(OPTION):
        first -= 1
    titles = tuple(line.removeprefix(OPTION).strip() for line in lines[first:])
    body = "\n".join(lines[:first]).rstrip()
    fitting = all(0 < len(title) <= capabilities.button_limit for title in titles)
    if body and fitting and 0 < len(titles) <= capabilities.buttons and len(set(titles)) == len(titles):
        return body, titles
    return text, ()


class _Cuts:
    """The places where a text may be cut."""

    def __init__(self, text: str) -> None:
        found = entities(text)
        self._text = text
        self._starts = [entity.start for entity in found]
        self._ends = [entity.end for entity in found]
        self._levels: tuple[Sequence[int], ...] = tuple(
            [place for place in places if self._is_free(place)]
            for places in (
                [match.start() for match in _PARAGRAPH.finditer(text)],
                [match.start() for match in _LINE.finditer(text)],
                [match.end() for match in _SENTENCE.finditer(text)],
                [match.start() for match in _WORD.finditer(text)],
            )
        )

    def between(self, start: int, end: int) -> int:
        """The best place behind ``start`` and not behind ``end``."""
        earliest = start + (end - start) * _EARLIEST
        for places in self._levels:
            at = bisect_right(places, end)
            if at and places[at - 1] > earliest:
                return places[at - 1]
        free = (place for place in range(end, start, -1) if self._is_free(place))
        # One entity is longer than a part, or one seen character is.
        seen = (place for place in range(end, start, -1) if _is_boundary(self._text, place))
        return next(free, None) or next(seen, end)

    def _is_free(self, place: int) -> bool:
        before = bisect_left(self._starts, place)
        in_entity = before > 0 and place < self._ends[before - 1]
        return not in_entity and _is_boundary(self._text, place)


def _is_boundary(text: str, place: int) -> bool:
    """Whether what people see as one character does not reach over ``place`` (after Unicode annex 29)."""
    if not 0 < place < len(text):
        return True
    before, after = text[place - 1], text[place]
    if before == _ZWJ or _joins(after):
        return False
    if unicodedata.combining(before) == 9:  # a virama: the next consonant belongs to it
        return not after.isalpha()
    if before in _FLAG_HALVES and after in _FLAG_HALVES:
        halves = place - len(text[:place].rstrip(_FLAG_HALVES))
        return halves % 2 == 0
    return not (_is_leading_jamo(before) and (_is_leading_jamo(after) or "\uac00" <= after <= "\ud7a3"))


def _joins(character: str) -> bool:
    """Whether a character only adds to the one before it; what is behind a text does not."""
    return character != "" and (
        unicodedata.category(character) in {"Mn", "Me", "Mc"}
        or character in "\u200c\u200d\u0e33\u0eb3\uff9e\uff9f"  # joiners, Thai and Lao AM, half-width voicing marks
        or "\u1160" <= character <= "\u11ff"  # vowels and finals of Hangul
        or "\U0001f3fb" <= character <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= character <= "\U000e007f"  # tags, as in the flag of Wales
    )


def _is_leading_jamo(character: str) -> bool:
    return "\u1100" <= character <= "\u115f"
