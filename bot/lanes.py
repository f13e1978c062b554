"""Lanes: names of what is worked on in order."""

from __future__ import annotations

import hashlib

CONVERSATION = "conversation:"
CHAT = "chat:"
BOARD = "board:"
MEDIA = "media:"


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


def board_lane(board: str, conversation_id: int) -> str:
    """A conversation on a board: one that is slow or down holds up no other, and no turn."""
    return f"{BOARD}{board}:{conversation_id}"


def board_of(lane: str) -> tuple[str, int]:
    """The board of a lane, whose name may hold colons, and the conversation."""
    board, _, conversation_id = lane.removeprefix(BOARD).rpartition(":")
    return board, int(conversation_id)


def media_lane(account: str, conversation_id: int) -> str:
    """Attachments of a conversation that are still on the platform of an account."""
    return f"{MEDIA}{account}:{conversation_id}"
