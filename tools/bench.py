"""Measures Heqi on this machine and prints a table: reading alone, whole turns, start, memory, Telegram.

Run as ``make bench``. Nothing leaves the machine: the translation engine is a loopback server. Times are of this
process's CPU where nothing waits, of the clock on the wall elsewhere.
"""

from __future__ import annotations

import asyncio
import logging
import os
import platform
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import bench_telegram
from aiohttp import web

from bot import logs
from bot.app import App
from bot.knowledge import Knowledge
from bot.parts import build_manager
from bot.settings import Engine, Settings
from dialogs.events import BuyerWrote, Event
from dialogs.language import DETECTORS
from dialogs.messages import Capabilities, Case, Contact, Conversation, Direction, Message
from dialogs.reading.facts import FactReader

ROUNDS = 20
CONVERSATIONS, EACH = 60, 5
PROBES = 100

CHINESE = "您好，这里是买家说的话的中文译文"
TURKISH = "Merhaba, bu yalnızca bir ölçüm çevirisidir"  # no replies are written in it, so they are translated
MESSAGES = (
    "Hola, hice el pedido 8124507731046 hace 32 días y todavía no ha llegado. ¿Dónde está mi paquete?",
    "O produto chegou quebrado, quero meu dinheiro de volta. Mandei as fotos.",
    "Здравствуйте, трек-номер RX482913650CN не отслеживается уже две недели!!!",
    "Bonjour, j'ai reçu une taille S au lieu de M, est-ce que je peux l'échanger ?",
    "Die Sendung gilt als zugestellt, aber ich habe nichts bekommen.",
    "السلام عليكم، المنتج لا يعمل وأريد استرجاع المبلغ 25.50 دولار",
    "주문번호 8125330194772 취소하고 싶어요. 아직 발송 전이죠?",
    "マグカップを4個注文しましたが、3個しか入っていませんでした。",
    "Send me $40 or I will leave ten bad reviews about your shop.",
    "Thank you so much, everything is perfect!",
    "ok",
    "Ürün hâlâ gelmedi, ne zaman teslim edilecek?",
)


