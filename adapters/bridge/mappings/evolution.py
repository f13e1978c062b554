"""Evolution API: WhatsApp over its web protocol behind an HTTP interface.

Sources: Evolution API v2, "Webhooks", "Send Plain Text", "Send Media", "Connection State". It signs nothing: a
header of its webhook settings carries a secret. Its own ``apikey`` stands in every body and is dropped at once.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from typing_extensions import override

from adapters.bridge.dialect import UNKNOWN, Call, Dialect, File, Json, Knock, as_json
from adapters.bridge.mappings.evolution_content import content_of
from adapters.bridge.mappings.jids import aliases, is_person
from adapters.bridge.signing import any_same
from adapters.bridge.tame import at, moment, tamed, text_at
from adapters.ports import Outgoing
from dialogs.errors import BadSignature, Refused

_HEADERS: Final = ("x-heqi-secret", "apikey")
# By name, and by number as older versions write them. PENDING (1) tells nothing new.
_STATES: Final = {
    "ERROR": "failed", "SERVER_ACK": "sent", "DELIVERY_ACK": "delivered", "READ": "read", "PLAYED": "read",
    "0": "failed", "2": "sent", "3": "delivered", "4": "read", "5": "read",
}  # fmt: skip
_CONNECTIONS: Final = {"open": "connected", "connecting": "starting", "close": "disconnected"}
_LOGGED_OUT: Final = "401"  # statusReason
_MEDIA_TYPES: Final = {"photo": "image", "video": "video", "voice": "audio"}


class Evolution(Dialect):
    """``sender`` is the instance; ``secret`` is the value of the header ``x-heqi-secret`` of its webhook."""

    needed = _HEADERS

    @override
    def verify(self, knock: Knock) -> str:
        given = [knock.headers.get(name, "").encode("utf-8", "replace") for name in _HEADERS]
        right = [secret.encode() for secret in self.secrets]
        if not any_same(given, right):
            raise BadSignature("the secret is wrong")
        return knock.digest

    @override
    def read(self, knock: Knock) -> Sequence[object]:
        told = tamed(knock.body)
        if isinstance(told, dict):
            told.pop("apikey", None)
        if text_at(told, "instance") != self.settings.sender:
            return (UNKNOWN,)
        data = at(told, "data")
        items = data if isinstance(data, list) else [data]
        match text_at(told, "event").lower().replace("_", "."):
            case "messages.upsert" | "send.message":
                return [self._message(item) for item in items]
            case "messages.update":
                return [self._status(item) for item in items]
            case "messages.edited":
                return [self._edited(item) for item in items]
            case "messages.delete":
                return [self._of_chat("delete", item, {}) for item in items]
            case "connection.update":
                return [self._connection(item) for item in items]
        return (UNKNOWN,)

    def _message(self, item: object) -> Json:
        message = at(item, "message")
        if at(message, "reactionMessage") is not None:
            return {"type": "reaction", "id": text_at(_key(item), "id"), "ts": self._time(item)}
        content = content_of(message, at(item, "contextInfo"))
        return UNKNOWN if content is None else self._of_chat("message", item, content)

    def _edited(self, item: object) -> Json:
        content = content_of(at(item, "editedMessage"), None)
        return UNKNOWN if content is None else self._of_chat("edit", item, {"text": content["text"]})

    def _of_chat(self, kind: str, item: object, more: Json) -> Json:
        key = _key(item)
        from_me = at(key, "fromMe") is True
        chat = text_at(key, "remoteJid")
        if not is_person(chat):
            return UNKNOWN
        others = (text_at(key, "remoteJidAlt"), text_at(key, "senderPn"), text_at(key, "senderLid"))
        called = "" if from_me else text_at(item, "pushName")[:200]
        return {
            "type": kind,
            "id": text_at(key, "id"),
            "ts": self._time(item),
            "from_me": from_me,
            "conversation_id": chat,
            "contact": {"id": chat, "name": called, "aliases": aliases((chat, *others))},
            **more,
        }

    def _status(self, item: object) -> Json:
        key = _key(item)
        state = _STATES.get((text_at(item, "status") or text_at(item, "update", "status")).upper())
        if state is None or at(key, "fromMe") is not True:
            return UNKNOWN  # the buyer's own message was read here
        name = text_at(item, "keyId") or text_at(key, "id")
        told = {"of": name, "state": state, "error": "rejected" if state == "failed" else None}
        return {"type": "status", "id": name, "ts": self._time(item), "status": told}

    def _connection(self, item: object) -> Json:
        state = _CONNECTIONS.get(text_at(item, "state"), "disconnected")
        if state == "disconnected" and text_at(item, "statusReason") == _LOGGED_OUT:
            state = "logged_out"
        return {"type": "session", "id": f"connection-{state}", "ts": self.now().timestamp(), "state": state}

    def _time(self, item: object) -> float:
        return moment(at(item, "messageTimestamp") or at(item, "timestampMs"), self.now())

    @override
    def message(self, outgoing: Outgoing, file: File | None) -> Call:
        content: Json = {"number": outgoing.chat}
        if file is None:
            method = "sendText"
            content["text"] = outgoing.text
        elif file.kind == "voice":
            if outgoing.text:
                raise Refused("caption")  # a voice message carries no words; dropping them would lose them
            method = "sendWhatsAppAudio"
            content["audio"] = base64.b64encode(file.content).decode("ascii")
        else:
            method = "sendMedia"
            content |= {
                "mediatype": _MEDIA_TYPES.get(file.kind, "document"),
                "mimetype": file.mime,
                "fileName": file.name,
                "caption": outgoing.text,
                "media": base64.b64encode(file.content).decode("ascii"),
            }
        if outgoing.reply_to:
            content["quoted"] = {"key": {"id": outgoing.reply_to}}
        headers = {"content-type": "application/json", **self._apikey()}
        return Call(url=self._url(f"message/{method}"), headers=headers, body=as_json(content))

    @override
    def external_id(self, answer: object) -> str:
        return text_at(answer, "key", "id")

    @override
    def reason(self, status: int, answer: object) -> str:
        told = at(answer, "response", "message")
        first = told[0] if isinstance(told, list) and told else told
        if at(first, "exists") is False:
            return "unreachable"
        words = first.lower() if isinstance(first, str) else ""
        lost = "connection closed" in words or "instance does not exist" in words
        return "not_connected" if lost else ""

    @override
    def asking(self) -> Call:
        return Call(url=self._url("instance/connectionState"), method="GET", headers=self._apikey())

    @override
    def state(self, answer: object) -> str:
        return _CONNECTIONS.get(text_at(answer, "instance", "state"), "")

    def _url(self, path: str) -> str:
        return f"{self.settings.url}/{path}/{quote(self.settings.sender, safe='')}"

    def _apikey(self) -> dict[str, str]:
        return {"apikey": self.key}


def _key(item: object) -> object:
    """Where a message's key stands: under ``key``, or spread over the item itself."""
    key = at(item, "key")
    return key if isinstance(key, dict) else item
