"""The platforms of the contract behind a bridge: one class for each language the adapter speaks."""

from __future__ import annotations

import abc
import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from typing import Any, ClassVar
from urllib.parse import urlencode

from typing_extensions import override

from adapters.ports import Channel
from dialogs.messages import Media
from tests.adapters.around import NOW
from tests.adapters.contract import NOBODY, PHONE, PUBLIC, WAIT, Platform, Sent, Trouble, last_media, made
from tests.servers.bridges import ACCOUNT_SID, Asked, BridgeServer, Fault

SECRET = "whsec_" + base64.b64encode(b"the secret between the two of them").decode()
KEY = "key-of-the-bridge"
MOMENT = int(NOW.timestamp())
_FAULTS: dict[Trouble, Fault] = {
    Trouble.RATE_LIMITED: Fault(status=429, headers={"retry-after": str(int(WAIT))}),
    Trouble.BAD_REQUEST: Fault(status=422, body={"error": "rejected"}),
    Trouble.BAD_TOKEN: Fault(status=401),
    Trouble.SERVER_ERROR: Fault(status=502),
    Trouble.SILENT: Fault(kind="hang"),
    Trouble.SLOW: Fault(kind="hang"),
    Trouble.HALF_CLOSED: Fault(kind="half"),
    Trouble.HUNG_UP: Fault(kind="drop"),
    Trouble.GARBAGE: Fault(kind="garbage", status=200),
}


@dataclass
class BridgePlatform(Platform, abc.ABC):
    """A bridge; its language is in the subclasses."""

    speaks: ClassVar[str]
    sender: ClassVar[str] = ""
    connected: ClassVar[str]  # the bridge's own word for it
    path: ClassVar[str] = ""  # of its interface, under its address
    sending: ClassVar[tuple[str, ...]]  # what paths of requests that send begin with
    forbidden: ClassVar[Fault]  # what it answers when the buyer cannot be reached
    key: ClassVar[str] = KEY

    server: BridgeServer = field(kw_only=True)

    @override
    def make(self, *, address: str | None = None) -> Channel:
        self.server.state = self.connected
        settings = {
            "channel": "bridge",
            "id": "br",
            "shop": "main",
            "speaks": self.speaks,
            "url": (address or self.server.url) + self.path,
            "sender": self.sender,
            "media_hosts": (self.server.host,),
            "i_know_the_risk": True,
            "key_env": "CONTRACT_KEY",
            "secret_env": "CONTRACT_SECRET",
        }
        return made("bridge", settings, self)

    @abc.abstractmethod
    def told(self, message: str, text: str, name: str, picture: str | None) -> Any:
        """What the bridge posts; ``picture`` is the address of one, then there are no words."""

    @abc.abstractmethod
    def signed(self, body: bytes, secret: str) -> dict[str, str]:
        """The headers that prove who posts."""

    @abc.abstractmethod
    def read(self, asked: Asked) -> Sent:
        """The message in a request."""

    def encoded(self, told: Any) -> bytes:
        """The body of what is posted."""
        return json.dumps(told).encode("ascii")

    @override
    async def buyer_writes(self, text: str, message: str, *, name: str = "Ana", again: bool = False) -> bool:
        return await self._post(self.told(message, text, name, None)) == 200

    async def _post(self, told: Any, secret: str = SECRET) -> int:
        body = self.encoded(told)
        return (await self.door.post("/bridge/br", content=body, headers=self.signed(body, secret))).status_code

    @override
    async def sent(self) -> list[Sent]:
        return [self.read(asked) for asked in self._asked()]

    def _asked(self) -> list[Asked]:
        return [asked for asked in self.server.asked if asked.method == "POST" and asked.path.startswith(self.sending)]

    @override
    async def fail_next(self, trouble: Trouble, *, asking: bool = False) -> None:
        if trouble is Trouble.SLOW:
            self.hurry()
        if trouble is Trouble.REFUSED_CONNECTION:
            await self.move(NOBODY)
        else:
            self.server.faults.append({**_FAULTS, Trouble.FORBIDDEN: self.forbidden}[trouble])

    @override
    async def heal(self) -> None:
        self.server.faults.clear()

    @override
    def attempts(self) -> int:
        return len(self._asked())

    @override
    async def buyer_attaches(self, content: bytes, message: str) -> Media:
        self.server.files[f"{message}.jpg"] = content
        self.server.mimes[f"{message}.jpg"] = "image/jpeg"
        await self._post(self.told(message, "", "Ana", f"{self.server.url}/media/{message}.jpg"))
        return last_media(self)

    @override
    async def lose(self, media: Media) -> None:
        self.server.files.clear()

    @override
    async def forged(self) -> int | None:
        secret = "whsec_" + base64.b64encode(bytes(24)).decode()
        return await self._post(self.told("99", "Hola", "Eve", None), secret)


