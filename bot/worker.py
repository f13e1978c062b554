"""The worker: hands every lane to whom it belongs."""

from __future__ import annotations

from bot.boards import Boards
from bot.downloads import Downloads
from bot.lanes import BOARD, CHAT, CONVERSATION, MEDIA
from bot.outbox import Outbox
from bot.turns import Turns


class Worker:
    """Ties the lanes of an engine to turns, deliveries, boards and downloads."""

    def __init__(self, *, turns: Turns, outbox: Outbox, boards: Boards, downloads: Downloads) -> None:
        self._turns = turns
        self._outbox = outbox
        self._boards = boards
        self._downloads = downloads

    async def drain(self, lane: str) -> None:
        """Work on everything open in the lane: the handler an engine is run with.

        Raises:
            ValueError: the name tells of no kind of lane this version knows.
        """
        if lane.startswith(CONVERSATION):
            await self._turns.drain(int(lane.removeprefix(CONVERSATION)))
        elif lane.startswith(CHAT):
            await self._outbox.drain(lane)
        elif lane.startswith(BOARD):
            await self._boards.drain(lane)
        elif lane.startswith(MEDIA):
            await self._downloads.drain(lane)
        else:
            raise ValueError("a lane of an unknown kind")
