"""What one POST of Meta's webhook tells, as events. Pure functions over untrusted JSON: they raise nothing.

One POST carries several entries × changes × messages and statuses; an item that makes no sense leaves the others alone.
Shapes: WhatsApp Cloud API, "messages webhook reference" and "Business-scoped user IDs".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from adapters.whatsapp.content import UNSUPPORTED, Content, Json, content_of, object_of, part_of, parts_of, text_of
from adapters.whatsapp.errors import failure
from dialogs.events import Body, BuyerDeleted, BuyerEdited, BuyerStarted, BuyerWrote, Event, Receipt
from dialogs.messages import DeliveryState

Aliases = tuple[tuple[str, str], ...]

EDIT: Final = "edit:"  # before the external id of an edit
# Two letters of a country, a dot, up to 128 letters and digits; a parent's has "ENT." between them.
_BSUID: Final = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}")
_NOTHING: Final[Content] = (UNSUPPORTED, ())
_LONGEST_ID: Final = 256
_LONGEST_NAME: Final = 200
_STATES: Final = {
    "sent": DeliveryState.SENT,
    "delivered": DeliveryState.DELIVERED,
    "read": DeliveryState.READ,
    "played": DeliveryState.READ,  # a voice message that was listened to
    "failed": DeliveryState.FAILED,
}


@dataclass(frozen=True, slots=True)
class Moved:
    """Somebody has another number or id from now on."""

    old: Aliases
    new: Aliases


@dataclass(frozen=True, slots=True)
class Ignored:
    """Something that means nothing here; ``kind`` is a word of ours for the counter."""

    kind: str


Heard = Event | Moved | Ignored


@dataclass(frozen=True, slots=True)
class _Here:
    """Whose webhook it is, and when it came."""

    account: str
    phone_id: str
    now: datetime


def is_bsuid(name: str) -> bool:
    """Whether a name of a chat is a business-scoped user id (``US.1349…``) and not a phone number's digits."""
    return _BSUID.fullmatch(name) is not None


def hear(body: object, *, account: str, phone_id: str, now: datetime) -> Iterator[Heard]:
    """Everything a POST tells about our number, in its order."""
    here = _Here(account, phone_id, now)
    changes = [change for entry in parts_of(object_of(body), "entry") for change in parts_of(entry, "changes")]
    if not changes:
        yield Ignored("malformed")
    for change in changes:
        yield from _change(here, change)


def _change(here: _Here, change: Json) -> Iterator[Heard]:
    if text_of(change, "field") != "messages":
        yield Ignored("other_field")
        return
    value = part_of(change, "value")
    if text_of(part_of(value, "metadata"), "phone_number_id") != here.phone_id:
        yield Ignored("other_number")
        return
    for message in parts_of(value, "messages"):
        yield _message(here, value, message)
    for status in parts_of(value, "statuses"):
        yield _status(here, status)
    for key in ("messages", "statuses"):
        items = value.get(key, [])
        broken = sum(not isinstance(item, dict) for item in items) if isinstance(items, list) else 1
        yield from [Ignored("malformed")] * broken
    yield from [Ignored("platform_error")] * len(parts_of(value, "errors"))


# ---- messages --------------------------------------------------------------------------------------------------------


def _message(here: _Here, value: Json, message: Json) -> Heard:
    kind, message_id = text_of(message, "type"), _id(message, "id")
    if kind == "system":
        return _system(message)
    if kind == "reaction":
        return Ignored("reaction")
    aliases, name = _sender(value, message)
    if not message_id or not aliases:
        return Ignored("malformed")
    external_id, body = _body(kind, message_id, message)
    return Event(
        account=here.account,
        external_id=external_id,
        body=body,
        at=_time(message, here.now),
        chat=_chat(aliases),
        contact_name=name,
        contact_aliases=aliases,
    )


def _body(kind: str, message_id: str, message: Json) -> tuple[str, Body]:
    """The external id and the body of a message's event."""
    if kind == "request_welcome":
        return f"start:{message_id}", BuyerStarted()
    part = part_of(message, kind)
    of = _id(part, "original_message_id")
    if kind == "revoke" and of:
        return f"delete:{message_id}", BuyerDeleted(of=of)
    if kind == "edit" and of and (new := content_of(part_of(part, "message"))) is not None and new[0]:
        return f"{EDIT}{message_id}", BuyerEdited(of=of, text=new[0])
    text, media = content_of(message) or _NOTHING
    reply_to = _id(part_of(message, "context"), "id") or None
    return message_id, BuyerWrote(text=text, media=media, reply_to=reply_to)


