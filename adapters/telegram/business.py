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
    """The connections of a bot, kept in the account's state, which other processes change as well."""

    def __init__(self, api: Api, state: AccountState) -> None:
        self._api = api
        self._state = state
        self._owners: dict[str, int] = {}  # by connection; who owns one never changes

    async def all(self) -> tuple[Connection, ...]:
        """The newest connection of every owner."""
        return tuple(map(Connection.model_validate_json, (await self._state.all(BUSINESS)).values()))

    async def remember(self, told: BusinessConnection) -> None:
        """Keep what Telegram told. That an old connection ended says nothing about a newer one."""
        connection = Connection(
            id=told.id,
            owner=told.user.id,
            chat=told.user_chat_id,
            enabled=told.is_enabled,
            can_reply=told.rights is not None and bool(told.rights.can_reply),
        )
        self._owners[connection.id] = connection.owner
        key, text = f"{BUSINESS}{connection.owner}", connection.model_dump_json()
        while True:  # another process may hear of another connection at the same moment
            kept = await self._state.get(key)
            if kept is not None and not connection.enabled and _id_in(kept) != connection.id:
                return
            if await self._state.swap(key, text, expect=kept):
                return

    async def owner(self, connection_id: str) -> int | None:
        """Who owns the account of a connection; Telegram is asked when it is new. None: there is no such connection.

        Raises:
            TryLater: Telegram cannot be asked now.
            Ambiguous: as TryLater, asking changes nothing.
        """
        if connection_id not in self._owners:
            self._owners.update({known.id: known.owner for known in await self.all()})
        if connection_id in self._owners:
            return self._owners[connection_id]
        try:
            told = await self._api.call(None, lambda bot: bot.get_business_connection(connection_id))
        except Refused:
            return None
        await self.remember(told)
        return told.user.id

    async def for_sending(self, owner: int) -> str:
        """Id of the connection by which the owner's chats are answered; read for every message, which costs one row.

        Raises:
            Refused: ``business_disconnected`` or ``no_rights``.
        """
        kept = await self._state.get(f"{BUSINESS}{owner}")
        connection = None if kept is None else Connection.model_validate_json(kept)
        if connection is None or not connection.enabled:
            raise Refused("business_disconnected")
        if not connection.can_reply:
            raise Refused("no_rights")
        return connection.id


def _id_in(kept: str) -> str:
    return Connection.model_validate_json(kept).id
