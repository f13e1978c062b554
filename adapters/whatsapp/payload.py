"""One outgoing message in the shape the Cloud API takes. Pure functions; limits as WhatsApp documents them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from adapters.ports import Outgoing
from adapters.whatsapp.parse import is_bsuid
from dialogs.errors import Refused
from dialogs.messages import Media, TemplateUse

Payload = dict[str, Any]

_REPLY_BUTTONS: Final = 3
_BUTTON_TITLE: Final = 20
_BUTTON_BODY: Final = 1024  # of a message with reply buttons; a list takes 4096
_LIST_ROWS: Final = 10
_ROW_TITLE: Final = 24
_OPEN_LIST: Final = "☰"  # what opens the list; a sign, because it must be read in every language
_CAPTION: Final = 1024

_DOCUMENTS: Final = frozenset(
    {
        "text/plain",
        "application/pdf",
        "application/msword",
        "application/vnd.ms-excel",
        "application/vnd.ms-powerpoint",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    }
)
_IMAGES: Final = frozenset({"image/jpeg", "image/png"})
_VIDEOS: Final = frozenset({"video/mp4", "video/3gpp"})
_AUDIOS: Final = frozenset({"audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"})
# Our kinds: WhatsApp's word, and the types it takes. A picture or film may also leave as a file.
_KINDS: Final = {
    "photo": ("image", _IMAGES),
    "video": ("video", _VIDEOS),
    "voice": ("audio", _AUDIOS),
    "document": ("document", _DOCUMENTS | _IMAGES | _VIDEOS | _AUDIOS),
}


def envelope(outgoing: Outgoing) -> Payload:
    """Who gets the message and what it answers.

    A BSUID goes under ``recipient``: under ``to`` its digits would be taken for a phone number, and the message would
    be lost without an error.
    """
    to = {"recipient": outgoing.chat} if is_bsuid(outgoing.chat) else {"to": outgoing.chat}
    context = {"context": {"message_id": outgoing.reply_to}} if outgoing.reply_to else {}
    return {"messaging_product": "whatsapp", "recipient_type": "individual", **to, **context}


def words(outgoing: Outgoing) -> Payload:
    """A template, a text with buttons or a plain text.

    Raises:
        Refused: there is nothing to send (``empty``).
    """
    if outgoing.template is not None:
        return {"type": "template", "template": _template(outgoing.template)}
    if not outgoing.text.strip():
        raise Refused("empty")
    # Titles must differ and must not be empty.
    titles = list(dict.fromkeys(title.strip() for title in outgoing.buttons if title.strip()))
    if titles:
        return {"type": "interactive", "interactive": _buttons(outgoing.text, titles[:_LIST_ROWS])}
    return {"type": "text", "text": {"body": outgoing.text, "preview_url": False}}


def attachment(outgoing: Outgoing, media: Media, media_id: str) -> Payload:
    """An uploaded attachment with its caption."""
    kind, _ = _KINDS[media.kind]
    part = {"id": media_id}
    if caption := _caption(outgoing):
        part["caption"] = caption
    if kind == "document":
        part["filename"] = media.name or "file"
    return {"type": kind, kind: part}


def check_attachment(outgoing: Outgoing, media: Media, mime: str) -> None:
    """Refuse what WhatsApp does not take, before it is uploaded.

    Raises:
        Refused: ``media_type``, ``caption`` (sound carries no words) or ``caption_too_long``.
    """
    kind, types = _KINDS.get(media.kind, ("", frozenset()))
    if mime not in types:
        raise Refused("media_type")
    caption = _caption(outgoing)
    if caption and kind == "audio":
        raise Refused("caption")
    if _length(caption) > _CAPTION:
        raise Refused("caption_too_long")


def _caption(outgoing: Outgoing) -> str:
    """Words beside an attachment; buttons become lines, an attachment carries none."""
    return "\n".join(filter(None, [outgoing.text, *outgoing.buttons]))


def _buttons(text: str, titles: Sequence[str]) -> Payload:
    """Up to three buttons to press, or a list of up to ten."""
    if len(titles) <= _REPLY_BUTTONS and _length(text) <= _BUTTON_BODY:
        replies = [{"type": "reply", "reply": reply} for reply in _numbered(titles, _BUTTON_TITLE)]
        return {"type": "button", "body": {"text": text}, "action": {"buttons": replies}}
    rows = _numbered(titles, _ROW_TITLE)
    return {"type": "list", "body": {"text": text}, "action": {"button": _OPEN_LIST, "sections": [{"rows": rows}]}}


def _numbered(titles: Sequence[str], limit: int) -> list[dict[str, str]]:
    return [{"id": str(number), "title": _cut(title, limit)} for number, title in enumerate(titles, 1)]


def _cut(title: str, limit: int) -> str:
    if _length(title) <= limit:
        return title
    units = title.encode("utf-16-le", "surrogatepass")[: 2 * (limit - 1)]
    return units.decode("utf-16-le", "ignore") + "…"


def _template(use: TemplateUse) -> Payload:
    template: Payload = {"name": use.name, "language": {"code": use.language}}
    if use.values:
        parameters = [{"type": "text", "text": value} for value in use.values]
        template["components"] = [{"type": "body", "parameters": parameters}]
    return template


def _length(text: str) -> int:
    """Length in UTF-16 units, the stricter way to count."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
