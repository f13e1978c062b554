"""Presses of buttons in the group: checked, stored as events, answered with what came of them."""

from __future__ import annotations

from typing import Final

import telegram

from adapters.counts import count
from adapters.ports import AgentIdentity, ConversationView
from adapters.surroundings import Surroundings
from adapters.telegram.api import Api
from adapters.telegram.desk import texts
from adapters.telegram.desk.actions import answer_to, body_of
from adapters.telegram.desk.buttons import Press, Rows, Verb, keyboard, language_keyboard, unpacked
from adapters.telegram.desk.markup import Piece, cut, inert
from adapters.telegram.desk.place import Place
from adapters.telegram.desk.poster import Poster, note
from adapters.telegram.desk.records import CardRecord, Records
from adapters.telegram.desk.tasks import Later
from dialogs.errors import Malformed, Refused
from dialogs.events import Event
from dialogs.messages import Origin

_ANSWER_LIMIT: Final = 200  # Bot API, "answerCallbackQuery"
_PATIENCE: Final = 8.0  # seconds; then the card tells what came of it


class Presses:
    """The buttons of all cards."""

    def __init__(
        self,
        account: str,
        around: Surroundings,
        api: Api,
        *,
        place: Place,
        poster: Poster,
        records: Records,
        later: Later,
    ) -> None:
        self._account = account
        self._around = around
        self._api = api
        self._place = place
        self._poster = poster
        self._records = records
        self._later = later

    async def pressed(self, query: telegram.CallbackQuery) -> bool:
        """Handle a press; False when the button is none of the desk's."""
        press = unpacked(query.data or "")
        chat = query.message.chat.id if query.message is not None else None
        at_desk = chat is not None and chat == await self._place.chat()
        if press is None and not at_desk:
            return False
        agent = await self._around.team.of("telegram", str(query.from_user.id))
        if agent is None or not at_desk:
            count(self._account, "desk_stranger")
            self._later(self._answer(query, texts.STRANGER, alert=True))
            return True
        record = None if press is None else await self._records.card(press.token)
        if press is None or record is None or record.conversation != press.conversation:
            self._later(self._answer(query, texts.EXPIRED, alert=True))
            return True
        match press.verb:
            case Verb.LANGUAGES:
                self._later(self._show_languages(query, press))
            case Verb.MAIN:
                self._later(self._show_own(query, press, record))
            case Verb.BACK_TRANSLATE:
                self._later(self._back(query, record))
            case _:
                await self._act(query, press, record, agent)
        return True

    async def _act(self, query: telegram.CallbackQuery, press: Press, record: CardRecord, agent: AgentIdentity) -> None:
        body = body_of(press, record, agent)
        if isinstance(body, str):
            self._later(self._answer(query, body, alert=True))
            return
        event = Event(
            account=self._account,
            external_id=f"press:{query.id}",
            conversation_id=record.conversation,
            body=body,
            at=self._around.now(),
        )
        try:
            accepted = await self._around.inbox.accept(event)
        except Malformed:  # the conversation was deleted since
            self._later(self._answer(query, texts.EXPIRED, alert=True))
            return
        self._later(self._tell(query, press, record, accepted.event_id))

    async def _tell(self, query: telegram.CallbackQuery, press: Press, record: CardRecord, event_id: int) -> None:
        try:
            outcome = await self._around.inbox.outcome(event_id, timeout=_PATIENCE)
        except TimeoutError:
            await self._answer(query, texts.RECEIVED)
            return
        await self._answer(query, answer_to(press, outcome), alert=outcome.refusal is not None)
        if press.verb is Verb.LANGUAGE:
            await self._own_buttons(query, press, record)

    async def _answer(self, query: telegram.CallbackQuery, text: str, *, alert: bool = False) -> None:
        try:
            await self._api.call(
                None,
                lambda bot: bot.answer_callback_query(query.id, text=cut(text, _ANSWER_LIMIT), show_alert=alert),
            )
        except Refused as error:
            if error.reason != "query_too_old":  # what was pressed is done all the same
                raise

    # ---- what only the seller sees -----------------------------------------------------------------------------------

    async def _show_languages(self, query: telegram.CallbackQuery, press: Press) -> None:
        await self._answer(query, "")
        view = await self._around.desk.view(press.conversation)
        if view is not None:
            await self._set_keyboard(query, language_keyboard(view, press.token))

    async def _show_own(self, query: telegram.CallbackQuery, press: Press, record: CardRecord) -> None:
        await self._answer(query, "")
        await self._own_buttons(query, press, record)

    async def _own_buttons(self, query: telegram.CallbackQuery, press: Press, record: CardRecord) -> None:
        """Show the card's own buttons again; another message with languages under it loses them."""
        view = await self._around.desk.view(press.conversation)
        if view is None or query.message is None:
            return
        if await self._records.token_at(query.message.chat.id, query.message.message_id) != press.token:
            await self._set_keyboard(query, [])
            return
        lines = tuple(line for line in view.lines if line.message.seq >= record.first)
        latest = await self._records.newest(press.conversation) == press.token
        shown = keyboard(view, lines, token=press.token, latest=latest, url=self._around.url)
        await self._set_keyboard(query, shown)

    async def _set_keyboard(self, query: telegram.CallbackQuery, shown: Rows) -> None:
        if query.message is not None:
            await self._poster.set_keyboard(query.message.chat.id, query.message.message_id, shown)

    async def _back(self, query: telegram.CallbackQuery, record: CardRecord) -> None:
        """Say what the offered texts mean, put back into Chinese."""
        await self._answer(query, "")
        view = await self._around.desk.view(record.conversation)
        if view is None or query.message is None:
            return
        pieces = [Piece("🔁 回译（发给买家的话再译回中文）")]
        for number, proposal in enumerate(view.proposals, 1):
            pieces.append(Piece(f"\n\n{texts.number(number)} "))
            if proposal.buyer_text is None:
                pieces.append(Piece("未翻译"))
            elif proposal.origin is Origin.WRITTEN:
                pieces.append(Piece("人工撰写的译文，与中文逐句对应"))
            else:
                pieces.append(Piece(await self._chinese_of(view, proposal.seller_text, proposal.buyer_text), "", 1))
        topic = query.message.message_thread_id if isinstance(query.message, telegram.Message) else None
        await self._poster.send(query.message.chat.id, note(*pieces), topic=topic, reply_to=query.message.message_id)

    async def _chinese_of(self, view: ConversationView, seller_text: str, buyer_text: str) -> str:
        """The Chinese of an offered text; the product puts back what it would say now, which must be just that text."""
        found = await self._around.desk.preview(view.row.id, seller_text, back=True)
        if found.back is None or found.back.text is None or found.translation.text != buyer_text:
            return "暂时不能回译"
        return inert(found.back.text)
