"""The written lines: what was learned stays learned, and what is measured does not get worse unseen."""

from __future__ import annotations

import pytest

from dialogs.playbooks import Playbooks
from tests.dialogs.tone.guard import GUARD, rules
from tools.eval_tone import GROUPS, lines, scores

RULES = {block.rule for block in GUARD.chinese.blocks}


def test_there_are_enough_lines() -> None:
    every = [line for group in GROUPS for line in lines(group)]
    assert len(every) >= 320
    assert sum(not line.rules for line in every) >= 110
    assert len({line.text for line in every}) == len(every)
    assert {rule for line in every for rule in line.rules} == RULES


@pytest.mark.parametrize("line", [line for line in lines("seen") if not line.rules], ids=lambda line: line.text)
def test_clean_lines_are_clean(line) -> None:
    assert rules(line.text) == set()


# What was measured, less two lines: a change of patterns that costs more should be seen.
@pytest.mark.parametrize(
    ("group", "name", "precision", "recall"),
    [
        ("seen", "any warning", 0.99, 0.98),
        ("seen", "hard stop", 0.99, 0.99),
        ("held_out", "any warning", 0.98, 0.96),
        ("held_out", "hard stop", 0.99, 0.96),
        ("fresh", "any warning", 0.95, 0.64),
        ("fresh", "hard stop", 0.99, 0.73),
    ],
)
def test_is_as_good_as_it_was_measured(group: str, name: str, precision: float, recall: float) -> None:
    measured = scores(GUARD, group)[name]
    assert measured.precision >= precision
    assert measured.recall >= recall


REPLIES = Playbooks.load().replies


@pytest.mark.parametrize("reply_id", sorted(REPLIES))
def test_every_written_reply_is_clean_in_chinese(reply_id: str) -> None:
    assert GUARD.check(REPLIES[reply_id].zh) == ()
