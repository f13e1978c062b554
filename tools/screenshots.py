"""Takes the pictures of docs/screenshots.

    python tools/screenshots.py                    starts the demo with its story on a free port and photographs it
    python tools/screenshots.py BASE LOGIN_LINK    photographs what runs at BASE, entering by a one-time link

Needs Playwright for Python and a Chromium (CHROMIUM names it, /usr/bin/chromium otherwise); asks nobody but BASE.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = ROOT / "docs" / "screenshots"
MAX_BYTES: Final = 300_000  # of one picture, so that the repository stays small
WIDE: Final = {"width": 1440, "height": 900}
PHONE: Final = {"width": 390, "height": 844}
STORY_SECONDS: Final = 45  # the demo's day of buyers is told in about half a minute
SWITCHES: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


async def main(arguments: list[str]) -> None:
    """Photograph the site of the arguments, or a demo of our own."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if len(arguments) == 2:
        await photograph(*arguments)
    elif not arguments:
        async with demo() as (base, link):
            await photograph(base, link)
    else:
        sys.exit(__doc__)


@asynccontextmanager
async def demo() -> AsyncIterator[tuple[str, str]]:
    """The demo in an empty folder; its address and log-in link, once its story is told."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        command = (sys.executable, "-m", "bot", "demo", "--story", "--no-open")
        environment = {**os.environ, "HEQI_SERVER__PORT": str(port), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        process = await asyncio.create_subprocess_exec(
            *command, cwd=folder, env=environment, stdout=asyncio.subprocess.PIPE
        )
        if process.stdout is None:
            raise RuntimeError("the demo has no output")
        try:
            async for line in process.stdout:
                if found := re.search(r"(http\S+)/login/\S+", line.decode()):
                    await asyncio.sleep(STORY_SECONDS)
                    yield found[1], found[0]
                    break
            else:
                sys.exit("the demo ended before it told its address; what it said stands above")
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def photograph(base: str, link: str) -> None:
    """All pictures of one site."""
    async with async_playwright() as playwright:
        chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(SWITCHES))
        first = await browser.new_context(viewport=WIDE, locale="zh-CN")
        page = await first.new_page()
        await page.goto(f"{base}/login")
        await keep(page, "login")
        await page.goto(link)
        await page.wait_for_url(re.compile("/(desk/|demo)$"))
        await desk(page, base, "desk")
        await same_agent(browser, first, base, "desk-dark", color_scheme="dark", viewport=WIDE)
        await same_agent(browser, first, base, "desk-phone", viewport=PHONE, device_scale_factor=2)
        await english(page, base)
        await chat(browser, page, base)
        await front(page, base)
        await browser.close()


async def desk(page: Page, base: str, name: str) -> None:
    """The desk with the most urgent conversation and a proposal picked."""
    await page.goto(f"{base}/desk/")
    await page.locator(".row").first.wait_for()
    if page.viewport_size == PHONE:
        await keep(page, f"{name}-list")
    await page.locator(".row").first.click()
    await page.locator(".bubble").first.wait_for()
    if await page.locator(".proposal:enabled").count():
        await page.keyboard.press("1")
    await keep(page, name)


async def same_agent(browser: Browser, first: BrowserContext, base: str, name: str, **options: object) -> None:
    """The desk as the same agent sees it on another screen."""
    state = await first.storage_state()
    cookies = {"cookies": state["cookies"], "origins": []}
    context = await browser.new_context(storage_state=cookies, locale="zh-CN", **options)
    await desk(await context.new_page(), base, name)
    await context.close()


async def english(page: Page, base: str) -> None:
    """The desk in English, and back to Chinese."""
    await page.click("[data-action=language]")
    await desk(page, base, "desk-english")
    await page.click("[data-action=language]")
    await page.wait_for_load_state()


async def chat(browser: Browser, seller: Page, base: str) -> None:
    """A buyer's chat on a phone, with the seller's answer."""
    context = await browser.new_context(viewport=PHONE, device_scale_factor=2, locale="es-ES")
    page = await context.new_page()
    await page.goto(f"{base}/chat/web?as=carmen")
    await page.wait_for_selector("body[data-state=online]")
    for text in ("Hola, mi pedido 8201954417 llegó ayer.", "La caja está rota y falta una pieza. ¿Qué podemos hacer?"):
        await page.fill("#text", text)
        await page.press("#text", "Enter")
        await page.wait_for_timeout(1500)
    await seller.goto(f"{base}/desk/")
    await seller.locator(".row", has_text="carmen").click()
    await seller.locator(".proposal:enabled").first.click()
    await seller.click("[data-action=send]")
    await page.locator(".bubble.theirs").wait_for()
    await keep(page, "webchat")
    await context.close()


async def front(page: Page, base: str) -> None:
    """The demo's front page, where there is one."""
    answer = await page.goto(f"{base}/demo")
    if answer is not None and answer.ok:
        await page.wait_for_timeout(2500)
        await keep(page, "demo")


async def keep(page: Page, name: str) -> None:
    """Save what the page shows as a small PNG."""
    await page.wait_for_timeout(700)
    path = FOLDER / f"{name}.png"
    await page.screenshot(path=path, animations="disabled")
    picture = Image.open(path).convert("RGB")
    picture.save(path, optimize=True)
    for colours in (256, 128, 64):
        if path.stat().st_size <= MAX_BYTES:
            break
        picture.quantize(colours, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.name}  {path.stat().st_size // 1000} kB")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
