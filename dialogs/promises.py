"""What is promised to buyers: money, remedies on offer, and what agents make of what is proposed. Frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency (ISO 4217)."""

    amount: Decimal
    currency: str


class PlanState(StrEnum):
    """Life of a plan."""

    OFFERED = "offered"
    ACCEPTED = "accepted"  # the buyer wants it
    DONE = "done"
    LATE = "late"  # neither done nor withdrawn when it was due
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Promise:
    """What a text promises: a rung of dialogs.remedies.LADDER, with its amount where it names one."""

    remedy: str
    amount: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A remedy on offer: who promised it when, and until when it must be done or followed up."""

    id: int  # within its case
    remedy: str
    amount: Money | None = None
    state: PlanState
    agent: str
    at: datetime
    due: datetime


@dataclass(frozen=True, slots=True)
class Spent:
    """What was promised today (in China), one sum for each currency: by the agent at hand, and by the whole shop."""

    agent: tuple[Money, ...] = ()
    shop: tuple[Money, ...] = ()


@dataclass(frozen=True, slots=True)
class Picks:
    """How often a shop's agents were offered a reply, and how often they sent it as it stood."""

    picked: int = 0
    offered: int = 0
