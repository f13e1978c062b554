"""What a message of WhatsApp's web protocol says, as Evolution API passes it on: many shapes for little."""

from __future__ import annotations

from typing import Final

from adapters.bridge.dialect import Json
from adapters.bridge.mappings.jids import place
from adapters.bridge.tame import at, text_at

# Messages inside a message: it disappears, is shown once, or is a document with a caption.
_WRAPPERS: Final = (
    "ephemeralMessage",
    "viewOnceMessage",
    "viewOnceMessageV2",
    "viewOnceMessageV2Extension",
    "documentWithCaptionMessage",
)
_FILES: Final = {
    "imageMessage": "image/jpeg",
    "videoMessage": "video/mp4",
    "ptvMessage": "video/mp4",
    "audioMessage": "audio/ogg",
    "documentMessage": "",
    "stickerMessage": "image/webp",
}
_PRESSED: Final = (
    ("buttonsResponseMessage", "selectedDisplayText", "selectedButtonId"),
    ("templateButtonReplyMessage", "selectedDisplayText", "selectedId"),
    ("listResponseMessage", "title", "singleSelectReply.selectedRowId"),
)


def content_of(message: object, context: object) -> Json | None:
    """Text, media, button and what it answers, as the contract writes them; None when it says nothing."""
    message = _unwrapped(message)
    said = _pressed(message) or {"text": _text(message), "media": _media(message)}
    if not str(said["text"]).strip() and not said.get("media") and not said.get("button_id"):
        return None
    return {**said, "reply_to": _answered(message, context)}


def _unwrapped(message: object) -> object:
    for _ in range(len(_WRAPPERS)):
        inner = next((at(message, name, "message") for name in _WRAPPERS if at(message, name) is not None), None)
        if not isinstance(inner, dict):
            break
        # The bytes stand beside the wrapper.
        outside = {key: at(message, key) for key in ("base64", "mediaUrl") if at(message, key) is not None}
        message = {**outside, **inner}
    return message


def _text(message: object) -> str:
    plain = text_at(message, "conversation") or text_at(message, "extendedTextMessage", "text")
    if plain:
        return plain
    location = at(message, "locationMessage")
    if isinstance(location, dict):
        return place(at(location, "degreesLatitude"), at(location, "degreesLongitude"), text_at(location, "name"))
    captions = (text_at(message, name, "caption") for name in _FILES)
    return next((found for found in captions if found), "") or text_at(message, "contactMessage", "vcard")


def _media(message: object) -> list[Json]:
    for name, usual in _FILES.items():
        file = at(message, name)
        if not isinstance(file, dict):
            continue
        content = text_at(message, "base64") or None
        # The address inside the message leads to encrypted bytes; only what the bridge stored can be used.
        url = None if content else text_at(message, "mediaUrl") or None
        title = text_at(file, "fileName") or text_at(file, "title")
        mime = text_at(file, "mimetype")[:200] or usual
        return [{"url": url, "base64": content, "mime": mime, "name": title[:255]}]
    return []


def _pressed(message: object) -> Json | None:
    for kind, title, name in _PRESSED:
        answer = at(message, kind)
        if isinstance(answer, dict):
            return {"text": text_at(answer, title), "button_id": text_at(answer, *name.split("."))[:200]}
    return None


def _answered(message: object, context: object) -> str | None:
    found = text_at(context, "stanzaId")
    if not found and isinstance(message, dict):
        inner = (text_at(value, "contextInfo", "stanzaId") for value in message.values())
        found = next((one for one in inner if one), "")
    return found or None