def main() -> None:
    """Measure everything and print the table."""
    logs.configure(level=logging.WARNING)
    rows = [*reading(), *asyncio.run(turns()), *start(), *bench_telegram.rows()]
    machine = f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} CPUs"
    print(f"{machine}, {datetime.now(UTC):%Y-%m-%d}")
    print("\n| what | p50 | p99 | note |\n|---|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


def micro(samples: Sequence[float], what: str, note: str = "") -> tuple[str, str, str, str]:
    """A row in microseconds."""
    return what, f"{statistics.median(samples) * 1e6:.0f} µs", f"{_p99(samples) * 1e6:.0f} µs", note


def milli(samples: Sequence[float], what: str, note: str = "") -> tuple[str, str, str, str]:
    """A row in milliseconds."""
    return what, f"{statistics.median(samples) * 1e3:.1f} ms", f"{_p99(samples) * 1e3:.1f} ms", note


def _p99(samples: Sequence[float]) -> float:
    return sorted(samples)[min(len(samples) - 1, int(len(samples) * 0.99))]


# ---- reading ---------------------------------------------------------------------------------------------------------


def reading() -> list[tuple[str, str, str, str]]:
    """CPU time of one message without network, and of its parts."""
    whole = asyncio.run(_whole_readings())
    knowledge = Knowledge.load("eldc")
    languages = {text: knowledge.detector.detect(text) for text in MESSAGES}
    today = datetime.now(UTC).date()
    plain = FactReader(None)
    detecting = _cpu(knowledge.detector.detect)
    facts = _cpu(lambda text: plain.read(text, None, today=today, media=(), waiting=False))
    understanding = _cpu(lambda text: knowledge.reader.read(text, languages[text], today=today))
    mean = statistics.fmean
    rest = max(0.0, mean(whole) - mean(detecting) - mean(understanding))
    return [
        micro(whole, "message read and replies proposed", "CPU, no engine"),
        micro(detecting, "of it: language", f"{mean(detecting) / mean(whole):.0%}"),
        micro(understanding, "of it: cues and facts", f"{mean(understanding) / mean(whole):.0%}"),
        micro(facts, "of that: facts", f"{mean(facts) / mean(whole):.0%}"),
        ("of it: proposals and the rest", f"{rest * 1e6:.0f} µs", "", f"{rest / mean(whole):.0%}, mean"),
        micro(_cpu(DETECTORS["langdetect"]().detect), "langdetect alone", "for comparison, in the same run"),
    ]


def _cpu(work: Callable[[str], object]) -> list[float]:
    samples = []
    for round_ in range(ROUNDS + 1):
        for text in MESSAGES:
            began = time.process_time()
            work(text)
            if round_:  # the first round warms up
                samples.append(time.process_time() - began)
    return samples


async def _whole_readings() -> list[float]:
    settings = Settings(engines=())
    samples = []
    async with build_manager(settings, translate=False) as manager:
        for round_ in range(ROUNDS + 1):
            for number, text in enumerate(MESSAGES):
                message = Message(id=number, seq=1, direction=Direction.INCOMING, text=text, at=datetime.now(UTC))
                conversation = Conversation(
                    id=number,
                    shop=settings.shops[0].shop(),
                    channel="bench",
                    capabilities=Capabilities(),
                    contact=Contact(number),
                    case=Case(),
                )
                began = time.process_time()
                await manager.on_buyer_message(message, conversation)
                if round_:
                    samples.append(time.process_time() - began)
    return samples


# ---- whole turns -----------------------------------------------------------------------------------------------------


@asynccontextmanager
async def engine(delay: float) -> AsyncIterator[str]:
    """LibreTranslate that answers after ``delay`` seconds in Chinese or Turkish and keeps placeholders and numbers."""

    async def translate(request: web.Request) -> web.Response:
        body = await request.json()
        await asyncio.sleep(delay)
        kept = " ".join(re.findall(r"<[^>]+>|\[\[\d+\]\]|[A-Z]{2,}\d+|\d+(?:[.,]\d+)*", body["q"]))
        words = CHINESE if body["target"].startswith("zh") else TURKISH
        return web.json_response({"translatedText": f"{words} {kept}"})

    app = web.Application()
    app.add_routes([web.post("/translate", translate)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def turns() -> list[tuple[str, str, str, str]]:
    """Throughput and idle latency on SQLite with an engine of 0 and 150 ms."""
    rows = []
    for delay in (0.0, 0.15):
        async with engine(delay) as url:
            with tempfile.TemporaryDirectory() as folder:
                settings = Settings(data=Path(folder), engines=(Engine(name="libretranslate", url=url),))
                async with App.open(settings) as app:
                    rate, latencies = await _burst(app), await _probe(app)
        label = f"engine of {delay * 1000:.0f} ms"
        rows.append(("turns in a burst", f"{rate:.0f}/s", "", f"{CONVERSATIONS} conversations × {EACH}, {label}"))
        rows.append(milli(latencies, "buyer writes → card on the desk, idle", label))
    return rows


async def _burst(app: App) -> float:
    """Every buyer writes at once, each in order; the clock stops when the last turn is stored."""

    async def buyer(chat: int) -> None:
        for number in range(EACH):
            text = f"{MESSAGES[(chat + number) % len(MESSAGES)]} {chat}"
            accepted = await app.inbox.accept(_event(f"burst-{chat}", number, text))
        await app.inbox.outcome(accepted.event_id, timeout=120)

    began = time.perf_counter()
    await asyncio.gather(*(buyer(chat) for chat in range(CONVERSATIONS)))
    return CONVERSATIONS * EACH / (time.perf_counter() - began)


async def _probe(app: App) -> list[float]:
    samples = []
    for number in range(PROBES):
        began = time.perf_counter()
        accepted = await app.inbox.accept(_event("probe", number, f"{MESSAGES[number % len(MESSAGES)]} {number}"))
        await app.inbox.outcome(accepted.event_id)
        samples.append(time.perf_counter() - began)
    return samples


def _event(chat: str, number: int, text: str) -> Event:
    return Event(
        account="web",
        external_id=f"{chat}:{number}",
        body=BuyerWrote(text=text),
        at=datetime.now(UTC),
        chat=chat,
    )


# ---- start and memory ------------------------------------------------------------------------------------------------


def start() -> list[tuple[str, str, str, str]]:
    """Seconds from the command to ready, and the memory of the idle service."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "HEQI_DATA": folder, "HEQI_SERVER__PORT": str(port), "HEQI_ENGINES": "[]"}
        began = time.perf_counter()
        service = subprocess.Popen([sys.executable, "-m", "bot", "serve"], env=environment, stderr=subprocess.DEVNULL)
        try:
            _wait_until_ready(port, service)
            ready = time.perf_counter() - began
            memory = _resident_mb(service.pid)
        finally:
            service.terminate()
            service.wait(timeout=15)
    return [
        ("start → ready", f"{ready:.1f} s", "", "empty database"),
        ("resident memory, idle", f"{memory:.0f} MB" if memory else "—", "", "after the first /readyz"),
    ]


def _wait_until_ready(port: int, service: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and service.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.02)
    raise SystemExit("the service did not become ready")


def _resident_mb(pid: int) -> float | None:
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return None
    line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
