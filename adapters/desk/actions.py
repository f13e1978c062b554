"""What a browser asks for, read strictly: a page can be old, edited or not ours."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from babel.numbers import get_currency_precision, is_currency

from adapters.doors import clean
from adapters.ports import AgentIdentity
from dialogs.events import (
    AgentApproved,
    AgentChangedPlan,
    AgentChose,
    AgentClaimed,
    AgentDecided,
    AgentDismissed,
    AgentEscalated,
    AgentNoted,
    AgentRetranslated,
    AgentRetried,
    AgentSetFacts,
    AgentSetLanguage,
    AgentSetStatus,
    Body,
)
from dialogs.messages import Choice, Media
from dialogs.promises import Money, PlanState

MAX_TEXT: Final = 100_000
MAX_ATTACHED: Final = 10  # attachments of one message; people send a handful
MAX_VALUES: Final = 100  # of one template
MAX_FACT: Final = 200
SET_BY_AGENTS: Final = frozenset({PlanState.ACCEPTED, PlanState.DONE, PlanState.WITHDRAWN})
LEAD: Final = "lead"


class BadAsk(ValueError):  # noqa: N818 - named by what it is
    """The ask is not one this desk makes."""


class NotAllowed(Exception):  # noqa: N818 - named by what it is
    """The agent's role may not do this."""


def action_of(ask: dict[str, Any], who: AgentIdentity, media: tuple[Media, ...] = ()) -> Body:
    """The event an ask stands for; who asks and what their role is comes from the session, never from the page.

    Raises:
        BadAsk: it stands for none.
        NotAllowed: only a lead may do it.
    """
    agent, lead = who.name, who.role == LEAD
    match ask.get("type"):
        case "choose":
            return AgentChose(choice=_choice(ask, agent, media, lead=lead))
        case "note":
            return AgentNoted(agent=agent, text=text_of(ask, "text"))
        case "language":
            return AgentSetLanguage(agent=agent, language=optional_text(ask, "language"))
        case "status":
            return AgentSetStatus(agent=agent, resolved=ask.get("resolved") is True)
        case "retranslate":
            return AgentRetranslated(agent=agent, message_id=integer(ask, "message"))
        case "decide":
            decision = ask.get("decision")
            if decision in {"retry", "send", "cancel", "arrived"}:
                return AgentDecided(agent=agent, message_id=integer(ask, "message"), decision=decision, lead=lead)
        case "retry" | "dismiss" as verb:
            return _about_failed(ask, agent, AgentRetried if verb == "retry" else AgentDismissed)
        case "claim":
            return AgentClaimed(agent=agent)
        case "plan" | "facts" as known:
            return _plan(ask, agent) if known == "plan" else _facts(ask, agent)
        case "escalate":
            return AgentEscalated(agent=agent)
        case "approve":
            return _approval(ask, agent, lead=lead)
    raise BadAsk("type")


def _approval(ask: dict[str, Any], agent: str, *, lead: bool) -> AgentApproved:
    approved = AgentApproved(agent=agent, message_id=integer(ask, "message"), approved=ask.get("approved") is True)
    if not lead:
        raise NotAllowed
    return approved


def _plan(ask: dict[str, Any], agent: str) -> AgentChangedPlan:
    state = ask.get("state")
    if state not in SET_BY_AGENTS:
        raise BadAsk("state")
    return AgentChangedPlan(agent=agent, plan=integer(ask, "plan"), state=PlanState(state))


def _facts(ask: dict[str, Any], agent: str) -> AgentSetFacts:
    order, tracking, product = (_fact(ask, name) for name in ("order", "tracking", "product"))
    return AgentSetFacts(agent=agent, order=order, tracking=tracking, product=product, value=_money(ask))


def _fact(ask: dict[str, Any], name: str) -> str | None:
    text = None if ask.get(name) is None else text_of(ask, name, limit=MAX_FACT)
    return None if text is None else " ".join(text.split())


def _money(ask: dict[str, Any]) -> Money | None:
    """The order's value, None when the ask has none."""
    if not ask.get("amount"):
        return None
    amount, currency = text_of(ask, "amount", limit=20), text_of(ask, "currency", limit=3)
    try:
        read = Decimal(amount)
        places = get_currency_precision(currency) if is_currency(currency, locale="en") else -1
    except InvalidOperation as error:
        raise BadAsk("amount") from error
    if places < 0 or not read.is_finite() or read <= 0 or read != round(read, places):
        raise BadAsk("amount")
    return Money(read, currency)


def _choice(ask: dict[str, Any], agent: str, media: tuple[Media, ...], *, lead: bool) -> Choice:
    return Choice(
        agent=agent,
        seller_text=text_of(ask, "chinese"),
        proposal_id=optional_text(ask, "proposal"),
        turn_id=None if ask.get("turn") is None else integer(ask, "turn"),
        buyer_text=optional_text(ask, "text"),
        confirmed=ask.get("confirmed") is True,
        media=media,
        lead=lead,
    )


def _about_failed(ask: dict[str, Any], agent: str, what: type[AgentRetried | AgentDismissed]) -> Body:
    part = ask.get("part", "event")
    if part not in ("event", "attachments"):
        raise BadAsk("part")
    return what(agent=agent, event_id=integer(ask, "event"), part=part)


def attached_of(ask: dict[str, Any]) -> list[tuple[str, str]]:
    """Refs and names of what is to be sent along.

    Raises:
        BadAsk: it is not a short list of them.
    """
    given = ask.get("media", [])
    if not isinstance(given, list) or len(given) > MAX_ATTACHED:
        raise BadAsk("media")
    found = []
    for each in given:
        if not isinstance(each, dict):
            raise BadAsk("media")
        found.append((text_of(each, "ref", limit=200), text_of(each, "name", limit=400)))
    return found


def values_of(ask: dict[str, Any]) -> tuple[str, ...]:
    """The values of a template's variables, each one line: platforms take no line breaks and no runs of spaces.

    Raises:
        BadAsk: they are not a list of texts, or one is empty.
    """
    given = ask.get("values")
    if not isinstance(given, list) or len(given) > MAX_VALUES:
        raise BadAsk("values")
    values = tuple(" ".join(text_of({"value": each}, "value", limit=1024).split()) for each in given)
    if not all(values):
        raise BadAsk("values")
    return values


def key_of(ask: dict[str, Any]) -> str:
    """The ask's own id, made in the page.

    Raises:
        BadAsk: it is not a UUID.
    """
    try:
        return str(UUID(text_of(ask, "key", limit=40)))
    except ValueError as error:
        raise BadAsk("key") from error


def integer(ask: dict[str, Any], name: str) -> int:
    """The whole number ``name``.

    Raises:
        BadAsk: there is none.
    """
    value = ask.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadAsk(name)
    return value


def text_of(ask: dict[str, Any], name: str, *, limit: int = MAX_TEXT) -> str:
    """The text ``name``, of at most ``limit`` characters.

    Raises:
        BadAsk: there is none or it is longer.
    """
    value = ask.get(name)
    if not isinstance(value, str) or len(value) > limit:
        raise BadAsk(name)
    return clean(value)


def optional_text(ask: dict[str, Any], name: str) -> str | None:
    """The text ``name``, None when the ask has none.

    Raises:
        BadAsk: it is something else.
    """
    return None if ask.get(name) is None else text_of(ask, name)
