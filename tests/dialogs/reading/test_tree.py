"""The one pass finds what a plain walk over all partial phrases finds, in the same order."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from dialogs.reading.cues import load
from dialogs.reading.matcher import Matcher
from dialogs.reading.phrases import Element, Expander
from dialogs.reading.tokens import CLAUSE
from dialogs.reading.tree import Here, Match, Node, Place, Target, find
from tests.dialogs.reading.shared import LOCALES

FORMS = ["aa", "bb", "cc", "aa|bb", "bb|cc", "cc|dd", "#", "aa?", "bb|aa_cc", "dd*"]
GAPS = ["..", "..."]
CUES = {path.parent.name: load(path) for path in LOCALES.glob("*/cues.toml")}
SAID = {
    path.stem: [text for texts in tomllib.loads(path.read_text(encoding="utf-8")).values() for text in texts]
    for path in Path(__file__).with_name("messages").glob("*.toml")
}


@st.composite
def phrases(draw: st.DrawFn) -> str:
    """A phrase of a few places, with gaps, and marks of the beginning and the end."""
    places = draw(st.lists(st.sampled_from(FORMS), min_size=1, max_size=4))
    between = draw(st.lists(st.sampled_from(["", "", *GAPS]), min_size=len(places) - 1, max_size=len(places) - 1))
    words = [word for pair in zip(places, [*between, ""], strict=True) for word in pair if word]
    start, end = draw(st.booleans()), draw(st.booleans())
    return " ".join(["^"] * (start and words[0] != "#") + words + ["$"] * end)


MESSAGES = st.lists(st.sampled_from(["aa", "bb", "cc", "dd", "ddd", "xx", "7", ",", ".", "aa,", "bb!"]), max_size=25)


def plain(places: Sequence[Place]) -> list[Match]:
    """The same without anything that saves time: each partial phrase is looked at in each place."""
    matches: list[Match] = []
    active: dict[Node, tuple[int, int]] = {}
    for at, start, here, starts in places:
        active = {node: state for node, state in active.items() if state[0] + node.reach >= at}
        reached = [(child, start, *spot) for symbol, child in starts for spot in here[symbol]]
        for node, (behind, begin) in active.items():
            reached += [(child, begin, *spot) for child, spot in led_on(node, at - behind, here)]
        for node, begin, behind, end in reached:
            if node.edges:
                active[node] = (behind, begin)
            told = (Match(target, begin, end) for target in node.targets)
            matches += [match for match in told if sum(match.target is other.target for other in matches) < 3]
    return matches


def led_on(node: Node, distance: int, here: Here) -> Iterator[tuple[Node, tuple[int, int]]]:
    commas, between = divmod(distance, CLAUSE)
    for symbol in node.symbols & here.keys():
        for gap, most_commas, child in node.edges[symbol]:
            if 0 <= commas <= most_commas and between <= gap:
                for spot in here[symbol]:
                    yield child, spot


def elements(written: list[str]) -> list[tuple[tuple[Element, ...], Target]]:
    expander = Expander({}, str, 3)
    return [
        (sequence, Target("situation", str(number), phrase))
        for number, phrase in enumerate(written)
        if any(place in FORMS for place in phrase.split())
        for sequence in expander.sequences(phrase)
    ]


@settings(max_examples=200, deadline=None)
@given(
    written=st.lists(phrases(), min_size=1, max_size=8, unique=True),
    words=MESSAGES,
    script=st.sampled_from(["words", "characters"]),
)
@example(written=["aa .. bb", "cc ... bb"], words=["aa", "cc", "xx", ",", "aa", "bb"], script="words")
def test_nothing_is_lost_by_looking_only_where_something_can_go_on(
    written: list[str], words: list[str], script: str
) -> None:
    matcher = Matcher(lambda: elements(written), spaced=script == "words")
    places, _ = matcher.places(" ".join(words))
    assert find(places)[0] == plain(places)


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_the_cues_of_every_language_find_the_same(data: st.DataObject) -> None:
    language = data.draw(st.sampled_from(sorted(CUES)))
    pieces = data.draw(st.lists(st.sampled_from([*SAID[language], ", ", ". ", "3", "12"]), max_size=12))
    places, _ = CUES[language].matcher.places(" ".join(pieces))
    assert find(places)[0] == plain(places)


def test_phrases_are_made_at_the_first_message_and_once() -> None:
    made: list[int] = []

    def phrase() -> list[tuple[tuple[Element, ...], Target]]:
        made.append(1)
        return elements(["aa bb"])

    matcher = Matcher(phrase, spaced=True)
    assert made == []
    for _ in range(2):
        assert [match.start for match in matcher.scan("x aa bb").matches] == [2]
    assert made == [1]
