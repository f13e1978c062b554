"""The whole product in a process of its own, as ``heqi serve`` runs it, to be talked to, killed and started again."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

START_SECONDS = 60  # a slow machine that runs other tests beside


@dataclass
class Product:
    """One installation in a folder; ``process`` is the running service."""

    folder: Path
    port: int
    environment: Mapping[str, str]
    process: asyncio.subprocess.Process | None = None
    _log: list[bytes] = field(default_factory=list)
    _reading: asyncio.Task[None] | None = None

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Start the service and wait until it answers."""
        self.process = await self._run("serve", stderr=asyncio.subprocess.PIPE)
        self._reading = asyncio.create_task(self._read(self.process))
        async with asyncio.timeout(START_SECONDS), aiohttp.ClientSession() as session:
            while True:
                assert self.process.returncode is None, self.log
                try:
                    async with session.get(f"{self.base}/healthz") as answer:
                        assert answer.status == 200
                        return
                except aiohttp.ClientConnectionError:
                    await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """End it as a power cut would."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """End it as an operator would."""
        await self._end(signal.SIGTERM)

    async def _end(self, how: signal.Signals) -> None:
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(how)
        async with asyncio.timeout(30):
            await self.process.wait()
        assert self._reading is not None
        await self._reading

    async def command(self, *arguments: str) -> str:
        """Run another command of the product and return what it prints."""
        process = await self._run(*arguments, stdout=asyncio.subprocess.PIPE)
        out, _ = await process.communicate()
        assert process.returncode == 0
        return out.decode()

    async def link_of(self, name: str, *, role: str = "agent") -> str:
        """Add an agent and return the token of the one-time link."""
        printed = await self.command("agent", "add", name, "--role", role)
        found = re.search(r"/login/([\w-]+)", printed)
        assert found is not None, printed
        return found[1]

    async def conversations(self) -> list[dict[str, Any]]:
        """All conversations with all their lines."""
        exported = await self.command("export", "--all")
        conversations: list[dict[str, Any]] = json.loads(exported)["conversations"]
        return conversations

    @property
    def log(self) -> str:
        """What the service has logged."""
        return b"".join(self._log).decode()

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        while line := await process.stderr.readline():
            self._log.append(line)

    async def _run(self, *arguments: str, **pipes: int) -> asyncio.subprocess.Process:
        config = str(self.folder / "heqi.toml")
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", *arguments, "--config", config, env={**os.environ, **self.environment}, **pipes
        )


@asynccontextmanager
async def product(folder: Path, settings: str, **environment: str) -> AsyncIterator[Product]:
    """An installation with these settings (and a free port); whatever still runs in the end is killed."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    text = f'data = "var"\n[server]\nport = {port}\n{settings}'
    (folder / "heqi.toml").write_text(text, encoding="utf-8")
    running = Product(folder, port, environment)
    try:
        yield running
    finally:
        if running.process is not None and running.process.returncode is None:
            await running.kill()


async def eventually(check: Any, *, seconds: float = 30) -> Any:
    """What ``check()`` returns as soon as it is true; a broken product fails by the limit."""
    async with asyncio.timeout(seconds):
        while not (found := check()):
            await asyncio.sleep(0.02)
    return found
