"""Read: one message a line in; out, in the same order, JSON lines of what each says and what may be answered."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from dialogs.explanation import grounds, words_of
from dialogs.messages import (
    Capabilities,
    Case,
    Contact,
    Conversation,
    Direction,
    Facts,
    LanguageGuess,
    Message,
    Proposal,
    Shop,
    Turn,
)

LINE_LIMIT = 1_000_000  # bytes; a longer line is answered with an error and passed over
HISTORY = 20  # messages of a conversation that are remembered
CONVERSATIONS = 10_000  # conversations that are remembered; the one that was silent longest is forgotten
_CHUNK = 1 << 16


class Manager(Protocol):
    """What reading needs of the dialogs."""

    async def on_buyer_message(self, message: Message, conversation: Conversation) -> Turn:
        """Read a buyer's message, put it into Chinese, and offer replies."""
        ...


@dataclass(frozen=True, slots=True)
class Line:
    """One line of input: a message, or the reason why it is none."""

    number: int
    text: str = ""
    conversation: str | int | None = None
    error: str | None = None


class Reading:
    """Reads lines in parallel, those of one conversation in order, and gives the answers in order of input."""

    def __init__(
        self, manager: Manager, shop: Shop, *, language: str | None = None, jobs: int = 8, explain: bool = False
    ) -> None:
        self._manager = manager
        self._explain = explain
        self._shop = shop
        self._language = language
        self._jobs = jobs
        self._known: OrderedDict[str | int, Conversation] = OrderedDict()
        self._latest: dict[str | int, asyncio.Task[str]] = {}

    async def answers(self, lines: AsyncIterator[Line]) -> AsyncIterator[str | None]:
        """A JSON text for every line; None whenever all that came so far is answered, as a hint to flush."""
        waiting: asyncio.Queue[asyncio.Task[str] | None] = asyncio.Queue(maxsize=self._jobs * 8)
        slots = asyncio.Semaphore(self._jobs)
        feeder = asyncio.create_task(self._feed(lines, waiting, slots), name="read lines")
        try:
            while (task := await waiting.get()) is not None:
                yield await task
                if waiting.empty():
                    yield None
            await feeder  # an error of the input travels
        finally:
            feeder.cancel()
            while not waiting.empty():
                if (left := waiting.get_nowait()) is not None:
                    left.cancel()

    async def _feed(
        self, lines: AsyncIterator[Line], waiting: asyncio.Queue[asyncio.Task[str] | None], slots: asyncio.Semaphore
    ) -> None:
        try:
            async for line in lines:
                await slots.acquire()
                before = None if line.conversation is None else self._latest.get(line.conversation)
                task = asyncio.create_task(self._answer(line, before))
                task.add_done_callback(lambda _: slots.release())
                if line.conversation is not None:
                    self._latest[line.conversation] = task
                    task.add_done_callback(lambda done, key=line.conversation: self._settled(key, done))  # type: ignore[misc]
                await waiting.put(task)
        finally:
            await waiting.put(None)

    def _settled(self, conversation: str | int, task: asyncio.Task[str]) -> None:
        if self._latest.get(conversation) is task:
            del self._latest[conversation]

    async def _answer(self, line: Line, before: asyncio.Task[str] | None) -> str:
        if before is not None:
            await asyncio.wait({before})
        if line.error is not None:
            return _json({"line": line.number, "error": line.error})
        conversation = self._conversation(line)
        message = Message(
            id=line.number,
            seq=line.number,
            direction=Direction.INCOMING,
            text=line.text,
            at=datetime.now(UTC),
        )
        try:
            turn = await self._manager.on_buyer_message(message, conversation)
        except Exception as error:  # noqa: BLE001 - one line that cannot be read must not cost the others
            return _json({"line": line.number, "error": f"not readable: {type(error).__name__}"})
        if line.conversation is not None:
            self._remember(line.conversation, conversation, message, turn)
        answer = as_json(turn)
        if self._explain:
            answer["why"] = explained(turn, line.text)
        return _json(answer if line.conversation is None else {"conversation": line.conversation, **answer})

    def _conversation(self, line: Line) -> Conversation:
        known = self._known.get(line.conversation) if line.conversation is not None else None
        return known or Conversation(
            id=line.number,
            shop=self._shop,
            channel="read",
            capabilities=Capabilities(),
            contact=Contact(id=line.number),
            case=Case(),
            now=datetime.now(UTC),
            language_override=self._language,
        )

    def _remember(self, key: str | int, conversation: Conversation, message: Message, turn: Turn) -> None:
        seen = replace(
            message,
            seller_text=turn.translation.text if turn.translation else None,
            language=turn.reading.language.code if turn.reading else None,
        )
        self._known[key] = replace(
            conversation,
            case=turn.case,
            language_memory=conversation.language_memory if turn.language_memory is None else turn.language_memory,
            history=(*conversation.history, seen)[-HISTORY:],
            proposals=conversation.proposals if turn.proposals is None else turn.proposals,
        )
        self._known.move_to_end(key)
        if len(self._known) > CONVERSATIONS:
            self._known.popitem(last=False)


# ---- lines in --------------------------------------------------------------------------------------------------------


