"""Previews of what is being typed: engines are asked once at a time for one open desk, the newest text wins."""

from __future__ import annotations

from collections.abc import Callable

from adapters.desk import present
from adapters.desk.actions import integer, text_of
from adapters.desk.present import Json
from adapters.ports import Desk


class Previews:
    """What one seller types, as the buyer would read it."""

    def __init__(self, desk: Desk, send: Callable[[Json], None]) -> None:
        self._desk = desk
        self._send = send
        self._busy = False
        self._next: Json | None = None

    async def show(self, ask: Json) -> None:
        """Preview what was typed last; while one is under way the newest waits.

        Raises:
            BadAsk: the ask names no conversation or text.
            Malformed: there is no such conversation.
        """
        self._next = ask
        if self._busy:
            return
        self._busy = True
        try:
            while (asked := self._next) is not None:
                self._next = None
                conversation, chinese = integer(asked, "conversation"), text_of(asked, "chinese")
                found = await self._desk.preview(conversation, chinese, back=asked.get("back") is True)
                self._send(
                    {"type": "preview", "conversation": conversation, "chinese": chinese, **present.preview(found)}
                )
        finally:
            self._busy = False