class HeqiPlatform(BridgePlatform):
    """The contract of docs/bridges.md."""

    speaks = "heqi"
    connected = "connected"
    sending = ("/messages",)
    forbidden = Fault(status=422, body={"error": "unreachable"})

    @override
    def told(self, message: str, text: str, name: str, picture: str | None) -> Any:
        contact = {"id": f"{PHONE}@c.us", "name": name, "aliases": {"phone": f"+{PHONE}"}}
        media = [{"url": picture, "mime": "image/jpeg", "name": "box.jpg"}] if picture else []
        content = {"text": text, "media": media}
        return {"type": "message", "id": message, "ts": MOMENT - 60, "contact": contact, **content}

    @override
    def signed(self, body: bytes, secret: str) -> dict[str, str]:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        digest = hmac.new(key, f"hook-1.{MOMENT}.".encode() + body, hashlib.sha256).digest()
        signature = f"v1,{base64.b64encode(digest).decode()}"
        return {"webhook-id": "hook-1", "webhook-timestamp": str(MOMENT), "webhook-signature": signature}

    @override
    def read(self, asked: Asked) -> Sent:
        told = asked.json
        files = tuple(base64.b64decode(one["base64"]) for one in told["media"])
        return Sent(text=told["text"], buttons=tuple(told["buttons"]), files=files)


class WahaPlatform(BridgePlatform):
    """WAHA; it does not tell that a buyer cannot be reached."""

    speaks = "waha"
    sender = "default"
    connected = "WORKING"
    sending = ("/api/send",)
    forbidden = Fault(status=422, body={"statusCode": 422, "message": "recipient not found"})

    @override
    def told(self, message: str, text: str, name: str, picture: str | None) -> Any:
        media = {"url": picture, "mimetype": "image/jpeg", "filename": None} if picture else None
        payload = {
            "id": f"false_{PHONE}@c.us_3EB0{message}",
            "timestamp": MOMENT - 60,
            "from": f"{PHONE}@c.us",
            "fromMe": False,
            "to": "4930000000000@c.us",
            "body": text,
            "hasMedia": media is not None,
            "media": media,
            "_data": {"pushName": name},
        }
        return {
            "id": f"evt_{message}",
            "timestamp": MOMENT * 1000,
            "session": "default",
            "event": "message",
            "payload": payload,
        }

    @override
    def signed(self, body: bytes, secret: str) -> dict[str, str]:
        digest = hmac.new(secret.encode(), body, hashlib.sha512).hexdigest()
        return {"x-webhook-hmac": digest, "x-webhook-hmac-algorithm": "sha512"}

    @override
    def read(self, asked: Asked) -> Sent:
        told = asked.json
        files = (base64.b64decode(told["file"]["data"]),) if "file" in told else ()
        return Sent(text=told.get("text", told.get("caption", "")), files=files)


class EvolutionPlatform(BridgePlatform):
    """Evolution API with a store of its own for attachments."""

    speaks = "evolution"
    sender = "shop"
    connected = "open"
    sending = ("/message/",)
    forbidden = Fault(status=400, body={"response": {"message": [{"exists": False, "jid": PHONE}]}})

    @override
    def told(self, message: str, text: str, name: str, picture: str | None) -> Any:
        content: dict[str, Any] = {"conversation": text}
        if picture:
            content = {"imageMessage": {"mimetype": "image/jpeg"}, "mediaUrl": picture}
        data = {
            "key": {"remoteJid": f"{PHONE}@s.whatsapp.net", "fromMe": False, "id": f"3EB0{message}"},
            "pushName": name,
            "message": content,
            "messageTimestamp": MOMENT - 60,
        }
        return {"event": "messages.upsert", "instance": "shop", "data": data, "apikey": KEY}

    @override
    def signed(self, body: bytes, secret: str) -> dict[str, str]:
        return {"x-heqi-secret": secret}

    @override
    def read(self, asked: Asked) -> Sent:
        told = asked.json
        content = told.get("media") or told.get("audio")
        files = (base64.b64decode(content),) if content else ()
        return Sent(text=told.get("text", told.get("caption", "")), files=files)


