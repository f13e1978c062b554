"""Protection: what must survive a translation to the byte is found, hidden from the engine, put back and proven."""

from dialogs.protection.entities import Entity, entities
from dialogs.protection.masking import Masked, Style, mask, styles_for
from dialogs.protection.proof import compare, prove
from dialogs.protection.text import clean, emoji_in, with_emoji

__all__ = [
    "Entity",
    "Masked",
    "Style",
    "clean",
    "compare",
    "emoji_in",
    "entities",
    "mask",
    "prove",
    "styles_for",
    "with_emoji",
]
