"""Settings of a Telegram bot, and what its chats can carry; read before the library is loaded.

Limits: Telegram Bot API, "sendMessage", "sendPhoto", "Sending files" and "Business connections".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from adapters.secret import Secret
from adapters.settings import AccountSettings, PrivateFile, VariableName, WebAddress, secret_of
from dialogs.messages import Capabilities

MEGABYTE: Final = 1024 * 1024
# A chat of a connected business account is named so, followed by ``<owner>:<chat>``; all others by the chat's id alone.
BUSINESS: Final = "business:"

CAPABILITIES: Final = Capabilities(
    text_limit=4096,
    text_unit="utf16",
    buttons=8,
    button_limit=64,
    media={"photo": 10 * MEGABYTE, "video": 50 * MEGABYTE, "voice": 50 * MEGABYTE, "document": 50 * MEGABYTE},
)
# The bot may answer where the buyer wrote in the last 24 hours; nothing like a template opens the chat again.
BUSINESS_CAPABILITIES: Final = replace(CAPABILITIES, buttons=0, window_hours=24)


def capabilities_in(chat: str) -> Capabilities:
    """What can be carried in a chat."""
    return BUSINESS_CAPABILITIES if chat.startswith(BUSINESS) else CAPABILITIES


class TelegramSettings(AccountSettings):
    """``channel = "telegram"``: one bot of a shop.

    ``receive`` says how updates come: ``polling`` needs nothing else, ``webhook`` needs ``server.public_url`` (https);
    ``auto`` takes the webhook where there is such an address. ``desk`` is the id of the group (or private chat) where
    the team works, when it was not connected with ``/desk``. ``greeting`` is what ``/start`` is answered with, by
    language; without it nothing leaves by itself.
    """

    channel: Literal["telegram"]
    token_env: VariableName | None = None
    token_file: PrivateFile | None = None
    receive: Literal["auto", "polling", "webhook"] = "auto"
    desk: int | None = None
    greeting: Mapping[str, Annotated[str, Field(min_length=1, max_length=4096)]] = Field(default_factory=dict)
    api_url: WebAddress = "https://api.telegram.org"  # or a Bot API server of your own

    @model_validator(mode="after")
    def _has_token(self) -> TelegramSettings:
        token = self.token.reveal()
        number, _, rest = token.partition(":")
        if not number.isdecimal() or len(rest) < 20:
            raise ValueError("token 应是 BotFather 给的 123456:ABC… (the token BotFather gave, 123456:ABC…)")
        return self

    @property
    def token(self) -> Secret:
        """The bot's token."""
        return secret_of("token", self.token_env, self.token_file)
