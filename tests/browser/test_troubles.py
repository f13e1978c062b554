"""What is stuck is seen and mended from the desk: in its conversation, and in the list across conversations."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from playwright.async_api import expect

from adapters.ports import Outcome
from adapters.troubles import Parked
from dialogs.events import AgentChose, AgentDecided, AgentDismissed, AgentRetried, Event
from dialogs.messages import DeliveryState, Media, Refusal, RefusalCode
from tests.adapters.memory_desk import MemoryDesk
from tests.browser.conftest import PHONE, Pages, open_first
from tests.browser.scenes import HOLA, bodies, shop

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

REPLY = "今天为您补发一个"


def reply(event_id: int = 9001) -> Parked:
    return Parked(
        event_id=event_id,
        type="agent_chose",
        at=datetime.now(UTC),
        error="RuntimeError",
        agent="李强",
        text=REPLY,
    )


def park(memory: MemoryDesk, number: int, *parked: Parked) -> None:
    memory.talks[number].parked = parked
    memory.notify(number)


async def test_what_failed_in_a_conversation_says_what_it_was_and_why(pages: Pages) -> None:
    memory = shop(pages)
    number = await memory.buyer("ana", HOLA)
    desk = await pages.desk()
    await open_first(desk)
    bar = desk.locator(".parked article")
    await expect(bar).to_have_count(0)
    receipt = replace(reply(9002), type="receipt", error="ValidationError", agent="", text="")
    park(memory, number, reply(), receipt, replace(receipt, event_id=9003, type="from_the_future"))
    await expect(bar).to_have_count(3)
    for told in ("要发给买家的回复", "李强", REPLY, "处理时程序出错", "RuntimeError"):
        await expect(bar.nth(0)).to_contain_text(told)
    await expect(bar.nth(0).locator("button")).to_have_text(["重试", "取回文字"])
    await expect(bar.nth(1)).to_contain_text("平台的送达回执")
    await expect(bar.nth(1)).to_contain_text("这个版本读不懂它，升级后可以重试 ValidationError")
    await expect(bar.nth(1).locator("button")).to_have_text(["重试", "忽略"])
    await expect(bar.nth(2)).to_contain_text("from_the_future")  # no word for it, so it is called as it is
    await expect(desk.locator(".row .trouble")).to_have_text("3")

    await bar.nth(1).locator("[data-action=retry]").click()
    await expect(bar).to_have_count(2)
    await bar.nth(1).locator("[data-action=dismiss]").click()
    await expect(bar).to_have_count(1)
    assert [body.event_id for body in bodies(memory, AgentRetried)] == [9002]
    assert [(body.event_id, body.agent) for body in bodies(memory, AgentDismissed)] == [(9003, "王芳")]
    await expect(desk.locator("#desk-editor")).to_have_value("")


async def test_words_taken_back_are_in_the_editor_beside_what_is_there(pages: Pages) -> None:
    memory = shop(pages)
    number = await memory.buyer("ana", HOLA)
    park(memory, number, reply(), replace(reply(9002), type="agent_noted", text="难缠"))
    desk = await pages.desk()
    await open_first(desk)
    await desk.click("[data-parked='9001'] [data-action=dismiss]")
    await expect(desk.locator("#desk-editor")).to_have_value(REPLY)
    await desk.click("[data-parked='9002'] [data-action=dismiss]")
    await expect(desk.locator("#desk-editor")).to_have_value(f"{REPLY}\n难缠")
    await expect(desk.locator("[data-action=note]")).to_have_attribute("aria-pressed", "false")


async def test_words_that_are_refused_when_they_are_retried_come_back(pages: Pages) -> None:
    memory = shop(pages)
    number = await memory.buyer("ana", HOLA)
    park(memory, number, reply())
    learn = memory.outcome

    async def outcome(event_id: int, timeout: float = 30.0) -> Outcome:
        if event_id == 9001:  # it was tried again, and this came of it
            return Outcome(done=True, refusal=Refusal(RefusalCode.CLOSED, "小李"))
        return await learn(event_id, timeout)

    memory.outcome = outcome  # type: ignore[method-assign]
    desk = await pages.desk()
    await open_first(desk)
    await desk.click("[data-action=retry]")
    await expect(desk.locator(".toasts .bad")).to_contain_text("已经处理过了 · 小李")
    await expect(desk.locator("#desk-editor")).to_have_value(REPLY)


async def test_a_reply_that_is_parked_leaves_the_editor_and_is_nowhere_twice(pages: Pages) -> None:
    memory = shop(pages)
    number = await memory.buyer("ana", HOLA)
    accept = memory.accept

    async def accept_and_park(event: Event) -> object:
        if not isinstance(event.body, AgentChose):
            return await accept(event)
        accepted = await accept(replace(event, body=AgentRetried(agent="王芳", event_id=0)))
        known, _, _ = memory.events[event.account, event.external_id]
        failed = Outcome(done=False, error="RuntimeError")
        memory.events[event.account, event.external_id] = (known, accepted, failed)
        park(memory, number, reply(accepted.event_id))
        return accepted

    memory.accept = accept_and_park  # type: ignore[method-assign]
    desk = await pages.desk()
    await open_first(desk)
    await desk.fill("#desk-editor", REPLY)
    await desk.press("#desk-editor", "Enter")
    await expect(desk.locator(".toasts .bad")).to_contain_text("已保存在这个对话的异常里")
    await expect(desk.locator("#desk-editor")).to_have_value("")
    await expect(desk.locator(".parked .words")).to_have_text(REPLY)


async def test_a_buyers_message_that_failed_can_be_let_be(pages: Pages) -> None:
    memory = shop(pages)
    number = await memory.buyer("ana", HOLA)
    talk = memory.talks[number]
    talk.change(talk.lines[0].message.id, parked="KeyError", translation=None, reading=None)
    desk = await pages.desk()
    await open_first(desk)
    told = desk.locator(".bubble.incoming .untranslated")
    await expect(told).to_contain_text("没有处理成功处理时程序出错 KeyError")
    await told.locator("[data-action=dismiss]").click()
    await expect(told).to_contain_text("未翻译")
    await expect(desk.locator("[data-action=troubles]")).to_have_count(0)
    await told.locator("[data-action=retranslate]").click()
    await expect(desk.locator(".bubble.incoming .chinese")).to_contain_text("重新翻译后的中文")


async def stuck_shop(pages: Pages) -> tuple[MemoryDesk, dict[str, int]]:
    """One trouble of each kind, in two conversations; the ids of their messages."""
    memory = shop(pages)
    ana = await memory.buyer("ana", HOLA, name="Ana García")
    unsure, failed = await memory.seller(ana, "一"), await memory.seller(ana, "二")
    memory.talks[ana].change(unsure or 0, delivery=DeliveryState.AMBIGUOUS, delivery_error="timeout")
    memory.talks[ana].change(failed or 0, delivery=DeliveryState.FAILED, delivery_error="blocked")
    gone = (Media(kind="photo", remote="x", error="gone"),)
    omar = await memory.buyer("omar", "Rota", name="Omar", media=gone)
    held = await memory.seller(omar, "难译的话")
    park(memory, omar, reply())
    photo = memory.talks[omar].lines[0].message.id
    return memory, {"ambiguous": unsure or 0, "failed": failed or 0, "held": held or 0, "attachment": photo}


async def test_everything_stuck_is_in_one_list_and_goes_when_it_is_mended(pages: Pages) -> None:
    memory, messages = await stuck_shop(pages)
    desk = await pages.desk()
    button = desk.locator("[data-action=troubles]")
    await expect(button).to_have_text("待处理异常5")
    await button.click()
    await expect(desk.locator("[data-count]")).to_have_text(
        ["可能已送达 1", "发送失败 1", "没有处理成功 1", "等您决定 1", "附件没有取到 1"]
    )
    items = {kind: desk.locator(f"[data-trouble={kind}]") for kind in ("parked", *messages)}
    for kind, item in items.items():
        await expect(item, kind).to_have_count(1)
    await expect(items["ambiguous"]).to_contain_text("平台没有及时答复")
    await expect(items["ambiguous"].locator("button")).to_have_text(["买家已收到", "再发一次", "不发了"])
    await expect(items["failed"].locator("button")).to_have_text(["重新发送", "不发了"])
    await expect(items["parked"].locator("button")).to_have_text(["重试"])
    await expect(items["held"].locator("button")).to_have_count(0)
    await expect(items["attachment"]).to_contain_text("文件已经失效")

    await items["ambiguous"].locator("[data-decision=arrived]").click()
    await expect(items["ambiguous"]).to_have_count(0)
    await items["failed"].locator("[data-decision=cancel]").click()
    await items["parked"].locator("[data-decision=retry]").click()
    await items["attachment"].locator("[data-decision=retry]").click()
    await expect(button).to_have_text("待处理异常1")
    decided = {body.message_id: body.decision for body in bodies(memory, AgentDecided)}
    assert decided == {messages["ambiguous"]: "arrived", messages["failed"]: "cancel"}
    assert {(body.event_id, body.part) for body in bodies(memory, AgentRetried)} == {
        (9001, "event"),
        (messages["attachment"], "attachments"),
    }

    await items["held"].locator("a").click()
    bubble = desk.locator(f"[data-message='{messages['held']}']")
    await expect(bubble).to_be_in_viewport()
    await bubble.locator("[data-decision=cancel]").click()
    await expect(desk.locator(".troubles .nothing")).to_have_text("没有要处理的异常")
    await button.click()
    await expect(button).to_have_count(0)
    await expect(desk.locator(".row")).to_have_count(2)


async def test_a_link_brings_the_message_into_sight_however_long_the_talk_is(pages: Pages) -> None:
    memory, messages = await stuck_shop(pages)
    omar = next(talk for talk in memory.talks.values() if talk.chat == "omar")
    for number in range(25):
        await memory.buyer("omar", f"{number} mensaje")
    desk = await pages.desk()
    await desk.click("[data-action=troubles]")
    await desk.locator("[data-trouble=attachment] a").click()
    await expect(desk.locator(f"[data-message='{messages['attachment']}']")).to_be_in_viewport()
    await desk.locator("[data-trouble=held] a").click()
    await expect(desk.locator(f"[data-message='{messages['held']}']")).to_be_in_viewport()
    assert desk.url.endswith(f"/desk/{omar.id}")
    await desk.get_by_role("tab", name="全部").click()
    await expect(desk.locator(".row")).to_have_count(2)


async def test_the_list_fits_a_phone_and_speaks_english(pages: Pages) -> None:
    await stuck_shop(pages)
    desk = await pages.desk(viewport=PHONE, has_touch=True)
    await desk.click("[data-action=language]")
    await expect(desk.locator("[data-action=troubles]")).to_have_text("Needs attention5")
    await desk.locator("[data-action=troubles]").tap()
    await expect(desk.locator("[data-trouble]")).to_have_count(5)
    assert await desk.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await desk.locator("[data-trouble=parked] a").tap()
    await expect(desk.locator(".parked article")).to_contain_text("a reply to the buyer")
    await expect(desk.locator(".parked [data-action=dismiss]")).to_have_text("Take the text back")
    assert await desk.evaluate("document.documentElement.scrollWidth <= innerWidth")
