"""DialogManager: takes values, decides, returns a Turn. It saves, sends and waits for nothing but its Translator."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Protocol

from dialogs import cases, clocks, escalations, plans
from dialogs.answers import Answers, buyer_language
from dialogs.carriers import Carriers
from dialogs.drafting import Drafting
from dialogs.events import (
    AgentChangedPlan,
    AgentDecided,
    AgentEscalated,
    AgentSentTemplate,
    AgentSetFacts,
    AgentSetLanguage,
    AgentSetStatus,
    BuyerStarted,
    ClockDue,
    SellerWrote,
    TeamAction,
)
from dialogs.library import LibraryReply
from dialogs.limits import promises
from dialogs.messages import (
    SELLER_LANGUAGE,
    Case,
    CaseStatus,
    Choice,
    Conversation,
    Direction,
    Kind,
    LanguageGuess,
    LanguageReading,
    Media,
    Message,
    Opinion,
    Origin,
    Proposal,
    Reading,
    Reason,
    Refusal,
    RefusalCode,
    Reply,
    SituationReading,
    Translation,
    Turn,
    Urgency,
)
from dialogs.offers import Offers
from dialogs.playbooks import Playbooks
from dialogs.ports import Adviser, Detector, Drafter, Translator, Writes
from dialogs.protection import Style, clean, mask
from dialogs.shelf import Shelf, Shelves
from dialogs.tone import ToneGuard
from dialogs.typed import Typed
from dialogs.warnings import ToneWarning


class Reads(Protocol):
    """Reads what a message says."""

    def read(
        self,
        text: str,
        language: LanguageReading,
        *,
        chinese: str | None = None,
        today: date,
        case: Case | None = None,
        media: tuple[Media, ...] = (),
        opinions: tuple[Opinion, ...] = (),
    ) -> Reading:
        """Never raises, decides the same for the same input."""
        ...


class DialogManager:
    """Decides what every event of a conversation means and what is offered or sent."""

    def __init__(
        self,
        *,
        detector: Detector,
        reader: Reads,
        translator: Translator,
        playbooks: Playbooks,
        replies: Writes,
        carriers: Carriers,
        tone: ToneGuard,
        advisers: tuple[Adviser, ...] = (),
        own: Mapping[str, Shelf] | None = None,
        drafter: Drafter | None = None,
    ) -> None:
        self._detector = detector
        self._advisers = advisers
        self._reader = reader
        self._translator = translator
        shelves = Shelves(Shelf(playbooks, replies), own or {})
        self._typed = Typed(translator, detector)
        self._offers = Offers(shelves, self._typed, carriers, Drafting(drafter, self._typed, tone))
        self._answers = Answers(shelves, self._typed, carriers=carriers, tone=tone)

    async def on_buyer_message(self, message: Message, conversation: Conversation) -> Turn:
        """Read a buyer's message, put it into Chinese, and offer replies."""
        language = self._language(message.text, conversation)
        translation = await self._translator.translate(
            message.text,
            source=language.code,
            target=SELLER_LANGUAGE,
            shop=conversation.shop.id,
            glossary=conversation.shop.glossary,
        )
        reading = self._reader.read(
            message.text,
            language,
            chinese=translation.text,
            today=message.at.date(),
            case=conversation.case,
            media=message.media,
            opinions=await self._opinions(message.text, language, translation.text),
        )
        case = cases.after_message(conversation.case, reading)
        offered = await self._offers.to(
            message,
            translation.text,
            case=case,
            reading=reading,
            conversation=conversation,
            key=_key(message, conversation, case.language),
        )
        return Turn(
            case=case,
            reading=reading,
            translation=translation,
            proposals=offered,
            language_memory=language.memory,
            start_clocks=clocks.started(message, conversation),
            escalate=escalations.of_message(reading, translation, conversation.shop),
        )

    async def on_buyer_started(self, body: BuyerStarted, conversation: Conversation) -> Turn:
        """A buyer opened the chat: what the shop has set to be said then, once, and to nobody known."""
        if not body.greeting or conversation.history:
            return Turn(case=conversation.case)
        reply = Reply(
            seller_text=body.greeting_chinese or body.greeting,
            buyer_text=body.greeting,
            language=body.language,
            origin=Origin.WRITTEN,
        )
        return Turn(case=conversation.case, reply=reply)

    async def on_seller_wrote(self, body: SellerWrote, conversation: Conversation) -> Turn:
        """The seller answered on the platform itself: nothing has to leave, everything else is as after a choice."""
        read = self._detector.detect(body.text)
        translation = await self._translator.translate(
            body.text,
            source=read.code,
            target=SELLER_LANGUAGE,
            shop=conversation.shop.id,
            glossary=conversation.shop.glossary,
        )
        reply = Reply(
            seller_text=translation.text or body.text,
            buyer_text=body.text,
            language=read.code,
            origin=None,
            translation=translation,
            media=body.media,
            on_platform=True,
        )
        return self._after(reply, conversation, agent="")

    async def on_template(self, body: AgentSentTemplate, conversation: Conversation) -> Turn:
        """An approved template leaves; its text is the platform's, its Chinese a translation for the seller."""
        if not conversation.capabilities.templates:
            return Turn(case=conversation.case, refusal=Refusal(RefusalCode.UNKNOWN_TARGET, "template"))
        language = body.template.language.partition("_")[0].lower()
        back = await self._translator.translate(
            body.template.text,
            source=language,
            target=SELLER_LANGUAGE,
            shop=conversation.shop.id,
            glossary=conversation.shop.glossary,
        )
        reply = Reply(
            seller_text=back.text or body.template.text,
            buyer_text=body.template.text,
            language=language,
            origin=Origin.WRITTEN,
            kind=Kind.NOTICE,
            template=body.template,
        )
        return self._after(reply, conversation, agent=body.agent)

    async def on_delivery_failed(self, error: str, conversation: Conversation) -> Turn:
        """A delivery did not arrive, or nobody knows: the team is told, and an unreachable buyer is marked."""
        case = conversation.case
        if error == cases.UNREACHABLE:
            case = replace(case, flags=tuple(dict.fromkeys((*case.flags, cases.UNREACHABLE))))
        return Turn(case=case, escalate=escalations.of_failure(error, conversation.shop))

    async def on_seller_choice(self, choice: Choice, conversation: Conversation) -> Turn:
        """Prove and render what the seller decided to send; a refusal says what stands in the way."""
        reply = await self._answers.reply(choice, conversation)
        if isinstance(reply, Refusal):
            return Turn(case=conversation.case, refusal=reply)
        if reply.held is not None:
            waits_for_lead = reply.held is RefusalCode.NEEDS_APPROVAL
            reasons = escalations.wanted([Reason.APPROVAL] if waits_for_lead else [], conversation.shop)
            return Turn(case=conversation.case, reply=reply, escalate=reasons)
        return self._after(reply, conversation, agent=choice.agent)

    async def on_team_action(
        self,
        body: TeamAction,
        conversation: Conversation,
        latest: Message | None,
    ) -> Turn:
        """What an agent's action on the conversation changes; ``latest`` is the buyer's message it is about."""
        if isinstance(body, AgentSetStatus):
            return _status_turn(conversation.case, resolved=body.resolved)
        if isinstance(body, AgentEscalated):
            return Turn(case=replace(conversation.case, urgency=Urgency.HIGH), escalate=(Reason.ASKED,))
        if isinstance(body, AgentChangedPlan | AgentSetFacts):
            return await self._knowledge_turn(body, conversation)
        if isinstance(body, AgentSetLanguage):
            conversation = replace(conversation, language_override=body.language)
            if body.language is not None:
                conversation = replace(conversation, case=replace(conversation.case, language=body.language))
        if isinstance(body, AgentDecided) or latest is None:
            return Turn(case=conversation.case)
        turn = await self.on_buyer_message(latest, conversation)
        if conversation.case.status is CaseStatus.RESOLVED or not _is_latest(latest, conversation):
            # Only the reading of that one message is new; what the case has come to since stays.
            return replace(turn, case=conversation.case, proposals=None, start_clocks=(), escalate=())
        # Its pictures were counted and the buyer's clock was started the first time it was read.
        photos = max(conversation.case.facts.photos, turn.reading.facts.photos if turn.reading else 0)
        facts = replace(turn.case.facts, photos=photos)
        return replace(turn, case=replace(turn.case, facts=facts), start_clocks=(), escalate=())

    async def on_clock(self, body: ClockDue, conversation: Conversation) -> Turn:
        """A clock of the conversation ran out: it becomes urgent and says why."""
        return clocks.rung(body, conversation)

    async def preview(self, seller_text: str, conversation: Conversation) -> Translation | Refusal:
        """What a typed text would become for this buyer."""
        language = buyer_language(conversation)
        if language is None:
            return Refusal(RefusalCode.NO_LANGUAGE)
        written = self._answers.as_written(seller_text, language, conversation)
        if written is not None:
            return Translation(text=written[1], source=SELLER_LANGUAGE, target=language, engine="written")
        return await self._typed.translate(seller_text, language, conversation.shop)

    def library(self, conversation: Conversation) -> tuple[LibraryReply, ...]:
        """Every reply that may be said in the conversation, as it would be said now."""
        return self._answers.library(conversation)

    def warnings(self, seller_text: str, buyer_text: str | None, conversation: Conversation) -> tuple[ToneWarning, ...]:
        """What is heard in a typed text and in what it would become."""
        draft = Reply(
            seller_text=seller_text,
            buyer_text=buyer_text,
            language=buyer_language(conversation),
            origin=Origin.MACHINE,
        )
        return self._answers.warnings(draft, conversation)

    async def back(
        self, found: Translation, seller_text: str, conversation: Conversation, *, asked: bool
    ) -> Translation | None:
        """The Chinese of what a typed text becomes: where the seller asked for it, and wherever much hangs on it.

        That is a promise, and a case with a dispute, a complaint, a threat or extortion.
        """
        machine = found.engine not in {"written", "same"}
        at_stake = bool(promises(seller_text)) or not cases.FLAGGED.isdisjoint(conversation.case.flags)
        if found.text is None or not (asked or (machine and at_stake)):
            return None
        return await self._translator.translate(
            found.text,
            source=buyer_language(conversation),
            target=SELLER_LANGUAGE,
            shop=conversation.shop.id,
            glossary=conversation.shop.glossary,
        )

    async def _knowledge_turn(self, body: AgentChangedPlan | AgentSetFacts, conversation: Conversation) -> Turn:
        """What an agent knows better than the messages told: how far a plan is, what the order is."""
        case = conversation.case
        if isinstance(body, AgentSetFacts):
            known = replace(case, facts=cases.corrected(case.facts, body))
            return Turn(case=known, proposals=await self._offer_anew(known, conversation))
        changed = plans.change(case, body.plan, body.state, now=conversation.now, shop=conversation.shop)
        if changed is None:
            return Turn(case=case, refusal=Refusal(RefusalCode.CLOSED))
        clock = plans.clock(changed)
        return Turn(
            case=changed,
            start_clocks=() if clock is None else (clock,),
            stop_clocks=(plans.CLOCK,) if clock is None else (),
        )

    async def _offer_anew(self, case: Case, conversation: Conversation) -> tuple[Proposal, ...] | None:
        """What is open is proposed again with the facts that are known now; None where nothing is open."""
        if not conversation.proposals:
            return None
        code = conversation.language_override or case.language
        standing = Reading(
            language=LanguageReading(code=code),
            situations=(SituationReading(case.situation, 1.0),),
            mood=case.mood,
            wants=case.wants,
        )
        before = ",".join(proposal.id for proposal in conversation.proposals)
        key = hashlib.sha256(f"{conversation.id}/{before}/{case.facts}".encode()).hexdigest()[:16]
        return await self._offers.to(None, None, case=case, reading=standing, conversation=conversation, key=key)

    def _after(self, reply: Reply, conversation: Conversation, *, agent: str) -> Turn:
        """The turn of a reply that leaves; what it promises is a plan from now on."""
        case, shop = cases.after_reply(conversation.case, reply), conversation.shop
        for promise in self._answers.promised(reply, shop):
            case = plans.offer(case, promise, agent=agent, now=conversation.now, shop=shop)
        clock = plans.clock(case) if case.plans != conversation.case.plans else None
        return Turn(
            case=case,
            reply=reply,
            proposals=(),
            start_clocks=() if clock is None else (clock,),
            stop_clocks=clocks.CLOCKS,
        )

    async def _opinions(self, text: str, language: LanguageReading, chinese: str | None) -> tuple[Opinion, ...]:
        if not self._advisers or not text.strip():
            return ()
        # Numbers and addresses say nothing of what a message is about, and stay here.
        hidden = mask(clean(text), {}, language.code, SELLER_LANGUAGE).written(Style.BRACKETS, xml=False)
        asked = (adviser.consider(hidden, language=language.code, chinese=chinese) for adviser in self._advisers)
        return tuple(opinion for opinion in await asyncio.gather(*asked) if opinion is not None)

    def _language(self, text: str, conversation: Conversation) -> LanguageReading:
        read = self._detector.detect(text, conversation.language_memory)
        fixed = conversation.language_override
        if fixed is None:
            return read
        return LanguageReading(
            code=fixed,
            confidence=1.0,
            candidates=(LanguageGuess(fixed, 1.0),),
            memory=read.memory,
            fixed=True,
        )


def _is_latest(message: Message, conversation: Conversation) -> bool:
    return all(m.seq <= message.seq for m in conversation.history if m.direction is Direction.INCOMING)


def _status_turn(case: Case, *, resolved: bool) -> Turn:
    if not resolved:
        return Turn(case=replace(case, status=CaseStatus.OPEN))
    closed = replace(
        case,
        status=CaseStatus.RESOLVED,
        urgency=Urgency.NORMAL,
        flags=tuple(flag for flag in case.flags if flag != cases.OVERDUE),
    )
    return Turn(case=closed, proposals=(), stop_clocks=clocks.CLOCKS)


def _key(message: Message, conversation: Conversation, language: str | None) -> str:
    """Unique for every set of proposals, and the same whenever the same turn is decided again."""
    latest = conversation.history[-1].seq if conversation.history else 0
    before = ",".join(proposal.id for proposal in conversation.proposals)
    digest = hashlib.sha256(f"{conversation.id}/{message.id}/{latest}/{before}/{language}".encode())
    return digest.hexdigest()[:16]
