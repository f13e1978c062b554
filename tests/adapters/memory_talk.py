"""One conversation of the shop in memory, and how the desk sees it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from adapters.ports import ConversationRow, ConversationView, Escalation, Line, RefusedChoice
from adapters.troubles import Parked, Trouble
from adapters.webchat.settings import CAPABILITIES
from dialogs.messages import (
    Capabilities,
    Case,
    Direction,
    LanguageGuess,
    Message,
    Mood,
    Proposal,
    Reason,
    Severity,
    Urgency,
)

MEGABYTE = 1024 * 1024
WHATSAPP = Capabilities(
    buttons=3,
    button_limit=20,
    media={"photo": 5 * MEGABYTE, "voice": 16 * MEGABYTE, "document": 6 * MEGABYTE},
    window_hours=24,
    templates=True,
)


@dataclass
class Talk:
    """A conversation; its ids come from the shop."""

    id: int
    chat: str
    name: str
    ids: Iterator[int]
    channel: str = "webchat"
    account: str = "web"
    capabilities: Capabilities = CAPABILITIES
    case: Case = field(default_factory=Case)
    lines: list[Line] = field(default_factory=list)
    external: dict[int, str] = field(default_factory=dict)
    override: str | None = None
    turn: int | None = None
    proposals: tuple[Proposal, ...] = ()
    closed_by: str | None = None
    unread: int = 0
    waiting: datetime | None = None
    escalation: Escalation | None = None
    refused: tuple[RefusedChoice, ...] = ()
    parked: tuple[Parked, ...] = ()

    @property
    def language(self) -> str | None:
        return self.override or self.case.language

    @property
    def window_until(self) -> datetime | None:
        hours = self.capabilities.window_hours
        heard = [line.message.at for line in self.lines if line.message.direction == Direction.INCOMING]
        return None if hours is None or not heard else heard[-1] + timedelta(hours=hours)

    @property
    def window_open(self) -> bool:
        return self.window_until is None or datetime.now(UTC) < self.window_until

    def add(self, message: Message, **known: object) -> Line:
        numbered = replace(message, id=next(self.ids), seq=len(self.lines) + 1)
        self.lines.append(Line(message=numbered, event_id=numbered.id, **known))
        return self.lines[-1]

    def line(self, message_id: int) -> Line:
        return next(line for line in self.lines if line.message.id == message_id)

    def change(self, message_id: int, **changes: object) -> None:
        self.lines = [replace(line, **changes) if line.message.id == message_id else line for line in self.lines]

    def change_message(self, message_id: int, **changes: object) -> None:
        self.change(message_id, message=replace(self.line(message_id).message, **changes))

    def escalate(self, reason: Reason, at: datetime) -> None:
        known = self.escalation
        if known is None or not known.open:
            self.escalation = Escalation(id=next(self.ids), reasons=(reason,), severity=Severity.HIGH, opened_at=at)
        else:
            self.escalation = replace(known, reasons=tuple(dict.fromkeys((*known.reasons, reason))))

    def row(self) -> ConversationRow:
        last = self.lines[-1]
        chinese = last.translation.text if last.translation and last.message.direction == "incoming" else None
        return ConversationRow(
            id=self.id,
            shop="demo",
            channel=self.channel,
            account=self.account,
            contact_name=self.name,
            status=self.case.status,
            situation=self.case.situation,
            mood=self.case.mood,
            urgency=Urgency.HIGH if self.case.mood == Mood.ANGRY else Urgency.NORMAL,
            language=self.language,
            unread=self.unread,
            last_text=chinese or last.message.seller_text or last.message.text,
            last_at=last.message.at,
            waiting_since=self.waiting,
            due=self.waiting + timedelta(minutes=5) if self.waiting else None,
            escalated=self.escalation is not None and self.escalation.open,
            flags=self.case.flags,
            trouble=len([each for each in self.troubles() if each.kind != "attachment"]),
        )

    def troubles(self) -> list[Trouble]:
        where = {"conversation_id": self.id, "contact_name": self.name, "channel": self.channel}
        found = [
            Trouble(
                kind="parked",
                at=each.at,
                event_id=each.event_id,
                type=each.type,
                agent=each.agent,
                text=each.text,
                error=each.error,
                **where,
            )
            for each in self.parked
        ]
        for line in self.lines:
            said = line.message
            kinds = {line.delivery: line.delivery_error} if line.delivery in {"held", "failed", "ambiguous"} else {}
            kinds |= {"parked": line.parked} if line.parked else {}
            errors = [each.error for each in said.media if each.error]
            kinds |= {"attachment": errors[0]} if errors else {}
            for kind, error in kinds.items():
                found.append(
                    Trouble(
                        kind=kind,
                        at=said.at,
                        event_id=said.id,
                        message_id=said.id,
                        type="buyer_wrote" if kind == "parked" else "",
                        agent=said.author,
                        text=said.seller_text or said.text,
                        error=error or "",
                        **where,
                    )
                )
        return found

    def view(self, *, before: int | None, limit: int) -> ConversationView:
        lines = [line for line in self.lines if before is None or line.message.seq < before]
        return ConversationView(
            row=self.row(),
            case=self.case,
            capabilities=self.capabilities,
            language_override=self.override,
            language_candidates=(LanguageGuess("es", 0.93), LanguageGuess("pt", 0.05)),
            lines=tuple(lines[-limit:]),
            earlier=len(lines) > limit,
            turn_id=self.turn,
            proposals=self.proposals,
            closed_by=self.closed_by,
            window_until=self.window_until,
            window_open=self.window_open,
            escalation=self.escalation,
            refused=self.refused,
            parked=self.parked,
        )
