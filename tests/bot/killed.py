"""A process of the core to be killed: the real store, engine, inbox, turns and outbox, fed over standard input.

Each line in is an event as JSON; its id is told on standard output once it was accepted. The platform is a file that
every delivery is appended to and that is flushed to the disk before the call returns, as a platform would keep it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys

import structlog

from adapters.ports import Outgoing
from bot.clocks import SystemClock
from bot.store import Store
from tests.bot.house import ACCOUNT, House
from tests.fakes import RecordingChannel


class FileChannel(RecordingChannel):
    """Appends what it is given to a file."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def send(self, outgoing: Outgoing) -> str:
        await asyncio.sleep(0.001)  # the way to the platform: the kill may come here
        os.write(self._file, (json.dumps([outgoing.key, outgoing.chat, outgoing.text]) + "\n").encode())
        os.fsync(self._file)
        await asyncio.sleep(0.001)  # and the way back
        return outgoing.key


async def main(url: str, platform: str) -> None:
    """Accept until standard input ends, then finish what is open."""
    house = House(await Store.open(url), clock=SystemClock(), channel=FileChannel(platform))
    await house.start()
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    chats: dict[str, asyncio.Task[None]] = {}
    while line := await reader.readline():
        told = json.loads(line)
        chats[told["chat"]] = asyncio.create_task(_accept(house, told, after=chats.get(told["chat"])))
    await asyncio.gather(*chats.values())
    await house.engine.drain()
    await house.engine.stop()
    await house.store.close()


async def _accept(house: House, told: dict[str, str], *, after: asyncio.Task[None] | None) -> None:
    if after is not None:
        await after
    if told["type"] == "choice":
        conversation_id = await house.chats.conversation_of(ACCOUNT, told["chat"])
        event = house.choice_of(conversation_id, told["text"], external_id=told["id"])
    else:
        event = house.event_of(told["text"], chat=told["chat"], external_id=told["id"])
    await house.inbox.accept(event)
    sys.stdout.write(told["id"] + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    asyncio.run(main(*sys.argv[1:]))
