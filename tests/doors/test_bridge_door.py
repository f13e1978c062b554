"""The main job through a bridge over the whole product: the signed contract both ways, a phone that answers too."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.doors.conftest import LATE, OpenShop, answer_first, cards
from tests.doors.product import Product, eventually
from tests.servers.bridges import BridgeServer, bridge_server
from tests.servers.telegram import TelegramServer

KEY = b"the newest secret of this bridge"
SECRET = "whsec_" + base64.b64encode(KEY).decode()

SETTINGS = """
[[accounts]]
channel = "bridge"
id = "br"
shop = "main"
url = "{bridge}"
secret_env = "BRIDGE_SECRET"
i_know_the_risk = true
"""


@pytest.fixture
async def bridge() -> AsyncIterator[BridgeServer]:
    async with bridge_server() as server:
        yield server


@pytest.fixture
async def shop(open_shop: OpenShop, bridge: BridgeServer) -> AsyncIterator[Product]:
    async with open_shop(SETTINGS.format(bridge=bridge.url), BRIDGE_SECRET=SECRET) as running:
        yield running


async def _post(shop: Product, event: dict[str, Any], *, age: float = 0) -> int:
    body = json.dumps(event).encode()
    name, at = f"msg_{event['id']}_{event['type']}", str(int(time.time() - age))
    digest = hmac.new(KEY, f"{name}.{at}.".encode() + body, hashlib.sha256).digest()
    headers = {
        "webhook-id": name,
        "webhook-timestamp": at,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
        "content-type": "application/json",
    }
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{shop.base}/bridge/br", data=body, headers=headers) as answer,
    ):
        return answer.status


def _message(name: str, text: str, *, from_me: bool = False) -> dict[str, Any]:
    return {
        "type": "message",
        "id": name,
        "ts": int(time.time()),
        "from_me": from_me,
        "conversation_id": "34600111222",
        "contact": {"id": "34600111222", "aliases": {"phone": "34600111222"}, "name": "Ana"},
        "text": text,
    }


async def _lines(shop: Product) -> list[dict[str, Any]]:
    talks = await shop.conversations()
    return talks[0]["lines"] if talks else []


async def test_a_buyer_is_answered_and_the_echo_is_known(
    telegram: TelegramServer, bridge: BridgeServer, shop: Product
) -> None:
    assert await _post(shop, _message("in-1", LATE)) == 200
    await eventually(lambda: cards(telegram))
    await answer_first(telegram)
    sent = await eventually(lambda: [asked for asked in bridge.asked if asked.path.endswith("/messages")])
    assert sent[0].headers["idempotency-key"]
    _, outgoing = await _lines(shop)
    assert sent[0].json["text"] == outgoing["text"]

    (external_id,) = await _external_ids(shop)
    assert await _post(shop, _message(external_id, outgoing["text"], from_me=True)) == 200
    assert await _post(shop, _message("phone-1", "Ya está en camino", from_me=True)) == 200
    await shop.stop()
    await shop.start()
    lines = await _lines(shop)
    assert [line["text"] for line in lines] == [LATE, outgoing["text"], "Ya está en camino"]
    assert [line["direction"] for line in lines] == ["incoming", "outgoing", "outgoing"]


async def _external_ids(shop: Product) -> list[str]:
    import sqlite3

    with sqlite3.connect(shop.folder / "var" / "heqi.sqlite") as database:
        return [row[0] for row in database.execute("SELECT external_id FROM deliveries")]


async def test_nothing_is_lost_or_doubled_over_kills_and_redeliveries(
    telegram: TelegramServer, bridge: BridgeServer, shop: Product
) -> None:
    said = []
    for number in range(4):
        said.append(f"{LATE} #{number}")
        assert await _post(shop, _message(f"in-{number}", said[-1])) == 200
        await shop.kill()
        await shop.start()
        assert await _post(shop, _message(f"in-{number}", said[-1])) == 200
    await eventually(lambda: any("#3" in card["text"] for card in cards(telegram)), seconds=90)
    await answer_first(telegram)
    sent = await eventually(lambda: [asked for asked in bridge.asked if asked.path.endswith("/messages")])
    assert len(sent) == 1
    assert [line["text"] for line in await _lines(shop) if line["direction"] == "incoming"] == said


async def test_stale_signatures_store_nothing(shop: Product) -> None:
    assert await _post(shop, _message("in-1", LATE), age=3600) == 401
    assert await shop.conversations() == []
