"""A bridge channel over a loopback bridge: its door behind a real ASGI client, its wire on a real socket."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from starlette.applications import Starlette

from adapters.bridge.channel import Bridge
from adapters.bridge.settings import BridgeSettings
from tests.adapters.around import NOW, SHOP, Around
from tests.servers.bridges import ACCOUNT_SID, BridgeServer, bridge_server

FIXTURES = Path(__file__).parents[2] / "fixtures" / "bridge"
SECRET = "whsec_" + base64.b64encode(b"the newest secret of this bridge").decode()
OLD_SECRET = "whsec_" + base64.b64encode(b"the secret before it was rotated").decode()
PLAIN_SECRET = "a-plain-secret-for-other-bridges"
KEY = "key-of-the-bridge"
TOKEN = "auth-token-of-twilio"
PUBLIC = "https://shop.example.com"
TS = str(int(NOW.timestamp()))

SENDERS = {"waha": "default", "evolution": "shop", "chatwoot": "7", "twilio": "whatsapp:+14155550100", "heqi": ""}


def fixture(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))


def standard(body: bytes, *, name: str = "msg_1", ts: str = TS, secret: str = SECRET) -> dict[str, str]:
    """The headers of Standard Webhooks, made here by hand: the product must agree with the paper, not with itself."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{name}.{ts}.".encode() + body, hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(digest).decode()}"
    return {"webhook-id": name, "webhook-timestamp": ts, "webhook-signature": signature}


def waha(body: bytes, *, secret: str = PLAIN_SECRET) -> dict[str, str]:
    digest = hmac.new(secret.encode(), body, hashlib.sha512).hexdigest()
    return {"x-webhook-hmac": digest, "x-webhook-hmac-algorithm": "sha512"}


def evolution(_body: bytes, *, secret: str = PLAIN_SECRET) -> dict[str, str]:
    return {"x-heqi-secret": secret}


def chatwoot(body: bytes, *, ts: str = TS, secret: str = PLAIN_SECRET) -> dict[str, str]:
    digest = hmac.new(secret.encode(), f"{ts}.".encode() + body, hashlib.sha256).hexdigest()
    return {"x-chatwoot-timestamp": ts, "x-chatwoot-signature": f"sha256={digest}"}


def twilio(fields: dict[str, str], *, url: str = f"{PUBLIC}/bridge/wa", token: str = TOKEN) -> dict[str, str]:
    text = url + "".join(name + fields[name] for name in sorted(fields))
    digest = hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()
    return {
        "x-twilio-signature": base64.b64encode(digest).decode(),
        "content-type": "application/x-www-form-urlencoded",
    }


def signed(speaks: str, body: bytes) -> dict[str, str]:
    return {"heqi": standard, "waha": waha, "evolution": evolution, "chatwoot": chatwoot}[speaks](body)


@dataclass
class House:
    """One account with everything around it."""

    bridge: Bridge
    around: Around
    server: BridgeServer
    http: httpx.AsyncClient
    speaks: str
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def post(self, body: bytes, headers: dict[str, str], *, path: str = "/bridge/wa") -> httpx.Response:
        return await self.http.post(path, content=body, headers=headers)

    async def tell(self, event: Any, **how: Any) -> httpx.Response:
        """Post something signed as it must be."""
        if self.speaks == "twilio":
            return await self.post(urlencode(event).encode(), twilio(event))
        body = json.dumps(event).encode()
        return await self.post(body, standard(body, **how) if how else signed(self.speaks, body))

    @property
    def bodies(self) -> list[object]:
        return self.around.inbox.bodies

    @property
    def events(self) -> list[Any]:
        return self.around.inbox.events


Opens = Callable[..., Any]


@pytest.fixture
async def server() -> AsyncIterator[BridgeServer]:
    async with bridge_server() as running:
        yield running


@pytest.fixture
def make_settings(monkeypatch: pytest.MonkeyPatch, server: BridgeServer) -> Opens:
    def make(speaks: str = "heqi", /, **more: Any) -> BridgeSettings:
        monkeypatch.setenv("BRIDGE_SECRET", SECRET if speaks == "heqi" else PLAIN_SECRET)
        monkeypatch.setenv("BRIDGE_OLD_SECRET", OLD_SECRET)
        monkeypatch.setenv("BRIDGE_KEY", f"{ACCOUNT_SID}:{TOKEN}" if speaks == "twilio" else KEY)
        given = {
            "channel": "bridge",
            "id": "wa",
            "shop": "main",
            "speaks": speaks,
            "url": f"{server.url}/api/v1/accounts/3" if speaks == "chatwoot" else server.url,
            "sender": SENDERS[speaks],
            "media_hosts": (server.host,),
            "i_know_the_risk": True,
        }
        if speaks != "twilio":
            given["secret_env"] = "BRIDGE_SECRET"
        if speaks != "heqi":
            given["key_env"] = "BRIDGE_KEY"
        return BridgeSettings.model_validate(given | more)

    return make


@pytest.fixture
async def opens(make_settings: Opens, server: BridgeServer) -> AsyncIterator[Opens]:
    """Opens an account that speaks a bridge's language."""
    async with AsyncExitStack() as stack:

        async def open_(speaks: str = "heqi", around: Around | None = None, **more: Any) -> House:
            around = around or Around(public_url=PUBLIC)
            bridge = Bridge(make_settings(speaks, **more), SHOP, around.surroundings)
            await bridge.start()
            stack.push_async_callback(bridge.stop)
            app = Starlette(routes=list(bridge.routes()))
            transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
            http = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url=PUBLIC))
            return House(bridge, around, server, http, speaks)

        yield open_


@pytest.fixture
async def house(opens: Opens) -> House:
    """An account that speaks the contract."""
    return await opens()