async def lines_of(read: Callable[[int], bytes]) -> AsyncIterator[Line]:
    """The lines behind ``read``, which blocks until it has bytes, at most as many as asked for; none mean the end.

    A thread that may be left behind reads them: an input that stays open never keeps the program from ending.
    """
    loop = asyncio.get_running_loop()
    chunks: asyncio.Queue[bytes | OSError] = asyncio.Queue()
    room = threading.Semaphore(4)

    def pump() -> None:
        more = True
        while more:
            room.acquire()
            chunk: bytes | OSError
            try:
                chunk = read(_CHUNK)
                more = bool(chunk)
            except OSError as error:
                chunk, more = error, False
            try:
                loop.call_soon_threadsafe(chunks.put_nowait, chunk)
            except RuntimeError:  # the loop ended before the input did
                return

    threading.Thread(target=pump, name="read input", daemon=True).start()
    cutter = Cutter()
    while chunk := await chunks.get():
        if isinstance(chunk, OSError):
            raise chunk
        room.release()
        for line in cutter.feed(chunk):
            yield line
    if (last := cutter.end()) is not None:
        yield last


class Cutter:
    """Cuts bytes into lines. Holds at most ``LINE_LIMIT`` bytes of an unfinished one."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0
        self._number = 0

    def feed(self, chunk: bytes) -> list[Line]:
        """The lines that end in ``chunk``."""
        *ends, rest = chunk.split(b"\n")
        lines = [self._finish(end) for end in ends]
        self._keep(rest)
        return lines

    def end(self) -> Line | None:
        """The last line when nothing ended it."""
        return self._finish(b"") if self._size else None

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        if part and self._size <= LINE_LIMIT:
            self._parts.append(part)

    def _finish(self, part: bytes) -> Line:
        self._keep(part)
        whole, size = b"".join(self._parts), self._size
        self._parts, self._size = [], 0
        self._number += 1
        if size > LINE_LIMIT:
            return Line(self._number, error=f"line is longer than {LINE_LIMIT} bytes")
        return parse(self._number, whole.removesuffix(b"\r"))


def parse(number: int, raw: bytes) -> Line:
    """One line of input: plain text, or a JSON object with ``text`` and optionally ``conversation``."""
    try:
        text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        return Line(number, error=f"not valid UTF-8 at byte {error.start + 1}")
    if not text.lstrip().startswith("{"):
        return Line(number, text)
    try:
        record = json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else type(error).__name__
        return Line(number, error=f"not valid JSON: {reason}")
    words, conversation = record.get("text"), record.get("conversation")
    if not isinstance(words, str):
        return Line(number, error='"text" must be a string')
    if conversation is not None and (not isinstance(conversation, str | int) or isinstance(conversation, bool)):
        return Line(number, error='"conversation" must be a string or a whole number')
    if isinstance(conversation, str):
        conversation = _whole(conversation)
    return Line(number, _whole(words), conversation)


def _whole(text: str) -> str:
    """The same text with surrogate pairs joined and lone surrogates, which no UTF-8 can carry, replaced."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


# ---- answers out -----------------------------------------------------------------------------------------------------


def as_json(turn: Turn) -> dict[str, object]:
    """What was read of a message and what may be answered, as plain values."""
    reading, translation = turn.reading, turn.translation
    if reading is None:
        raise ValueError("a buyer's message must have been read")
    return {
        "language": {
            "code": reading.language.code,
            "confidence": round(reading.language.confidence, 4),
            "candidates": [_guess(guess) for guess in reading.language.candidates],
        },
        "seller_text": translation.text if translation else None,
        "engine": translation.engine if translation else None,
        "situations": [{"id": found.id, "confidence": round(found.confidence, 4)} for found in reading.situations],
        "mood": reading.mood.value,
        "urgency": reading.urgency.value,
        "wants": [want.value for want in reading.wants],
        "facts": facts_as_json(reading.facts),
        "fault": reading.fault.value,
        "cause": reading.cause.value if reading.cause else None,
        "proposals": [_proposal(proposal) for proposal in turn.proposals or ()],
    }


def explained(turn: Turn, text: str) -> list[dict[str, object]]:
    """Why a message was read so: what, by which cue, on which words, where they stand, and what they weigh."""
    reading, chinese = turn.reading, (turn.translation.text if turn.translation else None) or ""
    if reading is None:
        raise ValueError("a buyer's message must have been read")
    return [
        {
            "what": group,
            "id": name,
            "cue": span.cue,
            "words": words_of(span, text, chinese),
            "start": span.start,
            "end": span.end,
            "in_chinese": span.in_chinese,
            "weight": round(span.weight, 4),
        }
        for group, name, span in grounds(reading)
    ]


def facts_as_json(facts: Facts) -> dict[str, object]:
    """The known facts only."""
    known: dict[str, object] = {
        "orders": list(facts.orders),
        "tracking": list(facts.tracking),
        "amounts": [{"amount": str(money.amount), "currency": money.currency} for money in facts.amounts],
        "dates": [day.isoformat() for day in facts.dates],
        "days": facts.days,
        "asked": facts.asked,
        "got": facts.got,
        "sizes": list(facts.sizes),
        "colours": list(facts.colours),
    }
    return {key: value for key, value in known.items() if value not in (None, [])}


def _guess(guess: LanguageGuess) -> dict[str, object]:
    return {"code": guess.code, "confidence": round(guess.confidence, 4)}


def _proposal(proposal: Proposal) -> dict[str, object]:
    return {
        "kind": proposal.kind.value,
        "reply_id": proposal.reply_id,
        "seller_text": proposal.seller_text,
        "buyer_text": proposal.buyer_text,
        "origin": proposal.origin.value,
    }


def _json(value: dict[str, object]) -> str:
    return json.dumps(value, ensure_ascii=False)
