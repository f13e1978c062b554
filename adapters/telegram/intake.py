"""Where every update goes: to the team's desk, to the business connections, or as a buyer's event into the inbox."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog
from telegram import Update

from adapters.counts import count
from adapters.surroundings import Surroundings
from adapters.telegram.api import Api
from adapters.telegram.business import Connections
from adapters.telegram.shapes import update_of
from adapters.telegram.updates import Reading, connection_of, events_of
from dialogs.errors import Ambiguous, Malformed, Refused
from dialogs.events import BuyerDeleted, BuyerEdited

log = structlog.stdlib.get_logger(__name__)

# What doing it again will not change.
_FINAL: Final = (Refused, Ambiguous, LookupError, TypeError, ValueError, AttributeError)


class Intake:
    """Takes updates one by one; when ``take`` returned, the update is stored or means nothing."""

    def __init__(
        self,
        *,
        account: str,
        greeting: Mapping[str, str],
        around: Surroundings,
        api: Api,
        connections: Connections,
        team: Callable[[Update], Awaitable[bool]],
    ) -> None:
        """Args: ``team`` is asked first and tells whether the update was the team's."""
        self._account = account
        self._greeting = greeting
        self._around = around
        self._api = api
        self._connections = connections
        self._team = team

    def read(self, raw: object) -> Update | None:
        """The update in ``raw``, None (and counted) when there is none."""
        update = update_of(raw)
        if update is None:
            count(self._account, "malformed")
        return update

    async def take(self, update: Update) -> None:
        """Handle one update.

        Raises:
            Exception: it could not be stored; Telegram has to give it again.
        """
        if await self._is_the_teams(update):
            return
        if update.business_connection is not None:
            await self._connections.remember(update.business_connection)
            return
        owner = None
        if (connection := connection_of(update)) is not None:
            owner = await self._connections.owner(connection)
            if owner is None:
                count(self._account, "unknown_connection")
                return
        reading = Reading(
            account=self._account, bot_id=self._api.me.id, greeting=self._greeting, now=self._around.now()
        )
        for event in events_of(update, reading, owner=owner):
            try:
                await self._around.inbox.accept(event)
            except Malformed:
                if not isinstance(event.body, BuyerEdited | BuyerDeleted):
                    raise
                count(self._account, "unknown_message")  # it is older than the account, or nobody's

    async def _is_the_teams(self, update: Update) -> bool:
        try:
            return await self._team(update)
        except _FINAL as error:
            # The next try would end the same, and behind it wait the updates of everybody else.
            log.warning("desk_failed", account=self._account, error=type(error).__name__)
            return False
