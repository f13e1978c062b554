"""How cards look that were looked at before: what did not change need not be laid out again to know that."""

from __future__ import annotations

from typing import Final

from adapters.telegram.desk.memo import CARDS

CONVERSATIONS: Final = 2000  # a few kB each


class Seen:
    """Digests of the latest cards of the conversations shown last, each with the fingerprint of what it was made of.

    Known in this process only: after a restart every card is laid out once.
    """

    def __init__(self, *, conversations: int = CONVERSATIONS) -> None:
        self._limit = conversations
        self._of: dict[int, dict[int, tuple[int, str]]] = {}  # the conversation shown longest ago first

    def digest(self, conversation: int, first: int, fingerprint: int) -> str | None:
        """The digest of the card that begins with line ``first``, None when it was made of anything else."""
        found = self._of.get(conversation, {}).get(first)
        return found[1] if found is not None and found[0] == fingerprint else None

    def note(self, conversation: int, first: int, fingerprint: int, digest: str) -> None:
        """Remember a digest; the oldest card, and the conversation nobody wrote in for longest, make room."""
        cards = self._of.pop(conversation, {})
        cards[first] = fingerprint, digest
        if len(cards) > CARDS:
            del cards[min(cards)]
        self._of[conversation] = cards
        if len(self._of) > self._limit:
            del self._of[next(iter(self._of))]
