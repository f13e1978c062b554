"""What the platforms add to the desk: closed windows, templates, escalations, approvals."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Page, expect

from adapters.ports import AgentIdentity
from dialogs.errors import TryLater
from dialogs.events import AgentApproved, AgentChose, AgentSentTemplate
from dialogs.messages import Reason
from tests.adapters.memory_talk import WHATSAPP
from tests.browser.conftest import PHONE, Pages, open_first
from tests.browser.scenes import DAY, HOLA, bodies, shop, whatsapp

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


# ---- the window and templates ----------------------------------------------------------------------------------------


async def test_an_open_window_tells_how_long(pages: Pages) -> None:
    await whatsapp(pages, ago=DAY - 3 * 3600 - 12 * 60 - 30)
    desk = await pages.desk()
    await open_first(desk)
    await expect(desk.locator("[data-window]")).to_have_text("可自由回复，还剩 3 小时 12 分")
    await expect(desk.locator("[data-action=templates]")).to_have_count(0)


async def test_a_channel_without_a_window_says_nothing_of_it(pages: Pages) -> None:
    await shop(pages).buyer("ana", HOLA)
    desk = await pages.desk()
    await open_first(desk)
    await expect(desk.locator("[data-window]")).to_have_count(0)


async def test_a_closed_window_stops_free_text_but_not_notes(pages: Pages) -> None:
    await whatsapp(pages, ago=DAY + 60)
    desk = await pages.desk()
    await open_first(desk)
    await expect(desk.locator("[data-window]")).to_have_text("24 小时窗口已关闭")
    await desk.fill("#desk-editor", "您好")
    await expect(desk.locator("[data-preview]")).to_be_visible()
    await expect(desk.locator("[data-action=send]")).to_be_disabled()
    await desk.press("#desk-editor", "Enter")
    await desk.click("[data-action=note]")
    await desk.press("#desk-editor", "Enter")
    await expect(desk.locator(".bubble.note")).to_contain_text("您好")
    assert not bodies(shop(pages), AgentChose)


async def test_a_window_closes_before_the_sellers_eyes(pages: Pages) -> None:
    await whatsapp(pages, ago=DAY - 3)
    desk = await pages.desk()
    await open_first(desk)
    await expect(desk.locator("[data-window]")).to_have_text("24 小时窗口已关闭")
    await expect(desk.locator(".notice.shut")).to_be_visible()


async def test_without_templates_a_closed_window_waits_for_the_buyer(pages: Pages) -> None:
    number = await whatsapp(pages, ago=DAY + 60)
    shop(pages).talks[number].capabilities = replace(WHATSAPP, templates=False)
    desk = await pages.desk()
    await open_first(desk)
    await expect(desk.locator(".notice.shut")).to_contain_text("要等买家再来消息")
    await expect(desk.locator("[data-action=templates]")).to_have_count(0)


async def test_a_template_is_chosen_filled_and_sent_by_keyboard(pages: Pages) -> None:
    await whatsapp(pages, ago=DAY + 60)
    desk = await pages.desk()
    await open_first(desk)
    await desk.press("[data-action=templates]", "Enter")
    choices = desk.locator("[data-template]")
    await expect(choices).to_have_count(4)
    await expect(choices.first).to_contain_text("西班牙语")  # the buyer's language stands first
    await choices.first.focus()
    await desk.keyboard.press("Enter")
    await expect(desk.locator("[data-other-language]")).to_have_count(0)
    await expect(desk.locator("[data-action=send-template]")).to_be_disabled()
    await desk.keyboard.type("Ana")
    await desk.keyboard.press("Tab")
    await desk.keyboard.type("8201954417")
    text = "Hola Ana, hay novedades sobre su pedido 8201954417. Responda a este mensaje y le contamos."
    await expect(desk.locator("[data-filled]")).to_have_text(text)
    await expect(desk.locator("[data-chinese]")).to_have_text("您好 Ana，您的订单 8201954417 有新消息。")
    await desk.keyboard.press("Enter")
    await expect(desk.locator("dialog.templates")).to_be_hidden()
    await expect(desk.locator(".bubble.outgoing .original .text")).to_have_text(text)
    (sent,) = bodies(shop(pages), AgentSentTemplate)
    assert (sent.agent, sent.template.name, sent.template.language) == ("王芳", "order_update", "es")
    assert (sent.template.values, sent.template.text) == (("Ana", "8201954417"), text)


async def test_a_template_in_another_language_is_pointed_out(pages: Pages) -> None:
    await whatsapp(pages, ago=DAY + 60)
    desk = await pages.desk()
    await open_first(desk)
    await desk.click("[data-action=templates]")
    await desk.locator("[data-template]", has_text="en_US").click()
    await expect(desk.locator("[data-other-language]")).to_have_text("买家用西班牙语，这个模板是英语")


async def test_escape_leaves_the_templates_and_nothing_else(pages: Pages) -> None:
    await whatsapp(pages, ago=DAY + 60)
    desk = await pages.desk()
    await open_first(desk)
    await desk.click("[data-action=templates]")
    await desk.locator("[data-template]", has_text="still_there").click()
    await expect(desk.locator("dialog.templates")).to_contain_text("平台上没有这个模板的中文版")
    await desk.keyboard.press("1")
    await desk.keyboard.press("Escape")
    await expect(desk.locator("dialog.templates")).to_be_hidden()
    await expect(desk.locator(".bubble")).to_be_visible()
    await expect(desk.locator("#desk-editor")).to_have_value("")


async def test_a_platform_that_gives_no_templates_is_named(pages: Pages) -> None:
    await whatsapp(pages, ago=DAY + 60)
    desk = await pages.desk()
    await open_first(desk)
    shop(pages).listing_fails = TryLater("rate_limited")
    await desk.click("[data-action=templates]")
    await expect(desk.locator("dialog.templates .notice.bad")).to_contain_text("发送太频繁")
    await desk.keyboard.press("Escape")
    shop(pages).listing_fails, shop(pages).offered = None, ()
    await desk.click("[data-action=templates]")
    await expect(desk.locator("dialog.templates")).to_contain_text("没有可用的模板")


# ---- escalations and approvals ---------------------------------------------------------------------------------------


async def test_one_claims_and_the_other_sees_who(pages: Pages) -> None:
    number = await whatsapp(pages)
    shop(pages).talks[number].escalate(Reason.THREAT, datetime.now(UTC) - timedelta(minutes=5))
    wang, li = await pages.desk("王芳"), await pages.desk("李强")
    for desk in (wang, li):
        await expect(desk.locator(".row .escalated")).to_be_visible()
        await open_first(desk)
        await expect(desk.locator("[data-escalation]")).to_contain_text("威胁差评/投诉")
        await expect(desk.locator("[data-escalation]")).to_contain_text("已 5 分")
    await wang.click("[data-action=claim]")
    await expect(wang.locator("[data-escalation]")).to_contain_text("您在处理")
    await expect(li.locator("[data-escalation]")).to_contain_text("王芳 在处理")
    await expect(li.locator("[data-action=claim]")).to_have_count(0)
    await wang.click("[data-action=status]")
    await expect(li.locator("[data-escalation]")).to_have_count(0)


async def test_a_claim_that_comes_second_is_told_who_was_first(pages: Pages) -> None:
    number = await whatsapp(pages)
    talk = shop(pages).talks[number]
    talk.escalate(Reason.ANGRY, datetime.now(UTC))
    desk = await pages.desk()
    await open_first(desk)
    assert talk.escalation is not None
    talk.escalation = replace(talk.escalation, claimed_by="李强")  # nobody has told this page yet
    await desk.click("[data-action=claim]")
    await expect(desk.locator(".toasts .bad")).to_have_text("已经有人认领了 · 李强")


async def test_anybody_may_ask_the_team(pages: Pages) -> None:
    await whatsapp(pages)
    desk = await pages.desk("李强")
    await open_first(desk)
    await desk.click(".talk-head [data-action=escalate]")
    await expect(desk.locator("[data-escalation]")).to_contain_text("有人求助")
    await expect(desk.locator("[data-action=escalate]")).to_have_count(0)
    await expect(desk.locator(".row .escalated")).to_be_visible()


async def above_the_limits(pages: Pages) -> tuple[Page, Page]:
    """An agent's desk and a lead's, with a reply that waits for approval."""
    await shop(pages).buyer("ana", HOLA)
    agent, lead = await pages.desk("李强"), await pages.desk("王芳")
    await open_first(agent)
    await agent.fill("#desk-editor", "全额退款给您")
    await agent.press("#desk-editor", "Enter")
    await expect(agent.locator(".decide")).to_contain_text("超出权限，等待主管批准")
    await open_first(lead)
    return agent, lead


async def test_a_lead_approves_what_an_agent_may_not_promise(pages: Pages) -> None:
    agent, lead = await above_the_limits(pages)
    await expect(agent.locator("[data-action=approve], [data-action=disapprove]")).to_have_count(0)
    await expect(agent.locator("[data-decision]")).to_have_text(["撤回"])
    await expect(lead.locator("[data-decision]")).to_have_count(0)
    await lead.click("[data-action=approve]")
    await expect(agent.locator(".delivery")).to_contain_text("已发送")
    (approved,) = bodies(shop(pages), AgentApproved)
    assert (approved.agent, approved.approved) == ("王芳", True)


async def test_a_lead_rejects_it(pages: Pages) -> None:
    agent, lead = await above_the_limits(pages)
    await lead.click("[data-action=disapprove]")
    await expect(agent.locator(".delivery")).to_contain_text("已取消")


async def test_who_is_no_lead_any_more_is_refused_on_a_page_that_still_shows_the_buttons(pages: Pages) -> None:
    _, lead = await above_the_limits(pages)
    sessions = shop(pages).sessions
    for token, who in list(sessions.items()):
        sessions[token] = AgentIdentity(id=who.id, name=who.name, role="agent")
    await lead.click("[data-action=approve]")
    await expect(lead.locator(".toasts .bad")).to_contain_text("您的角色不能这样做")
    assert not bodies(shop(pages), AgentApproved)


async def test_a_lead_needs_no_approval(pages: Pages) -> None:
    await shop(pages).buyer("ana", HOLA)
    lead = await pages.desk("王芳")
    await open_first(lead)
    await lead.fill("#desk-editor", "全额退款给您")
    await lead.press("#desk-editor", "Enter")
    await expect(lead.locator(".delivery")).to_contain_text("已发送")
    (chosen,) = bodies(shop(pages), AgentChose)
    assert chosen.choice.lead


async def test_a_phone_shows_all_of_it_without_scrolling_sideways(pages: Pages) -> None:
    number = await whatsapp(pages, ago=DAY + 60)
    talk = shop(pages).talks[number]
    for reason in (Reason.ANGRY, Reason.EXTORTION, Reason.DEADLINE):
        talk.escalate(reason, datetime.now(UTC))
    desk = await pages.desk(viewport=PHONE, has_touch=True)
    await open_first(desk)
    await expect(desk.locator("[data-window]")).to_be_in_viewport()
    await expect(desk.locator("[data-action=claim]")).to_be_in_viewport(ratio=1)
    assert await desk.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await desk.tap("[data-action=templates]")
    await desk.locator("[data-template]").first.tap()
    await expect(desk.locator("[data-action=send-template]")).to_be_in_viewport(ratio=1)


async def test_english_words_for_all_of_it(pages: Pages) -> None:
    number = await whatsapp(pages, ago=DAY + 60)
    shop(pages).talks[number].escalate(Reason.EXTORTION, datetime.now(UTC))
    desk = await pages.desk()
    await desk.click("[data-action=language]")
    await open_first(desk)
    await expect(desk.locator("[data-window]")).to_have_text("The 24-hour window is closed")
    await expect(desk.locator("[data-escalation]")).to_contain_text("extortion")
    await desk.click("[data-action=templates]")
    await expect(desk.locator("dialog.templates h2")).to_have_text("Choose a template")
