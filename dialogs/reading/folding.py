"""Folding: the form in which buyers' words and cues meet, without case, accents and other habits of typing."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from dialogs import hanzi

# Letters Unicode does not take apart, and letters that writers of Arabic and Persian use for one another.
_SAME: Final = {
    "ı": "i", "ł": "l", "ø": "o", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "'": "", "’": "", "ʼ": "", "`": "",
    "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ی": "ي", "ئ": "ي", "ة": "ه", "ک": "ك", "ؤ": "و", "ـ": "",
    "\u200c": "", "\u200d": "",
}  # fmt: skip
_APOSTROPHES: Final = str.maketrans("", "", "'’ʼ`")
_HANGUL: Final = range(0xAC00, 0xD7A4)
_STRETCHED: Final = re.compile(r"(.)\1{2,}")


class _Letters(dict[int, str]):
    """Folds each letter once; grows with the letters that are met, so never beyond Unicode."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        self[code] = folded = _fold_letter(char, code)
        return folded


class _Characters(dict[int, str]):
    """Like _Letters, one character for one: places in the folded text are places in the text."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        folded = unicodedata.normalize("NFKC", hanzi.to_simplified(char)).casefold()
        self[code] = folded = folded if len(folded) == 1 else char
        return folded


def _fold_letter(char: str, code: int) -> str:
    if char in _SAME:
        return _SAME[char]
    if code in _HANGUL:
        return char
    lower = char.casefold()
    if lower in _SAME:
        return _SAME[lower]
    parts = unicodedata.normalize("NFKD", lower)
    return "".join(_SAME.get(part, part) for part in parts if not unicodedata.category(part).startswith("M"))


_LETTERS: Final = _Letters()
_CHARACTERS: Final = _Characters()


def fold_word(word: str) -> str:
    """A word without case, accents, vowel marks and apostrophes."""
    return word.translate(_LETTERS)


def fold_case(word: str) -> str:
    """A word without case and apostrophes, its accents kept: they tell words apart ("bẩn", dirty; "bạn", you)."""
    return unicodedata.normalize("NFC", word).casefold().translate(_APOSTROPHES)


def has_accents(text: str) -> bool:
    """Whether a text is written with accents at all."""
    return not text.isascii() and any(_LETTERS[ord(char)] != char.casefold() for char in text if not char.isascii())


def fold_characters(text: str) -> str:
    """Text of a script without spaces, as long as before: lower case, half width, Simplified."""
    return text.translate(_CHARACTERS)


def unstretch(word: str) -> str:
    """``holaaaa`` as it is spelled when nobody shouts."""
    return _STRETCHED.sub(r"\1", word)
