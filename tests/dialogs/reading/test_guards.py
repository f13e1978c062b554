"""What a text must have before something is looked for in it: never less than what is looked for."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from dialogs.messages import Facts
from dialogs.protection import entities as find_entities
from dialogs.protection.entities import FINDERS, WITHOUT_DIGITS, Entity
from dialogs.reading import mood
from dialogs.reading.cues import load
from dialogs.reading.facts import FactReader
from dialogs.reading.folding import fold_characters
from dialogs.reading.tokens import CLAUSE, characters
from tests.dialogs.reading.shared import LOCALES, TODAY

PIECES = [
    "1", "12", "123", "4567", "89012345", "2026", "１２", "٣٤", "²", "①", ".", ",", "-", "/", ":", " ", "(", ")", "+",
    "#", "№", "@", "_", "a", "Z", "RX", "CN", "1Z", "LP", "82", "www.", "https://", "shop", ".com", "ſhop", "ı", "$",
    "€", "USD", "zł", "Kč", "pedido", "order", "tracking", "dhl", "mayo", "March", "5 de enero", "月", "3月", "5日",
    "월", "일", "年", "é", "ж", "ß", "ǅ", "ÀÉ", "!", "?", "！", "？", "…", "。", "\n", "\u200b", "\u3000", "不", "三",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES) | st.characters(), max_size=24).map("".join)
# Behind a text: has whatever a guard asks for, and is by itself neither number nor date nor anything else.
ENOUGH = "\n|" + " | 1" * 12 + " | 0.0 | 月 | 월 | enero | january | januar"
READERS = {code: FactReader(load(LOCALES / code / "cues.toml")) for code in ("en", "es", "de", "ja", "ko")}


def facts(language: str, text: str) -> Facts:
    return READERS[language].read(text, None, today=TODAY, media=(), waiting=False)


@settings(max_examples=200, deadline=None)
@given(text=TEXTS, language=st.sampled_from(sorted(READERS)))
@example(text="order A123", language="en")
@example(text="order A1234", language="en")
@example(text="212345ABCDEFGH", language="en")
@example(text="tracking 12345678", language="en")
@example(text="5 enero", language="es")
@example(text="1.2.26", language="de")
@example(text="3月5日", language="ja")
def test_facts_are_the_same_where_every_guard_lets_pass(text: str, language: str) -> None:
    assert facts(language, text) == facts(language, text + ENOUGH)


@settings(max_examples=200, deadline=None)
@given(text=TEXTS)
@example(text="www.5")
@example(text="shop.ſhop")
@example(text="1ZABCDEFGHIJKLMNOP")
@example(text="ABCDE/12345")
@example(text="50 Kč")
@example(text="+1 (2) 345-67")
def test_no_guard_of_an_entity_misses_one(text: str) -> None:
    for mark, finder in FINDERS:
        assert mark.search(text) or not list(finder(text))
    if not any(map(str.isdecimal, text)):
        assert not any(list(finder(text)) for pair in FINDERS if pair not in WITHOUT_DIGITS for finder in pair[1:])


@settings(max_examples=150, deadline=None)
@given(text=TEXTS)
def test_entities_are_those_of_all_finders_in_turn(text: str) -> None:
    rest, found = text, list[Entity]()
    for _, finder in FINDERS:
        for entity in list(finder(rest)):
            found.append(entity)
            rest = rest[: entity.start] + "\ufffc" * (entity.end - entity.start) + rest[entity.end :]
    found.sort(key=lambda entity: entity.start)
    assert find_entities(text) == tuple(entity for entity in found if entity.kind != "date")


@settings(max_examples=200, deadline=None)
@given(text=st.text(alphabet="!?！？ aAßẞéÉжЖǅ1_我", max_size=20))
@example(text="！！")
@example(text="ÀÉ")
def test_no_guard_of_a_mood_misses_one(text: str) -> None:
    assert mood.MARKS.search(text) or not (mood.SHOUTS.search(text) or mood.CALLS.search(text))
    assert mood.CAPITALS.search(text) or not any(map(str.isupper, mood.WORDS.findall(text)))


@settings(max_examples=200, deadline=None)
@given(
    text=st.lists(st.sampled_from([*PIECES, "3.5", "٣.٤", ".፩", "2.", ";", "，"]) | st.characters(), max_size=24).map(
        "".join
    )
)
def test_characters_stand_where_they_stood(text: str) -> None:
    squeezed, places, offsets, _ = characters(text)
    folded = fold_characters(text)
    kept = []
    offset = 0
    for place, char in enumerate(folded):
        ends = char in "。！？!?;；\n…" or (char == "." and not folded[place + 1 : place + 2].isdigit())
        if ends or char in ",،，":
            offset += 2 * CLAUSE if ends else CLAUSE
        elif not char.isspace() and char not in UNSEEN:
            kept.append((char, place, offset))
    assert list(zip(squeezed, places, offsets, strict=True)) == kept


UNSEEN = "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufe0f\ufeff"
