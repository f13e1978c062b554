"""Updates tamed at the edge: what has another shape than documented is not an update.

The library takes every field as it comes, so a list could stand where a text is meant. A field has the same type
wherever it stands in an update (Bot API, "Available types"), so types are checked by name.
"""

from __future__ import annotations

import json
from typing import Final

from telegram import Update

from adapters.doors import clean

# More than twice what the deepest documented update has.
_DEEPEST: Final = 32
_LARGEST: Final = 2**63  # ids have at most 52 significant bits

_NUMBER: Final = (int, float)
_TYPES: Final[dict[str, tuple[type, ...]]] = {
    **dict.fromkeys(
        (
            "update_id", "message_id", "date", "edit_date", "message_thread_id", "file_size", "user_chat_id", "offset",
            "length", "duration", "width", "height",
        ),
        (int,),
    ),
    **dict.fromkeys(("latitude", "longitude"), _NUMBER),
    **dict.fromkeys(
        (
            "text", "caption", "data", "type", "status", "title", "address", "phone_number", "emoji", "file_id",
            "file_unique_id", "mime_type", "file_name", "username", "first_name", "last_name", "language_code",
            "business_connection_id", "media_group_id", "question", "sender_user_name", "author_signature",
        ),
        (str,),
    ),
    **dict.fromkeys(
        (
            "message", "edited_message", "business_message", "edited_business_message", "deleted_business_messages",
            "business_connection", "callback_query", "my_chat_member", "chat", "from", "user", "reply_to_message",
            "quote", "forward_origin", "external_reply", "sender_business_bot", "sender_user", "sender_chat",
            "document", "video", "voice", "audio", "sticker", "animation", "video_note", "location", "venue", "contact",
            "poll", "dice", "game", "rights", "old_chat_member", "new_chat_member", "checklist",
        ),
        (dict,),
    ),
    **dict.fromkeys(("entities", "caption_entities", "photo", "options", "message_ids", "tasks"), (list,)),
    **dict.fromkeys(("is_bot", "is_enabled", "can_reply", "is_manual", "is_forum", "is_topic_message"), (bool,)),
    "id": (int, str),
}  # fmt: skip


_LISTS_OF: Final[dict[str, type]] = {
    "entities": dict, "caption_entities": dict, "photo": dict, "options": dict, "tasks": dict, "message_ids": int,
}  # fmt: skip
# What must be there: the library leaves some of it out in silence.
_MESSAGE: Final = ("message_id", "chat", "date")
_PERSON: Final = ("id", "first_name")
_MEMBER: Final = ("user", "status")
_FILE: Final = ("file_id", "file_unique_id")
_NEEDED: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(
        ("message", "edited_message", "business_message", "edited_business_message", "reply_to_message"), _MESSAGE
    ),
    **dict.fromkeys(("from", "user", "sender_user", "sender_business_bot"), _PERSON),
    **dict.fromkeys(("document", "video", "voice", "audio", "sticker", "animation", "video_note"), _FILE),
    **dict.fromkeys(("old_chat_member", "new_chat_member"), _MEMBER),
    **dict.fromkeys(("chat", "sender_chat"), ("id", "type")),
    "deleted_business_messages": ("business_connection_id", "chat", "message_ids"),
    "business_connection": ("id", "user", "user_chat_id", "date", "is_enabled"),
    "callback_query": ("id", "from"),
    "my_chat_member": ("chat", "from", "date", "old_chat_member", "new_chat_member"),
    "quote": ("text",),
    "forward_origin": ("type", "date"),
    "venue": ("location", "title", "address"),
    "location": ("latitude", "longitude"),
    "contact": ("phone_number", "first_name"),
    "poll": ("question", "options"),
    "checklist": ("title", "tasks"),
    "dice": ("emoji", "value"),
    "game": ("title",),
}
_NUMBERED: Final = frozenset({"from", "user", "sender_user", "sender_business_bot", "chat", "sender_chat"})


class _OtherShapeError(Exception):
    """Something in the update has another shape than documented."""


def parsed(content: bytes) -> object:
    """The JSON of a request, None when it is none."""
    try:
        value: object = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return value


def update_of(raw: object) -> Update | None:
    """The update with all its texts clean, None when it is none. No bot is tied to it: calls go through ``Api``."""
    try:
        tame = _tame(raw, _DEEPEST)
        if not isinstance(tame, dict) or "update_id" not in tame:
            return None
        return Update.de_json(tame, None)
    except _OtherShapeError:
        return None
    except Exception:  # noqa: BLE001 - the library answers missing fields with whatever comes up
        return None


def _tame(value: object, depth: int) -> object:
    """A copy with clean texts.

    Raises:
        _OtherShapeError: a field has another type, a number is out of range, or it is nested too deeply.
    """
    if depth == 0:
        raise _OtherShapeError
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(name): _field(name, item, depth) for name, item in value.items()}
    if isinstance(value, list):
        return [_tame(item, depth - 1) for item in value]
    if isinstance(value, _NUMBER) and not -_LARGEST < value < _LARGEST:
        raise _OtherShapeError
    return value


def _field(name: str, value: object, depth: int) -> object:
    known = _TYPES.get(name)
    # Exactly: True is an int to Python.
    if known is not None and type(value) not in known:
        raise _OtherShapeError
    if isinstance(value, dict):
        if any(needed not in value for needed in _NEEDED.get(name, ())):
            raise _OtherShapeError
        if name in _NUMBERED and type(value["id"]) is not int:
            raise _OtherShapeError
    if isinstance(value, list) and name in _LISTS_OF and any(type(item) is not _LISTS_OF[name] for item in value):
        raise _OtherShapeError
    return _tame(value, depth - 1)
