"""Screens, safety and hard moments: phone, dark, HTML, long texts, lost connections, log-out."""

from __future__ import annotations

import io
import re

import pytest
from PIL import Image
from playwright.async_api import expect

from tests.browser.conftest import PHONE, Pages, open_first, write

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

HOLA = "Hola, mi pedido 8201954417 todavía no ha llegado. ¿Dónde está?"
HTML = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>{{ 7*7 }} Hola'


async def test_html_of_a_buyer_is_text_everywhere(pages: Pages) -> None:
    desk = await pages.desk()
    buyer = await pages.buyer()
    await buyer.click("#name")
    await buyer.fill("#nameInput", HTML[:60])
    await buyer.press("#nameInput", "Enter")
    await write(buyer, HTML)
    await open_first(desk)
    await expect(desk.locator(".bubble .original .text")).to_have_text(HTML)
    await expect(buyer.locator(".bubble p")).to_have_text(HTML)
    for page in (desk, buyer):
        assert await page.locator(".bubble img, .row img, .talk-head img, .bubble script").count() == 0
        assert await page.evaluate("window.hacked") is None
    await desk.reload()
    await expect(desk.locator(".bubble .original .text")).to_have_text(HTML)
    assert await desk.evaluate("window.hacked") is None


async def test_a_phone_shows_one_column_at_a_time(pages: Pages) -> None:
    desk = await pages.desk(viewport=PHONE, has_touch=True)
    await pages.buyer(HOLA)
    await open_first(desk)
    await expect(desk.locator(".list")).to_be_hidden()
    await desk.click("[data-action=case]")
    await expect(desk.locator(".case .steps")).to_be_visible()
    await desk.click(".veil", position={"x": 5, "y": 300})
    await expect(desk.locator(".case")).to_be_hidden()
    assert await desk.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await desk.locator(".proposal").first.tap()
    await desk.click("[data-action=send]")
    await expect(desk.locator(".bubble.outgoing")).to_be_visible()
    await desk.click(".to-list")
    await expect(desk.locator(".list")).to_be_visible()
    await expect(desk.locator(".talk")).to_be_hidden()


async def test_right_to_left_words_run_right_to_left(pages: Pages) -> None:
    desk = await pages.desk()
    buyer = await pages.buyer("الطلب وصل مكسورًا وأريد استرداد المبلغ.", locale="ar-EG")
    await open_first(desk)
    await expect(buyer.locator("html")).to_have_attribute("dir", "rtl")
    for page, words in (
        (desk, ".bubble .original .text"),
        (buyer, ".bubble p"),
        (desk, ".proposal .original >> nth=0"),
    ):
        assert await page.locator(words).evaluate("each => getComputedStyle(each).direction") == "rtl"
    assert await desk.locator(".bubble .chinese .text").evaluate("each => getComputedStyle(each).direction") == "ltr"


async def test_long_texts_are_folded_until_they_are_asked_for(pages: Pages) -> None:
    desk = await pages.desk()
    await pages.buyer("Hola " + "palabra " * 11_000)
    await open_first(desk)
    words = desk.locator(".bubble .original .text")
    assert len(await words.inner_text()) < 2000
    await desk.locator(".bubble .original .link").click()
    await expect(desk.locator(".bubble .original .link")).to_have_text("收起")
    await expect(words).not_to_contain_text("…")  # the whole text is fetched when it is asked for
    assert len(await words.inner_text()) > 80_000


async def test_a_text_that_is_too_long_is_refused_in_the_buyers_language(pages: Pages) -> None:
    buyer = await pages.buyer()
    await buyer.fill("#text", "ñ" * 50_001)
    await buyer.click("#send")
    await expect(buyer.locator("#problem")).to_contain_text("demasiado largo")
    assert len(await buyer.input_value("#text")) == 50_001


async def test_earlier_messages_keep_the_place(pages: Pages) -> None:
    assert pages.site.memory is not None
    for number in range(70):
        await pages.site.memory.buyer("ana", f"Hola {number}")
    desk = await pages.desk()
    await open_first(desk)
    await expect(desk.locator(".bubble")).to_have_count(60)
    await desk.locator(".lines").evaluate("box => box.scrollTop = 0")
    top = desk.locator(".bubble").first
    before = (await top.bounding_box() or {})["y"]
    marked = await top.get_attribute("data-message")
    await desk.locator(".earlier").evaluate("each => each.click()")
    await expect(desk.locator(".bubble")).to_have_count(70)
    after = (await desk.locator(f"[data-message='{marked}']").bounding_box() or {})["y"]
    assert abs(after - before) < 60
    await expect(desk.locator(".earlier")).to_have_count(0)


async def test_news_do_not_move_a_seller_who_reads_above(pages: Pages) -> None:
    assert pages.site.memory is not None
    for number in range(40):
        await pages.site.memory.buyer("ana", f"Hola {number}")
    desk = await pages.desk()
    await open_first(desk)
    await desk.locator(".lines").evaluate("box => box.scrollTop = 100")
    await expect(desk.locator(".lines")).to_be_visible()
    await pages.site.memory.buyer("ana", "Hola, lo nuevo")
    await expect(desk.locator(".to-end")).to_be_visible()
    assert await desk.locator(".lines").evaluate("box => box.scrollTop") == 100
    await desk.click(".to-end")
    await expect(desk.locator(".bubble").last).to_be_in_viewport()


