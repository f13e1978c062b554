"""Clocks: which deadlines a message starts, and what it means that one ran out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from dialogs import cases, escalations, plans
from dialogs.events import ClockDue
from dialogs.messages import CaseStatus, ClockSet, Conversation, Direction, Message, Turn, Urgency

RESPONSE = "response"  # the clock of step 1: the buyer waits for a first answer
# All clocks an answer stops.
CLOCKS = (RESPONSE, escalations.UNANSWERED, escalations.WINDOW)


def started(message: Message, conversation: Conversation) -> tuple[ClockSet, ...]:
    """The clocks a buyer's message starts: who waits already waits no shorter, but may be answered longer."""
    waiting: tuple[ClockSet, ...] = ()
    shop, hours = conversation.shop, conversation.capabilities.window_hours
    if not _is_waiting(conversation):
        waiting = (
            ClockSet(RESPONSE, message.at + timedelta(minutes=shop.response_minutes)),
            ClockSet(escalations.UNANSWERED, message.at + timedelta(minutes=shop.unanswered_minutes)),
        )
    if hours is None:
        return waiting
    closes = message.at + timedelta(hours=hours)
    return (*waiting, ClockSet(escalations.WINDOW, closes - escalations.WINDOW_WARNING))


def rung(body: ClockDue, conversation: Conversation) -> Turn:
    """A clock of the conversation ran out: it becomes urgent and says why."""
    case = conversation.case
    if body.kind == plans.CLOCK:
        return _late(body, conversation)
    if case.status is CaseStatus.RESOLVED:
        return Turn(case=case)
    flags = tuple(dict.fromkeys((*case.flags, cases.OVERDUE))) if body.kind == RESPONSE else case.flags
    return Turn(
        case=replace(case, flags=flags, urgency=Urgency.HIGH),
        escalate=escalations.of_clock(body.kind, conversation.shop),
    )


def _late(body: ClockDue, conversation: Conversation) -> Turn:
    """A promise is late: the team is told, and a case that was closed over it is opened again."""
    case = plans.ring(conversation.case, body.due)
    if case == conversation.case:
        return Turn(case=case)
    following = plans.clock(case)
    return Turn(
        case=replace(case, status=CaseStatus.OPEN, urgency=Urgency.HIGH),
        start_clocks=() if following is None else (following,),
        escalate=escalations.of_clock(body.kind, conversation.shop),
    )


def _is_waiting(conversation: Conversation) -> bool:
    """Whether the buyer waits for an answer already: who writes again does not wait any shorter."""
    if conversation.case.status is CaseStatus.RESOLVED:
        return False
    talk = [message for message in conversation.history if message.direction is not Direction.NOTE]
    return bool(talk) and talk[-1].direction is Direction.INCOMING
