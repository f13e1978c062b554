"""What a WhatsApp message says: its words and attachments. Pure functions over untrusted JSON.

Shapes: WhatsApp Cloud API, "messages webhook reference".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from adapters.doors import clean
from dialogs.messages import Media

Json = Mapping[str, Any]
Content = tuple[str, tuple[Media, ...]]

UNSUPPORTED: Final = "[unsupported]"  # something came that cannot be shown; the seller may ask for it again
_MEDIA_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")  # becomes a part of an address when it is fetched
_MAX_NAME: Final = 200
_MEDIA_KINDS: Final[Mapping[str, str]] = {
    "image": "photo",
    "video": "video",
    "audio": "voice",
    "document": "document",
    "sticker": "sticker",
}


def text_of(json: Json, key: str) -> str:
    """The text under ``key``, fit to be stored; empty when there is none."""
    value = json.get(key)
    return clean(value) if isinstance(value, str) else ""


def object_of(value: object) -> Json:
    """The value as an object, an empty one when it is none."""
    return value if isinstance(value, dict) else {}


def part_of(json: Json, key: str) -> Json:
    """The object under ``key``, an empty one when there is none."""
    return object_of(json.get(key))


def parts_of(json: Json, key: str) -> list[Json]:
    """The objects in the list under ``key``."""
    value = json.get(key)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def content_of(message: Json) -> Content | None:
    """Words and attachments of a message, None when it is of a kind that cannot be shown or holds nothing."""
    kind = text_of(message, "type")
    part = part_of(message, kind)
    if kind in _MEDIA_KINDS:
        return _media(_MEDIA_KINDS[kind], part)
    if kind == "contacts":
        text = "\n".join(filter(None, map(_contact, parts_of(message, kind))))
    else:
        read = _TEXTS.get(kind)
        text = read(part) if read is not None else ""
    return (text, ()) if text.strip() else None


def _media(kind: str, part: Json) -> Content | None:
    remote = text_of(part, "id")
    if not _MEDIA_ID.fullmatch(remote):
        return None
    mime = text_of(part, "mime_type").partition(";")[0].strip().lower()[:100]
    name = text_of(part, "filename")[:_MAX_NAME]
    return text_of(part, "caption"), (Media(kind=kind, name=name, mime=mime, remote=remote),)


def _location(part: Json) -> str:
    place = [text_of(part, "name"), text_of(part, "address")]
    latitude, longitude = _number(part.get("latitude")), _number(part.get("longitude"))
    where = f"{latitude}, {longitude}" if latitude and longitude else ""
    lines = [line for line in (*place, where) if line]
    return "\n".join(["\N{ROUND PUSHPIN} " + lines[0], *lines[1:]]) if lines else ""


def _contact(part: Json) -> str:
    name = part_of(part, "name")
    called = text_of(name, "formatted_name") or text_of(name, "first_name")
    phones = [text_of(phone, "phone") or text_of(phone, "wa_id") for phone in parts_of(part, "phones")]
    emails = [text_of(email, "email") for email in parts_of(part, "emails")]
    line = ", ".join(filter(None, [called, *phones, *emails]))
    return f"\N{BUST IN SILHOUETTE} {line}" if line else ""


def _order(part: Json) -> str:
    lines = [_product(item) for item in parts_of(part, "product_items")]
    return "\n".join(filter(None, [*lines, text_of(part, "text")]))


def _product(item: Json) -> str:
    article = text_of(item, "product_retailer_id")
    if not article:
        return ""
    price = " ".join(filter(None, [_number(item.get("item_price")), text_of(item, "currency")]))
    return " ".join(filter(None, ["\N{SHOPPING TROLLEY}", f"{_number(item.get('quantity')) or 1} ×", article, price]))


def _interactive(part: Json) -> str:
    for kind in ("button_reply", "list_reply"):
        if title := text_of(part_of(part, kind), "title"):
            return title
    return ""


def _number(value: object) -> str:
    """A number as it is written, empty for anything else; prices come as numbers and as texts."""
    if isinstance(value, str):
        return value if re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,15})?", value) else ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return str(value) if abs(value) < 1e15 else ""  # neither is infinity, nor what is no number


_TEXTS: Final[Mapping[str, Callable[[Json], str]]] = {
    "text": lambda part: text_of(part, "body"),
    "button": lambda part: text_of(part, "text"),  # a quick reply of a template
    "interactive": _interactive,
    "location": _location,
    "order": _order,
}
