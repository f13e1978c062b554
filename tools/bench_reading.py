"""One message without network, and its parts; the start of the service and its memory."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bot.knowledge import Knowledge
from bot.parts import build_manager
from bot.settings import Settings
from dialogs.language import DETECTORS
from dialogs.messages import Capabilities, Case, Contact, Conversation, Direction, Message
from dialogs.reading.facts import FactReader
from tools.bench_installation import starting
from tools.bench_load import MESSAGES
from tools.bench_report import Section, Value, p50, p99

# What the cues take beside everything else, in a process of its own.
_GROWTH: Final = """
import gc
from datetime import date
from bot.knowledge import LOCALES
from dialogs.messages import LanguageReading
from dialogs.reading import Reader

def megabytes():
    gc.collect()
    pages = int(open("/proc/self/statm").read().split()[1])
    return pages * 4096 / 1e6

before = megabytes()
reader = Reader.load(LOCALES)
print(megabytes() - before)
for code in sorted(reader.languages):
    reader.read("hello, 12", LanguageReading(code=code, confidence=1.0), today=date(2026, 1, 1))
print(megabytes() - before)
"""
ROUNDS: Final = 20
STARTS: Final = 3


def reading() -> Section:
    """CPU time of one message, and of its parts."""
    whole = asyncio.run(_whole())
    knowledge = Knowledge.load("eldc")
    languages = {text: knowledge.detector.detect(text) for text in MESSAGES}
    today = datetime.now(UTC).date()
    plain = FactReader(None)
    detecting = _cpu(knowledge.detector.detect)
    facts = _cpu(lambda text: plain.read(text, None, today=today, media=(), waiting=False))
    understanding = _cpu(lambda text: knowledge.reader.read(text, languages[text], today=today))
    rows = [
        _row("message read and replies proposed, no engine", whole, whole),
        _row("of it: language", detecting, whole),
        _row("of it: cues and facts", understanding, whole),
        _row("of that: facts", facts, whole),
        _row("langdetect alone, for comparison", _cpu(DETECTORS["langdetect"]().detect), whole),
    ]
    return Section(
        "Reading one message",
        rows,
        f"CPU of {len(MESSAGES)} messages, {ROUNDS} times each. The goal is 1 ms at the median of the first row.",
    )


def start() -> Section:
    """Seconds from the command to the first answer, and the memory of the idle service."""
    seconds, memory = [], []
    for _ in range(STARTS):
        with tempfile.TemporaryDirectory() as folder:
            began = time.monotonic()
            with starting(Path(folder)) as pid:
                seconds.append(time.monotonic() - began)
                memory.append(_resident_mb(pid))
    rows: list[dict[str, Value]] = [
        {"what": "start → ready, empty SQLite database, s", "median": p50(seconds), "worst": max(seconds)},
        {"what": "resident memory after the first /readyz, MB", "median": p50(memory), "worst": max(memory)},
    ]
    grown = [float(each) for each in _run(_GROWTH)]
    what = "cues of all languages loaded, and compiled after a message in each, MB"
    rows.append({"what": what, "median": grown[0], "worst": grown[1]})
    note = f"Of {STARTS} starts. The goals are 2 s and 200 MB; the last row is one process, its goal 60 MB compiled."
    return Section("Start and memory", rows, note)


def _row(what: str, samples: Sequence[float], whole: Sequence[float]) -> dict[str, Value]:
    share = statistics.fmean(samples) / statistics.fmean(whole)
    return {"what": what, "p50 µs": p50(samples) * 1e6, "p99 µs": p99(samples) * 1e6, "share": f"{share:.0%}"}


def _cpu(work: Callable[[str], object]) -> list[float]:
    samples = []
    for round_ in range(ROUNDS + 1):
        for text in MESSAGES:
            began = time.process_time()
            work(text)
            if round_:  # the first round warms up
                samples.append(time.process_time() - began)
    return samples


async def _whole() -> list[float]:
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
                    now=message.at,
                )
                began = time.process_time()
                await manager.on_buyer_message(message, conversation)
                if round_:
                    samples.append(time.process_time() - began)
    return samples


def _run(code: str) -> list[str]:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()  # noqa: S603 - own


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024
