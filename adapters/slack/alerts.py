"""One conversation's alert brought up to date: its card, then its thread, one message after the other.

What is about to be posted is kept first. When it is not known whether it was posted (a crash, a lost connection), it is
looked for by its metadata before it is posted again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import structlog

from adapters.counts import count
from adapters.ports import ConversationView, Desk, Escalation, Line, Showing
from adapters.slack import cards, threads
from adapters.slack.api import SlackApi
from adapters.slack.blocks import Message
from adapters.slack.cards import Frame
from adapters.slack.errors import CHANNEL, CONTENT, GONE
from adapters.slack.memo import Memo
from adapters.slack.records import Records
from adapters.slack.settings import SlackSettings
from adapters.slack.values import NAME
from dialogs.errors import Refused, TryLater
from dialogs.messages import DeliveryState, Direction, Severity

CARD: Final = "heqi_escalation"  # event types of the metadata
THREAD: Final = "heqi_thread"
_SKEW: Final = 300.0  # seconds our clock and Slack's may differ
_PAGES: Final = 5  # of lines that are read back when many are new
_ON_ITS_WAY: Final = frozenset({DeliveryState.QUEUED, DeliveryState.SENDING})

log = structlog.stdlib.get_logger(__name__)


class Alert:
    """The alert of one conversation, for one call of the board."""

    def __init__(
        self,
        showing: Showing,
        escalation: Escalation,
        *,
        settings: SlackSettings,
        api: SlackApi,
        records: Records,
        desk: Desk,
        frame: Frame,
    ) -> None:
        self._showing = showing
        self._view = showing.view
        self._escalation = escalation
        self._settings = settings
        self._api = api
        self._records = records
        self._desk = desk
        self._frame = frame
        self._memo = Memo.read(showing.memo)

    async def show(self) -> None:
        """Bring it up to date; raises as ``Board.show`` does."""
        known = self._memo.escalation == self._escalation.id
        if not (known and self._memo.ts) and not (await self._open() if self._escalation.open else await self._over()):
            return
        await self._raise()
        await self._leave()
        await self._refresh()
        await self._follow()

    # ---- the card ----------------------------------------------------------------------------------------------------

    async def _open(self) -> bool:
        """Post the card; an older alert of the conversation ends. Returns whether there is a card."""
        if self._escalation.id != self._memo.escalation:
            await self._end_old()
            await self._records.forget_thread(self._view.row.id)
            lines = _settled(self._view.lines)
            await self._keep(
                Memo(
                    escalation=self._escalation.id,
                    channel=channel_for(self._settings, self._view, self._escalation),
                    urgent=self._escalation.severity is Severity.URGENT,
                    line=lines[-1].message.seq if lines else 0,
                    refused=max((each.event_id for each in self._view.refused), default=0),
                    states={line.message.id: line.delivery for line in lines if _outgoing(line) and line.delivery},
                )
            )
        try:
            await self._put_card()
        except Refused as error:
            # An alert must reach somebody: when its own channel cannot be used it goes where all others go.
            if not error.reason.startswith(CHANNEL) or self._memo.channel == self._settings.channel:
                raise
            count(NAME, "channel_refused")
            await self._keep(self._memo.but(channel=self._settings.channel))
            await self._put_card()
        return True

    async def _over(self) -> bool:
        """It ended before a card was known to be there; whether there is one all the same."""
        memo = self._memo
        if memo.escalation != self._escalation.id:
            await self._end_old()
            return False
        found = None
        if memo.posting == f"{CARD}:{self._escalation.id}":
            found = await self._api.find(memo.channel, CARD, self._escalation.id, since=memo.since - _SKEW)
        if found is None:
            await self._keep(memo.but(closed=True, posting=""))
            return False
        await self._records.put_thread(memo.channel, found, self._view.row.id)
        await self._keep(memo.but(ts=found, digest="", posting=""))
        return True

    async def _put_card(self) -> None:
        shown = cards.alert(self._view, self._escalation, self._frame)
        bare = cards.plain_alert(self._view, self._escalation, self._frame)
        ts = await self._post(CARD, self._escalation.id, shown, bare)
        await self._records.put_thread(self._memo.channel, ts, self._view.row.id)
        closed = not self._escalation.open
        await self._keep(self._memo.but(ts=ts, digest=cards.digest(shown), closed=closed, posting=""))

    async def _end_old(self) -> None:
        """An alert that a newer one follows keeps no buttons."""
        old = self._memo
        if old.ts and not old.closed:
            await self._change(old.channel, old.ts, cards.replaced(self._view, self._frame))
            await self._keep(old.but(closed=True))

    async def _raise(self) -> None:
        """Tell in the thread that it became urgent, and move to the channel for that when there is another one."""
        memo, urgent = self._memo, self._escalation.severity is Severity.URGENT
        if not urgent or memo.urgent or not self._escalation.open:
            return
        channel = channel_for(self._settings, self._view, self._escalation)
        if channel == memo.channel:
            await self._tell(f"urgent:{self._escalation.id}", threads.urgent(self._escalation))
            await self._keep(self._memo.but(urgent=True, posting=""))
            return
        left = f"{memo.channel}:{memo.ts}"
        await self._keep(memo.but(urgent=True, channel=channel, ts="", left=left, posting=""))
        try:
            await self._put_card()
        except Refused as error:
            if not error.reason.startswith(CHANNEL):
                raise
            count(NAME, "channel_refused")
            await self._keep(memo)
            await self._tell(f"urgent:{self._escalation.id}", threads.urgent(self._escalation))
            await self._keep(self._memo.but(urgent=True, posting=""))

    async def _leave(self) -> None:
        """The card in the channel it was raised from keeps no buttons."""
        if self._memo.left:
            channel, _, ts = self._memo.left.partition(":")
            await self._change(channel, ts, cards.moved(self._memo.channel, self._view, self._frame))
            await self._keep(self._memo.but(left=""))

    async def _refresh(self) -> None:
        shown = cards.alert(self._view, self._escalation, self._frame)
        digest = cards.digest(shown)
        if digest == self._memo.digest:
            return
        there = await self._change(
            self._memo.channel, self._memo.ts, shown, cards.plain_alert(self._view, self._escalation, self._frame)
        )
        if there:
            await self._keep(self._memo.but(digest=digest, closed=not self._escalation.open))
        elif self._escalation.open:  # somebody deleted it, but it still waits for somebody
            await self._keep(self._memo.but(ts=""))
            await self._put_card()
        else:
            await self._keep(self._memo.but(digest=digest, closed=True))

    async def _change(self, channel: str, ts: str, shown: Message, bare: Message | None = None) -> bool:
        """Change a message; whether it is still there."""
        try:
            await self._api.update(channel, ts, shown)
        except Refused as error:
            if error.reason == GONE:
                count(NAME, "card_gone")
                return False
            if error.reason != CONTENT or bare is None:
                raise
            log.warning("slack_content_refused", conversation=self._view.row.id)
            await self._api.update(channel, ts, bare)
        return True

    # ---- its thread --------------------------------------------------------------------------------------------------

    async def _follow(self) -> None:
        lines = await self._new_lines()
        for line in lines:
            await self._follow_line(line)
        await self._follow_deliveries()
        for refused in self._view.refused:
            if refused.event_id <= self._memo.refused:
                continue
            choice = refused.choice
            if await self._records.chose(self._view.row.id, choice.agent, choice.seller_text):
                await self._tell(f"refused:{refused.event_id}", threads.refused(refused))
            await self._keep(self._memo.but(refused=refused.event_id, posting=""))

    async def _new_lines(self) -> Sequence[Line]:
        """Lines the thread has not told, oldest first, up to the first one that is still being worked on."""
        known, lines = self._memo.line, list(self._view.lines)
        earlier = self._view.earlier
        for _ in range(_PAGES):
            if not earlier or not lines or lines[0].message.seq <= known:
                break
            page = await self._desk.view(self._view.row.id, before=lines[0].message.seq)
            if page is None:
                break
            lines, earlier = [*page.lines, *lines], page.earlier
        new = [line for line in _settled(lines) if line.message.seq > known]
        if new and earlier and lines[0].message.seq > known and not self._memo.closed:
            await self._tell(f"gap:{new[0].message.id}", threads.gap())
            await self._keep(self._memo.but(line=new[0].message.seq - 1, posting=""))
        return new

    async def _follow_line(self, line: Line) -> None:
        message, told = line.message, f"line:{line.message.id}"
        memo = self._memo
        note = None
        if message.direction is Direction.NOTE:
            note = await self._records.note_told(self._view.row.id, message.author, message.text, message.id)
        if note is not None:
            await self._tell(told, threads.noted(self._view.row.id, note))
        elif not memo.closed or await self._from_here(line):
            await self._tell(told, threads.line(line), threads.plain_line(self._view.row.id, self._frame))
        memo = self._memo.but(line=message.seq, posting="")
        if _outgoing(line) and line.delivery is not None:
            memo = memo.watching(message.id, line.delivery)
        await self._keep(memo)

    async def _from_here(self, line: Line) -> bool:
        message = line.message
        return _outgoing(line) and await self._records.chose(
            self._view.row.id, message.author, message.seller_text or ""
        )

    async def _follow_deliveries(self) -> None:
        """Tell what became of answers that did not simply arrive."""
        for line in self._view.lines:
            before = self._memo.states.get(line.message.id)
            if before is None or line.delivery is None or before == line.delivery:
                continue
            trouble = threads.state(line)
            mended = DeliveryState(before) not in _ON_ITS_WAY and not trouble and line.delivery not in _ON_ITS_WAY
            was_trouble = before in {DeliveryState.HELD, DeliveryState.FAILED, DeliveryState.AMBIGUOUS}
            if trouble or (mended and was_trouble):
                key = f"state:{line.message.id}:{line.delivery}"
                await self._tell(key, threads.changed(line))
            elif was_trouble:  # on its way again: what was told last stays in mind until it has left
                continue
            await self._keep(self._memo.watching(line.message.id, line.delivery).but(posting=""))

    # ---- posting -----------------------------------------------------------------------------------------------------

    async def _tell(self, key: str, shown: Message, bare: Message | None = None) -> None:
        await self._post(THREAD, key, shown, bare, thread=self._memo.ts)

    async def _post(
        self, event_type: str, key: str | int, shown: Message, bare: Message | None, *, thread: str = ""
    ) -> str:
        """Post a message once and return its ``ts``; ``posting`` of the memo is to be cleared with what follows."""
        channel, posting = self._memo.channel, f"{event_type}:{key}"
        if self._memo.posting == posting:
            since = self._memo.since - _SKEW
            found = await self._api.find(channel, event_type, key, since=since, thread=thread)
            if found is not None:
                count(NAME, "post_found")
                return found
        metadata = {"event_type": event_type, "event_payload": {"id": key}}
        await self._keep(self._memo.but(posting=posting, since=self._frame.now.timestamp()))
        try:
            return await self._api.post(channel, {**shown, "metadata": metadata}, thread=thread)
        except Refused as error:
            if error.reason == CONTENT and bare is not None:
                log.warning("slack_content_refused", conversation=self._view.row.id)
                return await self._api.post(channel, {**bare, "metadata": metadata}, thread=thread)
            await self._keep(self._memo.but(posting=""))
            raise
        except TryLater:  # for sure nothing was posted: no need to look for it
            await self._keep(self._memo.but(posting=""))
            raise

    async def _keep(self, memo: Memo) -> None:
        if memo != self._memo:
            self._memo = memo
            await self._showing.keep(memo.model_dump_json())


def channel_for(settings: SlackSettings, view: ConversationView, escalation: Escalation) -> str:
    """Where an alert belongs."""
    for route in settings.routes:
        if (
            (not route.shops or view.row.shop in route.shops)
            and (not route.situations or view.case.situation in route.situations)
            and (not route.reasons or not route.reasons.isdisjoint(escalation.reasons))
            and (not route.severities or escalation.severity in route.severities)
        ):
            return route.channel
    return settings.channel


def _settled(lines: Sequence[Line]) -> list[Line]:
    """Lines before the first that is still being worked on."""
    settled: list[Line] = []
    for line in lines:
        if line.pending and line.parked is None:
            break
        settled.append(line)
    return settled


def _outgoing(line: Line) -> bool:
    return line.message.direction is Direction.OUTGOING
