"""Settings of the team's Slack."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from adapters.secret import Secret
from adapters.settings import Id, PrivateFile, Table, VariableName, WebAddress, secret_of
from dialogs.messages import Reason, Severity

ChannelId = Annotated[str, Field(pattern=r"^[CG][A-Z0-9]{8,}$")]


class Route(Table):
    """Where alerts go; the first route all of whose conditions hold wins, an empty condition always holds."""

    channel: ChannelId
    shops: frozenset[Id] = frozenset()
    situations: frozenset[str] = frozenset()
    reasons: frozenset[Reason] = frozenset()
    severities: frozenset[Severity] = frozenset()


class SlackSettings(Table):
    """``[slack]``: one app in one workspace.

    ``mode`` ``socket`` needs an app-level token and no public address, ``http`` needs the signing secret and
    ``server.public_url``.
    """

    mode: Literal["socket", "http"] = "socket"
    channel: ChannelId  # where alerts go that no route takes
    routes: tuple[Route, ...] = ()
    operations_channel: ChannelId | None = None  # where those who run the installation are told of trouble
    bot_token_env: VariableName | None = None
    bot_token_file: PrivateFile | None = None
    app_token_env: VariableName | None = None
    app_token_file: PrivateFile | None = None
    signing_secret_env: VariableName | None = None
    signing_secret_file: PrivateFile | None = None
    api_url: WebAddress = "https://slack.com/api"

    @model_validator(mode="after")
    def _has_secrets(self) -> SlackSettings:
        _ = self.bot_token, self.app_token if self.mode == "socket" else self.signing_secret
        return self

    @property
    def bot_token(self) -> Secret:
        """The bot's token (xoxb-…)."""
        return secret_of("bot_token", self.bot_token_env, self.bot_token_file)

    @property
    def app_token(self) -> Secret:
        """The app-level token (xapp-…) Socket Mode connects with."""
        return secret_of("app_token", self.app_token_env, self.app_token_file)

    @property
    def signing_secret(self) -> Secret:
        """What signs every request of Slack in HTTP mode."""
        return secret_of("signing_secret", self.signing_secret_env, self.signing_secret_file)
