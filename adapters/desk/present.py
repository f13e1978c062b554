"""What the browser gets: values of the desk as plain JSON, with codes instead of words.

Labels and times are put into words in the browser; texts are cleaned and long ones cut here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from babel.numbers import format_currency

from adapters.doors import clean
from adapters.labels import LABELS
from adapters.library import WrittenReply
from adapters.media import shown_as
from adapters.ports import (
    ConversationRow,
    ConversationView,
    EngineHealth,
    Escalation,
    Line,
    Preview,
    Template,
)
from adapters.troubles import Parked, Trouble, Troubles
from dialogs.explanation import why
from dialogs.messages import (
    Attempt,
    Capabilities,
    Case,
    Check,
    Direction,
    Facts,
    LanguageGuess,
    Media,
    Proposal,
    Reading,
    Refusal,
    Translation,
)
from dialogs.promises import Money, Plan
from dialogs.warnings import ToneWarning

FOLD_ABOVE: Final = 1600  # characters; about a screen, longer texts are folded
FOLD_TO: Final = 1200
ROW_TEXT: Final = 120

Json = dict[str, Any]
QUOTE: Final = 120  # characters of what a buyer replied to


def millis(at: datetime | None) -> int | None:
    """Milliseconds since 1970 as browsers count time."""
    return None if at is None else int(at.timestamp() * 1000)


def row(value: ConversationRow) -> Json:
    """One row of the list."""
    return {
        "id": value.id,
        "shop": value.shop,
        "channel": value.channel,
        "account": value.account,
        "name": clean(value.contact_name),
        "status": value.status,
        "situation": value.situation,
        "mood": value.mood,
        "urgency": value.urgency,
        "language": value.language,
        "unread": value.unread,
        "text": clean(value.last_text[:ROW_TEXT]),
        "at": millis(value.last_at),
        "waiting": millis(value.waiting_since),
        "due": millis(value.due),
        "escalated": value.escalated,
        "flags": list(value.flags),
        "trouble": value.trouble,
    }


def head(view: ConversationView, locale: str) -> Json:
    """One conversation without its lines."""
    return {
        "row": row(view.row),
        "case": case(view.case, locale),
        "carries": carries(view.capabilities),
        "windowUntil": millis(view.window_until),
        "windowOpen": view.window_open,
        "escalation": None if view.escalation is None else escalation(view.escalation),
        "override": view.language_override,
        "candidates": [guess(each) for each in view.language_candidates],
        "earlier": view.earlier,
        "turn": view.turn_id,
        "proposals": [proposal(each) for each in view.proposals],
        "closedBy": view.closed_by,
        "parked": [parked(each) for each in view.parked],
    }


def parked(value: Parked) -> Json:
    """What failed and has no line of its own. Its words are given whole: they may be all that is left of a reply."""
    return {
        "event": value.event_id,
        "type": value.type,
        "at": millis(value.at),
        "error": value.error,
        "agent": clean(value.agent),
        "text": clean(value.text),
    }


def troubles(value: Troubles) -> Json:
    """All that is stuck: counts by kind, and what is shown of it."""
    return {"counts": dict(value.counts), "rows": [trouble(each) for each in value.rows]}


def trouble(value: Trouble) -> Json:
    """One thing that is stuck."""
    return {
        "kind": value.kind,
        "conversation": value.conversation_id,
        "name": clean(value.contact_name),
        "channel": value.channel,
        "at": millis(value.at),
        "event": value.event_id,
        "message": value.message_id,
        "type": value.type,
        "agent": clean(value.agent),
        "text": clean(value.text[:ROW_TEXT]),
        "error": value.error,
    }


def carries(value: Capabilities) -> Json:
    """What the channel can carry, as far as the editor asks."""
    return {
        "limit": value.text_limit,
        "unit": value.text_unit,
        "parts": value.parts,
        "buttons": value.buttons,
        "buttonLimit": value.button_limit,
        "media": dict(value.media),
        "windowHours": value.window_hours,
        "templates": value.templates,
    }


def escalation(value: Escalation) -> Json:
    """Why the team was told, and who takes care."""
    return {
        "open": value.open,
        "reasons": list(value.reasons),
        "severity": value.severity,
        "openedAt": millis(value.opened_at),
        "claimedBy": None if value.claimed_by is None else clean(value.claimed_by),
    }


def written(value: WrittenReply) -> Json:
    """A reply of the library."""
    return {
        "id": value.id,
        "situation": value.situation,
        "kind": value.kind,
        "chinese": clean(value.seller_text),
        "missing": list(value.missing),
        "written": value.written,
    }


def template(value: Template) -> Json:
    """An approved template; its text has the places of its values."""
    return {
        "name": clean(value.name),
        "language": clean(value.language),
        "text": clean(value.text),
        "variables": value.variables,
    }


def line(value: Line, locale: str) -> Json:
    """One line of the talk."""
    message, translation = value.message, value.translation
    incoming = message.direction == Direction.INCOMING
    chinese = translation.text if incoming and translation is not None else message.seller_text
    return {
        "id": message.id,
        "seq": message.seq,
        "direction": message.direction,
        "at": millis(message.at),
        "author": clean(message.author),
        "language": message.language or (translation.source if translation else None),
        "kind": message.kind,
        "proposed": message.reply_id is not None,
        "origin": message.origin,
        "onPhone": message.direction == Direction.OUTGOING and not message.author and message.origin is None,
        "edits": message.edits,
        "replaced": value.replaced,
        "deletedAt": millis(message.deleted_at),
        "answers": None if value.answers is None else clean(value.answers)[:QUOTE],
        "media": [media(each) for each in message.media],
        "pending": value.pending,
        "parked": value.parked,
        "event": value.event_id,
        "untranslated": bool(message.text) and (value.dismissed or _is_untranslated(value)),
        "same": translation is not None and translation.engine == "same",
        "engine": translation.engine if translation else None,
        "checks": [check(each) for each in translation.checks] if translation else [],
        "attempts": [attempt(each) for each in translation.attempts] if translation else [],
        "reading": None if value.reading is None else reading(value.reading, locale, message.text, chinese or ""),
        "delivery": value.delivery,
        "deliveryError": value.delivery_error,
        **_folded("text", message.text),
        **_folded("chinese", chinese),
    }


def _is_untranslated(value: Line) -> bool:
    incoming = value.message.direction == Direction.INCOMING
    return incoming and value.translation is not None and value.translation.text is None


def full(value: Line) -> Json:
    """The whole texts of a line that was folded."""
    chinese = value.translation.text if value.translation is not None else value.message.seller_text
    return {"text": clean(value.message.text), "chinese": None if chinese is None else clean(chinese)}


def case(value: Case, locale: str) -> Json:
    """The case beside the talk."""
    return {
        "status": value.status,
        "situation": value.situation,
        "mood": value.mood,
        "fault": value.fault,
        "cause": value.cause,
        "urgency": value.urgency,
        "step": int(value.step),
        "facts": facts(value.facts, locale),
        "wants": list(value.wants),
        "language": value.language,
        "flags": list(value.flags),
        "plans": [plan(each, locale) for each in value.plans],
        "known": {
            "order": clean(next(iter(value.facts.orders), "")),
            "tracking": clean(next(iter(value.facts.tracking), "")),
            "product": clean(value.facts.product),
            "amount": "" if value.facts.value is None else f"{value.facts.value.amount:f}",
            "currency": "USD" if value.facts.value is None else value.facts.value.currency,
        },
    }


def plan(value: Plan, locale: str) -> Json:
    """One thing that was promised."""
    return {
        "id": value.id,
        "remedy": value.remedy,
        "amount": None if value.amount is None else money(value.amount, locale),
        "state": value.state,
        "agent": clean(value.agent),
        "due": millis(value.due),
    }


def reading(value: Reading, locale: str, text: str, chinese: str) -> Json:
    """What was read from a message, and by which words of ``text`` or of its ``chinese``."""
    return {
        "situations": [[each.id, round(each.confidence, 2)] for each in value.situations[:3]],
        "mood": value.mood,
        "urgency": value.urgency,
        "wants": list(value.wants),
        "facts": facts(value.facts, locale),
        "language": value.language.code,
        "confidence": round(value.language.confidence, 2),
        "why": [[group, name, clean(words), weight] for group, name, words, weight in why(value, text, chinese)],
    }


def facts(value: Facts, locale: str) -> list[list[str]]:
    """Known facts as pairs of name and text, in reading order."""
    found: Mapping[str, str] = {
        "orders": "、".join(value.orders),
        "tracking": "、".join(value.tracking),
        "amounts": "、".join(money(each, locale) for each in value.amounts),
        "dates": "、".join(each.isoformat() for each in value.dates),
        "days": "" if value.days is None else str(value.days),
        "asked": "" if value.asked is None else str(value.asked),
        "got": "" if value.got is None else str(value.got),
        "photos": str(value.photos) if value.photos else "",
        "product": value.product,
        "value": "" if value.value is None else money(value.value, locale),
        "sizes": "、".join(value.sizes),
        "colours": "、".join(
            LABELS["colour"].get(each, each) if locale.startswith("zh") else each for each in value.colours
        ),
    }
    return [[name, clean(text)] for name, text in found.items() if text]


def money(value: Money, locale: str) -> str:
    """An amount as people write it."""
    return format_currency(value.amount, value.currency, locale=locale)


def proposal(value: Proposal) -> Json:
    """One reply on offer."""
    return {
        "id": value.id,
        "kind": value.kind,
        "chinese": clean(value.seller_text),
        "text": None if value.buyer_text is None else clean(value.buyer_text),
        "language": value.language,
        "origin": value.origin,
        "why": clean(value.why),
        "grounds": [list(each.partition(":")[::2]) for each in value.grounds],
        "checks": [check(each) for each in value.checks],
        "attempts": [attempt(each) for each in value.attempts],
    }


def preview(value: Preview) -> Json:
    """What a typed text would become."""
    return {
        **translated(value.translation),
        "refusal": None if value.refusal is None else refusal(value.refusal),
        "back": None if value.back is None else translated(value.back),
        "warnings": [warning(each) for each in value.warnings],
    }


def warning(value: ToneWarning) -> Json:
    """Words the seller should not say; places count characters as people do, not as JavaScript."""
    return {
        "rule": value.rule,
        "start": value.start,
        "end": value.end,
        "words": clean(value.words),
        "why": value.why,
        "better": value.better,
        "hard": value.hard,
        "outgoing": value.outgoing,
    }


def translated(value: Translation) -> Json:
    """A translation as the editor shows it."""
    return {
        "text": None if value.text is None else clean(value.text),
        "language": value.target,
        "engine": value.engine,
        "proven": value.proven,
        "checks": [check(each) for each in value.checks],
        "attempts": [attempt(each) for each in value.attempts],
    }


def refusal(value: Refusal) -> Json:
    """Why an action was not done."""
    return {"code": value.code, "detail": clean(value.detail)}


def check(value: Check) -> list[str]:
    """A reason to look twice."""
    return [value.code, clean(value.detail)]


def attempt(value: Attempt) -> list[str]:
    """An engine that did not serve."""
    return [value.engine, value.reason]


def guess(value: LanguageGuess) -> list[Any]:
    """A candidate language."""
    return [value.code, round(value.confidence, 2)]


def media(value: Media) -> Json:
    """An attachment; its bytes are fetched by ``ref``. What the channel fetches it by stays here."""
    state = "ready" if value.ref else "failed" if value.error else "loading" if value.remote else "none"
    return {
        "kind": value.kind,
        "name": clean(value.name),
        "size": value.size,
        "ref": value.ref,
        "state": state,
        "error": value.error,
        "show": shown_as(value),
    }


def health(value: EngineHealth) -> Json:
    """One engine."""
    latency = None if value.latency_ms is None else round(value.latency_ms)
    return {"name": value.name, "state": value.state, "detail": clean(value.detail), "latency": latency}


def _folded(name: str, text: str | None) -> Json:
    """``text`` for a bubble, cut when it is long, with its true length."""
    if text is None or len(text) <= FOLD_ABOVE:
        return {name: None if text is None else clean(text), f"{name}Length": 0}
    return {name: clean(text[:FOLD_TO]), f"{name}Length": len(text)}
