"""Limits: what a text promises, and whether an agent may promise it alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal

from dialogs import plans
from dialogs.messages import (
    Case,
    Shop,
)
from dialogs.promises import Money, Promise, Spent
from dialogs.reading.money import Amounts
from dialogs.remedies import allowed

_AMOUNTS = Amounts(
    {
        "美元": "USD", "美金": "USD", "刀": "USD", "欧元": "EUR", "欧": "EUR", "英镑": "GBP", "镑": "GBP",
        "日元": "JPY", "韩元": "KRW", "韩币": "KRW", "卢布": "RUB", "雷亚尔": "BRL", "比索": "MXN",
        "兹罗提": "PLN", "里拉": "TRY", "澳元": "AUD", "加元": "CAD", "港币": "HKD", "港元": "HKD",
        "新台币": "TWD", "人民币": "CNY", "块": "CNY",
    }
)  # fmt: skip
# Words of a promise in Chinese, by the remedy they speak of.
_PROMISES = {
    "return_refund": re.compile(r"退货退款|退货"),
    "refund": re.compile(r"全额退|全部退|全款退|退全款|退您全部|退还全部|全额赔"),
    "resend": re.compile(r"重发|补发|补寄|重新(?:给您)?(?:发|寄)|再(?:给您)?(?:发|寄)一|换新|换一[个件双条]"),
    "credit": re.compile(r"优惠券|代金券|抵用券|店铺券|下次[^。！？!?\n]{0,6}(?:减|抵|优惠)"),
    "gift": re.compile(r"赠品|小礼物|礼品|送您一|送你一"),
}
_MONEY_BACK = re.compile(r"退|赔|补偿|返还|返现|减免|抵扣|优惠|折扣|便宜|少收|贴补|给您|转给")
# A promise that is denied is none: "不能退款", "无法补发".
_DENIED = re.compile(r"(?:不能|不可以|无法|没法|没有办法|不会|不支持|暂不|不)(?:直接|马上|立即|给您|为您|再|全额)?$")
_SENTENCE = re.compile(r"[^。！？!?\n；;]+")


def promises(seller_text: str) -> tuple[Promise, ...]:
    """What a typed Chinese text promises, in its order; money that is given back is a partial refund."""
    return tuple(dict.fromkeys(_promises(seller_text)))


def _promises(seller_text: str) -> Iterator[Promise]:
    for sentence in _SENTENCE.findall(seller_text):
        named = [remedy for remedy, words in _PROMISES.items() if any(True for _ in _told(words, sentence))]
        is_money = "credit" in named or any(True for _ in _told(_MONEY_BACK, sentence))
        amounts = _AMOUNTS.read(sentence) if is_money else ()
        money = "credit" if "credit" in named else "partial_refund"
        yield from (Promise(money, amount) for amount in amounts)
        yield from (Promise(remedy) for remedy in named if not amounts or remedy != "credit")


def _told(words: re.Pattern[str], sentence: str) -> Iterator[re.Match[str]]:
    return (match for match in words.finditer(sentence) if not _DENIED.search(sentence[: match.start()]))


def above_limits(promised: Iterable[Promise], shop: Shop, case: Case, spent: Spent) -> str | None:
    """What of it only a lead may promise: the remedy, or the amount with its currency; None when an agent may.

    Amounts are compared where the shop has set a limit, in its currency; an amount in another currency cannot be
    compared and counts as above. What the case's plans have cost, and the day, count as well.
    """
    for promise in promised:
        if not allowed(promise.remedy, shop) or plans.is_one_too_many(case, promise.remedy):
            return promise.remedy
        if promise.amount is not None and _exceeds(promise.remedy, promise.amount, shop, case, spent):
            return f"{promise.amount.amount:f} {promise.amount.currency}"
    return None


def _exceeds(remedy: str, amount: Money, shop: Shop, case: Case, spent: Spent) -> bool:
    if any((plan.remedy, plan.amount) == (remedy, amount) for plan in plans.open_plans(case)):
        return False  # it was promised, and allowed, before
    in_case = _and(amount, plans.promised(case, remedy))
    limits = [limit for limit in (shop.goodwill, shop.credit) if limit is not None]
    if limits and not any(_holds(limit, in_case) for limit in limits):
        return True
    if shop.order_share is not None and case.facts.value is not None:
        value = case.facts.value
        if not _holds(Money(value.amount * shop.order_share / 100, value.currency), in_case):
            return True
    days = ((shop.agent_daily, spent.agent), (shop.shop_daily, spent.shop))
    return any(of_day and not any(_holds(limit, _and(amount, sums)) for limit in of_day) for of_day, sums in days)


def _and(amount: Money, sums: Iterable[Money]) -> Money:
    before = sum((each.amount for each in sums if each.currency == amount.currency), Decimal())
    return Money(amount.amount + before, amount.currency)


def _holds(limit: Money, amount: Money) -> bool:
    return limit.currency == amount.currency and amount.amount <= limit.amount
