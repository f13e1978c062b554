"""What the browser tests of the desk set up in the shop in memory."""

from __future__ import annotations

import io

from PIL import Image

from tests.adapters.memory_desk import MemoryDesk
from tests.browser.conftest import Pages

DAY = 24 * 3600.0
HOLA = "Hola, mi pedido 8201954417 todavía no ha llegado. ¿Dónde está?"


def shop(pages: Pages) -> MemoryDesk:
    assert pages.site.memory is not None
    return pages.site.memory


def picture(name: str = "新包裹.png") -> dict:
    written = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(written, "PNG")
    return {"name": name, "mimeType": "image/png", "buffer": written.getvalue()}


def bodies(memory: MemoryDesk, kind: type) -> list:
    return [event.body for event, _, _ in memory.events.values() if isinstance(event.body, kind)]


async def whatsapp(pages: Pages, *, ago: float = 60.0) -> int:
    number = await shop(pages).buyer("ana", HOLA, name="Ana García", ago=ago)
    shop(pages).on_whatsapp(number)
    return number
