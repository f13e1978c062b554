"""Killed at any instant, nothing is lost, doubled or out of order; what may have been sent says so."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
from collections import Counter, defaultdict
from pathlib import Path

from sqlalchemy import select

from bot.store import Store
from bot.store.schema import deliveries, events, messages
from dialogs.messages import Direction

ROOT = Path(__file__).parents[2]
CHATS = 25
ROUNDS = 20  # buyer's message and answer in each chat: 500 turns and 500 answers
KILLS = 6
SEED = 20260302


class Process:
    """The core in its own process."""

    def __init__(self, url: str, platform: Path, work: list[dict[str, str]]) -> None:
        self.accepted: set[str] = set()
        self._work = work
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.bot.killed", url, str(platform)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._threads = [threading.Thread(target=self._feed), threading.Thread(target=self._listen)]
        for thread in self._threads:
            thread.start()

    def accepted_at_least(self, count: int) -> None:
        """Wait until so many events were told to be stored, or it has ended."""
        while len(self.accepted) < count and self._threads[1].is_alive():
            self._threads[1].join(0.002)

    def end(self) -> int:
        """Wait for the end; the return code."""
        for thread in self._threads:
            thread.join()
        self.process.stdout.close()
        return self.process.wait()

    def _feed(self) -> None:
        try:
            for told in self._work:
                self.process.stdin.write((json.dumps(told) + "\n").encode())
            self.process.stdin.close()
        except BrokenPipeError:  # it was killed: that is what is tested
            pass

    def _listen(self) -> None:
        for line in self.process.stdout:
            self.accepted.add(line.decode().strip())


def _work() -> list[list[dict[str, str]]]:
    """What happens, as rounds: in each, every buyer writes and then every one is answered."""
    rounds = []
    for number in range(ROUNDS):
        for kind in ("buyer", "choice"):
            rounds.append(
                [
                    {"type": kind, "chat": f"chat{chat}", "id": f"{kind}-{chat}-{number}", "text": f"{kind} {number:02}"}
                    for chat in range(CHATS)
                ]
            )
    return rounds


async def test_killed_again_and_again(tmp_path: Path) -> None:
    url, platform = f"sqlite:///{tmp_path / 'heqi.sqlite'}", tmp_path / "platform.jsonl"
    chance, rounds = random.Random(SEED), _work()  # noqa: S311 - repeatable moments, no secret
    left = list(range(len(rounds)))
    for kill in range(KILLS):
        # Some rounds at a time; what was not told to be stored is told again by the platform, as platforms do.
        now, left = left[: len(rounds) // (KILLS + 1)], left[len(rounds) // (KILLS + 1) :]
        for index in now:
            pending = rounds[index]
            process = Process(url, platform, pending)
            if index == now[-1]:
                process.accepted_at_least(chance.randrange(1, CHATS))
                process.process.send_signal(signal.SIGKILL)
            process.end()
        del kill
