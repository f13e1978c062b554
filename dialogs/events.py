"""Events: what happens to a conversation, as stored in the inbox before it is understood."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from dialogs.messages import (
    Choice,
    DeliveryState,
    Media,
    TemplateUse,
)
from dialogs.promises import Money, PlanState


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyerWrote:
    """A buyer's message, as received."""

    text: str
    media: tuple[Media, ...] = ()
    reply_to: str | None = None  # the platform's id of the message it answers
    album: str | None = None  # messages of one album arrive one by one and are read as one
    type: Literal["buyer_wrote"] = "buyer_wrote"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyerStarted:
    """A buyer opened the chat without having written (``/start``).

    ``greeting`` is what the shop has set to be said then, in ``language``, and ``greeting_chinese`` the same for the
    seller; without it nothing is said.
    """

    language: str | None = None  # what the platform tells of the buyer's interface, not of what they write
    greeting: str = ""
    greeting_chinese: str = ""
    type: Literal["buyer_started"] = "buyer_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyerEdited:
    """A buyer changed an earlier message; ``of`` is the platform's id of it."""

    of: str
    text: str
    type: Literal["buyer_edited"] = "buyer_edited"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyerDeleted:
    """A buyer took an earlier message back; ``of`` is the platform's id of it. Its words stay as evidence."""

    of: str
    type: Literal["buyer_deleted"] = "buyer_deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class SellerWrote:
    """Somebody answered on the platform itself (the phone), or the platform echoes what Heqi sent.

    Which of the two is found out by the platform's id of the message, the event's ``external_id``.
    """

    text: str
    media: tuple[Media, ...] = ()
    type: Literal["seller_wrote"] = "seller_wrote"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The platform tells how far a delivery got; ``of`` is the platform's id of the message."""

    of: str
    state: DeliveryState
    error: str | None = None
    type: Literal["receipt"] = "receipt"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentChose:
    """A seller picked, edited or typed a reply."""

    choice: Choice
    type: Literal["agent_chose"] = "agent_chose"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSetLanguage:
    """A seller fixed the buyer's language for this conversation; None lets the detector decide again."""

    agent: str
    language: str | None
    type: Literal["agent_set_language"] = "agent_set_language"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSetStatus:
    """A seller marked the case resolved or opened it again."""

    agent: str
    resolved: bool
    type: Literal["agent_set_status"] = "agent_set_status"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentNoted:
    """A seller left a note for the team; it never leaves."""

    agent: str
    text: str
    type: Literal["agent_noted"] = "agent_noted"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentDecided:
    """A seller decided about an outgoing message that waits or failed.

    ``retry``: translate and send again (held), or send again (failed, ambiguous). ``send``: a held message leaves as it
    was shown. ``cancel``: it never leaves. ``arrived``: an ambiguous one was seen at the buyer's.
    """

    agent: str
    message_id: int
    decision: Literal["retry", "send", "cancel", "arrived"]
    lead: bool = False  # a lead decides: the limits of an agent do not bind
    type: Literal["agent_decided"] = "agent_decided"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentApproved:
    """A lead approved or refused a reply above the limits."""

    agent: str
    message_id: int
    approved: bool
    type: Literal["agent_approved"] = "agent_approved"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentClaimed:
    """Somebody takes care of the open escalation; the first one wins."""

    agent: str
    type: Literal["agent_claimed"] = "agent_claimed"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentEscalated:
    """Somebody asks the team, or the leads, to look at the conversation."""

    agent: str
    type: Literal["agent_escalated"] = "agent_escalated"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentChangedPlan:
    """A promise was taken, done or withdrawn."""

    agent: str
    plan: int
    state: PlanState
    type: Literal["agent_changed_plan"] = "agent_changed_plan"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSetFacts:
    """What the agent knows of the order; None leaves a fact as it is, an empty text takes it away."""

    agent: str
    order: str | None = None
    tracking: str | None = None
    product: str | None = None
    value: Money | None = None
    type: Literal["agent_set_facts"] = "agent_set_facts"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSentTemplate:
    """An approved template leaves; the only way once the messaging window is closed."""

    agent: str
    template: TemplateUse
    type: Literal["agent_sent_template"] = "agent_sent_template"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFailed:
    """An outgoing message did not leave, or nobody knows whether it did; the outbox tells."""

    message_id: int
    error: str
    type: Literal["delivery_failed"] = "delivery_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRetranslated:
    """A seller asked to read a buyer's message again (an engine was down, a turn was parked)."""

    agent: str
    message_id: int
    type: Literal["agent_retranslated"] = "agent_retranslated"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRetried:
    """A seller asked to try again what failed: the parked event itself, or the attachments of its message.

    The event takes the place of this one in the order: it is decided anew on what is known then.
    """

    agent: str
    event_id: int
    part: Literal["event", "attachments"] = "event"
    type: Literal["agent_retried"] = "agent_retried"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentDismissed:
    """A seller lets be what failed: the parked event, or the attachments of its message. Its words stay stored."""

    agent: str
    event_id: int
    part: Literal["event", "attachments"] = "event"
    type: Literal["agent_dismissed"] = "agent_dismissed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockDue:
    """A clock of the conversation ran out; ``kind`` names it (``response``)."""

    kind: str
    due: datetime
    type: Literal["clock_due"] = "clock_due"


Body = (
    BuyerWrote
    | BuyerStarted
    | BuyerEdited
    | BuyerDeleted
    | SellerWrote
    | Receipt
    | AgentChose
    | AgentSetLanguage
    | AgentSetStatus
    | AgentNoted
    | AgentDecided
    | AgentRetranslated
    | AgentRetried
    | AgentDismissed
    | AgentApproved
    | AgentClaimed
    | AgentEscalated
    | AgentChangedPlan
    | AgentSetFacts
    | AgentSentTemplate
    | DeliveryFailed
    | ClockDue
)


# What an agent does to a conversation beside answering.
TeamAction = (
    AgentSetLanguage
    | AgentSetStatus
    | AgentRetranslated
    | AgentDecided
    | AgentEscalated
    | AgentChangedPlan
    | AgentSetFacts
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event at the door. The same ``(account, external_id)`` twice is one event.

    A channel names the conversation by ``chat`` (and tells the ``contact`` it knows); the desk by ``conversation_id``.
    """

    account: str
    external_id: str
    body: Body
    at: datetime
    chat: str | None = None
    conversation_id: int | None = None
    contact_name: str = ""
    contact_aliases: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Accepted:
    """The event is stored. ``duplicate`` when it had been before."""

    event_id: int
    conversation_id: int
    duplicate: bool
