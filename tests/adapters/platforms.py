"""The platforms of the contract: each channel of the product with a server that behaves as its platform does."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from typing_extensions import override

from adapters.ports import Channel, ChatLine, Outgoing
from dialogs.messages import DeliveryState, Media
from tests.adapters.around import NOW, MemoryViews
from tests.adapters.bridge_platforms import BRIDGES, SECRET, BridgePlatform, WahaPlatform
from tests.adapters.contract import NOBODY, PHONE, PUBLIC, WAIT, Platform, Sent, Trouble, last_media, made
from tests.servers import meta, telegram
from tests.servers.bridges import bridge_server
from tests.servers.meta import MetaServer, meta_server
from tests.servers.telegram import TelegramServer, telegram_server

OWNER = 5005  # of a business account on Telegram
PATIENCE = 1.0  # seconds for an answer, where a test waits for none


# ---- web chat --------------------------------------------------------------------------------------------------------


class Lines(MemoryViews):
    """The store's lines of a chat: those that were sent."""

    def __init__(self) -> None:
        super().__init__()
        self.stored: list[ChatLine] = []

    @override
    async def lines(self, account: str, chat: str, *, after: int = 0, limit: int = 200) -> tuple[ChatLine, ...]:
        return tuple(line for line in self.stored if line.id > after)[:limit]


@dataclass
class WebChatPlatform(Platform):
    """A browser at the web chat."""

    @override
    def make(self, *, address: str | None = None) -> Channel:
        self.around.views = Lines()
        return made("webchat", {"channel": "webchat", "id": "web", "shop": "main"}, self)

    @override
    async def buyer_writes(self, text: str, message: str, *, name: str = "Ana", again: bool = False) -> bool:
        if not self.door.cookies:
            await self.door.get("/chat/web")
        told = {"text": text, "id": f"contract-{message}", "name": name}
        body = json.dumps(told).encode("ascii")
        return (await self.door.post("/chat/web/messages", content=body)).status_code == 200

    @override
    async def send(self, outgoing: Outgoing) -> str:
        """The outbox stores what was sent, and the browser reads it."""
        external_id = await self.channel.send(outgoing)
        views = self.around.views
        assert isinstance(views, Lines)
        media = () if outgoing.media is None else (outgoing.media,)
        views.stored.append(
            ChatLine(
                id=len(views.stored) + 1,
                mine=False,
                text=outgoing.text,
                at=NOW,
                media=media,
                state=DeliveryState.SENT,
                external_id=external_id,
            )
        )
        return external_id

    @override
    async def sent(self) -> list[Sent]:
        answer = await self.door.get("/chat/web/lines")
        found = []
        for line in answer.json()["lines"]:
            files = [await self.door.get(f"/chat/web/media/{quote(one['ref'])}") for one in line["media"]]
            found.append(Sent(text=line["text"], files=tuple(file.content for file in files)))
        return found

    @override
    async def forged(self) -> int | None:
        body = {"text": "Hola", "id": "contract-forged"}
        return (
            await self.door.post("/chat/web/messages", json=body, headers={"origin": "https://a.example"})
        ).status_code


# ---- Telegram --------------------------------------------------------------------------------------------------------


