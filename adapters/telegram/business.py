"""Connected business accounts: who connected the bot, by which connection, and with which rights.

Source: Bot API, "BusinessConnection". An owner has one connection at a time; a new one has another id.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from telegram import BusinessConnection

from adapters.ports import AccountState
from adapters.telegram.api import Api
from adapters.telegram.settings import BUSINESS
from dialogs.errors import Refused


class Connection(BaseModel):
    """One owner's connection, as it is stored."""

    model_config = ConfigDict(frozen=True)

    id: str
    owner: int
    chat: int  # of the owner with the bot
    enabled: bool
    can_reply: bool


class Connections:
    """The connections of a bot, kept in the account's state."""

    def __init__(self, api: Api, state: AccountState) -> None:
        self._api = api
        self._state = state
        self._of: dict[int, Connection] = {}  # by owner

    async def load(self) -> None:
        """Read what was kept before the start."""
        kept = await self._state.all(BUSINESS)
        self._of = {known.owner: known for known in map(Connection.model_validate_json, kept.values())}

    async def remember(self, told: BusinessConnection) -> None:
        """Keep what Telegram told. That an old connection ended says nothing about a newer one."""
        current = self._of.get(told.user.id)
        if not told.is_enabled and current is not None and current.id != told.id:
            return
        connection = Connection(
            id=told.id,
            owner=told.user.id,
            chat=told.user_chat_id,
            enabled=told.is_enabled,
            can_reply=told.rights is not None and bool(told.rights.can_reply),
        )
        await self._state.put(f"{BUSINESS}{connection.owner}", connection.model_dump_json())
        self._of[connection.owner] = connection

    async def owner(self, connection_id: str) -> int | None:
        """Who owns the account of a connection; Telegram is asked when it is new. None: there is no such connection.

        Raises:
            TryLater: Telegram cannot be asked now.
            Ambiguous: as TryLater, asking changes nothing.
        """
        known = next((known for known in self._of.values() if known.id == connection_id), None)
        if known is not None:
            return known.owner
        try:
            told = await self._api.call(None, lambda bot: bot.get_business_connection(connection_id))
        except Refused:
            return None
        await self.remember(told)
        return told.user.id

    def for_sending(self, owner: int) -> str:
        """Id of the connection by which the owner's chats are answered.

        Raises:
            Refused: ``business_disconnected`` or ``no_rights``.
        """
        connection = self._of.get(owner)
        if connection is None or not connection.enabled:
            raise Refused("business_disconnected")
        if not connection.can_reply:
            raise Refused("no_rights")
        return connection.id

    def without_rights(self) -> tuple[int, ...]:
        """Owners who are connected but did not let the bot answer."""
        return tuple(known.owner for known in self._of.values() if known.enabled and not known.can_reply)

    def connected(self) -> int:
        """How many accounts are connected."""
        return sum(known.enabled for known in self._of.values())
