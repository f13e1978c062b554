"""What is heard in a seller's Chinese, and what is not."""

from __future__ import annotations

import pytest

from tests.dialogs.tone.guard import GUARD, rules


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("不行。", "flat_refusal"),
        ("不退，别想了", "flat_refusal"),
        ("你自己看清楚了吗", "arguing"),
        ("凭什么赔你", "arguing"),
        ("是你自己弄坏的", "blaming"),
        ("谁让你不看尺码", "blaming"),
        ("呵呵", "mocking"),
        ("一分钱一分货懂吗", "mocking"),
        ("我没错", "i_am_right"),
        ("我们没有责任", "i_am_right"),
        ("随便你", "indifference"),
        ("爱买不买", "indifference"),
        ("催什么催", "hurrying"),
        ("起诉你", "threat"),
        ("我要曝光你", "threat"),
        ("再说就拉黑", "threat"),
        ("让你好看", "threat"),
        ("另一个买家的电话13800138000", "personal_data"),
        ("身份证110101199003074530", "personal_data"),
        ("改好评就退钱", "review_money"),
        ("删差评返红包", "review_money"),
        ("五星好评返现", "review_money"),
        ("麻烦您改一下评价", "review_change"),
        ("加微信说", "outside"),
        ("私下转您", "outside"),
        ("你是骗子", "insult"),
        ("白痴", "insult"),
        ("保证送到", "absolute"),
        ("百分百正品", "absolute"),
        ("你必须退回来", "command"),
        ("赶紧确认收货", "command"),
    ],
)
def test_is_heard(text: str, rule: str) -> None:
    assert rule in rules(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "我们不会威胁您",
        "我们不会起诉您，请放心",
        "您没有错",
        "不是您的问题",
        "不行的话我们再给您换",
        "这个不行，不过可以给您换别的颜色",
        "如有问题评价前先联系我们",
        "您说“你们是骗子”，我们很难过",
        "我们绝不会拉黑您",
        "感谢您的五星好评，补发的配件已经寄出",
        "我们不会因为退款要求您改评价",
        "不用您改评价，退款照样给您",
        "请不要转账给任何人",
        "马上给您处理",
        "您必须要的配件已经补发",
        "垃圾袋随机发货",
        "病毒防护软件的激活码已经发出",
    ],
)
def test_is_clean(text: str) -> None:
    assert rules(text) == set()


def test_words_stand_where_the_warning_says() -> None:
    text = "您好！你自己看清楚了吗？"
    (warning,) = GUARD.check(text)
    assert text[warning.start : warning.end] == warning.words == "你自己看清楚"
    assert not warning.hard
    assert not warning.outgoing
    assert warning.why
    assert warning.better


def test_traditional_and_full_width_are_heard_alike() -> None:
    assert rules("起訴你") == {"threat"}
    assert rules("加ＱＱ１２３４５６７") == {"outside"}


@pytest.mark.parametrize("rule", ["threat", "personal_data", "review_money"])
def test_hard_stops(rule: str) -> None:
    assert {block.rule for block in GUARD.chinese.blocks if block.hard} >= {rule}


def test_nothing_else_is_a_hard_stop() -> None:
    assert len({block.rule for block in GUARD.chinese.blocks if block.hard}) == 3


def test_every_better_line_is_clean() -> None:
    assert [block.better for block in GUARD.chinese.blocks if rules(block.better)] == []


class TestPersonalData:
    PHONE = "您留的号码13800138000打不通"

    def test_what_the_buyer_gave_is_not_somebody_else_s(self) -> None:
        assert rules("13800138000这个号码打不通") == {"personal_data"}
        assert rules("13800138000这个号码打不通", "My phone is +86 138-0013-8000, call me") == set()

    def test_what_the_buyer_gave_may_stand_in_another_form(self) -> None:
        assert rules("+86 138 0013 8000 打不通", "电话13800138000") == set()

    def test_an_address_the_buyer_gave(self) -> None:
        address = "浙江省杭州市余杭区文一西路969号3幢"
        assert rules(f"{address}对吗") == {"personal_data"}
        assert rules(f"{address}对吗", f"寄到{address}，谢谢") == set()

    def test_the_shop_s_own_address_and_phone(self) -> None:
        assert rules("退货请寄：浙江省义乌市稠州北路1688号3楼，电话13800138000") == set()
        assert rules("这是我们的仓库地址：\n广东省广州市白云区机场路88号") == set()

    def test_numbers_of_orders_and_parcels(self) -> None:
        assert rules("运单号13800138000已经发出") == set()
        assert rules("订单8134567890123456已经发货") == set()

    def test_somebody_else_s_data_in_the_shop_s_sentence(self) -> None:
        assert rules("退货可以问另一个买家13800138000") == {"personal_data"}

    def test_quotation_marks_hide_no_number(self) -> None:
        assert rules("他说“打13800138000找另一位买家”") == {"personal_data"}


class TestReviewAgainstMoney:
    def test_in_neighbouring_sentences(self) -> None:
        assert rules("请您改成五星。改好我们返您5美元。") == {"review_money"}

    def test_far_apart_it_is_only_asked_for(self) -> None:
        assert rules("请您改成五星。谢谢。天气很好。您的退款到了。") == {"review_change"}

    def test_quoted_words_of_the_buyer(self) -> None:
        assert rules("您说“给好评就退款”，这个我们不做") == set()

    def test_quotation_marks_do_not_help(self) -> None:
        assert "review_money" in rules("给“五星好评”返现5元")
