"""Explanation: why a message was read as it was, in the words of the message."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from dialogs.messages import Reading, Span


class Why(NamedTuple):
    """One reason: what was read (``situation``, ``mood``, ``want``, …) and which, the words, and what they weigh."""

    group: str
    id: str
    words: str
    weight: float


def why(reading: Reading, text: str, chinese: str) -> Iterator[Why]:
    """Every reason of a reading; ``text`` and ``chinese`` are those it was made from."""
    for group, name, span in grounds(reading):
        yield Why(group, name, words_of(span, text, chinese), round(span.weight, 2))


def grounds(reading: Reading) -> Iterator[tuple[str, str, Span]]:
    """What was read, which, and where it stands."""
    for found in reading.situations:
        for span in found.evidence:
            yield "situation", found.id, span
    for sign in reading.signs:
        yield sign.what, sign.id, sign.span


def words_of(span: Span, text: str, chinese: str) -> str:
    """The words a span covers; spans count in the composed text."""
    return (chinese if span.in_chinese else unicodedata.normalize("NFC", text))[span.start : span.end]
