"""A written reply as a desk shows it to who looks for words."""

from __future__ import annotations

from dataclasses import dataclass

from dialogs.messages import Kind


@dataclass(frozen=True, slots=True)
class WrittenReply:
    """A reply of the library in Chinese; ``missing`` names what stands open in it, ``written`` if people wrote it."""

    id: str
    situation: str
    kind: Kind
    seller_text: str
    missing: tuple[str, ...] = ()
    written: bool = True
