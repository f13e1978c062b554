"""The desk's door: which of the bot's updates are the team's, and who of the team may do what."""

from __future__ import annotations

import re
from typing import Final

import telegram
from telegram.constants import ChatType

from adapters.counts import count
from adapters.surroundings import Surroundings
from adapters.telegram.desk import texts
from adapters.telegram.desk.connecting import Connecting
from adapters.telegram.desk.hints import Hints
from adapters.telegram.desk.place import Place
from adapters.telegram.desk.presses import Presses
from adapters.telegram.desk.records import Records
from adapters.telegram.desk.typed import Typed

_COMMAND: Final = re.compile(r"/(?P<name>[A-Za-z0-9_]{1,32})(?:@(?P<bot>\w+))?(?:\s+(?P<rest>.*))?", re.DOTALL)
_GROUPS: Final = frozenset({ChatType.GROUP, ChatType.SUPERGROUP})


class Door:
    """Takes the team's updates."""

    def __init__(
        self,
        account: str,
        around: Surroundings,
        *,
        place: Place,
        records: Records,
        presses: Presses,
        typed: Typed,
        connecting: Connecting,
        hints: Hints,
    ) -> None:
        self._account = account
        self._around = around
        self._place = place
        self._records = records
        self._presses = presses
        self._typed = typed
        self._connecting = connecting
        self._hints = hints

    async def on_update(self, update: telegram.Update) -> bool:
        """Whether the update was the team's; then it is handled, and what must last is stored.

        Raises:
            Whatever the inbox and the account's state raise: Telegram must send the update again.
        """
        if update.callback_query is not None:
            return await self._presses.pressed(update.callback_query)
        message = update.message or update.edited_message
        if message is None:
            chat = update.effective_chat
            return chat is not None and chat.type in _GROUPS and chat.id == await self._place.chat()
        if update.message is not None and (answer := await self._connect(message)) is not None:
            return answer
        if message.chat.id != await self._place.chat():
            return False
        await self._at_desk(message, edited=update.message is None)
        return True

    async def _connect(self, message: telegram.Message) -> bool | None:
        """Whether a message that connects or moves the desk was the team's; None when it is no such message."""
        if message.migrate_to_chat_id is not None:
            known = message.chat.id == await self._place.chat()
            if known:
                await self._place.move(message.chat.id, message.migrate_to_chat_id)
            return known
        command = _COMMAND.fullmatch((message.text or "").strip())
        if command is None:
            return None
        token, group = (command["rest"] or "").strip(), message.chat.type in _GROUPS
        match command["name"].lower():
            case "desk" if group:
                return await self._connecting.group(message, token)
            case "link" if group:
                return await self._connecting.member(message, token)
            case "start" if token and message.chat.type == ChatType.PRIVATE:
                return await self._connecting.private(message, token)
        return None

    async def _at_desk(self, message: telegram.Message, *, edited: bool) -> None:
        """A message in the desk's chat."""
        await self._place.note_topics(message.chat.id, forum=bool(message.chat.is_forum))
        sender = message.from_user
        written = bool(message.text or message.caption or message.effective_attachment)
        if not written or sender is None:
            return  # a topic was opened, somebody joined
        if sender.is_bot or message.sender_chat is not None:
            if message.sender_chat is not None and message.sender_chat.id == message.chat.id:
                await self._hint_once(message, texts.ANONYMOUS)
            return
        agent = await self._around.team.of("telegram", str(sender.id))
        if agent is None:
            count(self._account, "desk_stranger")
            await self._hint_once(message, texts.STRANGER)
            return
        target = await self._typed.target(message)
        text = (message.text or "").strip()
        if edited:
            hint = texts.UNCHANGEABLE if target is not None else None
        elif text.startswith("/") and not text.startswith("//"):
            hint = texts.UNKNOWN_COMMAND
        elif target is None:
            hint = None if message.chat.is_forum else texts.NO_CARD  # in a group with topics people also talk
        else:
            hint = await self._typed.said(message, agent, target)
        if hint is not None:
            await self._hints.say(message, hint)

    async def _hint_once(self, message: telegram.Message, text: str) -> None:
        sender = message.from_user
        if sender is not None and not await self._records.hinted(sender.id):
            await self._hints.say(message, text)
            await self._records.put_hinted(sender.id)
