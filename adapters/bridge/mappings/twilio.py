"""Twilio: WhatsApp and SMS as an official reseller; forms in, forms out.

Sources: Twilio, "Webhooks security", "Twilio's request to your incoming message webhook", "Message resource", error
dictionary. ``key`` is ``<account sid>:<auth token>``; the token signs what Twilio posts.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import parse_qsl, urlencode

from typing_extensions import override
from yarl import URL

from adapters.bridge.dialect import UNKNOWN, Call, Dialect, File, Json, Knock
from adapters.bridge.mappings.jids import place
from adapters.bridge.signing import any_same
from adapters.bridge.tame import text_at
from adapters.doors import clean
from adapters.ports import Outgoing
from dialogs.errors import BadSignature, Malformed, Refused

MAX_FIELDS: Final = 500
MAX_MEDIA: Final = 10  # of one message
_STATES: Final = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "failed": "failed",
    "undelivered": "failed",
}
_ERRORS: Final = {
    "63016": "window_closed",
    "63003": "unreachable",  # no such recipient on the channel
    "63024": "unreachable",
    "21211": "unreachable",  # not a number
    "21610": "unreachable",  # the buyer has opted out
    "30003": "unreachable",
    "30005": "unreachable",
    "30006": "unreachable",
}


class Twilio(Dialect):
    """``sender`` is the number messages leave from, as Twilio writes it (``whatsapp:+14155550100``)."""

    needed = ("x-twilio-signature",)

    @property
    @override
    def reply(self) -> tuple[str, str]:
        return "<Response/>", "text/xml"

    @override
    def verify(self, knock: Knock) -> str:
        fields = "".join(name + value for name, value in sorted(set(_fields(knock.body))))
        given = knock.headers.get("x-twilio-signature", "").encode("utf-8", "replace")
        right = [
            base64.b64encode(hmac.new(secret.encode(), (url + fields).encode(), hashlib.sha1).digest())
            for url in self._urls(knock.query)
            for secret in self.secrets
        ]
        if not any_same([given], right):
            raise BadSignature("the signature is wrong")
        return knock.digest

    def _urls(self, query: str) -> list[str]:
        """The address as Twilio may have signed it: its port may be written out or not."""
        door = URL(self.door or "")
        rest = door.raw_path + (f"?{query}" if query else "")
        return [f"{door.scheme}://{door.raw_host}{port}{rest}" for port in ("", f":{door.port}")]

    @override
    def read(self, knock: Knock) -> Sequence[object]:
        told = {name: clean(value) for name, value in _fields(knock.body)}
        if told.get("MessageStatus", "received") != "received":
            return (self._status(told),)
        return (self._message(told),)

    def _message(self, told: Mapping[str, str]) -> Json:
        text = told.get("Body", "")
        if told.get("Latitude") and told.get("Longitude"):
            label = told.get("Label") or told.get("Address", "")
            text = place(told["Latitude"], told["Longitude"], label)
        media = _media(told)
        button = told.get("ButtonPayload", "")[:200]
        if not text.strip() and not media and not button:
            return UNKNOWN  # a reaction, or what Twilio does not pass on
        chat = told.get("From", "")
        phone = told.get("WaId") or chat.rpartition(":")[2]
        return {
            "type": "message",
            "id": told.get("MessageSid", ""),
            "ts": self.now().timestamp(),
            "conversation_id": chat,
            "contact": {
                "id": chat,
                "name": told.get("ProfileName", "")[:200],
                "aliases": {"phone": phone or None, "bsuid": told.get("ExternalUserId") or None},
            },
            "text": text,
            "media": media,
            "reply_to": told.get("OriginalRepliedMessageSid") or None,
            "button_id": button or None,
        }

    def _status(self, told: Mapping[str, str]) -> Json:
        state = _STATES.get(told["MessageStatus"].lower())
        if state is None:
            return UNKNOWN  # queued, sending
        name = told.get("MessageSid", "")
        error = _ERRORS.get(told.get("ErrorCode", ""), "rejected") if state == "failed" else None
        status = {"of": name, "state": state, "error": error}
        return {"type": "status", "id": name, "ts": self.now().timestamp(), "status": status}

    @override
    def message(self, outgoing: Outgoing, file: File | None) -> Call:
        if file is not None:
            raise Refused("media_not_supported")  # Twilio takes attachments by public address only
        fields = {"From": self.settings.sender, "To": outgoing.chat, "Body": outgoing.text}
        if self.door is not None:
            fields["StatusCallback"] = self.door
        headers = {"content-type": "application/x-www-form-urlencoded", **self._basic()}
        return Call(url=f"{self._account}/Messages.json", headers=headers, body=urlencode(fields).encode("ascii"))

    @override
    def external_id(self, answer: object) -> str:
        return text_at(answer, "sid")

    @override
    def reason(self, status: int, answer: object) -> str:
        return _ERRORS.get(text_at(answer, "code"), "")

    @override
    def asking(self) -> Call:
        return Call(url=f"{self._account}.json", method="GET", headers=self._basic())

    @override
    def state(self, answer: object) -> str:
        status = text_at(answer, "status")
        return "connected" if status == "active" else "stopped" if status else ""

    @override
    def media_headers(self) -> Mapping[str, str]:
        return self._basic()

    @property
    def _account(self) -> str:
        sid = self.key.partition(":")[0]
        return f"{self.settings.url}/2010-04-01/Accounts/{sid}"

    def _basic(self) -> dict[str, str]:
        encoded = base64.b64encode(self.key.encode()).decode("ascii")
        return {"authorization": f"Basic {encoded}"}


def _fields(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise Malformed("body: not a form") from None


def _media(told: Mapping[str, str]) -> list[Json]:
    count = told.get("NumMedia", "0")
    number = min(int(count), MAX_MEDIA) if count.isascii() and count.isdigit() and len(count) <= 3 else 0
    return [
        {"url": told.get(f"MediaUrl{n}") or None, "mime": told.get(f"MediaContentType{n}", "")[:200]}
        for n in range(number)
    ]
