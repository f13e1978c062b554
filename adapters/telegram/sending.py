"""Outgoing messages: what leaves for a buyer, as Telegram takes it.

Limits: Bot API, "sendPhoto" (10 MB, a caption of 1024 units) and "Sending files".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypedDict

from telegram import Bot, InputFile, LinkPreviewOptions, Message, ReplyKeyboardMarkup, ReplyParameters

from adapters.ports import AccountState, Blobs, Outgoing
from adapters.telegram.api import Api
from adapters.telegram.business import Connections
from adapters.telegram.settings import BUSINESS, MEGABYTE
from dialogs.errors import Ambiguous, Refused
from dialogs.messages import Media

CAPTION: Final = 1024  # UTF-16 units
PHOTO: Final = 10 * MEGABYTE
_NO_PREVIEW: Final = LinkPreviewOptions(is_disabled=True)


@dataclass(frozen=True, slots=True)
class _Target:
    """Where a message goes: the product's name of the chat, Telegram's id of it, and the connection it goes by."""

    chat: str
    id: int
    connection: str | None


class _More(TypedDict):
    """What all kinds of files are sent with."""

    caption: str | None
    reply_parameters: ReplyParameters | None
    business_connection_id: str | None


class Sender:
    """Sends what the outbox hands over."""

    def __init__(self, *, api: Api, connections: Connections, blobs: Blobs, state: AccountState) -> None:
        self._api = api
        self._connections = connections
        self._blobs = blobs
        self._state = state

    async def send(self, outgoing: Outgoing) -> str:
        """Send and return ``<chat>:<message>``. Raises what ``Channel.send`` raises."""
        target = await self._target(outgoing.chat)
        if outgoing.media is None:
            return await self._text(outgoing, target, outgoing.text)
        stored = await self._blobs.get(outgoing.media.ref)
        if stored is None:
            raise Refused("no_media")
        if _units(outgoing.text) <= CAPTION:
            return await self._media(outgoing, target, outgoing.media, stored[0], caption=outgoing.text)
        return await self._text_then_media(outgoing, target, outgoing.media, stored[0])

    async def _text_then_media(self, outgoing: Outgoing, target: _Target, media: Media, content: bytes) -> str:
        """Two messages for one delivery: the text that left is remembered, a second attempt sends only the file."""
        key = f"sent-text:{outgoing.key}"
        if await self._state.get(key) is None:
            await self._state.put(key, await self._text(outgoing, target, outgoing.text))
        try:
            sent = await self._media(outgoing, target, media, content, caption="")
        except Refused as error:
            # The buyer has read a part of it: nobody may take it for not sent.
            raise Ambiguous(f"media_{error.reason}") from None
        await self._state.delete(key)
        return sent

    async def _text(self, outgoing: Outgoing, target: _Target, text: str) -> str:
        keyboard = None
        if outgoing.buttons and target.connection is None:
            rows = [[title] for title in outgoing.buttons]
            keyboard = ReplyKeyboardMarkup(rows, one_time_keyboard=True, resize_keyboard=True)
        sent = await self._api.call(
            target.id,
            lambda bot: bot.send_message(
                target.id,
                text,
                link_preview_options=_NO_PREVIEW,
                reply_markup=keyboard,
                reply_parameters=_reply(outgoing, target),
                business_connection_id=target.connection,
            ),
        )
        return _id(target, sent)

    async def _media(self, outgoing: Outgoing, target: _Target, media: Media, content: bytes, *, caption: str) -> str:
        kind = "document" if media.kind == "photo" and len(content) > PHOTO else media.kind
        file = InputFile(content, filename=media.name or _name(media))

        async def act(bot: Bot) -> Message:
            more = _More(
                caption=caption or None,
                reply_parameters=_reply(outgoing, target),
                business_connection_id=target.connection,
            )
            match kind:
                case "photo":
                    return await bot.send_photo(target.id, file, **more)
                case "video":
                    return await bot.send_video(target.id, file, **more)
                case "voice":
                    return await bot.send_voice(target.id, file, **more)
            return await bot.send_document(target.id, file, disable_content_type_detection=True, **more)

        try:
            return _id(target, await self._api.call(target.id, act))
        except Refused as error:
            if error.reason != "bad_photo" or kind != "photo":
                raise
            kind = "document"  # too long, too narrow, or no picture at all: as a file it arrives as it is
            return _id(target, await self._api.call(target.id, act))

    async def _target(self, chat: str) -> _Target:
        owner, _, number = chat.removeprefix(BUSINESS).rpartition(":")
        if chat.startswith(BUSINESS):
            return _Target(chat, int(number), await self._connections.for_sending(int(owner)))
        return _Target(chat, int(chat), None)


def _reply(outgoing: Outgoing, target: _Target) -> ReplyParameters | None:
    chat, _, number = (outgoing.reply_to or "").rpartition(":")
    if chat != target.chat or not number.isdecimal():
        return None
    return ReplyParameters(int(number), allow_sending_without_reply=True)


def _id(target: _Target, sent: Message) -> str:
    return f"{target.chat}:{sent.message_id}"


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


_SUFFIX: Final = {"photo": ".jpg", "video": ".mp4", "voice": ".ogg"}


def _name(media: Media) -> str:
    return media.kind + _SUFFIX.get(media.kind, ".bin")