class ChatwootPlatform(BridgePlatform):
    """Chatwoot with an API channel."""

    speaks = "chatwoot"
    sender = "7"
    connected = "connected"
    path = "/api/v1/accounts/3"
    sending = ("/api/v1/accounts/3/conversations/",)
    forbidden = Fault(status=404, body={"error": "Resource could not be found"})

    @override
    def told(self, message: str, text: str, name: str, picture: str | None) -> Any:
        sender = {"id": 41, "name": name, "phone_number": f"+{PHONE}", "type": "contact"}
        attached = [{"id": 31, "file_type": "image", "data_url": picture}] if picture else []
        return {
            "event": "message_created",
            "id": 5500 + int(message),
            "content": text or None,
            "created_at": "2026-03-02T11:59:00.000Z",
            "message_type": "incoming",
            "private": False,
            "sender": sender,
            "inbox": {"id": 7, "name": "API Channel"},
            "attachments": attached,
            "conversation": {"id": 118, "inbox_id": 7, "meta": {"sender": sender}},
        }

    @override
    def signed(self, body: bytes, secret: str) -> dict[str, str]:
        digest = hmac.new(secret.encode(), f"{MOMENT}.".encode() + body, hashlib.sha256).hexdigest()
        return {"x-chatwoot-timestamp": str(MOMENT), "x-chatwoot-signature": f"sha256={digest}"}

    @override
    def read(self, asked: Asked) -> Sent:
        kind = asked.headers["content-type"]
        if kind == "application/json":
            return Sent(text=asked.json["content"])
        whole: Message = BytesParser().parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + asked.body)
        parts = {str(part.get_param("name", header="content-disposition")): part for part in whole.get_payload()}  # type: ignore[union-attr]
        content = {name: bytes(part.get_payload(decode=True)) for name, part in parts.items()}  # type: ignore[union-attr]
        return Sent(text=content["content"].decode(), files=(content["attachments[]"],))


class TwilioPlatform(BridgePlatform):
    """Twilio, which takes no attachments but by their address."""

    speaks = "twilio"
    sender = "whatsapp:+14155550100"
    connected = "active"
    sending = ("/2010-04-01/",)
    forbidden = Fault(status=400, body={"code": 21610, "status": 400})
    key = f"{ACCOUNT_SID}:{SECRET}"

    @override
    def told(self, message: str, text: str, name: str, picture: str | None) -> Any:
        fields = {"MessageSid": f"SM{message}", "From": f"whatsapp:+{PHONE}", "WaId": PHONE, "To": self.sender}
        media = {"NumMedia": "1", "MediaUrl0": picture, "MediaContentType0": "image/jpeg"} if picture else {}
        return {**fields, "ProfileName": _whole(name), "Body": _whole(text), "SmsStatus": "received", **media}

    @override
    def encoded(self, told: Any) -> bytes:
        return urlencode(told).encode()

    @override
    async def _post(self, told: Any, secret: str = SECRET) -> int:
        text = f"{PUBLIC}/bridge/br" + "".join(name + told[name] for name in sorted(told))
        self._signature = base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()).decode()
        return await super()._post(told, secret)

    @override
    def signed(self, body: bytes, secret: str) -> dict[str, str]:
        return {"x-twilio-signature": self._signature, "content-type": "application/x-www-form-urlencoded"}

    @override
    def read(self, asked: Asked) -> Sent:
        return Sent(text=asked.form["Body"])


def _whole(text: str) -> str:
    """The text as it can stand in a form: without halves of surrogate pairs."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


BRIDGES: tuple[type[BridgePlatform], ...] = (
    HeqiPlatform,
    WahaPlatform,
    EvolutionPlatform,
    ChatwootPlatform,
    TwilioPlatform,
)
