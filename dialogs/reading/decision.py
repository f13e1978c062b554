"""Decision: from the cues found in a message to situations with confidence, the leading one first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from dialogs.faults import CAUSED_BY, Cause, Fault
from dialogs.messages import Opinion, SituationReading, Span, Want
from dialogs.reading.situations import HIGH_STAKES, ORDER, SOCIAL, USUAL_CAUSE
from dialogs.reading.tree import Match

SURE_ENOUGH: Final = 0.5  # below this nothing is read: unknown is an honest answer
_CLEAR: Final = 0.8  # from here on the order of situations decides which one leads
# What an order may give back: asking for it is a buyer's right, whatever comes with it.
FAIR: Final = frozenset({Want.REFUND, Want.PARTIAL_REFUND, Want.RESEND, Want.EXCHANGE, Want.RETURN})
_SHOWN: Final = 4  # situations and cues handed on
_CUES: Final = 3
_YIELDING: Final = frozenset({"wrong_item", "damaged"})
_SILENCED: Final = frozenset({"situation", "mood", "wants"})  # kinds of cues that may turn out to mean nothing


@dataclass(frozen=True, slots=True)
class Voice:
    """What was found in one text: the buyer's own, or its Chinese translation; ``trust`` weighs it (0 to 1)."""

    matches: tuple[Match, ...]
    trust: float = 1.0
    in_chinese: bool = False


def standing(matches: Iterable[Match]) -> tuple[Match, ...]:
    """The cues that stand.

    One inside a longer one of another situation does not ("not received my refund"), nor one that begins in
    words that say nothing is wrong ("not broken on arrival").
    """
    found = list(matches)
    nothing = [match for match in found if match.target.kind == "nothing"]
    told = [
        match
        for match in found
        if match.target.kind != "nothing"
        and not (match.target.id in _YIELDING and _yields(match, found))
        and not (nothing and _is_silenced(match, nothing))
    ]
    situations_told = [match for match in told if match.target.kind == "situation"]
    return tuple(match for match in told if match.target.kind != "situation" or not _is_held(match, situations_told))


def _yields(match: Match, found: list[Match]) -> bool:
    """Whether a cue gives way to another on the same words: numbers or later use tell what happened more exactly."""
    if match.target.id == "wrong_item":  # "ordered three, got two" is built like "ordered a lamp, got a cup" …
        counted = (other for other in found if other.target.kind == "counts" and "," in other.target.id)
        # … and "ordered a month ago, and it has not come" too.
        missed = (other for other in found if other.target.kind == "situation" and other.target.id == "not_received")
        return any(_overlap(match, other) for other in (*counted, *missed))
    if match.target.id == "damaged":  # what broke in use did not come broken
        return any(
            other.target.id == "quality" and _overlap(match, other) and _is_longer(other, match) for other in found
        )
    return False


def _is_silenced(match: Match, nothing: list[Match]) -> bool:
    """Whether a cue begins in words that say nothing is wrong; praise they may not touch at all ("not so good")."""
    if match.target.kind not in _SILENCED:
        return False
    if match.target.id == "praise":
        return any(_overlap(match, other) for other in nothing)
    return any(other.start <= match.start < other.end for other in nothing)


def _is_held(match: Match, told: Iterable[Match]) -> bool:
    """Whether a longer cue of another situation holds the whole of this one; high stakes give way to such only."""
    target, start, end = match
    for other, begin, behind in told:
        longer = begin <= start and end <= behind and behind - begin > end - start
        if longer and other.id != target.id and (other.id in HIGH_STAKES or target.id not in HIGH_STAKES):
            return True
    return False


def _overlap(one: Match, other: Match) -> bool:
    return one.start < other.end and other.start < one.end


def _is_longer(one: Match, other: Match) -> bool:
    return one.end - one.start > other.end - other.start


# How far an opinion is trusted beside the cues; fitted on development samples (docs/reading.md).
TRUST: Final = {"embeddings": 0.9, "model": 0.8}
_WORTH_NAMING: Final = 0.2  # a lower share of an opinion is not kept as a reason


def situations(
    voices: Iterable[Voice], opinions: Iterable[Opinion] = (), length: int = 0
) -> tuple[SituationReading, ...]:
    """All situations that are sure enough, the leading one first; ``length`` is that of the text."""
    doubt: dict[str, float] = {}
    evidence: dict[str, list[Span]] = {}
    for voice in voices:
        found: dict[str, list[Match]] = {}
        for match in voice.matches:
            if match.target.kind == "situation":
                found.setdefault(match.target.id, []).append(match)
        for situation, matches in found.items():
            left = doubt.get(situation, 1.0)
            spans = evidence.setdefault(situation, [])
            for target, start, end in _apart(matches):
                left *= 1 - target.weight * voice.trust
                spans.append(Span(target.cue, start, end, voice.in_chinese, target.weight))
            doubt[situation] = left
    for opinion in opinions:
        _weigh(opinion, doubt, evidence, length)
    readings = [
        SituationReading(situation, round(1 - left, 4), tuple(evidence.get(situation, ())))
        for situation, left in doubt.items()
        if 1 - left >= SURE_ENOUGH
    ]
    return tuple(sorted(readings, key=_rank))[:_SHOWN]


