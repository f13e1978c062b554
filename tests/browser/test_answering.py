"""A buyer writes in Spanish, a seller who reads Chinese answers, the buyer reads Spanish."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Pages, open_first, write

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

HOLA = "Hola, mi pedido 8201954417 todavía no ha llegado. ¿Dónde está?"


async def pick(desk: Page, number: int) -> str:
    """Pick a proposal by its key; the buyer's text on the card."""
    card = desk.locator(".proposal").nth(number - 1)
    await card.wait_for()
    text = await card.locator(".original").inner_text()
    await desk.keyboard.press(str(number))
    await expect(desk.locator("#desk-editor")).to_be_focused()
    return text


async def test_two_keys_answer_a_buyer_without_a_reload(pages: Pages) -> None:
    desk = await pages.desk()
    buyer = await pages.buyer(HOLA)
    row = desk.locator(".row")
    await row.wait_for()
    await expect(row.locator(".count")).to_have_text("1")
    await row.click()
    incoming = desk.locator(".bubble.incoming")
    await expect(incoming.locator(".original .text")).to_have_text(HOLA)
    await expect(incoming.locator(".original .text")).to_have_attribute("lang", "es")
    await expect(incoming.locator(".chinese")).to_contain_text("8201954417")
    await expect(incoming.locator(".chips")).to_contain_text("订单号 8201954417")
    text = await pick(desk, 1)
    await desk.keyboard.press("Enter")
    await expect(desk.locator(".bubble.outgoing .original .text")).to_have_text(text)
    await expect(buyer.locator(".bubble.theirs p")).to_have_text(text)
    await expect(desk.locator("#desk-editor")).to_have_value("")
    await expect(desk.locator(".delivery.read")).to_be_visible()
    await expect(buyer.locator(".bubble.mine .mark.seen")).to_be_visible()
    await expect(row.locator(".count")).to_have_count(0)


async def test_typed_chinese_leaves_as_the_preview_showed_it(pages: Pages) -> None:
    desk = await pages.desk()
    buyer = await pages.buyer(HOLA)
    await open_first(desk)
    await desk.click("#desk-editor")
    await desk.keyboard.type("今天补发")
    shown = pages.site.translation("今天补发")
    await expect(desk.locator("[data-preview]")).to_have_text(shown)
    await desk.click("[data-action=back]")
    await expect(desk.locator(".back")).to_contain_text("今天补发")
    await desk.press("#desk-editor", "Shift+Enter")
    await desk.press("#desk-editor", "Backspace")
    await expect(desk.locator("[data-preview]")).to_have_text(shown)
    await desk.press("#desk-editor", "Enter")
    await expect(buyer.locator(".bubble.theirs p")).to_have_text(shown)


async def test_an_edited_proposal_is_translated_anew(pages: Pages) -> None:
    desk = await pages.desk()
    buyer = await pages.buyer(HOLA)
    await open_first(desk)
    await pick(desk, 2)
    await desk.keyboard.type("好吗")
    chinese = await desk.input_value("#desk-editor")
    assert chinese.endswith("好吗")
    await expect(desk.locator(".caption").first).to_contain_text("已修改")
    await expect(desk.locator("[data-preview]")).to_have_text(pages.site.translation(chinese))
    await desk.keyboard.press("Enter")
    await expect(buyer.locator(".bubble.theirs p")).to_have_text(pages.site.translation(chinese))


async def test_escape_puts_a_proposal_back_and_brings_the_typed_text_again(pages: Pages) -> None:
    desk = await pages.desk()
    await pages.buyer(HOLA)
    await open_first(desk)
    await desk.click("#desk-editor")
    await desk.keyboard.type("自己写的")
    await desk.keyboard.press("Alt+1")
    await expect(desk.locator(".proposal").first).to_have_attribute("aria-pressed", "true")
    await desk.keyboard.press("Escape")
    await expect(desk.locator("#desk-editor")).to_have_value("自己写的")
    await expect(desk.locator("#desk-editor")).not_to_be_focused()


