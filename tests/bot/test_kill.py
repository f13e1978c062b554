"""Killed at any instant, nothing is lost, doubled or out of order; what may have been sent says so."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
from collections import defaultdict
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.store import Store
from bot.store.schema import conversations, deliveries, events, messages, turns

ROOT = Path(__file__).parents[2]
CHATS = 25
ROUNDS = 20  # a message and its answer in every chat: 500 messages and 500 answers
KILLS = 7

Told = dict[str, str]


class Process:
    """The core in a process of its own, fed with ``work``; it ends by itself only if ``to_the_end``."""

    def __init__(self, url: str, platform: Path, work: list[Told], *, to_the_end: bool) -> None:
        self.accepted: list[str] = []
        self._work = work
        self._to_the_end = to_the_end
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bot.killed", url, str(platform)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._threads = (threading.Thread(target=self._feed), threading.Thread(target=self._listen))
        for thread in self._threads:
            thread.start()

    def kill_after(self, accepted: int, *, more: float) -> None:
        """Kill it ``more`` seconds after it told that so many events are stored."""
        while len(self.accepted) < accepted and self._threads[1].is_alive():
            self._threads[1].join(0.001)
        self._threads[1].join(more)
        self._process.send_signal(signal.SIGKILL)

    def end(self) -> int:
        """Wait for its end and return its code."""
        for thread in self._threads:
            thread.join()
        self._process.stdout.close()
        if not self._process.stdin.closed:
            self._process.stdin.detach().close()
        return self._process.wait()

    def _feed(self) -> None:
        try:
            for told in self._work:
                self._process.stdin.write((json.dumps(told) + "\n").encode())
            self._process.stdin.flush()
        except BrokenPipeError:  # it was killed while it was fed
            return
        if self._to_the_end:
            self._process.stdin.close()

    def _listen(self) -> None:
        for line in self._process.stdout:
            self.accepted.append(line.decode().strip())


def _work() -> list[Told]:
    """A day: in each round every buyer writes and every one is answered."""
    return [
        {"type": kind, "chat": f"chat{chat}", "id": f"{kind}-{chat}-{number}", "text": f"{kind} {number:02}"}
        for number in range(ROUNDS)
        for kind in ("buyer", "choice")
        for chat in range(CHATS)
    ]


def _live_through(url: str, platform: Path, chance: random.Random) -> None:
    """Feed the day; after each kill the platform tells again what it has no acknowledgement for, and some it has."""
    work, acknowledged = _work(), set[str]()
    share = len(work) // (KILLS + 1)
    for _ in range(KILLS):
        open_ = [told for told in work if told["id"] not in acknowledged]
        again = [told for told in work if told["id"] in acknowledged][-5:]
        process = Process(url, platform, again + open_, to_the_end=False)
        process.kill_after(chance.randrange(1, share), more=chance.random() * 0.05)
        assert process.end() == -signal.SIGKILL
        acknowledged.update(process.accepted)
    last = Process(url, platform, [told for told in work if told["id"] not in acknowledged], to_the_end=True)
    assert last.end() == 0


@pytest.mark.parametrize("seed", [1, 2])
async def test_killed_again_and_again(tmp_path: Path, seed: int) -> None:
    url, platform = f"sqlite:///{tmp_path / 'heqi.sqlite'}", tmp_path / "platform.jsonl"
    _live_through(url, platform, random.Random(seed))  # noqa: S311 - repeatable moments, no secret

    store = await Store.open(url)
    lines = await store.read(
        lambda conn: conn.execute(
            select(conversations.c.chat, messages.c.text)
            .join_from(messages, conversations)
            .order_by(conversations.c.chat, messages.c.seq)
        ).all()
    )
    sent = await store.read(
        lambda conn: conn.execute(
            select(deliveries.c.key, deliveries.c.state, deliveries.c.chat, messages.c.text).join_from(
                deliveries, messages
            )
        ).all()
    )
    states = await store.read(
        lambda conn: dict(
            conn.execute(
                select(events.c.state, func.count()).where(events.c.type != "delivery_failed").group_by(events.c.state)
            ).all()
        )
    )
    told = await store.read(
        lambda conn: conn.execute(
            select(func.count()).where(events.c.type == "delivery_failed", events.c.state == "done")
        ).scalar()
    )
    decided = await store.read(lambda conn: conn.execute(select(func.count()).select_from(turns)).scalar())
    await store.close()

    # Every message once and in order, every answer at its place, every event worked on once.
    talks = defaultdict(list)
    for chat, text in lines:
        talks[chat].append(text)
    talk = [text for number in range(ROUNDS) for text in (f"buyer {number:02}", f"ES:choice {number:02}")]
    assert talks == {f"chat{chat}": talk for chat in range(CHATS)}
    assert states == {"done": 2 * CHATS * ROUNDS}
    # Each ambiguous delivery was told to its conversation, which decided what that means.
    assert told == sum(delivery.state == "ambiguous" for delivery in sent)
    assert decided == 2 * CHATS * ROUNDS + told

    # Every answer reached the platform once and in order, or says that it may not have.
    arrived = defaultdict(list)
    keys = []
    for line in platform.read_text().splitlines():
        key, chat, text = json.loads(line)
        arrived[chat].append(text)
        keys.append(key)
    assert len(keys) == len(set(keys))
    assert all(texts == sorted(texts) for texts in arrived.values())
    for delivery in sent:
        assert delivery.state in {"sent", "ambiguous"}
        assert delivery.state == "ambiguous" or delivery.key in keys
    assert len(sent) == CHATS * ROUNDS
    assert sum(delivery.state == "ambiguous" for delivery in sent) <= KILLS * CHATS