# What goods may be asked about before they are bought: a faint word of it in a question is no complaint.
_ASKED_ABOUT: Final = frozenset({"damaged", "quality", "not_as_described", "cannot_use", "shortage", "wrong_item"})


def but_asked(found: tuple[SituationReading, ...]) -> tuple[SituationReading, ...]:
    """The same for a question ("does it break easily?"): faults of goods only where they are told clearly."""
    return tuple(reading for reading in found if reading.id not in _ASKED_ABOUT or reading.confidence >= _CLEAR)


# What a wish alone makes a message about, where nothing else is told: "I'd like my money back".
_WISHED: Final = {
    Want.REFUND: "return_request",
    Want.PARTIAL_REFUND: "return_request",
    Want.RETURN: "return_request",
    Want.EXCHANGE: "return_request",
    Want.CANCEL: "cancel",
    Want.DISCOUNT: "bargain",
}
_BY_WISH: Final = 0.6  # its confidence: whatever else is told is surer


def by_wish(
    found: tuple[SituationReading, ...], wanted: Mapping[str, Span], *, known: bool
) -> tuple[SituationReading, ...]:
    """The same, or what the wish is about where only small talk was told; ``known`` if the case has its trouble."""
    if known or any(reading.id not in SOCIAL for reading in found):
        return found
    for name, span in wanted.items():
        if Want(name) in _WISHED:
            return (SituationReading(_WISHED[Want(name)], _BY_WISH, (span,)), *found)
    return found


def _weigh(opinion: Opinion, doubt: dict[str, float], evidence: dict[str, list[Span]], length: int) -> None:
    """Let an opinion weigh in. What is rare and costly is decided by cues: others may only confirm it."""
    for situation, share in opinion.situations.items():
        if situation not in ORDER or (situation in HIGH_STAKES and situation not in doubt):
            continue
        weight = share * TRUST[opinion.source]
        doubt[situation] = doubt.get(situation, 1.0) * (1 - weight)
        if share >= _WORTH_NAMING:
            cue = f"≈ {opinion.alike.get(situation, opinion.source)}"
            evidence.setdefault(situation, []).append(Span(cue, 0, length, weight=round(weight, 4)))


def fairly(found: tuple[SituationReading, ...], wants: Iterable[Want]) -> tuple[SituationReading, ...]:
    """The same, with a demand for what an order may give back read as a threat at most, never as extortion.

    "A refund or a bad review" is an angry buyer, who must still be offered a remedy.
    """
    if FAIR.isdisjoint(wants) or all(reading.id != "extortion" for reading in found):
        return found
    threat = next((reading for reading in found if reading.id == "review_threat"), None)
    if threat is not None:
        return tuple(sorted((reading for reading in found if reading.id != "extortion"), key=_rank))
    renamed = (replace(reading, id="review_threat") if reading.id == "extortion" else reading for reading in found)
    return tuple(sorted(renamed, key=_rank))


def _rank(reading: SituationReading) -> tuple[int, int, float]:
    """High stakes lead whenever they are clear; then what is clear, by particularity; small talk only alone."""
    place = ORDER[reading.id]
    if reading.id in HIGH_STAKES and reading.confidence >= _CLEAR:
        return 0, place, 0.0
    if reading.id in SOCIAL:
        return 3, place, 0.0
    if reading.confidence >= _CLEAR:
        return 1, place, 0.0
    return 2, 0, -reading.confidence


def _apart(matches: list[Match]) -> list[Match]:
    """The strongest cues that share no words; two cues on the same words tell nothing twice."""
    if len(matches) == 1:
        return matches
    chosen: list[Match] = []
    for match in sorted(matches, key=lambda match: (-match.target.weight, match.start - match.end, match.start)):
        if all(match.end <= other.start or other.end <= match.start for other in chosen):
            chosen.append(match)
        if len(chosen) == _CUES:
            break
    return sorted(chosen, key=lambda match: match.start)


def fault(named: Iterable[str], about: tuple[SituationReading, ...]) -> tuple[Fault, Cause | None]:
    """Who caused the trouble and what went wrong there: as the words name it, else as such a situation usually is."""
    told = dict.fromkeys(named)
    causes = [Cause(name) for name in told if name in CAUSED_BY]
    blamed = {*(Fault(name) for name in told if name not in CAUSED_BY), *(CAUSED_BY[cause] for cause in causes)}
    usual = next((USUAL_CAUSE[found.id] for found in about if found.id in USUAL_CAUSE), None)
    for culprit in (Fault.BUYER, Fault.CARRIER, Fault.SELLER):  # who blames themselves is believed first
        if culprit in blamed:
            own = (cause for cause in (*causes, *filter(None, (usual,))) if CAUSED_BY[cause] is culprit)
            return culprit, next(own, None)
    return (CAUSED_BY[usual], usual) if usual else (Fault.UNKNOWN, None)
