"""What agents pick and promise is counted: for the order of proposals, and for the limits of a day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from bot.learned import Learned
from bot.store import Store, picks, spending
from dialogs.messages import Case, Shop
from dialogs.promises import Money, Picks, Plan, PlanState, Spent
from tests.bot.house import House
from tests.fakes import FakeClock

LATE_EVENING = datetime(2026, 3, 2, 15, 59, tzinfo=UTC)  # one minute before midnight in China


async def test_a_pick_counts_for_what_was_taken_and_for_what_was_offered_beside_it(house: House) -> None:
    accepted = await house.buyer("¿dónde está?")
    view = await house.view(accepted.conversation_id)
    pick = view.proposals[1]
    await house.choose(accepted.conversation_id, pick.seller_text, proposal_id=pick.id)
    await house.buyer("¿y ahora?")
    await house.choose(accepted.conversation_id, "自己写的")

    counted = await house.store.read(lambda conn: picks.of_shop(conn, "shop"))
    assert counted[pick.reply_id] == Picks(picked=1, offered=2)
    assert {name: found.picked for name, found in counted.items() if name != pick.reply_id} == {
        proposal.reply_id: 0 for proposal in view.proposals if proposal is not pick
    }
    house.clock.advance(minutes=1)
    await house.buyer("¿hola?")
    assert house.manager.seen[-1][1].picks == counted


async def test_what_is_replaced_before_anybody_decided_does_not_count(house: House) -> None:
    await house.buyer("¿dónde está?")
    await house.buyer("¿hola?")
    assert await house.store.read(lambda conn: picks.of_shop(conn, "shop")) == {}


async def test_a_shop_that_does_not_learn_gets_no_picks_and_others_get_new_ones_after_a_minute(store: Store) -> None:
    clock = FakeClock()
    learned = Learned(store, clock)
    shop = Shop(id="shop", name="S")
    await store.write(lambda conn: picks.count(conn, "shop", ["a", "b"], "a"))
    assert await learned.of(replace(shop, learn=False)) == {}
    assert await learned.of(shop) == {"a": Picks(1, 1), "b": Picks(0, 1)}
    await store.write(lambda conn: picks.count(conn, "shop", ["a"], None))
    assert (await learned.of(shop))["a"] == Picks(1, 1)
    clock.advance(minutes=1)
    assert (await learned.of(shop))["a"] == Picks(1, 2)
    assert await learned.of(Shop(id="other", name="S")) == {}


def plan(amount: str, *, agent: str = "小王", currency: str = "USD", at: datetime = LATE_EVENING) -> Plan:
    money = Money(Decimal(amount), currency)
    return Plan(id=1, remedy="partial_refund", amount=money, state=PlanState.OFFERED, agent=agent, at=at, due=at)


async def test_promises_add_up_for_the_agent_and_the_shop_and_end_with_the_day_in_china(store: Store) -> None:
    for one in (plan("5.10"), plan("0.90"), plan("4", agent="小李"), plan("7", currency="EUR")):
        await store.write(lambda conn, one=one: spending.save(conn, "shop", Case(), Case(plans=(one,))))
    await store.write(lambda conn: spending.save(conn, "other", Case(), Case(plans=(plan("99"),))))

    spent = await store.read(lambda conn: spending.of_day(conn, "shop", "小王", LATE_EVENING))
    assert spent == Spent(
        agent=(Money(Decimal(7), "EUR"), Money(Decimal(6), "USD")),
        shop=(Money(Decimal(7), "EUR"), Money(Decimal(10), "USD")),
    )
    tomorrow = LATE_EVENING + timedelta(minutes=1)
    assert await store.read(lambda conn: spending.of_day(conn, "shop", "小王", tomorrow)) == Spent()


async def test_what_is_withdrawn_is_given_back_on_its_own_day(store: Store) -> None:
    before = Case(plans=(plan("5"),))
    after = Case(plans=(replace(plan("5"), state=PlanState.WITHDRAWN),))
    await store.write(lambda conn: spending.save(conn, "shop", Case(), before))
    await store.write(lambda conn: spending.save(conn, "shop", before, after))
    spent = await store.read(lambda conn: spending.of_day(conn, "shop", "小王", LATE_EVENING))
    assert spent == Spent(agent=(Money(Decimal(0), "USD"),), shop=(Money(Decimal(0), "USD"),))


async def test_a_turn_that_changes_no_plan_writes_nothing(store: Store) -> None:
    case = Case(plans=(plan("5"),))
    await store.write(lambda conn: spending.save(conn, "shop", case, replace(case, urgency=case.urgency)))
    assert await store.read(lambda conn: spending.of_day(conn, "shop", "小王", LATE_EVENING)) == Spent()
