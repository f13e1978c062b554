"""How fast a bot may call: waiting here is cheaper than being told to wait.

Source: Bot FAQ, "My bot is hitting limits, how do I avoid this?": about one message a second in one chat (short bursts
may go over it), 20 messages a minute in one group, 30 messages a second in all. Edits and new topics count.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from adapters.telegram.errors import RATE_LIMITED
from dialogs.errors import TryLater

LONGEST_WAIT: Final = 20.0  # seconds; beyond, the outbox waits instead: it gives a call up after 60
_CHATS: Final = 10_000


class Pace:
    """``burst`` calls at once, then one every ``interval`` seconds (the generic cell rate algorithm).

    In any ``seconds`` there are at most ``burst + seconds / interval`` calls.
    """

    __slots__ = ("_burst", "_due", "_interval", "halted")

    def __init__(self, *, burst: int, interval: float) -> None:
        self._burst = burst
        self._interval = interval
        self._due = 0.0  # when everything taken so far would have been served without bursts
        self.halted = 0.0  # until when Telegram wants to hear nothing

    def wait(self, now: float) -> float:
        """Seconds until the next call may go."""
        return max(0.0, self._due - (self._burst - 1) * self._interval - now, self.halted - now)

    def take(self, at: float) -> None:
        """Count a call that goes at ``at``."""
        self._due = max(self._due, at) + self._interval

    def halt(self, until: float) -> None:
        """Let nothing go before ``until``, and no burst after it: what was saved up, somebody else has used."""
        self.halted = max(self.halted, until)
        self._due = max(self._due, self.halted + (self._burst - 1) * self._interval)

    def idle(self, now: float) -> bool:
        """Whether forgetting it changes nothing."""
        return self._due <= now and self.halted <= now


class Limiter:
    """Paces of all chats of one bot and of the bot itself. One chat that has to wait holds up no other."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._chats: dict[int, Pace] = {}
        self._bot = Pace(burst=5, interval=1 / 25)

    async def admit(self, chat_id: int, *, wait: bool = True) -> None:
        """Return when a call for the chat may go, and count it.

        Raises:
            TryLater: not within ``LONGEST_WAIT`` seconds, or not at once without ``wait``.
        """
        chat = self._pace(chat_id)
        await self._take(chat, longest=LONGEST_WAIT if wait else 0.0)
        await self._take(self._bot, longest=LONGEST_WAIT if wait else 0.0)
        if (left := chat.halted - self._clock()) > 0:  # told to wait while this call was waiting
            raise TryLater(RATE_LIMITED, after=left)

    def halt(self, chat_id: int, seconds: float) -> None:
        """Telegram wants no call for this chat for so long; other processes may be calling for it too."""
        self._pace(chat_id).halt(self._clock() + seconds)

    async def _take(self, pace: Pace, *, longest: float) -> None:
        now = self._clock()
        delay = pace.wait(now)
        if delay > longest:
            raise TryLater(RATE_LIMITED, after=delay)
        pace.take(now + delay)
        if delay:
            await self._sleep(delay)

    def _pace(self, chat_id: int) -> Pace:
        pace = self._chats.get(chat_id)
        if pace is None:
            if len(self._chats) >= _CHATS:
                now = self._clock()
                self._chats = {known: kept for known, kept in self._chats.items() if not kept.idle(now)}
            # Groups have negative ids: 5 at once and one in four seconds are at most 20 in a minute.
            pace = Pace(burst=5, interval=4.0) if chat_id < 0 else Pace(burst=3, interval=1.0)
            self._chats[chat_id] = pace
        return pace
