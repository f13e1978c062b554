"""Measures the way of a message through Telegram: a buyer's update in, the team's card out.

Part of ``make bench``. A loopback Bot API server answers at once or after 50 ms. Beside Heqi runs what the library's
own guide begins with, a bot that echoes, with the same updates against the same kind of server. Heqi's limiter is
switched off for the measurement: Telegram itself allows 20 messages a minute in one group.
"""

from __future__ import annotations

import asyncio
import re
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.servers.telegram import TOKEN, TelegramServer, telegram_server  # noqa: E402 - found by the line above

GROUP, AGENT = -1001234567890, 9001
LATENCIES = (0.0, 0.05)
CONVERSATIONS = (1, 200)
WAVES = 5  # in each, every conversation says something; a single conversation says 20 things at once
BURST = 20
WORDS = "Hola, llevo 25 días esperando mi pedido y todavía no ha llegado. ¿Dónde está? #{}"
PATIENCE = 300.0

SETTINGS = """
data = "var"
engines = []
[server]
port = 0
[[accounts]]
channel = "telegram"
id = "bot"
shop = "main"
token_env = "BENCH_TOKEN"
api_url = "{url}"
desk = {group}
"""


def rows() -> list[tuple[str, str, str, str]]:
    """Rows for the table of ``make bench``."""
    return asyncio.run(_rows())


async def _rows() -> list[tuple[str, str, str, str]]:
    return [
        await _measure(who, latency, conversations)
        for latency in LATENCIES
        for conversations in CONVERSATIONS
        for who in ("heqi", "echo")
    ]


async def _measure(who: str, latency: float, conversations: int) -> tuple[str, str, str, str]:
    async with telegram_server() as server, _running(who, server):
        server.latency = latency
        seen = _Seen(server)
        await _wave(server, seen, conversations, 1)  # topics are made, memories filled
        delays: list[float] = []
        began, first_call = time.perf_counter(), len(server.calls)
        for _ in range(WAVES):
            delays += await _wave(server, seen, conversations, BURST if conversations == 1 else 1)
        seconds = time.perf_counter() - began
        cards = sum(call.method == "sendMessage" for call in server.calls[first_call:])
    name = "Heqi: update in, card out" if who == "heqi" else "stock echo: update in, echo out"
    what = f"{name}, {conversations} conversation{'s' * (conversations > 1)}, API {latency * 1000:.0f} ms"
    note = f"{len(delays) / seconds:.0f} turns/s, {cards} messages for {len(delays)} turns"
    return what, _ms(statistics.median(delays)), _ms(sorted(delays)[int(len(delays) * 0.99)]), note


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


class _Seen:
    """When which message was first shown or echoed."""

    def __init__(self, server: TelegramServer) -> None:
        self._server = server
        self._read = 0
        self.numbers = 0
        self.at: dict[int, float] = {}

    def look(self) -> None:
        now = time.perf_counter()
        for call in self._server.calls[self._read :]:
            if call.method in {"sendMessage", "editMessageText"}:
                for number in re.findall(r"#(\d+)", str(call.params.get("text", ""))):
                    self.at.setdefault(int(number), now)
        self._read = len(self._server.calls)


async def _wave(server: TelegramServer, seen: _Seen, conversations: int, each: int) -> list[float]:
    """Every conversation says ``each`` things at once; the delays until all of it was shown.

    A card may show several messages and leave out words of the earlier ones: a message counts as shown with the first
    later one of its conversation that is.
    """
    told: dict[int, tuple[float, int]] = {}
    for _ in range(each):
        for buyer in range(conversations):
            seen.numbers += 1
            told[seen.numbers] = time.perf_counter(), buyer
            server.buyer_says(7001 + buyer, WORDS.format(seen.numbers), date=int(time.time()))
    last = {buyer: number for number, (_, buyer) in told.items()}
    async with asyncio.timeout(PATIENCE):
        while not all(number in seen.at for number in last.values()):
            await asyncio.sleep(0.002)
            seen.look()
    return [_shown(number, buyer, told, seen) - at for number, (at, buyer) in told.items()]


def _shown(number: int, buyer: int, told: dict[int, tuple[float, int]], seen: _Seen) -> float:
    later = [other for other, (_, whose) in told.items() if whose == buyer and other >= number and other in seen.at]
    return min(seen.at[other] for other in later)


@asynccontextmanager
async def _running(who: str, server: TelegramServer) -> AsyncIterator[None]:
    server.add_group(GROUP)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "heqi.toml").write_text(SETTINGS.format(url=server.url, group=GROUP), encoding="utf-8")
        process = await asyncio.create_subprocess_exec(
            sys.executable, __file__, who, server.url, folder, env={"BENCH_TOKEN": TOKEN, "PYTHONPATH": str(ROOT)}
        )
        try:
            await server.called("getUpdates")
            yield
        finally:
            process.terminate()
            await process.wait()


# ---- the measured processes ------------------------------------------------------------------------------------------


def _heqi(folder: str) -> None:
    import uvloop  # noqa: PLC0415 - only in this process

    from adapters.telegram.limiter import Pace  # noqa: PLC0415
    from bot import logs  # noqa: PLC0415
    from bot.app import serve  # noqa: PLC0415
    from bot.settings_file import load  # noqa: PLC0415

    logs.configure(level=50)
    Pace.wait = lambda _self, _now: 0.0  # type: ignore[method-assign]
    uvloop.run(serve(load(Path(folder) / "heqi.toml")))


def _echo(url: str) -> None:
    from telegram import Update  # noqa: PLC0415
    from telegram.ext import Application, ContextTypes, MessageHandler, filters  # noqa: PLC0415

    async def echo(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        if update.message is not None and update.message.text is not None:
            await update.message.reply_text(update.message.text)

    application = Application.builder().token(TOKEN).base_url(f"{url}/bot").build()
    application.add_handler(MessageHandler(filters.TEXT, echo))
    application.run_polling()


def main(arguments: Sequence[str]) -> None:
    """Run one of the measured bots, or without arguments measure both."""
    if not arguments:
        for row in rows():
            print("| " + " | ".join(row) + " |")
    elif arguments[0] == "heqi":
        _heqi(arguments[2])
    else:
        _echo(arguments[1])


if __name__ == "__main__":
    main(sys.argv[1:])
