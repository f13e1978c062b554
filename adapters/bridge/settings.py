"""Settings of a bridge, and what it can carry."""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from adapters.secret import Secret
from adapters.settings import AccountSettings, PrivateFile, VariableName, WebAddress, secret_of
from dialogs.messages import Capabilities

MEGABYTE: Final = 1024 * 1024

# What WhatsApp-style bridges have in common; the sender's own limits are met by splitting and by its answers.
CAPABILITIES: Final = Capabilities(
    text_limit=4096,
    text_unit="utf16",
    media=dict.fromkeys(("photo", "video", "voice", "document"), 16 * MEGABYTE),
    one_chat=True,
)
# Twilio: "Message resource" (1600 characters), WhatsApp's 24 hours, attachments by public address only.
_TWILIO: Final = replace(CAPABILITIES, text_limit=1600, media={})
_TWILIO_WHATSAPP: Final = replace(_TWILIO, window_hours=24)


class BridgeSettings(AccountSettings):
    """``channel = "bridge"``: one account behind a bridge.

    ``speaks`` is the bridge's own language: ``heqi`` is the signed contract of docs/bridges.md, the others are mapped.
    ``url`` is where messages are sent, ``secret`` signs both ways (``old_secret`` is still taken while it is rotated).
    ``key`` is what the bridge asks for when it is called. ``media_hosts`` are the only hosts media are fetched from.
    ``i_know_the_risk`` must be true: unofficial bridges can get a number banned.
    """

    channel: Literal["bridge"]
    speaks: Literal["heqi", "waha", "evolution", "chatwoot", "twilio"] = "heqi"
    url: WebAddress
    sender: str = (
        ""  # the session (WAHA), instance (Evolution), inbox (Chatwoot) or number (Twilio) messages leave from
    )
    secret_env: VariableName | None = None
    secret_file: PrivateFile | None = None
    old_secret_env: VariableName | None = None
    old_secret_file: PrivateFile | None = None
    key_env: VariableName | None = None
    key_file: PrivateFile | None = None
    media_hosts: tuple[Annotated[str, Field(pattern=r"^[a-z0-9.\-]+(:[0-9]{1,5})?$")], ...] = ()
    i_know_the_risk: bool = False

    @model_validator(mode="after")
    def _is_complete(self) -> BridgeSettings:
        if self.speaks != "heqi":
            _ = self.key
        if self.speaks == "twilio" and not all(self.key.reveal().partition(":")):
            raise ValueError("Twilio 的 key 应为 账号SID:令牌 (for Twilio the key is <account sid>:<auth token>)")
        if self.speaks in {"evolution", "twilio"} and not self.sender:
            raise ValueError("缺少 sender：实例名或发送号码 (sender is required: the instance or the number)")
        for secret in self.secrets:
            if self.speaks == "heqi" and not _is_standard(secret):
                raise ValueError(
                    "secret 应为 whsec_ 加至少 24 字节的 base64 (a secret is whsec_ and base64 of at least 24 bytes)"
                )
            if not secret:
                raise ValueError("secret 不能为空 (the secret is empty)")
        if not self.i_know_the_risk:
            raise ValueError(
                "非官方网桥可能导致号码被封，确认后写 i_know_the_risk = true "
                "(unofficial bridges can get a number banned; write i_know_the_risk = true)"
            )
        return self

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """What signatures are checked with, the newest first; the newest signs. Twilio signs with its token."""
        if self.speaks == "twilio":
            newest = Secret(self.key.reveal().partition(":")[2])
        else:
            newest = secret_of("secret", self.secret_env, self.secret_file)
        if self.old_secret_env is None and self.old_secret_file is None:
            return (newest,)
        return newest, secret_of("old_secret", self.old_secret_env, self.old_secret_file)

    @property
    def key(self) -> Secret:
        """What the bridge's own interface asks for."""
        if self.speaks == "heqi" and self.key_env is None and self.key_file is None:
            return Secret()
        return secret_of("key", self.key_env, self.key_file)


def capabilities_of(settings: BridgeSettings, chat: str = "") -> Capabilities:
    """What a chat of this account can carry."""
    if settings.speaks != "twilio":
        return CAPABILITIES
    return _TWILIO_WHATSAPP if chat.startswith("whatsapp:") else _TWILIO


def _is_standard(secret: Secret) -> bool:
    """Whether it has the form of Standard Webhooks, "Signature scheme"."""
    prefix, _, encoded = secret.reveal().partition("_")
    try:
        return prefix == "whsec" and len(base64.b64decode(encoded + "==")) >= 24
    except (ValueError, binascii.Error):
        return False
