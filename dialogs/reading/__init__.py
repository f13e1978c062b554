"""Reading: situations, mood, wants, facts and fault of one message."""

from dialogs.reading.reader import Reader

__all__ = ["Reader"]