async def test_a_choice_made_elsewhere_closes_the_proposals_here(pages: Pages) -> None:
    wang, li = await pages.desk("王芳"), await pages.desk("李强")
    buyer = await pages.buyer(HOLA)
    for desk in (wang, li):
        await open_first(desk)
    await pick(li, 3)
    text = await pick(wang, 1)
    await wang.keyboard.press("Enter")
    await expect(buyer.locator(".bubble.theirs")).to_have_count(1)
    await expect(li.locator(".proposal")).to_have_count(0)
    await expect(li.locator(".closed")).to_contain_text("王芳")
    # The second choice is refused, told, and the words are kept.
    chosen = await li.input_value("#desk-editor")
    await li.click("[data-action=send]")
    await expect(li.locator(".notice.bad")).to_contain_text("已经处理过")
    await expect(li.locator("#desk-editor")).to_have_value(chosen)
    await expect(buyer.locator(".bubble.theirs p")).to_have_text(text)
    await li.click("[data-action=free]")
    await expect(li.locator("[data-preview]")).to_have_text(pages.site.translation(chosen))
    await li.click("[data-action=send]")
    await expect(buyer.locator(".bubble.theirs")).to_have_count(2)


async def test_enter_belongs_to_the_input_method_while_it_composes(pages: Pages) -> None:
    desk = await pages.desk()
    await pages.buyer(HOLA)
    await open_first(desk)
    await desk.click("#desk-editor")
    await desk.keyboard.type("早上")
    keyboard = await desk.context.new_cdp_session(desk)
    await keyboard.send("Input.imeSetComposition", {"text": "nihao", "selectionStart": 5, "selectionEnd": 5})
    enter = {"key": "Enter", "code": "Enter"}
    await keyboard.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", "windowsVirtualKeyCode": 13, **enter})
    await keyboard.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", "windowsVirtualKeyCode": 229, **enter})
    await keyboard.send("Input.insertText", {"text": "你好"})
    await expect(desk.locator("#desk-editor")).to_have_value("早上你好")
    await expect(desk.locator("[data-preview]")).to_have_text(pages.site.translation("早上你好"))
    assert await desk.locator(".bubble.outgoing").count() == 0
    await desk.keyboard.press("Enter")
    await expect(desk.locator(".bubble.outgoing")).to_have_count(1)


async def test_an_unproven_text_leaves_only_when_it_was_confirmed(pages: Pages) -> None:
    desk = await pages.desk()
    buyer = await pages.buyer(HOLA)
    await open_first(desk)
    await desk.click("#desk-editor")
    await desk.keyboard.type("退您 123 元")
    await expect(desk.locator(".field.outgoing .doubt")).to_contain_text("123")
    await desk.keyboard.press("Enter")
    await expect(desk.locator(".notice.bad")).to_contain_text("没有核对上")
    assert await buyer.locator(".bubble.theirs").count() == 0
    await desk.click("[data-action=confirm]")
    await expect(buyer.locator(".bubble.theirs")).to_have_count(1)


async def test_a_threat_is_marked_and_cannot_be_sent_until_it_is_said_better(pages: Pages) -> None:
    desk = await pages.desk()
    buyer = await pages.buyer(HOLA)
    await open_first(desk)
    await desk.click("#desk-editor")
    await desk.keyboard.type("您好😊！我们要起诉您。谢谢")
    heard = desk.locator("[data-tone=threat]")
    await expect(heard.locator("mark")).to_have_text("起诉您")
    await expect(heard).to_contain_text("不能发出")
    await expect(desk.locator("[data-action=send]")).to_be_disabled()
    await heard.locator("[data-action=improve]").click()
    await expect(desk.locator("#desk-editor")).to_have_value("您好😊！我们一起想办法。谢谢")
    await expect(heard).to_have_count(0)
    await desk.click("[data-action=send]")
    await expect(buyer.locator(".bubble.theirs")).to_have_count(1)


