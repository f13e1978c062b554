"""Lanes: names of what is worked on in order."""

from __future__ import annotations

import hashlib

CONVERSATION = "conversation:"
CHAT = "chat:"
RECOVERY = "recovery"


def conversation_lane(conversation_id: int) -> str:
    """Turns, seller's actions and clocks of a conversation."""
    return f"{CONVERSATION}{conversation_id}"


def speakable(lane: str) -> str:
    """The lane as a log line may name it: a chat may be a phone number, a digest of it tells chats apart as well."""
    if not lane.startswith(CHAT):
        return lane
    account, _, chat = lane.removeprefix(CHAT).partition(":")
    return f"{CHAT}{account}:{hashlib.sha256(chat.encode()).hexdigest()[:12]}"


def chat_lane(account: str, chat: str) -> str:
    """Deliveries to a chat: a slow platform never holds up the desk."""
    return f"{CHAT}{account}:{chat}"
