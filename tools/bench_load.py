"""Buyers in a process of their own, who write through a bridge's signed door. Part of ``make bench``.

``python -m tools.bench_load`` reads a ``Plan`` as JSON from standard input and prints a ``Told`` as JSON. Other modules
import the two from here.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import aiohttp
import uvloop

ACCOUNT: Final = "br"
KEY: Final = b"the secret of the bridge of a measurement"
SECRET: Final = "whsec_" + base64.b64encode(KEY).decode()
CONNECTIONS: Final = 64  # requests at a time of one stream

MESSAGES: Final = (
    "Hola, hice el pedido 8124507731046 hace 32 días y todavía no ha llegado. ¿Dónde está mi paquete?",
    "O produto chegou quebrado, quero meu dinheiro de volta. Mandei as fotos.",
    "Здравствуйте, трек-номер RX482913650CN не отслеживается уже две недели!!!",
    "Bonjour, j'ai reçu une taille S au lieu de M, est-ce que je peux l'échanger ?",
    "Die Sendung gilt als zugestellt, aber ich habe nichts bekommen.",
    "السلام عليكم، المنتج لا يعمل وأريد استرجاع المبلغ 25.50 دولار",
    "주문번호 8125330194772 취소하고 싶어요. 아직 발송 전이죠?",
    "マグカップを4個注文しましたが、3個しか入っていませんでした。",
    "Send me $40 or I will leave ten bad reviews about your shop.",
    "Thank you so much, everything is perfect!",
    "ok",
    "Ürün hâlâ gelmedi, ne zaman teslim edilecek?",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """``chats`` buyers say ``each`` things; ``name`` begins the ids of all of it.

    ``rate`` is in messages a second of all of them together; without it a buyer says the next thing as soon as the last
    one is taken, or with ``at_once`` without waiting for anything.
    """

    name: str
    chats: int
    each: int
    rate: float | None = None
    at_once: bool = False

    @property
    def messages(self) -> int:
        """How much is said."""
        return self.chats * self.each


@dataclass(frozen=True, slots=True)
class Plan:
    """What is said at the same time at the door of ``base`` (its address)."""

    base: str
    streams: Sequence[Stream]


@dataclass(slots=True)
class Told:
    """When each message was posted and when it was taken (Unix seconds), by id; CPU seconds it took to say them."""

    posted: dict[str, float] = field(default_factory=dict)
    taken: dict[str, float] = field(default_factory=dict)
    cpu: float = 0.0


class Buyers:
    """All who write of one stream, over connections of their own: nobody waits behind another stream here."""

    def __init__(self, base: str, session: aiohttp.ClientSession, told: Told) -> None:
        self._url = f"{base}/bridge/{ACCOUNT}"
        self._session = session
        self._told = told

    async def say(self, stream: Stream) -> None:
        """Say everything of a stream."""
        if stream.rate is not None:
            await self._keep_pace(stream, stream.rate)
        elif stream.at_once:
            await self._all(
                self._post(stream.name, n % stream.chats, n // stream.chats) for n in range(stream.messages)
            )
        else:
            await self._all(self._one_by_one(stream, chat) for chat in range(stream.chats))

    async def _one_by_one(self, stream: Stream, chat: int) -> None:
        for number in range(stream.each):
            await self._post(stream.name, chat, number)

    async def _keep_pace(self, stream: Stream, rate: float) -> None:
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for n in range(stream.messages):
                await asyncio.sleep(began + n / rate - time.monotonic())
                group.create_task(self._post(stream.name, n % stream.chats, n // stream.chats))

    async def _all(self, posts: Any) -> None:  # noqa: ANN401 - coroutines
        async with asyncio.TaskGroup() as group:
            for post in posts:
                group.create_task(post)

    async def _post(self, stream: str, chat: int, number: int) -> None:
        name = f"{stream}-{chat:04}-{number:05}"
        body = json.dumps(_message(stream, chat, number, name)).encode()
        self._told.posted[name] = time.time()
        async with self._session.post(self._url, data=body, headers=_signed(name, body)) as answer:
            if answer.status != 200:
                raise RuntimeError(f"the door answered {answer.status} to {name}")
            self._told.taken[name] = time.time()


def _message(stream: str, chat: int, number: int, name: str) -> Mapping[str, Any]:
    buyer = f"{stream}-{chat}"
    words = MESSAGES[(chat + number) % len(MESSAGES)]
    return {
        "type": "message",
        "id": name,
        "ts": int(time.time()),
        "conversation_id": buyer,
        "contact": {"id": buyer, "name": f"Buyer {chat}"},
        # A name that is never said twice, so that no translation comes from the memory.
        "text": f"{words} {_spoken(name)}",
    }


def _spoken(name: str) -> str:
    """Letters instead of digits: numbers are taken out of a text before it is translated."""
    digest = hashlib.blake2b(name.encode(), digest_size=6).digest()
    return "".join("bdfgklmnprstvzhj"[byte >> 4] + "aeiou"[byte % 5] for byte in digest).capitalize()


def _signed(name: str, body: bytes) -> dict[str, str]:
    at = str(int(time.time()))
    digest = hmac.new(KEY, f"{name}.{at}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": name,
        "webhook-timestamp": at,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
        "content-type": "application/json",
    }


async def talk(plan: Plan) -> Told:
    """Say everything; returns when all of it is taken."""
    told = Told()
    before = _cpu()
    async with asyncio.TaskGroup() as group:
        for stream in plan.streams:
            group.create_task(_say(plan.base, stream, told))
    told.cpu = _cpu() - before
    return told


async def _say(base: str, stream: Stream, told: Told) -> None:
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=120)) as session:
        await Buyers(base, session, told).say(stream)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Do what standard input says."""
    asked = json.load(sys.stdin)
    plan = Plan(asked["base"], [Stream(**stream) for stream in asked["streams"]])
    json.dump(asdict(uvloop.run(talk(plan))), sys.stdout)


if __name__ == "__main__":
    main()