async def test_search_tabs_and_the_life_of_a_case(pages: Pages) -> None:
    desk = await pages.desk()
    await pages.buyer("Hola, uno")
    await pages.buyer("Hola, dos")
    await expect(desk.locator(".row")).to_have_count(2)
    await desk.keyboard.press("/")
    await desk.keyboard.type("uno")
    await expect(desk.locator(".row")).to_have_count(1)
    await desk.keyboard.press("Escape")
    await expect(desk.locator(".row")).to_have_count(2)
    await open_first(desk)
    await desk.click("[data-action=status]")
    await expect(desk.locator(".row")).to_have_count(1)
    await desk.click("[role=tab] >> text=已解决")
    await expect(desk.locator(".row")).to_have_count(1)
    await desk.click("[data-action=status]")
    await expect(desk.locator(".row")).to_have_count(0)


async def test_the_language_is_fixed_with_one_choice(pages: Pages) -> None:
    desk = await pages.desk()
    await pages.buyer(HOLA)
    await open_first(desk)
    await desk.select_option("#desk-language", "pt")
    await expect(desk.locator(".talk-head p")).to_contain_text("葡萄牙语")
    await expect(desk.locator(".case .hint")).to_contain_text("手动指定")
    await desk.select_option("#desk-language", "")
    await expect(desk.locator(".talk-head p")).to_contain_text("西班牙语")


async def test_what_was_not_translated_is_tried_again(pages: Pages) -> None:
    desk = await pages.desk()
    await pages.buyer("xyzzy plugh")
    await open_first(desk)
    await expect(desk.locator(".untranslated").first).to_contain_text("google：超时")
    await expect(desk.locator(".proposal").first).to_be_disabled()
    await desk.click("[data-action=retranslate]")
    await expect(desk.locator(".bubble .chinese")).to_contain_text("重新翻译后的中文")


async def test_messages_written_without_a_connection_arrive_once(pages: Pages) -> None:
    desk = await pages.desk()
    buyer = await pages.buyer(HOLA)
    await open_first(desk)
    await buyer.context.set_offline(True)
    await buyer.fill("#text", "Hola, ¿me oye?")
    await buyer.press("#text", "Enter")
    await expect(buyer.locator(".bubble.mine .mark.waiting")).to_be_visible()
    await buyer.context.set_offline(False)
    await expect(desk.locator(".bubble.incoming")).to_have_count(2)
    await expect(buyer.locator(".bubble.mine .mark.sent")).to_have_count(2)
    await expect(buyer.locator(".bubble.mine")).to_have_count(2)


async def test_a_reload_keeps_the_chat_and_a_double_click_sends_once(pages: Pages) -> None:
    buyer = await pages.buyer()
    await buyer.fill("#text", HOLA)
    await buyer.dblclick("#send")
    await expect(buyer.locator(".bubble.mine .mark.sent")).to_have_count(1)
    await buyer.reload()
    await expect(buyer.locator(".bubble.mine p")).to_have_text(HOLA)


async def test_a_photo_reaches_the_desk(pages: Pages) -> None:
    desk = await pages.desk()
    buyer = await pages.buyer(HOLA)
    await open_first(desk)
    picture = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(picture, "PNG")
    await buyer.set_input_files("#file", {"name": "a.png", "mimeType": "image/png", "buffer": picture.getvalue()})
    for page in (desk, buyer):
        await page.locator(".bubble img").wait_for()
        await expect(page.locator(".bubble img")).to_have_js_property("naturalWidth", 40)
    await buyer.set_input_files("#file", {"name": "a.png", "mimeType": "image/png", "buffer": b"no picture"})
    await expect(buyer.locator("#problem")).to_contain_text("JPG")


async def test_logging_out_closes_every_tab(pages: Pages) -> None:
    desk = await pages.desk()
    await pages.buyer(HOLA)
    other = await desk.context.new_page()
    await other.goto(f"{pages.site.base}/desk/")
    await other.wait_for_selector(".row")
    await desk.click(".menu form button")
    await expect(desk).to_have_url(re.compile("/login$"))
    await expect(other).to_have_url(re.compile("/login$"))


async def test_theme_and_language_are_remembered(pages: Pages) -> None:
    desk = await pages.desk(color_scheme="light")
    html = desk.locator("html")
    await expect(html).to_have_attribute("data-theme", "light")
    await desk.click("[data-action=theme]")
    await desk.click("[data-action=theme]")
    await expect(html).to_have_attribute("data-theme", "dark")
    await desk.click("[data-action=language]")
    await expect(desk.locator(".tabs")).to_contain_text("Open")
    await expect(html).to_have_attribute("data-theme", "dark")


async def test_a_page_follows_the_systems_theme(pages: Pages) -> None:
    desk = await pages.desk(color_scheme="dark")
    await expect(desk.locator("html")).to_have_attribute("data-theme", "dark")
    await desk.emulate_media(color_scheme="light")
    await expect(desk.locator("html")).to_have_attribute("data-theme", "light")
