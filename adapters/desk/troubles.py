"""All that is stuck, as one open desk shows it: how much always, what while somebody looks at it."""

from __future__ import annotations

from typing import Final

from adapters.desk import present
from adapters.desk.present import Json
from adapters.ports import Desk

SHOWN: Final = 100  # the newest; who mends them sees the next


class TroubleList:
    """What one browser knows of what is stuck."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._is_open = False
        self._known: Json | None = None

    def show(self, *, is_open: bool) -> None:
        """Whether the list itself is on the screen."""
        self._is_open = is_open

    async def message(self) -> Json | None:
        """What changed, None when nothing did."""
        found = present.troubles(await self._desk.troubles(limit=SHOWN if self._is_open else 0))
        if found == self._known:
            return None
        self._known = found
        return {"type": "troubles", **found}
