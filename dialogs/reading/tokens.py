"""Tokens: a message as the places phrases can match at, each with its spot in the message."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from dialogs.reading.folding import fold_characters

CLAUSE: Final = 100_000  # what a comma adds to ``at``: more than the words of any message that is read
_SENTENCE: Final = 2 * CLAUSE  # no gap crosses two commas, so none crosses the end of a sentence

# Neither letter nor mark nor digit: ASCII and Latin-1 signs, general, CJK and Arabic punctuation, symbols, emoji.
_SIGNS: Final = (
    r"\s\d!-&(-/:-@\[-_{-~\x00-\x1f\x7f-\xa9\xab-\xb4\xb6-\xb9\xbb-\xbf\xd7\xf7\u060c\u061b\u061f\u066a-\u066d\u06d4"
    r"\u0964\u0965\u2000-\u200b\u200e-\u2018\u201a-\u206f\u20a0-\u20cf\u2100-\u2bff\u3000-\u3004\u3008-\u303f\ud800-\udfff"
    r"\ufe00-\ufe0f\ufe30-\ufe6f\uff00-\uff0f\uff1a-\uff20\U0001f000-\U0001faff"
)
_ENDS: Final = r".!?;:\u2026\u061f\u06d4\u0964\u3002\uff01\uff1f"
# A row of marks is looked at from its first one only: from each of them it would take the square of its length.
_STOP: Final = rf"(?P<stop>(?<![{_ENDS}])[{_ENDS}]++(?=\s|$)|[!?\u061f]+|[,\u060c](?!\d)|\n)"
_WORDS_JOINED: Final = re.compile(rf"{_STOP}|(?P<number>\d+)|[^{_SIGNS}]+")
_WORDS_SPLIT: Final = re.compile(rf"{_STOP}|(?P<number>\d+)|[^{_SIGNS}'`\u2019]+")
_STOPS: Final = frozenset("。！？!?;；\n….")
_COMMAS: Final = frozenset(",،，")
_UNSEEN: Final = "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufe0f\ufeff"
_NOT_KEPT: Final = re.compile(f"[\\s{''.join(_COMMAS)}{''.join(_STOPS)}{_UNSEEN}]")
_DIGITS: Final = re.compile(r"\d+")
_HAN_NUMBER: Final = re.compile("[一二两三四五六七八九十百]+")
_HAN: Final = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"两": 2}


# A word or a number as it is written, ``at`` (counts words and leaps at the end of a clause), where it begins and ends,
# and whether it is a number. A plain tuple: it is made for every word of every message.
Token = tuple[str, int, int, int, bool]


class Number(NamedTuple):
    """A number of the message and where it stands."""

    value: int
    start: int
    end: int


class Characters(NamedTuple):
    """A message of a script without spaces: its folded characters, where each stood, and where sentences end."""

    text: str
    places: list[int]
    offsets: list[int]  # added to an index to get ``at``
    numbers: list[tuple[int, int, int]]  # value, index, index behind


def words(text: str, *, splits: bool) -> list[Token]:
    """The words of a message; ``splits`` where an apostrophe ends a word (French), not where it belongs to one."""
    tokens: list[Token] = []
    at = 0
    for found in (_WORDS_SPLIT if splits else _WORDS_JOINED).finditer(text):
        kind = found.lastgroup
        if kind == "stop":
            at += CLAUSE if found[0] in _COMMAS else _SENTENCE
            continue
        tokens.append((found[0], at, *found.span(), kind == "number"))
        at += 1
    return tokens


def characters(text: str) -> Characters:
    """The characters of a message without its spaces."""
    folded = fold_characters(text)
    kept: list[str] = []
    places: list[int] = []
    offsets: list[int] = []
    offset = begin = 0
    for found in _NOT_KEPT.finditer(folded):
        char, place = found[0], found.start()
        if char == "." and folded[place + 1 : place + 2].isdigit():
            continue
        if begin < place:
            kept.append(folded[begin:place])
            places += range(begin, place)
            offsets += [offset] * (place - begin)
        begin = place + 1
        if char in _COMMAS:
            offset += CLAUSE
        elif char in _STOPS:
            offset += _SENTENCE
    kept.append(folded[begin:])
    places += range(begin, len(folded))
    offsets += [offset] * (len(folded) - begin)
    squeezed = "".join(kept)
    return Characters(squeezed, places, offsets, _numbers(squeezed))


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
