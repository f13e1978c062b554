"""Messages of the desk: sent so that they arrive even when the formatting or a button is not taken."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import telegram
from telegram import ReplyParameters

from adapters.telegram.api import Api
from adapters.telegram.desk.buttons import Rows
from adapters.telegram.desk.cards import Card
from adapters.telegram.desk.markup import Piece, fit, marked, plain
from dialogs.errors import Ambiguous, Refused

# A buyer's link must not be fetched, nor its picture shown, because a card quotes it.
_NO_PREVIEW: Final = {"is_disabled": True}


def note(*pieces: Piece, keyboard: Rows | None = None) -> Card:
    """A message that is no card: a hint, a refusal, a call."""
    fitted = fit(pieces)
    return Card(html=marked(fitted), plain=plain(fitted), keyboard=keyboard or [], digest="")


def _without_links(keyboard: Rows) -> Rows:
    rows = [[button for button in row if "url" not in button] for row in keyboard]
    return [row for row in rows if row]


def _plainer(card: Card, reason: str) -> Card | None:
    """What may be taken where ``card`` was not, None when nothing simpler is left."""
    if reason == "cannot_parse" and card.html:  # then the entities are wrong, not the words
        return Card(html="", plain=card.plain, keyboard=card.keyboard, digest=card.digest)
    links = any("url" in button for row in card.keyboard for button in row)
    if reason == "bad_request" and links:
        return Card(html=card.html, plain=card.plain, keyboard=_without_links(card.keyboard), digest=card.digest)
    return None


class Poster:
    """Sends and changes messages. Every method raises what ``Api.call`` raises."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def send(self, chat: int, card: Card, *, topic: int | None = None, reply_to: int | None = None) -> int:
        """Send and return the message's id."""
        parameters = {"chat_id": chat, **_content(card)}
        if topic is not None:
            parameters["message_thread_id"] = topic
        if reply_to is not None:  # people delete messages: what was to be said is said all the same
            parameters["reply_parameters"] = {"message_id": reply_to, "allow_sending_without_reply": True}
        try:
            answer = await self._api.post(chat, "sendMessage", parameters)
        except Refused as error:
            plainer = _plainer(card, error.reason)
            if plainer is None:
                raise
            return await self.send(chat, plainer, topic=topic, reply_to=reply_to)
        return _number(answer)

    async def edit(self, chat: int, message_id: int, card: Card) -> None:
        """Change a message; that it looks so already is fine."""
        parameters = {"chat_id": chat, "message_id": message_id, **_content(card)}
        try:
            await self._api.post(chat, "editMessageText", parameters)
        except Refused as error:
            if error.reason == "not_modified":
                return
            plainer = _plainer(card, error.reason)
            if plainer is None:
                raise
            await self.edit(chat, message_id, plainer)

    async def set_keyboard(self, chat: int, message_id: int, keyboard: Rows) -> None:
        """Change only the buttons of a message."""
        parameters = {"chat_id": chat, "message_id": message_id, **_markup(keyboard)}
        try:
            await self._api.post(chat, "editMessageReplyMarkup", parameters)
        except Refused as error:
            if error.reason != "not_modified":
                raise

    async def send_file(
        self, chat: int, content: bytes, *, photo: bool, name: str, topic: int | None, reply_to: int
    ) -> None:
        """Send an attachment below its card; a picture that is taken for none goes as a file."""
        reply = ReplyParameters(reply_to, allow_sending_without_reply=True)
        if photo:
            try:
                await self._api.call(
                    chat,
                    lambda bot: bot.send_photo(
                        chat, content, filename=name, message_thread_id=topic, reply_parameters=reply
                    ),
                )
            except Refused as error:
                if error.reason not in {"bad_photo", "bad_request", "too_big"}:
                    raise
            else:
                return
        await self._api.call(
            chat,
            lambda bot: bot.send_document(
                chat, content, filename=name, message_thread_id=topic, reply_parameters=reply
            ),
        )

    async def create_topic(self, chat: int, title: str) -> int:
        """Open a topic and return its id."""
        topic: telegram.ForumTopic = await self._api.call(chat, lambda bot: bot.create_forum_topic(chat, title))
        return topic.message_thread_id

    async def rename_topic(self, chat: int, topic: int, title: str) -> None:
        """Give a topic another name."""
        await self._unless_so(chat, lambda bot: bot.edit_forum_topic(chat, topic, name=title))

    async def set_closed(self, chat: int, topic: int, *, closed: bool) -> None:
        """Close a topic or open it again."""
        if closed:
            await self._unless_so(chat, lambda bot: bot.close_forum_topic(chat, topic))
        else:
            await self._unless_so(chat, lambda bot: bot.reopen_forum_topic(chat, topic))

    async def _unless_so(self, chat: int, method: Callable[[telegram.Bot], Awaitable[bool]]) -> None:
        try:
            await self._api.call(chat, method)
        except Refused as error:
            if error.reason != "not_modified":
                raise


def _content(card: Card) -> dict[str, object]:
    """The text of a card and its buttons as the Bot API takes them."""
    content: dict[str, object] = {"text": card.html, "parse_mode": "HTML"} if card.html else {"text": card.plain}
    return {**content, "link_preview_options": _NO_PREVIEW, **_markup(card.keyboard)}


def _markup(keyboard: Rows) -> Mapping[str, object]:
    """The buttons; a message that is edited without them loses those it had."""
    return {"reply_markup": {"inline_keyboard": keyboard}} if keyboard else {}


def _number(message: object) -> int:
    """The id of a message Telegram tells of."""
    number = message.get("message_id") if isinstance(message, dict) else None
    if type(number) is not int:
        raise Ambiguous("malformed_answer")
    return number
