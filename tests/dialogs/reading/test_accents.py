"""Accents tell Vietnamese words apart, and buyers often leave all of them out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dialogs.reading.folding import fold_case, has_accents
from tests.dialogs.reading.shared import read


def test_a_word_that_differs_in_its_accents_is_another_word() -> None:
    assert read("bạn định ở đó bao lâu", "vi").situation != "damaged"  # bẩn, dirty, is bạn, you, without accents
    assert read("áo bị bẩn", "vi").situation == "damaged"


def test_who_writes_without_accents_is_read_too() -> None:
    assert read("minh chua nhan duoc hang", "vi").situation == "not_received"


@given(st.text(max_size=30))
def test_folding_case_twice_changes_nothing_more(text: str) -> None:
    assert fold_case(fold_case(text)) == fold_case(text)


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_plain_letters_have_no_accents(text: str) -> None:
    assert not has_accents(text)
