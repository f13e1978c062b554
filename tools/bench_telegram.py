"""Measures the way of a message through Telegram: a buyer's update in, the team's card out. Part of ``make bench``.

A loopback Bot API server answers at once or after 50 ms. Beside Heqi runs what the library's own guide begins with, a
bot that echoes, with the same updates against the same kind of server, and the same bot told to handle updates
concurrently. Heqi's limiter is switched off for the measurement: Telegram itself allows 20 messages a minute in one
group.
"""

from __future__ import annotations

import asyncio
import re
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.servers.telegram import TOKEN, TelegramServer, telegram_server
from tools.bench_report import Cpu, Section, Value, p50, p99

ROOT: Final = Path(__file__).parents[1]
GROUP, AGENT = -1001234567890, 9001
LATENCIES: Final = (0.0, 0.05)
CONVERSATIONS: Final = (1, 200)
WAVES: Final = 5  # in each, every conversation says something; a single conversation says 20 things at once
BURST: Final = 20
AT_ONCE: Final = 256  # updates the concurrent echo handles: the library's own default for this
WHO: Final = {"heqi": "Heqi", "echo": "stock echo", "concurrent": "echo, concurrent"}
WORDS: Final = "Hola, llevo 25 días esperando mi pedido y todavía no ha llegado. ¿Dónde está? #{}"
PATIENCE: Final = 300.0
_EXPLAINS: Final = (
    f"{WAVES} waves: each of 200 conversations says something, or one says {BURST} things at once. Turns a second "
    "are of the middle wave; the times are from a pushed update to its card (Heqi) or echo. The echo does one "
    "thing after another, so at 50 ms it cannot do more than 20 a second: '× stock' at 50 ms tells how well Heqi "
    "waits for many at a time, at 0 ms what its reading, storing and showing cost. The concurrent echo waits as "
    "well as one can, keeps no order, stores nothing and reads nothing. 'CPU ms' is the bot's a turn, 'server' "
    "that of the process with the Bot API server, which limits a row where it comes near 1000 divided by its "
    "turns a second. The goal is 10 × stock at 50 ms."
)

SETTINGS: Final = """
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


def section() -> Section:
    """Heqi beside the echoes, at each latency and with one conversation or many."""
    rows = asyncio.run(_rows())
    stock = {(row["conversations"], row["API ms"]): row["turns/s"] for row in rows if row["who"] == WHO["echo"]}
    compared = []
    for row in rows:
        before = stock[row["conversations"], row["API ms"]]
        ratio = row["turns/s"] / before if isinstance(row["turns/s"], float) and isinstance(before, float) else None
        compared.append({**row, "× stock": ratio})
    return Section(
        "Telegram, long polling, SQLite, a group of topics as the desk, no engine",
        compared,
        _EXPLAINS,
    )


async def _rows() -> list[dict[str, Value]]:
    return [
        await _measure(who, latency, conversations)
        for latency in LATENCIES
        for conversations in CONVERSATIONS
        for who in WHO
    ]


async def _measure(who: str, latency: float, conversations: int) -> dict[str, Value]:
    async with telegram_server() as server, _running(who, server) as pid:
        server.latency = latency
        seen, cpu = _Seen(server), Cpu()
        await _wave(server, seen, conversations, 1)  # topics are made, memories filled
        each = BURST if conversations == 1 else 1
        first_call, used, served = len(server.calls), cpu.of(pid), time.process_time()
        waves = [await _wave(server, seen, conversations, each) for _ in range(WAVES)]
        used, served = cpu.of(pid) - used, time.process_time() - served
        sent = sum(call.method == "sendMessage" for call in server.calls[first_call:])
    delays = [delay for wave in waves for delay in wave]
    rates = [len(wave) / max(wave) for wave in waves]
    return {
        "who": WHO[who],
        "conversations": conversations,
        "API ms": round(latency * 1000),
        "turns/s": statistics.median(rates),
        "range": f"{min(rates):.0f}–{max(rates):.0f}",
        "p50 ms": p50(delays) * 1000,
        "p99 ms": p99(delays) * 1000,
        "CPU ms": used / len(delays) * 1000,
        "server": served / len(delays) * 1000,
        "messages": sent,
        "turns": len(delays),
    }


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
async def _running(who: str, server: TelegramServer) -> AsyncIterator[int]:
    server.add_group(GROUP)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "heqi.toml").write_text(SETTINGS.format(url=server.url, group=GROUP), encoding="utf-8")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", __name__, who, server.url, folder, cwd=ROOT, env={"BENCH_TOKEN": TOKEN}
        )
        try:
            await server.called("getUpdates")
            yield process.pid
        finally:
            process.terminate()
            await process.wait()


# ---- the measured processes ------------------------------------------------------------------------------------------


def _heqi(folder: str) -> None:
    import uvloop  # noqa: PLC0415 - only in this process

    from adapters.telegram.limiter import Pace  # noqa: PLC0415
    from bot import logs  # noqa: PLC0415
    from bot.serving import serve  # noqa: PLC0415
    from bot.settings_file import load  # noqa: PLC0415

    logs.configure(level=50)
    Pace.wait = lambda self, now: 0.0  # type: ignore[method-assign]  # noqa: ARG005 - a method's names
    uvloop.run(serve(load(Path(folder) / "heqi.toml")))


def _echo(url: str, at_once: int) -> None:
    from telegram import Update  # noqa: PLC0415
    from telegram.ext import Application, ContextTypes, MessageHandler, filters  # noqa: PLC0415

    async def echo(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        if update.message is not None and update.message.text is not None:
            await update.message.reply_text(update.message.text)

    builder = Application.builder().token(TOKEN).base_url(f"{url}/bot")
    if at_once:
        builder = builder.concurrent_updates(at_once).connection_pool_size(at_once)
    application = builder.build()
    application.add_handler(MessageHandler(filters.TEXT, echo))
    application.run_polling()


def main(who: str, url: str, folder: str) -> None:
    """Run one of the measured bots."""
    if who == "heqi":
        _heqi(folder)
    else:
        _echo(url, AT_ONCE if who == "concurrent" else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
