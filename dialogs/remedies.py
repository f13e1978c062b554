"""Remedies: the ladder from a word to the whole money, and where on it a conversation stands."""

from __future__ import annotations

from collections.abc import Mapping

from dialogs.faults import Fault
from dialogs.messages import (
    Case,
    Kind,
    Mood,
    Shop,
    Want,
)

# From the cheapest to the dearest; a reply's ``remedy`` is one of these.
LADDER = (
    "information",
    "extend_time",
    "gift",
    "credit",
    "partial_refund",
    "resend",
    "refund",
    "return_refund",
)
RANK: Mapping[str, int] = {remedy: rank for rank, remedy in enumerate(LADDER)}

_WANTED: Mapping[Want, str] = {
    Want.INFORMATION: "information",
    Want.DISCOUNT: "credit",
    Want.PARTIAL_REFUND: "partial_refund",
    Want.RESEND: "resend",
    Want.EXCHANGE: "resend",
    Want.REFUND: "refund",
    Want.RETURN: "return_refund",
}


_START: Mapping[Fault, int] = {Fault.SELLER: RANK["credit"], Fault.CARRIER: RANK["extend_time"]}


def start(case: Case) -> int:
    """Rank at which the next remedy should stand: fault decides the start, mood and what was offered move it up.

    Pictures settle whether there is a fault at all; with them the talk is about something of worth.
    """
    rank = _START.get(case.fault, RANK["information"])
    if case.facts.photos:
        rank = max(rank, RANK["credit"])
    rank += case.mood is Mood.ANGRY
    rank += case.kinds.count(Kind.REMEDY)
    return min(rank, len(LADDER) - 1)


def wanted(case: Case) -> int | None:
    """Rank of the dearest remedy the buyer asked for, None when they asked for none."""
    ranks = [RANK[_WANTED[want]] for want in case.wants if want in _WANTED]
    return max(ranks, default=None)


def distance(remedy: str, case: Case) -> int:
    """How far a remedy stands from where the conversation is, in rungs; 0 fits best.

    What the buyer asked for counts once the seller has begun to offer: the ladder is climbed, not jumped.
    """
    away = abs(RANK[remedy] - start(case))
    wish = wanted(case)
    if wish is not None and Kind.REMEDY in case.kinds:
        away = min(away, abs(RANK[remedy] - wish))
    return away


def allowed(remedy: str, shop: Shop) -> bool:
    """Whether an agent of the shop may offer this without a lead."""
    return remedy in shop.remedies
