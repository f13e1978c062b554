"""How far a case has come after one more message, one more answer."""

from __future__ import annotations

import pytest

from dialogs import cases
from dialogs.messages import (
    Case,
    CaseStatus,
    Facts,
    Kind,
    LanguageReading,
    Origin,
    Reading,
    Reply,
    SituationReading,
    Step,
)


def said(situation: str, *, photos: int = 0) -> Reading:
    """A message about one thing."""
    found = (SituationReading(situation, 0.9),) if situation != "unknown" else ()
    return Reading(language=LanguageReading(code="en", confidence=1.0), situations=found, facts=Facts(photos=photos))


def answer(kind: Kind | None) -> Reply:
    """An answer of one kind."""
    return Reply(seller_text="好", buyer_text="ok", language="en", origin=Origin.WRITTEN, kind=kind)


@pytest.mark.parametrize(
    ("situation", "kinds", "step"),
    [
        ("damaged", (), Step.REACT),
        ("unknown", (Kind.CALMING,), Step.WELCOME),
        ("damaged", (Kind.CALMING,), Step.LISTEN),
        ("not_received", (Kind.HOLDING,), Step.CALM),
        ("not_received", (Kind.CALMING,), Step.APOLOGISE),
        ("damaged", (Kind.APOLOGY, Kind.QUESTION), Step.REMEDY),
        ("damaged", (Kind.APOLOGY, Kind.REMEDY), Step.FOLLOW_UP),
    ],
)
def test_the_step_counts_the_answer_that_leaves(situation: str, kinds: tuple[Kind, ...], step: Step) -> None:
    case = Case(situation=situation, kinds=kinds[:-1])
    assert cases.after_reply(case, answer(kinds[-1] if kinds else None)).step is step


def test_the_step_counts_the_pictures_that_came_with_the_message() -> None:
    case = Case(situation="damaged", kinds=(Kind.APOLOGY,))
    assert cases.after_message(case, said("unknown")).step is Step.LISTEN
    assert cases.after_message(case, said("unknown", photos=1)).step is Step.REMEDY


def test_the_step_counts_what_the_message_is_about_and_nothing_of_a_closed_case() -> None:
    assert cases.after_message(Case(kinds=(Kind.APOLOGY,)), said("not_received")).step is Step.REMEDY
    closed = Case(situation="not_received", kinds=(Kind.REMEDY,), status=CaseStatus.RESOLVED)
    assert cases.after_message(closed, said("not_received")).step is Step.REACT
