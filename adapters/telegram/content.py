"""What a message holds, as the product carries it: a text and attachments."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from telegram import (
    Animation,
    Audio,
    Checklist,
    Document,
    Message,
    MessageOriginChannel,
    MessageOriginChat,
    MessageOriginHiddenUser,
    MessageOriginUser,
    PhotoSize,
    Poll,
    Sticker,
    Video,
    VideoNote,
    Voice,
)
from telegram.constants import MessageType

from adapters.telegram.settings import MEGABYTE
from dialogs.messages import Media

DOWNLOAD_LIMIT: Final = 20 * MEGABYTE  # Bot API, "getFile"
_LONGEST_NAME: Final = 200

# A file name that reverses its own letters shows a program as a picture.
_DIRECTIONS: Final = dict.fromkeys(
    (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
)  # Unicode, "Bidirectional Character Types": the explicit marks

# Messages that people write although they have no text; of the other kinds Telegram itself is the author.
_WRITTEN: Final = (
    "story", "paid_media", "invoice", "gift", "unique_gift", "giveaway", "giveaway_winners", "passport_data",
    "users_shared", "chat_shared", "web_app_data", "successful_payment", "refunded_payment", "reply_to_story",
)  # fmt: skip
# Fields beside the content, not content.
_BESIDE: Final = frozenset({"business_connection_id", "effect_id", "sender_boost_count", "sender_business_bot"})
_SERVICE: Final = tuple(kind.value for kind in MessageType if kind.value not in {*_WRITTEN, *_BESIDE})

File = Animation | Audio | Document | PhotoSize | Sticker | Video | VideoNote | Voice


@dataclass(frozen=True, slots=True)
class Content:
    """Text and attachments of one message."""

    text: str = ""
    media: tuple[Media, ...] = ()


def content_of(message: Message) -> Content | None:
    """What the message says, None when nobody wrote it (somebody pinned something, a timer was set).

    A kind the product cannot carry becomes a short line that says what came (``[story]``): it must be seen.
    """
    content = _content(message)
    if content is None:
        return None
    return Content(_origin(message) + _quote(message) + content.text, content.media)


def undirected(name: str) -> str:
    """A name without marks that change the direction of what stands beside it."""
    return name.translate(_DIRECTIONS)


def _content(message: Message) -> Content | None:
    if message.text is not None:
        return Content(message.text)
    attached = _attached(message)
    if attached is not None:
        return Content(message.caption or "", (attached,))
    if message.sticker is not None:
        return Content(message.sticker.emoji or "", (_sticker(message.sticker),))
    line = _line(message)
    if line is not None:
        return line
    if any(getattr(message, kind) for kind in _SERVICE):
        return None
    kind = next((kind for kind in _WRITTEN if getattr(message, kind)), "?")
    return Content(f"[{kind}] {message.caption or ''}".rstrip())


def _attached(message: Message) -> Media | None:
    if message.photo:
        largest = max(message.photo, key=lambda size: size.width * size.height)
        return _media("photo", largest, mime="image/jpeg")
    if message.animation is not None:  # comes with ``document`` for old clients
        return _media("video", message.animation, mime=message.animation.mime_type or "video/mp4")
    if message.video is not None:
        return _media("video", message.video, mime=message.video.mime_type or "video/mp4")
    if message.live_photo is not None:
        live = message.live_photo
        return _sized(Media(kind="video", mime=live.mime_type or "video/mp4", remote=live.file_id), live.file_size)
    if message.video_note is not None:
        return _media("video", message.video_note, mime="video/mp4")
    if message.voice is not None:
        return _media("voice", message.voice, mime=message.voice.mime_type or "audio/ogg")
    if message.audio is not None:
        return _media("voice", message.audio, mime=message.audio.mime_type or "audio/mpeg")
    if message.document is not None:
        return _media("document", message.document, mime=message.document.mime_type or "application/octet-stream")
    return None


def _sticker(sticker: Sticker) -> Media:
    if sticker.is_animated:
        return _media("sticker", sticker, mime="application/x-tgsticker")
    return _media("sticker", sticker, mime="video/webm" if sticker.is_video else "image/webp")


def _media(kind: str, file: File, *, mime: str) -> Media:
    name = undirected(getattr(file, "file_name", None) or "")
    return _sized(Media(kind=kind, name=name[:_LONGEST_NAME], mime=mime, remote=file.file_id), file.file_size)


def _sized(media: Media, size: int | None) -> Media:
    error = "too_big" if (size or 0) > DOWNLOAD_LIMIT else ""
    return replace(media, size=size or 0, error=error)


def _line(message: Message) -> Content | None:
    """Content that is not a file, as a line of text in no language."""
    if message.venue is not None:
        place = message.venue.location
        where = f"{place.latitude},{place.longitude}"
        return Content(f"📍 {message.venue.title}, {message.venue.address} ({where})", (Media(kind="location"),))
    if message.location is not None:
        return Content(f"📍 {message.location.latitude},{message.location.longitude}", (Media(kind="location"),))
    if message.contact is not None:
        name = f"{message.contact.first_name} {message.contact.last_name or ''}".strip()
        return Content(f"👤 {name} {message.contact.phone_number}")
    if message.poll is not None:
        return Content(_poll(message.poll))
    if message.checklist is not None:
        return Content(_checklist(message.checklist))
    if message.dice is not None:
        return Content(f"{message.dice.emoji} {message.dice.value}")
    if message.game is not None:
        return Content(f"🎮 {message.game.title}")
    return None


def _poll(poll: Poll) -> str:
    return "\n".join([f"📊 {poll.question}", *(f"• {option.text}" for option in poll.options)])


def _checklist(checklist: Checklist) -> str:
    return "\n".join([f"☑ {checklist.title}", *(f"• {task.text}" for task in checklist.tasks)])


def _origin(message: Message) -> str:
    """Whose words a forwarded message holds: they are not the buyer's own."""
    match message.forward_origin:
        case None:
            return ""
        case MessageOriginUser(sender_user=user):
            name = user.full_name
        case MessageOriginHiddenUser(sender_user_name=name):
            pass
        case MessageOriginChat(sender_chat=chat) | MessageOriginChannel(chat=chat):
            name = chat.effective_name or ""
        case _:
            name = ""
    return f"↪ {name}".rstrip() + "\n"


def _quote(message: Message) -> str:
    """What the buyer picked out of another message; an answer to a whole message tells by its id what it answers."""
    quote = message.quote
    if quote is None or not (quote.is_manual or message.external_reply is not None):
        return ""
    return "".join(f"> {line}\n" for line in quote.text.splitlines())
