"""A long text leaves in parts people can read, and no word of it is lost."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dialogs.messages import Capabilities
from dialogs.parts import fits, length, options, parts
from dialogs.protection import entities


def units(limit: int, unit: str = "utf16", **more: int) -> Capabilities:
    return Capabilities(text_limit=limit, text_unit=unit, **more)


BUTTONS = units(4096, buttons=3, button_limit=20)

# ---- properties ------------------------------------------------------------------------------------------------------

PIECES = [
    *(
        "Thank you",
        "gracias.",
        "Привет!",
        "您好。",
        "谢谢您的耐心，",
        "مرحبا؟",
        "नमस्ते।",
        "क्षेत्र",
        "ขอบคุณค่ะ",
        "안녕하세요",
        "한글",
    ),
    *(
        "👍\U0001f3fd",
        "👩\u200d👩\u200d👧\u200d👦",
        "\U0001f1ea\U0001f1f8\U0001f1eb\U0001f1f7",
        "🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f",
        "1\ufe0f\u20e3",
        "é",
        "ZALGO\u0353\u033d\u033e",
        "نمی\u200cخواهم",
        "...",
        "?!",
        "\ud83d",
        "\x00",
        "\u202etxt\u202c",
    ),
    *("https://shop.example.com/track?id=77", "maria@example.com", "#1042", "LX123456789CN", "+34 600 123 456"),
    *("$12.50", "1 234,56 €", "114-3941689-8772232", "SKU-99-A"),
    *(" ", "  ", "\n", "\n\n", "\r\n", "\r\n\r\n", " ", "\u3000", "\t"),
]
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=60).map("".join)
LIMITS = st.integers(1, 40) | st.integers(40, 400)
UNITS = st.sampled_from(["utf16", "bytes"])


def without_white_space(text: str) -> str:
    return "".join(text.split())


@given(TEXTS, LIMITS, UNITS)
def test_every_part_fits_and_nothing_is_lost(text: str, limit: int, unit: str) -> None:
    capabilities = units(limit, unit)
    found = parts(text, capabilities)
    assert found == parts(text, capabilities)
    widest = max((length(character, capabilities) for character in text), default=0)
    assert all(length(part, capabilities) <= max(limit, widest) for part in found)
    assert without_white_space("".join(found)) == without_white_space(text)
    if length(text, capabilities) <= limit:
        assert found == (text,)
    elif text.strip():
        assert all(part.strip() for part in found)


@given(TEXTS, LIMITS, UNITS)
def test_what_is_joined_again_is_the_text_but_for_white_space_at_the_cuts(text: str, limit: int, unit: str) -> None:
    rest = text.lstrip() if len(parts(text, units(limit, unit))) > 1 else text
    for part in parts(text, units(limit, unit)):
        at = rest.find(part)
        assert at >= 0
        assert not rest[:at].strip()
        rest = rest[at + len(part) :]
    assert not rest.strip()


@given(TEXTS, st.integers(60, 200), UNITS)
def test_no_cut_goes_through_an_entity(text: str, limit: int, unit: str) -> None:
    capabilities = units(limit, unit)
    text = unicodedata.normalize("NFC", text).strip()
    places = cuts(text, parts(text, capabilities))
    for entity in entities(text):
        around = text[max(0, entity.start - 4) : entity.end + 12]  # marks around it may hold it to its neighbours
        if length(around, capabilities) <= limit and not any(map(unicodedata.combining, around)):
            assert not [place for place in places if entity.start < place < entity.end]


@given(st.lists(st.sampled_from([p for p in PIECES[:24] if not p.isascii()]), min_size=2, max_size=40), UNITS)
@example(["\U0001f1ea\U0001f1f8\U0001f1eb\U0001f1f7"] * 30, "utf16")
def test_no_cut_goes_through_what_people_see_as_one(pieces: list[str], unit: str) -> None:
    text = "".join(pieces)
    for place in cuts(text.strip(), parts(text, units(80, unit))):
        after = text.strip()[place]
        assert not unicodedata.category(after).startswith("M")
        assert after not in "\u200d\u200c\ufe0f\u20e3"
        assert text.strip()[place - 1] != "\u200d"
        assert not "\U0001f3fb" <= after <= "\U0001f3ff"
        assert not "\U000e0020" <= after <= "\U000e007f"


def cuts(text: str, found: tuple[str, ...]) -> list[int]:
    """Where in the text the parts after the first begin."""
    places, at = [], 0
    for before, after in pairwise(found):
        at = text.index(before, at) + len(before)
        at = text.index(after, at)
        places.append(at)
    return places


# ---- where it is cut -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("Hello", 5, ("Hello",)),
        (" Hello ", 7, (" Hello ",)),
        ("", 5, ("",)),
        ("one two\n\nthree. four five", 18, ("one two", "three. four five")),
        ("one two\r\n\r\nthree\nfour five", 18, ("one two", "three\nfour five")),
        ("one two\nthree. four five", 18, ("one two", "three. four five")),
        ("One two. Three four", 16, ("One two.", "Three four")),
        ("It costs 3.50 or so dear", 16, ("It costs 3.50 or", "so dear")),
        ('He said "no." Then went', 17, ('He said "no."', "Then went")),
        ("one two three", 7, ("one two", "three")),
        ("aaaa\n\nb", 4, ("aaaa", "b")),
        ("a\n\nbbbb cccc dddd eeee", 20, ("a\n\nbbbb cccc dddd", "eeee")),  # a paragraph too short to be worth it
        ("您好。我们会补发一件，请您放心。", 8, ("您好。", "我们会补发一件，", "请您放心。")),
        ("我们会补发一件，请您放心收货", 10, ("我们会补发一件，", "请您放心收货")),
        ("您的包裹还在路上请您耐心等待", 8, ("您的包裹还在路上", "请您耐心等待")),
        ("नमस्ते। धन्यवाद", 12, ("नमस्ते।", "धन्यवाद")),
        ("مرحبا؟ كيف الحال", 11, ("مرحبا؟", "كيف الحال")),
        ("le prix : 5\u202f000 euros", 14, ("le prix :", "5\u202f000 euros")),
        ("  one two \n", 5, ("one", "two")),
        ("abcd \u0301e", 4, ("abcd", " \u0301e")),  # the space carries a mark
        ("   \n   ", 3, ("",)),
    ],
)
def test_where_a_text_is_cut(text: str, limit: int, expected: tuple[str, ...]) -> None:
    assert parts(text, units(limit)) == expected


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("Track it: https://a.example.com/x?y=1 today", 36, ("Track it:", "https://a.example.com/x?y=1 today")),
        ("Refund of 1 234,56 € is on its way", 14, ("Refund of", "1 234,56 € is", "on its way")),
        ("单号LX123456789CN已经发出", 14, ("单号", "LX123456789CN已", "经发出")),
        ("Call +34 600 123 456 now", 18, ("Call", "+34 600 123 456", "now")),
    ],
)
def test_an_entity_stays_whole(text: str, limit: int, expected: tuple[str, ...]) -> None:
    assert parts(text, units(limit)) == expected


def test_an_entity_longer_than_a_part_is_cut_and_begins_a_part() -> None:
    link = "https://shop.example.com/" + "a" * 50
    assert parts(f"See {link} now", units(40)) == ("See", link[:40], link[40:] + " now")
    link = "https://a.example.com/" + "कि" * 10
    assert parts(link, units(25)) == (link[:24], link[24:])


@pytest.mark.parametrize(
    "seen",
    [
        "👩\u200d👩\u200d👧\u200d👦",
        "👍\U0001f3fd",
        "\U0001f1ea\U0001f1f8",
        "🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f",
        "1\ufe0f\u20e3",
        "❤\ufe0f",
        "e\u0301\u0323",
        "क्षि",
        "น้ำ",
        "\u1112\u1161\u11ab",
        "\u1112\uac00",
        "ﾊﾞ",
        "م\u200c",
    ],
)
@pytest.mark.parametrize("unit", ["utf16", "bytes"])
def test_what_people_see_as_one_character_stays_whole(seen: str, unit: str) -> None:
    one = length(seen, units(1, unit))
    assert parts(seen * 7, units(2 * one + one - 1, unit)) == (seen * 2, seen * 2, seen * 2, seen)


def test_what_is_longer_than_a_part_by_itself_is_cut() -> None:
    zalgo = "e" + "\u0301" * 20
    assert "".join(parts(zalgo, units(8))) == zalgo
    assert parts("👍👍", units(1)) == ("👍", "👍")  # half an emoji is worse than one too long


def test_units_of_length() -> None:
    assert length("a您👍", units(1)) == 4
    assert length("a您👍", units(1, "bytes")) == 8
    assert parts("您您您", units(6, "bytes")) == ("您您", "您")
    assert parts("👍👍👍", units(4)) == ("👍👍", "👍")
    assert length("\ud83d", units(1)) == 1
    assert length("\ud83d", units(1, "bytes")) == 3


@pytest.mark.parametrize(
    "text", ["." * 60_000, "\n " * 30_000, "\U0001f1ea\U0001f1f8" * 15_000, "a@" * 30_000, "\u0301" * 60_000]
)
def test_a_strange_long_text_is_cut_all_the_same(text: str) -> None:
    found = parts(text, units(4096))
    assert all(length(part, units(1)) <= 4096 for part in found)
    assert without_white_space("".join(found)) == without_white_space(text)


def test_a_reply_has_only_so_many_parts() -> None:
    assert fits("a" * 80, units(10))
    assert not fits("a" * 81, units(10))
    assert fits("a" * 81, units(10, parts=9))


# ---- options ---------------------------------------------------------------------------------------------------------


def test_last_lines_become_buttons() -> None:
    text = "Would you like a refund?\n▸ Yes\n▸ No, send again\n"
    assert options(text, BUTTONS) == ("Would you like a refund?", ("Yes", "No, send again"))
    assert options("您要退款吗？\r\n\r\n▸ 是\r\n▸ 否", BUTTONS) == ("您要退款吗？", ("是", "否"))


@pytest.mark.parametrize(
    "text",
    [
        "Would you like a refund?",
        "▸ Yes\n▸ No",  # nothing to read above them
        "\n \n▸ Yes",
        "Which?\n▸ 1\n▸ 2\n▸ 3\n▸ 4",
        "Which?\n▸ Yes\n▸ Yes",
        "Which?\n▸ Yes\n▸ ",
        "Which?\n▸  \n▸ Yes",
        "Which?\n▸ a title that is too long",
        "Which?\n▸ Yes\nplease tell us",
        "Which?\n▸Yes",
        "Which? ▸ Yes",
    ],
)
def test_what_cannot_be_buttons_stays_text(text: str) -> None:
    assert options(text, BUTTONS) == (text, ())


def test_only_the_last_lines_are_options() -> None:
    assert options("▸ first\nWhich?\n▸ Yes", BUTTONS) == ("▸ first\nWhich?", ("Yes",))
    assert options("Which?\n▸ Yes", units(4096)) == ("Which?\n▸ Yes", ())
    assert options("Which?\n▸ " + "a" * 20, BUTTONS) == ("Which?", ("a" * 20,))


@given(TEXTS, st.lists(st.text(max_size=24), max_size=5), st.integers(0, 4))
def test_options_lose_no_word(body: str, titles: list[str], buttons: int) -> None:
    text = "\n".join([body, *(f"▸ {title}" for title in titles)])
    rest, found = options(text, units(4096, buttons=buttons))
    assert without_white_space(rest + "".join(f"▸ {title}" for title in found)) == without_white_space(text)
    assert len(found) <= buttons
