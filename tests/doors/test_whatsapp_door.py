"""The main job through WhatsApp's Cloud API over the whole product, answered from a Telegram group."""

from __future__ import annotations

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
from tests.servers.meta import BUSINESS_ID, PHONE_ID, TOKEN, MetaServer, meta_server
from tests.servers.telegram import TelegramServer

SECRET, VERIFY = "app-secret-of-the-tests", "verify-me"
ANA = {"from": "5215550001111", "from_user_id": "MX.1402233445566778"}

SETTINGS = """
[[accounts]]
channel = "whatsapp"
id = "wa"
shop = "main"
phone_id = "{phone}"
business_id = "{business}"
token_env = "WA_TOKEN"
app_secret_env = "WA_SECRET"
verify_token_env = "WA_VERIFY"
api_url = "{meta}"
"""


@pytest.fixture
async def meta() -> AsyncIterator[MetaServer]:
    async with meta_server() as server:
        yield server


@pytest.fixture
async def shop(open_shop: OpenShop, meta: MetaServer) -> AsyncIterator[Product]:
    settings = SETTINGS.format(phone=PHONE_ID, business=BUSINESS_ID, meta=meta.url)
    async with open_shop(settings, WA_TOKEN=TOKEN, WA_SECRET=SECRET, WA_VERIFY=VERIFY) as running:
        yield running


def _webhook(*messages: dict[str, Any], statuses: tuple[dict[str, Any], ...] = ()) -> bytes:
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550783881", "phone_number_id": PHONE_ID},
        "contacts": [{"profile": {"name": "Ana"}, "wa_id": ANA["from"], "user_id": ANA["from_user_id"]}],
        **({"messages": list(messages)} if messages else {}),
        **({"statuses": list(statuses)} if statuses else {}),
    }
    entry = {"id": BUSINESS_ID, "changes": [{"value": value, "field": "messages"}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def _text(name: str, text: str) -> dict[str, Any]:
    return {**ANA, "id": f"wamid.{name}", "timestamp": str(int(time.time())), "type": "text", "text": {"body": text}}


async def _post(shop: Product, body: bytes, *, secret: str = SECRET) -> int:
    signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {"x-hub-signature-256": signature, "content-type": "application/json"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{shop.base}/whatsapp/wa", data=body, headers=headers) as answer,
    ):
        return answer.status


async def test_a_buyer_is_answered_and_the_receipts_come_back(
    telegram: TelegramServer, meta: MetaServer, shop: Product
) -> None:
    assert await _post(shop, _webhook(_text("1", LATE))) == 200
    await eventually(lambda: cards(telegram))
    await answer_first(telegram)
    (sent,) = await eventually(lambda: meta.sent)
    assert sent["recipient"] == ANA["from_user_id"]

    (talk,) = await shop.conversations()
    incoming, outgoing = talk["lines"]
    assert (incoming["text"], sent["text"]["body"]) == (LATE, outgoing["text"])
    wamid = meta_id(meta)
    for state in ("delivered", "read", "sent"):  # out of order: it never goes backwards
        status = {"id": wamid, "status": state, "timestamp": str(int(time.time())), "recipient_id": ANA["from"]}
        assert await _post(shop, _webhook(statuses=(status,))) == 200
    assert await _is_read(shop)


def meta_id(meta: MetaServer) -> str:
    """What the platform has called the last message."""
    return f"wamid.out.{len(meta.sent)}"


async def _is_read(shop: Product) -> bool:
    for _ in range(100):
        (talk,) = await shop.conversations()
        if talk["lines"][-1]["delivery"] == "read":
            return True
    return False


async def test_nothing_is_lost_or_doubled_over_kills_and_redeliveries(
    telegram: TelegramServer, meta: MetaServer, shop: Product
) -> None:
    said = []
    for number in range(6):
        said.append(f"{LATE} #{number}")
        body = _webhook(_text(str(number), said[-1]))
        assert await _post(shop, body) == 200
        if number % 2:
            await shop.kill()
            await shop.start()
        assert await _post(shop, body) == 200  # Meta sends again what it is not sure of
    await eventually(lambda: any("#5" in card["text"] for card in cards(telegram)), seconds=90)
    await answer_first(telegram)
    await eventually(lambda: meta.sent)
    (talk,) = await shop.conversations()
    assert [line["text"] for line in talk["lines"] if line["direction"] == "incoming"] == said
    assert len(meta.sent) == 1


async def test_a_wrong_signature_stores_nothing(shop: Product) -> None:
    assert await _post(shop, _webhook(_text("1", LATE)), secret="guessed") == 401
    assert await shop.conversations() == []
    assert LATE not in shop.log
