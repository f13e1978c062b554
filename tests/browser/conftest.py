"""A real Chromium before a real server.

The tests know a site only by what people see, so that the same tests can drive the faces over memory or the whole
product: whoever gives another ``site`` fixture tells how its agents log in and what its translations look like.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, Playwright, async_playwright

from tests.adapters.memory_desk import MemoryDesk
from tests.adapters.memory_site import memory_app, serve

CHROMIUM = Path("/usr/bin/chromium")
SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


@dataclass
class Site:
    """Where the product is served, and how to get in."""

    base: str
    passwords: dict[str, str]
    chat: str = "/chat/web"
    translation: Callable[[str], str] = lambda chinese: f"[es] {chinese}"  # of typed Chinese into Spanish
    memory: MemoryDesk | None = None


@dataclass
class Pages:
    """Opens pages and remembers what went wrong in them."""

    site: Site
    browser: Browser
    contexts: list[BrowserContext] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    async def context(self, **options: object) -> BrowserContext:
        context = await self.browser.new_context(**{"viewport": WIDE, "locale": "zh-CN", **options})
        context.set_default_timeout(10_000)
        context.on("request", lambda request: self.hosts.add(urlsplit(request.url).hostname or "data"))
        context.on("weberror", lambda error: self.problems.append(str(error.error)))
        context.on("console", lambda message: self._note(message.type, message.text))
        self.contexts.append(context)
        return context

    def _note(self, kind: str, text: str) -> None:
        if kind == "error" and "Content Security Policy" in text:
            self.problems.append(text)

    async def desk(self, name: str = "王芳", **options: object) -> Page:
        """A logged-in desk."""
        page = await (await self.context(**options)).new_page()
        await page.goto(f"{self.site.base}/login")
        await page.fill("input[name=name]", name)
        await page.fill("input[name=password]", self.site.passwords[name])
        await page.click("button[type=submit]")
        await page.wait_for_selector(".list")
        return page

    async def buyer(self, text: str | None = None, **options: object) -> Page:
        """A buyer in the web chat, who writes ``text`` at once when given."""
        page = await (await self.context(**{"locale": "es-ES", **options})).new_page()
        await page.goto(f"{self.site.base}{self.site.chat}")
        await page.wait_for_selector("body[data-state=online]")
        if text is not None:
            await write(page, text)
        return page


async def write(page: Page, text: str) -> None:
    """A buyer writes and sees it taken."""
    known = await page.locator(".bubble.mine .mark:is(.sent, .seen)").count()
    await page.fill("#text", text)
    await page.press("#text", "Enter")
    await page.locator(".bubble.mine .mark:is(.sent, .seen)").nth(known).wait_for()


async def open_first(desk: Page) -> None:
    """Open the conversation at the top of the list."""
    await desk.locator(".row").first.click()
    await desk.wait_for_selector(".bubble")


@pytest_asyncio.fixture(loop_scope="session")
async def site() -> AsyncIterator[Site]:
    memory = MemoryDesk()
    async with serve(memory_app(memory)) as base:
        yield Site(base, {name: password for name, (_, password) in memory.agents.items()}, memory=memory)


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def playwright() -> AsyncIterator[Playwright]:
    async with async_playwright() as started:
        yield started


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def chromium(playwright: Playwright) -> AsyncIterator[Browser]:
    with tempfile.TemporaryDirectory() as home:  # nothing of the user's own browser is read or written
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=list(SWITCHES), env={"HOME": home, "XDG_CONFIG_HOME": home}
        )
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def pages(site: Site, chromium: Browser) -> AsyncIterator[Pages]:
    opened = Pages(site, chromium)
    yield opened
    for context in opened.contexts:
        await context.close()
    assert not opened.problems
    assert opened.hosts <= {"127.0.0.1", "data"}, "a page asked somebody else"