def _sender(value: Json, message: Json) -> tuple[Aliases, str]:
    """The sender's aliases, the one that names the chat first, and their name.

    ``from`` is the phone number, ``wa_id`` WhatsApp's name for it; both are missing when the buyer hides the number.
    """
    phone, user = _id(message, "from"), _id(message, "from_user_id")
    if is_bsuid(phone):
        phone, user = "", user or phone
    contact = _contact(parts_of(value, "contacts"), phone, user)
    user = user or _id(contact, "user_id")
    wa_id = _id(contact, "wa_id")
    if is_bsuid(wa_id):
        wa_id, user = "", user or wa_id
    profile = part_of(contact, "profile")
    username = _id(profile, "username") or _id(contact, "username")
    name = text_of(profile, "name").strip() or username
    aliases = _aliases(bsuid=user, wa_id=wa_id or phone, phone=phone)
    return aliases + (_aliases(username=username) if aliases else ()), name[:_LONGEST_NAME]


def _contact(contacts: list[Json], phone: str, user: str) -> Json:
    """The contact of a message's sender: by either id, or the only one there is where numbers are written in two ways.

    A contact with another BSUID is somebody else.
    """
    for contact in contacts:
        theirs = _id(contact, "user_id")
        if user and theirs:
            if theirs == user:
                return contact
        elif phone and _id(contact, "wa_id") == phone:
            return contact
    only = contacts[0] if len(contacts) == 1 else {}
    return {} if user and _id(only, "user_id") not in {"", user} else only


def _system(message: Json) -> Heard:
    """A number or id that changed: what it was, and what it is."""
    system = part_of(message, "system")
    if text_of(system, "type") not in {"user_changed_number", "customer_changed_number", "user_changed_user_id"}:
        return Ignored("system")
    before = _id(system, "customer") or _id(message, "from")
    after = _id(system, "wa_id") or _id(system, "new_wa_id")
    old = _aliases(bsuid=_id(system, "previous_user_id"), wa_id="" if is_bsuid(before) else before)
    new = _aliases(bsuid=_id(system, "user_id"), wa_id=after)
    return Moved(old, new) if old and new and not set(old) & set(new) else Ignored("system")


# ---- statuses --------------------------------------------------------------------------------------------------------


def _status(here: _Here, status: Json) -> Heard:
    of, word = _id(status, "id"), text_of(status, "status")
    state = _STATES.get(word)
    if not of or state is None:
        return Ignored("status" if of else "malformed")
    to = _id(status, "recipient_id")
    aliases = _aliases(bsuid=_id(status, "recipient_user_id"), wa_id="" if is_bsuid(to) else to)
    error = _reason(status) if state is DeliveryState.FAILED else None
    return Event(
        account=here.account,
        external_id=f"status:{of}:{word}",
        body=Receipt(of=of, state=state, error=error),
        at=_time(status, here.now),
        chat=_chat(aliases) if aliases else None,
        contact_aliases=aliases,
    )


def _reason(status: Json) -> str:
    errors = parts_of(status, "errors")
    return failure(code=errors[0].get("code") if errors else None).reason


# ---- small things ----------------------------------------------------------------------------------------------------


def _aliases(**named: str) -> Aliases:
    return tuple((kind, value) for kind, value in named.items() if value)


def _chat(aliases: Aliases) -> str:
    return aliases[0][1]


def _id(json: Json, key: str) -> str:
    """An id of the platform; what is too long or empty is none."""
    value = text_of(json, key).strip()
    return value if len(value) <= _LONGEST_ID else ""


def _time(json: Json, now: datetime) -> datetime:
    """When it happened: Unix seconds, never later than now; now for anything else."""
    value = json.get("timestamp")
    text = str(value) if isinstance(value, int) and 0 <= value < 10**11 else value
    if not isinstance(text, str) or not re.fullmatch(r"[0-9]{9,11}", text):
        return now
    return min(datetime.fromtimestamp(int(text), UTC), now)
