"""Digits: those of every script as 0 to 9, one for one, so that places in the text stay where they are."""

from __future__ import annotations

import unicodedata


class _Digits(dict[int, str]):
    """Reads each character once; grows with the characters that are met, so never beyond Unicode."""

    def __missing__(self, code: int) -> str:
        value = unicodedata.decimal(chr(code), None)
        self[code] = read = chr(code) if value is None else str(value)
        return read


_DIGITS = _Digits()


def plain(text: str) -> str:
    """``text`` with Arabic, Persian, Devanagari, Thai, full-width and other digits as 0 to 9."""
    return text if text.isascii() else text.translate(_DIGITS)
