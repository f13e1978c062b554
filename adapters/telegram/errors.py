"""What Telegram's errors mean for the caller; the only place that knows their texts.

Source of the texts: the Bot API server (``Client.cpp``) and "Errors" of the MTProto documentation, as met in the wild.
They are matched in lower case because the library changes the first letter.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from dialogs.errors import Ambiguous, HeqiError, Refused, TryLater, Unreachable, WindowClosed

# The first one found in the description decides.
_REASONS: Final[tuple[tuple[str, str], ...]] = (
    ("message thread not found", "thread_not_found"),
    ("topic_id_invalid", "thread_not_found"),
    ("topic_deleted", "thread_not_found"),
    ("topic_closed", "topic_closed"),
    ("message is not modified", "not_modified"),
    ("topic_not_modified", "not_modified"),
    ("message to edit not found", "message_not_found"),
    ("message to delete not found", "message_not_found"),
    ("message to pin not found", "message_not_found"),
    ("message to be replied not found", "message_not_found"),
    ("message to reply not found", "message_not_found"),
    ("message_id_invalid", "message_not_found"),
    ("can't parse entities", "cannot_parse"),
    ("chat not found", "chat_not_found"),
    ("peer_id_invalid", "chat_not_found"),
    ("query is too old", "query_too_old"),
    ("query_id_invalid", "query_too_old"),
    ("business_peer_usage_missing", "window_closed"),
    ("business connection not found", "business_disconnected"),
    ("business_connection_invalid", "business_disconnected"),
    ("business_peer_invalid", "no_rights"),
    ("not enough rights", "no_rights"),
    ("have no rights", "no_rights"),
    ("need administrator rights", "no_rights"),
    ("chat_admin_required", "no_rights"),
    ("message is too long", "too_long"),
    ("caption is too long", "too_long"),
    ("message_too_long", "too_long"),
    ("media_caption_too_long", "too_long"),
    ("file is too big", "too_big"),
    ("request entity too large", "too_big"),
    ("photo_invalid_dimensions", "bad_photo"),
    ("image_process_failed", "bad_photo"),
    ("photo_ext_invalid", "bad_photo"),
    ("wrong file_id", "gone"),
    ("invalid file_id", "gone"),
)

BAD_TOKEN: Final = "bad_token"  # noqa: S105 - a reason
CONFLICT: Final = "conflict"
RATE_LIMITED: Final = "rate_limited"
# Nothing gets better by asking sooner (seconds): a token has to be changed, another program to be stopped.
_TOKEN_PAUSE: Final = 60.0
_CONFLICT_PAUSE: Final = 15.0


class NotSent(NetworkError):  # noqa: N818 - named by what is known
    """There was no connection: nothing of the request has left."""


class Unsure(NetworkError):  # noqa: N818
    """The connection broke, or the server failed, after the request may have been read; ``message`` is the reason."""


class Moved(Refused):
    """The group became a supergroup and has another id from now on."""

    def __init__(self, new_chat_id: int) -> None:
        super().__init__("moved")
        self.new_chat_id = new_chat_id


def ours(error: TelegramError) -> HeqiError:
    """The error as the product knows it; its text holds nothing of Telegram's."""
    match error:
        case BadRequest():  # a subclass of NetworkError although it is final
            return _refused(error.message)
        case Forbidden():
            return Unreachable("blocked")
        case RetryAfter():
            return TryLater(RATE_LIMITED, after=_seconds(error.retry_after))
        case ChatMigrated():
            return Moved(error.new_chat_id)
        case InvalidToken():
            return TryLater(BAD_TOKEN, after=_TOKEN_PAUSE)
        case Conflict():
            return TryLater(CONFLICT, after=_CONFLICT_PAUSE)
        case NotSent():
            return TryLater("no_connection")
        case Unsure():
            return Ambiguous(error.message)
        case TimedOut():
            return Ambiguous("timeout")
    return Ambiguous("malformed_answer")


def _refused(description: str) -> Refused:
    text = description.lower()
    reason = next((reason for known, reason in _REASONS if known in text), "bad_request")
    return WindowClosed(reason) if reason == "window_closed" else Refused(reason)


def _seconds(value: float | timedelta) -> float:
    return value.total_seconds() if isinstance(value, timedelta) else float(value)
