"""Plans: what was promised to a buyer, from the offer to the deed, and whether it is late."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from dialogs.messages import (
    Case,
    ClockSet,
    Shop,
)
from dialogs.promises import Money, Plan, PlanState, Promise

CLOCK = "plan"  # when the next of a case's plans is late
LATE = "plan_late"  # the flag of a case with a late one
# Of remedies that shut each other out so many may stand at once (AliExpress: refund only, or return and refund).
MOST = 2
EXCLUSIVE = frozenset({"credit", "partial_refund", "resend", "refund", "return_refund"})
# To look something up or to let a parcel travel on is nothing that has to be done for the buyer later.
_TRACKED = EXCLUSIVE | {"gift", "extend_time"}
OPEN = frozenset({PlanState.OFFERED, PlanState.ACCEPTED, PlanState.LATE})


def open_plans(case: Case) -> tuple[Plan, ...]:
    """What was promised and is neither done nor withdrawn."""
    return tuple(plan for plan in case.plans if plan.state in OPEN)


def is_one_too_many(case: Case, remedy: str) -> bool:
    """Whether this remedy would stand beside as many others as may stand at once."""
    standing = {plan.remedy for plan in open_plans(case) if plan.remedy in EXCLUSIVE}
    return remedy in EXCLUSIVE and remedy not in standing and len(standing) >= MOST


def promised(case: Case, remedy: str) -> tuple[Money, ...]:
    """What the case's plans of a remedy cost by now, withdrawn ones left out: one sum for each currency."""
    sums: dict[str, Decimal] = {}
    for plan in case.plans:
        if plan.amount is not None and plan.remedy == remedy and plan.state is not PlanState.WITHDRAWN:
            sums[plan.amount.currency] = sums.get(plan.amount.currency, Decimal()) + plan.amount.amount
    return tuple(Money(amount, currency) for currency, amount in sums.items())


def offer(case: Case, promise: Promise, *, agent: str, now: datetime, shop: Shop) -> Case:
    """The case with one more plan; the same promise said again is the same plan, followed up later."""
    if promise.remedy not in _TRACKED:
        return case
    due = now + timedelta(days=shop.follow_up_days)
    for plan in open_plans(case):
        if (plan.remedy, plan.amount) == (promise.remedy, promise.amount):
            state = PlanState.OFFERED if plan.state is PlanState.LATE else plan.state
            return _with(case, replace(plan, due=due, state=state))
    number = max((plan.id for plan in case.plans), default=0) + 1
    new = Plan(
        id=number,
        remedy=promise.remedy,
        amount=promise.amount,
        state=PlanState.OFFERED,
        agent=agent,
        at=now,
        due=due,
    )
    return replace(case, plans=(*case.plans, new))


def change(case: Case, plan_id: int, state: PlanState, *, now: datetime, shop: Shop) -> Case | None:
    """The case with a plan in another state; None when there is no such plan, or it is over.

    Accepted, the others it shuts out are withdrawn: a buyer takes one.
    """
    plan = next((plan for plan in open_plans(case) if plan.id == plan_id), None)
    if plan is None:
        return None
    due = now + timedelta(days=shop.follow_up_days) if state is PlanState.ACCEPTED else plan.due
    case = _with(case, replace(plan, state=state, due=due))
    if state is PlanState.ACCEPTED and plan.remedy in EXCLUSIVE:
        for other in open_plans(case):
            if other.id != plan_id and other.remedy in EXCLUSIVE and other.state is not PlanState.ACCEPTED:
                case = _with(case, replace(other, state=PlanState.WITHDRAWN))
    return case


def ring(case: Case, now: datetime) -> Case:
    """The case with every open plan that is late marked so."""
    for plan in open_plans(case):
        if plan.due <= now:
            case = _with(case, replace(plan, state=PlanState.LATE))
    return case


def clock(case: Case) -> ClockSet | None:
    """The clock to start: when the next open plan is late; None when none can become late."""
    due = min((plan.due for plan in open_plans(case) if plan.state is not PlanState.LATE), default=None)
    return None if due is None else ClockSet(CLOCK, due)


def _with(case: Case, changed: Plan) -> Case:
    plans = tuple(changed if plan.id == changed.id else plan for plan in case.plans)
    late = any(plan.state is PlanState.LATE for plan in plans)
    flags = tuple(flag for flag in case.flags if flag != LATE)
    return replace(case, plans=plans, flags=(*flags, LATE) if late else flags)
