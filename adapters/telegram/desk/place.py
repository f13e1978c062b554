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

    Every process of the installation reads and changes it, so nothing is remembered here: one row tells the chat, one
    whether it has topics.
    """

    def __init__(self, settings: TelegramSettings, state: AccountState, api: Api) -> None:
        self._settings = settings
        self._state = state
        self._api = api
        # A group becomes a supergroup once and stays one: what is named in the settings moves at most once.
        self._key = _DESK if settings.desk is None else f"desk-moved:{settings.desk}"

    async def chat(self) -> int | None:
        """The chat's id, None while nobody has connected one."""
        return self._chat(await self._state.get(self._key))

    async def settle(self, chat: int) -> None:
        """Make ``chat`` the desk."""
        await self._state.put(_DESK, str(chat))

    async def offer(self, chat: int) -> None:
        """Make ``chat`` the desk while there is none."""
        if self._settings.desk is None:
            await self._state.swap(_DESK, str(chat), expect=None)

    async def move(self, old: int, new: int) -> None:
        """The group ``old`` has become the supergroup ``new``; another chat that was connected meanwhile stays."""
        kept = await self._state.get(self._key)
        if self._chat(kept) == old:
            await self._state.swap(self._key, str(new), expect=kept)

    def _chat(self, kept: str | None) -> int | None:
        return self._settings.desk if kept is None else int(kept)

    async def has_topics(self, chat: int) -> bool:
        """Whether the chat is a group with topics; asked once, later messages from it tell.

        Raises:
            TryLater, Refused, Ambiguous: Telegram was asked and did not tell.
        """
        kept = await self._state.get(_forum(chat))
        if kept is None:
            found = await self._api.call(None, lambda bot: bot.get_chat(chat))
            # What a message told meanwhile is newer.
            await self._state.swap(_forum(chat), _told(forum=bool(found.is_forum)), expect=None)
            return bool(found.is_forum)
        return kept == _told(forum=True)

    async def note_topics(self, chat: int, *, forum: bool) -> None:
        """Keep whether the chat has topics."""
        text = _told(forum=forum)
        if await self._state.get(_forum(chat)) != text:
            await self._state.put(_forum(chat), text)

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

    async def _member(self, chat: int) -> telegram.ChatMember | None:
        try:
            return await self._api.call(None, lambda bot: bot.get_chat_member(chat, self._api.me.id))
        except Refused as error:
            if error.reason in {"chat_not_found", "no_rights", "bad_request"}:
                return None
            raise


def _forum(chat: int) -> str:
    return f"desk-forum:{chat}"


def _told(*, forum: bool) -> str:
    return "1" if forum else "0"
