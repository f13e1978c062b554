"""Settings of a WhatsApp number on the Cloud API, and what it can carry.

Limits: WhatsApp Cloud API, "Messages", "Media" and "Customer service windows".
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from adapters.secret import Secret
from adapters.settings import AccountSettings, PrivateFile, VariableName, WebAddress, secret_of
from dialogs.messages import Capabilities

MEGABYTE: Final = 1024 * 1024

CAPABILITIES: Final = Capabilities(
    text_limit=4096,
    text_unit="utf16",
    buttons=10,  # up to 3 as reply buttons, more as a list
    button_limit=20,
    media={
        "photo": 5 * MEGABYTE,
        "video": 16 * MEGABYTE,
        "voice": 16 * MEGABYTE,
        "document": 100 * MEGABYTE,
    },
    window_hours=24,
    templates=True,
    one_chat=True,
)


class WhatsAppSettings(AccountSettings):
    """``channel = "whatsapp"``: one phone number.

    ``phone_id`` is the number's id and ``business_id`` the id of the WhatsApp Business Account, both from the app's
    dashboard. The app secret signs what Meta sends, the verify token is a word of your own for the handshake.
    """

    channel: Literal["whatsapp"]
    phone_id: Annotated[str, Field(pattern=r"^[0-9]{5,20}$")]
    business_id: Annotated[str, Field(pattern=r"^[0-9]{5,20}$")]
    token_env: VariableName | None = None
    token_file: PrivateFile | None = None
    app_secret_env: VariableName | None = None
    app_secret_file: PrivateFile | None = None
    verify_token_env: VariableName | None = None
    verify_token_file: PrivateFile | None = None
    api_url: WebAddress = "https://graph.facebook.com"
    api_version: Annotated[str, Field(pattern=r"^v[0-9]{1,3}\.[0-9]$")] = "v23.0"

    @model_validator(mode="after")
    def _has_secrets(self) -> WhatsAppSettings:
        # Each property raises what is missing; anybody could sign with an empty secret.
        if not all((self.token, self.app_secret, self.verify_token)):
            raise ValueError("令牌、应用密钥和验证口令都不能为空 (token, app secret, verify token must not be empty)")
        return self

    @property
    def token(self) -> Secret:
        """The access token of a system user."""
        return secret_of("token", self.token_env, self.token_file)

    @property
    def app_secret(self) -> Secret:
        """What signs every webhook."""
        return secret_of("app_secret", self.app_secret_env, self.app_secret_file)

    @property
    def verify_token(self) -> Secret:
        """The word of the webhook's handshake."""
        return secret_of("verify_token", self.verify_token_env, self.verify_token_file)
