"""Parcels: order and tracking numbers as buyers copy them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dialogs.reading.folding import fold_word

_S10_WEIGHTS: Final = (8, 6, 4, 2, 3, 5, 9, 7)  # UPU standard S10
_NOT_WITHIN: Final = (r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])")


def _alone(pattern: str) -> re.Pattern[str]:
    return re.compile(_NOT_WITHIN[0] + pattern + _NOT_WITHIN[1], re.IGNORECASE | re.ASCII)


_S10: Final = _alone(r"[A-Z]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{3} ?[A-Z]{2}")
_UPS: Final = _alone(r"1Z ?[0-9A-Z]{3} ?[0-9A-Z]{3} ?[0-9]{2} ?[0-9]{4} ?[0-9]{4}")
# Numbers whose form alone names the carrier: Yanwen, 4PX, YunExpress, Cainiao, J&T, SF, DHL, Amazon, SunYou.
_NAMED: Final = _alone(
    r"(?:[A-Z]{2}[0-9]{9}YP|4PX[0-9]{13}CN|4PX[0-9]{10,16}|YT[0-9]{16}|LP[0-9]{14,18}|CNG?[0-9]{14,20}|AE[A-Z]{2}[0-9]{10,14}"
    r"|JT[0-9]{12,15}|SF[0-9]{12,15}|JJ?D[0-9]{16,20}|GM[0-9]{16,20}|TBA[0-9]{12}|SY[A-Z]{2,3}[0-9]{9,13})"
)
_USPS: Final = _alone(r"9[1-5][0-9]{2}(?: ?[0-9]{4}){4} ?[0-9]{2}")
# Numbers that are tracking numbers only beside the word or the carrier's name: FedEx, DHL, CDEK, national posts.
_PLAIN: Final = _alone(r"[A-Z]{0,4}[0-9]{8,22}[A-Z]{0,3}")
CARRIERS: Final = (
    "dhl", "fedex", "ups", "usps", "dpd", "gls", "hermes", "tnt", "cdek", "сдэк", "почта россии", "новая почта",
    "нова пошта", "correos", "correios", "colissimo", "chronopost", "aramex", "smsa", "yodel", "evri", "ems", "cainiao",
    "yanwen", "yunexpress", "4px", "jadlog", "inpost", "seur", "ヤマト", "佐川", "우체국", "대한통운", "菜鸟", "燕文",
    "顺丰", "云途", "递四方",
)  # fmt: skip
_BEFORE: Final = 28  # characters before a number in which its name is looked for
# AliExpress, Lazada, Mercado Libre, Taobao; Amazon; Shopee; eBay; Temu; Ozon; Shein.
_ORDER: Final = _alone(
    r"(?:[0-9]{15,19}|[0-9]{3}-[0-9]{7}-[0-9]{7}|2[0-9]{5}[0-9A-Z]{8}|[0-9]{2}-[0-9]{5}-[0-9]{5}|PO-[0-9]{3}-[0-9]{10,22}"
    r"|[0-9]{8,10}-[0-9]{4}-[0-9]{1,2}|GS[A-Z0-9]{2}[0-9A-Z]{2}[0-9]{6}[0-9A-Z]{3,6})"
)
_ORDER_BESIDE_WORD: Final = _alone(r"#?[A-Z]{0,5}-?[0-9][0-9A-Z-]{3,22}")

# Digits a message must have for anything to be found, for a number in the form of an order, for a tracking number.
_DIGIT: Final = re.compile("[0-9]")
_FEWEST: Final = 4
_FEWEST_ORDER: Final = 6
_FEWEST_TRACKING: Final = 8


def read(
    text: str, order_words: tuple[str, ...], tracking_words: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Order numbers and tracking numbers of a message, each once, in order of appearance.

    ``tracking_words`` are those of the language and ``CARRIERS``.
    """
    digits = len(_DIGIT.findall(text))
    if digits < _FEWEST:
        return (), ()
    tracking: dict[int, str] = {}
    taken: list[tuple[int, int]] = []
    for pattern, genuine in _GENUINE if digits >= _FEWEST_TRACKING else ():
        for found in pattern.finditer(text):
            code = found.group().replace(" ", "").upper()
            if genuine(code):
                tracking[found.start()] = code
                taken.append(found.span())
    orders: dict[int, str] = {}
    for found in _candidates(text, digits):
        start, end = found.span()
        if any(start < other_end and other_start < end for other_start, other_end in taken):
            continue
        kind = _kind(found, text, order_words, tracking_words)
        if kind is not None:
            (tracking if kind == "tracking" else orders)[start] = found.group().lstrip("#").upper()
            taken.append((start, end))
    return _in_order(orders), _in_order(tracking)


def _candidates(text: str, digits: int) -> Iterator[re.Match[str]]:
    """Numbers whose names must tell what they are; nothing is looked for that needs more digits than there are."""
    if digits >= _FEWEST_ORDER:
        yield from _ORDER.finditer(text)
    if digits >= _FEWEST_TRACKING:
        yield from _PLAIN.finditer(text)
    yield from _ORDER_BESIDE_WORD.finditer(text)


def _kind(found: re.Match[str], text: str, order_words: tuple[str, ...], tracking_words: tuple[str, ...]) -> str | None:
    """What the nearest name before a number says it is; a number in the form of an order needs no name."""
    start = found.start()
    before = fold_word(text[max(0, start - _BEFORE) : start])
    if any(map(str.isdigit, before[-1:])):
        return None
    order = max([before.rfind(word) for word in order_words], default=-1)
    track = max([before.rfind(word) for word in tracking_words], default=-1)
    if track > order and _PLAIN.fullmatch(found.group()):
        return "tracking"
    if _ORDER.fullmatch(found.group()):
        return "order"
    digits = sum(map(str.isdigit, found.group()))
    return "order" if order >= 0 and digits >= 4 and _is_close(before, order) else None


def _is_close(before: str, place: int) -> bool:
    """Whether nothing but the rest of the name stands between it and the number: no sentence end, no other number."""
    between = before[place:]
    return len(between) <= 22 and not any(char.isdigit() or char in ".!?,;" for char in between.rstrip(" .:#№"))


def _in_order(found: dict[int, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(code for _, code in sorted(found.items())))


def _always(code: str) -> bool:
    return bool(code)


def _is_s10(code: str) -> bool:
    rest = 11 - sum(int(digit) * weight for digit, weight in zip(code[2:10], _S10_WEIGHTS, strict=True)) % 11
    return int(code[10]) == {10: 0, 11: 5}.get(rest, rest)


def _is_ups(code: str) -> bool:
    """Whether the last digit checks: every second place counts twice, letters as 2 to 9 over and over."""
    values = [int(char) if char.isdigit() else (ord(char) - ord("A") + 2) % 10 for char in code[2:17]]
    total = sum(value * (2 if place % 2 else 1) for place, value in enumerate(values))
    return -total % 10 == int(code[17])


def _is_usps(code: str) -> bool:
    """Whether the last digit checks: from the right, every second place counts three times (USPS Publication 199)."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(code[:-1])))
    return -total % 10 == int(code[-1])


_GENUINE: Final = ((_S10, _is_s10), (_UPS, _is_ups), (_USPS, _is_usps), (_NAMED, _always))
