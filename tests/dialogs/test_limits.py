"""What a seller may promise alone."""

from __future__ import annotations

from decimal import Decimal

import pytest

from dialogs.limits import above_limits
from dialogs.messages import Money, Shop

FIVE = Shop(id="s", name="S", goodwill=Money(Decimal(5), "USD"), credit=Money(Decimal(3), "USD"))
CAREFUL = Shop(id="s", name="S", remedies=frozenset({"information", "extend_time"}))
FREE = Shop(id="s", name="S")


@pytest.mark.parametrize(
    "text",
    [
        "我们可以退您 5 美元。",
        "给您补偿 USD 4.50，您看可以吗？",
        "您的订单金额是 30 美元，我们正在查询。",
        "抱歉，我们不能退您 30 美元。",
        "无法补偿 30 美元",
        "包裹已经发出。",
    ],
)
def test_within_the_limits(text: str) -> None:
    assert above_limits(text, FIVE) is None


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("我们可以退您 6 美元。", "6 USD"),
        ("给您退 $5.01", "5.01 USD"),
        ("先查一下。补偿您 50 欧元", "50 EUR"),  # another currency cannot be compared
        ("不能退 30 美元，但可以退 20 美元。", "30 USD"),
    ],
)
def test_amounts_above_them(text: str, what: str) -> None:
    assert above_limits(text, FIVE) == what


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("我们给您重发一件。", "resend"),
        ("可以全额退款", "refund"),
        ("您可以退货退款", "return_refund"),
        ("送您一张优惠券", "credit"),
        ("附赠小礼物", "gift"),
    ],
)
def test_remedies_only_a_lead_may_offer(text: str, remedy: str) -> None:
    assert above_limits(text, CAREFUL) == remedy
    assert above_limits(text, FREE) is None


@pytest.mark.parametrize("text", ["很抱歉，无法补发。", "不支持退货", "我们不能直接全额退款"])
def test_what_is_denied_is_not_promised(text: str) -> None:
    assert above_limits(text, CAREFUL) is None
