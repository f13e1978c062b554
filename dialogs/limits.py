"""Limits: whether what a seller typed promises more than an agent may promise alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dialogs.messages import Money, Shop
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


def above_limits(seller_text: str, shop: Shop) -> str | None:
    """What in a typed Chinese text only a lead may promise; None when an agent may send it.

    Amounts are compared where the shop has set a limit, in its currency; an amount in another currency cannot be
    compared and counts as above.
    """
    for sentence in _SENTENCE.findall(seller_text):
        for remedy, words in _PROMISES.items():
            if not allowed(remedy, shop) and any(True for _ in _promised(words, sentence)):
                return remedy
        if any(True for _ in _promised(_MONEY_BACK, sentence)):
            for amount in _AMOUNTS.read(sentence):
                if _exceeds(amount, shop):
                    return f"{amount.amount:f} {amount.currency}"
    return None


def _promised(words: re.Pattern[str], sentence: str) -> Iterator[re.Match[str]]:
    return (match for match in words.finditer(sentence) if not _DENIED.search(sentence[: match.start()]))


def _exceeds(amount: Money, shop: Shop) -> bool:
    limits = [limit for limit in (shop.goodwill, shop.credit) if limit is not None]
    return bool(limits) and not any(
        limit.currency == amount.currency and amount.amount <= limit.amount for limit in limits
    )
