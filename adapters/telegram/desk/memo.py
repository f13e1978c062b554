"""What the desk keeps about one conversation, as the board's memo."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict

CARDS: Final = 20  # so many of the latest cards can still be pressed, answered to and changed


class CardMemo(BaseModel):
    """One card: which lines of the conversation it shows (``first`` to ``last``, by ``seq``) and how it looks."""

    model_config = ConfigDict(frozen=True)

    token: str
    message: int
    first: int
    last: int
    digest: str
    open: bool  # whether the buyer still waited when it was shown last
    turn: int | None = None  # the turn its buttons answered then
    sent: tuple[str, ...] = ()  # attachments that follow it


class Memo(BaseModel):
    """All of it. ``seq`` is the newest buyer's line that was shown, 0 before the first card."""

    model_config = ConfigDict(frozen=True)

    chat: int
    topic: int | None = None
    title: str = ""
    closed: bool = False  # the topic was closed because the case is resolved
    seq: int = 0
    cards: tuple[CardMemo, ...] = ()  # oldest first
    rung: tuple[str, ...] = ()  # troubles that were called out
    told: int = 0  # the last refused choice that was told

    @classmethod
    def read(cls, text: str, chat: int) -> Memo:
        """The memo for ``chat``; what was kept about another chat does not count in this one."""
        if not text:
            return cls(chat=chat)
        kept = cls.model_validate_json(text)
        return kept if kept.chat == chat else cls(chat=chat, told=kept.told)

    def with_card(self, card: CardMemo) -> Memo:
        """The memo with ``card``, new or in the place of the one that shows the same lines."""
        others = tuple(each for each in self.cards if each.first != card.first)
        cards = tuple(sorted((*others, card), key=lambda each: each.first))
        return self.model_copy(update={"cards": cards[-CARDS:], "seq": max(self.seq, card.last)})
