"""What leaves for a buyer, as the server got it."""

from __future__ import annotations

import pytest

from adapters.ports import Outgoing
from adapters.telegram.sending import PHOTO
from dialogs.errors import Ambiguous, Refused, TryLater, Unreachable
from dialogs.messages import Media
from tests.adapters.telegram.conftest import ACCOUNT, Bot
from tests.servers.telegram import TelegramServer

JPEG = b"\xff\xd8\xff" + b"0" * 50


async def photo(bot: Bot, content: bytes = JPEG, kind: str = "photo") -> Media:
    ref = await bot.around.blobs.put(content, mime="image/jpeg")
    return Media(kind=kind, name="etiqueta.jpg", mime="image/jpeg", size=len(content), ref=ref)


async def test_a_text_leaves_plain_and_its_id_is_told(server: TelegramServer, bot: Bot) -> None:
    text = "<b>*Hola*</b> _Ana_ https://example.com \N{RIGHT-TO-LEFT OVERRIDE}abc"
    sent = await bot.send(text)
    (call,) = server.of("sendMessage")
    assert call.params["text"] == text
    assert "parse_mode" not in call.params
    assert "entities" not in call.params
    assert call.params["link_preview_options"] == {"is_disabled": True}
    assert "reply_markup" not in call.params
    assert sent == f"7001:{next(number for chat, number in server.messages if chat == 7001)}"


async def test_an_answer_points_at_the_message_even_when_it_is_gone(server: TelegramServer, bot: Bot) -> None:
    await bot.send("Sí", reply_to="7001:55")
    await bot.send("Sí", reply_to="9999:55")  # of another chat
    first, second = server.of("sendMessage")
    assert first.params["reply_parameters"] == {"message_id": 55, "allow_sending_without_reply": True}
    assert "reply_parameters" not in second.params


async def test_buttons_are_a_keyboard_that_goes_away(server: TelegramServer, bot: Bot) -> None:
    await bot.send("¿Cuál?", buttons=("Reembolso", "Otro envío"))
    (call,) = server.of("sendMessage")
    assert call.params["reply_markup"] == {
        "keyboard": [[{"text": "Reembolso"}], [{"text": "Otro envío"}]],
        "one_time_keyboard": True,
        "resize_keyboard": True,
    }


@pytest.mark.parametrize(
    ("kind", "method", "field"),
    [
        ("photo", "sendPhoto", "photo"),
        ("video", "sendVideo", "video"),
        ("voice", "sendVoice", "voice"),
        ("document", "sendDocument", "document"),
        ("sticker", "sendDocument", "document"),
    ],
)
async def test_files_leave_as_bytes(server: TelegramServer, bot: Bot, kind: str, method: str, field: str) -> None:
    sent = await bot.send("Aquí está", media=await photo(bot, kind=kind))
    (call,) = server.of(method)
    assert call.files == {field: ("etiqueta.jpg", JPEG)}
    assert call.params["caption"] == "Aquí está"
    assert call.params["chat_id"] == "7001"
    assert sent.startswith("7001:")


async def test_a_photo_above_10_mb_leaves_as_a_file(server: TelegramServer, bot: Bot) -> None:
    await bot.send(media=await photo(bot, JPEG + b"0" * PHOTO))
    assert server.of("sendPhoto") == []
    (call,) = server.of("sendDocument")
    assert len(call.files["document"][1]) > PHOTO


async def test_a_picture_telegram_cannot_show_leaves_as_a_file(server: TelegramServer, bot: Bot) -> None:
    server.fail("sendPhoto", 400, "Bad Request: PHOTO_INVALID_DIMENSIONS")
    sent = await bot.send("Mire", media=await photo(bot))
    (call,) = server.of("sendDocument")
    assert call.files["document"] == ("etiqueta.jpg", JPEG)
    assert sent.startswith("7001:")


async def test_a_long_caption_leaves_before_the_file_and_only_once(server: TelegramServer, bot: Bot) -> None:
    media = await photo(bot)
    text = "😀" * 513  # 1026 units
    server.fail("sendPhoto", 429, "Too Many Requests: retry after 1", retry_after=1)
    with pytest.raises(TryLater):
        await bot.send(text, media=media)
    bot.api.limiter.halt(7001, -1)
    bot.api.limiter._chats.clear()
    await bot.send(text, media=media)  # the same delivery again
    assert [call.method for call in server.calls if call.method.startswith("send")] == [
        "sendMessage",
        "sendPhoto",
        "sendPhoto",
    ]
    assert bot.around.state(ACCOUNT).rows == {}
    await bot.send("x" * 1024, media=media, key="k2")
    assert server.of("sendPhoto")[-1].params["caption"] == "x" * 1024


async def test_half_of_a_delivery_is_never_called_not_sent(server: TelegramServer, bot: Bot) -> None:
    server.fail("sendPhoto", 400, "Bad Request: something")
    with pytest.raises(Ambiguous, match="media_bad_request"):
        await bot.send("x" * 2000, media=await photo(bot))


async def test_a_file_that_is_not_there_is_refused(bot: Bot) -> None:
    with pytest.raises(Refused, match="no_media"):
        await bot.send(media=Media(kind="photo", ref="nothing"))


async def test_a_buyer_who_blocked_the_bot_cannot_be_reached(server: TelegramServer, bot: Bot) -> None:
    server.fail("sendMessage", 403, "Forbidden: bot was blocked by the user")
    with pytest.raises(Unreachable):
        await bot.send("Hola")


async def test_a_business_chat_is_answered_by_the_owners_connection(server: TelegramServer, bot: Bot) -> None:
    chat = "business:5005:7001"
    with pytest.raises(Refused, match="business_disconnected"):
        await bot.send("Hola", chat=chat)
    for connection, enabled, can_reply in (("BC-1", True, True), ("BC-2", True, True), ("BC-1", False, True)):
        await take_connection(bot, server, connection, enabled=enabled, can_reply=can_reply)
    sent = await bot.send("Hola", chat=chat, buttons=("Sí",), reply_to=f"{chat}:7")
    (call,) = server.of("sendMessage")
    assert call.params["business_connection_id"] == "BC-2"  # that the old one ended later changes nothing
    assert call.params["chat_id"] == 7001
    assert "reply_markup" not in call.params
    assert call.params["reply_parameters"]["message_id"] == 7
    assert sent.startswith(f"{chat}:")
    await bot.send("Hola", chat=chat)
    await take_connection(bot, server, "BC-2", enabled=True, can_reply=False)
    with pytest.raises(Refused, match="no_rights"):
        await bot.send("Hola", chat=chat)
    await take_connection(bot, server, "BC-2", enabled=False, can_reply=False)
    with pytest.raises(Refused, match="business_disconnected"):
        await bot.send("Hola", chat=chat)
    assert len(server.of("sendMessage")) == 2


async def take_connection(bot: Bot, server: TelegramServer, name: str, *, enabled: bool, can_reply: bool) -> None:
    update = bot.intake.read(server.connect(name, 5005, enabled=enabled, can_reply=can_reply))
    assert update is not None
    await bot.intake.take(update)


async def test_the_key_of_another_delivery_is_another_one(server: TelegramServer, bot: Bot) -> None:
    for key in ("a", "b"):
        await bot.sender.send(Outgoing(key=key, account=ACCOUNT, chat="7001", text=key))
    assert server.sent(7001) == ["a", "b"]
