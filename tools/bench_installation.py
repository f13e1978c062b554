"""An installation that is measured: the product's processes, a translation engine, and load at its door."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import create_engine, select

from bot.store.schema import events
from tools.bench_database import Postgres
from tools.bench_load import ACCOUNT, SECRET, Plan, Stream, Told
from tools.bench_report import Cpu, loop_ms
from tools.bench_served import COUNTS
from tools.chaos_check import address

ROOT: Final = Path(__file__).parents[1]
_PATIENCE: Final = 300.0  # seconds a load may take, on a machine that is busy with everything else
_START: Final = 90.0
_LOOK: Final = 0.05  # seconds between two looks at the logs

SETTINGS: Final = """
data = "var"
[database]
url = "{database}"
[[engines]]
name = "libretranslate"
url = "{engine}"
timeout = 60
[[accounts]]
channel = "bridge"
id = "{account}"
shop = "main"
url = "{engine}"
secret_env = "BENCH_BRIDGE"
i_know_the_risk = true
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What came of a load. Times in seconds; CPU by kind of process; ``others``: cores the rest of the machine used."""

    taking: dict[str, float]  # from a request to its 2xx, by message
    storing: dict[str, float]  # from the 2xx to the stored turn
    stored: dict[str, float]  # from the first request of all to the stored turn
    posting: float  # from the first request to the last 2xx
    cpu: dict[str, float]
    translated: int
    others: float
    loop_ms: float

    @property
    def turns(self) -> int:
        """How many messages became turns."""
        return len(self.storing)

    @property
    def seconds(self) -> float:
        """From the first request to the last stored turn."""
        return max(self.stored.values())

    @property
    def rate(self) -> float:
        """Turns a second."""
        return self.turns / self.seconds

    def stored_after(self, stream: str) -> float:
        """Seconds from the first request of all to the last stored turn of a stream."""
        return max(seconds for name, seconds in self.stored.items() if name.startswith(f"{stream}-"))


@dataclass(slots=True)
class Process:
    """One process of the product; its log is a file."""

    role: str
    log: Path
    popen: subprocess.Popen[bytes]
    port: int = 0
    _read: int = 0
    _part: bytes = b""

    def lines(self) -> Iterator[dict[str, object]]:
        """What it has logged since it was asked before."""
        with self.log.open("rb") as log:
            log.seek(self._read)
            new = log.read()
        self._read += len(new)
        *whole, self._part = (self._part + new).split(b"\n")
        for line in whole:
            if line.startswith(b"{"):
                yield json.loads(line)

    def check(self) -> None:
        """See that it runs.

        Raises:
            RuntimeError: it has ended; with its last words.
        """
        if self.popen.poll() is not None:
            raise RuntimeError(f"the {self.role} process ended with {self.popen.returncode}: {self.last_words()}")

    def last_words(self) -> str:
        """The end of its log."""
        return self.log.read_text("utf-8", "replace")[-2000:]


@dataclass(slots=True)
class Installation:
    """Running processes over one database."""

    database: str
    url: str  # of the engine
    processes: list[Process]
    kinds: dict[str, list[int]]  # pids by kind, without PostgreSQL
    postgres: Postgres | None
    _cpu: Cpu = field(default_factory=Cpu)

    def load(self, *streams: Stream) -> Measured:
        """Have it all said, wait until every turn is stored, and tell what it took."""
        wanted = sum(stream.messages for stream in streams)
        before, machine, ours = self._used(), self._cpu.of_machine(), _own_cpu()
        translated, loops, began = self._translated(), [loop_ms()], time.monotonic()
        told, stored = self._talk(Plan(self._door, streams), wanted)
        wall = time.monotonic() - began
        used = {kind: seconds - before[kind] for kind, seconds in self._used().items()}
        busy = self._cpu.of_machine() - machine - (_own_cpu() - ours) - sum(used.values())
        loops.append(loop_ms())
        names = self._names([stream.name for stream in streams])
        at = {names[event]: moment for event, moment in stored.items()}
        first = min(told.posted.values())
        return Measured(
            taking={name: told.taken[name] - posted for name, posted in told.posted.items()},
            storing={name: max(at[name] - taken, 0.0) for name, taken in told.taken.items()},
            stored={name: moment - first for name, moment in at.items()},
            posting=max(told.taken.values()) - first,
            cpu={**used, "generator": told.cpu},
            translated=self._translated() - translated,
            others=max(busy, 0.0) / wall,
            loop_ms=sum(loops) / len(loops),
        )

    @property
    def _door(self) -> str:
        serving = next(process for process in self.processes if process.role != "worker")
        return f"http://127.0.0.1:{serving.port}"

    def _talk(self, plan: Plan, wanted: int) -> tuple[Told, dict[int, float]]:
        """The generator's account, and when which event's turn was stored."""
        stored: dict[int, float] = {}
        deadline = time.monotonic() + _PATIENCE
        with tempfile.TemporaryFile("w+b") as out:
            generator = subprocess.Popen(
                [sys.executable, "-m", "tools.bench_load"], cwd=ROOT, stdin=subprocess.PIPE, stdout=out
            )
            try:
                if generator.stdin is None:
                    raise RuntimeError("the generator cannot be told what to do")
                with generator.stdin as plans:
                    plans.write(json.dumps(asdict(plan)).encode())
                while len(stored) < wanted or generator.poll() is None:
                    if generator.poll():
                        raise RuntimeError(f"the generator ended with {generator.returncode}")
                    if time.monotonic() > deadline:
                        words = "\n".join(process.last_words() for process in self.processes)
                        raise TimeoutError(f"{len(stored)} of {wanted} turns stored in {_PATIENCE:.0f} s: {words}")
                    time.sleep(_LOOK)
                    self._follow(stored)
            finally:
                generator.kill()
                generator.wait()
            out.seek(0)
            return Told(**json.load(out)), stored

    def _follow(self, stored: dict[int, float]) -> None:
        for process in self.processes:
            process.check()
            for line in process.lines():
                if line.get("event") == "turn" and line.get("type") == "buyer_wrote":
                    stored[int(str(line["event_id"]))] = datetime.fromisoformat(str(line["timestamp"])).timestamp()

    def _names(self, streams: Sequence[str]) -> dict[int, str]:
        engine = create_engine(address(self.database))
        try:
            with engine.connect() as conn:
                return {
                    event: name
                    for event, name in conn.execute(select(events.c.id, events.c.external_id))
                    if name.partition("-")[0] in streams
                }
        finally:
            engine.dispose()

    def _used(self) -> dict[str, float]:
        used = {kind: sum(self._cpu.of(pid) for pid in pids) for kind, pids in self.kinds.items()}
        if self.postgres is not None:
            used["postgresql"] = self._cpu.of_family(self.postgres.pid)
        return used

    def _translated(self) -> int:
        with urllib.request.urlopen(f"{self.url}/count", timeout=10) as answer:  # noqa: S310 - our own stub
            return int(answer.read())


@contextmanager
def installation(
    roles: Sequence[str],
    *,
    delay: float,
    postgres: Postgres | None = None,
    counts: Path | None = None,
    logged: bool = False,
) -> Iterator[Installation]:
    """Processes of these roles, on SQLite or on a new database of a server; the engine needs ``delay`` seconds.

    Statements are counted in the file ``counts`` (SQLite), or with ``logged`` logged by the server (PostgreSQL).
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="heqi-bench-")))
        engine, url = stack.enter_context(_engine(delay))
        database = f"sqlite:///{folder / 'heqi.sqlite'}" if postgres is None else postgres.new_database()
        if postgres is not None and logged:
            postgres.log_statements(database)
        settings = SETTINGS.format(database=database, engine=url, account=ACCOUNT)
        (folder / "heqi.toml").write_text(settings, encoding="utf-8")
        processes = []
        for number, role in enumerate(roles):
            process = stack.enter_context(_process(folder, f"{role}-{number}", role, counts))
            processes.append(process)
            if not number:  # it makes the tables the others find
                _wait_until_listening(process)
        for process in processes[1:]:
            _wait_until_listening(process)
        kinds: dict[str, list[int]] = {"engine": [engine]}
        for process in processes:
            kinds.setdefault(process.role, []).append(process.popen.pid)
        yield Installation(database, url, processes, kinds, postgres)


