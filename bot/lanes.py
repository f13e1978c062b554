"""Lanes: names of what is worked on in order."""

from __future__ import annotations

CONVERSATION = "conversation:"
CHAT = "chat:"
RECOVERY = "recovery"


def conversation_lane(conversation_id: int) -> str:
    """Turns, seller's actions and clocks of a conversation."""
    return f"{CONVERSATION}{conversation_id}"


def chat_lane(account: str, chat: str) -> str:
    """Deliveries to a chat: a slow platform never holds up the desk."""
    return f"{CHAT}{account}:{chat}"
