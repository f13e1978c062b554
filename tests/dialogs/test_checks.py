"""What an engine's answer must be, and what a seller is told to look at."""

from __future__ import annotations

import pytest

from dialogs.checks import Pair, examine
from dialogs.language import DETECTORS
from tests.dialogs.hostile import Silent
from tests.servers.engines import GOOGLE_ERROR

DETECTOR = DETECTORS["eldc"]()
ASKED = "Where is my parcel? I have waited 3 weeks for it and I am very angry."
GOOD = "我的包裹在哪里？我已经等了3个星期，非常生气。"


def verdict(asked: str, answered: str, source: str | None = "en", target: str = "zh") -> tuple[str | None, list[str]]:
    seen = examine(Pair(asked, answered, source, target), DETECTOR)
    return seen.refused, [check.code for check in seen.checks]


def test_a_good_translation_passes() -> None:
    assert verdict(ASKED, GOOD) == (None, [])


@pytest.mark.parametrize(
    ("answered", "reason"),
    [
        ("", "empty"),
        ("  \n", "empty"),
        ("?!", "empty"),
        (GOOGLE_ERROR, "error_page"),
        ("MYMEMORY WARNING: YOU USED ALL AVAILABLE FREE TRANSLATIONS FOR TODAY", "error_page"),
        ("PLEASE SELECT TWO DISTINCT LANGUAGES", "error_page"),
        ("'XX' IS AN INVALID TARGET LANGUAGE", "error_page"),
        ("抱歉，作为一个AI，我不能这样做", "error_page"),
        ("<html><body>502</body></html>", "html"),
        ("<p>我的包裹在哪里？</p>", "html"),
        (ASKED, "echo"),
        (ASKED.upper(), "echo"),
        ("Где моя посылка? Я жду уже 3 недели и очень злюсь.", "script"),
    ],
)
def test_no_translation_at_all(answered: str, reason: str) -> None:
    assert verdict(ASKED, answered)[0] == reason


def test_a_shop_may_say_in_english_what_gateways_say() -> None:
    asked = "本周请求太多，我们的客服暂时回复较慢，非常抱歉，请您再等一天。"
    answered = "We got too many requests this week and answer slowly, we are very sorry, please wait one more day."
    assert verdict(asked, answered, "zh", "en")[0] is None
    assert verdict(asked, "Too many requests", "zh", "en")[0] == "error_page"


def test_another_language_of_the_same_script() -> None:
    spanish = "¿Dónde está mi paquete? Llevo esperando 3 semanas y estoy muy enfadado con ustedes."
    assert verdict("我的包裹在哪里？等了3个星期，非常生气。", spanish, "zh", "fr")[0] == "language"
    assert examine(Pair("我的包裹在哪里？等了3个星期，非常生气。", spanish, "zh", "fr"), Silent()).refused is None


def test_a_buyer_may_write_of_errors_and_markup() -> None:
    assert verdict("The site says: internal server error", "网站显示：internal server error")[0] is None
    assert verdict("it shows <br> in the text", "文字里显示<br>")[0] is None


@pytest.mark.parametrize("text", ["Maria Gonzalez", "OK", "iPhone 13", "DHL"])
def test_names_may_come_back_as_they_are(text: str) -> None:
    assert verdict(text, text) == (None, ["copied"])


@pytest.mark.parametrize("text", ["😡😡", "3", "!!"])
def test_what_has_no_words_may_come_back(text: str) -> None:
    assert verdict(text, text) == (None, [])


def test_an_echo_is_right_where_the_text_was_in_the_target_language() -> None:
    assert verdict(GOOD, GOOD, source=None) == (None, [])
    assert verdict(ASKED, ASKED, source=None)[0] == "echo"


def test_chinese_never_counts_as_japanese() -> None:
    assert verdict("我们会给您全额退款，非常抱歉。", "我们会给您全额退款，非常抱歉。", "zh", "ja")[0] == "echo"


@pytest.mark.parametrize(
    ("asked", "answered", "codes"),
    [
        (ASKED, "我的包裹在哪里？我已经等了4个星期，非常生气。", ["number", "number"]),
        (ASKED, "我的包裹在哪里？我已经等了三个星期，非常生气。", []),
        ("I ordered two pieces and got one only", "我订了两件，只收到一件。", []),
        ("I ordered two pieces and got one only", "我订了五件，只收到一件。", ["number"]),
        ("I paid 1,250 for it, now where is it please", "我为此付了1250，现在请问在哪里", []),
        (ASKED, "我的包裹3。", ["length"]),
        (ASKED, GOOD + "请回复我" * 4, ["repetition", "length"]),
    ],
)
def test_what_a_seller_should_see(asked: str, answered: str, codes: list[str]) -> None:
    assert verdict(asked, answered) == (None, codes)


def test_chinese_left_in_the_answer_is_seen() -> None:
    asked = "我们已经寄出您的包裹，请您耐心等待几天，谢谢。"
    answered = "Ya hemos enviado su 包裹, por favor espere unos días más, gracias."
    assert verdict(asked, answered, "zh", "es") == (None, ["language"])


def test_variants_of_chinese_may_be_alike() -> None:
    assert verdict("你好", "你好", "zh", "zh-Hant") == (None, [])
