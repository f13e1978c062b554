"""One call of ``show``: the topic and the cards of one conversation are brought up to what the view says.

Whatever was done is in the memo before the next step, so anyone may be killed at any instant: what can happen is a
card sent twice, never one that is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from adapters.ports import Blobs, ConversationView, Line, Showing
from adapters.telegram.desk import notices
from adapters.telegram.desk.cards import Card, Look, card, fingerprint, token_of, topic_title
from adapters.telegram.desk.memo import CardMemo, Memo
from adapters.telegram.desk.parts import Part, incoming, new_part, parts_of
from adapters.telegram.desk.poster import Poster
from adapters.telegram.desk.records import CardRecord, Offer, Records
from adapters.telegram.desk.seen import Seen
from dialogs.errors import Refused, TryLater
from dialogs.messages import CaseStatus, DeliveryState, Direction, Media, RefusalCode

_LARGEST_FILE: Final = 50 * 1024 * 1024  # Bot API, "Sending files"
_RECOVERIES: Final = 3
_NOT_SAID: Final = frozenset({DeliveryState.HELD, DeliveryState.CANCELLED})
# The chat has no topics (any more), or the bot may not open them: the buyer is named on the card instead.
_NO_TOPICS: Final = frozenset({"no_rights", "bad_request"})
# A message that cannot be changed: somebody deleted it, or Telegram says no more than that it will not.
_GONE: Final = frozenset({"message_not_found", "bad_request"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What every call works with."""

    poster: Poster
    records: Records
    blobs: Blobs
    seen: Seen


