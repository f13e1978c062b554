"""Whatever is typed: no error, places inside the text, and no text that takes long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogs.tone import chinese
from tests.dialogs.tone.guard import GUARD

PIECES = st.sampled_from(
    [
        "改",
        "五星",
        "退",
        "不",
        "行",
        "起诉",
        "你",
        "您",
        "“",
        "”",
        "。",
        "?",
        "\n",
        ",",
        "13800138000",
        " ",
        "𠮷",
        "İ",
        "ß",
        "é",
    ]
)
TEXTS = st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=60).map("".join))
LANGUAGES = st.sampled_from([*sorted(GUARD.languages), "zh", "xx"])


@given(TEXTS, st.lists(TEXTS, max_size=3))
def test_chinese_never_raises_and_stays_inside(text: str, allowed: list[str]) -> None:
    for warning in GUARD.check(text, allowed):
        assert 0 <= warning.start < warning.end <= len(text)
        assert text[warning.start : warning.end] == warning.words


@given(TEXTS, LANGUAGES)
def test_outgoing_never_raises_and_stays_inside(text: str, language: str) -> None:
    for warning in GUARD.check_outgoing(text, language):
        assert 0 <= warning.start < warning.end <= len(text)
        assert text[warning.start : warning.end] == warning.words


@pytest.mark.parametrize(
    "piece", ["不", "你自己", "改评价", "13", "“", "“改评价”", "起诉 ", "a ", "。", "改评价。", "省路1号"]
)
def test_what_is_looked_through_grows_with_the_text_and_not_with_its_square(
    piece: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = 0
    passes = chinese._passes

    def counted(pattern, text, **more):
        nonlocal looked
        looked += len(text)
        return passes(pattern, text, **more)

    monkeypatch.setattr(chinese, "_passes", counted)
    seen = []
    for length in (2_000, 8_000):
        looked = 0
        GUARD.check(piece * (length // len(piece)))
        seen.append(looked)
    assert seen[1] <= 4.5 * seen[0] + 10_000
