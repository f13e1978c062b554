"""Proposals: chosen and written in both languages, with the replies of one language loaded and with all of them."""

from __future__ import annotations

import asyncio
import shutil
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bot.knowledge import LOCALES, Knowledge
from dialogs import cases
from dialogs.drafting import Drafting
from dialogs.messages import Capabilities, Case, Contact, Conversation, Reading, Shop, Translation
from dialogs.offers import Offers
from dialogs.replies import Replies
from dialogs.shelf import Shelf, Shelves
from dialogs.typed import Typed
from tools.bench_load import MESSAGES
from tools.bench_report import Section, Value, p50, p99

ROUNDS: Final = 40
_SHOP: Final = Shop(id="bench", name="Bench")


class _Silent:
    """No engine: every reply that is measured is written."""

    async def translate(self, text: str, *, source: str | None, target: str, **_: object) -> Translation:  # noqa: ARG002
        return Translation(text=None, source=source, target=target, proven=False)


def section() -> Section:
    """CPU of the proposals of one message, and how many can be made in a second on one core."""
    knowledge = Knowledge.load("eldc")
    rows = [
        _row(f"replies of {count} loaded", knowledge, replies, seconds)
        for count, replies, seconds in (_loaded(knowledge, ("es",)), _loaded(knowledge, None))
    ]
    note = f"Three for each of {len(MESSAGES)} messages, {ROUNDS} times, in Spanish; more languages cost no turn more."
    return Section("Proposals", rows, note)


def _loaded(knowledge: Knowledge, only: tuple[str, ...] | None) -> tuple[str, Replies, float]:
    with tempfile.TemporaryDirectory() as folder:
        locales = LOCALES
        if only is not None:
            locales = Path(folder)
            for language in only:
                shutil.copytree(LOCALES / language, locales / language)
        began = time.perf_counter()
        replies = Replies.load(locales, knowledge.playbooks.replies)
        seconds = time.perf_counter() - began
    return f"{len(replies.languages())} languages", replies, seconds


def _row(what: str, knowledge: Knowledge, replies: Replies, seconds: float) -> dict[str, Value]:
    samples = asyncio.run(_samples(knowledge, replies))
    return {
        "what": what,
        "p50 µs": p50(samples) * 1e6,
        "p99 µs": p99(samples) * 1e6,
        "proposals/s of a core": 3 / statistics.fmean(samples),
        "load s": round(seconds, 2),
    }


async def _samples(knowledge: Knowledge, replies: Replies) -> list[float]:
    typed = Typed(_Silent(), knowledge.detector)
    shelves = Shelves(Shelf(knowledge.playbooks, replies), {})
    offers = Offers(shelves, typed, knowledge.carriers, Drafting(None, typed, knowledge.tone))
    now = datetime.now(UTC)
    readings = [_read(knowledge, text) for text in MESSAGES]
    samples = []
    for round_ in range(ROUNDS + 1):
        for number, reading in enumerate(readings):
            conversation = Conversation(
                id=number,
                shop=_SHOP,
                channel="bench",
                capabilities=Capabilities(),
                contact=Contact(number, "Ana"),
                case=Case(),
                now=now,
                language_override="es",
            )
            case = cases.after_message(conversation.case, reading)
            began = time.process_time()
            await offers.to(None, None, case=case, reading=reading, conversation=conversation, key="k")
            if round_:  # the first round warms up
                samples.append(time.process_time() - began)
    return samples


def _read(knowledge: Knowledge, text: str) -> Reading:
    return knowledge.reader.read(text, knowledge.detector.detect(text), today=datetime.now(UTC).date())
