"""Mood, wants, urgency, fault, evidence, and how the buyer's words and the translation are put together."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialogs.faults import Fault
from dialogs.messages import (
    Case,
    LanguageGuess,
    LanguageReading,
    Mood,
    Urgency,
    Want,
)
from dialogs.reading.matcher import Matcher
from dialogs.reading.phrases import Element, Expander
from dialogs.reading.reader import LENGTH
from dialogs.reading.tree import Target
from tests.dialogs.reading.shared import READER, TODAY, read


@pytest.mark.parametrize(
    ("language", "text", "mood"),
    [
        ("en", "When will it arrive?", Mood.CALM),
        ("en", "I am very disappointed", Mood.UPSET),
        ("en", "SCAMMERS!!! GIVE ME MY MONEY", Mood.ANGRY),
        ("en", "WHERE IS MY PARCEL???", Mood.UPSET),
        ("en", "WHERE IS MY PARCEL!!!", Mood.ANGRY),
        ("en", "it arrived broken 😡", Mood.ANGRY),
        ("en", "I LOVE IT!!!", Mood.CALM),
        ("en", "OK USB", Mood.CALM),
        ("es", "son unos estafadores", Mood.ANGRY),
        ("es", "estoy decepcionada", Mood.UPSET),
        ("pt", "isso é um absurdo, quero meu dinheiro", Mood.ANGRY),
        ("ru", "вы мошенники", Mood.ANGRY),
        ("ru", "я очень расстроена", Mood.UPSET),
        ("fr", "c'est une honte, arnaque !", Mood.ANGRY),
        ("de", "Frechheit!!", Mood.ANGRY),
        ("ar", "أنتم نصابين", Mood.ANGRY),
        ("ko", "사기꾼이에요?", Mood.ANGRY),
        ("ja", "ふざけるな、金返せ", Mood.ANGRY),
        ("zh", "你们是骗子", Mood.ANGRY),
        ("zh", "很失望", Mood.UPSET),
        ("zh", "什么时候发货？", Mood.CALM),
    ],
)
def test_mood(language: str, text: str, mood: Mood) -> None:
    assert read(text, language).mood is mood


@pytest.mark.parametrize(
    ("language", "text", "want"),
    [
        ("en", "I want my money back", Want.REFUND),
        ("en", "please send me a new one", Want.RESEND),
        ("en", "can I get a partial refund?", Want.PARTIAL_REFUND),
        ("es", "quiero que me devuelvan el dinero", Want.REFUND),
        ("es", "envíenme otro", Want.RESEND),
        ("pt", "quero trocar por outro tamanho", Want.EXCHANGE),
        ("ru", "верните деньги", Want.REFUND),
        ("ru", "сделайте скидку", Want.DISCOUNT),
        ("fr", "je voudrais être remboursée", Want.REFUND),
        ("fr", "annulez ma commande", Want.CANCEL),
        ("de", "ich möchte eine Erstattung", Want.REFUND),
        ("de", "bitte Ersatz schicken", Want.RESEND),
        ("ar", "أريد استرداد المبلغ", Want.REFUND),
        ("ko", "환불해 주세요", Want.REFUND),
        ("ja", "交換してください", Want.EXCHANGE),
        ("ja", "返品したいです", Want.RETURN),
        ("zh", "重发一个吧", Want.RESEND),
        ("zh", "请道歉", Want.APOLOGY),
    ],
)
def test_wants(language: str, text: str, want: Want) -> None:
    assert want in read(text, language).wants


def test_what_is_not_wanted_is_no_want() -> None:
    assert Want.REFUND not in read("I don't want a refund").wants
    assert Want.REFUND not in read("我不要退款", "zh").wants


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "I need it before Friday"),
        ("es", "es urgente"),
        ("pt", "preciso para o casamento"),
        ("ru", "нужно срочно"),
        ("fr", "c'est pour un anniversaire"),
        ("de", "brauche es dringend"),
        ("ar", "ضروري جدا"),
        ("ko", "급해요"),
        ("ja", "至急お願いします"),
        ("zh", "急用"),
    ],
)
def test_urgency(language: str, text: str) -> None:
    assert read(text, language).urgency is Urgency.HIGH
    assert read("ok", language).urgency is Urgency.NORMAL


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("I ordered by mistake, please cancel", Fault.BUYER),
        ("the courier lost it", Fault.CARRIER),
        ("you sent the wrong item", Fault.SELLER),
        ("ordered 3 got 2", Fault.SELLER),
        ("it arrived broken", Fault.UNKNOWN),
        ("hello", Fault.UNKNOWN),
    ],
)
def test_fault(text: str, fault: Fault) -> None:
    assert read(text).fault is fault


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("My parcel is late, I will leave a bad review", {"review_threat", "in_transit"}),
        ("Hello, the package arrived broken", {"damaged", "greeting"}),
    ],
)
def test_several_situations(text: str, ids: set[str]) -> None:
    assert ids <= {found.id for found in read(text).situations}


@pytest.mark.parametrize(
    ("text", "not_read"),
    [
        ("My parcel is six weeks late, refund me now!!!", "extortion"),
        ("It is not as described, give me my money back", "extortion"),
        ("I will leave a bad review", "extortion"),
        ("it is not broken", "damaged"),
        ("What if it arrives broken?", "damaged"),
        ("I haven't received my refund", "not_received"),
        ("not too small", "not_as_described"),
        ("Not working, not great", "praise"),
    ],
)
def test_what_is_not_meant(text: str, not_read: str) -> None:
    assert not_read not in {found.id for found in read(text).situations}


@pytest.mark.parametrize("text", ["BROKEN!!!", "brokn on arival", "it arriveeeed brokeeeen", "The item is bróken"])
def test_slips_accents_and_shouting_change_nothing(text: str) -> None:
    assert read(text).situation == "damaged"


def test_evidence_shows_the_words() -> None:
    text = "Hello, the screen arrived broken."
    damaged = next(found for found in read(text).situations if found.id == "damaged")
    assert [text[span.start : span.end] for span in damaged.evidence] == ["screen arrived broken"]


def test_a_language_without_cues_is_read_in_chinese() -> None:
    reading = read("Paketa ime nije stigla", "sq", chinese="我的包裹没收到，请退款")
    assert reading.situation == "not_received"
    assert reading.wants == (Want.REFUND,)
    assert all(span.in_chinese for span in reading.situations[0].evidence)


def test_the_translation_makes_surer() -> None:
    alone = read("my parcel never arrived")
    both = read("my parcel never arrived", chinese="我的包裹一直没到")
    assert both.situations[0].confidence > alone.situations[0].confidence


def test_an_unknown_language_is_read_by_its_likely_cues_and_less_surely() -> None:
    guesses = (LanguageGuess("es", 0.6), LanguageGuess("pt", 0.4))
    guessed = READER.read("no ha llegado", LanguageReading(code=None, candidates=guesses), today=TODAY)
    assert guessed.situation == "not_received"
    assert guessed.situations[0].confidence < read("no ha llegado", "es").situations[0].confidence
    nothing = READER.read("no ha llegado", LanguageReading(code=None), today=TODAY)
    assert nothing.situation == "not_received"


def test_traditional_characters_are_read_like_simplified_ones() -> None:
    assert read("顯示已簽收可是我沒有收到", "zh-Hant").situation == "signed_not_received"


def test_time_named_in_a_trouble_already_known_is_time_waited() -> None:
    assert read("it's 30 days now").facts.days in {None, 30}
    assert read("30 days!", case=Case(situation="not_received")).facts.days == 30


@settings(max_examples=150, deadline=None)
@given(
    text=st.text(max_size=300),
    code=st.sampled_from([None, "en", "es", "ja", "ko", "ar", "zh", "fr", "xx"]),
    chinese=st.none() | st.text(alphabet="我没有收到包裹退款。，坏了差评3天", max_size=40),
)
def test_reading_never_raises_and_spans_lie_inside(text: str, code: str | None, chinese: str | None) -> None:
    language = LanguageReading(code=code, confidence=1.0)
    reading = READER.read(text, language, chinese=chinese, today=TODAY)
    assert reading == READER.read(text, language, chinese=chinese, today=TODAY)
    for found in reading.situations:
        assert 0.5 <= found.confidence <= 1
        for span in found.evidence:
            assert 0 <= span.start < span.end <= len((chinese or "") if span.in_chinese else text)


@pytest.mark.parametrize(
    "text", ["\ud800 broken \udfff", "broken\x00", "\u202ebroken\u202c", "<b>broken</b>", "🤷", "", " "]
)
def test_odd_characters(text: str) -> None:
    assert read(text).situation in {"damaged", "unknown"}


@pytest.mark.parametrize("piece", ["not ", "broken ", "没", "1 ", "a", "!", "12/", "안 ", "１", "$1 ", "."])
def test_long_messages_are_read_to_a_limit(piece: str) -> None:
    for language in ("en", "zh"):
        reading = read(piece * 50_000, language)
        assert all(span.end <= LENGTH for found in reading.situations for span in found.evidence)


def test_work_grows_with_the_message_and_not_with_its_square() -> None:
    phrases = ["no ... no ... no ... yes", "no no ... never", "x ... no ... no"]
    matcher = Matcher(
        lambda: (
            (sequence, Target("situation", "damaged", phrase)) for phrase in phrases for sequence in _expanded(phrase)
        ),
        spaced=True,
    )
    short, long = (matcher.scan("no " * size).steps for size in (1_000, 8_000))
    assert long <= 8.5 * short


def _expanded(phrase: str) -> list[tuple[Element, ...]]:
    return list(Expander({}, str, 5).sequences(phrase))


def test_wanting_the_money_back_is_not_asking_where_it_is() -> None:
    reading = read(
        "Meu pedido nunca chegou. Quero meu dinheiro de volta!", "pt", chinese="我的订单一直没到。我要退款！"
    )
    assert reading.situation == "not_received"
    assert Want.REFUND in reading.wants
