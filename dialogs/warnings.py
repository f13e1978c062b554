"""What a seller is warned of before a text leaves."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ToneWarning:
    """Words a seller should not say: where they stand, why not and what to say instead; ``hard`` ones never leave."""

    rule: str
    start: int
    end: int
    words: str
    why: str  # Chinese, like ``better``
    better: str
    hard: bool = False
    outgoing: bool = False  # they stand in the buyer's text, not in the Chinese
