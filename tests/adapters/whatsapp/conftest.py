"""A WhatsApp number between a loopback Graph API and a real web server for its door."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette

from adapters.whatsapp.channel import WhatsApp
from adapters.whatsapp.settings import WhatsAppSettings
from tests.adapters.around import SHOP, Around
from tests.servers.meta import BUSINESS_ID, PHONE_ID, TOKEN, MetaServer, meta_server

FIXTURES = Path(__file__).parents[2] / "fixtures" / "whatsapp"
SECRET = "app-secret-of-the-test"
VERIFY = "word-of-the-handshake"


def fixture(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))


def signature(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def settings_for(monkeypatch: pytest.MonkeyPatch, api_url: str, **more: object) -> WhatsAppSettings:
    monkeypatch.setenv("WA_TOKEN", TOKEN)
    monkeypatch.setenv("WA_SECRET", SECRET)
    monkeypatch.setenv("WA_VERIFY", VERIFY)
    values: dict[str, object] = {
        "channel": "whatsapp",
        "id": "wa-main",
        "shop": "main",
        "phone_id": PHONE_ID,
        "business_id": BUSINESS_ID,
        "token_env": "WA_TOKEN",
        "app_secret_env": "WA_SECRET",
        "verify_token_env": "WA_VERIFY",
        "api_url": api_url,
    }
    return WhatsAppSettings.model_validate(values | more)


@dataclass
class Line:
    """A started channel with its surroundings and both servers."""

    channel: WhatsApp
    around: Around
    meta: MetaServer
    door: str = ""

    async def post(self, told: object, **headers: str) -> int:
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        signed = {"x-hub-signature-256": signature(body), "content-type": "application/json"} | headers
        async with httpx.AsyncClient(trust_env=False) as client:
            return (await client.post(self.door, content=body, headers=signed)).status_code


@pytest.fixture
async def line(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Line]:
    """Without the door: enough for what leaves."""
    async with meta_server() as meta:
        around = Around()
        channel = WhatsApp(settings_for(monkeypatch, meta.url), SHOP, around.surroundings)
        await channel.start()
        yield Line(channel, around, meta)
        await channel.stop()


@pytest.fixture
async def open_line(line: Line) -> AsyncIterator[Line]:
    async with serve(Starlette(routes=line.channel.routes())) as base:
        line.door = f"{base}/whatsapp/wa-main"
        yield line


@asynccontextmanager
async def serve(app: Starlette) -> AsyncIterator[str]:
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        if serving.done():
            serving.result()
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