@contextmanager
def starting(folder: Path) -> Iterator[int]:
    """A service with an empty database in a folder and no engine, which says it is ready; its pid."""
    (folder / "heqi.toml").write_text('data = "var"\nengines = []\n', encoding="utf-8")
    with _process(folder, "all", "all", None) as process:
        _wait_until_listening(process)
        with urllib.request.urlopen(f"http://127.0.0.1:{process.port}/readyz", timeout=10):
            yield process.popen.pid


@contextmanager
def _engine(delay: float) -> Iterator[tuple[int, str]]:
    engine = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "tools.bench_engine", str(delay)], cwd=ROOT, stdout=subprocess.PIPE
    )
    try:
        if engine.stdout is None:
            raise RuntimeError("the engine cannot tell its port")
        with engine.stdout as told:
            port = int(told.readline())
        yield engine.pid, f"http://127.0.0.1:{port}"
    finally:
        engine.kill()
        engine.wait()


@contextmanager
def _process(folder: Path, name: str, role: str, counts: Path | None) -> Iterator[Process]:
    module = "bot" if counts is None else "tools.bench_served"
    environment = {**os.environ, "BENCH_BRIDGE": SECRET, "HEQI_SERVER__PORT": "0"}
    if counts is not None:
        environment[COUNTS] = str(counts)
    arguments = ["serve", "--role", role, "--config", str(folder / "heqi.toml")]
    log = folder / f"{name}.log"
    with log.open("wb") as opened:
        popen = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", module, *arguments], cwd=ROOT, env=environment, stderr=opened
        )
    try:
        yield Process(role, log, popen)
    finally:
        popen.send_signal(signal.SIGTERM)
        try:
            popen.wait(timeout=30)
        except subprocess.TimeoutExpired:
            popen.kill()
            popen.wait()


def _wait_until_listening(process: Process) -> None:
    deadline = time.monotonic() + _START
    while not process.port:
        process.check()
        if time.monotonic() > deadline:
            raise TimeoutError(f"the {process.role} process did not start")
        for line in process.lines():
            if line.get("event") == "listening":
                process.port = int(str(line["port"]))
        time.sleep(0.02)


def _own_cpu() -> float:
    """CPU of this process and of the generators that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)
