"""All ports of the two web faces in memory: a scripted shop, enough to drive a desk and buyers' chats."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from adapters.library import WrittenReply
from adapters.ports import (
    ChatLine,
    ConversationRow,
    ConversationView,
    EngineHealth,
    ListQuery,
    Outcome,
    Preview,
    Template,
)
from adapters.troubles import Troubles
from dialogs.errors import HeqiError, Malformed
from dialogs.events import Accepted, AgentChose, Body, BuyerWrote, Event
from dialogs.messages import Choice, Direction, Kind, Media, Refusal, RefusalCode, Translation
from tests.adapters.memory_people import MemoryPeople
from tests.adapters.memory_talk import WHATSAPP, Talk
from tests.adapters.memory_texts import TEMPLATES, out_of_chinese, warnings_of
from tests.adapters.memory_work import work


class MemoryDesk(MemoryPeople):
    """Desk, Inbox, Feed, Chats, Blobs and Agents at once."""

    def __init__(self) -> None:
        super().__init__()
        self.talks: dict[int, Talk] = {}
        self.events: dict[tuple[str, str], tuple[Event, Accepted, Outcome]] = {}
        self.offered: tuple[Template, ...] = TEMPLATES
        self.listings = 0  # how often the platform was asked for its templates
        self.listing_fails: HeqiError | None = None
        self._ids = itertools.count(1)

    # ---- inbox -------------------------------------------------------------------------------------------------------

    async def accept(self, event: Event) -> Accepted:
        known = self.events.get((event.account, event.external_id))
        if known is not None:
            return replace(known[1], duplicate=True)
        talk = self._talk_of(event)
        accepted = Accepted(next(self._ids), talk.id, duplicate=False)
        self.events[event.account, event.external_id] = (event, accepted, Outcome(done=False))
        self.events[event.account, event.external_id] = (event, accepted, work(talk, event))
        self.notify(talk.id)
        return accepted

    async def outcome(self, event_id: int, timeout: float = 30.0) -> Outcome:
        return next(outcome for _, accepted, outcome in self.events.values() if accepted.event_id == event_id)

    def _talk_of(self, event: Event) -> Talk:
        if event.conversation_id is not None:
            if event.conversation_id not in self.talks:
                raise Malformed("conversation_id")
            return self.talks[event.conversation_id]
        for talk in self.talks.values():
            if talk.chat == event.chat:
                talk.name = event.contact_name or talk.name
                return talk
        talk = Talk(next(self._ids), event.chat or "", event.contact_name, self._ids)
        self.talks[talk.id] = talk
        return talk

    # ---- desk --------------------------------------------------------------------------------------------------------

    async def conversations(self, query: ListQuery) -> tuple[ConversationRow, ...]:
        rows = [talk.row() for talk in self.talks.values() if self._found(talk, query)]
        rows.sort(key=lambda row: (row.due is None, row.due or row.last_at, row.id))
        return tuple(rows[: query.limit])

    def _found(self, talk: Talk, query: ListQuery) -> bool:
        if query.status is not None and talk.case.status != query.status:
            return False
        texts = [talk.name, *(line.message.text for line in talk.lines)]
        return any(query.search.lower() in text.lower() for text in texts)

    async def troubles(self, *, limit: int) -> Troubles:
        rows = [each for talk in self.talks.values() for each in talk.troubles()]
        rows.sort(key=lambda trouble: trouble.at, reverse=True)
        return Troubles(counts=Counter(each.kind for each in rows), rows=tuple(rows[:limit]))

    async def view(
        self, conversation_id: int, *, before: int | None = None, limit: int = 60
    ) -> ConversationView | None:
        talk = self.talks.get(conversation_id)
        return None if talk is None else talk.view(before=before, limit=limit)

    async def preview(self, conversation_id: int, seller_text: str, *, back: bool = False) -> Preview:
        translation = out_of_chinese(seller_text, self.talks[conversation_id].language)
        refusal = None if translation.proven else Refusal(RefusalCode.UNPROVEN, "123")
        again = Translation(text=f"回：{seller_text}", source="es", target="zh", engine="google") if back else None
        return Preview(translation=translation, refusal=refusal, back=again, warnings=warnings_of(seller_text))

    async def mark_read(self, conversation_id: int) -> None:
        self.talks[conversation_id].unread = 0

    async def library(self, conversation_id: int) -> tuple[WrittenReply, ...]:
        return (
            WrittenReply("damaged.sorry", "damaged", Kind.APOLOGY, "很抱歉，商品到手时已经破损。"),
            WrittenReply(
                "notices.resent", "notices", Kind.NOTICE, "新的运单号是〔运单号〕。", ("tracking",), written=False
            ),
        )

    async def templates(self, conversation_id: int) -> tuple[Template, ...]:
        self.listings += 1
        if self.listing_fails is not None:
            raise self.listing_fails
        return self.offered if self.talks[conversation_id].capabilities.templates else ()

    def health(self) -> tuple[EngineHealth, ...]:
        return (
            EngineHealth(name="google", state="ok", latency_ms=182.4),
            EngineHealth(name="mymemory", state="unused"),
            EngineHealth(name="libretranslate", state="open", detail="连接不上，已暂停"),
        )

    # ---- chats -------------------------------------------------------------------------------------------------------

    async def lines(self, account: str, chat: str, *, after: int = 0, limit: int = 200) -> tuple[ChatLine, ...]:
        number = await self.conversation_of(account, chat)
        shown = self.talks[number].lines if number is not None else []
        found = [
            ChatLine(
                id=line.message.id,
                mine=line.message.direction == Direction.INCOMING,
                text=line.message.text,
                at=line.message.at,
                media=line.message.media,
                state=line.delivery,
                external_id=self.talks[number or 0].external.get(line.message.id),
            )
            for line in shown
            if line.message.id > after
            and not line.replaced
            and (line.message.direction == Direction.INCOMING or line.delivery in {"sent", "delivered", "read"})
        ]
        return tuple(found[:limit])

    async def conversation_of(self, account: str, chat: str) -> int | None:
        return next((talk.id for talk in self.talks.values() if talk.chat == chat), None)

    # ---- scripting ---------------------------------------------------------------------------------------------------

    async def buyer(
        self, chat: str, text: str, *, name: str = "", ago: float = 0, media: tuple[Media, ...] = ()
    ) -> int:
        """A buyer writes, ``ago`` seconds before now."""
        event = Event(
            account="web",
            external_id=f"{chat}:{next(self._ids)}",
            body=BuyerWrote(text=text, media=media),
            at=datetime.now(UTC) - timedelta(seconds=ago),
            chat=chat,
            contact_name=name,
        )
        return (await self.accept(event)).conversation_id

    async def seller(self, conversation_id: int, text: str, *, agent: str = "李强", ago: float = 0) -> int | None:
        """An agent types, ``ago`` seconds before now."""
        body = AgentChose(choice=Choice(agent=agent, seller_text=text))
        return (await self.happens(conversation_id, body, ago=ago)).message_id

    async def happens(self, conversation_id: int, body: Body, *, ago: float = 0) -> Outcome:
        """Something happens in a conversation that exists."""
        event = Event(
            account="desk",
            external_id=str(next(self._ids)),
            body=body,
            at=datetime.now(UTC) - timedelta(seconds=ago),
            conversation_id=conversation_id,
        )
        return await self.outcome((await self.accept(event)).event_id)

    def on_whatsapp(self, conversation_id: int, *, account: str = "wa-main") -> Talk:
        """Move a conversation to a channel with a window, templates and buttons."""
        talk = self.talks[conversation_id]
        talk.channel, talk.account, talk.capabilities = "whatsapp", account, WHATSAPP
        self.notify(conversation_id)
        return talk
