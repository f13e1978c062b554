"""Buyers whose number or id changed: who they were is remembered until they write under the new one.

Meta tells of a change in a message of its own, which is no word of the buyer; the old names are added to the first
event under the new one, so that the talk goes on where it was.
"""

from __future__ import annotations

import json
from typing import Final

from adapters.ports import AccountState
from adapters.whatsapp.parse import Aliases, Moved
from dialogs.events import Event

_PREFIX: Final = "moved"


class Moves:
    """The changes an account was told of and has not used yet."""

    def __init__(self, state: AccountState) -> None:
        self._state = state

    async def note(self, moved: Moved) -> None:
        """Remember who has which new names; somebody who moves twice is still who they were at first."""
        old = tuple(dict.fromkeys([*await self._former(moved.old), *moved.old]))
        puts = dict.fromkeys(_keys(moved.new), json.dumps(old))
        await self._state.change(puts, _keys(moved.old))

    async def former(self, event: Event) -> Aliases:
        """The names the sender of an event had before and is not known by yet."""
        return await self._former(event.contact_aliases)

    async def learnt(self, event: Event) -> None:
        """The sender's former names were stored with an event of theirs."""
        await self._state.change({}, _keys(event.contact_aliases))

    async def _former(self, aliases: Aliases) -> Aliases:
        stored = [await self._state.get(key) for key in _keys(aliases)]
        return tuple(dict.fromkeys((kind, value) for text in stored if text for kind, value in json.loads(text)))


def _keys(aliases: Aliases) -> list[str]:
    return [f"{_PREFIX}:{kind}:{value}" for kind, value in aliases if kind in {"bsuid", "wa_id"}]
