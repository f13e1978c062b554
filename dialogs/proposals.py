"""Proposals: which three replies are offered at this moment of this conversation."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from dialogs import cases, remedies
from dialogs.messages import Case, Kind, Mood, Reading, Shop, Step, Want
from dialogs.playbooks import GENERAL, Playbooks, ReplyRule

PROPOSALS = 3

_HAN = re.compile("[\u3400-\u9fff]")

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


def choose(playbooks: Playbooks, case: Case, reading: Reading, shop: Shop) -> tuple[ReplyRule, ...]:
    """Up to three replies, best first of each kind: never one that was sent, never a remedy before the facts."""
    situation = topic(case, reading)
    moment = _Moment(case, shop, known_facts(case, shop).keys())
    if "extortion" in case.flags:
        return _firm(playbooks.of("extortion"), moment)
    own, general = playbooks.of(situation), playbooks.of(GENERAL)
    if situation in _FRIENDLY:
        return _friendly(own, general, moment)
    chosen: dict[str, ReplyRule] = {}
    for kind in slots(case, situation, fresh=reading.situation not in cases.SOCIAL):
        best = _best(kind, (own, general), moment, chosen)
        if best is not None:
            chosen[best.id] = best
    return tuple(chosen.values())


def _asks(reading: Reading) -> bool:
    """Whether a message that sounds like small talk («Хорошо, верните деньги») asks for something or is angry."""
    return reading.mood is Mood.ANGRY or any(want is not Want.INFORMATION for want in reading.wants)


def slots(case: Case, situation: str, *, fresh: bool) -> tuple[Kind, Kind, Kind]:
    """The kinds asked for at this step of the seven; ``fresh`` when the message itself speaks of a trouble."""
    last = case.kinds[-1] if case.kinds else None
    second = Kind.NOTICE if last is Kind.APOLOGY else Kind.APOLOGY
    if situation == GENERAL or not cases.facts_known(case.situation, case.facts, case.kinds):
        return Kind.CALMING, second, Kind.QUESTION
    if case.step is Step.FOLLOW_UP and case.mood is Mood.CALM and not fresh:
        return Kind.NOTICE, Kind.CALMING, Kind.REMEDY
    return Kind.CALMING, second, Kind.REMEDY


@dataclass(frozen=True, slots=True)
class _Moment:
    """What a reply must fit: the case, the shop's limits, and the names of the facts that are known."""

    case: Case
    shop: Shop
    known: AbstractSet[str]

    def fits(self, rule: ReplyRule) -> bool:
        """Whether a reply may be said now, and was not said before."""
        case, known = self.case, self.known
        days = case.facts.days
        return (
            rule.id not in case.said
            and (not rule.placeholders or rule.placeholders <= known)
            and (not rule.known or rule.known <= known)
            and (not rule.unknown or rule.unknown.isdisjoint(known))
            and (not rule.moods or case.mood in rule.moods)
            and (not rule.faults or case.fault in rule.faults)
            and (not rule.wants or not rule.wants.isdisjoint(case.wants))
            and (not rule.steps or case.step in rule.steps)
            and (not rule.after or not rule.after.isdisjoint(case.kinds))
            and (not rule.after_reply or not rule.after_reply.isdisjoint(case.said))
            and (rule.days_min is None or (days is not None and days >= rule.days_min))
            and (rule.days_max is None or (days is not None and days <= rule.days_max))
            and (rule.remedy is None or remedies.allowed(rule.remedy, self.shop))
        )

    def score(self, rule: ReplyRule) -> int:
        """How well a reply that fits does so: a remedy the less, the further it is from where the case stands."""
        return rule.worth if rule.remedy is None else rule.worth - 5 * remedies.distance(rule.remedy, self.case)


def _firm(lines: Iterable[ReplyRule], moment: _Moment) -> tuple[ReplyRule, ...]:
    """Extortion (差评师): nothing is conceded, only the firm line and keeping the talk open are offered."""
    ranked = sorted(filter(moment.fits, lines), key=lambda rule: -moment.score(rule))
    return tuple(rule for rule in ranked if rule.remedy is None)[:PROPOSALS]


def known_facts(case: Case, shop: Shop) -> dict[str, object]:
    """Every fact a reply may name, by placeholder; what is not known is not in it."""
    facts = case.facts
    missing = None
    if facts.asked is not None and facts.got is not None and facts.asked > facts.got:
        missing = facts.asked - facts.got
    everything: dict[str, object | None] = {
        "order": facts.orders[0] if facts.orders else None,
        "tracking": facts.tracking[0] if facts.tracking else None,
        "amount": facts.amounts[0] if facts.amounts else None,
        "date": facts.dates[0] if facts.dates else None,
        "days": facts.days or None,  # "waited 0 days" is nothing to speak of
        "asked": facts.asked,
        "got": facts.got,
        "missing": missing,
        "photos": facts.photos or None,
        "goodwill": shop.goodwill,
        "credit": shop.credit,
        "shop": _shop_name(shop, case.language),
    }
    return {name: value for name, value in everything.items() if value is not None}


def _shop_name(shop: Shop, language: str | None) -> str | None:
    """The shop's name where the buyer can read it: Chinese characters never leave for who does not write them."""
    if _HAN.search(shop.name) and language not in {"zh", "zh-Hant", "ja"}:
        return None
    return shop.name or None


def _best(
    kind: Kind, books: tuple[tuple[ReplyRule, ...], ...], moment: _Moment, taken: Container[str]
) -> ReplyRule | None:
    """The best reply of a kind, or of what stands in for it, from the first of ``books`` that has one."""
    for wanted in (kind, *_INSTEAD.get(kind, ())):
        for rules in books:
            free = [rule for rule in rules if rule.kind is wanted and rule.id not in taken and moment.fits(rule)]
            if free:
                return max(free, key=moment.score)
    return None


def _friendly(own: Iterable[ReplyRule], general: Iterable[ReplyRule], moment: _Moment) -> tuple[ReplyRule, ...]:
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
