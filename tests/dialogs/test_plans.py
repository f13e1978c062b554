"""What was promised: offered, taken, done or late, and never more than may stand at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from dialogs import cases, plans
from dialogs.messages import Case, CaseStatus, LanguageReading, Reading, Shop
from dialogs.promises import Money, PlanState, Promise
from tests.dialogs.talk import MORNING

SHOP = Shop(id="s", name="S", follow_up_days=2)
FIVE = Money(Decimal(5), "USD")
REFUND, RESEND, CREDIT = Promise("partial_refund", FIVE), Promise("resend"), Promise("credit", Money(Decimal(3), "USD"))


def promised(*promises: Promise, case: Case | None = None) -> Case:
    case = case or Case()
    for promise in promises:
        case = plans.offer(case, promise, agent="小王", now=MORNING, shop=SHOP)
    return case


def states(case: Case) -> list[str]:
    return [plan.state.value for plan in case.plans]


def test_a_promise_is_offered_with_the_day_it_must_be_followed_up() -> None:
    (plan,) = promised(REFUND).plans
    assert (plan.remedy, plan.amount, plan.state, plan.agent) == ("partial_refund", FIVE, PlanState.OFFERED, "小王")
    assert plan.due == MORNING + timedelta(days=2)
    clock = plans.clock(promised(REFUND))
    assert clock is not None
    assert (clock.kind, clock.due) == ("plan", plan.due)


def test_information_is_nothing_that_has_to_be_done() -> None:
    assert promised(Promise("information")).plans == ()


def test_the_same_promise_said_again_is_one_plan() -> None:
    assert len(promised(REFUND, REFUND).plans) == 1
    assert plans.promised(promised(REFUND, REFUND), "partial_refund") == (FIVE,)


def test_what_the_buyer_takes_shuts_the_others_out() -> None:
    case = plans.change(promised(REFUND, RESEND), 2, PlanState.ACCEPTED, now=MORNING, shop=SHOP)
    assert case is not None
    assert states(case) == ["withdrawn", "accepted"]
    assert plans.promised(case, "partial_refund") == ()
    done = plans.change(case, 2, PlanState.DONE, now=MORNING, shop=SHOP)
    assert done is not None
    assert states(done) == ["withdrawn", "done"]
    assert plans.clock(done) is None


@pytest.mark.parametrize("plan_id", [1, 7])
def test_what_is_over_or_never_was_cannot_be_changed(plan_id: int) -> None:
    case = plans.change(promised(REFUND), 1, PlanState.DONE, now=MORNING, shop=SHOP)
    assert case is not None
    assert plans.change(case, plan_id, PlanState.ACCEPTED, now=MORNING, shop=SHOP) is None


def test_two_exclusive_remedies_may_stand_and_no_third() -> None:
    case = promised(REFUND, RESEND)
    assert plans.is_one_too_many(case, "return_refund")
    assert not plans.is_one_too_many(case, "resend")
    assert not plans.is_one_too_many(case, "gift")
    assert not plans.is_one_too_many(promised(REFUND), "return_refund")


def test_a_late_promise_is_marked_until_it_is_done() -> None:
    case = promised(REFUND)
    assert plans.ring(case, MORNING + timedelta(days=1)) == case
    late = plans.ring(case, MORNING + timedelta(days=2))
    assert states(late) == ["late"]
    assert plans.LATE in late.flags
    assert plans.clock(late) is None
    done = plans.change(late, 1, PlanState.DONE, now=MORNING, shop=SHOP)
    assert done is not None
    assert plans.LATE not in done.flags


def test_open_promises_outlive_a_case_and_finished_ones_do_not() -> None:
    done = plans.change(promised(REFUND, Promise("gift")), 2, PlanState.DONE, now=MORNING, shop=SHOP)
    assert done is not None
    closed = replace(done, status=CaseStatus.RESOLVED)
    again = cases.after_message(closed, Reading(language=LanguageReading(code="es", confidence=1.0)))
    assert [plan.remedy for plan in again.plans] == ["partial_refund"]
    assert promised(CREDIT, case=again).plans[-1].id == 2
