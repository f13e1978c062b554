"""Story: a day of buyers in several languages, played through the inbox like any other messages."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any, Protocol

from adapters.ports import Desk, Inbox
from dialogs.errors import BadData
from dialogs.events import AgentChose, AgentNoted, AgentSetStatus, Body, BuyerWrote, Event
from dialogs.messages import Choice, Proposal

FILE = Path(__file__).with_name("story.toml")
SELLER = "小和"
SPEED = 600.0  # seconds of the story in one real second: the day passes in a minute
_ACTS = ("says", "picks", "types", "notes", "resolves")
_OTHER_LANGUAGE = {"says": "zh", "types": "becomes"}  # where the same stands in the other language


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who writes; ``language`` is for the reader of the story, nobody tells it to the inbox."""

    id: str
    name: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that happens in a conversation."""

    buyer: Buyer
    number: int  # within the conversation; makes the external id, so that a second start doubles nothing
    at: time
    act: str
    value: Any
    translated: str | None = None  # what is said or typed, in the other language


class Clock(Protocol):
    """Tells the time and lets it pass."""

    def now(self) -> datetime:
        """The present, aware and in UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class RealClock:
    """The clock on the wall."""

    def now(self) -> datetime:
        """The present in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


def load_story(path: Path = FILE) -> tuple[Line, ...]:
    """The lines of all buyers in the order they happen.

    Raises:
        BadData: a line does not do exactly one known thing, or a conversation runs backwards.
    """
    lines: list[Line] = []
    for table in tomllib.loads(path.read_text(encoding="utf-8"))["buyer"]:
        buyer = Buyer(table["id"], table["name"], table["language"])
        own = [_line(buyer, number, raw, path) for number, raw in enumerate(table["lines"], 1)]
        if own != sorted(own, key=lambda line: line.at):
            raise BadData(f"the lines of {buyer.id} are not in order of time", file=path.name)
        lines += own
    return tuple(sorted(lines, key=lambda line: line.at))


def _line(buyer: Buyer, number: int, raw: Mapping[str, Any], path: Path) -> Line:
    acts = [key for key in raw if key in _ACTS]
    other = _OTHER_LANGUAGE.get(acts[0]) if len(acts) == 1 else None
    if len(acts) != 1 or raw.keys() - {"at", acts[0], other} or not isinstance(raw.get("at"), time):
        problem = (
            f"line {number} of {buyer.id} needs a time `at`, exactly one of {', '.join(_ACTS)}, "
            "and nothing else but `zh` beside says and `becomes` beside types"
        )
        raise BadData(problem, file=path.name)
    translated = None if other is None else raw.get(other)
    return Line(buyer=buyer, number=number, at=raw["at"], act=acts[0], value=raw[acts[0]], translated=translated)


async def play(
    inbox: Inbox,
    desk: Desk,
    story: tuple[Line, ...],
    *,
    account: str,
    speed: float | None = SPEED,
    clock: Clock | None = None,
) -> None:
    """Play the story into ``account``: buyers write, and the seller answers some of them as on the desk.

    Messages are stamped with the present; ``speed`` only paces them (None: no pauses). What an earlier start has
    played already is passed over without waiting. An answer whose proposals are gone is passed over too.
    """
    player = _Player(inbox, desk, account, clock or RealClock())
    before: Line | None = None
    for line in story:
        if before is not None and speed is not None and player.fresh:
            await player.clock.sleep((_seconds(line.at) - _seconds(before.at)) / speed)
        await player.play(line)
        before = line


def _seconds(at: time) -> int:
    return at.hour * 3600 + at.minute * 60 + at.second


class _Player:
    def __init__(self, inbox: Inbox, desk: Desk, account: str, clock: Clock) -> None:
        self.clock = clock
        self.fresh = True  # whether the latest line was new to the inbox
        self._inbox = inbox
        self._desk = desk
        self._account = account
        self._latest: dict[str, tuple[int, int]] = {}  # buyer → their latest event and their conversation
        self._acts: Mapping[str, Callable[[Line, int], Awaitable[Body | None]]] = {
            "picks": self._pick,
            "types": self._type,
            "notes": self._note,
            "resolves": self._resolve,
        }

    async def play(self, line: Line) -> None:
        if line.act == "says":
            accepted = await self._inbox.accept(
                Event(
                    account=self._account,
                    external_id=f"story:{line.buyer.id}:{line.number}",
                    body=BuyerWrote(text=line.value),
                    at=self.clock.now(),
                    chat=f"story-{line.buyer.id}",
                    contact_name=line.buyer.name,
                )
            )
            self._latest[line.buyer.id] = (accepted.event_id, accepted.conversation_id)
            self.fresh = not accepted.duplicate
            return
        event, conversation = self._latest[line.buyer.id]
        try:
            await self._inbox.outcome(event)
        except TimeoutError:  # the engines are slow; whoever looks at the desk can answer as well
            return
        body = await self._acts[line.act](line, conversation)
        if body is None:
            return
        accepted = await self._inbox.accept(
            Event(
                account=self._account,
                external_id=f"story:{line.buyer.id}:{line.number}",
                body=body,
                at=self.clock.now(),
                conversation_id=conversation,
            )
        )
        self._latest[line.buyer.id] = (accepted.event_id, conversation)
        self.fresh = not accepted.duplicate

    async def _pick(self, line: Line, conversation: int) -> Body | None:
        turn, offered = await self._offered(conversation)
        if len(offered) < line.value:
            return None
        picked = offered[line.value - 1]
        return AgentChose(
            choice=Choice(agent=SELLER, seller_text=picked.seller_text, proposal_id=picked.id, turn_id=turn)
        )

    async def _type(self, line: Line, conversation: int) -> Body:
        turn, _ = await self._offered(conversation)
        return AgentChose(choice=Choice(agent=SELLER, seller_text=line.value, turn_id=turn))

    async def _note(self, line: Line, _: int) -> Body:
        return AgentNoted(agent=SELLER, text=line.value)

    async def _resolve(self, _: Line, __: int) -> Body:
        return AgentSetStatus(agent=SELLER, resolved=True)

    async def _offered(self, conversation: int) -> tuple[int | None, tuple[Proposal, ...]]:
        view = await self._desk.view(conversation)
        return (view.turn_id, view.proposals) if view else (None, ())
