"""Translation: both ways through a chain of engines, with entities proven and failures kept as states."""

from dialogs.translation.chain import LONGEST, ChainTranslator

__all__ = ["LONGEST", "ChainTranslator"]