class Showcase:
    """One conversation on the desk in ``chat``."""

    def __init__(self, tools: Tools, showing: Showing, *, chat: int, topics: bool, look: Look) -> None:
        """Args: ``topics`` tells whether each buyer gets a topic of their own."""
        self._poster = tools.poster
        self._records = tools.records
        self._blobs = tools.blobs
        self._seen = tools.seen
        self._view: ConversationView = showing.view
        self._keep_text = showing.keep
        self._memo = Memo.read(showing.memo, chat)
        self._chat = chat
        self._topics = topics
        self._look = look
        self._parts_of: tuple[CardMemo, ...] = ()
        self._parts: Mapping[int, Part] = {}
        self._said = max((line.message.seq for line in self._view.lines if _is_answer(line)), default=0)

    async def bring(self) -> None:
        """Do what is left to do; raises what the poster raises, and TryLater when the topic does not settle."""
        for _ in range(_RECOVERIES):
            try:
                await self._steps()
            except Refused as error:
                await self._recover(error)
            else:
                return
        raise TryLater("topic_unsettled")

    async def _steps(self) -> None:
        part = new_part(self._view, self._memo)
        if part is not None:
            await self._post(part)
        if not self._memo.seq:
            return  # nothing of this conversation is here
        await self._refresh()
        await self._call_out()
        await self._send_files()
        await self._tell_refused()
        await self._close_or_open()

    async def _recover(self, error: Refused) -> None:
        """Make good what people did to the topic, so that the steps can be taken again; else raise ``error``."""
        topic = self._memo.topic
        if topic is None or error.reason not in {"thread_not_found", "topic_closed"}:
            raise error
        if error.reason == "topic_closed":
            await self._poster.set_closed(self._chat, topic, closed=False)
            await self._keep(closed=False)
            return
        await self._lose_topic(topic)

    async def _lose_topic(self, topic: int) -> None:
        """The topic and all its cards are gone: the newest one is shown again in a new topic."""
        await self._records.forget(self._chat, self._memo.cards, topic=topic)
        seq = self._memo.cards[-1].first - 1 if self._memo.cards else self._memo.seq
        await self._keep(topic=None, title="", closed=False, cards=(), seq=seq)

    async def _keep(self, **changes: object) -> None:
        self._memo = self._memo.model_copy(update=changes)
        await self._keep_text(self._memo.model_dump_json())

    def _part(self, shown: CardMemo) -> Part | None:
        """The lines of a card that was shown, None when they are older than what the view tells."""
        if self._parts_of is not self._memo.cards:
            self._parts_of, self._parts = self._memo.cards, parts_of(self._view, self._memo.cards)
        return self._parts.get(shown.first)

    # ---- cards -------------------------------------------------------------------------------------------------------

    async def _post(self, part: Part) -> None:
        """Send a new card. Its buttons can be pressed as soon as it is there: what they mean is stored before."""
        view = self._view
        topic = await self._topic()
        token = token_of(view, part.first)
        shown = self._laid_out(part, token)
        record = self._record(part)
        await self._records.put_newest_card(token, record)
        message = await self._poster.send(self._chat, shown, topic=topic)
        new = CardMemo(
            token=token,
            message=message,
            first=part.first,
            last=part.last,
            digest=shown.digest,
            open=record.open,
            turn=record.turn,
        )
        before = self._memo
        told = before.told or max((each.event_id for each in view.refused), default=0)
        self._memo = before.with_card(new)
        kept = {each.first for each in self._memo.cards}
        dropped = [each for each in before.cards if each.first not in kept]
        await self._records.put_message(self._chat, message, token, instead_of=dropped)
        await self._keep(told=before.told if before.seq else told)
        await self._rename()

    def _laid_out(self, part: Part, token: str) -> Card:
        """The card for ``part``; what it was made of is remembered."""
        made = card(self._view, part, token=token, look=self._look)
        mark = fingerprint(self._view, part, token=token)
        self._seen.note(self._view.row.id, part.first, mark, made.digest)
        return made

    async def _topic(self) -> int | None:
        """The buyer's topic, opened when there is none yet; None where there can be none."""
        if self._memo.topic is not None or not self._topics:
            return self._memo.topic
        title = topic_title(self._view)
        try:
            topic = await self._poster.create_topic(self._chat, title)
        except Refused as error:
            if error.reason in _NO_TOPICS:
                return None
            raise
        await self._records.put_topic(self._chat, topic, self._view.row.id)
        await self._keep(topic=topic, title=title)
        return topic

    async def _rename(self) -> None:
        title, topic = topic_title(self._view), self._memo.topic
        if topic is None or title == self._memo.title:
            return
        try:
            await self._poster.rename_topic(self._chat, topic, title)
        except Refused as error:
            if error.reason not in _NO_TOPICS:
                raise
        await self._keep(title=title)

    def _record(self, part: Part) -> CardRecord:
        return CardRecord(
            conversation=self._view.row.id,
            first=part.first,
            turn=self._turn(part),
            offers=tuple(Offer(id=each.id, seller_text=each.seller_text) for each in self._view.proposals),
            open=self._is_open(part),
        )

    def _turn(self, part: Part) -> int | None:
        """The turn that is answered with the card's buttons."""
        if part.latest and self._view.turn_id is not None:
            return self._view.turn_id
        return max((line.turn_id for line in part.lines if incoming(line) and line.turn_id is not None), default=None)

    def _is_open(self, part: Part) -> bool:
        """Whether nobody has answered yet what the buyer wrote there."""
        return self._said <= part.last

    async def _refresh(self) -> None:
        """Edit the cards that changed, the newest first: it is the one people look at."""
        for shown in reversed(self._memo.cards):
            part = self._part(shown)
            if part is None:
                continue
            token = token_of(self._view, shown.first) if part.latest and self._view.proposals else shown.token
            digest, made = self._digest(part, token)
            now = (token, digest, self._is_open(part), self._turn(part))
            if now != (shown.token, shown.digest, shown.open, shown.turn):
                await self._change(shown, part, token, made)

    def _digest(self, part: Part, token: str) -> tuple[str, Card | None]:
        """How the card looks now; it is laid out only when it may look otherwise than the last time."""
        mark = fingerprint(self._view, part, token=token)
        known = self._seen.digest(self._view.row.id, part.first, mark)
        if known is not None:
            return known, None
        made = self._laid_out(part, token)
        return made.digest, made

    async def _change(self, shown: CardMemo, part: Part, token: str, made: Card | None) -> None:
        """Edit a card; ``made`` is how it looks now, None when that is still to be laid out."""
        now = made or self._laid_out(part, token)
        changed = {"token": token, "digest": now.digest, "open": self._is_open(part), "turn": self._turn(part)}
        if token != shown.token:
            await self._records.put_newest_card(token, self._record(part), at=(self._chat, shown.message))
        elif (changed["open"], changed["turn"]) != (shown.open, shown.turn):
            # What it offered stays known: who presses late is told who was first.
            before, record = await self._records.card(token), self._record(part)
            offers = before.offers if before is not None else record.offers
            await self._records.put_card(token, record.model_copy(update={"offers": offers}))
        if now.digest != shown.digest:
            try:
                await self._poster.edit(self._chat, shown.message, now)
            except Refused as error:
                if error.reason not in _GONE:
                    raise
                await self._replace(shown, part)
                return
        if token != shown.token:
            await self._records.forget_card(shown.token)
        self._memo = self._memo.with_card(shown.model_copy(update=changed))
        await self._keep()

    async def _replace(self, shown: CardMemo, part: Part) -> None:
        """Somebody deleted the card: where the buyer still waits it is sent again, else it may stay gone."""
        if part.latest and self._is_open(part) and self._view.case.status is CaseStatus.OPEN:
            await self._post(part)  # until it is there the old one stays in the memo, which is how it is not lost
            await self._records.forget(self._chat, (shown,), keep=self._memo.cards[-1].token)
            return
        await self._records.forget(self._chat, (shown,))
        await self._keep(cards=tuple(each for each in self._memo.cards if each != shown))

    # ---- what an edit alone would not make anybody look at -----------------------------------------------------------

    async def _call_out(self) -> None:
        """Call the team for what failed or waits for a decision, once for each."""
        for shown in self._memo.cards:
            part = self._part(shown)
            for line in part.lines if part is not None else ():
                called = notices.trouble(line, self._look.now)
                key = f"{line.message.id}:{line.parked or line.delivery}"
                if called is None or key in self._memo.rung:
                    continue
                await self._say(called, reply_to=shown.message)
                await self._keep(rung=(*self._memo.rung, key)[-100:])

    async def _tell_refused(self) -> None:
        """Tell in the topic what was typed there and did not leave."""
        for refused in self._view.refused:
            if refused.event_id <= self._memo.told:
                continue
            # A second press on a card that is answered: who pressed was told, and nothing that was typed is lost.
            if refused.refusal.code is not RefusalCode.CLOSED or refused.choice.proposal_id is None:
                newest = self._memo.cards[-1].token if self._memo.cards else None
                await self._say(notices.refused(refused, self._view, token=newest, url=self._look.url))
            await self._keep(told=refused.event_id)

    async def _say(self, said: Card, *, reply_to: int | None = None) -> None:
        await self._poster.send(self._chat, said, topic=self._memo.topic, reply_to=reply_to)

    # ---- attachments and the topic's state ---------------------------------------------------------------------------

    async def _send_files(self) -> None:
        """Send the attachments whose bytes are there by now, below the card that names them."""
        for first in [each.first for each in self._memo.cards]:
            shown = next(each for each in self._memo.cards if each.first == first)
            part = self._part(shown)
            for key, media in _stored(part.lines if part is not None else ()):
                if key in shown.sent:
                    continue
                await self._send_file(media, shown)
                shown = shown.model_copy(update={"sent": (*shown.sent, key)})
                self._memo = self._memo.with_card(shown)
                await self._keep()

    async def _send_file(self, media: Media, shown: CardMemo) -> None:
        found = await self._blobs.get(media.ref)
        if found is None or not found[0] or len(found[0]) > _LARGEST_FILE:
            return  # it is named on the card, and the web desk shows what there is
        try:
            await self._poster.send_file(
                self._chat,
                found[0],
                photo=media.kind == "photo",
                name=notices.file_name(media, found[1]),
                topic=self._memo.topic,
                reply_to=shown.message,
            )
        except Refused as error:
            if error.reason not in {"bad_request", "too_big", "bad_photo"}:
                raise

    async def _close_or_open(self) -> None:
        """A resolved case closes its topic, an open one opens it."""
        topic, closed = self._memo.topic, self._view.case.status is CaseStatus.RESOLVED
        if topic is None or closed == self._memo.closed:
            return
        try:
            await self._poster.set_closed(self._chat, topic, closed=closed)
        except Refused as error:
            if error.reason == "thread_not_found" and closed:
                await self._records.forget(self._chat, (), topic=topic)
                await self._keep(topic=None, title="", cards=(), closed=False)
                return
            if error.reason not in _NO_TOPICS:
                raise
        await self._keep(closed=closed)


def _is_answer(line: Line) -> bool:
    return line.message.direction is Direction.OUTGOING and line.delivery not in _NOT_SAID


def _stored(lines: tuple[Line, ...]) -> list[tuple[str, Media]]:
    """The buyer's attachments whose bytes are stored, with a key for each."""
    return [
        (f"{line.message.id}:{number}", media)
        for line in lines
        if incoming(line)
        for number, media in enumerate(line.message.media)
        if media.ref
    ]
