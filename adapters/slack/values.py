"""What a button carries, and what the buttons are called.

Limit: Slack, "Block elements: button" (value 2000 characters).
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

NAME: Final = "slack"  # of the board, and the account its events and rows stand under

CLAIM: Final = "heqi_claim"
APPROVE: Final = "heqi_approve"
REJECT: Final = "heqi_reject"
ESCALATE: Final = "heqi_escalate"
RESOLVE: Final = "heqi_resolve"
SEND: Final = "heqi_send"
OPEN: Final = "heqi_open"  # a link; Slack tells of the press, nothing is to be done
WINDOW: Final = "heqi_window"  # callback of the window before something is sent

Number = Annotated[int, Field(ge=1, lt=2**53, strict=True)]


class Value(BaseModel):
    """Which conversation, escalation, message or note a button is about."""

    model_config = ConfigDict(frozen=True)

    conversation: Number
    escalation: Number | None = None
    message: Number | None = None
    note: Annotated[str, Field(max_length=80)] | None = None

    def packed(self) -> str:
        """As a button carries it."""
        return self.model_dump_json(exclude_none=True)

    @classmethod
    def unpacked(cls, text: str) -> Value | None:
        """What a button carried, None when it is none of ours."""
        try:
            return cls.model_validate_json(text)
        except ValidationError:
            return None
