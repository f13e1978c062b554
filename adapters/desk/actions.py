"""What a browser asks for, read strictly: a page can be old, edited or not ours."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from adapters.doors import clean
from dialogs.events import (
    AgentChose,
    AgentDecided,
    AgentNoted,
    AgentRetranslated,
    AgentSetLanguage,
    AgentSetStatus,
    Body,
)
from dialogs.messages import Choice

MAX_TEXT: Final = 100_000


class BadAsk(ValueError):  # noqa: N818 - named by what it is
    """The ask is not one this desk makes."""


def action_of(ask: dict[str, Any], agent: str) -> Body:
    """The event an ask stands for.

    Raises:
        BadAsk: it stands for none.
    """
    match ask.get("type"):
        case "choose":
            return AgentChose(choice=_choice(ask, agent))
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
                return AgentDecided(agent=agent, message_id=integer(ask, "message"), decision=decision)
    raise BadAsk("type")


def _choice(ask: dict[str, Any], agent: str) -> Choice:
    return Choice(
        agent=agent,
        seller_text=text_of(ask, "chinese"),
        proposal_id=optional_text(ask, "proposal"),
        turn_id=None if ask.get("turn") is None else integer(ask, "turn"),
        buyer_text=optional_text(ask, "text"),
        confirmed=ask.get("confirmed") is True,
    )


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
