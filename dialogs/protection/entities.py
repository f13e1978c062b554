"""Entities: the parts of a text that mean something only to the byte.

Whether characters are an entity depends on themselves and on the ASCII letters and digits that touch them, not on the
words around: the same entity is found again in any language. Plain small quantities (3 pieces, 40 days), dates, times,
ranges and measures are not entities; engines have to read them. All patterns are linear in the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity and where it stands.

    ``kind`` is url, email, handle, money, phone, order, tracking, code (SKU, other letter-digit codes) or number.
    """

    kind: str
    value: str
    start: int
    end: int


# A bare host needs a well-known ending: a missing space after a full stop is no link ("arrived.please").
_BARE_HOST = (
    r"(?:[A-Za-z0-9][A-Za-z0-9-]{0,62}\.){1,4}"
    r"(?:com|net|org|info|shop|store|online|site|app|io|me|ly|gl|co|cn|tw|hk|jp|kr|ru|ua|de|fr|it|es|pt|nl|pl|uk|us|br"
    r"|mx|ar|cl|tr|il|ae|sa|in|id|th|vn|ph|my|sg|au|ca|eu)"
)
_URL_TAIL = r"[A-Za-z0-9!#$%&'()*+,./:;=?@\[\]_~\u00c0-\u02af\u0370-\u0dff-]"
_URL = re.compile(
    rf"(?<![A-Za-z0-9])(?:https?://|www\.){_URL_TAIL}++"
    rf"|(?<![A-Za-z0-9@.-]){_BARE_HOST}(?![A-Za-z0-9@-]|\.[A-Za-z0-9])(?:/{_URL_TAIL}*+)?",
    re.IGNORECASE,
)
_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9_%+-][A-Za-z0-9._%+-]{0,63}+@[A-Za-z0-9-]{1,63}+(?:\.[A-Za-z0-9-]{1,63}+){1,5}"
)
_HANDLE = re.compile(r"(?<![A-Za-z0-9.@/_])@[A-Za-z0-9_][A-Za-z0-9_.]{1,63}")

_AMOUNT = r"(?:\d{1,3}(?:[ \u00a0\u202f]\d{3}){1,4}+(?:[.,]\d{1,2})?(?!\d)|\d{1,18}+(?:[.,'’٫٬]\d{1,9}+){0,6})"
_SIGN = r"(?:US\$|R\$|S\$|HK\$|NT\$|A\$|C\$|Mex\$|[$€£¥￥₽₩₹₺₴₫฿₪₦₱﷼₸])"
_ISO = (
    "USD|EUR|GBP|CNY|RMB|JPY|KRW|RUB|UAH|PLN|CZK|HUF|RON|SEK|NOK|DKK|CHF|TRY|ILS|AED|SAR|INR|IDR|THB|VND|PHP|MYR|SGD"
    "|AUD|CAD|NZD|BRL|MXN|CLP|COP|ARS|PEN|HKD|TWD|ZAR|NGN|EGP|KZT"
)
_MONEY = re.compile(
    rf"(?<![A-Za-z0-9$])(?:{_SIGN}|(?:{_ISO})(?![A-Za-z]))[ \u00a0\u202f]?{_AMOUNT}"
    rf"|(?<![A-Za-z\d])(?<!\d[.,]){_AMOUNT}[ \u00a0\u202f]?"
    rf"(?:[$€£¥￥₽₩₹₺₴₫฿₪₦₱﷼₸](?!\d)|zł(?!\w)|Kč(?!\w)|(?:{_ISO})(?![A-Za-z0-9]))"
)
_HASHED = re.compile(r"(?:#|№[ \u00a0]?)[A-Za-z0-9]{1,40}+(?:-[A-Za-z0-9]{1,40}+){0,6}")
# Digits that belong together although something stands between them: with a plus, with an area code in brackets, in
# blocks of four as on a card, in groups as telephone numbers are written, joined by hyphens.
_GROUPS = re.compile(
    r"(?<![A-Za-z\d])(?<!\d[.,])(?:"
    r"\+\d{1,15}(?:[ \u00a0.()-]{1,2}\d{1,6}){0,6}"
    r"|(?:\d{1,2}[ -]?)?\(\d{2,5}\)[ .-]?\d{2,8}(?:[ .-]\d{2,4}){0,3}"
    r"|\d{4}(?:[ \u00a0-]\d{4}){2,4}"
    r"|(?:[018][ .-])?\d{2,5}(?:[ \u00a0.-]\d{2,4}){2,4}"
    r"|(?=[\d-]{6})\d++(?:-\d++)*+"
    r")(?![A-Za-z\d])"
)
# Words joined by hyphens and the like, with a digit somewhere; each chain is looked at once, from its beginning.
_WORD = re.compile(
    # Its digit is looked for so far ahead and no further: else rows of marks take the square of their length.
    r"(?<![A-Za-z0-9])(?<![A-Za-z0-9][-_/])(?=[A-Za-z_/-]{0,64}+\d)[A-Za-z0-9]++(?:[-_/][A-Za-z0-9]++)*+"
)
_RUN = re.compile(r"(?<![A-Za-z\d])\d{6,}+(?![A-Za-z])")

