"""Settings of a web chat, and what it can carry; read before anything of the chat itself is loaded."""

from __future__ import annotations

from typing import Final, Literal

from adapters.settings import AccountSettings
from dialogs.messages import Capabilities

MEGABYTE: Final = 1024 * 1024

CAPABILITIES: Final = Capabilities(
    text_limit=100_000,
    text_unit="bytes",
    parts=1,
    media=dict.fromkeys(("photo", "video", "voice", "document"), 20 * MEGABYTE),
    idempotent=True,
)


class WebChatSettings(AccountSettings):
    """``channel = "webchat"``."""

    channel: Literal["webchat"]
