"""WAHA: WhatsApp over its web protocol behind an HTTP interface.

Sources: WAHA, "Events" (webhooks, HMAC), "Send messages", "Sessions". Message ids come as ``true_<chat>_<id>`` in some
places and as ``<id>`` in others; ``<id>`` is used everywhere.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote

from typing_extensions import override

from adapters.bridge.dialect import UNKNOWN, Call, Dialect, File, Json, Knock, as_json
from adapters.bridge.mappings.jids import aliases, is_person, place
from adapters.bridge.signing import any_same
from adapters.bridge.tame import at, moment, tamed, text_at
from adapters.ports import Outgoing
from dialogs.errors import BadSignature, Refused

_ACKS: Final = {-1: "failed", 1: "sent", 2: "delivered", 3: "read", 4: "read"}  # 0: on its way
_STATES: Final = {
    "WORKING": "connected",
    "SCAN_QR_CODE": "qr",
    "STARTING": "starting",
    "STOPPED": "stopped",
    "FAILED": "failed",
}
_SENDERS: Final = {"photo": "sendImage", "video": "sendVideo", "voice": "sendVoice"}
_DOCUMENTS: Final = "sendFile"


class Waha(Dialect):
    """``sender`` is the session, ``default`` when it is empty; ``secret`` is the webhook's HMAC key."""

    needed = ("x-webhook-hmac",)

    @property
    def _session(self) -> str:
        return self.settings.sender or "default"

    @override
    def verify(self, knock: Knock) -> str:
        if knock.headers.get("x-webhook-hmac-algorithm", "sha512").lower() != "sha512":
            raise BadSignature("the algorithm is not sha512")
        given = knock.headers.get("x-webhook-hmac", "").lower().encode("utf-8", "replace")
        right = [hmac.new(secret.encode(), knock.body, hashlib.sha512).hexdigest().encode() for secret in self.secrets]
        if not any_same([given], right):
            raise BadSignature("the signature is wrong")
        return knock.digest

    @override
    def read(self, knock: Knock) -> Sequence[object]:
        told = tamed(knock.body)
        payload = at(told, "payload")
        if text_at(told, "session") != self._session:
            return (UNKNOWN,)
        match text_at(told, "event"):
            case "message" | "message.any":
                return (self._message(payload),)
            case "message.ack":
                return (self._ack(payload),)
            case "message.edited":
                edited = _bare(text_at(payload, "editedMessageId"))
                return (self._of_chat("edit", payload, edited, {"text": text_at(payload, "body")}),)
            case "message.revoked":
                return (self._revoked(payload),)
            case "message.reaction":
                return ({"type": "reaction", "id": _bare(text_at(payload, "id")), "ts": self._time(payload)},)
            case "session.status":
                return (self._changed(told, payload),)
        return (UNKNOWN,)

    def _message(self, payload: object) -> Json:
        location = at(payload, "location")
        cards = at(payload, "vCards")
        text = text_at(payload, "body")
        if isinstance(location, dict):  # the body is a thumbnail then
            label = text_at(location, "description") or text_at(location, "name")
            text = place(at(location, "latitude"), at(location, "longitude"), label)
        elif not text and isinstance(cards, list):
            text = "\n".join(card for card in cards if isinstance(card, str))
        media = _media(payload)
        if not text.strip() and not media:
            return UNKNOWN  # a notice of the platform, nothing anybody wrote
        reply_to = _bare(text_at(payload, "replyTo", "id")) or None
        said = {"text": text, "media": media, "reply_to": reply_to}
        return self._of_chat("message", payload, _bare(text_at(payload, "id")), said)

    def _of_chat(self, kind: str, payload: object, name: str, more: Json) -> Json:
        from_me = at(payload, "fromMe") is True
        chat = text_at(payload, "to" if from_me else "from")
        if not is_person(chat):
            return UNKNOWN
        others = (
            text_at(payload, "_data", "key", "remoteJidAlt"),
            text_at(payload, "_data", "Info", "RecipientAlt" if from_me else "SenderAlt"),
        )
        called = "" if from_me else _called(payload)
        return {
            "type": kind,
            "id": name,
            "ts": self._time(payload),
            "from_me": from_me,
            "conversation_id": chat,
            "contact": {"id": chat, "name": called, "aliases": aliases((chat, *others))},
            **more,
        }

    def _revoked(self, payload: object) -> Json:
        shown = at(payload, "before") or at(payload, "after")
        revoked = text_at(payload, "revokedMessageId") or text_at(shown, "id")
        return self._of_chat("delete", shown, _bare(revoked), {})

    def _ack(self, payload: object) -> Json:
        ack = at(payload, "ack")
        state = _ACKS.get(ack) if isinstance(ack, int) else None
        if state is None or at(payload, "fromMe") is not True:
            return UNKNOWN
        name = _bare(text_at(payload, "id"))
        error = "rejected" if state == "failed" else None
        told = {"of": name, "state": state, "error": error}
        return {"type": "status", "id": name, "ts": self._time(payload), "status": told}

    def _changed(self, told: object, payload: object) -> Json:
        status = text_at(payload, "status")
        return {
            "type": "session",
            "id": text_at(told, "id") or status,
            "ts": moment(at(told, "timestamp"), self.now()),
            "state": _STATES.get(status, "disconnected"),
        }

    def _time(self, payload: object) -> float:
        return moment(at(payload, "timestamp"), self.now())

    @override
    def message(self, outgoing: Outgoing, file: File | None) -> Call:
        content: Json = {"session": self._session, "chatId": outgoing.chat}
        if file is None:
            method = "sendText"
            content["text"] = outgoing.text
        else:
            method = _SENDERS.get(file.kind, _DOCUMENTS)
            data = base64.b64encode(file.content).decode("ascii")
            content["file"] = {"mimetype": file.mime, "filename": file.name, "data": data}
            if outgoing.text and file.kind == "voice":
                raise Refused("caption")  # a voice message carries no words; dropping them would lose them
            if outgoing.text:
                content["caption"] = outgoing.text
        if outgoing.reply_to:
            content["reply_to"] = f"false_{outgoing.chat}_{outgoing.reply_to}"  # what is answered is the buyer's
        headers = {"content-type": "application/json", **self._key()}
        return Call(url=f"{self.settings.url}/api/{method}", headers=headers, body=as_json(content))

    @override
    def external_id(self, answer: object) -> str:
        # Each of WAHA's engines answers in its own shape.
        paths = (("id",), ("id", "_serialized"), ("id", "id"), ("key", "id"), ("_data", "id", "_serialized"))
        return next((_bare(found) for path in paths if (found := text_at(answer, *path))), "")

    @override
    def reason(self, status: int, answer: object) -> str:
        words = (text_at(answer, "error") + " " + text_at(answer, "message")).lower()
        lost = text_at(answer, "status") in _STATES or "session" in words
        return "not_connected" if status in {404, 422} and lost else ""

    @override
    def asking(self) -> Call:
        path = f"/api/sessions/{quote(self._session, safe='')}"
        return Call(url=self.settings.url + path, method="GET", headers=self._key())

    @override
    def state(self, answer: object) -> str:
        return _STATES.get(text_at(answer, "status"), "")

    @override
    def media_headers(self) -> Mapping[str, str]:
        return self._key()

    def _key(self) -> dict[str, str]:
        return {"x-api-key": self.key}


def _bare(name: str) -> str:
    """``<id>`` of ``true_<chat>_<id>`` and ``true_<group>_<id>_<member>``."""
    parts = name.split("_")
    return parts[2] if parts[0] in {"true", "false"} and len(parts) >= 3 else name


def _called(payload: object) -> str:
    paths = (("_data", "notifyName"), ("_data", "pushName"), ("_data", "Info", "PushName"))
    return next((found for path in paths if (found := text_at(payload, *path))), "")[:200]


def _media(payload: object) -> list[Json]:
    media = at(payload, "media")
    if isinstance(media, dict):
        url = text_at(media, "url") or None
        return [{"url": url, "mime": text_at(media, "mimetype")[:200], "name": text_at(media, "filename")[:255]}]
    return [{"mime": ""}] if at(payload, "hasMedia") is True else []