_DATE = re.compile(
    r"(?<![A-Za-z\d])(?:\d{1,2}([./-])\d{1,2}\1(?:\d{4}|\d{2})|(?:19|20)\d{2}([./-])\d{1,2}\2\d{1,2}"
    r"|(?:19|20)\d{2}-(?:19|20)\d{2})(?![A-Za-z\d]|[./-]\d)"
)
_MEASURE = re.compile(r"\d{1,5}[A-Za-z]{1,4}|\d{1,5}(?:[Xx]\d{1,5}){1,2}[A-Za-z]{0,4}")
_S10 = re.compile(r"[A-Za-z]{2}\d{9}[A-Za-z]{2}")  # Universal Postal Union, standard S10
_UPS = re.compile(r"1[Zz][A-Za-z0-9]{16}")
_AMAZON_ORDER = re.compile(r"\d{3}-\d{7}-\d{7}")
_ENDS_SENTENCE = ".,;:!?'"
_ANY_DIGIT = re.compile(r"\d")
_TAKEN = "\ufffc"


def entities(text: str) -> tuple[Entity, ...]:
    """All entities of a text, in order, none overlapping another."""
    found: list[Entity] = []
    rest = text
    for mark, finder in FINDERS if _ANY_DIGIT.search(text) else WITHOUT_DIGITS:
        if mark.search(rest):
            more = list(finder(rest))
            if more:
                found.extend(more)
                rest = _blanked(rest, more)
    found.sort(key=lambda entity: entity.start)
    return tuple(entity for entity in found if entity.kind != "date")


def _blanked(text: str, found: list[Entity]) -> str:
    """``text`` with what was found replaced by marks no pattern knows, so that nothing is found twice."""
    parts, at = [], 0
    for entity in found:
        parts.append(text[at : entity.start])
        parts.append(_TAKEN * (entity.end - entity.start))
        at = entity.end
    return "".join((*parts, text[at:]))


def _every(kind: str, pattern: re.Pattern[str], strip: str = "") -> Callable[[str], Iterator[Entity]]:
    """Finds what ``pattern`` matches, without the marks of ``strip`` at its end."""

    def find(text: str) -> Iterator[Entity]:
        for match in pattern.finditer(text):
            value = match[0].rstrip(strip) if strip else match[0]
            if len(value) > 1:
                yield Entity(kind, value, match.start(), match.start() + len(value))

    return find


def _urls(text: str) -> Iterator[Entity]:
    for match in _URL.finditer(text):
        value = _without_sentence_end(match[0])
        yield Entity("url", value, match.start(), match.start() + len(value))


