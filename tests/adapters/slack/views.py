"""Views for the board, as the product would hand them out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from adapters.ports import ConversationRow, ConversationView, Escalation, Line
from dialogs.messages import (
    Capabilities,
    Case,
    CaseStatus,
    DeliveryState,
    Direction,
    Message,
    Mood,
    Reason,
    Severity,
    Translation,
    Urgency,
)
from tests.adapters.around import NOW

CONVERSATION = 7


def buyer(number: int, text: str, chinese: str | None = "译文", **line: Any) -> Line:
    message = Message(
        id=100 + number,
        seq=number,
        direction=Direction.INCOMING,
        text=text,
        at=NOW,
        language="es",
        **line.pop("message", {}),
    )
    translation = Translation(text=chinese, source="es", target="zh", engine="fake")
    return Line(message=message, translation=translation, **line)


def answer(number: int, chinese: str, text: str, state: DeliveryState = DeliveryState.SENT, **line: Any) -> Line:
    message = Message(
        id=100 + number,
        seq=number,
        direction=Direction.OUTGOING,
        text=text,
        seller_text=chinese,
        at=NOW,
        language="es",
        author=line.pop("author", "小王"),
    )
    return Line(message=message, delivery=state, **line)


def note(number: int, text: str, author: str = "小王") -> Line:
    message = Message(
        id=100 + number, seq=number, direction=Direction.NOTE, text=text, seller_text=text, at=NOW, author=author
    )
    return Line(message=message)


def escalation(number: int = 3, *reasons: Reason, severity: Severity = Severity.HIGH, **values: Any) -> Escalation:
    return Escalation(
        id=number, reasons=reasons or (Reason.ANGRY,), severity=severity, opened_at=NOW, **values
    )  # the fewest facts an alert has


def view(
    *lines: Line, escalated: Escalation | None = None, name: str = "Ana García", **values: Any
) -> ConversationView:
    row = ConversationRow(
        id=CONVERSATION,
        shop=values.pop("shop", "main"),
        channel="whatsapp",
        contact_name=name,
        status=CaseStatus.OPEN,
        situation="in_transit",
        mood=Mood.ANGRY,
        urgency=Urgency.HIGH,
        language="es",
        unread=1,
        last_text="译文",
        last_at=NOW,
        waiting_since=NOW,
        due=NOW + timedelta(minutes=5),
    )
    case = Case(situation=values.pop("situation", "in_transit"), mood=Mood.ANGRY, language="es")
    return ConversationView(
        row=row,
        case=case,
        capabilities=Capabilities(),
        language_override=None,
        language_candidates=(),
        lines=lines or (buyer(1, "¿Dónde está mi pedido?", "我的订单在哪里？"),),
        earlier=values.pop("earlier", False),
        turn_id=values.pop("turn_id", 55),
        proposals=(),
        escalation=escalated or escalation(),
        **values,
    )


def claimed(shown: ConversationView, agent: str = "小王") -> ConversationView:
    assert shown.escalation is not None
    return replace(shown, escalation=replace(shown.escalation, claimed_by=agent, claimed_at=NOW))


def resolved(shown: ConversationView, agent: str = "小王") -> ConversationView:
    assert shown.escalation is not None
    return replace(shown, escalation=replace(shown.escalation, closed_by=agent, closed_at=NOW))


def more(shown: ConversationView, *lines: Line, **values: Any) -> ConversationView:
    return replace(shown, lines=(*shown.lines, *lines), **values)
