"""What the seller does beside answering: looks words up, fills in the order, follows what was promised."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from playwright.async_api import expect

from dialogs.events import AgentChangedPlan, AgentSetFacts
from dialogs.promises import Money, Plan, PlanState
from tests.browser.conftest import Pages, open_first
from tests.browser.scenes import HOLA, bodies, shop

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_words_from_the_library_go_into_the_editor_behind_what_stands_there(pages: Pages) -> None:
    desk = await pages.desk()
    await pages.buyer(HOLA)
    await open_first(desk)
    await desk.fill("#desk-editor", "您好！")
    await desk.click("[data-action=library]")
    await expect(desk.locator("[data-reply]")).to_have_count(2)
    await expect(desk.locator("[data-reply='notices.resent']")).to_contain_text("要填 1 处")
    await desk.fill("[data-library-search]", "道歉 破损")
    await expect(desk.locator("[data-reply]")).to_have_count(1)
    await desk.click("[data-reply]")
    await expect(desk.locator("#desk-editor")).to_have_value("您好！\n很抱歉，商品到手时已经破损。")
    await expect(desk.locator("#desk-editor")).to_be_focused()


async def test_what_the_seller_knows_of_the_order_is_filled_in(pages: Pages) -> None:
    desk = await pages.desk()
    await pages.buyer(HOLA)
    await open_first(desk)
    await desk.click("[data-action=facts]")
    await desk.fill("[name=tracking]", " RA123456785CN ")
    await desk.fill("[name=amount]", "12.50")
    await desk.fill("[name=currency]", "eur")
    await desk.click("[data-action=facts-save]")
    await expect(desk.locator(".fact-form")).to_have_count(0)
    (told,) = bodies(shop(pages), AgentSetFacts)
    assert (told.order, told.tracking, told.product) == (None, "RA123456785CN", None)
    assert told.value == Money(Decimal("12.50"), "EUR")


async def test_a_promise_is_shown_and_marked_as_done(pages: Pages) -> None:
    desk = await pages.desk()
    await pages.buyer(HOLA)
    memory = shop(pages)
    talk = next(iter(memory.talks.values()))
    now = datetime.now(UTC)
    five = Money(Decimal(5), "USD")
    common = {"agent": "小王", "at": now, "due": now + timedelta(days=2)}
    plans = (
        Plan(id=1, remedy="partial_refund", amount=five, state=PlanState.LATE, **common),
        Plan(id=2, remedy="resend", state=PlanState.WITHDRAWN, **common),
    )
    talk.case = replace(talk.case, plans=plans)
    await open_first(desk)
    late = desk.locator("[data-plan='1']")
    await expect(late).to_contain_text("部分退款")
    await expect(late).to_contain_text("到期未办")
    await expect(desk.locator("[data-plan='2'] [data-next]")).to_have_count(0)
    await late.locator("[data-next=done]").click()
    async with asyncio.timeout(5):
        while not bodies(memory, AgentChangedPlan):
            await asyncio.sleep(0.02)
    (changed,) = bodies(memory, AgentChangedPlan)
    assert (changed.plan, changed.state) == (1, PlanState.DONE)


async def test_a_known_fact_goes_into_the_reply_with_a_click(pages: Pages) -> None:
    desk = await pages.desk()
    await pages.buyer(HOLA)
    await open_first(desk)
    await desk.fill("#desk-editor", "订单号是")
    await desk.click("[data-fact=orders]")
    await expect(desk.locator("#desk-editor")).to_have_value("订单号是8201954417")
    await expect(desk.locator("#desk-editor")).to_be_focused()
