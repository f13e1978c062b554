"""The main job in a real browser over everything that is real: web chat, inbox, lanes, store, engine, desk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect

from bot.app import App
from bot.settings import Engine, Settings
from bot.story import load_story, play
from bot.turns import Turns
from dialogs.manager import DialogManager
from dialogs.messages import Choice, Conversation, Turn
from tests.adapters.memory_site import serve
from tests.browser.conftest import Pages, Site, open_first, write
from tests.servers.engines import EngineServer, engine_server
from tests.servers.phrases import BOOK

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

AGENTS = {"王芳": "one long password", "李雷": "another long password"}
CHINESE, SPANISH = BOOK["zh"].split("|"), BOOK["es"].split("|")
SENT = CHINESE.index("包裹已经寄出。")

TALKS = {
    "es": ("Hola, llevo 25 días esperando mi pedido 8124507731046 y todavía no ha llegado. ¿Dónde está?", "25"),
    "ru": ("Здравствуйте! Жду посылку уже 40 дней, её всё нет. Где мой заказ?", "40"),
    "ar": ("مرحبا، أنتظر الطرد منذ 30 يوما ولم يصل حتى الآن. أين طلبي؟", "30"),
}


@pytest_asyncio.fixture(loop_scope="session")
async def engine() -> AsyncIterator[EngineServer]:
    async with engine_server() as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def product(engine: EngineServer, tmp_path: Path) -> AsyncIterator[App]:
    settings = Settings(data=tmp_path, engines=(Engine(name="libretranslate", url=engine.url),))
    async with App.open(settings) as app:
        for name, password in AGENTS.items():
            await app.agents.add(name, password=password)
        yield app


@pytest_asyncio.fixture(loop_scope="session")
async def site(product: App) -> AsyncIterator[Site]:
    async with serve(product.web) as base:
        yield Site(base, AGENTS)


async def test_the_desk_says_by_which_words_a_message_was_read(pages: Pages) -> None:
    desk = await pages.desk()
    await pages.buyer("It arrived broken, you scammers! I want a refund.")
    await open_first(desk)
    await expect(desk.locator(".bubble .why")).to_have_count(0)
    await desk.click(".bubble [data-action=why]")
    why = desk.locator(".bubble .why")
    for name, words in (("破损", "arrived broken"), ("愤怒", "scammers"), ("退款", "want a refund")):
        row = why.locator("dt", has_text=name).first.locator("xpath=following-sibling::dd[1]")
        await expect(row).to_contain_text(words)
    await desk.click(".bubble [data-action=why]")
    await expect(why).to_have_count(0)


@pytest.mark.parametrize("language", TALKS)
async def test_a_buyer_is_answered_in_their_own_language(pages: Pages, language: str) -> None:
    words, days = TALKS[language]
    desk = await pages.desk()
    buyer = await pages.buyer(words)
    await desk.locator(".row").first.click()
    incoming = desk.locator(".bubble.incoming")
    await expect(incoming.locator(".original .text")).to_have_text(words)
    await expect(incoming.locator(".original .text")).to_have_attribute("lang", language)
    await expect(desk.locator(".chips")).to_contain_text(days)
    cards = desk.locator(".proposal")
    await expect(cards).to_have_count(3)
    await expect(cards.nth(0)).to_contain_text("安抚")
    await expect(cards.nth(1)).to_contain_text("道歉")
    await expect(cards.nth(2)).to_contain_text("补救")
    promised = await cards.nth(0).locator(".original").inner_text()
    await desk.keyboard.press("1")
    await desk.keyboard.press("Enter")
    await expect(buyer.locator(".bubble.theirs p")).to_have_text(promised)
    await expect(desk.locator(".bubble.outgoing .original .text")).to_have_text(promised)
    await expect(desk.locator(".delivery.read")).to_be_visible()


async def test_typed_chinese_is_shown_before_it_leaves(pages: Pages) -> None:
    desk = await pages.desk()
    buyer = await pages.buyer(TALKS["es"][0])
    await open_first(desk)
    await desk.click("#desk-editor")
    await desk.keyboard.type(CHINESE[SENT])
    await expect(desk.locator("[data-preview]")).to_have_text(SPANISH[SENT])
    await desk.click("[data-action=back]")
    await expect(desk.locator(".back")).to_contain_text(CHINESE[SENT])
    await desk.press("#desk-editor", "Enter")
    await expect(buyer.locator(".bubble.theirs p")).to_have_text(SPANISH[SENT])


async def test_a_changed_number_never_leaves_by_itself(pages: Pages, engine: EngineServer) -> None:
    desk = await pages.desk()
    buyer = await pages.buyer(TALKS["es"][0])
    await open_first(desk)
    engine.mode = "error_sentence"
    await desk.click("#desk-editor")
    await desk.keyboard.type("请付 3 次")
    await desk.press("#desk-editor", "Enter")
    await expect(desk.locator(".bubble.outgoing .delivery")).to_contain_text("等您决定")
    assert await buyer.locator(".bubble.theirs").count() == 0


async def test_two_desks_one_answer(pages: Pages) -> None:
    buyer = await pages.buyer(TALKS["es"][0])
    one, two = await pages.desk("王芳"), await pages.desk("李雷")
    await open_first(one)
    await open_first(two)
    await expect(two.locator(".proposal")).to_have_count(3)
    await one.keyboard.press("1")
    await one.keyboard.press("Enter")
    await expect(buyer.locator(".bubble.theirs")).to_have_count(1)
    await expect(two.locator(".bubble.outgoing")).to_have_count(1)
    await expect(two.locator(".bubble.outgoing")).to_contain_text("王芳")
    await expect(two.locator(".proposal")).to_have_count(0)
    await write(buyer, "¿Sigue sin llegar, qué hago?")
    await expect(two.locator(".proposal")).to_have_count(3)


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """What the dialogs fail on, each time and for good."""
    words: set[str] = set()
    decide = DialogManager.on_seller_choice

    async def fail(manager: DialogManager, choice: Choice, conversation: Conversation) -> Turn:
        if choice.seller_text in words:
            raise RuntimeError
        return await decide(manager, choice, conversation)

    monkeypatch.setattr(DialogManager, "on_seller_choice", fail)
    monkeypatch.setitem(Turns.__init__.__kwdefaults__, "retries", ())
    return words


async def test_a_reply_that_failed_leaves_once_when_the_fix_is_there(poison: set[str], pages: Pages) -> None:
    poison.add(CHINESE[SENT])
    desk, other = await pages.desk("王芳"), await pages.desk("李雷")
    buyer = await pages.buyer(TALKS["es"][0])
    await open_first(desk)
    await desk.fill("#desk-editor", CHINESE[SENT])
    await expect(desk.locator("[data-preview]")).to_have_text(SPANISH[SENT])
    await desk.press("#desk-editor", "Enter")
    await expect(desk.locator(".parked .words")).to_have_text(CHINESE[SENT])
    await expect(desk.locator("#desk-editor")).to_have_value("")
    await write(buyer, "¿Hola?")  # the conversation goes on
    await expect(desk.locator(".bubble.incoming")).to_have_count(2)
    await other.click("[data-action=troubles]")
    await other.locator("[data-trouble=parked] [data-decision=retry]").click()
    await expect(other.locator(".toasts .bad")).to_be_visible()  # it still fails
    await expect(other.locator("[data-trouble=parked]")).to_have_count(1)
    poison.clear()
    await other.locator("[data-trouble=parked] [data-decision=retry]").click()
    await expect(buyer.locator(".bubble.theirs p")).to_have_text(SPANISH[SENT])
    await expect(desk.locator(".bubble").last).to_contain_text(CHINESE[SENT])
    await expect(desk.locator(".bubble.outgoing")).to_have_count(1)
    await expect(desk.locator(".parked")).to_have_count(0)
    await expect(other.locator("[data-trouble]")).to_have_count(0)


async def test_the_story_fills_the_desk(pages: Pages, product: App) -> None:
    desk = await pages.desk()
    await play(product.inbox, product.desk, load_story(), account="web", speed=None)
    await product.engine.drain()
    rows = desk.locator(".row")
    await expect(rows.nth(7)).to_be_visible()
    await open_first(desk)
    await expect(desk.locator(".proposal")).to_have_count(3)
