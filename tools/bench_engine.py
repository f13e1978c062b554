"""A translation engine in a process of its own: LibreTranslate that answers after a while. Part of ``make bench``.

``python -m tools.bench_engine SECONDS`` prints its port, and at ``/count`` tells how many texts it was given.
"""

from __future__ import annotations

import asyncio
import re
import sys

import uvloop
from aiohttp import web

CHINESE = "您好，这里是买家说的话的中文译文"
TURKISH = "Merhaba, bu yalnızca bir ölçüm çevirisidir"  # no replies are written in it, so they are translated
# What a translation must bring back as it was: placeholders, codes and numbers.
_KEPT = re.compile(r"<[^>]+>|\[\[\d+\]\]|[A-Z]{2,}\d+|\d+(?:[.,]\d+)*")


class Stub:
    """Answers every text ``delay`` seconds later in Chinese or Turkish."""

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._count = 0

    async def translate(self, request: web.Request) -> web.Response:
        """Translate."""
        self._count += 1
        asked = await request.json()
        if self._delay:
            await asyncio.sleep(self._delay)
        words = CHINESE if asked["target"].startswith("zh") else TURKISH
        return web.json_response({"translatedText": " ".join([words, *_KEPT.findall(asked["q"])])})

    async def count(self, _: web.Request) -> web.Response:
        """How many texts it was given."""
        return web.Response(text=str(self._count))


async def serve(delay: float) -> None:
    """Serve until the process is ended."""
    stub = Stub(delay)
    app = web.Application()
    app.add_routes([web.post("/translate", stub.translate), web.get("/count", stub.count)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(float(sys.argv[1])))