async def test_what_should_not_be_said_may_be_sent(pages: Pages) -> None:
    desk = await pages.desk()
    buyer = await pages.buyer(HOLA)
    await open_first(desk)
    await desk.click("#desk-editor")
    await desk.keyboard.type("不行")
    await expect(desk.locator("[data-tone=flat_refusal]")).to_contain_text("为什么不好")
    await desk.keyboard.press("Enter")
    await expect(buyer.locator(".bubble.theirs")).to_have_count(1)


async def test_an_untranslated_text_waits_and_says_so(pages: Pages) -> None:
    desk = await pages.desk()
    buyer = await pages.buyer(HOLA)
    await open_first(desk)
    await desk.click("#desk-editor")
    await desk.keyboard.type("难译的话")
    await expect(desk.locator(".field.outgoing .untranslated")).to_contain_text("超时")
    await desk.keyboard.press("Enter")
    held = desk.locator(".bubble.outgoing")
    await expect(held.locator(".delivery")).to_contain_text("等您决定")
    await expect(held.locator("[data-decision]")).to_have_text(["重新翻译", "不发了"])
    await expect(desk.locator(".row .trouble")).to_have_text("1")
    await held.locator("[data-decision=cancel]").click()
    await expect(held.locator(".delivery")).to_contain_text("已取消")
    assert await buyer.locator(".bubble.theirs").count() == 0


async def test_words_written_by_hand_leave_as_they_are(pages: Pages) -> None:
    desk = await pages.desk()
    buyer = await pages.buyer(HOLA)
    await open_first(desk)
    await desk.click("#desk-editor")
    await desk.keyboard.type("难译的话")
    await desk.click("[data-action=hand]")
    await desk.fill("#desk-hand", "Mañana sale su paquete.")
    await desk.press("#desk-hand", "Enter")
    await expect(buyer.locator(".bubble.theirs p")).to_have_text("Mañana sale su paquete.")


async def test_a_draft_survives_news_and_a_reload(pages: Pages) -> None:
    desk = await pages.desk()
    buyer = await pages.buyer(HOLA)
    await open_first(desk)
    await desk.click("#desk-editor")
    await desk.keyboard.type("写到一半")
    await write(buyer, "Hola, ¿sigue ahí?")
    await expect(desk.locator(".bubble.incoming")).to_have_count(2)
    await expect(desk.locator("#desk-editor")).to_be_focused()
    await desk.keyboard.type("的话")
    await expect(desk.locator("#desk-editor")).to_have_value("写到一半的话")
    await desk.reload()
    await expect(desk.locator("#desk-editor")).to_have_value("写到一半的话")
    await expect(desk).to_have_url(re.compile(r"/desk/\d+$"))


async def test_drafts_belong_to_their_conversations(pages: Pages) -> None:
    desk = await pages.desk()
    await pages.buyer("Hola, uno")
    await pages.buyer("Hola, dos")
    first, second = desk.locator(".row", has_text="uno"), desk.locator(".row", has_text="dos")
    await first.click()
    await desk.fill("#desk-editor", "给一号")
    await second.click()
    await expect(desk.locator(".bubble .original")).to_contain_text("dos")
    await expect(desk.locator("#desk-editor")).to_have_value("")
    await first.click()
    await expect(desk.locator(".bubble .original")).to_contain_text("uno")
    await expect(desk.locator("#desk-editor")).to_have_value("给一号")


async def test_a_note_stays_with_the_team(pages: Pages) -> None:
    desk = await pages.desk()
    buyer = await pages.buyer(HOLA)
    await open_first(desk)
    await desk.click("[data-action=note]")
    await desk.fill("#desk-editor", "仓库已确认发货")
    await desk.press("#desk-editor", "Enter")
    await expect(desk.locator(".bubble.note")).to_contain_text("仓库已确认发货")
    assert await buyer.locator(".bubble.theirs").count() == 0
