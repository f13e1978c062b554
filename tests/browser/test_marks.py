"""What a bubble says of a message's fate, and what becomes of the words in the editor."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.async_api import expect

from adapters.ports import Outcome, RefusedChoice
from dialogs.events import AgentChose, BuyerDeleted, SellerWrote
from dialogs.messages import DeliveryState, Refusal, RefusalCode
from tests.adapters.memory_talk import WHATSAPP
from tests.browser.conftest import Pages, open_first
from tests.browser.scenes import HOLA, shop, whatsapp

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

FAILED = ["重新发送", "不发了"]
UNSURE = ["买家已收到", "再发一次", "不发了"]


async def test_deleted_words_stay_and_the_phones_words_are_marked(pages: Pages) -> None:
    number = await whatsapp(pages)
    memory = shop(pages)
    desk = await pages.desk()
    await open_first(desk)
    of = next(iter(memory.talks[number].external.values()))
    await memory.happens(number, BuyerDeleted(of=of))
    await memory.happens(number, SellerWrote(text="马上给您看"))
    deleted = desk.locator(".bubble.incoming")
    await expect(deleted.locator("[data-mark=deleted]")).to_contain_text("买家已删除")
    await expect(deleted.locator(".original .text")).to_have_text(HOLA)
    style = await deleted.locator(".original .text").evaluate("each => getComputedStyle(each).textDecorationLine")
    assert style == "line-through"
    await expect(desk.locator(".bubble.outgoing [data-mark=phone]")).to_have_text("手机端")
    await expect(desk.locator(".bubble.outgoing")).not_to_contain_text("自拟回复")


@pytest.mark.parametrize(
    ("state", "error", "told", "buttons"),
    [
        (DeliveryState.FAILED, "window_closed", "回复窗口已关闭", FAILED),
        (DeliveryState.FAILED, "opted_out", "买家已退订", FAILED),
        (DeliveryState.FAILED, "odd_thing", "原因代码 odd_thing", FAILED),
        (
            DeliveryState.AMBIGUOUS,
            "media_gone",
            "文字已发出，附件没有 · 文件已经失效",
            ["买家已收到", "再发一次", "不发了"],
        ),
        (DeliveryState.QUEUED, "rate_limited", "稍后自动重试：发送太频繁", ["不发了"]),
    ],
)
async def test_why_a_message_has_not_left(
    pages: Pages, state: DeliveryState, error: str, told: str, buttons: list[str]
) -> None:
    memory = shop(pages)
    number = await memory.buyer("ana", HOLA)
    sent = await memory.seller(number, "请稍等")
    assert sent is not None
    memory.talks[number].change(sent, delivery=state, delivery_error=error)
    desk = await pages.desk()
    await open_first(desk)
    await expect(desk.locator(".decide > span")).to_have_text(told)
    await expect(desk.locator(".decide [data-decision]")).to_have_text(buttons)


async def test_options_are_announced(pages: Pages) -> None:
    number = await whatsapp(pages)
    desk = await pages.desk()
    await open_first(desk)
    hint = desk.locator("[data-options]")
    await desk.fill("#desk-editor", "您好")
    await expect(hint).to_have_count(0)
    await desk.fill("#desk-editor", "请选择\n▸ 补发\n▸ 退款")
    await expect(hint).to_have_text("买家会看到 2 个按钮")
    await desk.fill("#desk-editor", "请选择\n▸ 一\n▸ 二\n▸ 三\n▸ 四")
    await expect(hint).to_contain_text("最多 3 个按钮")
    await desk.fill("#desk-editor", "请选择\n▸ " + "很" * 21)
    await expect(hint).to_contain_text("最多 20 个字符")
    shop(pages).talks[number].capabilities = replace(WHATSAPP, buttons=0)
    shop(pages).notify(number)
    await expect(hint).to_contain_text("没有按钮")


async def test_a_reply_that_is_refused_late_comes_back(pages: Pages) -> None:
    memory = shop(pages)
    number = await memory.buyer("ana", HOLA)
    desk = await pages.desk()
    await open_first(desk)
    learn = memory.outcome

    async def slow(event_id: int, timeout: float = 30.0) -> Outcome:
        raise TimeoutError

    memory.outcome = slow  # type: ignore[method-assign]
    await desk.fill("#desk-editor", "今天补发")
    await desk.press("#desk-editor", "Enter")
    await expect(desk.locator(".toasts")).to_contain_text("已保存，仍在处理中")
    await expect(desk.locator("#desk-editor")).to_have_value("")
    memory.outcome = learn  # type: ignore[method-assign]
    event, accepted, _ = next(each for each in memory.events.values() if isinstance(each[0].body, AgentChose))
    refusal = Refusal(RefusalCode.WINDOW_CLOSED)
    memory.talks[number].refused = (
        RefusedChoice(event_id=accepted.event_id, choice=event.body.choice, refusal=refusal),
    )
    memory.notify(number)
    await expect(desk.locator(".toasts .bad")).to_contain_text("您的回复没有发出 · 回复窗口已关闭")
    await expect(desk.locator("#desk-editor")).to_have_value("今天补发")
