"""The contract itself: signed both ways, see docs/bridges.md."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from typing_extensions import override

from adapters.bridge import signing
from adapters.bridge.dialect import Call, Dialect, File, Knock, as_json
from adapters.bridge.tame import tamed, text_at
from adapters.ports import Outgoing


class Heqi(Dialect):
    """A bridge that speaks the contract."""

    needed = (signing.SIGNATURE,)

    @override
    def verify(self, knock: Knock) -> str:
        return signing.verify(knock.headers, knock.body, self.secrets, self.now())

    @override
    def read(self, knock: Knock) -> Sequence[object]:
        return (tamed(knock.body),)

    @override
    def message(self, outgoing: Outgoing, file: File | None) -> Call:
        content = {
            "id": outgoing.key,
            "conversation_id": outgoing.chat,
            "text": outgoing.text,
            "media": [] if file is None else [_attached(file)],
            "buttons": list(outgoing.buttons),
            "reply_to": outgoing.reply_to,
        }
        body = as_json(content)
        headers = {
            "content-type": "application/json",
            "idempotency-key": outgoing.key,
            **signing.signed(self.secrets[0], outgoing.key, body, self.now()),
        }
        return Call(url=f"{self.settings.url}/messages", headers=headers, body=body)

    @override
    def external_id(self, answer: object) -> str:
        return text_at(answer, "external_id")

    @override
    def reason(self, status: int, answer: object) -> str:
        return text_at(answer, "error")

    @override
    def asking(self) -> Call:
        name = f"session-{int(self.now().timestamp())}"
        headers = signing.signed(self.secrets[0], name, b"", self.now())
        return Call(url=f"{self.settings.url}/session", method="GET", headers=headers)

    @override
    def state(self, answer: object) -> str:
        return text_at(answer, "state")


def _attached(file: File) -> dict[str, str]:
    return {"base64": base64.b64encode(file.content).decode("ascii"), "mime": file.mime, "name": file.name}
