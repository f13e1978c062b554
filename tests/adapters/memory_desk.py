"""All ports of the two web faces in memory: a scripted shop, enough to drive a desk and buyers' chats."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from adapters.ports import (
    ChatLine,
    ConversationRow,
    ConversationView,
    EngineHealth,
    Line,
    ListQuery,
    Outcome,
    Preview,
)
from dialogs.errors import Malformed
from dialogs.events import (
    Accepted,
    AgentChose,
    AgentDecided,
    AgentNoted,
    AgentRetranslated,
    AgentSetLanguage,
    AgentSetStatus,
    BuyerEdited,
    BuyerWrote,
    Event,
    Receipt,
)
from dialogs.messages import (
    Attempt,
    Capabilities,
    Case,
    CaseStatus,
    Check,
    Choice,
    DeliveryState,
    Direction,
    Facts,
    Kind,
    LanguageGuess,
    LanguageReading,
    Message,
    Mood,
    Origin,
    Proposal,
    Reading,
    Refusal,
    RefusalCode,
    SituationReading,
    Step,
    Translation,
    Urgency,
    Want,
)
from tests.adapters.memory_people import MemoryPeople
from tests.adapters.memory_texts import CHINESE, KINDS, OUT, REPLIES, REPLIES_IN_CHINESE, WHY, guess

CAPABILITIES = Capabilities(text_limit=100_000, text_unit="bytes", media=True, idempotent=True)
NO_ENGINE = (Attempt("google", "timeout"),)


@dataclass
class _Talk:
    id: int
    channel: str
    chat: str
    name: str
    case: Case = field(default_factory=Case)
    lines: list[Line] = field(default_factory=list)
    external: dict[int, str] = field(default_factory=dict)
    override: str | None = None
    turn: int | None = None
    proposals: tuple[Proposal, ...] = ()
    closed_by: str | None = None
    unread: int = 0
    waiting: datetime | None = None

    @property
    def language(self) -> str | None:
        return self.override or self.case.language


class MemoryDesk(MemoryPeople):
    """Desk, Inbox, Feed, Chats, Blobs and Agents at once."""

    def __init__(self) -> None:
        super().__init__()
        self.talks: dict[int, _Talk] = {}
        self.events: dict[tuple[str, str], tuple[Event, Accepted, Outcome]] = {}
        self._ids = itertools.count(1)

    # ---- inbox -------------------------------------------------------------------------------------------------------

    async def accept(self, event: Event) -> Accepted:
        known = self.events.get((event.account, event.external_id))
        if known is not None:
            return replace(known[1], duplicate=True)
        talk = self._talk_of(event)
        accepted = Accepted(next(self._ids), talk.id, duplicate=False)
        self.events[event.account, event.external_id] = (event, accepted, Outcome(done=False))
        outcome = self._work(talk, event)
        self.events[event.account, event.external_id] = (event, accepted, outcome)
        self.notify(talk.id)
        return accepted

    async def outcome(self, event_id: int, timeout: float = 30.0) -> Outcome:
        return next(outcome for _, accepted, outcome in self.events.values() if accepted.event_id == event_id)

    def _talk_of(self, event: Event) -> _Talk:
        if event.conversation_id is not None:
            if event.conversation_id not in self.talks:
                raise Malformed("conversation_id")
            return self.talks[event.conversation_id]
        for talk in self.talks.values():
            if talk.chat == event.chat:
                talk.name = event.contact_name or talk.name
                return talk
        talk = _Talk(next(self._ids), "webchat", event.chat or "", event.contact_name)
        self.talks[talk.id] = talk
        return talk

    def _work(self, talk: _Talk, event: Event) -> Outcome:
        match event.body:
            case BuyerWrote(text=text, media=media):
                self._receive(talk, event, text, media)
            case BuyerEdited(of=of, text=text):
                old = next(number for number, external in talk.external.items() if external == of)
                self._change(talk, old, replaced=True)
                self._receive(talk, event, text, (), edits=old)
            case AgentChose(choice=choice):
                return self._choose(talk, choice, event.at)
            case AgentNoted(agent=agent, text=text):
                self._add(talk, Direction.NOTE, text, event.at, author=agent)
            case AgentSetLanguage(language=language):
                talk.override = language
            case AgentSetStatus(resolved=resolved):
                talk.case = replace(talk.case, status=CaseStatus.RESOLVED if resolved else CaseStatus.OPEN)
            case AgentDecided(message_id=number, decision=decision):
                state = DeliveryState.CANCELLED if decision == "cancel" else DeliveryState.SENT
                self._change(talk, number, delivery=state, delivery_error=None)
            case AgentRetranslated(message_id=number):
                done = Translation(text="（重新翻译后的中文）", source="es", target="zh", engine="google")
                self._change(talk, number, translation=done, parked=None)
            case Receipt(of=of, state=state):
                for line in list(talk.lines):
                    if talk.external.get(line.message.id) == of:
                        self._change(talk, line.message.id, delivery=state)
        return Outcome(done=True)

    def _receive(self, talk: _Talk, event: Event, text: str, media: tuple = (), edits: int | None = None) -> None:
        language = guess(text) or talk.case.language
        translation = self._chinese_of(text, language)
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
        line = self._add(
            talk,
            Direction.INCOMING,
            text,
            event.at,
            language=language,
            media=media,
            edits=edits,
            reading=reading if text else None,
            translation=translation if text else None,
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
        talk.turn = next(self._ids)
        replies = REPLIES.get(talk.language or "", (None, None, None))
        offered = enumerate(zip(KINDS, REPLIES_IN_CHINESE, replies, WHY, strict=True))
        talk.proposals = tuple(
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
            for number, (kind, chinese, reply, why) in offered
        )

    def _choose(self, talk: _Talk, choice: Choice, at: datetime) -> Outcome:
        if not choice.seller_text.strip():
            return Outcome(done=True, refusal=Refusal(RefusalCode.EMPTY))
        if choice.proposal_id is not None and choice.turn_id != talk.turn:
            return Outcome(done=True, refusal=Refusal(RefusalCode.CLOSED, talk.closed_by or ""))
        picked = next((each for each in talk.proposals if each.id == choice.proposal_id), None)
        as_is = picked is not None and picked.seller_text == choice.seller_text
        translation = self._out(choice.seller_text, talk.language)
        if not as_is and not translation.proven and not choice.confirmed:
            return Outcome(done=True, refusal=Refusal(RefusalCode.UNPROVEN, "123"))
        text = picked.buyer_text if picked and as_is else choice.buyer_text or translation.text
        line = self._add(
            talk,
            Direction.OUTGOING,
            text or "",
            at,
            seller=choice.seller_text,
            language=talk.language,
            author=choice.agent,
            kind=picked.kind if picked else None,
            reply_id=picked.reply_id if picked and as_is else None,
            translation=None if as_is else translation,
            delivery=DeliveryState.SENT if text else DeliveryState.HELD,
        )
        talk.external[line.message.id] = f"out-{line.message.id}"
        talk.turn, talk.proposals, talk.closed_by, talk.waiting = None, (), choice.agent, None
        return Outcome(done=True, message_id=line.message.id)

    def _chinese_of(self, text: str, language: str | None) -> Translation:
        if language is None:
            return Translation(text=None, source=None, target="zh", attempts=NO_ENGINE)
        if language == "zh":
            return Translation(text=text, source="zh", target="zh", engine="same")
        return Translation(text=CHINESE.get(text, f"（中文）{text}"), source=language, target="zh", engine="google")

    def _out(self, text: str, language: str | None) -> Translation:
        if language is None or "难译" in text:
            return Translation(text=None, source="zh", target=language or "en", attempts=NO_ENGINE)
        if "123" in text:
            checks = (Check("entity_missing", "123"),)
            return Translation(text="wrong", source="zh", target=language, engine="google", proven=False, checks=checks)
        return Translation(text=OUT.get(text, f"[{language}] {text}"), source="zh", target=language, engine="google")

    def _add(
        self,
        talk: _Talk,
        direction: Direction,
        text: str,
        at: datetime,
        *,
        seller: str | None = None,
        language: str | None = None,
        author: str = "",
        media: tuple = (),
        kind: Kind | None = None,
        reply_id: str | None = None,
        edits: int | None = None,
        **known: object,
    ) -> Line:
        message = Message(
            id=next(self._ids),
            seq=len(talk.lines) + 1,
            direction=direction,
            text=text,
            at=at,
            seller_text=seller,
            language=language,
            author=author,
            media=media,
            kind=kind,
            reply_id=reply_id,
            edits=edits,
        )
        talk.lines.append(Line(message=message, **known))
        return talk.lines[-1]

    def _change(self, talk: _Talk, message_id: int, **changes: object) -> None:
        talk.lines = [replace(line, **changes) if line.message.id == message_id else line for line in talk.lines]

    # ---- desk --------------------------------------------------------------------------------------------------------

    async def conversations(self, query: ListQuery) -> tuple[ConversationRow, ...]:
        rows = [self._row(talk) for talk in self.talks.values() if self._found(talk, query)]
        rows.sort(key=lambda row: (row.due is None, row.due or row.last_at, row.id))
        return tuple(rows[: query.limit])

    def _found(self, talk: _Talk, query: ListQuery) -> bool:
        if query.status is not None and talk.case.status != query.status:
            return False
        texts = [talk.name, *(line.message.text for line in talk.lines)]
        return any(query.search.lower() in text.lower() for text in texts)

    def _row(self, talk: _Talk) -> ConversationRow:
        last = talk.lines[-1]
        chinese = last.translation.text if last.translation and last.message.direction == "incoming" else None
        return ConversationRow(
            id=talk.id,
            shop="demo",
            channel=talk.channel,
            contact_name=talk.name,
            status=talk.case.status,
            situation=talk.case.situation,
            mood=talk.case.mood,
            urgency=Urgency.HIGH if talk.case.mood == Mood.ANGRY else Urgency.NORMAL,
            language=talk.language,
            unread=talk.unread,
            last_text=chinese or last.message.seller_text or last.message.text,
            last_at=last.message.at,
            waiting_since=talk.waiting,
            due=talk.waiting + timedelta(minutes=5) if talk.waiting else None,
            flags=talk.case.flags,
            trouble=sum(line.delivery in {"held", "failed", "ambiguous"} for line in talk.lines),
        )

    async def view(
        self, conversation_id: int, *, before: int | None = None, limit: int = 60
    ) -> ConversationView | None:
        talk = self.talks.get(conversation_id)
        if talk is None:
            return None
        lines = [line for line in talk.lines if before is None or line.message.seq < before]
        return ConversationView(
            row=self._row(talk),
            case=talk.case,
            capabilities=CAPABILITIES,
            language_override=talk.override,
            language_candidates=(LanguageGuess("es", 0.93), LanguageGuess("pt", 0.05)),
            lines=tuple(lines[-limit:]),
            earlier=len(lines) > limit,
            turn_id=talk.turn,
            proposals=talk.proposals,
            closed_by=talk.closed_by,
        )

    async def preview(self, conversation_id: int, seller_text: str, *, back: bool = False) -> Preview:
        translation = self._out(seller_text, self.talks[conversation_id].language)
        refusal = None if translation.proven else Refusal(RefusalCode.UNPROVEN, "123")
        again = Translation(text=f"回：{seller_text}", source="es", target="zh", engine="google") if back else None
        return Preview(translation=translation, refusal=refusal, back=again)

    async def mark_read(self, conversation_id: int) -> None:
        self.talks[conversation_id].unread = 0

    def health(self) -> tuple[EngineHealth, ...]:
        return (
            EngineHealth(name="google", state="ok", latency_ms=182.4),
            EngineHealth(name="mymemory", state="unused"),
            EngineHealth(name="libretranslate", state="open", detail="连接不上，已暂停"),
        )

    # ---- chats, blobs, agents ----------------------------------------------------------------------------------------

    async def lines(self, account: str, chat: str, *, after: int = 0, limit: int = 200) -> tuple[ChatLine, ...]:
        number = await self.conversation_of(account, chat)
        shown = self.talks[number].lines if number is not None else []
        found = [
            ChatLine(
                id=line.message.id,
                mine=line.message.direction == Direction.INCOMING,
                text=line.message.text,
                at=line.message.at,
                media=line.message.media,
                state=line.delivery,
                external_id=self.talks[number or 0].external.get(line.message.id),
            )
            for line in shown
            if line.message.id > after
            and not line.replaced
            and (line.message.direction == Direction.INCOMING or line.delivery in {"sent", "delivered", "read"})
        ]
        return tuple(found[:limit])

    async def conversation_of(self, account: str, chat: str) -> int | None:
        return next((talk.id for talk in self.talks.values() if talk.chat == chat), None)

    # ---- scripting ---------------------------------------------------------------------------------------------------

    async def buyer(self, chat: str, text: str, *, name: str = "", ago: float = 0) -> int:
        """A buyer writes, ``ago`` seconds before now."""
        at = datetime.now(UTC) - timedelta(seconds=ago)
        event = Event(
            account="web",
            external_id=f"{chat}:{next(self._ids)}",
            body=BuyerWrote(text=text),
            at=at,
            chat=chat,
            contact_name=name,
        )
        return (await self.accept(event)).conversation_id

    async def seller(self, conversation_id: int, text: str, *, agent: str = "李强", ago: float = 0) -> int | None:
        """An agent types, ``ago`` seconds before now."""
        at = datetime.now(UTC) - timedelta(seconds=ago)
        body = AgentChose(choice=Choice(agent=agent, seller_text=text))
        event = Event(
            account="desk", external_id=str(next(self._ids)), body=body, at=at, conversation_id=conversation_id
        )
        accepted = await self.accept(event)
        return (await self.outcome(accepted.event_id)).message_id
