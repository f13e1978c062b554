"""Moment: what a reply must fit, how well it does, and the grounds it is proposed on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from dialogs import plans, remedies
from dialogs.messages import (
    Case,
    Reading,
    Shop,
)
from dialogs.playbooks import ReplyRule
from dialogs.promises import Picks

_DISPUTE = "dispute_opened"

# What the team's picks move a reply by, in points of weight: -2 for what nobody takes, +6 for what everybody does.
_REACH, _SHIFT = 8, 2
_AS_IF = Picks(picked=1, offered=4)  # taken to be there before the first offer, so that few picks tell little
_TELLING = 5  # from so many offers on the picks are named as a ground
_NO_PICKS = Picks()


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The case, the message at hand, the shop's limits, the facts known by placeholder, and what the team picks."""

    case: Case
    reading: Reading
    shop: Shop
    facts: Mapping[str, object] = field(default_factory=dict)
    picks: Mapping[str, Picks] = field(default_factory=dict)

    def fits(self, rule: ReplyRule) -> bool:
        """Whether a reply may be said now, and was not said before."""
        case, known, days = self.case, self.facts.keys(), self.case.facts.days
        return (
            rule.id not in case.said
            and (not rule.placeholders or rule.placeholders <= known)
            and (not rule.known or rule.known <= known)
            and (not rule.unknown or rule.unknown.isdisjoint(known))
            and (not rule.moods or case.mood in rule.moods)
            and (not rule.faults or case.fault in rule.faults)
            and (not rule.causes or case.cause in rule.causes)
            and (not rule.wants or not rule.wants.isdisjoint(case.wants))
            and (not rule.steps or case.step in rule.steps)
            and (not rule.after or not rule.after.isdisjoint(case.kinds))
            and (not rule.after_reply or not rule.after_reply.isdisjoint(case.said))
            and (not rule.languages or case.language in rule.languages)
            and (not rule.platforms or self.shop.platform in rule.platforms)
            and (rule.manner is None or rule.manner is self.shop.manner)
            and (rule.dispute is None or rule.dispute == (_DISPUTE in case.flags))
            and (rule.days_min is None or (days is not None and days >= rule.days_min))
            and (rule.days_max is None or (days is not None and days <= rule.days_max))
            and (rule.remedy is None or self.may_be_offered(rule.remedy))
        )

    def may_be_offered(self, remedy: str) -> bool:
        """Whether the shop's agents may offer a remedy, and it may stand beside what was promised."""
        return remedies.allowed(remedy, self.shop) and not plans.is_one_too_many(self.case, remedy)

    def score(self, rule: ReplyRule) -> float:
        """How well a reply that fits does so: a remedy the less, the further it is from where the case stands."""
        score = rule.worth + self._liked(rule)
        return score if rule.remedy is None else score - 5 * remedies.distance(rule.remedy, self.case)

    def _liked(self, rule: ReplyRule) -> float:
        if not self.picks:
            return 0.0
        picks = self.picks.get(rule.id, _NO_PICKS)
        share = (picks.picked + _AS_IF.picked) / (picks.offered + _AS_IF.offered)
        return _REACH * share - _SHIFT

    def grounds(self, rule: ReplyRule) -> tuple[str, ...]:
        """Why a reply that fits is proposed: ``what:which`` for every condition it met, and how often it is picked."""
        return tuple(self._grounds(rule))

    def _grounds(self, rule: ReplyRule) -> Iterator[str]:
        case, facts = self.case, self.case.facts
        if rule.dispute:
            yield "dispute"
        if rule.moods:
            yield f"mood:{case.mood}"
        if rule.days_min is not None or rule.days_max is not None or "days" in rule.placeholders:
            yield f"days:{facts.days}"
        if rule.causes:
            yield f"cause:{case.cause}"
        elif rule.faults:
            yield f"fault:{case.fault}"
        for want in case.wants:
            if want in rule.wants:
                yield f"want:{want}"
        if "photos" in rule.known:
            yield f"photos:{facts.photos}"
        if rule.after and case.kinds:
            yield f"after:{case.kinds[-1]}"
        picks = self.picks.get(rule.id, _NO_PICKS)
        if picks.offered >= _TELLING and 2 * picks.picked >= picks.offered:
            yield f"picked:{picks.picked}/{picks.offered}"
