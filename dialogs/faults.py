"""Faults: who caused a trouble, and what went wrong on that side (domain: causes of fault)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Fault(StrEnum):
    """Who caused the trouble."""

    SELLER = "seller"
    CARRIER = "carrier"
    BUYER = "buyer"
    UNKNOWN = "unknown"


class Cause(StrEnum):
    """What went wrong on the side that is at fault (domain: causes of fault)."""

    FAULTY_GOODS = "faulty_goods"
    NOT_AS_DESCRIBED = "not_as_described"
    LATE_DISPATCH = "late_dispatch"
    WRONG_GOODS = "wrong_goods"  # missing goods too
    BAD_SERVICE = "bad_service"
    SLOW = "slow"
    WRONG_REGION = "wrong_region"
    LOST = "lost"
    REGRET = "regret"
    EXPECTATION = "expectation"
    ORDERED_WRONGLY = "ordered_wrongly"
    USED_WRONGLY = "used_wrongly"


CAUSED_BY: Mapping[Cause, Fault] = {
    Cause.FAULTY_GOODS: Fault.SELLER,
    Cause.NOT_AS_DESCRIBED: Fault.SELLER,
    Cause.LATE_DISPATCH: Fault.SELLER,
    Cause.WRONG_GOODS: Fault.SELLER,
    Cause.BAD_SERVICE: Fault.CARRIER,
    Cause.SLOW: Fault.CARRIER,
    Cause.WRONG_REGION: Fault.CARRIER,
    Cause.LOST: Fault.CARRIER,
    Cause.REGRET: Fault.BUYER,
    Cause.EXPECTATION: Fault.BUYER,
    Cause.ORDERED_WRONGLY: Fault.BUYER,
    Cause.USED_WRONGLY: Fault.BUYER,
}
