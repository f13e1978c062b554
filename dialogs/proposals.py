"""Proposals: which three replies are offered at this moment of this conversation."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from dialogs import cases, remedies
from dialogs.messages import Case, Kind, Mood, Reading, Shop, Step, Want
from dialogs.playbooks import GENERAL, Playbooks, ReplyRule

PROPOSALS = 3

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
    known = known_facts(case, shop).keys()
    if "extortion" in case.flags:
        return _firm(playbooks, case, shop, known)
    own = _fitting(playbooks.of(situation), case, shop, known)
    general = _fitting(playbooks.of(GENERAL), case, shop, known)
    if situation in cases.SOCIAL - {GENERAL} or situation in cases.PRESALE:
        return _friendly(own, general, case)
    chosen: list[ReplyRule] = []
    for kind in slots(case, situation, fresh=reading.situation not in cases.SOCIAL):
        best = _best(kind, own, general, case, chosen)
        if best is not None:
            chosen.append(best)
    return tuple(chosen)


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


def _firm(playbooks: Playbooks, case: Case, shop: Shop, known: AbstractSet[str]) -> tuple[ReplyRule, ...]:
    """Extortion (差评师): nothing is conceded, only the firm line and keeping the talk open are offered."""
    lines = _fitting(playbooks.of("extortion"), case, shop, known)
    return tuple(rule for rule in sorted(lines, key=lambda rule: -_score(rule, case)) if rule.remedy is None)[
        :PROPOSALS
    ]


def _fitting(rules: tuple[ReplyRule, ...], case: Case, shop: Shop, known: AbstractSet[str]) -> list[ReplyRule]:
    return [rule for rule in rules if rule.id not in case.said and _fits(rule, case, shop, known)]


def _fits(rule: ReplyRule, case: Case, shop: Shop, known: AbstractSet[str]) -> bool:
    days = case.facts.days
    return (
        (not rule.placeholders or rule.placeholders <= known)
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
        and (rule.remedy is None or remedies.allowed(rule.remedy, shop))
    )


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
    han = any("\u3400" <= character <= "\u9fff" for character in shop.name)
    if han and language not in {"zh", "zh-Hant", "ja"}:
        return None
    return shop.name or None


def _best(
    kind: Kind, own: list[ReplyRule], general: list[ReplyRule], case: Case, taken: list[ReplyRule]
) -> ReplyRule | None:
    for wanted in (kind, *_INSTEAD.get(kind, ())):
        for rules in (own, general):
            free = [rule for rule in rules if rule.kind is wanted and all(rule is not other for other in taken)]
            if free:
                return max(free, key=lambda rule: _score(rule, case))
    return None


def _friendly(own: list[ReplyRule], general: list[ReplyRule], case: Case) -> tuple[ReplyRule, ...]:
    """Small talk and pre-sale: the best reply of each kind, then the next best; nobody apologises for a greeting."""
    ranked = sorted((rule for rule in own if rule.kind is not Kind.APOLOGY), key=lambda rule: -_score(rule, case))
    first_of_kind: dict[Kind, ReplyRule] = {}
    for rule in ranked:
        first_of_kind.setdefault(rule.kind, rule)
    spare = [rule for rule in general if rule.kind in _SPARE and case.kinds]
    everything = {rule.id: rule for rule in (*first_of_kind.values(), *ranked, *spare)}
    return tuple(everything.values())[:PROPOSALS]


def _score(rule: ReplyRule, case: Case) -> int:
    """Weight, raised by every condition that was met and every fact that is named: the specific beats the general."""
    score = rule.weight
    score += 4 * sum(map(bool, (rule.moods, rule.faults, rule.after, rule.after_reply, rule.steps)))
    score += 6 * bool(rule.wants)
    score += 3 * len(rule.placeholders | rule.known) + 2 * (rule.days_min is not None or rule.days_max is not None)
    if rule.remedy is not None:
        score -= 5 * remedies.distance(rule.remedy, case)
    return score
