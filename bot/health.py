"""Health: what is not well, in words an operator can act on.

A *problem* is what keeps this very process from serving: a load balancer should send requests elsewhere. A *warning* is
what somebody must mend but no other process would do better: an account whose token is refused, work that lies open.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy.exc import SQLAlchemyError

from adapters.ports import Board, Channel, EngineHealth
from bot import metrics
from bot.boards import Boards
from bot.neighbours import ACCOUNT, Neighbours
from bot.processes import RECOVERY
from bot.store import Store
from bot.store.backlog import Backlog, backlog
from dialogs.ports import Clock

LAG: Final = timedelta(minutes=2)  # work is done within seconds; what waits longer means that something is stuck
FAILURES: Final = 10  # turns parked, or deliveries failed, within ten minutes
ANSWER: Final = 2.0  # seconds the database has to answer
FRESH: Final = 2.0  # seconds a report is good for: whoever asks more often gets the same one
LEASE: Final = 30.0  # seconds nobody held a lease; another process takes over a dead one's within 10
# SQLite can store nothing on a full disk; a day of a busy shop with pictures needs less than the first of these.
DISK_LOW, DISK_FULL = 1_000_000_000, 50_000_000  # bytes


@dataclass(frozen=True, slots=True)
class Report:
    """What is not well, by part; ``backlog`` is None when the database did not answer."""

    problems: Mapping[str, str] = field(default_factory=dict)
    warnings: Mapping[str, str] = field(default_factory=dict)
    backlog: Backlog | None = None

    @property
    def all(self) -> Mapping[str, str]:
        """Problems and warnings."""
        return {**self.warnings, **self.problems}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What counts as trouble: ``lag`` of inbox and outbox, ``failures`` within ten minutes."""

    lag: timedelta = LAG
    failures: int = FAILURES


class Engines(Protocol):
    """What is asked about translation engines."""

    def health(self) -> tuple[EngineHealth, ...]:
        """Every engine."""
        ...

    def down(self) -> tuple[str, ...]:
        """Ids of the shops none of whose engines works."""
        ...


