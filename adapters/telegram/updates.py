"""Updates as events of the product. Nothing here asks or tells anybody.

Ids: messages are numbered per chat, so the platform's id of a message is ``<chat>:<message>`` everywhere. A chat of a
connected business account is ``business:<owner>:<chat>``, because several owners may talk with the same buyer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from telegram import Chat, ChatMember, Message, Update, User

from adapters.counts import count
from adapters.telegram.content import content_of, undirected
from adapters.telegram.settings import BUSINESS
from dialogs.events import (
    Body,
    BuyerDeleted,
    BuyerEdited,
    BuyerStarted,
    BuyerWrote,
    Event,
    SellerWrote,
)
from dialogs.messages import SELLER_LANGUAGE

# What is asked for; without the list Telegram goes on sending what was asked for before.
ALLOWED = (
    "message",
    "edited_message",
    "callback_query",
    "my_chat_member",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is needed to understand the updates of an account."""

    account: str
    bot_id: int
    greeting: Mapping[str, str]
    now: datetime  # for what has no time of its own


def business_chat(owner: int, chat: int) -> str:
    """Name of a buyer's chat with the owner of a business account."""
    return f"{BUSINESS}{owner}:{chat}"


def connection_of(update: Update) -> str | None:
    """Id of the business connection an update came through."""
    found = update.business_message or update.edited_business_message or update.deleted_business_messages
    return found.business_connection_id if found else None


def lane_of(update: Update) -> object:
    """Updates with the same lane are worked on in order."""
    if update.business_connection is not None:  # the end of an old one and the beginning of a new one
        return ("connection", update.business_connection.user.id)
    chat = update.effective_chat
    return (chat.id, connection_of(update)) if chat is not None else update.update_id


def events_of(update: Update, reading: Reading, *, owner: int | None = None) -> tuple[Event, ...]:
    """The events of a buyer's update; what means nothing here is counted.

    Args:
        update: one that was not the team's.
        reading: the account.
        owner: who owns the business account the update came through.
    """
    if owner is not None:
        return _of_business(update, reading, owner)
    message = update.message or update.edited_message
    if message is None:
        count(reading.account, _blocked(update) or "other_update")
        return ()
    if message.chat.type != Chat.PRIVATE or message.from_user is None or message.from_user.is_bot:
        count(reading.account, "not_private")
        return ()
    chat = str(message.chat.id)
    if update.edited_message is not None:
        return _edited(update, message, chat, reading)
    if message.text is not None and _is_start(message.text):
        return (_event(f"start:{_id(chat, message)}", _started(message.from_user, reading), message, chat, reading),)
    return _wrote(message, chat, reading)


def _of_business(update: Update, reading: Reading, owner: int) -> tuple[Event, ...]:
    gone = update.deleted_business_messages
    if gone is not None:
        chat = business_chat(owner, gone.chat.id)
        return tuple(
            Event(
                account=reading.account,
                external_id=f"delete:{chat}:{number}",
                body=BuyerDeleted(of=f"{chat}:{number}"),
                at=reading.now,
                chat=chat,
            )
            for number in gone.message_ids
        )
    message = update.business_message or update.edited_business_message
    if message is None or message.from_user is None:
        count(reading.account, "other_update")
        return ()
    chat = business_chat(owner, message.chat.id)
    if message.from_user.id != owner and message.sender_business_bot is None:
        if update.edited_business_message is not None:
            return _edited(update, message, chat, reading)
        return _wrote(message, chat, reading)
    if message.sender_business_bot is not None and message.sender_business_bot.id == reading.bot_id:
        count(reading.account, "own_echo")
        return ()
    if update.edited_business_message is not None:
        count(reading.account, "seller_edited")
        return ()
    return _seller_wrote(message, chat, reading)


def _wrote(message: Message, chat: str, reading: Reading) -> tuple[Event, ...]:
    content = content_of(message)
    if content is None:
        count(reading.account, "service_message")
        return ()
    body = BuyerWrote(
        text=content.text,
        media=content.media,
        reply_to=_replied(message, chat),
        album=message.media_group_id,
    )
    return (_event(_id(chat, message), body, message, chat, reading),)


def _edited(update: Update, message: Message, chat: str, reading: Reading) -> tuple[Event, ...]:
    content = content_of(message)
    if content is None or message.location is not None:  # a live location moves on for hours
        count(reading.account, "silent_edit")
        return ()
    # An edit cannot carry a new picture, but it must not be silent either.
    text = content.text or " ".join(f"[{media.kind}]" for media in content.media)
    body = BuyerEdited(of=_id(chat, message), text=text)
    event = _event(f"edit:{_id(chat, message)}:{update.update_id}", body, message, chat, reading)
    return (event,)


def _seller_wrote(message: Message, chat: str, reading: Reading) -> tuple[Event, ...]:
    content = content_of(message)
    if content is None:
        count(reading.account, "service_message")
        return ()
    body = SellerWrote(text=content.text, media=content.media)
    return (_event(_id(chat, message), body, message, chat, reading),)


def _event(external_id: str, body: Body, message: Message, chat: str, reading: Reading) -> Event:
    buyer = message.chat  # a private chat is the person on the other side, whoever wrote in it
    # A username may be somebody else's tomorrow, so it is shown but finds nobody: the number alone is the person.
    username = f"@{buyer.username}" if buyer.username else ""
    return Event(
        account=reading.account,
        external_id=external_id,
        body=body,
        at=message.edit_date or message.date,
        chat=chat,
        contact_name=undirected(" ".join(filter(None, (buyer.full_name, username)))),
        contact_aliases=(("telegram", str(buyer.id)),),
    )


def _started(user: User, reading: Reading) -> BuyerStarted:
    code = (user.language_code or "").lower()
    language = greeting_language(reading.greeting, code)
    if language is None:
        return BuyerStarted(language=code or None)
    return BuyerStarted(
        language=language,
        greeting=reading.greeting[language],
        greeting_chinese=reading.greeting.get(SELLER_LANGUAGE, ""),
    )


def greeting_language(greeting: Mapping[str, str], code: str) -> str | None:
    """The language of the greeting for somebody whose Telegram is in ``code``: theirs, else English, else the first."""
    known = {language.lower(): language for language in greeting}
    wanted = (code, code.partition("-")[0], "en")
    return next((known[language] for language in wanted if language in known), next(iter(greeting), None))


def _is_start(text: str) -> bool:
    return text.split(maxsplit=1)[:1] == ["/start"]


def _replied(message: Message, chat: str) -> str | None:
    answered = message.reply_to_message
    return None if answered is None or answered.chat.id != message.chat.id else _id(chat, answered)


def _id(chat: str, message: Message) -> str:
    return f"{chat}:{message.message_id}"


def _blocked(update: Update) -> str | None:
    """Whether the buyer blocked the bot or let it in again; sending tells the seller, nothing is to be done now."""
    member = update.my_chat_member
    if member is None or member.chat.type != Chat.PRIVATE:
        return None
    return "blocked" if member.new_chat_member.status == ChatMember.BANNED else "unblocked"