@dataclass
class TelegramPlatform(Platform):
    """A bot with a buyer in a private chat."""

    server: TelegramServer = field(kw_only=True)
    polling: bool = field(kw_only=True)
    ids: dict[str, int] = field(default_factory=dict)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @override
    def make(self, *, address: str | None = None) -> Channel:
        settings = {"channel": "telegram", "id": "tg", "shop": "main", "token_env": "CONTRACT_TOKEN"}
        settings |= {"api_url": address or self.server.url, "receive": "polling" if self.polling else "webhook"}
        return made("telegram", settings, self)

    @override
    async def buyer_writes(self, text: str, message: str, *, name: str = "Ana", again: bool = False) -> bool:
        return await self._tell(message, name=name, text=text)

    async def _tell(self, message: str, **content: Any) -> bool:
        number = self.ids.setdefault(message, 200 + len(self.ids))
        update = self.server.buyer_says(7001, message_id=number, **content)
        if self.polling:
            await self.server.confirmed()
            return True
        self.server.pending.remove(update)
        await self.server.called("setWebhook")
        return await self._post(update, self.server.webhook["secret_token"]) == 200

    async def _post(self, update: dict[str, Any], secret: str) -> int:
        headers = {"x-telegram-bot-api-secret-token": secret}
        return (await self.door.post("/telegram/tg", content=json.dumps(update), headers=headers)).status_code

    @override
    async def sent(self) -> list[Sent]:
        return [
            Sent(
                text=call.params.get("text") or call.params.get("caption") or "",
                buttons=tuple(_labels(call.params.get("reply_markup", {}))),
                files=tuple(content for _, content in call.files.values()),
            )
            for call in self.server.calls
            if call.method.startswith("send")
        ]

    @override
    async def fail_next(self, trouble: Trouble, *, asking: bool = False) -> None:
        method = "getMe" if asking else "sendMessage"
        match trouble:
            case Trouble.RATE_LIMITED:
                wait = int(WAIT)
                self.server.fail(method, 429, f"Too Many Requests: retry after {wait}", retry_after=wait)
            case Trouble.BAD_REQUEST:
                self.server.fail(method, 400, "Bad Request: message text is strange")
            case Trouble.FORBIDDEN:
                self.server.fail(method, 403, "Forbidden: bot was blocked by the user")
            case Trouble.BAD_TOKEN:
                self.server.token = "123456789:AAF-another-token-since-then-000000"
            case Trouble.SERVER_ERROR:
                self.server.fail(method, 502, "Bad Gateway")
            case Trouble.SILENT:
                self.server.fail(method, mode="hang")
            case Trouble.SLOW:
                self.server.fail(method, mode="hang")
                self.hurry()
            case Trouble.HALF_CLOSED:
                self.server.fail(method, mode="half")
            case Trouble.HUNG_UP:
                self.server.fail(method, mode="close")
            case Trouble.GARBAGE:
                self.server.fail(method, 200, mode="garbage")
            case Trouble.REFUSED_CONNECTION:
                await self.move(NOBODY)

    @override
    async def heal(self) -> None:
        self.server.token = telegram.TOKEN

    @override
    def attempts(self) -> int:
        return len(self.server.of("sendMessage"))

    @override
    async def buyer_attaches(self, content: bytes, message: str) -> Media:
        self.server.stored[f"F-{message}"] = content
        size = {"file_id": f"F-{message}", "file_unique_id": f"u-{message}", "width": 90, "height": 60}
        await self._tell(message, photo=[size])
        return last_media(self)

    @override
    async def lose(self, media: Media) -> None:
        self.server.stored.clear()

    @override
    async def forged(self) -> int | None:
        return None if self.polling else await self._post(self.server.buyer_says(7001, "Hola"), "guessed")


@dataclass
class TelegramBusinessPlatform(TelegramPlatform):
    """A business account the bot is connected to, with a buyer who writes to the account."""

    @override
    async def _tell(self, message: str, **content: Any) -> bool:
        if not self.server.connections:
            self.server.connect("BC-1", OWNER)
        number = self.ids.setdefault(message, 200 + len(self.ids))
        update = self.server.buyer_says(7001, message_id=number, **content)
        self.server.pending.remove(update)
        self.server.push(business_message={**update["message"], "business_connection_id": "BC-1"})
        await self.server.confirmed()
        return True


def _labels(markup: dict[str, Any]) -> list[str]:
    return [key if isinstance(key, str) else key["text"] for row in markup.get("keyboard", []) for key in row]


# ---- WhatsApp --------------------------------------------------------------------------------------------------------


