"""Whatever an engine does: the entities arrive exactly, or the translation says that they did not."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dialogs.protection import clean, entities
from dialogs.protection.numbers import numbers_in
from dialogs.translation import ChainTranslator
from tests.dialogs.hostile import BEHAVIOURS, HOLDER, UNTRANSLATED, Hostile, Remembering, Silent

WORDS = {
    "en": ["where", "is", "my", "order", "please", "i", "paid", "and", "waited", "long", "nothing", "came", "yet"],
    "ru": ["где", "мой", "заказ", "пожалуйста", "я", "заплатил", "и", "долго", "ждал", "ничего", "не", "пришло"],
    "ar": ["أين", "طلبي", "من", "فضلك", "لقد", "دفعت", "وانتظرت", "طويلا", "ولم", "يصل", "شيء"],
    "tr": ["siparişim", "nerede", "lütfen", "ödedim", "ve", "çok", "bekledim", "hiçbir", "şey", "gelmedi"],
    "ja": ["私の", "注文は", "どこですか", "まだ", "届きません"],
}
VALUES = [
    "https://shop.example/track?id=8&x=<1>", "www.shop.example", "maria.p+1@mail.example.com", "+7 (900) 123-45-67",
    "112-1234567-1234567", "8012345678901234", "LP00123456789CN", "RR123456789CN", "1Z999AA10123456784", "$25.99",
    "1 234,56 €", "R$ 99,90", "WH-1000XM5", "@maria_shop", "#1042", "٠١٢٣٤٥٦٧٨٩", "１２３４５６７",
    "4111 1111 1111 1111",
]  # fmt: skip
JOINTS = [" ", ", ", ". ", "\n", " (", ") ", "! ", " & ", " 😡 ", ": ", " < "]


@st.composite
def messages(draw: st.DrawFn) -> tuple[str, str]:
    """A buyer's text of words and entities in one language."""
    language = draw(st.sampled_from(sorted(WORDS)))
    piece = st.one_of(
        st.sampled_from(WORDS[language]),
        st.sampled_from(VALUES),
        st.integers(1, 99999).map(str),
    )
    parts = draw(st.lists(st.tuples(piece, st.sampled_from(JOINTS)), min_size=1, max_size=14))
    return language, WORDS[language][0] + " " + "".join(word + joint for word, joint in parts)


def values(text: str) -> Counter[str]:
    return Counter(entity.value for entity in entities(text))


ROTTEN = sorted({*BEHAVIOURS, *UNTRANSLATED})


def test_there_are_enough_ways_to_misbehave() -> None:
    assert len(ROTTEN) >= 40


@pytest.mark.parametrize("tags", [0, 1])
@pytest.mark.parametrize("behaviour", ROTTEN)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(message=messages())
@example(message=("ar", "أين 100 100 "))
@example(message=("en", "order 8012345678901234 and 8012345678901234, $25.99 or WH-1000XM5"))
async def test_exact_or_said_so(behaviour: str, tags: int, message: tuple[str, str]) -> None:
    language, text = message
    engine = Hostile(behaviour, tags=bool(tags))
    translator = ChainTranslator([engine], Remembering(), Silent())

    translation = await translator.translate(text, source=language, target="zh", shop="s", glossary={})

    wanted = values(clean(text))
    for seen in engine.asked:
        assert not [value for value in wanted if value in HOLDER.sub(" ", seen)]
    if translation.text is None:
        assert not translation.proven
        assert [attempt.engine for attempt in translation.attempts] == [behaviour]
    elif translation.proven:
        arrived = values(translation.text)
        assert not wanted - arrived
        # "100 100" may come back as 100100: that is the same number, written without its space.
        assert all(numbers_in(value) <= numbers_in(text) for value in arrived - wanted)
        if translation.engine != "same":
            assert "\ue000" not in translation.text
            assert not re.search(r"XQZ|\[\[|<x ", translation.text, re.IGNORECASE)
    else:
        assert {check.code for check in translation.checks} & {"entity_missing", "entity_added"}


@pytest.mark.parametrize("behaviour", ["honest", "spaces", "full_width", "lower", "reorder", "zero_width", "quotes"])
@pytest.mark.parametrize("tags", [0, 1])
async def test_what_can_be_repaired_is_used_at_the_first_try(behaviour: str, tags: int) -> None:
    engine = Hostile(behaviour, tags=bool(tags))
    translator = ChainTranslator([engine], Remembering(), Silent())
    translation = await translator.translate(
        "Where is order 8012345678901234? I paid $25.99 & waited", source="en", target="zh", shop="s", glossary={}
    )
    assert translation.proven
    assert translation.text is not None
    assert "8012345678901234" in translation.text
    assert "&amp;" not in translation.text
    assert len(engine.asked) == 1


@pytest.mark.parametrize("behaviour", ["drop", "drop_all", "translate_holder", "renumber", "transliterate_holder"])
async def test_engines_that_eat_placeholders_translate_around_them(behaviour: str) -> None:
    engine = Hostile(behaviour)
    translator = ChainTranslator([engine], Remembering(), Silent())
    translation = await translator.translate(
        "Where is my order 8012345678901234 from last week?", source="en", target="zh", shop="s", glossary={}
    )
    assert translation.proven
    assert translation.text is not None
    assert translation.text.count("8012345678901234") == 1
    assert [HOLDER.search(text) is not None for text in engine.asked] == [True, True, False, False]


async def test_a_broken_tag_is_no_reason_to_give_up() -> None:
    engine = Hostile("broken_tag", tags=True)
    translator = ChainTranslator([engine], Remembering(), Silent())
    translation = await translator.translate(
        "Where is my order 8012345678901234?", source="en", target="zh", shop="s", glossary={}
    )
    assert translation.proven
    assert ["<x" in text for text in engine.asked] == [True, False]


@pytest.mark.parametrize("behaviour", ["drop", "duplicate", "renumber"])
async def test_a_lost_term_is_no_proof(behaviour: str) -> None:
    """A term is no entity that could be counted in the answer: only its placeholder tells."""
    engine = Hostile(behaviour)
    translator = ChainTranslator([engine], Remembering(), Silent())
    translation = await translator.translate(
        "魔法杯已经寄出，请您耐心等待", source="zh", target="en", shop="s", glossary={"魔法杯": {"en": "Magic Cup"}}
    )
    assert translation.text is not None
    assert (translation.proven, translation.text.count("Magic Cup")) == (True, 1)
    assert all("魔法杯" not in text for text in engine.asked)


@pytest.mark.parametrize("behaviour", ["invent_url", "invent_number", "invent_money"])
async def test_inventions_are_never_proven(behaviour: str) -> None:
    translator = ChainTranslator([Hostile(behaviour)], Remembering(), Silent())
    translation = await translator.translate("Where is my parcel?", source="en", target="zh", shop="s", glossary={})
    assert not translation.proven
    assert [check.code for check in translation.checks if check.code.startswith("entity")] == ["entity_added"]


@pytest.mark.parametrize("behaviour", ["empty", "blank", "error_page", "markup", "echo", "other_language"])
async def test_what_is_no_translation_leaves_an_honest_gap(behaviour: str) -> None:
    translator = ChainTranslator([Hostile(behaviour)], Remembering(), Silent())
    translation = await translator.translate(
        "Where is my parcel? I want my money back", source="en", target="zh", shop="s", glossary={}
    )
    assert translation.text is None
    assert [attempt.engine for attempt in translation.attempts] == [behaviour]
