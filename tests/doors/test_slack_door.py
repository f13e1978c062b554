"""Alerts in Slack over the whole product: an angry buyer, a claim, a note from the thread, kills between."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from tests.doors.conftest import OpenShop, cards
from tests.doors.product import Product, eventually
from tests.servers.slack import BOT_TOKEN, CHANNEL, SIGNING_SECRET, TEAM, SlackServer, signed, slack_server
from tests.servers.telegram import TelegramServer

ANGRY = "¡¡¡ESTO ES UNA ESTAFA!!! Devuélvanme mi dinero YA o les pongo una estrella y abro una disputa <!channel>"
WANG = "U0WANG0001"

SETTINGS = """
[slack]
mode = "http"
channel = "{channel}"
bot_token_env = "SLACK_TOKEN"
signing_secret_env = "SLACK_SECRET"
api_url = "{slack}/api"
"""


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with slack_server() as server:
        yield server


@pytest.fixture
async def shop(open_shop: OpenShop, slack: SlackServer) -> AsyncIterator[Product]:
    settings = SETTINGS.format(channel=CHANNEL, slack=slack.url)
    async with open_shop(settings, SLACK_TOKEN=BOT_TOKEN, SLACK_SECRET=SIGNING_SECRET) as running:
        await running.command("agent", "alias", "小王", "slack", WANG)
        yield running


async def _deliver(shop: Product, body: bytes, content_type: str) -> int:
    headers = signed(body, time.time(), **{"content-type": content_type})
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{shop.base}/slack/events", data=body, headers=headers) as answer,
    ):
        return answer.status


def _elements(post: dict[str, Any]) -> list[dict[str, Any]]:
    return [e for block in post["blocks"] if block["type"] == "actions" for e in block["elements"]]


def _labels(post: dict[str, Any]) -> str:
    return " ".join(e["text"]["text"] for e in _elements(post))


def _element(post: dict[str, Any], label: str) -> dict[str, Any]:
    return next(e for e in _elements(post) if label in e["text"]["text"])


async def _press(shop: Product, post: dict[str, Any], label: str, *, user: str = WANG) -> int:
    element = _element(post, label)
    action = {
        "type": "button",
        "action_id": element["action_id"],
        "block_id": "b",
        "value": element.get("value", ""),
        "action_ts": f"{time.time():.6f}",
        "text": element["text"],
    }
    payload = {
        "type": "block_actions",
        "team": {"id": TEAM, "domain": "heqi"},
        "user": {"id": user, "team_id": TEAM, "username": "wang"},
        "api_app_id": "A0HEQI",
        "token": "unused",
        "container": {"type": "message", "message_ts": post["ts"], "channel_id": CHANNEL, "is_ephemeral": False},
        "trigger_id": "1.2.abc",
        "channel": {"id": CHANNEL, "name": "alerts"},
        "message": {"ts": post["ts"], "type": "message", "text": post.get("text", "")},
        "response_url": "https://hooks.slack.com/actions/unused",
        "actions": [action],
    }
    body = urlencode({"payload": json.dumps(payload)}).encode()
    return await _deliver(shop, body, "application/x-www-form-urlencoded")


async def _reply(shop: Product, post: dict[str, Any], text: str, *, event_id: str) -> int:
    event = {
        "type": "message",
        "channel": CHANNEL,
        "channel_type": "channel",
        "user": WANG,
        "text": text,
        "ts": f"{time.time():.6f}",
        "thread_ts": post["ts"],
    }
    payload = {
        "token": "unused",
        "team_id": TEAM,
        "api_app_id": "A0HEQI",
        "event": event,
        "type": "event_callback",
        "event_id": event_id,
        "event_time": int(time.time()),
        "authorizations": [{"team_id": TEAM, "user_id": "U0BOT", "is_bot": True}],
    }
    return await _deliver(shop, json.dumps(payload).encode(), "application/json")


async def test_an_angry_buyer_is_one_alert_that_can_be_acted_on(
    telegram: TelegramServer, slack: SlackServer, shop: Product
) -> None:
    telegram.buyer_says(7001, ANGRY)
    (post,) = await eventually(slack.posts)
    shown = json.dumps(post, ensure_ascii=False)
    assert "<!channel>" not in shown
    assert "&lt;!channel&gt;" in shown

    assert await _press(shop, post, "认领") == 200
    await eventually(lambda: "小王" in json.dumps(slack.posts()[0], ensure_ascii=False))
    await shop.kill()
    telegram.buyer_says(7001, "¿Hola? Sigo esperando")
    await shop.start()
    await eventually(
        lambda: any("Sigo esperando" in json.dumps(r, ensure_ascii=False) for r in slack.replies(post["ts"]))
    )
    assert len(slack.posts()) == 1

    for _ in range(2):  # Slack delivers again what it is not sure of
        assert await _reply(shop, post, "先别退款，我去查物流", event_id="Ev0001") == 200
    assert await _press(shop, slack.posts()[0], "已解决") == 200
    await eventually(lambda: "已解决" not in _labels(slack.posts()[0]))
    (talk,) = await shop.conversations()
    notes = [line for line in talk["lines"] if line["direction"] == "note"]
    assert [(note["author"], note["text"]) for note in notes] == [("小王", "先别退款，我去查物流")]
    assert cards(telegram)


async def test_strangers_and_forgers_change_nothing(
    telegram: TelegramServer, slack: SlackServer, shop: Product
) -> None:
    telegram.buyer_says(7001, ANGRY)
    (post,) = await eventually(slack.posts)
    assert await _press(shop, post, "已解决", user="U0STRANGER") == 200
    await eventually(lambda: slack.whispers)
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{shop.base}/slack/events", data=b"{}", headers={"x-slack-request-timestamp": "soon"}) as answer,
    ):
        assert answer.status == 401
    assert "已解决" in _labels(slack.posts()[0])