@dataclass
class WhatsAppPlatform(Platform):
    """A number on the Cloud API with a buyer who wrote to it."""

    server: MetaServer = field(kw_only=True)

    @override
    def make(self, *, address: str | None = None) -> Channel:
        self.server.callbacks["application"] = f"{PUBLIC}/whatsapp/wa"
        settings = {
            "channel": "whatsapp",
            "id": "wa",
            "shop": "main",
            "phone_id": meta.PHONE_ID,
            "business_id": meta.BUSINESS_ID,
            "token_env": "CONTRACT_TOKEN",
            "app_secret_env": "CONTRACT_SECRET",
            "verify_token_env": "CONTRACT_SECRET",
            "api_url": address or self.server.url,
        }
        return made("whatsapp", settings, self)

    @override
    async def buyer_writes(self, text: str, message: str, *, name: str = "Ana", again: bool = False) -> bool:
        return await self._tell(message, name, {"type": "text", "text": {"body": text}}) == 200

    async def _tell(self, message: str, name: str, content: dict[str, Any], *, secret: str | None = None) -> int:
        words = {"from": PHONE, "id": f"wamid.in.{message}", "timestamp": "1772445600", **content}
        value = {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "15550783881", "phone_number_id": meta.PHONE_ID},
            "contacts": [{"profile": {"name": name}, "wa_id": PHONE, "user_id": "MX.1402233445566778"}],
            "messages": [words],
        }
        entry = {"id": meta.BUSINESS_ID, "changes": [{"value": value, "field": "messages"}]}
        body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode("ascii")
        digest = hmac.new((secret or self.secrets[1]).encode(), body, hashlib.sha256).hexdigest()
        headers = {"x-hub-signature-256": f"sha256={digest}", "content-type": "application/json"}
        return (await self.door.post("/whatsapp/wa", content=body, headers=headers)).status_code

    @override
    async def sent(self) -> list[Sent]:
        return [self._sent(message) for message in self.server.sent]

    def _sent(self, message: dict[str, Any]) -> Sent:
        """The limits are those of Meta's "Interactive messages"."""
        part = message[message["type"]]
        if message["type"] == "text":
            return Sent(text=part["body"])
        if message["type"] == "interactive":
            action = part["action"]
            titles = [one["reply"]["title"] for one in action.get("buttons", [])]
            rows = [row["title"] for section in action.get("sections", []) for row in section["rows"]]
            assert len(part["body"]["text"]) <= (1024 if titles else 4096)
            assert len(titles) <= 3
            assert len(rows) <= 10
            assert all(len(title) <= 20 for title in titles)
            assert all(len(row) <= 24 for row in rows)
            return Sent(text=part["body"]["text"], buttons=tuple(titles + rows))
        upload = self.server.uploads[int(part["id"].removeprefix("88")) - 1]
        return Sent(text=part.get("caption", ""), files=(upload.content,))

    @override
    async def fail_next(self, trouble: Trouble, *, asking: bool = False) -> None:
        faults: dict[Trouble, dict[str, Any]] = {
            Trouble.RATE_LIMITED: {"code": 130429, "headers": {"Retry-After": str(int(WAIT))}},
            Trouble.BAD_REQUEST: {"code": 100},
            Trouble.FORBIDDEN: {"code": 131026},
            Trouble.BAD_TOKEN: {"status": 401, "code": 190},
            Trouble.SERVER_ERROR: {"status": 502},
            Trouble.SILENT: {"kind": "hang"},
            Trouble.SLOW: {"kind": "hang"},
            Trouble.HALF_CLOSED: {"kind": "half_closed"},
            Trouble.HUNG_UP: {"kind": "drop"},
            Trouble.GARBAGE: {"kind": "not_json"},
        }
        if trouble is Trouble.REFUSED_CONNECTION:
            await self.move(NOBODY)
        else:
            if trouble is Trouble.SLOW:
                self.hurry()
            self.server.faults.extend([meta.Fault(**faults[trouble])] * (10 if trouble is Trouble.BAD_TOKEN else 1))

    @override
    async def heal(self) -> None:
        self.server.faults.clear()

    @override
    def attempts(self) -> int:
        return sum(path.endswith("/messages") for _, path, _, _ in self.server.asked)

    @override
    async def buyer_attaches(self, content: bytes, message: str) -> Media:
        self.server.files[f"9{message}"] = (content, "image/jpeg")
        photo = {"mime_type": "image/jpeg", "sha256": "AA==", "id": f"9{message}"}
        await self._tell(message, "Ana", {"type": "image", "image": photo})
        return last_media(self)

    @override
    async def lose(self, media: Media) -> None:
        self.server.files.clear()

    @override
    async def forged(self) -> int | None:
        return await self._tell("forged", "Eve", {"type": "text", "text": {"body": "Hola"}}, secret="guessed")


