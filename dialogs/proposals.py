"""Proposals: which three replies are offered at this moment of this conversation."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from dialogs import cases
from dialogs.messages import Case, Kind, Mood, Reading, Step, Want
from dialogs.moment import Moment
from dialogs.playbooks import GENERAL, Playbooks, ReplyRule

PROPOSALS = 3

_FRIENDLY = (cases.SOCIAL - {GENERAL}) | cases.PRESALE

# What may be said beside the lines of small talk and pre-sale once a talk is under way.
_SPARE = frozenset({Kind.CALMING, Kind.NOTICE, Kind.HOLDING})
# Stand-ins when a kind has nothing left to say.
_INSTEAD: Mapping[Kind, tuple[Kind, ...]] = {
    Kind.CALMING: (Kind.HOLDING, Kind.NOTICE),
    Kind.APOLOGY: (Kind.NOTICE, Kind.HOLDING, Kind.CALMING),
    Kind.REMEDY: (Kind.QUESTION, Kind.NOTICE, Kind.HOLDING),
    Kind.QUESTION: (Kind.REMEDY, Kind.NOTICE, Kind.HOLDING),
    Kind.NOTICE: (Kind.HOLDING, Kind.CALMING),
    Kind.FIRM: (Kind.HOLDING,),
}


def topic(case: Case, reading: Reading) -> str:
    """What this turn is answered as: the message's situation, else what the case is about."""
    situation = reading.situation
    if situation == GENERAL or (situation in cases.SOCIAL and _asks(reading)):
        return case.situation
    if situation in cases.SOCIAL or case.situation == GENERAL:
        return situation
    return case.situation


def choose(playbooks: Playbooks, moment: Moment) -> tuple[ReplyRule, ...]:
    """Up to three replies, best first of each kind: never one that was sent, never a remedy before the facts."""
    case, reading = moment.case, moment.reading
    situation = topic(case, reading)
    if "extortion" in case.flags:
        return _firm(playbooks.of("extortion"), moment)
    own, general = playbooks.of(situation), playbooks.of(GENERAL)
    if situation in _FRIENDLY:
        return _friendly(own, general, moment)
    following = _following(own, moment)
    chosen = {} if following is None else {following.id: following}
    for kind in slots(case, situation, fresh=reading.situation not in cases.SOCIAL):
        if following is not None and kind in {Kind.APOLOGY, Kind.NOTICE}:
            continue  # the next step takes its place
        best = _best(kind, (own, general), moment, chosen)
        if best is not None:
            chosen[best.id] = best
    return tuple(chosen.values())


def _following(own: Iterable[ReplyRule], moment: Moment) -> ReplyRule | None:
    """The notice that goes on from something that was said: the return has come, the carrier has answered."""
    fitting = [rule for rule in own if rule.after_reply and rule.kind is Kind.NOTICE and moment.fits(rule)]
    return max(fitting, key=moment.score, default=None)


def _asks(reading: Reading) -> bool:
    """Whether a message that sounds like small talk («Хорошо, верните деньги») asks for something or is angry."""
    return reading.mood is Mood.ANGRY or any(want is not Want.INFORMATION for want in reading.wants)


def slots(case: Case, situation: str, *, fresh: bool) -> tuple[Kind, Kind, Kind]:
    """The kinds asked for at this step of the seven; ``fresh`` when the message itself speaks of a trouble."""
    last = case.kinds[-1] if case.kinds else None
    second = Kind.NOTICE if last is Kind.APOLOGY else Kind.APOLOGY
    if situation == GENERAL or not cases.facts_known(case.situation, case.facts, case.kinds, fault=case.fault):
        return Kind.CALMING, second, Kind.QUESTION
    if case.step is Step.FOLLOW_UP and case.mood is Mood.CALM and not fresh:
        return Kind.NOTICE, Kind.CALMING, Kind.REMEDY
    return Kind.CALMING, second, Kind.REMEDY


def _firm(lines: Iterable[ReplyRule], moment: Moment) -> tuple[ReplyRule, ...]:
    """Extortion (差评师): nothing is conceded, only the firm line and keeping the talk open are offered."""
    ranked = sorted(filter(moment.fits, lines), key=lambda rule: -moment.score(rule))
    return tuple(rule for rule in ranked if rule.remedy is None)[:PROPOSALS]


def _best(
    kind: Kind, books: tuple[tuple[ReplyRule, ...], ...], moment: Moment, taken: Container[str]
) -> ReplyRule | None:
    """The best reply of a kind, or of what stands in for it, from the first of ``books`` that has one."""
    for wanted in (kind, *_INSTEAD.get(kind, ())):
        for rules in books:
            free = [rule for rule in rules if rule.kind is wanted and rule.id not in taken and moment.fits(rule)]
            if free:
                return max(free, key=moment.score)
    return None


def _friendly(own: Iterable[ReplyRule], general: Iterable[ReplyRule], moment: Moment) -> tuple[ReplyRule, ...]:
    """Small talk and pre-sale: the best reply of each kind, then the next best; nobody apologises for a greeting."""
    fitting = [rule for rule in own if rule.kind is not Kind.APOLOGY and moment.fits(rule)]
    ranked = sorted(fitting, key=lambda rule: -moment.score(rule))
    first_of_kind: dict[Kind, ReplyRule] = {}
    for rule in ranked:
        first_of_kind.setdefault(rule.kind, rule)
    under_way = general if moment.case.kinds else ()
    spare = [rule for rule in under_way if rule.kind in _SPARE and moment.fits(rule)]
    everything = {rule.id: rule for rule in (*first_of_kind.values(), *ranked, *spare)}
    return tuple(everything.values())[:PROPOSALS]
