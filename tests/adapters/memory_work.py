"""What an event does to a conversation of the shop in memory."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

from adapters.ports import Outcome
from dialogs.events import (
    AgentApproved,
    AgentChose,
    AgentClaimed,
    AgentDecided,
    AgentDismissed,
    AgentEscalated,
    AgentNoted,
    AgentRetranslated,
    AgentRetried,
    AgentSentTemplate,
    AgentSetLanguage,
    AgentSetStatus,
    BuyerDeleted,
    BuyerEdited,
    BuyerWrote,
    Event,
    Receipt,
    SellerWrote,
)
from dialogs.messages import (
    CaseStatus,
    Choice,
    DeliveryState,
    Direction,
    Facts,
    LanguageReading,
    Media,
    Message,
    Mood,
    Origin,
    Proposal,
    Reading,
    Reason,
    Refusal,
    RefusalCode,
    SituationReading,
    Step,
    Translation,
    Want,
)
from tests.adapters.memory_talk import Talk
from tests.adapters.memory_texts import (
    KINDS,
    NO_ENGINE,
    REPLIES,
    REPLIES_IN_CHINESE,
    WHY,
    guess,
    into_chinese,
    out_of_chinese,
)

ABOVE_LIMITS = "全额退款"  # what an agent of this shop may not promise


def work(talk: Talk, event: Event) -> Outcome:
    match event.body:
        case BuyerWrote(text=text, media=media):
            _receive(talk, event, text, media)
        case BuyerEdited(of=of, text=text):
            talk.change(_known(talk, of), replaced=True)
            _receive(talk, event, text, (), edits=_known(talk, of))
        case BuyerDeleted(of=of):
            talk.change_message(_known(talk, of), deleted_at=event.at)
        case SellerWrote(text=text, media=media):
            sent = _message(event.at, text, media=media, seller_text=text, language="zh")
            talk.add(sent, delivery=DeliveryState.SENT)
        case Receipt(of=of, state=state):
            for line in list(talk.lines):
                if talk.external.get(line.message.id) == of:
                    talk.change(line.message.id, delivery=state)
        case _:
            return _work_for_team(talk, event)
    return Outcome(done=True)


def _work_for_team(talk: Talk, event: Event) -> Outcome:
    match event.body:
        case AgentChose(choice=choice):
            return _choose(talk, choice, event.at)
        case AgentNoted(agent=agent, text=text):
            talk.add(replace(_message(event.at, text, author=agent), direction=Direction.NOTE))
        case AgentSetLanguage(language=language):
            talk.override = language
        case AgentSetStatus(agent=agent, resolved=resolved):
            talk.case = replace(talk.case, status=CaseStatus.RESOLVED if resolved else CaseStatus.OPEN)
            if resolved and talk.escalation is not None:
                talk.escalation = replace(talk.escalation, closed_by=agent, closed_at=event.at)
        case AgentDecided(message_id=number, decision=decision):
            state = DeliveryState.CANCELLED if decision == "cancel" else DeliveryState.SENT
            talk.change(number, delivery=state, delivery_error=None)
        case AgentApproved(message_id=number, approved=approved):
            state = DeliveryState.SENT if approved else DeliveryState.CANCELLED
            talk.change(number, delivery=state, delivery_error=None)
        case AgentRetranslated(message_id=number):
            done = Translation(text="（重新翻译后的中文）", source="es", target="zh", engine="google")
            talk.change(number, translation=done, parked=None)
        case AgentRetried(event_id=number) | AgentDismissed(event_id=number):
            return _settle(talk, event.body, number)
        case AgentClaimed(agent=agent):
            return _claim(talk, agent, event.at)
        case AgentEscalated():
            talk.escalate(Reason.ASKED, event.at)
        case AgentSentTemplate(agent=agent, template=used):
            text = _message(event.at, used.text, author=agent, language=used.language[:2], origin=Origin.WRITTEN)
            line = talk.add(replace(text, seller_text=f"（中文）{used.text}"), delivery=DeliveryState.SENT)
            return Outcome(done=True, message_id=line.message.id)
    return Outcome(done=True)


def _known(talk: Talk, external_id: str) -> int:
    return next(number for number, external in talk.external.items() if external == external_id)


def _message(at: datetime, text: str, **more: object) -> Message:
    return Message(**{"id": 0, "seq": 0, "direction": Direction.OUTGOING, "text": text, "at": at, **more})


def _receive(talk: Talk, event: Event, text: str, media: tuple[Media, ...], edits: int | None = None) -> None:
    language = guess(text) or talk.case.language
    mood = Mood.ANGRY if "!!" in text else Mood.UPSET
    orders = tuple(re.findall(r"\d{8,}", text))
    facts = Facts(orders=orders, photos=len(media)) if orders or media else talk.case.facts
    reading = Reading(
        language=LanguageReading(code=language, confidence=0.97),
        situations=(SituationReading("in_transit", 0.91), SituationReading("not_received", 0.42)),
        mood=mood,
        wants=(Want.INFORMATION, Want.REFUND),
        facts=facts,
    )
    line = talk.add(
        _message(event.at, text, direction=Direction.INCOMING, language=language, media=media, edits=edits),
        reading=reading if text else None,
        translation=into_chinese(text, language) if text else None,
    )
    talk.external[line.message.id] = event.external_id
    talk.unread += 1
    talk.waiting = talk.waiting or event.at
    talk.closed_by = None
    talk.case = replace(
        talk.case,
        situation="in_transit",
        mood=mood,
        language=language,
        facts=facts,
        wants=reading.wants,
        step=Step.CALM,
    )
    talk.turn = next(talk.ids)
    talk.proposals = tuple(_offered(talk))


def _offered(talk: Talk) -> list[Proposal]:
    replies = REPLIES.get(talk.language or "", (None, None, None))
    return [
        Proposal(
            id=f"{talk.turn}-{number}",
            reply_id=f"reply.{kind}",
            kind=kind,
            seller_text=chinese,
            buyer_text=reply,
            language=talk.language,
            origin=Origin.WRITTEN,
            why=why,
            attempts=() if reply else NO_ENGINE,
        )
        for number, (kind, chinese, reply, why) in enumerate(zip(KINDS, REPLIES_IN_CHINESE, replies, WHY, strict=True))
    ]


def _choose(talk: Talk, choice: Choice, at: datetime) -> Outcome:
    if not choice.seller_text.strip() and not choice.media:
        return _refused(RefusalCode.EMPTY)
    if not talk.window_open:
        return _refused(RefusalCode.WINDOW_CLOSED)
    if choice.proposal_id is not None and choice.turn_id != talk.turn:
        return _refused(RefusalCode.CLOSED, talk.closed_by or "")
    picked = next((each for each in talk.proposals if each.id == choice.proposal_id), None)
    as_is = picked is not None and picked.seller_text == choice.seller_text
    translation = out_of_chinese(choice.seller_text, talk.language) if choice.seller_text else None
    if not as_is and translation is not None and not translation.proven and not choice.confirmed:
        return _refused(RefusalCode.UNPROVEN, "123")
    typed = translation.text if translation else None
    text = picked.buyer_text if picked and as_is else choice.buyer_text or typed
    held = RefusalCode.NEEDS_APPROVAL if ABOVE_LIMITS in choice.seller_text and not choice.lead else None
    leaves = held is None and (text or choice.media)
    message = _message(
        at,
        text or "",
        seller_text=choice.seller_text,
        language=talk.language,
        author=choice.agent,
        media=choice.media,
        kind=picked.kind if picked else None,
        reply_id=picked.reply_id if picked and as_is else None,
        origin=Origin.WRITTEN if as_is else Origin.MACHINE,
    )
    line = talk.add(
        message,
        translation=None if as_is else translation,
        delivery=DeliveryState.SENT if leaves else DeliveryState.HELD,
        delivery_error=None if held is None else held.value,
    )
    talk.external[line.message.id] = f"out-{line.message.id}"
    if held is not None:
        talk.escalate(Reason.APPROVAL, at)
    talk.turn, talk.proposals, talk.closed_by, talk.waiting = None, (), choice.agent, None
    return Outcome(done=True, message_id=line.message.id)


def _settle(talk: Talk, body: AgentRetried | AgentDismissed, number: int) -> Outcome:
    talk.parked = tuple(each for each in talk.parked if each.event_id != number)
    retried = isinstance(body, AgentRetried)
    for line in list(talk.lines):
        if line.event_id == number and body.part == "attachments":
            media = tuple(replace(each, error="" if retried else each.error) for each in line.message.media)
            talk.change_message(line.message.id, media=media)
        elif line.event_id == number:
            talk.change(number, parked=None, dismissed=not retried)
    return Outcome(done=True)


def _claim(talk: Talk, agent: str, at: datetime) -> Outcome:
    found = talk.escalation
    if found is None:
        return _refused(RefusalCode.UNKNOWN_TARGET)
    if found.claimed_by not in {None, agent}:
        return _refused(RefusalCode.CLAIMED, found.claimed_by or "")
    talk.escalation = replace(found, claimed_by=agent, claimed_at=at)
    return Outcome(done=True)


def _refused(code: RefusalCode, detail: str = "") -> Outcome:
    return Outcome(done=True, refusal=Refusal(code, detail))
