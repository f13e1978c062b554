"""The processes of a chaos run: the product's, which are killed, stopped and starved, and a PostgreSQL server."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import aiohttp
import psycopg

from tests.servers.postgres import PostgresServer
from tools.chaos_served import CLOCK, OFFSET

ROOT: Final = Path(__file__).parents[1]
_START: Final = 90.0  # seconds for a start on a machine that is busy with everything else
_END: Final = 40.0  # seconds for an orderly end


@dataclass(frozen=True, slots=True)
class Worked:
    """A turn the product has logged as stored."""

    event_id: int
    at: float  # Unix seconds
    by: str


@dataclass(frozen=True, slots=True)
class Outage:
    """When something was away; ``asked`` is when it was started again, ``ended`` when it answered."""

    name: str
    how: str
    began: float
    asked: float
    ended: float


@dataclass(slots=True)
class Served:
    """One process of the product, started again and again. Its log is kept in ``folder``."""

    name: str
    folder: Path
    arguments: tuple[str, ...]
    environment: dict[str, str]
    port: int = 0  # 0: told in the log
    worked: list[Worked] = field(default_factory=list)
    outages: list[Outage] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)  # ends nobody asked for
    busy: bool = False  # a fault is at work on it
    _process: asyncio.subprocess.Process | None = None
    _reading: asyncio.Task[None] | None = None
    _wanted: bool = False

    @property
    def base(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def _clock(self) -> Path:
        return self.folder / f"{self.name}.clock"

    async def start(self) -> None:
        """Start it, again and again if it ends at once, until it answers."""
        deadline = time.monotonic() + _START
        self._wanted = True
        if not self._clock.exists():
            self._clock.write_bytes(OFFSET.pack(0.0))
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session:
            while True:
                if self._process is None or self._process.returncode is not None:
                    await self._spawn()
                if await self._answers(session):
                    return
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{self.name} does not start: see {self.log}")
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """End it as a power cut would."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """End it as an operator would; its exit code."""
        return await self._end(signal.SIGTERM)

    def pause(self) -> None:
        """Let it stand still, as a machine that swaps or a virtual machine that is moved."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def starve(self) -> None:
        """Let no file of it grow any more: what it writes fails, as on a full disk."""
        self._limit_files(4096)

    def feed(self) -> None:
        """Give it its disk back."""
        self._limit_files(resource.RLIM_INFINITY)

    def step_clock(self, seconds: float) -> None:
        """Set its clock ahead of the machine's (negative: behind)."""
        with self._clock.open("r+b") as opened:  # in place: the process has these very bytes in its memory
            opened.write(OFFSET.pack(seconds))

    @property
    def log(self) -> Path:
        """Where its lines are kept."""
        return self.folder / f"{self.name}.log"

    async def keep_alive(self) -> None:
        """Start it again whenever it ended by itself, as a supervisor does; runs until it is cancelled."""
        while True:
            await asyncio.sleep(0.2)
            if self._wanted and not self.busy and self._process is not None and self._process.returncode is not None:
                began = time.time()
                self.unexpected.append(f"{self.name} ended by itself with {self._process.returncode}")
                await self.start()
                self.outages.append(Outage(self.name, "ended by itself", began, began, time.time()))

    async def _spawn(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tools.chaos_served", *self.arguments,
            cwd=ROOT,
            env={**os.environ, **self.environment, CLOCK: str(self._clock), "HEQI_SERVER__PORT": str(self.port)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            limit=1 << 20,
        )  # fmt: skip
        self._reading = asyncio.create_task(self._read(self._process))

    async def _answers(self, session: aiohttp.ClientSession) -> bool:
        if not self.port:
            return False
        try:
            async with session.get(f"{self.base}/healthz") as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def _end(self, how: signal.Signals) -> int:
        self._wanted = False
        process = self._process
        if process is None:
            return 0
        if process.returncode is None:
            process.send_signal(how)
        async with asyncio.timeout(_END):
            code = await process.wait()
        if self._reading is not None:
            await self._reading
        return code

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)

    def _limit_files(self, size: int) -> None:
        if self._process is None or self._process.returncode is not None:
            return
        _, hard = resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (size, hard))

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        if process.stderr is None:
            raise RuntimeError("its log is not read")
        with self.log.open("ab") as log:
            while line := await process.stderr.readline():
                log.write(line)
                if line.startswith(b"{"):
                    self._heed(json.loads(line))

    def _heed(self, told: dict[str, Any]) -> None:
        match told.get("event"):
            case "turn":
                at = datetime.fromisoformat(told["timestamp"]).timestamp()
                self.worked.append(Worked(told["event_id"], at, self.name))
            case "listening":
                self.port = told["port"]
            case _:
                pass


class Database(PostgresServer):
    """A PostgreSQL server that can be killed and started again on what is left."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._folder = folder
        self._command = self._server.args
        self.outages: list[Outage] = []
        self.busy = False

    def kill(self) -> None:
        """End it as a power cut would."""
        self._admin.close()
        self._server.kill()
        self._server.wait()

    def start(self) -> None:
        """Start it on what is left; returns when it answers. Blocks."""
        # The children of a killed server end a moment later, and until then it does not start.
        deadline = time.monotonic() + _START
        while time.monotonic() < deadline:
            with (self._home / "log").open("ab") as log:
                self._server = subprocess.Popen(  # noqa: S603 - the command of its first start
                    self._command, user=self._user, cwd=self._home, stdout=log, stderr=log
                )
            if self._is_up(deadline):
                return
            time.sleep(0.1)
        raise TimeoutError("the database does not start")

    def _is_up(self, deadline: float) -> bool:
        while self._server.poll() is None and time.monotonic() < deadline:
            try:
                self._admin = psycopg.connect(self.url("postgres"), autocommit=True)
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return True
        return False


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
