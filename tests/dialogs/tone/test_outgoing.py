"""What is heard in the buyer's language: the words of every file, and none of the written replies."""

from __future__ import annotations

import tomllib

import pytest
from babel.messages.pofile import read_po

from tests.dialogs.tone.guard import GUARD, LOCALES, outgoing

LANGUAGES = [
    "ar",
    "de",
    "en",
    "es",
    "fr",
    "he",
    "hi",
    "id",
    "it",
    "ja",
    "ko",
    "nl",
    "pl",
    "pt",
    "ru",
    "th",
    "tr",
    "uk",
    "vi",
]
WRITTEN = sorted(path.parent.parent.name for path in LOCALES.glob("*/LC_MESSAGES/replies.po"))


def words(language: str) -> dict[str, list[str]]:
    found = tomllib.loads((LOCALES / language / "tone.toml").read_text(encoding="utf-8"))
    return {name: each for name, each in found.items() if isinstance(each, list)}


def said(phrase: str) -> str:
    return phrase.replace("*", "")


def test_every_language_has_words() -> None:
    assert sorted(GUARD.languages) == LANGUAGES


@pytest.mark.parametrize("language", WRITTEN)
def test_every_written_reply_is_clean(language: str) -> None:
    with (LOCALES / language / "LC_MESSAGES" / "replies.po").open("rb") as file:
        entries = [entry for entry in read_po(file) if entry.id]
    texts = [text for each in entries for text in ([each.string] if isinstance(each.string, str) else each.string)]
    assert texts
    assert [(text, GUARD.check_outgoing(text, language)) for text in texts if outgoing(text, language)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_phrase_is_heard_in_a_sentence(language: str) -> None:
    for name in ("insult", "threat", "indifference", "blaming"):
        for phrase in words(language)[name]:
            assert name in outgoing(f"X. {said(phrase).upper()}!", language), phrase


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_review_against_money_in_one_sentence_is_a_hard_stop(language: str) -> None:
    lists = words(language)
    review, money = said(lists["review"][0]), said(lists["money"][0])
    (warning,) = [each for each in GUARD.check_outgoing(f"{review} {money}.", language) if each.hard]
    assert warning.rule == "review_money"
    assert outgoing(f"{review}. {money}.", language) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_lists_have_eight_to_thirty_five_phrases(language: str) -> None:
    assert {
        name: len(each) for name, each in words(language).items() if name != "not" and not 8 <= len(each) <= 35
    } == {}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Do not worry, it is not your fault.", "en"),
        ("We will never block you.", "en"),
        ("You do not have to change your review to get a refund.", "en"),
        ("Thank you for your review, the refund is on its way.", "en"),
        ("No es culpa suya.", "es"),
        ("Ce n'est pas de votre faute.", "fr"),
        ("Das ist nicht Ihre Schuld.", "de"),
        ("Wir lösen Ihr Problem.", "de"),
        ("Non è colpa sua.", "it"),
        ("Het is niet uw eigen schuld.", "nl"),
        ("To nie jest pana wina.", "pl"),
        ("Это не ваша вина.", "ru"),
        ("Bu sizin hatanız değil.", "tr"),
        ("お客様のせいではありません。", "ja"),
        ("고객님 잘못이 아닙니다.", "ko"),
        ("Đây không phải lỗi của bạn.", "vi"),
        ("ไม่ใช่ความผิดของคุณค่ะ", "th"),
        ("Ini bukan salah anda.", "id"),
        ("इसमें आपकी गलती नहीं है।", "hi"),
        ("", "en"),
        ("You liar", "sw"),
    ],
)
def test_is_clean(text: str, language: str) -> None:
    assert outgoing(text, language) == set()


@pytest.mark.parametrize(
    ("text", "language", "rule"),
    [
        ("If you don't delete the review, we will sue you.", "en", "threat"),
        ("Change your review to 5 stars and we'll refund $5.", "en", "review_money"),
        ("Cambie su reseña y le devolvemos 5 euros.", "es", "review_money"),
        ("ВЫ САМИ ВИНОВАТЫ", "ru", "blaming"),
        ("レビューを削除していただければ返金します。", "ja", "review_money"),
        ("리뷰를 삭제해 주시면 환불해 드리겠습니다", "ko", "review_money"),
        ("Silence, IDIOT!", "fr", "insult"),
    ],
)
def test_is_heard(text: str, language: str, rule: str) -> None:
    assert rule in outgoing(text, language)


def test_a_place_is_the_text_s_own() -> None:
    text = "Hello. It's your fault, see?"
    (warning,) = GUARD.check_outgoing(text, "en")
    assert text[warning.start : warning.end] == warning.words == "It's your fault"
    assert warning.outgoing
    assert not warning.hard


def test_a_region_s_language_is_heard_as_the_language() -> None:
    assert outgoing("A culpa é sua.", "pt-BR") == {"blaming"}


def test_chinese_as_the_buyer_s_language_is_heard_by_its_own_rules() -> None:
    (warning,) = GUARD.check_outgoing("我要起訴你", "zh-Hant")
    assert (warning.rule, warning.outgoing) == ("threat", True)