def _without_sentence_end(url: str) -> str:
    """A link without the full stop or bracket that belongs to the sentence around it."""
    unopened = {")": url.count(")") - url.count("("), "]": url.count("]") - url.count("[")}
    end = len(url)
    while end:
        last = url[end - 1]
        if unopened.get(last, 0) > 0:
            unopened[last] -= 1
        elif last not in _ENDS_SENTENCE:
            break
        end -= 1
    return url[:end]


def _hashed(text: str) -> Iterator[Entity]:
    """Short numbers a sign makes an order number (#1042); longer ones are found without the sign."""
    for match in _HASHED.finditer(text):
        body = match[0].lstrip("#№ \u00a0")
        if len(body) >= 3 and _ANY_DIGIT.search(body) and not _is_long(body):
            yield Entity("order", match[0], match.start(), match.end())


def _is_long(body: str) -> bool:
    return (_kind_of_digits(body) or _kind_of_code(body)) is not None


def _kind_of_digits(value: str) -> str | None:
    """The kind of a group of digits as a whole, None when it is no entity."""
    digits = sum(map(str.isdecimal, value))
    if value.startswith("+"):
        return "phone" if digits >= 7 else None
    if digits < 6:
        return None
    if len(value) == digits:
        return "number"
    if not any(mark in value for mark in " \u00a0.("):
        return "order" if _AMAZON_ORDER.fullmatch(value) else "number"
    if "(" in value:
        return "phone" if digits >= 7 else None
    if digits < 9:
        return None
    return "phone" if digits <= 13 else "number"


def _groups(text: str) -> Iterator[Entity]:
    for match in _GROUPS.finditer(text):
        kind = _kind_of_digits(match[0])
        if kind is not None:
            yield Entity(kind, match[0], match.start(), match.end())


def _kind_of_code(value: str) -> str | None:
    """Whether letters and digits together are a code, and which."""
    if _S10.fullmatch(value) or _UPS.fullmatch(value):
        return "tracking"
    if value.isdigit() or value.isalpha() or _MEASURE.fullmatch(value):
        return None
    digits = sum(map(str.isdigit, value))
    if digits == 0 or digits + value.count("-") + value.count("/") + value.count("_") == len(value):
        return None
    if digits >= 5:
        return "code"
    upper = value == value.upper()
    if upper and digits >= 2 and len(value) >= 5:
        return "code"
    return "code" if digits >= 3 and "-" in value and value != value.lower() else None


def _codes(text: str) -> Iterator[Entity]:
    for match in _WORD.finditer(text):
        kind = _kind_of_code(match[0])
        if kind is not None:
            yield Entity(kind, match[0], match.start(), match.end())


# What a text must have for a finder to be worth its time, and the finder; an earlier one takes what it finds.
_Finders = tuple[tuple[re.Pattern[str], Callable[[str], Iterator[Entity]]], ...]
WITHOUT_DIGITS: _Finders = (
    (re.compile("@"), _every("email", _EMAIL, "-")),
    (re.compile("@"), _every("handle", _HANDLE, ".")),
    (re.compile(r"\.[A-Za-z]|://|www\.", re.IGNORECASE), _urls),
)
FINDERS: _Finders = (
    *WITHOUT_DIGITS,
    (re.compile("[$€£¥￥₽₩₹₺₴₫฿₪₦₱﷼₸]|zł|Kč|[A-Z]{3}"), _every("money", _MONEY)),
    (re.compile(r"\d[./-]\d"), _every("date", _DATE)),
    (re.compile("[#№]"), _hashed),
    (re.compile(r"\d(?:[ \u00a0.()-]{0,2}\d){5}"), _groups),
    (re.compile(r"[A-Za-z][-_/]?[0-9]|[0-9][-_/]?[A-Za-z]"), _codes),
    (re.compile(r"\d{6}"), _every("number", _RUN)),
)
