"""Tokens: a message as the places phrases can match at, each with its spot in the message."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from dialogs.reading.folding import fold_characters, fold_word

CLAUSE: Final = 100_000  # what a comma adds to ``at``: more than the words of any message that is read
_SENTENCE: Final = 2 * CLAUSE  # no gap crosses two commas, so none crosses the end of a sentence

# Neither letter nor mark nor digit: ASCII and Latin-1 signs, general, CJK and Arabic punctuation, symbols, emoji.
_SIGNS: Final = (
    r"\s\d!-&(-/:-@\[-_{-~\x00-\x1f\x7f-\xa9\xab-\xb4\xb6-\xb9\xbb-\xbf\xd7\xf7\u060c\u061b\u061f\u066a-\u066d\u06d4"
    r"\u0964\u0965\u2000-\u200b\u200e-\u2018\u201a-\u206f\u20a0-\u20cf\u2100-\u2bff\u3000-\u3004\u3008-\u303f\ud800-\udfff"
    r"\ufe00-\ufe0f\ufe30-\ufe6f\uff00-\uff0f\uff1a-\uff20\U0001f000-\U0001faff"
)
_STOP: Final = r"(?P<stop>[.!?;:\u2026\u061f\u06d4\u0964\u3002\uff01\uff1f]+(?=\s|$)|[!?\u061f]+|[,\u060c](?!\d)|\n)"
_WORDS_JOINED: Final = re.compile(rf"{_STOP}|(?P<number>\d+)|[^{_SIGNS}]+")
_WORDS_SPLIT: Final = re.compile(rf"{_STOP}|(?P<number>\d+)|[^{_SIGNS}'`\u2019]+")
_STOPS: Final = frozenset("。！？!?;；\n…")
_COMMAS: Final = frozenset(",،，")
_UNSEEN: Final = frozenset("\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufe0f\ufeff")
_DIGITS: Final = re.compile(r"\d+")
_HAN_NUMBER: Final = re.compile("[一二两三四五六七八九十百]+")
_HAN: Final = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"两": 2}


@dataclass(frozen=True, slots=True)
class Token:
    """A word, or a number with its value; ``at`` counts words and leaps at the end of a clause."""

    text: str
    at: int
    start: int
    end: int
    value: int | None = None


@dataclass(frozen=True, slots=True)
class Number:
    """A number of the message and where it stands."""

    value: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Characters:
    """A message of a script without spaces: its folded characters, where each stood, and where sentences end."""

    text: str
    places: tuple[int, ...]
    offsets: tuple[int, ...]  # added to an index to get ``at``
    numbers: tuple[tuple[int, int, int], ...]  # value, index, index behind


def words(text: str, *, splits: bool) -> list[Token]:
    """The words of a message; ``splits`` where an apostrophe ends a word (French), not where it belongs to one."""
    tokens: list[Token] = []
    at = 0
    for found in (_WORDS_SPLIT if splits else _WORDS_JOINED).finditer(text):
        kind = found.lastgroup
        if kind == "stop":
            at += CLAUSE if found.group() in _COMMAS else _SENTENCE
            continue
        word, start, end = found.group(), found.start(), found.end()
        if kind == "number":
            tokens.append(Token(word, at, start, end, int(word[:9])))
        else:
            tokens.append(Token(fold_word(word), at, start, end))
        at += 1
    return tokens


def characters(text: str) -> Characters:
    """The characters of a message without its spaces."""
    folded = fold_characters(text)
    kept: list[str] = []
    places: list[int] = []
    offsets: list[int] = []
    offset = 0
    for place, char in enumerate(folded):
        if char in _STOPS or (char == "." and not folded[place + 1 : place + 2].isdigit()):
            offset += _SENTENCE
            continue
        if char in _COMMAS:
            offset += CLAUSE
            continue
        if char.isspace() or char in _UNSEEN:
            continue
        kept.append(char)
        places.append(place)
        offsets.append(offset)
    squeezed = "".join(kept)
    return Characters(squeezed, tuple(places), tuple(offsets), tuple(_numbers(squeezed)))


def _numbers(text: str) -> list[tuple[int, int, int]]:
    found = [(int(match.group()[:9]), match.start(), match.end()) for match in _DIGITS.finditer(text)]
    found += [(han_number(match.group()), match.start(), match.end()) for match in _HAN_NUMBER.finditer(text)]
    return sorted(found, key=lambda number: number[1])


def han_number(text: str) -> int:
    """The value of a number below a thousand in Chinese characters."""
    total = digit = 0
    for char in text:
        if char in "十百":
            total += (digit or 1) * (10 if char == "十" else 100)
            digit = 0
        else:
            digit = _HAN[char]
    return total + digit
