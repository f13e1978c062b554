"""Which cues stand: told by the rules as they are written, one pair at a time."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from dialogs.reading.decision import standing
from dialogs.reading.situations import HIGH_STAKES, SITUATIONS
from dialogs.reading.tree import Match, Target

TARGETS = [
    *(Target("situation", situation, situation) for situation in SITUATIONS),
    *(Target("situation", situation, f"{situation} again") for situation in ("damaged", "wrong_item", "praise")),
    Target("nothing", "nothing", "nothing"),
    Target("counts", "asked,got", "counts"),
    Target("counts", "asked", "count"),
    Target("mood", "angry", "angry"),
    Target("wants", "refund", "refund"),
    Target("time", "7", "time"),
]
SPANS = st.tuples(st.integers(0, 12), st.integers(1, 12)).map(lambda span: (span[0], span[0] + span[1]))
MATCHES = st.lists(st.builds(lambda target, span: Match(target, *span), st.sampled_from(TARGETS), SPANS), max_size=12)


def overlap(one: Match, other: Match) -> bool:
    return one.start < other.end and other.start < one.end


def length(match: Match) -> int:
    return match.end - match.start


def gives_way(match: Match, other: Match) -> bool:
    if not overlap(match, other):
        return False
    if match.target.id == "wrong_item":
        counted = other.target.kind == "counts" and "," in other.target.id
        return counted or (other.target.kind == "situation" and other.target.id == "not_received")
    return match.target.id == "damaged" and other.target.id == "quality" and length(other) > length(match)


def silenced(match: Match, other: Match) -> bool:
    if other.target.kind != "nothing" or match.target.kind not in {"situation", "mood", "wants"}:
        return False
    return overlap(match, other) if match.target.id == "praise" else other.start <= match.start < other.end


def held(match: Match, other: Match) -> bool:
    both = match.target.kind == other.target.kind == "situation" and match.target.id != other.target.id
    inside = other.start <= match.start and match.end <= other.end and length(other) > length(match)
    return both and inside and (match.target.id not in HIGH_STAKES or other.target.id in HIGH_STAKES)


@settings(max_examples=300, deadline=None)
@given(found=MATCHES)
def test_which_cues_stand(found: list[Match]) -> None:
    told = [
        match
        for match in found
        if match.target.kind != "nothing"
        and not any(gives_way(match, other) or silenced(match, other) for other in found)
    ]
    assert standing(found) == tuple(match for match in told if not any(held(match, other) for other in told))