class Health:
    """Asks the rows how far behind the work is, and every channel and board what keeps it from working.

    ``folder`` is where a SQLite database is, ``neighbours`` are the other processes, where there are any; ``own`` tells
    what else is known in this process.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        boards: Boards,
        parts: Mapping[str, Channel | Board],
        *,
        limits: Limits | None = None,
        engines: Engines | None = None,
        folder: Path | None = None,
        neighbours: Neighbours | None = None,
        own: Callable[[], Mapping[str, str]] = dict,
        fresh: float = FRESH,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._clock = clock
        self._boards = boards
        self._parts = parts
        self._limits = limits or Limits()
        self._engines = engines
        self._folder = folder
        self._neighbours = neighbours
        self._own = own
        self._fresh = fresh
        self._now = now
        self._asking: asyncio.Task[tuple[Backlog, int]] | None = None
        self._report: tuple[float, Report] | None = None
        self._free_since: dict[str, float] = {}  # leases nobody holds

    async def problems(self) -> Report:
        """What is not well; never raises, and answers within two seconds or little more."""
        if self._report is not None and self._now() - self._report[0] < self._fresh:
            return self._report[1]
        report = await self._look()
        metrics.problems(len(report.problems), len(report.warnings))
        self._report = (self._now(), report)
        return report

    def local(self) -> dict[str, str]:
        """What this process alone can see: its connections, its engines."""
        told = {
            f"{name}.{what}": problem for name, part in self._parts.items() for what, problem in part.problems().items()
        }
        down = () if self._engines is None else self._engines.down()
        for shop in down:
            told[f"engines.{shop}"] = (
                "所有翻译引擎都不可用，输入的文字暂时发不出去；请检查密钥、额度和网络 "
                "(no engine of the shop works, what is typed waits; check keys, quota and network)"
            )
        return told

    async def _look(self) -> Report:
        disk, nearly_full = self._disk()
        self._measure()
        warnings = {**self._own(), **self.local()}
        try:
            found, late = await self._ask()
        except TimeoutError:
            return self._without_database(
                f"数据库 {ANSWER:g} 秒内没有回答 (no answer within {ANSWER:g} s)", warnings, disk
            )
        except (SQLAlchemyError, OSError) as error:
            what = type(error).__name__
            return self._without_database(
                f"数据库无法使用，请检查它是否在运行 ({what}: is it running?)", warnings, disk
            )
        metrics.database(up=True)
        self._count(found)
        if late:
            warnings["boards"] = (
                f"{late} 个会话的变化两分钟还没显示到 Slack 或 Telegram (changes not shown for 2 minutes)"
            )
        told = {} if self._neighbours is None else self._neighbours.read(found.told)
        warnings = {**told, **warnings, **self._behind(found), **self._unheld(found), **nearly_full}
        return Report(disk, warnings, found)

    def _without_database(self, why: str, warnings: Mapping[str, str], disk: Mapping[str, str]) -> Report:
        metrics.database(up=False)
        return Report({"database": why, **disk}, warnings)

    async def _ask(self) -> tuple[Backlog, int]:
        """Read the rows; a question nobody has answered yet is not asked a second time.

        Raises:
            TimeoutError: there is no answer yet.
            SQLAlchemyError: the database cannot be used.
        """
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._read(), name="health")
            self._asking.add_done_callback(_heard)
        async with asyncio.timeout(ANSWER):
            return await asyncio.shield(self._asking)

    async def _read(self) -> tuple[Backlog, int]:
        now, shared = self._clock.now(), self._neighbours is not None
        found = await self._store.read(lambda conn: backlog(conn, now=now, with_leases=shared, told_by=ACCOUNT))
        return found, await self._boards.problem()

    def _behind(self, found: Backlog) -> dict[str, str]:
        now, limit = self._clock.now(), self._limits.lag.total_seconds()
        told = {}
        lag = found.inbox.lag(now)
        if lag > limit:
            told["inbox"] = (
                f"{found.inbox.count} 个事件待处理，最久已等 {lag:.0f} 秒；worker 在运行吗？请看日志里的 lane_failed "
                f"({found.inbox.count} events wait, the oldest {lag:.0f} s: do workers run? see lane_failed in the log)"
            )
        account, longest = found.longest
        lag = longest.lag(now)
        if lag > limit:
            told["outbox"] = (
                f"{found.deliveries} 条消息待发送，账号 {account} 最久已等 {lag:.0f} 秒；请看该账号的平台是否可用 "
                f"({found.deliveries} deliveries wait, {account} longest, {lag:.0f} s: does its platform work?)"
            )
        for part, count, chinese, english in (
            (
                "turns",
                found.parked_lately,
                "次处理失败被搁置，请在工作台重试",
                "turns were parked: retry them at the desk",
            ),
            ("deliveries", found.failed_lately, "条消息发送失败或结果不明", "deliveries failed or are uncertain"),
        ):
            if count >= self._limits.failures:
                told[part] = f"十分钟内有 {count} {chinese} (within ten minutes {count} {english})"
        return told

    def _unheld(self, found: Backlog) -> dict[str, str]:
        """Leases nobody has held for a while: their work is not done by anybody."""
        if self._neighbours is None:
            return {}
        held = {RECOVERY: False, **found.leases}
        now = self._now()
        self._free_since = {name: self._free_since.get(name, now) for name, is_held in held.items() if not is_held}
        return {
            f"lease.{name}": f"没有进程负责 {name}，请启动 worker (no process does this: start one with --role worker)"
            for name, since in self._free_since.items()
            if now - since >= LEASE
        }

    def _disk(self) -> tuple[dict[str, str], dict[str, str]]:
        """A problem when nothing can be stored any more, a warning before."""
        if self._folder is None:
            return {}, {}
        free = shutil.disk_usage(self._folder).free
        metrics.disk(free)
        if free >= DISK_LOW:
            return {}, {}
        left = f"{free // 1_000_000} MB"
        told = {"disk": f"数据文件夹只剩 {left}，请清理磁盘 (only {left} left for the data: make room)"}
        return (told, {}) if free < DISK_FULL else ({}, told)

    def _measure(self) -> None:
        metrics.engines(() if self._engines is None else self._engines.health())
        found = {name: part.silence() for name, part in self._parts.items()}
        metrics.silence({name: seconds for name, seconds in found.items() if seconds is not None})

    def _count(self, found: Backlog) -> None:
        now = self._clock.now()
        metrics.inbox(found.inbox.count, found.inbox.lag(now), parked=found.parked)
        waiting = {name: (0, 0.0) for name, part in self._parts.items() if isinstance(part, Channel)}
        waiting |= {account: (some.count, some.lag(now)) for account, some in found.outbox.items()}
        metrics.outbox(waiting, failed_lately=found.failed_lately)
        metrics.boards(found.showings.count, found.showings.lag(now))
        leases = {} if self._neighbours is None else {RECOVERY: False, **found.leases}
        metrics.others(downloads=found.downloads, escalations=found.escalations, leases=leases)


def _heard(asked: asyncio.Task[object]) -> None:
    """Take the error of a question nobody waited for any more."""
    if not asked.cancelled():
        asked.exception()
