"""The approved templates of an account, those that can be filled with plain values.

Source: WhatsApp Business Management API, "Message templates".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from adapters.ports import Template
from adapters.whatsapp.client import Graph
from adapters.whatsapp.content import Json, object_of, part_of, parts_of, text_of

_FRESH: Final = timedelta(minutes=5)
_FIELDS: Final = "name,language,status,category,parameter_format,components"
_PAGE: Final = "100"
_PAGES: Final = 50  # an account has at most a few thousand templates
_VARIABLE: Final = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_PLAIN_BUTTONS: Final = frozenset({"QUICK_REPLY", "PHONE_NUMBER", "URL"})


class Templates:
    """The templates of one business account, asked for at most every five minutes."""

    def __init__(self, *, graph: Graph, business_id: str, now: Callable[[], datetime]) -> None:
        self._graph = graph
        self._business_id = business_id
        self._now = now
        self._known: tuple[Template, ...] = ()
        self._until: datetime | None = None

    async def all(self) -> tuple[Template, ...]:
        """The templates, in the platform's order.

        Raises:
            TryLater: they cannot be listed now.
            Refused: the platform does not let us.
        """
        if self._until is None or self._now() >= self._until:
            self._known = await self._ask()
            self._until = self._now() + _FRESH
        return self._known

    async def _ask(self) -> tuple[Template, ...]:
        found: list[Template] = []
        params = {
            "status": "APPROVED",
            "limit": _PAGE,
            "fields": _FIELDS,
        }
        for _ in range(_PAGES):
            answer = object_of(await self._graph.get(f"{self._business_id}/message_templates", params))
            found += [template for row in parts_of(answer, "data") if (template := template_of(row)) is not None]
            paging = part_of(answer, "paging")
            after = text_of(part_of(paging, "cursors"), "after")
            # The address of the next page holds the token: only its place in the list is taken.
            if not text_of(paging, "next") or not after:
                break
            params = {**params, "after": after}
        return tuple(found)


def template_of(row: Json) -> Template | None:
    """A template as it can be sent, None when it is not approved or needs more than values for its text."""
    name, language = text_of(row, "name"), text_of(row, "language")
    if not name or not language or text_of(row, "status") != "APPROVED":
        return None
    if text_of(row, "category") == "AUTHENTICATION" or text_of(row, "parameter_format") == "NAMED":
        return None
    texts: list[str] = []
    variables = 0
    for component in parts_of(row, "components"):
        kind, text = text_of(component, "type"), text_of(component, "text")
        if kind == "BODY":
            variables = _variables(text)
            if variables < 0:
                return None
        elif not _is_plain(kind, component):
            return None
        texts.append(text)
    text = "\n\n".join(filter(None, texts))
    return Template(name=name, language=language, text=text, variables=variables) if text else None


def _variables(text: str) -> int:
    """How many values a body takes, -1 when they are not numbered from 1 on."""
    names = set(_VARIABLE.findall(text))
    return len(names) if names == {str(n) for n in range(1, len(names) + 1)} else -1


def _is_plain(kind: str, component: Json) -> bool:
    """Whether a header, footer or row of buttons is sent without any value."""
    if kind == "HEADER":
        return text_of(component, "format") == "TEXT" and not _VARIABLE.search(text_of(component, "text"))
    if kind == "BUTTONS":
        buttons = parts_of(component, "buttons")
        return all(text_of(one, "type") in _PLAIN_BUTTONS and "{{" not in text_of(one, "url") for one in buttons)
    return kind == "FOOTER"
