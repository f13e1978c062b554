"""The people of a chaos run: buyers who write numbered messages, through the bridge or Telegram, and who answers them.

Like the platforms they stand for, they tell a thing again until they hear that it is stored, and sometimes again after
that.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp

from tools.chaos_platform import Platform
from tools.chaos_served import SELLER
from tools.chaos_telegram import ChaosTelegram

ACCOUNT: Final = "br"
TELEGRAM: Final = "tg"
KEY: Final = b"the secret of the bridge of a chaos run"
SECRET: Final = "whsec_" + base64.b64encode(KEY).decode()

SAID: Final = (
    "Hola, ¿dónde está mi pedido? Ya van {number} días.",
    "Здравствуйте, где мой заказ? Жду уже {number} дней.",
    "Hallo, wo ist meine Bestellung? Ich warte seit {number} Tagen.",
    "Bonjour, où est ma commande ? J'attends depuis {number} jours.",
)
TYPED: Final = "包裹已经寄出，编号 {number}，请再等一等。"
_NTH_ON_TELEGRAM: Final = 8  # of the chats
_TWICE, _LATER_AGAIN, _WATCHED, _RECEIPT = 0.05, 0.03, 0.1, 0.2  # how often of once
_PAUSE: Final = (0.05, 0.4)  # seconds before a thing is told again
_TIMEOUT: Final = aiohttp.ClientTimeout(total=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How much is said: ``messages`` by ``chats`` buyers at ``rate`` a second, every ``nth`` of them is answered."""

    messages: int
    chats: int
    rate: float
    nth: int = 2

    @property
    def each(self) -> int:
        """Messages of one buyer."""
        return self.messages // self.chats

    @property
    def said(self) -> int:
        """Messages and replies of all."""
        return self.chats * (self.each + -(-self.each // self.nth))


@dataclass(slots=True)
class Ledger:
    """What the product has said to be stored: when (Unix seconds), by the id it was told under."""

    said: dict[str, str] = field(default_factory=dict)  # the words, by id, whether stored or not
    accepted: dict[str, float] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)  # ids by what the product calls them, where it chooses
    told: Counter[str] = field(default_factory=Counter)
    strange: list[str] = field(default_factory=list)  # answers nobody should get


@dataclass(slots=True)
class Brake:
    """Keeps the pace, and waits while the product has too much to do."""

    rate: float
    pressed: bool = False
    _next: float = 0.0

    async def pass_one(self) -> None:
        """Wait for one's place."""
        now = time.monotonic()
        self._next = max(self._next, now) + 1 / self.rate
        await asyncio.sleep(self._next - now)
        while self.pressed:  # noqa: ASYNC110 - all who wait are let go by one line
            await asyncio.sleep(0.05)


class People:
    """All who talk to the product at ``base`` (its address, which is asked each time)."""

    def __init__(
        self,
        load: Load,
        ledger: Ledger,
        brake: Brake,
        platform: Platform,
        telegram: ChaosTelegram,
        *,
        base: Callable[[], str],
        seed: int,
    ) -> None:
        self._load = load
        self._ledger = ledger
        self._brake = brake
        self._platform = platform
        self._telegram = telegram
        self._base = base
        self._seed = seed
        self._session: aiohttp.ClientSession | None = None

    async def talk(self) -> None:
        """Say everything there is to say; returns when all of it is stored."""
        async with aiohttp.ClientSession(timeout=_TIMEOUT, connector=aiohttp.TCPConnector(limit=64)) as self._session:
            receipts = asyncio.create_task(self._receipts())
            try:
                async with asyncio.TaskGroup() as group:
                    for chat in range(self._load.chats):
                        group.create_task(self._chat(chat))
            finally:
                receipts.cancel()
                await asyncio.gather(receipts, return_exceptions=True)

    async def _chat(self, chat: int) -> None:
        chance = random.Random(f"{self._seed} {chat}")  # noqa: S311 - repeatable, no secret
        to_answer: asyncio.Queue[int | None] = asyncio.Queue()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._seller(chat, to_answer, chance))
            await asyncio.sleep(chance.random() * self._load.chats / self._load.rate)
            for number in range(self._load.each):
                await self._brake.pass_one()
                await self._buyer_says(chat, number, chance)
                if number % self._load.nth == 0:
                    to_answer.put_nowait(number)
            to_answer.put_nowait(None)

    async def _buyer_says(self, chat: int, number: int, chance: random.Random) -> None:
        name = buyer_id(chat, number)
        text = SAID[chat % len(SAID)].format(number=number)
        self._ledger.said[name] = text
        if is_on_telegram(chat):
            update = self._telegram.buyer_says(int(chat_id(chat)), text)
            self._ledger.aliases[f"{chat_id(chat)}:{update['message']['message_id']}"] = name
            self._ledger.accepted[name] = time.time()
            return
        event = _message(chat, name, text)
        if chance.random() < _TWICE:
            self._ledger.told["twice at once"] += 1
            await asyncio.gather(self._tell(event, chance), self._tell(event, chance))
        else:
            await self._tell(event, chance)
        self._ledger.accepted.setdefault(name, time.time())
        if number and chance.random() < _LATER_AGAIN:
            self._ledger.told["again later"] += 1
            earlier = buyer_id(chat, chance.randrange(number))
            await self._tell(_message(chat, earlier, self._ledger.said[earlier]), chance)

    async def _seller(self, chat: int, to_answer: asyncio.Queue[int | None], chance: random.Random) -> None:
        while (number := await to_answer.get()) is not None:
            name = seller_id(chat, number)
            self._ledger.said[name] = TYPED.format(number=1000 + number)
            is_watched = chance.random() < _WATCHED
            asked = {
                "id": name,
                "account": TELEGRAM if is_on_telegram(chat) else ACCOUNT,
                "chat": chat_id(chat),
                "text": self._ledger.said[name],
                "wait": is_watched,
            }
            body = json.dumps(asked).encode()
            answer = await self._post(SELLER, body, lambda: {"content-type": "application/json"}, chance)
            self._ledger.accepted[name] = time.time()
            if is_watched:
                self._ledger.told[f"outcome {json.loads(answer)['outcome']}"] += 1

    async def _receipts(self) -> None:
        """Some of what the platform took is reported as delivered, a little later."""
        chance = random.Random(f"{self._seed} receipts")  # noqa: S311
        seen = 0
        while True:
            await asyncio.sleep(1)
            seen, taken = len(self._platform.taken), self._platform.taken[seen:]
            for one in taken:
                if chance.random() < _RECEIPT:
                    self._ledger.told["receipts"] += 1
                    status = {"of": one.external_id, "state": "delivered"}
                    told = {"type": "status", "id": f"s-{one.external_id}", "ts": int(time.time()), "status": status}
                    await self._tell(told, chance)

    async def _tell(self, event: dict[str, Any], chance: random.Random) -> None:
        body = json.dumps(event).encode()
        name = f"{event['type']}-{event['id']}"
        await self._post(f"/bridge/{ACCOUNT}", body, lambda: _signed(name, body), chance)

    async def _post(
        self, path: str, body: bytes, headers: Callable[[], dict[str, str]], chance: random.Random
    ) -> bytes:
        """Post until it is taken. What is refused for good is noted, and posted again all the same."""
        if self._session is None:
            raise RuntimeError("nobody talks yet")
        while True:
            try:
                async with self._session.post(self._base() + path, data=body, headers=headers()) as answer:
                    content = await answer.read()
                    if answer.status == 200:
                        return content
                    self._ledger.told[f"answer {answer.status}"] += 1
                    # 401: the product's clock was stepped too far for the signature.
                    if answer.status < 500 and answer.status != 401:
                        self._ledger.strange.append(f"{path} was answered with {answer.status}")
            except (aiohttp.ClientError, TimeoutError):
                self._ledger.told["no answer"] += 1
            await asyncio.sleep(chance.uniform(*_PAUSE))


def chat_id(chat: int) -> str:
    """What the platform calls a chat."""
    return str(34_600_000_000 + chat)


def is_on_telegram(chat: int) -> bool:
    """Whether the buyer writes to the bot, not through the bridge."""
    return chat % _NTH_ON_TELEGRAM == _NTH_ON_TELEGRAM - 1


def buyer_id(chat: int, number: int) -> str:
    """The id of a buyer's message."""
    return f"b-{chat:04}-{number:06}"


def seller_id(chat: int, number: int) -> str:
    """The id of the answer to it."""
    return f"s-{chat:04}-{number:06}"


def _message(chat: int, name: str, text: str) -> dict[str, Any]:
    phone = chat_id(chat)
    return {
        "type": "message",
        "id": name,
        "ts": int(time.time()),
        "conversation_id": phone,
        "contact": {"id": phone, "aliases": {"phone": phone}, "name": f"Buyer {chat}"},
        "text": text,
    }


def _signed(name: str, body: bytes) -> dict[str, str]:
    at = str(int(time.time()))
    digest = hmac.new(KEY, f"{name}.{at}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": name,
        "webhook-timestamp": at,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
        "content-type": "application/json",
    }
