"""The team's desk on Telegram as a board: what is shown, and what comes back from there."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

import telegram
from typing_extensions import override

from adapters.fading import Fading
from adapters.ports import Board, Showing
from adapters.surroundings import Surroundings
from adapters.telegram.api import Api
from adapters.telegram.desk.cards import Look
from adapters.telegram.desk.connecting import Connecting
from adapters.telegram.desk.door import Door
from adapters.telegram.desk.hints import Hints
from adapters.telegram.desk.place import Place
from adapters.telegram.desk.poster import Poster
from adapters.telegram.desk.presses import Presses
from adapters.telegram.desk.records import Records
from adapters.telegram.desk.seen import Seen
from adapters.telegram.desk.showcase import Showcase, Tools
from adapters.telegram.desk.tasks import Later
from adapters.telegram.desk.typed import Typed
from adapters.telegram.errors import Moved
from adapters.telegram.settings import TelegramSettings
from dialogs.errors import Refused, TryLater, Unreachable
from dialogs.messages import Shop

# The bot was removed or may not write: somebody of the team has to act first, and no card may be lost until then.
_SHUT_OUT: Final = frozenset({"chat_not_found", "no_rights"})
_SHUT_OUT_PAUSE: Final = 300.0  # seconds
_SHUT_OUT_TEXT: Final = "机器人进不了工作群或不能发言，请把它加回群里并设为管理员 (the bot may not write there)"
_LEFT_EVERY: Final = 60.0  # seconds between two looks for hints that another process left unsaid
_MOVED_PAUSE: Final = 1.0


class TelegramDesk(Board):
    """A forum group with one topic per buyer and one card per turn, or a private chat with cards only."""

    def __init__(self, settings: TelegramSettings, shop: Shop, around: Surroundings, api: Api) -> None:
        """Args: ``api`` is the bot's, started and stopped by its channel."""
        self.name = f"telegram:{settings.id}"
        self.shops = frozenset({shop.id})
        self._around = around
        state = around.state(settings.id)
        self._place = Place(settings, state, api)
        self._later = Later(settings.id)
        self._troubles = Fading()
        poster, records = Poster(api), Records(state)
        self._hints = Hints(settings.id, state, poster, self._later, around.now)
        self._tools = Tools(poster=poster, records=records, blobs=around.blobs, seen=Seen())
        presses = Presses(
            settings.id, around, api, place=self._place, poster=poster, records=records, later=self._later
        )
        self._door = Door(
            settings.id,
            around,
            place=self._place,
            records=records,
            presses=presses,
            typed=Typed(settings.id, around, api, records),
            connecting=Connecting(settings.id, around, place=self._place, poster=poster, later=self._later),
            hints=self._hints,
        )

    @override
    async def show(self, showing: Showing) -> None:
        """See ``Board.show``; nothing is shown while no chat is connected."""
        chat = await self._place.chat()
        if chat is None:
            return
        try:
            topics = await self._place.has_topics(chat)
            look = Look(titles=self._around.titles, url=self._around.url, now=self._around.now())
            await Showcase(self._tools, showing, chat=chat, topics=topics, look=look).bring()
        except Moved as moved:
            await self._place.move(chat, moved.new_chat_id)
            raise TryLater("moved", after=_MOVED_PAUSE) from None
        except Refused as error:
            if not isinstance(error, Unreachable) and error.reason not in _SHUT_OUT:
                raise
            self._troubles.met("desk", _SHUT_OUT_TEXT)
            raise TryLater("desk_unreachable", after=_SHUT_OUT_PAUSE) from None
        self._troubles.over("desk")

    async def on_update(self, update: telegram.Update) -> bool:
        """Ask the desk first for every update of the bot; True when it was the team's and is handled.

        Raises:
            Whatever the inbox raises: the update must come again.
        """
        return await self._door.on_update(update)

    async def idle(self) -> None:
        """Wait until every hint and answer is given."""
        await self._later.idle()

    @override
    async def receive(self) -> None:
        """Say what other processes left unsaid; what the team does comes with the bot's updates."""
        while True:
            await self._hints.say_left()
            await asyncio.sleep(_LEFT_EVERY)

    @override
    async def stop(self) -> None:
        """Drop answers that are still under way; hints are said by another process, or after the next start."""
        await self._later.stop()

    @override
    def problems(self) -> Mapping[str, str]:
        """Whether the bot may write where the desk is."""
        return self._troubles.all()
