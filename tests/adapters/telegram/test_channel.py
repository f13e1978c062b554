"""The account as the product uses it: start, receive, fetch, check, stop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from adapters.channels import CHANNELS
from adapters.ports import Outgoing
from adapters.telegram.channel import Telegram
from adapters.telegram.content import DOWNLOAD_LIMIT
from adapters.telegram.settings import TelegramSettings
from dialogs.errors import Refused, TryLater
from dialogs.events import BuyerWrote
from dialogs.messages import Media
from tests.adapters.around import SHOP, Around, receiving
from tests.servers.telegram import BOT, BOT_ID, TelegramServer

GROUP = -1002000000002
MakeChannel = Callable[..., Telegram]


@pytest.fixture
def make_channel(make_settings: Callable[..., TelegramSettings], around: Around) -> MakeChannel:
    def make(**more: Any) -> Telegram:
        made = CHANNELS["telegram"].make(make_settings(**more), SHOP, around.surroundings)
        assert isinstance(made, Telegram)
        return made

    return make


@asynccontextmanager
async def running(channel: Telegram) -> AsyncIterator[Telegram]:
    await channel.start()
    try:
        async with receiving(channel):
            yield channel
    finally:
        await channel.stop()


async def test_a_buyer_writes_and_is_answered(
    server: TelegramServer, make_channel: MakeChannel, around: Around
) -> None:
    async with running(make_channel()) as channel:
        server.buyer_says(7001, "Hola")
        await server.confirmed()
        (event,) = around.inbox.events
        assert event.body == BuyerWrote(text="Hola")
        assert event.chat is not None
        sent = await channel.send(Outgoing(key="k", account="tg", chat=event.chat, text="Lo reviso"))
        assert server.sent(7001) == ["Lo reviso"]
        assert sent.startswith(f"{event.chat}:")
        assert channel.problems() == {}
        assert channel.routes() == ()
        assert channel.board() is channel.board()


async def test_an_https_address_means_webhook_unless_told_otherwise(make_channel: MakeChannel, around: Around) -> None:
    assert make_channel().routes() == ()
    around.public_url = "https://shop.example"
    (route,) = make_channel().routes()
    assert route.path == "/telegram/tg"  # type: ignore[attr-defined]
    assert make_channel(receive="polling").routes() == ()
    around.public_url = "http://192.168.1.5:8080"
    assert make_channel(receive="webhook").routes() == ()


async def test_the_webhook_is_set_at_the_start(
    server: TelegramServer, make_channel: MakeChannel, around: Around
) -> None:
    around.public_url = "https://shop.example"
    async with running(make_channel()):
        await server.called("getWebhookInfo")
        assert server.webhook["url"] == "https://shop.example/telegram/tg"
    assert server.of("getUpdates") == []


def test_a_business_chat_has_a_window_and_no_buttons(make_channel: MakeChannel) -> None:
    channel = make_channel()
    assert channel.capabilities_in("7001").window_hours is None
    assert channel.capabilities_in("7001").buttons == 8
    assert channel.capabilities_in("business:5005:7001").window_hours == 24
    assert channel.capabilities_in("business:5005:7001").buttons == 0


# ---- what buyers attach ----------------------------------------------------------------------------------------------


async def test_files_are_fetched(server: TelegramServer, make_channel: MakeChannel) -> None:
    server.stored["F1"] = b"\xff\xd8\xff" + b"1" * 100_000
    async with running(make_channel()) as channel:
        photo = Media(kind="photo", mime="image/jpeg", remote="F1")
        assert await channel.fetch(photo) == (server.stored["F1"], "image/jpeg")
        assert (await channel.fetch(Media(kind="voice", remote="F1")))[1] == "audio/ogg"


async def test_files_that_are_too_big_are_refused_before_and_while_they_come(
    server: TelegramServer, make_channel: MakeChannel
) -> None:
    server.stored["F1"] = b"0" * (DOWNLOAD_LIMIT + 1)
    async with running(make_channel()) as channel:
        with pytest.raises(Refused, match="too_big"):
            await channel.fetch(Media(kind="video", size=DOWNLOAD_LIMIT + 1, remote="F1"))
        assert server.of("getFile") == []
        with pytest.raises(Refused, match="too_big"):
            await channel.fetch(Media(kind="video", remote="F1"))  # Telegram says so
        server.file_sizes["F1"] = None  # nobody says so
        with pytest.raises(Refused, match="too_big"):
            await channel.fetch(Media(kind="video", remote="F1"))
        server.stored["F2"] = b"0" * DOWNLOAD_LIMIT
        assert len((await channel.fetch(Media(kind="video", remote="F2")))[0]) == DOWNLOAD_LIMIT


@pytest.mark.parametrize(
    ("method", "failure", "error", "reason"),
    [
        ("getFile", {"status": 500}, TryLater, "server_error"),
        ("getFile", {"status": 429, "retry_after": 3}, TryLater, "rate_limited"),
        ("getFile", {"status": 400, "description": "Bad Request: wrong file_id"}, Refused, "gone"),
        ("download", {"status": 404}, Refused, "gone"),
        ("download", {"status": 429}, TryLater, "rate_limited"),
        ("download", {"status": 503}, TryLater, "server_error"),
        ("download", {"status": 200, "mode": "half"}, TryLater, "connection_lost"),
    ],
)
async def test_fetching_fails_for_now_or_for_ever(
    server: TelegramServer,
    make_channel: MakeChannel,
    method: str,
    failure: dict[str, Any],
    error: type[TryLater | Refused],
    reason: str,
) -> None:
    server.stored["F1"] = b"1"
    server.fail(method, **failure)
    async with running(make_channel()) as channel:
        with pytest.raises(error, match=reason):
            await channel.fetch(Media(kind="photo", remote="F1"))
        assert await channel.fetch(Media(kind="photo", remote="F1")) == (b"1", "image/jpeg")


async def test_a_file_of_the_servers_own_disk_is_not_read(
    server: TelegramServer, make_channel: MakeChannel, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("no")

    async def local(params: Any, files: Any) -> Any:
        return {"file_id": "F1", "file_unique_id": "u", "file_path": str(secret)}

    monkeypatch.setattr(server, "_do_getFile", local)
    async with running(make_channel()) as channel:
        with pytest.raises(Refused, match="no_download"):
            await channel.fetch(Media(kind="photo", remote="F1"))
        with pytest.raises(Refused, match="no_download"):
            await channel.fetch(Media(kind="location"))


# ---- check -----------------------------------------------------------------------------------------------------------


def told(findings: Any) -> str:
    return "\n".join(f"{one.what} → {one.fix}" for one in findings if not one.fine)


async def test_all_is_well(server: TelegramServer, make_channel: MakeChannel) -> None:
    server.add_group(GROUP)
    found = await make_channel(desk=GROUP).check()  # without having been started
    assert told(found) == ""
    assert any("@heqi_store_bot" in one.what for one in found)
    assert any("长轮询" in one.what for one in found)


@pytest.mark.parametrize(
    ("group", "words"),
    [
        ({}, ""),
        ({"is_forum": False}, "话题"),
        ({"can_manage_topics": False}, "管理话题"),
        ({"status": "member"}, "管理员"),
    ],
)
async def test_the_group_of_the_desk(
    server: TelegramServer, make_channel: MakeChannel, around: Around, group: dict[str, Any], words: str
) -> None:
    server.add_group(GROUP, **group)
    if group.get("status") == "member":
        server.members[GROUP, BOT_ID] = {"user": BOT, "status": "member"}
    await around.state("tg").put("desk", str(GROUP))  # connected with /desk
    async with running(make_channel()) as channel:
        found = told(await channel.check())
    assert words in found
    assert bool(found) is bool(words)


async def test_a_group_the_bot_was_thrown_out_of(server: TelegramServer, make_channel: MakeChannel) -> None:
    assert "找不到工作群" in told(await make_channel(desk=GROUP).check())


async def test_a_refused_token_and_a_network_that_is_not_there(
    server: TelegramServer, make_channel: MakeChannel
) -> None:
    server.fail("getMe", 401, "Unauthorized")
    assert "令牌" in told(await make_channel().check())
    assert "HTTPS_PROXY" in told(await make_channel(api_url="http://127.0.0.1:9").check())


async def test_a_webhook_left_over_and_one_that_fails(
    server: TelegramServer, make_channel: MakeChannel, around: Around
) -> None:
    server.webhook = {"url": "https://old.example/x"}
    assert "Webhook" in told(await make_channel().check())
    around.public_url = "https://shop.example"
    assert "尚未设置" in told(await make_channel().check())
    server.webhook = {
        "url": "https://shop.example/telegram/tg",
        "last_error_date": 1,
        "last_error_message": "SSL error {error:0A000086}",
    }
    assert "SSL error" in told(await make_channel().check())
    around.public_url = None
    server.webhook = {}
    assert "server.public_url" in told(await make_channel(receive="webhook").check())


async def test_a_bot_that_cannot_join_groups_and_a_business_account_without_rights(
    server: TelegramServer, make_channel: MakeChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def me(params: Any, files: Any) -> Any:
        return {**BOT, "can_join_groups": False}

    monkeypatch.setattr(server, "_do_getMe", me)
    server.connect("BC-1", 5005, can_reply=False)
    async with running(make_channel()) as channel:
        await server.confirmed()
        found = told(await channel.check())
    assert "/setjoingroups" in found
    assert "商业账号" in found
