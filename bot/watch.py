"""Watch: tells those who run the installation when something is wrong, once, and when it is well again.

Every 15 seconds the same questions are asked as at ``/readyz``. What is wrong twice in a row is one message in the
operations channel; it is kept up to date, reminders come more and more seldom, and what follows goes into its thread.
Without such a channel it is the log line ``alert``.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog
from pydantic import TypeAdapter
from sqlalchemy.exc import SQLAlchemyError

from adapters.operators import Operators
from adapters.ports import AccountState
from bot import metrics
from bot.back_off import back_off
from bot.health import Report
from bot.leases import Alone
from bot.neighbours import Neighbours
from dialogs.errors import Ambiguous, HeqiError, TryLater
from dialogs.ports import Clock

log = structlog.stdlib.get_logger(__name__)

EVERY: Final = 15.0  # seconds between two looks
CONFIRM: Final = 2  # looks in a row that must agree
FIRST_REMINDER: Final = timedelta(minutes=15)  # then twice as long after each, up to the last
LAST_REMINDER: Final = timedelta(hours=6)
REFRESH: Final = timedelta(minutes=1)  # between two updates of numbers in the message
LED: Final = 60.0  # seconds; who watched so lately tells of a database that is gone, for it takes the leases along
ACCOUNT: Final = ":watch"  # what is kept stands under this name, no account's: their ids have no colon
KEY: Final = "alert"
DATABASE: Final = "database"


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """A trouble that was told. ``message`` is empty while it could not be posted; ``due`` is the next reminder."""

    key: str
    since: datetime
    reasons: Mapping[str, str]  # as the message has them
    parts: frozenset[str] = frozenset()  # all that were wrong since it began: what comes and goes is news once
    message: str = ""
    unsure: bool = False  # it may have been posted
    at: datetime  # of the last change of the message
    reminders: int = 0
    due: datetime


_OPEN: Final[TypeAdapter[Open]] = TypeAdapter(Open)


class Notice:
    """One message from the beginning of a trouble to its end; ``state`` keeps it for the next process."""

    def __init__(self, operators: Operators | None, clock: Clock, state: AccountState | None = None) -> None:
        self._operators = operators
        self._clock = clock
        self._state = state
        self._open: Open | None = None
        self._agreed = 0  # looks in a row that told otherwise than the message
        self._logged: frozenset[str] = frozenset()
        self._failures = 0
        self._quiet_until: datetime | None = None  # nothing is posted before: it failed

    @property
    def is_open(self) -> bool:
        """Whether a trouble was told that has not ended."""
        return self._open is not None

    async def load(self) -> None:
        """Go on with what another process began."""
        stored = None if self._state is None else await self._state.get(KEY)
        known = None if stored is None else _OPEN.validate_json(stored)
        self._open = None if known is None else replace(known, unsure=known.unsure or not known.message)

    async def look(self, reasons: Mapping[str, str]) -> None:
        """One look: ``reasons`` is what is wrong, by part."""
        if bool(reasons) == self.is_open:
            self._agreed = 0
        else:
            self._agreed += 1
            if self._agreed < CONFIRM:
                return
        if reasons:
            await self._go_on(reasons)
        elif self._open is not None:
            await self._end(self._open)

    async def _go_on(self, reasons: Mapping[str, str]) -> None:
        now = self._clock.now()
        if reasons.keys() != self._logged:
            log.error("alert", reasons=[f"{part}: {why}" for part, why in sorted(reasons.items())])
            self._logged = frozenset(reasons)
        known = self._open
        if known is None:
            # Kept before it is posted: another process that goes on from here looks whether it was.
            known = Open(key=uuid.uuid4().hex, since=now, reasons=dict(reasons), at=now, due=now + FIRST_REMINDER)
            await self._keep(known)
        if self._operators is None or self._must_wait(now):
            return
        told = await self._told(self._operators, known, dict(reasons), now)
        if told != known:
            await self._keep(told)

    async def _told(self, operators: Operators, known: Open, reasons: dict[str, str], now: datetime) -> Open:
        """Post, update or remind; what is known afterwards."""
        text = _text(reasons, known.since)
        seen = known
        try:
            if not known.message:
                message = await operators.tell(text, key=known.key, again=known.unsure)
                return replace(known, message=message, unsure=False, reasons=reasons, parts=frozenset(reasons), at=now)
            more = sorted(reasons.keys() - known.parts)
            differs = reasons.keys() != known.reasons.keys()
            if differs or (reasons != known.reasons and now - known.at >= REFRESH):
                await operators.change(known.message, text)
                seen = replace(known, reasons=reasons, parts=known.parts | frozenset(reasons), at=now)
            if more:
                key = f"{known.key}-{now.timestamp():.0f}"
                await operators.tell(_more({part: reasons[part] for part in more}), key=key, of=known.message)
            elif now >= known.due:
                wait = min(FIRST_REMINDER * 2 ** (known.reminders + 1), LAST_REMINDER)
                seen = replace(seen, reminders=known.reminders + 1, due=now + wait)
                await operators.tell(_still(text), key=f"{known.key}-{known.reminders}", of=known.message)
        except Ambiguous as error:
            # The message itself is looked for before it is posted again; what follows it may be missing once.
            self._failed(error, now)
            return seen if known.message else replace(known, unsure=True)
        except HeqiError as error:
            self._failed(error, now)
            return known
        self._failures = 0
        return seen

    async def _end(self, known: Open) -> None:
        now = self._clock.now()
        if self._operators is not None and known.message:
            if self._must_wait(now):
                return
            minutes = max(round((now - known.since).total_seconds() / 60), 1)
            try:
                await self._operators.change(known.message, _over(known.reasons, known.since, minutes))
                await self._operators.tell(_WELL.format(minutes=minutes), key=f"{known.key}-end", of=known.message)
            except TryLater as error:
                self._failed(error, now)
                return
            except HeqiError as error:  # it will not get better, or may have been posted: the log line below remains
                self._failed(error, now)
        log.info("alert_over", reasons=sorted(known.reasons))
        self._agreed, self._open, self._logged = 0, None, frozenset()
        if self._state is not None:
            await self._state.delete(KEY)

    def _must_wait(self, now: datetime) -> bool:
        return self._quiet_until is not None and now < self._quiet_until

    def _failed(self, error: HeqiError, now: datetime) -> None:
        log.error("alert_not_told", reason=str(error))
        self._quiet_until = now + back_off(self._failures, error.after if isinstance(error, TryLater) else None)
        self._failures += 1

    async def _keep(self, told: Open) -> None:
        self._open = told
        self._agreed = 0
        if self._state is not None:
            await self._state.put(KEY, _OPEN.dump_json(told).decode())


class Asks(Protocol):
    """What is asked (``bot.health.Health``)."""

    async def problems(self) -> Report:
        """What is not well."""
        ...

    def local(self) -> dict[str, str]:
        """What this process alone can see."""
        ...


class Watch:
    """The watch of an installation. ``run`` is for one process of it, ``beside`` for each."""

    def __init__(
        self,
        health: Asks,
        clock: Clock,
        *,
        operators: Operators | None,
        state: AccountState,
        neighbours: Neighbours | None = None,
        every: float = EVERY,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._health = health
        self._neighbours = neighbours
        self._every = every
        self._now = now
        self._notice = Notice(operators, clock, state)
        # Not kept: what it tells of is that nothing can be kept.
        self._without_database = Notice(operators, clock)
        self._led: float | None = None

    async def run(self) -> None:
        """Watch for ever; in one process at a time."""
        await self._notice.load()
        while True:
            self._led = self._now()
            report = await self._health.problems()
            if DATABASE not in report.problems:
                await self._notice.look(report.all)
                if self._neighbours is not None:
                    await self._neighbours.forget_dead()
            await asyncio.sleep(self._every)

    @asynccontextmanager
    async def beside(self) -> AsyncIterator[None]:
        """What every process does for it while the context is open: tell the others, and look at the database."""
        tasks = [
            asyncio.create_task(Alone().hold("stand_by", self._stand_by), name="stand by"),
            asyncio.create_task(metrics.follow_loop(), name="event loop lag"),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _stand_by(self) -> None:
        while True:
            report = await self._health.problems()
            gone = {part: why for part, why in report.problems.items() if part == DATABASE}
            if self._led_lately() or self._without_database.is_open:
                await self._without_database.look(gone)
            elif gone:
                log.error("database_unreachable", why=gone[DATABASE])
            if self._neighbours is not None and not gone:
                await self._tell_neighbours(self._neighbours)
            await asyncio.sleep(self._every)

    def _led_lately(self) -> bool:
        return self._led is not None and self._now() - self._led < LED

    async def _tell_neighbours(self, neighbours: Neighbours) -> None:
        try:
            await neighbours.tell(self._health.local())
        except SQLAlchemyError as error:  # the next look tells why
            log.warning("neighbours_not_told", error=type(error).__name__)


# ---- words -----------------------------------------------------------------------------------------------------------

_WELL: Final = "✅ 已恢复，共持续 {minutes} 分钟 (well again after {minutes} minutes)"


def _text(reasons: Mapping[str, str], since: datetime) -> str:
    return f"🔴 和气需要处理，始于 {_moment(since)} (Heqi needs a look, since then)\n{_listed(reasons)}"


def _more(reasons: Mapping[str, str]) -> str:
    return f"又发现 (more)：\n{_listed(reasons)}"


def _still(text: str) -> str:
    return f"仍未恢复 (not well yet)\n{text}"


def _over(reasons: Mapping[str, str], since: datetime, minutes: int) -> str:
    return f"✅ 始于 {_moment(since)}，持续 {minutes} 分钟 (over after {minutes} minutes)\n{_listed(reasons)}"


def _listed(reasons: Mapping[str, str]) -> str:
    return "\n".join(f"• {part}：{why}" for part, why in sorted(reasons.items()))


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
