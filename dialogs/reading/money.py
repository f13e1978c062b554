"""Money: amounts as buyers write them, in the digits and marks of their language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from dialogs.messages import Money
from dialogs.reading.folding import fold_word

# Currencies by the smallest part their amounts are written with (ISO 4217); all others have two digits.
_WHOLE: Final = frozenset(
    {"JPY", "KRW", "VND", "CLP", "PYG", "ISK", "UGX", "XAF", "XOF", "RWF", "KMF", "DJF", "GNF", "VUV"}
)
_THOUSANDTHS: Final = frozenset({"KWD", "BHD", "OMR", "JOD", "TND", "IQD", "LYD"})
_CODES: Final = (
    "USD", "EUR", "GBP", "CNY", "RMB", "JPY", "KRW", "RUB", "BRL", "MXN", "CLP", "COP", "PEN", "ARS", "UAH", "KZT",
    "BYN", "PLN", "CZK", "HUF", "RON", "SEK", "NOK", "DKK", "CHF", "TRY", "ILS", "SAR", "AED", "EGP", "KWD", "QAR",
    "BHD", "OMR", "JOD", "IQD", "MAD", "DZD", "TND", "IRR", "INR", "IDR", "VND", "THB", "MYR", "PHP", "SGD", "HKD",
    "TWD", "AUD", "NZD", "CAD", "ZAR", "NGN", "KES",
)  # fmt: skip
_SIGNS: Final = {
    "us$": "USD", "u$s": "USD", "r$": "BRL", "a$": "AUD", "c$": "CAD", "hk$": "HKD", "nt$": "TWD", "s$": "SGD", "$":
    "USD", "€": "EUR", "£": "GBP", "₽": "RUB", "₴": "UAH", "₸": "KZT", "₩": "KRW", "₪": "ILS", "₺": "TRY", "₹":
    "INR", "₫": "VND", "฿": "THB", "₱": "PHP", "₦": "NGN", "zł": "PLN", "zl": "PLN", "kč": "CZK", "kc": "CZK", "﷼":
    "SAR", "rp": "IDR", "元": "CNY", "円": "JPY", "원": "KRW",
}  # fmt: skip
_YEN: Final = "¥￥"
_BEFORE_FIRST: Final = frozenset({*_SIGNS, *_YEN})  # a sign before the number counts before any word behind it
_NUMBER: Final = re.compile(
    r"\d{1,3}(?:[ \u00a0\u202f'.,\u066c]\d{3})+(?:[.,\u066b]\d{1,2})?(?!\d)|\d{1,12}(?:[.,\u066b]\d{1,3})?(?!\d)"
)
_POINTS: Final = str.maketrans({"\u066b": ".", "\u066c": ",", " ": "", "\u00a0": "", "\u202f": "", "'": ""})
_NEAR: Final = 16  # characters beside a number in which its currency may stand


class Amounts:
    """Reads amounts; ``words`` are the language's own names of currencies, folded, ``yen`` what ¥ means in it."""

    def __init__(self, words: Mapping[str, str], *, yen: str = "CNY") -> None:
        self._names = {fold_word(name): code for name, code in _SIGNS.items()} | dict.fromkeys(_YEN, yen)
        self._names.update({code.lower(): "CNY" if code == "RMB" else code for code in _CODES})
        self._names.update(words)
        names = "|".join(re.escape(name) for name in sorted(self._names, key=lambda name: (-len(name), name)))
        self._behind = re.compile(rf"\s?({names})(?![a-z])")
        self._before = re.compile(rf"(?<![a-z])({names})\s?$")

    def read(self, text: str) -> tuple[Money, ...]:
        """Every amount with a currency beside it, each once; a fraction of a currency without one is no amount."""
        found: dict[Money, None] = {}
        for number in _NUMBER.finditer(text):
            code = self._currency(text, number)
            amount = _value(number.group(), code) if code else None
            if code and amount is not None:
                found[Money(amount, code)] = None
        return tuple(found)

    def _currency(self, text: str, number: re.Match[str]) -> str | None:
        start, end = number.span()
        behind = self._behind.match(fold_word(text[end : end + _NEAR]))
        before = self._before.search(fold_word(text[max(0, start - _NEAR) : start]))
        sign = before is not None and before[1] in _BEFORE_FIRST
        name = before if sign else behind or before
        return self._names[name[1]] if name else None


def _value(written: str, currency: str) -> Decimal | None:
    digits = written.translate(_POINTS)
    comma, point = digits.rfind(","), digits.rfind(".")
    mark = max(comma, point)
    if mark < 0:
        return Decimal(digits)
    whole, fraction = digits[:mark], digits[mark + 1 :]
    both, several = comma >= 0 and point >= 0, whole.count(digits[mark]) > 0
    if not both and (several or (len(fraction) == 3 and currency not in _THOUSANDTHS and whole.strip("0"))):
        whole, fraction = whole + fraction, ""
    if fraction.strip("0") and currency in _WHOLE:
        return None
    plain = re.sub(r"[.,]", "", whole)
    return Decimal(f"{plain}.{fraction}" if fraction and currency not in _WHOLE else plain)
