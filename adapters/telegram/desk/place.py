"""Where the desk is: a group or a private chat, and whether it has topics."""

from __future__ import annotations

from typing import Final

import telegram
from telegram.constants import ChatMemberStatus, ChatType

from adapters.ports import AccountState
from adapters.telegram.api import Api
from adapters.telegram.settings import TelegramSettings
from dialogs.errors import Refused

_DESK: Final = "desk"


class Place:
    """The chat of the desk, kept in the account's state; a chat named in the settings wins.

    It is asked for with every update and every card, so what is kept is read once: nobody else writes these keys.
    """

    def __init__(self, settings: TelegramSettings, state: AccountState, api: Api) -> None:
        self._settings = settings
        self._state = state
        self._api = api
        self._known: dict[str, str | None] = {}

    async def chat(self) -> int | None:
        """The chat's id, None while nobody has connected one."""
        chat = self._settings.desk
        if chat is None:
            kept = await self._get(_DESK)
            chat = None if kept is None else int(kept)
        while chat is not None and (moved := await self._get(f"desk-moved:{chat}")) is not None:
            chat = int(moved)
        return chat

    async def settle(self, chat: int) -> None:
        """Make ``chat`` the desk."""
        await self._put(_DESK, str(chat))

    async def move(self, old: int, new: int) -> None:
        """The group ``old`` has become the supergroup ``new``."""
        if self._settings.desk is None:
            await self.settle(new)
        elif old != new:
            await self._put(f"desk-moved:{old}", str(new))

    async def has_topics(self, chat: int) -> bool:
        """Whether the chat is a group with topics; asked once, later messages from it tell.

        Raises:
            TryLater, Refused, Ambiguous: Telegram was asked and did not tell.
        """
        kept = await self._get(f"desk-forum:{chat}")
        if kept is None:
            found = await self._api.call(None, lambda bot: bot.get_chat(chat))
            return await self.note_topics(chat, forum=bool(found.is_forum))
        return kept == "1"

    async def note_topics(self, chat: int, *, forum: bool) -> bool:
        """Keep, and return, whether the chat has topics."""
        text = "1" if forum else "0"
        if await self._get(f"desk-forum:{chat}") != text:
            await self._put(f"desk-forum:{chat}", text)
        return forum

    async def missing(self, chat: int) -> tuple[str, ...]:
        """What must still be set in Telegram so that each buyer gets a topic, in Chinese.

        Raises:
            TryLater, Refused, Ambiguous: Telegram did not tell.
        """
        found = await self._api.call(None, lambda bot: bot.get_chat(chat))
        if found.type == ChatType.PRIVATE:
            return ()
        await self.note_topics(chat, forum=bool(found.is_forum))
        missing = [] if found.is_forum else ["在群设置里打开“话题”"]
        member = await self._member(chat)
        if not isinstance(member, telegram.ChatMemberAdministrator):
            owner = member is not None and member.status == ChatMemberStatus.OWNER
            return tuple(missing if owner else [*missing, "把机器人设为管理员，并允许它“管理话题”"])
        if not member.can_manage_topics:
            missing.append("在机器人的管理员权限里打开“管理话题”")
        return tuple(missing)

    async def _get(self, key: str) -> str | None:
        if key in self._known:
            return self._known[key]
        kept = await self._state.get(key)
        return self._known.setdefault(key, kept)  # what was put meanwhile is newer

    async def _put(self, key: str, text: str) -> None:
        self._known.pop(key, None)  # until it is known to be stored
        await self._state.put(key, text)
        self._known[key] = text

    async def _member(self, chat: int) -> telegram.ChatMember | None:
        try:
            return await self._api.call(None, lambda bot: bot.get_chat_member(chat, self._api.me.id))
        except Refused as error:
            if error.reason in {"chat_not_found", "no_rights", "bad_request"}:
                return None
            raise
