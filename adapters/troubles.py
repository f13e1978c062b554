"""What is stuck and needs a person, as a desk shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

TroubleKind = Literal["parked", "failed", "ambiguous", "held", "attachment"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """An event that failed each time, or that this version cannot read: somebody must retry or dismiss it."""

    event_id: int
    type: str  # of the event: ``agent_chose``, ``receipt``
    at: datetime  # when it happened
    error: str  # the name of the error's class
    agent: str = ""  # who of the team did it
    text: str = ""  # the words in it: a seller's reply, a note


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One thing that is stuck somewhere and needs a person.

    A parked event, a delivery that is held, failed or ambiguous, or attachments of a message that did not come.
    """

    kind: TroubleKind
    conversation_id: int
    contact_name: str
    channel: str
    at: datetime
    event_id: int
    message_id: int | None = None
    type: str = ""  # of a parked event
    agent: str = ""
    text: str = ""  # Chinese where known
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Troubles:
    """All that is stuck: how much of each kind there is, and the newest of it."""

    counts: Mapping[TroubleKind, int] = field(default_factory=dict)
    rows: tuple[Trouble, ...] = ()
