"""Messages of the desk: sent so that they arrive even when the formatting or a button is not taken."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import telegram
from telegram import InlineKeyboardMarkup, LinkPreviewOptions, ReplyParameters
from telegram.constants import ParseMode

from adapters.telegram.api import Api
from adapters.telegram.desk.cards import Card
from adapters.telegram.desk.markup import Piece, fit, marked, plain
from dialogs.errors import Refused

# A buyer's link must not be fetched, nor its picture shown, because a card quotes it.
_NO_PREVIEW: Final = LinkPreviewOptions(is_disabled=True)


def note(*pieces: Piece, keyboard: InlineKeyboardMarkup | None = None) -> Card:
    """A message that is no card: a hint, a refusal, a call."""
    fitted = fit(pieces)
    return Card(html=marked(fitted), plain=plain(fitted), keyboard=keyboard, digest="")


def _without_links(keyboard: InlineKeyboardMarkup | None) -> InlineKeyboardMarkup | None:
    if keyboard is None:
        return None
    rows = [[button for button in row if button.url is None] for row in keyboard.inline_keyboard]
    rows = [row for row in rows if row]
    return InlineKeyboardMarkup(rows) if rows else None


def _plainer(card: Card, reason: str) -> Card | None:
    """What may be taken where ``card`` was not, None when nothing simpler is left."""
    if reason == "cannot_parse" and card.html:  # then the entities are wrong, not the words
        return Card(html="", plain=card.plain, keyboard=card.keyboard, digest=card.digest)
    rows = () if card.keyboard is None else card.keyboard.inline_keyboard
    links = any(button.url for row in rows for button in row)
    if reason == "bad_request" and links:
        return Card(html=card.html, plain=card.plain, keyboard=_without_links(card.keyboard), digest=card.digest)
    return None


class Poster:
    """Sends and changes messages. Every method raises what ``Api.call`` raises."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def send(self, chat: int, card: Card, *, topic: int | None = None, reply_to: int | None = None) -> int:
        """Send and return the message's id."""
        text, mode = (card.html, ParseMode.HTML) if card.html else (card.plain, None)
        try:
            message = await self._api.call(
                chat,
                lambda bot: bot.send_message(
                    chat,
                    text,
                    parse_mode=mode,
                    reply_markup=card.keyboard,
                    message_thread_id=topic,
                    reply_parameters=_reply(reply_to),
                    link_preview_options=_NO_PREVIEW,
                ),
            )
        except Refused as error:
            plainer = _plainer(card, error.reason)
            if plainer is None:
                raise
            return await self.send(chat, plainer, topic=topic, reply_to=reply_to)
        return message.message_id

    async def edit(self, chat: int, message_id: int, card: Card) -> None:
        """Change a message; that it looks so already is fine."""
        text, mode = (card.html, ParseMode.HTML) if card.html else (card.plain, None)
        try:
            await self._api.call(
                chat,
                lambda bot: bot.edit_message_text(
                    text,
                    chat_id=chat,
                    message_id=message_id,
                    parse_mode=mode,
                    reply_markup=card.keyboard,
                    link_preview_options=_NO_PREVIEW,
                ),
            )
        except Refused as error:
            if error.reason == "not_modified":
                return
            plainer = _plainer(card, error.reason)
            if plainer is None:
                raise
            await self.edit(chat, message_id, plainer)

    async def set_keyboard(self, chat: int, message_id: int, keyboard: InlineKeyboardMarkup | None) -> None:
        """Change only the buttons of a message."""
        try:
            await self._api.call(
                chat,
                lambda bot: bot.edit_message_reply_markup(chat_id=chat, message_id=message_id, reply_markup=keyboard),
            )
        except Refused as error:
            if error.reason != "not_modified":
                raise

    async def send_file(
        self, chat: int, content: bytes, *, photo: bool, name: str, topic: int | None, reply_to: int
    ) -> None:
        """Send an attachment below its card; a picture that is taken for none goes as a file."""
        if photo:
            try:
                await self._api.call(
                    chat,
                    lambda bot: bot.send_photo(
                        chat, content, filename=name, message_thread_id=topic, reply_parameters=_reply(reply_to)
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
                chat, content, filename=name, message_thread_id=topic, reply_parameters=_reply(reply_to)
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


def _reply(message_id: int | None) -> ReplyParameters | None:
    # People delete messages: what was to be said is said all the same.
    return None if message_id is None else ReplyParameters(message_id, allow_sending_without_reply=True)
