"""Mood: how upset a buyer is, from their words, their situation and their way of typing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from dialogs.messages import Mood
from dialogs.reading.situations import TROUBLE

_ANGRY_FACES: Final = re.compile("[😠😡🤬👿💢🖕]")
_SAD_FACES: Final = re.compile("[😢😭😞😔😟😣😖😩😫😤😒🙁☹💔👎]|:'?\\(|T_T|:-\\(")
SHOUTS: Final = re.compile(r"[!！]{3,}|[?？!！]{4,}")
MARKS: Final = re.compile("[!?！？]{2}")  # in every shout and call
CALLS: Final = re.compile(r"[!！]{2,}|[?？]{3,}|[?？][!！]|[!！][?？]")
WORDS: Final = re.compile(r"[^\W\d_]{2,}")
CAPITALS: Final = re.compile(r"[^\W\d_a-zß-öø-ÿа-џ]{2}")  # no word in capitals is without two such letters
_HAPPY: Final = frozenset({"praise", "thanks"})


def read(text: str, found: Iterable[str], situations: tuple[str, ...]) -> Mood:
    """The mood of a message; ``found`` are the moods its words told, ``situations`` what it is about."""
    told = set(found)
    trouble = not TROUBLE.isdisjoint(situations)
    happy = bool(situations) and situations[0] in _HAPPY
    if _ANGRY_FACES.search(text):
        return Mood.ANGRY
    loud = _is_loud(text)
    points: float = 2 * (Mood.ANGRY in told) + (Mood.UPSET in told)
    if not happy:
        marked = MARKS.search(text) is not None
        shouts, calls = marked and bool(SHOUTS.search(text)), marked and bool(CALLS.search(text))
        points += (loud + shouts) * (1 + trouble) / 2 + calls * trouble * 0.5
        points += 0.5 * bool({"review_threat", "extortion"} & set(situations)) + bool(_SAD_FACES.search(text))
    if points >= 2:
        return Mood.ANGRY
    return Mood.UPSET if points >= 0.5 else Mood.CALM


def _is_loud(text: str) -> bool:
    """Whether the message is typed in capitals; short codes and single shouted words are not enough."""
    if not CAPITALS.search(text):
        return False
    words = [word for word in WORDS.findall(text) if word.lower() != word.upper()]
    letters = sum(map(len, words))
    capitals = sum(len(word) for word in words if word.isupper())
    return letters >= 8 and capitals >= 8 and capitals * 10 >= letters * 6
