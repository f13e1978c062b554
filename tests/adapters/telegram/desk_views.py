"""Views of a conversation as the product would hand them to a board, built line by line."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from adapters.ports import ConversationRow, ConversationView, Escalation, Line, RefusedChoice
from dialogs.messages import (
    Capabilities,
    Case,
    CaseStatus,
    Choice,
    DeliveryState,
    Direction,
    Kind,
    LanguageGuess,
    LanguageReading,
    Media,
    Message,
    Mood,
    Origin,
    Proposal,
    Reading,
    Refusal,
    RefusalCode,
    SituationReading,
    Translation,
    Urgency,
    Want,
)
from tests.adapters.around import at_seconds

SPANISH = "Hola, mi pedido 8201954417 todavía no ha llegado."
CHINESE = "您好，我的订单 8201954417 还没有到。"
OFFERS = (
    (Kind.CALMING, "您好，我马上帮您查。", "Hola, ahora mismo lo reviso."),
    (Kind.APOLOGY, "非常抱歉让您久等了。", "Siento mucho la espera."),
    (Kind.REMEDY, "我们可以为您补发。", "Podemos enviarle otro."),
)


def proposals(turn: int, offers: tuple[tuple[Kind, str, str | None], ...] = OFFERS) -> tuple[Proposal, ...]:
    return tuple(
        Proposal(
            id=f"{turn:x}-{number}",
            reply_id=f"reply_{number}",
            kind=kind,
            seller_text=chinese,
            buyer_text=text,
            language="es",
            origin=Origin.WRITTEN,
        )
        for number, (kind, chinese, text) in enumerate(offers, 1)
    )


@dataclass
class Talk:
    """One conversation that goes on; ``view`` is how it stands."""

    id: int = 12
    name: str = "Ana García"
    channel: str = "webchat"
    case: Case = field(default_factory=lambda: Case(mood=Mood.UPSET, situation="in_transit", language="es"))
    lines: list[Line] = field(default_factory=list)
    turn: int | None = None
    offered: tuple[Proposal, ...] = ()
    due: datetime | None = None
    more: dict[str, Any] = field(default_factory=dict)
    refusals: list[RefusedChoice] = field(default_factory=list)

    def buyer(
        self,
        text: str = SPANISH,
        chinese: str | None = CHINESE,
        *,
        media: tuple[Media, ...] = (),
        mood: Mood = Mood.UPSET,
        pending: bool = False,
        **message: Any,
    ) -> Line:
        """The buyer writes, and unless it is ``pending`` the turn is there with three proposals."""
        number = len(self.lines) + 1
        turn = None if pending else 100 + number
        line = Line(
            message=Message(
                id=500 + number,
                seq=number,
                direction=Direction.INCOMING,
                text=text,
                at=at_seconds(60 * number),
                media=media,
                **message,
            ),
            turn_id=turn,
            pending=pending,
        )
        self.lines.append(line)
        if pending:
            return line
        line = self.read(number, chinese, mood=mood)
        self.due = at_seconds(60 * number + 300)
        return line

    def read(self, number: int, chinese: str | None = CHINESE, *, mood: Mood = Mood.UPSET, again: int = 0) -> Line:
        """The turn of line ``number`` is there, once more when ``again`` says so."""
        turn = 100 + number + again
        reading = Reading(
            language=LanguageReading(code="es", confidence=0.9),
            situations=(SituationReading("in_transit", 0.8),),
            mood=mood,
            wants=(Want.REFUND, Want.RESEND),
        )
        translation = Translation(text=chinese, source="es", target="zh", engine="fake" if chinese else None)
        self.change(number, turn_id=turn, pending=False, parked=None, reading=reading, translation=translation)
        self.turn, self.offered = turn, proposals(turn)
        self.case = replace(self.case, mood=mood, status=CaseStatus.OPEN)
        return self.lines[number - 1]

    def seller(
        self,
        chinese: str = "您好，我马上帮您查。",
        text: str = "Hola, ahora mismo lo reviso.",
        *,
        state: DeliveryState | None = DeliveryState.SENT,
        error: str | None = None,
        author: str = "小王",
    ) -> Line:
        """Somebody answers; unless it is held, the proposals are closed."""
        number = len(self.lines) + 1
        message = Message(
            id=500 + number,
            seq=number,
            direction=Direction.OUTGOING,
            text=text,
            seller_text=chinese,
            at=at_seconds(60 * number),
            author=author,
            kind=Kind.CALMING,
        )
        self.lines.append(Line(message=message, delivery=state, delivery_error=error))
        if state is not DeliveryState.HELD:
            self.turn, self.offered, self.due = None, (), None
        return self.lines[-1]

    def note(self, text: str) -> None:
        number = len(self.lines) + 1
        message = Message(
            id=500 + number,
            seq=number,
            direction=Direction.NOTE,
            text=text,
            at=at_seconds(60 * number),
            author="小李",
        )
        self.lines.append(Line(message=message))

    def change(self, number: int, **values: Any) -> None:
        """Line ``number`` (from 1) gets other values."""
        self.lines[number - 1] = replace(self.lines[number - 1], **values)

    def resolve(self, *, resolved: bool = True) -> None:
        self.case = replace(self.case, status=CaseStatus.RESOLVED if resolved else CaseStatus.OPEN)
        self.turn, self.offered, self.due = None, (), None

    def refuse(self, code: RefusalCode, text: str, *, detail: str = "", proposal: str | None = None) -> None:
        number = 900 + len(self.refusals) + 1
        choice = Choice(agent="小王", seller_text=text, proposal_id=proposal)
        self.refusals.append(RefusedChoice(event_id=number, choice=choice, refusal=Refusal(code, detail)))

    def escalate(self, escalation: Escalation) -> None:
        self.more["escalation"] = escalation

    @property
    def view(self) -> ConversationView:
        row = ConversationRow(
            id=self.id,
            shop="main",
            channel=self.channel,
            contact_name=self.name,
            status=self.case.status,
            situation=self.case.situation,
            mood=self.case.mood,
            urgency=Urgency.NORMAL,
            language=self.case.language,
            unread=0,
            last_text="",
            last_at=self.lines[-1].message.at if self.lines else at_seconds(0),
            waiting_since=None,
            due=self.due,
        )
        given: dict[str, Any] = {
            "row": row,
            "case": self.case,
            "capabilities": Capabilities(),
            "language_override": None,
            "language_candidates": (LanguageGuess("es", 0.8), LanguageGuess("gl", 0.1)),
            "lines": tuple(self.lines),
            "earlier": False,
            "turn_id": self.turn,
            "proposals": self.offered,
            "refused": tuple(self.refusals),
        }
        return ConversationView(**{**given, **self.more})
