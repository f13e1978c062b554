"""Which lines of a conversation stand on which card."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from adapters.ports import ConversationView, Line
from adapters.telegram.desk.memo import CardMemo, Memo
from dialogs.messages import CaseStatus, Direction


@dataclass(frozen=True, slots=True)
class Part:
    """The lines of one card; ``latest`` when no newer card exists."""

    lines: tuple[Line, ...]
    latest: bool = True

    @property
    def first(self) -> int:
        """Number of the first line."""
        return self.lines[0].message.seq

    @property
    def last(self) -> int:
        """Number of the last line the buyer wrote."""
        return max((line.message.seq for line in self.lines if incoming(line)), default=0)


def incoming(line: Line) -> bool:
    """Whether the buyer wrote it."""
    return line.message.direction is Direction.INCOMING


def new_part(view: ConversationView, memo: Memo) -> Part | None:
    """What a new card has to show, None when there is nothing new.

    A message that is still being read waits for its turn, and those after it wait with it.
    """
    lines = tuple(sorted(view.lines, key=_number))
    waiting = next((line.message.seq for line in lines if incoming(line) and line.pending), None)
    known = [line for line in lines if waiting is None or line.message.seq < waiting]
    start = memo.seq + 1 if memo.seq else _first_of_last_group(known)
    fresh = [line for line in known if incoming(line) and line.message.seq >= start]
    if not fresh or (not memo.seq and view.case.status is CaseStatus.RESOLVED):
        return None
    first = fresh[0].message.seq
    return Part(_between(lines, first, fresh[-1].message.seq, None))


def parts_of(view: ConversationView, cards: Sequence[CardMemo]) -> dict[int, Part]:
    """The lines of the ``cards`` that were shown, oldest first, by their ``first``.

    Cards that are older than what the view tells are left out.
    """
    lines = tuple(sorted(view.lines, key=_number))
    parts: dict[int, Part] = {}
    for position, card in enumerate(cards, 1):
        following = cards[position].first if position < len(cards) else None
        if not lines or (view.earlier and card.first < lines[0].message.seq):
            continue
        shown = _between(lines, card.first, card.last, following)
        if any(incoming(line) for line in shown):
            parts[card.first] = Part(shown, latest=following is None)
    return parts


def _between(lines: Sequence[Line], first: int, last: int, following: int | None) -> tuple[Line, ...]:
    """What the buyer wrote from ``first`` to ``last``, and what the team said from then to the following card."""
    start = bisect_left(lines, first, key=_number)
    end = len(lines) if following is None else bisect_left(lines, following, key=_number)
    return tuple(line for line in lines[start:end] if line.message.seq <= last or not incoming(line))


def _number(line: Line) -> int:
    return line.message.seq


def _first_of_last_group(lines: Sequence[Line]) -> int:
    """Where the buyer's latest words begin: after the last answer before them."""
    start = 0
    answered = True
    for line in lines:
        if line.message.direction is Direction.OUTGOING:
            answered = True
        elif incoming(line) and answered:
            start, answered = line.message.seq, False
    return start or 1
