"""WhatsApp's names of people and chats, as bridges over its web protocol write them (``4915100000001@c.us``)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_PHONE: Final = ("@c.us", "@s.whatsapp.net")
_LID: Final = ("@lid", "@hosted.lid")


def is_person(jid: str) -> bool:
    """Whether it is a chat with one person; groups, channels and status posts are none of the shop's conversations."""
    return jid.endswith((*_PHONE, *_LID))


def aliases(jids: Iterable[str]) -> dict[str, str]:
    """What the names tell of the person: phone number and LID."""
    found: dict[str, str] = {}
    for jid in jids:
        name = jid.partition("@")[0].partition(":")[0]  # a colon leads to the number of a linked device
        if name and jid.endswith(_PHONE):
            found.setdefault("phone", name)
        elif name and jid.endswith(_LID):
            found.setdefault("lid", name)
    return found


def place(latitude: object, longitude: object, label: str) -> str:
    """A shared location as a text."""
    known = all(isinstance(degrees, int | float | str) for degrees in (latitude, longitude))
    return " ".join(part for part in (label, f"📍 {latitude}, {longitude}" if known else "📍") if part)
