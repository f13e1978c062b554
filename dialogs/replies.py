"""Written replies: one reply id and one set of facts, rendered in the seller's Chinese and in the buyer's language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, get_currency_precision

from dialogs.catalogs import WrittenCatalog, languages_in, read_catalog
from dialogs.errors import NotWritten
from dialogs.messages import (
    SELLER_LANGUAGE,
)
from dialogs.playbooks import ReplyRule
from dialogs.promises import Money

# What stands open in an outline, as the seller calls it.
_NAMES: Mapping[str, str] = {
    "order": "订单号", "tracking": "运单号", "days": "天数", "date": "日期", "amount": "金额", "asked": "应收件数",
    "got": "实收件数", "missing": "缺少件数", "goodwill": "补偿金额", "credit": "优惠金额", "extension": "最长天数",
    "shop": "店名", "name": "买家姓名", "product": "商品", "link": "查询网址", "carrier": "承运商",
}  # fmt: skip
OPEN_PLACE = re.compile("〔(?:" + "|".join(_NAMES.values()) + ")〕")

_FIRST_STRONG_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"


class Replies:
    """What people wrote, in all languages.

    A language in which nobody wrote a reply raises; Chinese can never leave as another language.
    """

    def __init__(self, rules: Mapping[str, ReplyRule], catalogs: tuple[WrittenCatalog, ...]) -> None:
        self._rules = rules
        self._catalogs = {catalog.language: catalog for catalog in (*catalogs, _chinese(rules))}
        self._written: Mapping[str, frozenset[str]] = {
            name: frozenset(catalog.language for catalog in self._catalogs.values() if name in catalog.forms)
            for name in rules
        }

    @classmethod
    def load(cls, locales: Path, zh: Mapping[str, ReplyRule]) -> Replies:
        """Read every ``<language>/LC_MESSAGES/replies.po`` of ``locales``; ``zh`` are the playbooks' replies.

        Raises:
            BadData: a file is not valid or a text in it would harm a sentence; names file, line and what is right.
        """
        return cls(zh, _read_all(locales, zh))

    def extended(self, locales: Path, zh: Mapping[str, ReplyRule]) -> Replies:
        """The same for the replies ``zh``, with the texts of ``locales`` in the place of those there were.

        A reply whose Chinese is another now has only the texts of ``locales``.

        Raises:
            BadData: as :meth:`load`.
        """
        own = {catalog.language: catalog for catalog in _read_all(locales, zh)}
        common = {name: catalog for name, catalog in self._catalogs.items() if name != SELLER_LANGUAGE}
        same = {name for name, rule in zh.items() if name in self._rules and self._rules[name].zh == rule.zh}
        catalogs = []
        for language in common.keys() | own.keys():
            base = own.get(language) or common[language]
            before = common[language].forms if language in common else {}
            forms = {name: texts for name, texts in before.items() if name in same}
            catalogs.append(replace(base, forms=forms | dict(own[language].forms if language in own else {})))
        return Replies(zh, tuple(catalogs))

    def languages(self) -> frozenset[str]:
        """Languages in which at least one reply is written, Chinese included."""
        return frozenset(catalog.language for catalog in self._catalogs.values() if catalog.forms)

    def written(self, reply_id: str) -> frozenset[str]:
        """Languages a person has written the reply in, Chinese included; none when there is no such reply."""
        return self._written.get(reply_id, frozenset())

    def outline(self, reply_id: str, facts: Mapping[str, object]) -> str:
        """The Chinese of a reply, with what is not among ``facts`` named in 〔〕."""
        rule, locale = self._rules[reply_id], self._catalogs[SELLER_LANGUAGE].locale
        shown = {
            name: _spoken(facts[name], locale) if name in facts else f"〔{_NAMES[name]}〕" for name in rule.placeholders
        }
        return rule.zh.format_map(shown)

    def render(self, reply_id: str, language: str, facts: Mapping[str, object]) -> str:
        """The reply in ``language``; numbers, money (:class:`Money`) and dates as that language writes them.

        Codes and names are set in isolates in right-to-left languages, so that they keep their order.

        Raises:
            NotWritten: nobody has written the reply in this language.
            KeyError: ``facts`` lacks a fact the reply names.
            TypeError: a fact is neither int, Money, date nor str.
            ValueError: an amount has a fraction its currency has no coins for.
        """
        catalog = self._catalogs.get(language)
        forms = catalog.forms.get(reply_id) if catalog is not None else None
        if catalog is None or forms is None:
            raise NotWritten(f"reply '{reply_id}' is not written in '{language}'")
        rule = self._rules[reply_id]
        text = forms[0]
        if rule.counts is not None:
            text = forms[catalog.plural(_count(facts[rule.counts]))]
        return text.format_map({name: _spoken(facts[name], catalog.locale) for name in rule.placeholders})


def spoken(value: object, language: str) -> str:
    """A fact as a language writes it: numbers, money, dates; names and codes as they are.

    Raises:
        TypeError: it is neither int, Money, date nor str.
        ValueError: an amount has a fraction its currency has no coins for.
    """
    return _spoken(value, Locale.parse(language, sep="-"))


def _read_all(locales: Path, zh: Mapping[str, ReplyRule]) -> tuple[WrittenCatalog, ...]:
    catalogs = tuple(read_catalog(locales, language, zh) for language in languages_in(locales))
    for catalog in catalogs:
        for fault in catalog.faults:
            raise fault
    return catalogs


def _chinese(rules: Mapping[str, ReplyRule]) -> WrittenCatalog:
    return WrittenCatalog(
        language=SELLER_LANGUAGE,
        locale=Locale.parse(SELLER_LANGUAGE),
        plural=lambda _: 0,
        forms=MappingProxyType({name: (rule.zh,) for name, rule in rules.items()}),
    )


def _count(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"a counted fact must be int, not {type(value).__name__}")
    return value


def _spoken(value: object, locale: Locale) -> str:
    match value:
        case bool():
            raise TypeError("a fact must be int, Money, date or str, not bool")
        case str():
            if locale.text_direction == "rtl":
                return f"{_FIRST_STRONG_ISOLATE}{value}{_POP_ISOLATE}"
            return value
        case int() | Money() | date():
            return _formatted(value, locale)
        case _:
            raise TypeError(f"a fact must be int, Money, date or str, not {type(value).__name__}")


@lru_cache(maxsize=4096, typed=True)
def _formatted(value: int | Money | date, locale: Locale) -> str:
    """Numbers, money and dates are few and the same in every conversation; how Babel writes them is kept."""
    match value:
        case int():
            return format_decimal(value, locale=locale)
        case Money(amount, currency):
            digits = get_currency_precision(currency)
            if amount != round(amount, digits):
                raise ValueError(f"{amount} {currency}: {currency} has {digits} decimals")
            return format_currency(amount, currency, locale=locale)
        case date():
            return format_date(value, "long", locale)
