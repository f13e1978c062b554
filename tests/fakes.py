"""Doubles for the edges: the time, the dialogs and a platform. Everything between them is real in the tests."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from adapters.ports import Channel, Outgoing
from dialogs.errors import Refused
from dialogs.events import (
    AgentEscalated,
    AgentRetranslated,
    AgentSentTemplate,
    AgentSetLanguage,
    AgentSetStatus,
    BuyerStarted,
    ClockDue,
    SellerWrote,
)
from dialogs.messages import (
    Capabilities,
    CaseStatus,
    Choice,
    ClockSet,
    Conversation,
    Kind,
    LanguageGuess,
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
    Reply,
    Translation,
    Turn,
)

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
KINDS = (Kind.CALMING, Kind.APOLOGY, Kind.REMEDY)


class FakeClock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime = NOON) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def advance(self, **interval: float) -> None:
        self._now += timedelta(**interval)


class FakeManager:
    """Decides like the dialogs do, in one line each.

    The Chinese of a text is ``中:`` and the text, the buyer's wording ``ES:`` and the Chinese. ``angry`` in a text
    makes the case angry; a typed ``留`` is held as untranslated, ``批`` until a lead approves, ``空`` is refused.
    ``failures`` are raised first.
    """

    def __init__(self) -> None:
        self.failures: deque[Exception] = deque()
        self.seen: list[tuple[str, Conversation]] = []

    async def on_buyer_message(self, message: Message, conversation: Conversation) -> Turn:
        self._note("buyer", conversation)
        language = LanguageReading(code="es", confidence=0.9, memory=(LanguageGuess("es", 0.9),))
        mood = Mood.ANGRY if "angry" in message.text else Mood.CALM
        case = replace(conversation.case, status=CaseStatus.OPEN, language="es", mood=mood, situation="late_parcel")
        return Turn(
            case=case,
            reading=Reading(language=language, mood=mood),
            translation=Translation(text=f"中:{message.text}", source="es", target="zh", engine="fake"),
            proposals=tuple(_proposal(message, kind, len(conversation.history)) for kind in KINDS),
            language_memory=language.memory,
            start_clocks=(ClockSet("response", message.at + timedelta(minutes=5)),),
        )

    async def on_seller_choice(self, choice: Choice, conversation: Conversation) -> Turn:
        self._note("choice", conversation)
        case = conversation.case
        if choice.seller_text == "空":
            return Turn(case=case, refusal=Refusal(RefusalCode.EMPTY))
        picked = next((p for p in conversation.proposals if p.id == choice.proposal_id), None)
        reply = Reply(
            seller_text=choice.seller_text,
            buyer_text=choice.buyer_text or f"ES:{choice.seller_text}",
            language="es",
            origin=Origin.WRITTEN if picked else Origin.MACHINE,
            kind=picked.kind if picked else None,
            reply_id=picked.reply_id if picked else None,
            media=choice.media,
        )
        if "批" in choice.seller_text and not choice.lead:
            held = replace(reply, held=RefusalCode.NEEDS_APPROVAL)
            return Turn(case=case, reply=held, escalate=(Reason.APPROVAL,))
        if "留" in choice.seller_text and not choice.confirmed:
            return Turn(case=case, reply=replace(reply, buyer_text=choice.buyer_text, held=RefusalCode.NOT_TRANSLATED))
        case = replace(case, said=(*case.said, reply.reply_id or "typed"))
        return Turn(case=case, reply=reply, proposals=(), stop_clocks=("response",))

    async def on_team_action(
        self,
        body: AgentSetLanguage | AgentSetStatus | AgentRetranslated | AgentEscalated,
        conversation: Conversation,
        latest: Message | None,
    ) -> Turn:
        self._note(body.type, conversation)
        if isinstance(body, AgentSetStatus):
            status = CaseStatus.RESOLVED if body.resolved else CaseStatus.OPEN
            return Turn(case=replace(conversation.case, status=status), proposals=(), stop_clocks=("response",))
        if isinstance(body, AgentEscalated):
            return Turn(case=conversation.case, escalate=(Reason.ASKED,))
        if latest is None:
            return Turn(case=conversation.case)
        turn = await self.on_buyer_message(latest, conversation)
        return replace(turn, translation=Translation(text=f"再:{latest.text}", source="es", target="zh", engine="fake"))

    async def on_buyer_started(self, body: BuyerStarted, conversation: Conversation) -> Turn:
        self._note("started", conversation)
        if not body.greeting:
            return Turn(case=conversation.case)
        reply = Reply(seller_text=body.greeting_chinese, buyer_text=body.greeting, language="es", origin=Origin.WRITTEN)
        return Turn(case=conversation.case, reply=reply)

    async def on_seller_wrote(self, body: SellerWrote, conversation: Conversation) -> Turn:
        self._note("phone", conversation)
        reply = Reply(
            seller_text=f"中:{body.text}",
            buyer_text=body.text,
            language="es",
            origin=None,
            media=body.media,
            on_platform=True,
        )
        return Turn(case=conversation.case, reply=reply, proposals=(), stop_clocks=("response",))

    async def on_template(self, body: AgentSentTemplate, conversation: Conversation) -> Turn:
        self._note("template", conversation)
        reply = Reply(
            seller_text=f"中:{body.template.text}",
            buyer_text=body.template.text,
            language="es",
            origin=Origin.WRITTEN,
            template=body.template,
        )
        return Turn(case=conversation.case, reply=reply, proposals=())

    async def on_delivery_failed(self, error: str, conversation: Conversation) -> Turn:
        self._note(f"failed:{error}", conversation)
        return Turn(case=conversation.case, escalate=(Reason.DELIVERY_FAILED,))

    async def on_clock(self, body: ClockDue, conversation: Conversation) -> Turn:
        self._note("clock", conversation)
        return Turn(case=replace(conversation.case, flags=(*conversation.case.flags, "overdue")))

    def _note(self, what: str, conversation: Conversation) -> None:
        self.seen.append((what, conversation))
        if self.failures:
            raise self.failures.popleft()


def _proposal(message: Message, kind: Kind, number: int) -> Proposal:
    return Proposal(
        id=f"{message.id}-{number}-{kind}",
        reply_id=f"late_parcel.{kind}",
        kind=kind,
        seller_text=f"中文{kind}",
        buyer_text=f"ES:中文{kind}",
        language="es",
        origin=Origin.WRITTEN,
    )


class RecordingChannel(Channel):
    """A platform that remembers what it was sent. ``failures`` are raised first, one per call, None means it works."""

    name = "fake"

    def __init__(self, account: str = "shop-fake", *, idempotent: bool = False) -> None:
        self.account = account
        self.shop = "shop"
        self.capabilities = Capabilities(idempotent=idempotent)
        self.files: dict[str, tuple[bytes, str]] = {}  # what buyers attached, by ``remote``
        self.sent: list[Outgoing] = []
        self.failures: deque[Exception | None] = deque()

    async def send(self, outgoing: Outgoing) -> str:
        failure = self.failures.popleft() if self.failures else None
        if failure is not None:
            raise failure
        self.sent.append(outgoing)
        return f"out-{len(self.sent)}"

    async def fetch(self, media: Media) -> tuple[bytes, str]:
        if media.remote not in self.files:
            raise Refused("gone")
        return self.files[media.remote]

    @property
    def texts(self) -> list[str]:
        return [outgoing.text for outgoing in self.sent]
