"""Entities, masks and proofs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogs.messages import Check
from dialogs.protection import Style, clean, entities, mask, prove, styles_for, with_emoji
from dialogs.protection.numbers import numbers_in, words_in
from dialogs.protection.terms import Glossary
from dialogs.protection.writing import weight


def found(text: str) -> list[tuple[str, str]]:
    return [(entity.kind, entity.value) for entity in entities(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see https://a.example/b?c=1#d.", [("url", "https://a.example/b?c=1#d")]),
        ("(https://a.example/wiki_(x))", [("url", "https://a.example/wiki_(x)")]),
        ("看https://a.example/b谢谢", [("url", "https://a.example/b")]),
        ("смотри https://a.example/товар, да", [("url", "https://a.example/товар")]),
        ("on amazon.com/dp/B0ABC or etsy.com.", [("url", "amazon.com/dp/B0ABC"), ("url", "etsy.com")]),
        ("mail maria.p+1@mail.example.com.", [("email", "maria.p+1@mail.example.com")]),
        ("write @maria_shop now", [("handle", "@maria_shop")]),
        ("付了$25.99，US$5", [("money", "$25.99"), ("money", "US$5")]),
        ("1 234,56 € и 500₽", [("money", "1 234,56 €"), ("money", "500₽")]),
        ("50 USD or EUR 20.5", [("money", "50 USD"), ("money", "EUR 20.5")]),
        ("12345678 $25.00", [("number", "12345678"), ("money", "$25.00")]),
        ("+7 (900) 123-45-67", [("phone", "+7 (900) 123-45-67")]),
        ("8 800 555-35-35 or (555) 123-4567", [("phone", "8 800 555-35-35"), ("phone", "(555) 123-4567")]),
        ("112-1234567-1234567", [("order", "112-1234567-1234567")]),
        ("order #1042 and №88123", [("order", "#1042"), ("order", "№88123")]),
        ("#12345678", [("number", "12345678")]),
        ("订单号8012345678901234在哪", [("number", "8012345678901234")]),
        ("طلب ٠١٢٣٤٥٦٧", [("number", "٠١٢٣٤٥٦٧")]),
        ("単号１２３４５６７です", [("number", "１２３４５６７")]),
        ("RR123456789CN, 1Z999AA10123456784", [("tracking", "RR123456789CN"), ("tracking", "1Z999AA10123456784")]),
        ("LP00123456789CN lp00123456789cn", [("code", "LP00123456789CN"), ("code", "lp00123456789cn")]),
        ("WH-1000XM5 in AB-12", [("code", "WH-1000XM5"), ("code", "AB-12")]),
        ("4111 1111 1111 1111", [("number", "4111 1111 1111 1111")]),
        ("rendelés 12345678-at", [("number", "12345678")]),
    ],
)
def test_entities(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "3 pieces after 40 days", "10-15 days, 2-3 weeks", "买了3件", "2024-05-12", "12.05.2024", "12/05/24", "12:30",
        "5kg 10000mAh 50x70cm 220V", "20美元 50元", "iPhone13 XL2 USB3 4K", "10,000 pcs", "1 500 000", "arrived.please",
        "20% off", "#love", "v1.2.3", "2023-2024",
    ],
)  # fmt: skip
def test_plain_quantities_stay_visible(text: str) -> None:
    assert found(text) == []


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_entities_lie_where_they_say_and_masks_restore(text: str) -> None:
    text = clean(text)
    last = 0
    for entity in entities(text):
        assert last <= entity.start < entity.end
        assert text[entity.start : entity.end] == entity.value
        last = entity.end
    masked = mask(text, {}, "en", "zh")
    assert masked.whole(masked.canonical)
    for style in styles_for(masked.visible, tags=True):
        for xml in (False, True):
            read = masked.read(masked.written(style, xml=xml), style, xml=xml)
            if xml or style is not Style.TAG:
                assert masked.restore(read) == masked.restored


@given(st.text(max_size=200))
def test_clean_is_idempotent_and_can_be_sent(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    cleaned.encode("utf-8")
    assert "\x00" not in cleaned


BIG = {
    "digits": "1" * 100_000, "spaced digits": "1 " * 50_000, "foreign digits": "٣" * 100_000 + "A",
    "letters": "a" * 100_000,
    "dots": "a." * 50_000, "at": "@a" * 50_000, "brackets": "http://a.c/" + ")" * 100_000, "codes": "a-1" * 33_000,
    "hashes": "#1-" * 33_000, "dollars": "$ 1 " * 25_000, "plus": "+1 " * 33_000, "chinese": "我的订单" * 25_000,
    "mails": "a@a." * 25_000, "typical": "My order 12345678 at https://a.com/b?c=1, I paid $25.99 " * 1700,
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(BIG))
def test_patterns_are_linear(name: str) -> None:
    """100 kB in well under a second; with a quadratic pattern this test would not come back."""
    assert len(entities(BIG[name])) <= len(BIG[name])


def test_styles_that_occur_in_the_text_are_skipped() -> None:
    assert styles_for("hello", tags=True) == (Style.TAG, Style.LETTERS, Style.BRACKETS)
    assert styles_for("hello", tags=False) == (Style.LETTERS, Style.BRACKETS)
    assert styles_for("my xqz 1", tags=False) == (Style.BRACKETS,)
    assert styles_for("a [[link]]", tags=False) == (Style.LETTERS,)
    assert styles_for("a <x b", tags=True) == (Style.LETTERS, Style.BRACKETS)


@pytest.mark.parametrize("style", list(Style))
def test_no_style_has_marks_engines_break(style: Style) -> None:
    assert not set("_{}⟦⟧") & set(style.write(12))


@pytest.mark.parametrize(
    ("style", "answer"),
    [
        (Style.LETTERS, "订单 xqz1 在 X Q Z ２"),
        (Style.LETTERS, "订单ＸＱＺ１在XQZ٢"),
        (Style.BRACKETS, "订单［［1］］在【【 2 】】"),
        (Style.BRACKETS, "订单[ [१] ]在[[2]]"),
        (Style.TAG, "订单<X ID='1' />在<x id=“2”></x>"),
        (Style.TAG, '订单＜x id="1"／＞在< x id = "2" / >'),
    ],
)
def test_garbled_placeholders_are_read(style: Style, answer: str) -> None:
    masked = mask("order 8012345678 at https://a.example/b", {}, "en", "zh")
    canonical = masked.read(answer, style, xml=False)
    assert masked.whole(canonical)
    assert "8012345678" in masked.restore(canonical)
    assert "https://a.example/b" in masked.restore(canonical)


def test_an_entity_never_runs_into_a_word() -> None:
    masked = mask("订单8012345678已寄出", {}, "zh", "en")
    assert masked.restore("Order\ue0001\ue001has left") == "Order 8012345678 has left"


def test_letters_are_escaped_for_xml_only() -> None:
    masked = mask("a < b & c 8012345678", {}, "en", "zh")
    assert masked.written(Style.TAG, xml=True) == 'a &lt; b &amp; c <x id="1"/>'
    assert masked.written(Style.LETTERS, xml=False) == "a < b & c XQZ1"


GLOSSARY = {"魔法杯": {"en": "Magic Cup", "es": "Taza Mágica"}, "Sunny Store": {}, "安克": {"en": "Anker"}}


def test_terms_are_hidden_and_come_back_in_their_fixed_wording() -> None:
    masked = mask("魔法杯到了，Sunny Store谢谢您", GLOSSARY, "zh", "es")
    assert masked.values == ("魔法杯", "Sunny Store")
    assert masked.restored == "Taza Mágica到了，Sunny Store谢谢您"
    inward = mask("the magic cup of SUNNY STORE broke, magic cups", GLOSSARY, "en", "zh")
    assert inward.restored == "the 魔法杯 of Sunny Store broke, magic cups"


def test_a_term_is_a_whole_word() -> None:
    glossary: dict[str, dict[str, str]] = {"Sun": {}}
    assert mask("Sunday unsun in the sun", glossary, "en", "zh").values == ("sun",)


def test_glossary_digest_changes_with_the_glossary() -> None:
    assert Glossary.of(GLOSSARY).digest == Glossary.of(dict(reversed(GLOSSARY.items()))).digest
    assert Glossary.of(GLOSSARY).digest != Glossary.of({**GLOSSARY, "新": {}}).digest
    assert Glossary.of({}).digest == ""


def test_proof_holds_for_the_same_entities_in_any_order() -> None:
    assert prove("订单8012345678，退$25.99", "We return $25.99 for order 8012345678", language="en") == ()


@pytest.mark.parametrize(
    ("target", "checks"),
    [
        ("We return $25.99", (Check("entity_missing", "8012345678"),)),
        (
            "Order 8012345679: $25.99",
            (Check("entity_missing", "8012345678"), Check("entity_added", "8012345679")),
        ),
        ("Order 8012345678: $25.99, see https://a.example", (Check("entity_added", "https://a.example"),)),
        ("Order 8012345678 8012345678: $25.99", (Check("entity_added", "8012345678"),)),
    ],
)
def test_proof_names_what_is_wrong(target: str, checks: tuple[Check, ...]) -> None:
    assert prove("订单8012345678，退$25.99", target, language="en") == checks


def test_an_amount_named_in_chinese_words_is_not_added() -> None:
    assert prove("退您20美元，10万积分", "We refund $20 and 100000 points", language="en") == ()
    assert prove("退您20美元", "We refund $30", language="en") == (Check("entity_added", "$30"),)


def test_proof_wants_the_fixed_wording() -> None:
    assert prove("魔法杯已寄出", "The Magic Cup was sent", language="en", glossary=GLOSSARY) == ()
    wrong = prove("魔法杯已寄出", "The wizard mug was sent", language="en", glossary=GLOSSARY)
    assert wrong == (Check("entity_missing", "Magic Cup"),)


def test_a_wording_may_hold_an_entity_itself() -> None:
    glossary = {"魔法杯": {"en": "Magic Cup MC-2000"}}
    assert prove("魔法杯已寄出", "The Magic Cup MC-2000 was sent", language="en", glossary=glossary) == ()


def test_lost_emoji_are_appended() -> None:
    assert with_emoji("bad 😡😡 👍🏽 🇪🇸", "坏 😡") == "坏 😡 😡👍🏽🇪🇸"
    assert with_emoji("fine", "好") == "好"


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("3 pcs, 1,250 or 1.250 or 1 250", {"3", "1250"}),
        ("4,5 kg", {"4", "5"}), ("٣ قطع", {"3"}), ("10万元 1.5万", {"100000", "15000"}),
        ("12.05.2024", {"12", "5", "2024"}), ("2024年5月12日", {"12", "5", "2024"}), ("none", set()),
    ],
)  # fmt: skip
def test_numbers(text: str, numbers: set[str]) -> None:
    assert numbers_in(text) == numbers


def test_number_words() -> None:
    assert words_in("two pieces in twelve days", "en") == {"2", "12"}
    assert words_in("两件，等了三十五天，十分生气", "zh") == {"2", "35"}
    assert words_in("tatlo", "tl") is None


@pytest.mark.parametrize(
    ("text", "says"),
    [("añadido", 7.0), ("посылка", 7.0), ("חב", 2.6), ("طر", 2.4), ("택배", 4.4), ("かな", 3.4), ("包裹", 6.4)],
)
def test_how_much_a_letter_says(text: str, says: float) -> None:
    assert weight(text) == pytest.approx(says)


def test_a_code_is_told_from_the_words_around_it_however_far_its_digits_are() -> None:
    digits_far = "ab--" * 20 + "x1"
    assert [value for _, value in found(digits_far + " A1-22")] == ["A1-22"]
