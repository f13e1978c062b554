"""What can be wrong with the store, told so that the person who starts Heqi knows what to do."""

from __future__ import annotations

from dialogs.errors import HeqiError


class StoreError(HeqiError):
    """The database cannot be used as it is; the text says what to change. It never holds a password."""
