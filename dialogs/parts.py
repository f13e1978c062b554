"""Parts: how a text leaves on a channel that carries only so much at once, and which of its lines become buttons."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import accumulate

from dialogs.messages import Capabilities
from dialogs.protection.entities import entities

OPTION = "▸ "  # begins a line the buyer may press where the channel has buttons

# Where a text is cut, best first: behind a paragraph, a line, a sentence, a word.
_CUTS = (
    re.compile(r"\n\s*\n"),
    re.compile(r"\n"),
    re.compile(r"[.!?…؟۔।]+[\"'»”’)\]]*(?=\s)|[。！？]+[”’」』）]*"),
    re.compile(r"\s+"),
)
# A part shorter than this share of what fits is not worth a better place to cut.
_SHORTEST = 3
_ZWJ = "\u200d"


def parts(text: str, capabilities: Capabilities) -> tuple[str, ...]:
    """The text in parts that fit, none cut within an entity or a character people see as one.

    Joined again they are the text, but for white space at the cuts. The same text always gives the same parts.
    """
    sizes = [0, *accumulate(_size(character, capabilities.text_unit) for character in text)]
    limit = capabilities.text_limit
    if sizes[-1] <= limit:
        return (text,)
    taken = [(entity.start, entity.end) for entity in entities(text)]
    found, start = [], 0
    while sizes[-1] - sizes[start] > limit:
        end = start + 1
        while sizes[end + 1] - sizes[start] <= limit:
            end += 1
        cut = _cut(text, start, end, taken)
        found.append(text[start:cut].strip())
        start = cut + len(text[cut:]) - len(text[cut:].lstrip())
    found.append(text[start:].strip())
    return tuple(part for part in found if part)


def fits(text: str, capabilities: Capabilities) -> bool:
    """Whether the text leaves in as many parts as one reply may have."""
    return len(parts(text, capabilities)) <= capabilities.parts


def length(text: str, capabilities: Capabilities) -> int:
    """How long the text is in the channel's unit."""
    return sum(_size(character, capabilities.text_unit) for character in text)


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


def _size(character: str, unit: str) -> int:
    if unit == "utf16":
        return 1 + (ord(character) > 0xFFFF)
    return len(character.encode("utf-8", "surrogatepass"))


def _cut(text: str, start: int, end: int, taken: list[tuple[int, int]]) -> int:
    """Where the part that begins at ``start`` ends, at most at ``end``."""
    earliest = start + (end - start) // _SHORTEST
    for cuts in _CUTS:
        places = [match.end() for match in cuts.finditer(text, start, end) if match.end() > earliest]
        free = next((place for place in reversed(places) if _is_free(text, place, taken)), None)
        if free is not None:
            return free
    return next(_last_resorts(text, start, end, taken))


def _last_resorts(text: str, start: int, end: int, taken: list[tuple[int, int]]) -> Iterator[int]:
    places = range(end, start, -1)
    yield from (place for place in places if _is_free(text, place, taken))
    # One entity is longer than a part, or one seen character is.
    yield from (place for place in places if _is_boundary(text, place))
    yield end


def _is_free(text: str, place: int, taken: list[tuple[int, int]]) -> bool:
    return _is_boundary(text, place) and not any(first < place < last for first, last in taken)


def _is_boundary(text: str, place: int) -> bool:
    """Whether what people see as one character does not reach over ``place`` (after Unicode annex 29)."""
    if place >= len(text):
        return True
    before, after = text[place - 1], text[place]
    if before == _ZWJ or _joins(after) or (before, after) == ("\r", "\n"):
        return False
    if _is_flag_half(before) and _is_flag_half(after):
        halves = len(text[:place]) - len(text[:place].rstrip(_FLAG_HALVES))
        return halves % 2 == 0
    return not (_is_leading_jamo(before) and ("\u1100" <= after <= "\u11ff" or "\uac00" <= after <= "\ud7a3"))


_FLAG_HALVES = "".join(map(chr, range(0x1F1E6, 0x1F200)))


def _joins(character: str) -> bool:
    """Whether a character only adds to the one before it: marks, selectors, skin tones, tags, later jamo."""
    return (
        character == _ZWJ
        or unicodedata.category(character) in {"Mn", "Me", "Mc"}
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
        or "\u1160" <= character <= "\u11ff"
    )


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _is_leading_jamo(character: str) -> bool:
    return "\u1100" <= character <= "\u115f"
