"""Chatwoot: a shared inbox whose API channel carries the buyer's platform; Heqi answers in it as an agent.

Sources: Chatwoot, "Webhooks" (payloads, signature), "API channel", "Create new message". ``url`` holds the account:
``https://chat.example.com/api/v1/accounts/3``.
"""

from __future__ import annotations

import hashlib
import hmac
import mimetypes
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote, urlsplit

import aiohttp
from typing_extensions import override

from adapters.bridge.dialect import UNKNOWN, Call, Dialect, File, Json, Knock, as_json
from adapters.bridge.signing import any_same, fresh
from adapters.bridge.tame import at, moment, tamed, text_at
from adapters.ports import Outgoing
from dialogs.errors import BadSignature

_INCOMING: Final = {"incoming", "0"}
_OUTGOING: Final = {"outgoing", "1"}
_STATUSES: Final = {"sent", "delivered", "read", "failed"}
_TYPES: Final = {"image": "image/jpeg", "audio": "audio/mpeg", "video": "video/mp4"}
# The first address answers with a redirect to a signed one, the second with the bytes (Rails, "Active Storage").
_REDIRECT: Final = "/rails/active_storage/blobs/redirect/"
_PROXY: Final = "/rails/active_storage/blobs/proxy/"


class Chatwoot(Dialect):
    """``sender`` is the number of the inbox, all inboxes when it is empty; ``key`` is an agent's access token."""

    needed = ("x-chatwoot-signature",)

    @override
    def verify(self, knock: Knock) -> str:
        timestamp = knock.headers.get("x-chatwoot-timestamp", "")
        fresh(timestamp, self.now())
        text = timestamp.encode() + b"." + knock.body
        given = knock.headers.get("x-chatwoot-signature", "").encode("utf-8", "replace")
        right = [
            b"sha256=" + hmac.new(secret.encode(), text, hashlib.sha256).hexdigest().encode() for secret in self.secrets
        ]
        if not any_same([given], right):
            raise BadSignature("the signature is wrong")
        return knock.digest

    @override
    def read(self, knock: Knock) -> Sequence[object]:
        told = tamed(knock.body)
        inbox = text_at(told, "inbox", "id") or text_at(told, "conversation", "inbox_id")
        if self.settings.sender and inbox != self.settings.sender:
            return (UNKNOWN,)
        if at(told, "private") is True or text_at(told, "message_type") not in _INCOMING | _OUTGOING:
            return (UNKNOWN,)  # notes between agents, and what Chatwoot says by itself
        match text_at(told, "event"):
            case "message_created":
                return (self._message(told),)
            case "message_updated":
                return (self._updated(told),)
        return (UNKNOWN,)

    def _message(self, told: object) -> Json:
        attachments = at(told, "attachments")
        media = [_attachment(item) for item in attachments] if isinstance(attachments, list) else []
        text = text_at(told, "content")
        if not text.strip() and not media:
            return UNKNOWN
        reply_to = text_at(told, "content_attributes", "in_reply_to") or None
        return self._of_chat("message", told, {"text": text, "media": media, "reply_to": reply_to})

    def _updated(self, told: object) -> Json:
        if at(told, "content_attributes", "deleted") is True:
            return self._of_chat("delete", told, {})
        status = text_at(told, "status")
        if text_at(told, "message_type") not in _OUTGOING or status not in _STATUSES:
            return UNKNOWN
        name = text_at(told, "id")
        error = "rejected" if status == "failed" else None
        told_of = {"of": name, "state": status, "error": error}
        return {"type": "status", "id": name, "ts": self._time(told), "status": told_of}

    def _of_chat(self, kind: str, told: object, more: Json) -> Json:
        chat = text_at(told, "conversation", "id")
        from_me = text_at(told, "message_type") in _OUTGOING
        sender = at(told, "sender")
        contact = at(told, "conversation", "meta", "sender") if from_me else sender
        known = text_at(contact, "id") or text_at(told, "conversation", "contact_inbox", "contact_id")
        phone = text_at(contact, "phone_number")[:200]
        return {
            "type": kind,
            "id": text_at(told, "id"),
            "ts": self._time(told),
            "from_me": from_me,
            "conversation_id": chat,
            "contact": {
                "id": f"contact:{known}" if known else f"conversation:{chat}",
                "name": text_at(contact, "name")[:200],
                "aliases": {"phone": phone or None},
            },
            **more,
        }

    def _time(self, told: object) -> float:
        return moment(at(told, "created_at"), self.now())

    @override
    def message(self, outgoing: Outgoing, file: File | None) -> Call:
        url = f"{self.settings.url}/conversations/{quote(outgoing.chat, safe='')}/messages"
        if file is not None:
            return Call(url=url, headers=self._token(), body=_form(outgoing, file))
        content: Json = {"content": outgoing.text, "message_type": "outgoing", "private": False}
        if outgoing.reply_to:
            content["content_attributes"] = {"in_reply_to": outgoing.reply_to}
        headers = {"content-type": "application/json", **self._token()}
        return Call(url=url, headers=headers, body=as_json(content))

    @override
    def external_id(self, answer: object) -> str:
        return text_at(answer, "id")

    @override
    def reason(self, status: int, answer: object) -> str:
        return "unreachable" if status == 404 else ""  # the conversation was deleted

    @override
    def asking(self) -> Call:
        path = f"/inboxes/{quote(self.settings.sender, safe='')}" if self.settings.sender else "/conversations/meta"
        return Call(url=self.settings.url + path, method="GET", headers=self._token())

    @override
    def state(self, answer: object) -> str:
        if at(answer, "reauthorization_required") is True:
            return "logged_out"
        return "connected" if text_at(answer, "id") or isinstance(at(answer, "meta"), dict) else ""

    def _token(self) -> dict[str, str]:
        return {"api_access_token": self.key}


def _form(outgoing: Outgoing, file: File) -> aiohttp.FormData:
    form = aiohttp.FormData()
    form.add_field("content", outgoing.text)
    form.add_field("message_type", "outgoing")
    form.add_field("private", "false")
    form.add_field("attachments[]", file.content, filename=file.name, content_type=file.mime)
    return form


def _attachment(item: object) -> Json:
    url = text_at(item, "data_url").replace(_REDIRECT, _PROXY, 1)
    try:
        name = urlsplit(url).path.rpartition("/")[2]
    except ValueError:
        name = ""
    mime = mimetypes.guess_type(name)[0] or _TYPES.get(text_at(item, "file_type"), "")
    size = at(item, "file_size")
    known = size if isinstance(size, int) and not isinstance(size, bool) and 0 <= size < 2**53 else None
    return {"url": url or None, "mime": mime, "name": name[:255], "size": known}
