"""Mood: how upset a buyer is, from their words, their situation and their way of typing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from dialogs.messages import Mood, Opinion, Span
from dialogs.reading.situations import TROUBLE

_ANGRY_FACES: Final = re.compile("[😠😡🤬👿💢🖕]")
_SAD_FACES: Final = re.compile("[😢😭😞😔😟😣😖😩😫😤😒🙁☹💔👎]|:'?\\(|T_T|:-\\(")
SHOUTS: Final = re.compile(r"[!！]{3,}|[?？!！]{4,}")
MARKS: Final = re.compile("[!?！？]{2}")  # in every shout and call
CALLS: Final = re.compile(r"[!！]{2,}|[?？]{3,}|[?？][!！]|[!！][?？]")
WORDS: Final = re.compile(r"[^\W\d_]{2,}")
CAPITALS: Final = re.compile(r"[^\W\d_a-zß-öø-ÿа-џ]{2}")  # no word in capitals is without two such letters
_ASKING: Final = frozenset("?？")
_HAPPY: Final = frozenset({"praise", "thanks"})
_THREATS: Final = frozenset({"review_threat", "extortion"})

_ANGRY: Final = 2.0  # points from which a buyer is angry
_UPSET: Final = 0.5
_TOLD: Final = {"insults": 2.0, "angry": 2.0, "sarcasm": 1.0, "upset": 1.0}  # what one cue of the kind is worth


def read(text: str, told: Mapping[str, Span], situations: tuple[str, ...]) -> tuple[Mood, tuple[Span, ...]]:
    """The mood of a message, and what of its typing showed it; ``told`` are the moods its words told."""
    faces = _ANGRY_FACES.search(text)
    if faces:
        return Mood.ANGRY, (_typed("face", faces, _ANGRY),)
    trouble = not TROUBLE.isdisjoint(situations)
    happy = bool(situations) and situations[0] in _HAPPY
    points = _of_words(told, trouble=trouble, happy=happy)
    if happy:
        return _mood(points), ()
    typed = tuple(_of_typing(text, trouble=trouble))
    points += sum(span.weight for span in typed) + 0.5 * (not _THREATS.isdisjoint(situations))
    return _mood(points), typed


def with_opinions(read: Mood, told: Mapping[str, Span], opinions: Iterable[Opinion]) -> Mood:
    """The mood when others have judged it too: an insult stays one, else who reads whole sentences knows better."""
    judged = next((opinion.mood for opinion in opinions if opinion.mood is not None), None)
    return read if judged is None or (read is Mood.ANGRY and "insults" in told) else judged


def _mood(points: float) -> Mood:
    return Mood.ANGRY if points >= _ANGRY else Mood.UPSET if points >= _UPSET else Mood.CALM


def _of_words(told: Iterable[str], *, trouble: bool, happy: bool) -> float:
    """Points for words: a strong word in praise is no anger, praise in a trouble may be mockery."""
    kinds = set(told)
    if "sarcasm" in kinds and (trouble or happy or len(kinds) > 1):
        return _ANGRY
    points = max((_TOLD[kind] for kind in kinds), default=0.0)
    if happy:
        return min(points, _UPSET) if kinds - {"upset"} else 0.0
    return points + 0.5 * (len(kinds) > 1)


def _of_typing(text: str, *, trouble: bool) -> Iterable[Span]:
    """Points for capitals, rows of marks and sad faces; in a trouble shouting is anger, elsewhere it may be joy."""
    if _is_loud(text):
        yield Span("capitals", 0, len(text), weight=1.5 if trouble else 0.5)
    if MARKS.search(text):
        shout, call = SHOUTS.search(text), CALLS.search(text)
        if shout:
            yield _typed("marks", shout, 1.0 if trouble else 0.5)
        if call and trouble:  # a row of question marks alone is impatience
            yield _typed("marks", call, 0.4 if set(call.group()) <= _ASKING else 1.0)
    sad = _SAD_FACES.search(text)
    if sad:
        yield _typed("face", sad, _UPSET)


def _typed(what: str, found: re.Match[str], weight: float) -> Span:
    return Span(what, found.start(), found.end(), weight=weight)


def _is_loud(text: str) -> bool:
    """Whether the message is typed in capitals; short codes and single shouted words are not enough."""
    if not CAPITALS.search(text):
        return False
    words = [word for word in WORDS.findall(text) if word.lower() != word.upper()]
    letters = sum(map(len, words))
    capitals = sum(len(word) for word in words if word.isupper())
    return letters >= 8 and capitals >= 8 and capitals * 10 >= letters * 6