# ---- all of them -----------------------------------------------------------------------------------------------------

APP_SECRET = "app-secret-of-the-contract"


@asynccontextmanager
async def _webchat(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Platform]:
    yield WebChatPlatform()


@asynccontextmanager
async def _telegram(
    monkeypatch: pytest.MonkeyPatch, *, polling: bool = True, kind: type[TelegramPlatform] = TelegramPlatform
) -> AsyncIterator[Platform]:
    monkeypatch.setenv("CONTRACT_TOKEN", telegram.TOKEN)
    hurry = partial(monkeypatch.setattr, "adapters.telegram.request.READ", PATIENCE)
    async with telegram_server() as server:
        yield kind(secrets=(telegram.TOKEN,), other_chat="7002", server=server, polling=polling, hurry=hurry)


@asynccontextmanager
async def _telegram_webhook(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Platform]:
    async with _telegram(monkeypatch, polling=False) as platform:
        yield platform


@asynccontextmanager
async def _telegram_business(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Platform]:
    async with _telegram(monkeypatch, kind=TelegramBusinessPlatform) as platform:
        platform.other_chat = f"business:{OWNER}:7002"
        yield platform


@asynccontextmanager
async def _whatsapp(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Platform]:
    monkeypatch.setenv("CONTRACT_TOKEN", meta.TOKEN)
    monkeypatch.setenv("CONTRACT_SECRET", APP_SECRET)
    hurry = partial(monkeypatch.setattr, "adapters.whatsapp.client._CALL_SECONDS", PATIENCE)
    async with meta_server() as server:
        yield WhatsAppPlatform(secrets=(meta.TOKEN, APP_SECRET), other_chat="5215550002222", server=server, hurry=hurry)


@asynccontextmanager
async def _bridge(kind: type[BridgePlatform], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Platform]:
    monkeypatch.setenv("CONTRACT_SECRET", SECRET)
    monkeypatch.setenv("CONTRACT_KEY", kind.key)
    hurried = aiohttp.ClientTimeout(total=PATIENCE, sock_connect=5)
    hurry = partial(monkeypatch.setattr, "adapters.bridge.outgoing.TIMEOUT", hurried)
    async with bridge_server() as server:
        unknown = frozenset({Trouble.FORBIDDEN} if kind is WahaPlatform else ())
        yield kind(
            secrets=(SECRET, kind.key), other_chat="5215550002222@c.us", server=server, unknown=unknown, hurry=hurry
        )


Opens = Callable[[pytest.MonkeyPatch], AbstractAsyncContextManager[Platform]]

PLATFORMS: dict[str, Opens] = {
    "webchat": _webchat,
    "telegram": _telegram,
    "telegram_webhook": _telegram_webhook,
    "telegram_business": _telegram_business,
    "whatsapp": _whatsapp,
    **{f"bridge_{kind.speaks}": partial(_bridge, kind) for kind in BRIDGES},
}
ELSEWHERE = [name for name in PLATFORMS if name != "webchat"]  # platforms that can fail
