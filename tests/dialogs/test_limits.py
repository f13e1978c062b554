"""What a seller may promise alone."""

from __future__ import annotations

from decimal import Decimal

import pytest

from dialogs import limits, plans
from dialogs.messages import (
    Case,
    Facts,
    Shop,
)
from dialogs.promises import Money, Promise, Spent
from tests.dialogs.talk import MORNING

FIVE = Shop(id="s", name="S", goodwill=Money(Decimal(5), "USD"), credit=Money(Decimal(3), "USD"))
CAREFUL = Shop(id="s", name="S", remedies=frozenset({"information", "extend_time"}))
FREE = Shop(id="s", name="S")


def above_limits(text: str, shop: Shop, case: Case | None = None, spent: Spent | None = None) -> str | None:
    return limits.above_limits(limits.promises(text), shop, case or Case(), spent or Spent())


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


def money(amount: str, currency: str = "USD") -> Money:
    return Money(Decimal(amount), currency)


def test_a_text_promises_money_back_a_credit_or_goods() -> None:
    text = "我们给您退 5 美元。下次下单再减 3 美元。也可以重发一件。不能全额退款。"
    assert limits.promises(text) == (
        Promise("partial_refund", money("5")),
        Promise("credit", money("3")),
        Promise("resend"),
    )
    assert limits.promises("包裹在路上，运单号 RA123456785CN。") == ()


def promised(*promises: Promise) -> Case:
    case = Case()
    for promise in promises:
        case = plans.offer(case, promise, agent="小王", now=MORNING, shop=FREE)
    return case


def test_what_was_promised_in_the_case_counts_and_the_same_said_again_does_not() -> None:
    before = promised(Promise("partial_refund", money("3")))
    assert above_limits("再给您退 3 美元", FIVE, before) is None
    assert above_limits("再给您退 2 美元", FIVE, before) is None
    assert above_limits("再给您退 2.01 美元", FIVE, before) == "2.01 USD"


def test_a_day_has_limits_for_the_agent_and_the_shop() -> None:
    shop = Shop(id="s", name="S", agent_daily=(money("10"),), shop_daily=(money("20"), money("90", "EUR")))
    assert above_limits("给您退 4 美元", shop, spent=Spent(agent=(money("6"),), shop=(money("16"),))) is None
    assert above_limits("给您退 4 美元", shop, spent=Spent(agent=(money("6.01"),))) == "4 USD"
    assert above_limits("给您退 4 美元", shop, spent=Spent(shop=(money("16.01"),))) == "4 USD"
    assert above_limits("给您退 4 欧元", shop) == "4 EUR"  # no agent's limit in this currency


def test_a_share_of_the_order_is_a_limit_where_its_value_is_known() -> None:
    shop = Shop(id="s", name="S", order_share=50)
    case = Case(facts=Facts(value=money("30")))
    assert above_limits("给您退 15 美元", shop, case) is None
    assert above_limits("给您退 15.01 美元", shop, case) == "15.01 USD"
    assert above_limits("给您退 99 美元", shop) is None


def test_a_third_exclusive_plan_needs_a_lead() -> None:
    two = promised(Promise("partial_refund", money("3")), Promise("resend"))
    assert above_limits("您也可以退货退款", FREE, two) == "return_refund"
    assert above_limits("我们给您重发一件", FREE, two) is None
