"""Approved templates at the desk: listed once for a page, filled here so that the buyer reads the platform's text."""

from __future__ import annotations

import re
from typing import Final

from adapters.ports import Desk, Template
from dialogs.messages import TemplateUse

_PLACE: Final = re.compile(r"\{\{\s*([0-9]{1,3})\s*\}\}")


class Templates:
    """The templates one open desk has shown, so that sending one need not list them again."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._shown: dict[int, tuple[Template, ...]] = {}

    async def listed(self, conversation_id: int) -> tuple[Template, ...]:
        """What may be sent in the conversation now.

        Raises:
            TryLater: the platform cannot list them now.
            Refused: it does not let us.
        """
        self._shown[conversation_id] = await self._desk.templates(conversation_id)
        return self._shown[conversation_id]

    async def use(self, conversation_id: int, name: str, language: str, values: tuple[str, ...]) -> TemplateUse | None:
        """The filled template, None when there is none that takes these values.

        Raises:
            TryLater: the platform cannot list them now.
            Refused: it does not let us.
        """
        known = self._shown.get(conversation_id)
        for template in await self.listed(conversation_id) if known is None else known:
            if (template.name, template.language, template.variables) == (name, language, len(values)):
                return TemplateUse(name=name, language=language, values=values, text=filled(template.text, values))
        return None


def filled(text: str, values: tuple[str, ...]) -> str:
    """``text`` with the values in its places ``{{1}}``, ``{{2}}`` …; a place without a value stays."""

    def value(place: re.Match[str]) -> str:
        number = int(place[1])
        return values[number - 1] if 0 < number <= len(values) else place[0]

    return _PLACE.sub(value, text)
