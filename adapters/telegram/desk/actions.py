"""What a press means for the conversation: the event it stands for, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from adapters.ports import AgentIdentity, Outcome
from adapters.telegram.desk import texts
from adapters.telegram.desk.buttons import AUTOMATIC, Press, Verb, is_lead
from adapters.telegram.desk.notices import reason
from adapters.telegram.desk.records import CardRecord
from dialogs.events import (
    AgentApproved,
    AgentChose,
    AgentClaimed,
    AgentDecided,
    AgentEscalated,
    AgentRetranslated,
    AgentSetLanguage,
    AgentSetStatus,
    Body,
)
from dialogs.messages import Choice

DONE: Final = {
    Verb.PICK: "已选用",
    Verb.LANGUAGE: "已设置语言",
    Verb.ESCALATE: "已升级",
    Verb.CLAIM: "由您处理",
    Verb.RESOLVE: "已解决",
    Verb.REOPEN: "已重新打开",
    Verb.RETRY: "已重新发送",
    Verb.CANCEL: "已取消",
    Verb.SEND: "已发送",
    Verb.ARRIVED: "已标为送达",
    Verb.APPROVE: "已批准",
    Verb.DISAPPROVE: "已驳回",
    Verb.READ_AGAIN: "已重读",
}


_DECISIONS: Final[Mapping[Verb, Literal["retry", "send", "cancel", "arrived"]]] = {
    Verb.RETRY: "retry",
    Verb.SEND: "send",
    Verb.CANCEL: "cancel",
    Verb.ARRIVED: "arrived",
}


def body_of(press: Press, record: CardRecord, agent: AgentIdentity) -> Body | str:
    """The event, or what to answer when the press cannot be one."""
    name, number = agent.name, press.number
    match press.verb:
        case Verb.PICK if 1 <= number <= len(record.offers):
            offer = record.offers[number - 1]
            return AgentChose(
                choice=Choice(
                    agent=name,
                    seller_text=offer.seller_text,
                    proposal_id=offer.id,
                    turn_id=record.turn,
                    lead=is_lead(agent),
                )
            )
        case Verb.LANGUAGE if press.argument:
            return AgentSetLanguage(agent=name, language=None if press.argument == AUTOMATIC else press.argument)
        case Verb.ESCALATE:
            return AgentEscalated(agent=name)
        case Verb.CLAIM:
            return AgentClaimed(agent=name)
        case Verb.RESOLVE:
            return AgentSetStatus(agent=name, resolved=True)
        case Verb.REOPEN:
            return AgentSetStatus(agent=name, resolved=False)
        case _:
            return _about_message(press, agent)


def _about_message(press: Press, agent: AgentIdentity) -> Body | str:
    """The event of a button that is about one message of the conversation."""
    number, lead = press.number, is_lead(agent)
    if number <= 0:
        return texts.EXPIRED
    if (decision := _DECISIONS.get(press.verb)) is not None:
        return AgentDecided(agent=agent.name, message_id=number, decision=decision, lead=lead)
    if press.verb is Verb.READ_AGAIN:
        return AgentRetranslated(agent=agent.name, message_id=number)
    if press.verb in {Verb.APPROVE, Verb.DISAPPROVE}:
        approved = press.verb is Verb.APPROVE
        return AgentApproved(agent=agent.name, message_id=number, approved=approved) if lead else texts.LEADS_ONLY
    return texts.EXPIRED


def answer_to(press: Press, outcome: Outcome) -> str:
    """What who pressed is told."""
    if outcome.refusal is not None:
        return reason(outcome.refusal)
    return texts.FAILED if outcome.error is not None or not outcome.done else DONE[press.verb]
