"""What the board keeps about one conversation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

WATCHED: Final = 30  # so many of the latest answers are watched for trouble with their delivery


class Memo(BaseModel):
    """The last alert. ``posting`` names what is being posted since ``since`` (seconds): after a crash it may be there.

    ``line`` is the ``seq`` of the last line the alert or its thread has told, ``refused`` the event of the last refused
    choice, ``states`` the delivery states of answers as they were told, by message.
    """

    model_config = ConfigDict(frozen=True)

    escalation: int = 0
    channel: str = ""
    ts: str = ""  # of the card, empty until it is known to be there
    left: str = ""  # channel and ts of a card that is to lose its buttons because this one took its place
    digest: str = ""
    urgent: bool = False  # whether the team was told that it is urgent
    closed: bool = False  # whether the card shows that it is over
    line: int = 0
    refused: int = 0
    states: Mapping[int, str] = Field(default_factory=dict)
    posting: str = ""
    since: float = 0.0

    @classmethod
    def read(cls, text: str) -> Memo:
        """The memo as it was kept; a new one when nothing was."""
        return cls.model_validate_json(text) if text else cls()

    def but(self, **changes: object) -> Memo:
        """The same with other values."""
        return self.model_copy(update=changes)

    def watching(self, message: int, state: str) -> Memo:
        """With the state of a delivery as it was told now."""
        states = {**self.states, message: state}
        return self.but(states=dict(sorted(states.items())[-WATCHED:]))
