"""Sizes: letters and numbers as labels have them, and only where the message speaks of a size."""

from __future__ import annotations

import re
from typing import Final

from dialogs.reading.folding import fold_word

# Letters that are sizes wherever they stand alone in capitals; S, M and L are so beside a word for size only.
_SURE: Final = re.compile(r"(?<![A-Za-z0-9])(XX?S|[X]{1,4}L|[2-6]XL)(?![A-Za-z0-9'])")
_LETTERS: Final = r"xx?s|x{0,4}l|[2-6]xl|s|m"
_SYSTEM: Final = r"(?:(?:eu|us|uk|eur|it|fr|br|jp|cn) ?)?"
_NUMBERS: Final = r"\d{1,3}(?:[.,]5)?(?![\d.,]*\d)"
_NEAR: Final = r"[ :=#]{0,3}"
_LARGEST: Final = 200


class Sizes:
    """Reads sizes; ``words`` are the language's words for size, folded: "size", "talla", "размер"."""

    def __init__(self, words: tuple[str, ...]) -> None:
        names = "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))
        self._words = words
        self._letters = self._numbers = None
        if names:
            self._letters = re.compile(
                rf"(?:{names}){_NEAR}({_LETTERS})(?![a-z0-9'])|(?<![a-z0-9'])({_LETTERS}) (?:{names})"
            )
            self._numbers = re.compile(
                rf"(?:{names}){_NEAR}{_SYSTEM}({_NUMBERS})|(?<![\d.,]){_SYSTEM}(\d{{1,3}}(?:[.,]5)?) (?:{names})"
            )

    def read(self, text: str) -> list[str]:
        """The sizes in letters."""
        found = _SURE.findall(text)
        if self._letters and any(word in (folded := fold_word(text)) for word in self._words):
            found += [(match[1] or match[2]).upper() for match in self._letters.finditer(folded)]
        return found

    def numbered(self, text: str) -> list[str]:
        """The sizes in figures."""
        if not self._numbers:
            return []
        found = (match[1] or match[2] for match in self._numbers.finditer(fold_word(text)))
        sizes = (size.replace(",", ".") for size in found)
        return [size for size in sizes if 0 < float(size) <= _LARGEST]
