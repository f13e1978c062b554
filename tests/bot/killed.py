"""A process of the core to be killed: the real store, engine, inbox, turns and outbox, fed over standard input.

Each line in is a JSON event; it is answered by its number once it was accepted. The platform is a file that every
delivery is appended to, flushed to the disk before the call returns, as a platform would keep it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys

import structlog

from adapters.ports import Outgoing
from bot.clocks import SystemClock
from bot.store import Store
from dialogs.events import AgentChose, BuyerWrote
from dialogs.messages import Choice
from tests.bot.house import House
from tests.fakes import RecordingChannel


class FileChannel(RecordingChannel):
    """Appends what it is given to a file."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def send(self, outgoing: Outgoing) -> str:
        await asyncio.sleep(0.002)  # the way to the platform: a kill may come here
        os.write(self._file, (json.dumps([outgoing.key, outgoing.chat, outgoing.text]) + "\n").encode())
        os.fsync(self._file)
        await asyncio.sleep(0.002)  # and back
        return outgoing.key


async def main(url: str, platform: str) -> None:
    """Serve until standard input ends, then finish what is open."""
    house = House(await Store.open(url), clock=SystemClock(), channel=FileChannel(platform))
    await house.worker.start()
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    accepting: set[asyncio.Task[None]] = set()
    while line := await reader.readline():
        task = asyncio.create_task(_accept(house, json.loads(line)))
        accepting.add(task)
        task.add_done_callback(accepting.discard)
    await asyncio.gather(*accepting)
    await house.engine.drain()
    await house.engine.stop()
    await house.store.close()


async def _accept(house: House, told: dict[str, str]) -> None:
    body = BuyerWrote(text=told["text"])
    if told["type"] == "choice":
        conversation_id = await house.chats.conversation_of("shop-fake", told["chat"])
        choice = AgentChose(choice=Choice(agent="小王", seller_text=told["text"]))
        event = house.event(choice, account="desk", conversation_id=conversation_id, external_id=told["id"])
    else:
        event = house.event(body, chat=told["chat"], external_id=told["id"])
    await house.inbox.accept(event)
    sys.stdout.write(told["id"] + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(100))
    asyncio.run(main(*sys.argv[1:]))
