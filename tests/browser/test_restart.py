"""The server goes away and comes back: nobody loses a word, nobody has to reload."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, expect

from tests.adapters.memory_desk import MemoryDesk
from tests.adapters.memory_site import memory_app, serve
from tests.browser.conftest import Pages, Site, open_first

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_both_faces_come_back_with_every_word(chromium: Browser) -> None:
    memory = MemoryDesk()
    passwords = {name: password for name, (_, password) in memory.agents.items()}
    async with serve(memory_app(memory)) as base:
        pages = Pages(Site(base, passwords, memory=memory), chromium)
        desk = await pages.desk()
        buyer = await pages.buyer("Hola, mi pedido no ha llegado.")
        await open_first(desk)
        await desk.click("#desk-editor")
        await desk.keyboard.type("写到一半")
    await buyer.fill("#text", "Hola, ¿sigue ahí?")
    await buyer.press("#text", "Enter")
    await expect(desk.locator(".offline")).to_be_visible()
    await expect(buyer.locator("body")).not_to_have_attribute("data-state", "online")
    async with serve(memory_app(memory), port=urlsplit(base).port or 0):
        await expect(desk.locator(".bubble.incoming")).to_have_count(2, timeout=30_000)
        await expect(buyer.locator(".bubble.mine .mark.sent")).to_have_count(2, timeout=30_000)
        await expect(desk.locator("#desk-editor")).to_have_value("写到一半")
        await expect(desk.locator(".offline")).to_have_count(0)
        for context in pages.contexts:
            await context.close()
    assert not pages.problems
