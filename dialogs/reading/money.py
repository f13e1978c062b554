"""Money: amounts as buyers write them, in the digits and marks of their language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from dialogs.promises import Money
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
# What is written instead of zeros, and the currency it tells by itself where no other uses the word.
_TIMES: Final = {
    "k": (1_000, ""), "к": (1_000, ""), "mil": (1_000, ""), "тыс": (1_000, ""), "тысяч": (1_000, ""),
    "тысячи": (1_000, ""), "тис": (1_000, ""), "тисяч": (1_000, ""), "tys": (1_000, ""), "bin": (1_000, ""),
    "rb": (1_000, "IDR"), "ribu": (1_000, "IDR"), "jt": (1_000_000, "IDR"), "juta": (1_000_000, "IDR"),
    "nghin": (1_000, "VND"), "ngan": (1_000, "VND"), "trieu": (1_000_000, "VND"), "พัน": (1_000, ""),
    "万": (10_000, ""), "千": (1_000, ""), "만": (10_000, ""), "천": (1_000, ""), "हजार": (1_000, ""),
    "हज़ार": (1_000, ""), "hazar": (1_000, "INR"), "lakh": (100_000, "INR"), "الف": (1_000, ""),
    "אלף": (1_000, ""),
}  # fmt: skip
_POINTS: Final = str.maketrans({"\u066b": ".", "\u066c": ",", " ": "", "\u00a0": "", "\u202f": "", "'": ""})
_WORDS: Final = {fold_word(word): meaning for word, meaning in _TIMES.items()}
_NEAR: Final = 16  # characters beside a number in which its currency may stand


class Amounts:
    """Reads amounts; ``words`` are the language's own names of currencies, folded.

    ``yen`` is what ¥ means to its writers, ``thousands`` the currency they mean by "150k", where they do.
    """

    def __init__(self, words: Mapping[str, str], *, yen: str = "CNY", thousands: str = "") -> None:
        self._names = {fold_word(name): code for name, code in _SIGNS.items()} | dict.fromkeys(_YEN, yen)
        self._names.update({code.lower(): "CNY" if code == "RMB" else code for code in _CODES})
        self._names.update(words)
        names = "|".join(re.escape(name) for name in sorted(self._names, key=lambda name: (-len(name), name)))
        times = "|".join(re.escape(word) for word in sorted(_WORDS, key=lambda word: (-len(word), word)))
        self._behind = re.compile(rf"(?:\s?({times})\.?(?![^\W\d_]{{2}}))?\s?({names})(?![a-z])")
        self._thousands = thousands
        self._times = re.compile(rf"\s?({times})(?![^\W\d_])")
        self._before = re.compile(rf"(?<![a-z])({names})\s?$")

    def read(self, text: str) -> tuple[Money, ...]:
        """Every amount with a currency beside it, each once; a fraction of a currency without one is no amount."""
        found: dict[Money, None] = {}
        for number in _NUMBER.finditer(text):
            times, code = self._currency(text, number)
            amount = _value(number.group(), code, times) if code else None
            if code and amount is not None:
                found[Money(amount, code)] = None
        return tuple(found)

    def _currency(self, text: str, number: re.Match[str]) -> tuple[int, str]:
        """What the number is multiplied with, and the currency beside it, if any."""
        start, end = number.span()
        after = fold_word(text[end : end + _NEAR])
        behind = self._behind.match(after)
        before = self._before.search(fold_word(text[max(0, start - _NEAR) : start]))
        many = self._times.match(after)
        times, own = _WORDS[many[1]] if many else (1, "")
        if before is not None and (before[1] in _BEFORE_FIRST or behind is None):
            return times, self._names[before[1]]
        if behind is None:
            return times, own or (self._thousands if many and many[1] == "k" else "")
        return _WORDS[behind[1]][0] if behind[1] else 1, self._names[behind[2]]


def _value(written: str, currency: str, times: int) -> Decimal | None:
    value = _plain(written, "KWD" if times > 1 else currency)  # "1,5 million" is a fraction in any currency
    return value if value is None or times == 1 else (value * times).quantize(Decimal(1))


def _plain(written: str, currency: str) -> Decimal | None:
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
