"""Files from the desk to the buyer and back."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from playwright.async_api import Page, expect

from dialogs.events import AgentChose
from dialogs.messages import Media
from tests.adapters.memory_talk import WHATSAPP
from tests.browser.conftest import PHONE, Pages, open_first
from tests.browser.scenes import HOLA, bodies, picture, shop, whatsapp

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

EXE = {"name": "setup.exe", "mimeType": "application/x-msdownload", "buffer": b"MZ\x90\x00"}
PDF = {"name": "factura.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 x"}


async def choose_file(desk: Page, *files: dict) -> None:
    await desk.set_input_files(".actions input[type=file]", list(files))


async def test_a_picture_goes_from_the_desk_to_the_buyer(pages: Pages) -> None:
    desk = await pages.desk()
    buyer = await pages.buyer(HOLA)
    await open_first(desk)
    await choose_file(desk, picture(), PDF)
    chips = desk.locator("[data-attached]")
    await expect(chips).to_have_count(2)
    await expect(chips.first.locator("img")).to_have_js_property("naturalWidth", 40)
    await desk.click("[data-action=send]")  # without a word
    await expect(chips).to_have_count(0)
    await expect(desk.locator(".bubble.outgoing img")).to_have_js_property("naturalWidth", 40)
    await expect(desk.locator(".bubble.outgoing .untranslated")).to_have_count(0)
    await expect(buyer.locator(".bubble.theirs img")).to_have_js_property("naturalWidth", 40)
    await expect(buyer.locator(".bubble.theirs a.file")).to_have_text("factura.pdf")
    async with buyer.expect_download() as download:
        await buyer.click(".bubble.theirs a.file")
    saved = await (await download.value).path()
    assert await asyncio.to_thread(saved.read_bytes) == PDF["buffer"]
    assert (await download.value).suggested_filename == "factura.pdf"
    (chosen,) = bodies(shop(pages), AgentChose)
    assert [(each.kind, each.name, each.mime) for each in chosen.choice.media] == [
        ("photo", "新包裹.png", "image/png"),
        ("document", "factura.pdf", "application/pdf"),
    ]


async def test_words_and_a_proposal_leave_with_their_attachments(pages: Pages) -> None:
    desk = await pages.desk()
    buyer = await pages.buyer(HOLA)
    await open_first(desk)
    await choose_file(desk, picture())
    await expect(desk.locator("[data-attached] img")).to_be_visible()
    await desk.locator(".proposal").first.click()
    await desk.press("#desk-editor", "Enter")
    theirs = buyer.locator(".bubble.theirs")
    await expect(theirs.locator("img")).to_be_visible()
    await expect(theirs.locator("p")).to_contain_text("Entendemos")


async def test_what_cannot_be_sent_says_why_and_must_be_taken_off(pages: Pages) -> None:
    await whatsapp(pages)
    desk = await pages.desk()
    await open_first(desk)
    large = {"name": "gross.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7" + b"0" * (17 * 1024 * 1024)}
    await choose_file(desk, EXE, large, picture())
    chips = desk.locator("[data-attached]")
    await expect(chips.nth(0)).to_contain_text("不能发送这种文件")
    await expect(chips.nth(1)).to_contain_text("文件太大")
    await expect(chips.nth(2).locator("img")).to_be_visible()
    await desk.fill("#desk-editor", "请看")
    await expect(desk.locator("[data-action=send]")).to_be_disabled()
    await chips.nth(0).locator("button").click()
    await chips.nth(0).locator("button").press("Enter")
    await expect(chips).to_have_count(1)
    await expect(desk.locator("[data-action=send]")).to_be_enabled()
    await desk.reload()  # a draft keeps what was uploaded
    await expect(desk.locator("[data-attached] img")).to_have_js_property("naturalWidth", 40)
    await desk.click("[data-action=send]")
    await expect(desk.locator(".bubble.outgoing img")).to_be_visible()


async def test_pictures_are_pasted_and_dropped(pages: Pages) -> None:
    await whatsapp(pages)
    desk = await pages.desk()
    await open_first(desk)
    carry = """([kind, target, name, words]) => {
        const carried = new DataTransfer();
        carried.items.add(new File([Uint8Array.from(atob(window.png), (each) => each.charCodeAt(0))], name));
        if (words) carried.setData("text/plain", words);
        const options = { bubbles: true, cancelable: true, clipboardData: carried, dataTransfer: carried };
        const made = kind === "paste" ? new ClipboardEvent(kind, options) : new DragEvent(kind, options);
        document.querySelector(target).dispatchEvent(made);
    }"""
    png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    await desk.evaluate("png => { window.png = png }", png)
    await desk.evaluate(carry, ["paste", "#desk-editor", "pasted.png", ""])
    await desk.evaluate(carry, ["drop", ".composer", "dropped.png", ""])
    await desk.evaluate(carry, ["paste", "#desk-editor", "table.png", "a table"])  # words come with their picture
    await expect(desk.locator("[data-attached] .name bdi")).to_have_text(["pasted.png", "dropped.png"])


async def test_a_channel_without_media_has_no_paper_clip(pages: Pages) -> None:
    number = await shop(pages).buyer("ana", HOLA)
    shop(pages).talks[number].capabilities = replace(WHATSAPP, media={})
    desk = await pages.desk()
    await open_first(desk)
    await expect(desk.locator("[data-action=note]")).to_be_visible()
    await expect(desk.locator("[data-action=attach]")).to_have_count(0)


async def test_what_a_buyer_attached_is_shown_played_or_named(pages: Pages) -> None:
    memory = shop(pages)
    photo = await memory.put(picture()["buffer"], mime="image/png")
    page = await memory.put(b"<script>window.hacked=1</script>", mime="text/html")
    await memory.buyer(
        "ana",
        HOLA,
        media=(
            Media(kind="photo", mime="image/png", ref=photo),
            Media(kind="photo", mime="image/png", remote="there"),
            Media(kind="video", mime="video/mp4", remote="there", error="too_big"),
            Media(kind="video", mime="video/mp4", ref=photo),
            Media(kind="voice", mime="audio/ogg; codecs=opus", ref=photo),
            Media(kind="document", name="a.html", mime="text/html", size=31, ref=page),
            Media(kind="location", name="Madrid"),
        ),
    )
    desk = await pages.desk()
    await open_first(desk)
    media = desk.locator(".bubble .media")
    await expect(media.locator("img")).to_have_js_property("naturalWidth", 40)
    await expect(media.locator("[data-media=loading]")).to_have_text("正在下载照片…")
    await expect(media.locator("[data-media=failed]")).to_have_text("视频没有取到：文件太大")
    await expect(media.locator("[data-media=none]")).to_contain_text("Madrid")
    await expect(media.locator("video")).to_have_attribute("controls", "")
    await expect(media.locator("audio")).to_have_attribute("controls", "")
    async with desk.expect_download() as download:
        await media.locator("a.file").click()
    assert (await download.value).suggested_filename == "a.html"


async def test_chips_fit_on_a_phone(pages: Pages) -> None:
    await whatsapp(pages)
    desk = await pages.desk(viewport=PHONE, has_touch=True)
    await open_first(desk)
    await choose_file(desk, picture("一个名字非常非常非常非常非常非常非常非常长的文件.png"), EXE)
    await expect(desk.locator("[data-attached].bad")).to_be_visible()
    await expect(desk.locator("[data-attached] button").first).to_be_in_viewport(ratio=1)
    assert await desk.evaluate("document.documentElement.scrollWidth <= innerWidth")
