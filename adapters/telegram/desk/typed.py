"""What a seller writes in the group: an answer to the buyer, a note, an attachment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import telegram

from adapters.counts import count
from adapters.doors import clean
from adapters.ports import AgentIdentity
from adapters.surroundings import Surroundings
from adapters.telegram.api import Api
from adapters.telegram.desk import texts
from adapters.telegram.desk.buttons import is_lead
from adapters.telegram.desk.records import CardRecord, Records
from dialogs.errors import HeqiError, Malformed, Refused
from dialogs.events import AgentChose, AgentNoted, Body, Event
from dialogs.messages import Choice, Media

LARGEST: Final = 20 * 1024 * 1024  # Bot API, "getFile"
_NOTE: Final = re.compile(r"(?://|备注[：:]?)\s*(?P<text>.*)", re.DOTALL)
_PATIENCE: Final = 2.0  # seconds for what the same seller wrote just before


@dataclass(frozen=True, slots=True)
class _Attached:
    """An attachment of a message, still at Telegram."""

    kind: str
    file_id: str
    size: int
    name: str
    mime: str


class Typed:
    """Messages of the team in the desk's chat."""

    def __init__(self, account: str, around: Surroundings, api: Api, records: Records) -> None:
        self._account = account
        self._around = around
        self._api = api
        self._records = records

    async def target(self, message: telegram.Message) -> CardRecord | None:
        """The card a message is about: the one it replies to, else the newest of the topic."""
        chat, replied = message.chat.id, message.reply_to_message
        if replied is not None and (token := await self._records.token_at(chat, replied.message_id)) is not None:
            return await self._records.card(token)
        if not message.is_topic_message or message.message_thread_id is None:
            return None
        conversation = await self._records.conversation_of(chat, message.message_thread_id)
        if conversation is None:
            return None
        token = await self._records.newest(conversation)
        newest = None if token is None else await self._records.card(token)
        # Somebody deleted the card; whose topic it is says whom to answer.
        return newest or CardRecord(conversation=conversation, first=0, turn=None, open=False)

    async def said(self, message: telegram.Message, agent: AgentIdentity, card: CardRecord) -> str | None:
        """Store what was written; a text when it could not be, for who wrote it.

        Raises:
            Whatever the inbox raises: then the message is not stored and Telegram must send it again.
        """
        text = clean(message.text or message.caption or "").strip()
        attached = _attached(message)
        note = _NOTE.fullmatch(text)
        if note is not None and attached is not None:
            return texts.NOTE_WITH_FILE
        if note is not None:
            return await self._store(message, AgentNoted(agent=agent.name, text=note["text"]), card)
        if attached is None and not text:
            return texts.NOT_CARRIED
        media: tuple[Media, ...] = ()
        if attached is not None:
            try:
                media = (await self._fetched(attached),)
            except HeqiError as error:
                count(self._account, "desk_media")
                return texts.TOO_BIG if isinstance(error, Refused) and error.reason == "too_big" else texts.NOT_FETCHED
        choice = Choice(
            agent=agent.name,
            seller_text=text,
            turn_id=await self._turn_seen(message, card),
            media=media,
            lead=is_lead(agent),
        )
        return await self._store(message, AgentChose(choice=choice), card)

    async def _store(self, message: telegram.Message, body: Body, card: CardRecord) -> str | None:
        event = Event(
            account=self._account,
            external_id=f"msg:{message.chat.id}:{message.message_id}",
            conversation_id=card.conversation,
            body=body,
            at=self._around.now(),
        )
        newest = await self._records.newest(card.conversation)  # before a newer one may come, which it does not answer
        try:
            accepted = await self._around.inbox.accept(event)
        except Malformed:  # the conversation was deleted since
            return texts.EXPIRED
        if isinstance(body, AgentChose) and message.from_user is not None:
            await self._records.put_spoken(card.conversation, message.from_user.id, accepted.event_id, newest=newest)
        return None

    async def _turn_seen(self, message: telegram.Message, card: CardRecord) -> int | None:
        """The turn the seller answers, so that two sellers do not answer it both; None when it may be answered again.

        That is so once the card shows an answer, and for who has answered it: people write several messages in a row.
        """
        if not card.open or message.from_user is None:
            return None
        before = await self._records.spoken(card.conversation, message.from_user.id)
        if before is None:
            return card.turn
        try:
            outcome = await self._around.inbox.outcome(before, timeout=_PATIENCE)
        except TimeoutError:
            return None
        return None if outcome.refusal is None else card.turn

    async def _fetched(self, attached: _Attached) -> Media:
        """The attachment with its bytes stored.

        Raises:
            TryLater, Refused, Ambiguous: they cannot be had (``too_big``: above 20 MB).
        """
        if attached.size > LARGEST:
            raise Refused("too_big")
        file = await self._api.call(None, lambda bot: bot.get_file(attached.file_id))
        content = await self._api.download(file.file_path or "", limit=LARGEST)
        ref = await self._around.blobs.put(content, mime=attached.mime)
        return Media(kind=attached.kind, name=attached.name, mime=attached.mime, size=len(content), ref=ref)


def _attached(message: telegram.Message) -> _Attached | None:
    """The attachment of a message, None when it has none that can be handed on."""
    if message.photo:
        largest = message.photo[-1]
        return _Attached("photo", largest.file_id, largest.file_size or 0, "", "image/jpeg")
    found = message.video or message.voice or message.audio or message.document
    if found is None:
        return None
    kind = "video" if message.video else "voice" if message.voice else "document"
    name = "" if isinstance(found, telegram.Voice) else clean(found.file_name or "")
    mime = clean(found.mime_type or "") or "application/octet-stream"
    return _Attached(kind, found.file_id, found.file_size or 0, name, mime)
