"""What somebody is told whose words in the group did nothing. They think it was sent: it is kept until it is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog
import telegram
from pydantic import AwareDatetime, BaseModel, ConfigDict

from adapters.ports import AccountState
from adapters.telegram.desk.markup import Piece
from adapters.telegram.desk.poster import Poster, note
from adapters.telegram.desk.tasks import Later
from dialogs.errors import HeqiError, Refused

log = structlog.stdlib.get_logger(__name__)

# The limits of the group may hold a hint up for 20 seconds: older ones were left by a process that ended, or failed.
LEFT: Final = timedelta(minutes=1)
LATE: Final = timedelta(hours=12)  # by then they have seen on the card that nothing left
_PREFIX: Final = "desk-hint:"


class _Hint(BaseModel):
    model_config = ConfigDict(frozen=True)

    chat: int
    topic: int | None
    message: int  # that it answers
    text: str
    at: AwareDatetime


class Hints:
    """Says them after the update was answered, here or, when this process ends before, in another one."""

    def __init__(
        self, account: str, state: AccountState, poster: Poster, later: Later, now: Callable[[], datetime]
    ) -> None:
        self._account = account
        self._state = state
        self._poster = poster
        self._later = later
        self._now = now

    async def say(self, message: telegram.Message, text: str) -> None:
        """Answer ``message`` with ``text``; that it will be answered is stored when this returns."""
        hint = _Hint(
            chat=message.chat.id,
            topic=message.message_thread_id if message.is_topic_message else None,
            message=message.message_id,
            text=text,
            at=self._now(),
        )
        key = f"{_PREFIX}{hint.chat}:{hint.message}"
        await self._state.put(key, hint.model_dump_json())
        self._later(self._tell(key, hint))

    async def say_left(self) -> None:
        """Say what was left unsaid; for one process at a time."""
        now = self._now()
        for key, text in (await self._state.all(_PREFIX)).items():
            hint = _Hint.model_validate_json(text)
            if now - hint.at > LATE:
                await self._state.delete(key)
            elif now - hint.at > LEFT:
                try:
                    await self._tell(key, hint)
                except HeqiError as error:  # the next time
                    log.warning("telegram_desk_hint", account=self._account, error=str(error))

    async def _tell(self, key: str, hint: _Hint) -> None:
        try:
            await self._poster.send(hint.chat, note(Piece(hint.text)), topic=hint.topic, reply_to=hint.message)
        except Refused as error:  # the topic or the group is gone, and who wrote there with it
            log.warning("telegram_desk_hint", account=self._account, error=error.reason)
        await self._state.delete(key)
