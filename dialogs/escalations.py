"""Escalations: when the team is told of a conversation at once, and how loudly."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from dialogs import plans
from dialogs.messages import Mood, Reading, Reason, Severity, Shop, Translation

# Clocks that end in an escalation while the buyer still waits.
UNANSWERED = "unanswered"
WINDOW = "window"
# So long before the messaging window closes the team is told that nobody has answered.
WINDOW_WARNING = timedelta(hours=2)

_SITUATIONS = {
    "review_threat": Reason.THREAT,
    "complaint": Reason.THREAT,
    "dispute_opened": Reason.THREAT,
    "extortion": Reason.EXTORTION,
}
_CLOCKS = {UNANSWERED: Reason.UNANSWERED, WINDOW: Reason.DEADLINE, plans.CLOCK: Reason.DEADLINE}
_URGENT = frozenset({Reason.EXTORTION, Reason.THREAT, Reason.DEADLINE, Reason.ASKED})


def of_message(reading: Reading, translation: Translation, shop: Shop) -> tuple[Reason, ...]:
    """What in a buyer's message the team must know at once."""
    found = [Reason.ANGRY] if reading.mood is Mood.ANGRY else []
    found += [_SITUATIONS[situation.id] for situation in reading.situations if situation.id in _SITUATIONS]
    # Without any engine set up nothing is down: the shop has decided so.
    if translation.text is None and translation.attempts:
        found.append(Reason.ENGINE_DOWN)
    return wanted(found, shop)


def of_clock(kind: str, shop: Shop) -> tuple[Reason, ...]:
    """What a clock that ran out means for the team."""
    return wanted([_CLOCKS[kind]] if kind in _CLOCKS else [], shop)


def of_failure(error: str, shop: Shop) -> tuple[Reason, ...]:
    """What a delivery that did not arrive means for the team."""
    return wanted([Reason.UNREACHABLE if error == "unreachable" else Reason.DELIVERY_FAILED], shop)


def wanted(reasons: Iterable[Reason], shop: Shop) -> tuple[Reason, ...]:
    """Those reasons the shop wants to be told of, each once."""
    return tuple(reason for reason in dict.fromkeys(reasons) if reason in shop.escalate)


def severity(reasons: Iterable[Reason]) -> Severity:
    """How loud an escalation for these reasons is."""
    return Severity.HIGH if _URGENT.isdisjoint(reasons) else Severity.URGENT
