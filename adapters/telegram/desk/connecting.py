"""Connecting: a group becomes the desk, a Telegram user becomes somebody of the team."""

from __future__ import annotations

from typing import Final

import telegram

from adapters.counts import count
from adapters.ports import AgentIdentity
from adapters.surroundings import Surroundings
from adapters.telegram.desk import texts
from adapters.telegram.desk.markup import Piece, isolated, one_line
from adapters.telegram.desk.place import Place
from adapters.telegram.desk.poster import Poster, note
from adapters.telegram.desk.tasks import Later

# One-time links are longer than this; what is shorter behind /start is a link of the shop's own that a buyer followed.
_TOKEN_LENGTH: Final = 32


class Connecting:
    """``/desk``, ``/link`` and ``/start`` with the token of a one-time link."""

    def __init__(self, account: str, around: Surroundings, *, place: Place, poster: Poster, later: Later) -> None:
        self._account = account
        self._around = around
        self._place = place
        self._poster = poster
        self._later = later

    async def group(self, message: telegram.Message, token: str) -> bool:
        """``/desk``: the group becomes the desk, who sent it is of the team."""
        agent = await self._known(message, token, "desk")
        if agent is None:
            return True
        await self._place.settle(message.chat.id)
        self._later(self._welcome(message, agent))
        return True

    async def member(self, message: telegram.Message, token: str) -> bool:
        """``/link``: a further person of the team."""
        agent = await self._known(message, token, "link")
        if agent is not None:
            self._later(self._say(message, f"✅ 已登记：{_name(agent)}。在买家话题里直接写中文，就会译好发给买家。"))
        return True

    async def private(self, message: telegram.Message, token: str) -> bool:
        """``/start``: the same in a private chat, the desk while there is no other; False for a buyer's."""
        sender = message.from_user
        agent = None if sender is None else await self._linked(sender, token)
        if agent is None and len(token) < _TOKEN_LENGTH:
            return False
        if agent is None:
            count(self._account, "desk_bad_token")
            self._later(self._say(message, texts.LINK_REFUSED))
            return True
        await self._place.offer(message.chat.id)
        if await self._place.chat() == message.chat.id:
            text = (
                f"✅ 已登记：{_name(agent)}。买家消息会出现在这里，请“回复”卡片来回答。建一个开启话题的群更方便：/desk"
            )
        else:
            text = f"✅ 已登记：{_name(agent)}。买家消息在工作群里。"
        self._later(self._say(message, text))
        return True

    async def _known(self, message: telegram.Message, token: str, command: str) -> AgentIdentity | None:
        """Who sent the command, None when they were told why they cannot."""
        sender = message.from_user
        if sender is None or sender.is_bot or message.sender_chat is not None:
            self._later(self._say(message, texts.ANONYMOUS))
            return None
        agent = await self._linked(sender, token)
        if agent is None:
            count(self._account, "desk_bad_token")
            self._later(self._say(message, texts.LINK_REFUSED if token else texts.LINK_MISSING.format(command=command)))
        return agent

    async def _linked(self, sender: telegram.User, token: str) -> AgentIdentity | None:
        """The agent of the token; an update that comes twice, or a used token, finds who was connected by it before."""
        agent = await self._around.team.link("telegram", str(sender.id), token) if token else None
        return agent or await self._around.team.of("telegram", str(sender.id))

    async def _welcome(self, message: telegram.Message, agent: AgentIdentity) -> None:
        chat = message.chat.id
        if await self._place.chat() != chat:
            await self._say(message, "设置文件里的 desk 指定了另一个聊天，以设置为准。")
            return
        missing = await self._place.missing(chat)
        text = f"✅ 工作台已连接，{_name(agent)} 已登记。新的买家消息会出现在这里，每位买家一个话题。"
        if missing:
            steps = "".join(f"\n{number}. {step}" for number, step in enumerate(missing, 1))
            text = (
                f"✅ 工作台已连接，{_name(agent)} 已登记。要让每位买家有自己的话题，还需要：{steps}\n"
                "在此之前，请“回复”卡片来回答。"
            )
        await self._say(message, text)

    async def _say(self, message: telegram.Message, text: str) -> None:
        topic = message.message_thread_id if message.is_topic_message else None
        await self._poster.send(message.chat.id, note(Piece(text)), topic=topic, reply_to=message.message_id)


def _name(agent: AgentIdentity) -> str:
    return isolated(one_line(agent.name, 40))
