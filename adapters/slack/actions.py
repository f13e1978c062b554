"""What the team does in Slack: presses and replies become events, and whoever did it is told what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Final

import structlog

from adapters.counts import count
from adapters.ports import AgentIdentity, ConversationView
from adapters.slack import texts, threads
from adapters.slack.api import Json, SlackApi
from adapters.slack.mrkdwn import escaped, mentioned, plain
from adapters.slack.records import Records, Shown, ThreadNote
from adapters.slack.values import APPROVE, CLAIM, ESCALATE, NAME, REJECT, RESOLVE, SEND, Value
from adapters.surroundings import Surroundings
from dialogs.errors import HeqiError, Malformed
from dialogs.events import (
    AgentApproved,
    AgentChose,
    AgentClaimed,
    AgentEscalated,
    AgentNoted,
    AgentSetStatus,
    Body,
    Event,
)
from dialogs.messages import Choice, RefusalCode

LEAD: Final = "lead"
_NEEDS_OPEN: Final = frozenset({CLAIM, ESCALATE, RESOLVE})  # mean nothing once the escalation has ended

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """A button was pressed."""

    action: str
    value: str
    key: str  # unique: Slack may tell of it twice
    user: str
    channel: str
    thread: str  # ts of the alert
    trigger: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A window was sent."""

    view: str
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadReply:
    """Somebody wrote in a thread."""

    event_id: str
    channel: str
    thread: str
    ts: str
    user: str
    text: str
    emoji: Mapping[str, str]
    files: bool


class Actions:
    """Takes in what people do. Whatever must not be lost is stored before a method returns."""

    def __init__(self, *, around: Surroundings, shops: frozenset[str], api: SlackApi, records: Records) -> None:
        self._around = around
        self._shops = shops
        self._api = api
        self._records = records
        self._tasks: set[asyncio.Task[None]] = set()

    async def pressed(self, press: Press) -> None:
        """Store what a button means; raises what the inbox raises."""
        value = Value.unpacked(press.value)
        if value is None:
            count(NAME, "bad_button")
            return
        agent = await self._known(press.user, press.channel, press.thread)
        if agent is None:
            return
        view = await self._view(value.conversation)
        if view is None:
            self._whisper(press.channel, press.user, texts.UNKNOWN, press.thread)
            return
        if press.action == SEND:
            self._later(self._preview(press, value, view))
            return
        refusal = _why_not(press.action, value, view, agent)
        if refusal:
            count(NAME, "press_refused")
            self._whisper(press.channel, press.user, refusal, press.thread)
            return
        body = _meaning(press.action, value, agent)
        if body is None:
            count(NAME, "unknown_button")
            return
        event_id = await self._accept(press.key, value.conversation, body)
        if event_id is not None:
            self._later(self._tell_outcome(event_id, press.channel, press.user, press.thread))

    async def replied(self, reply: ThreadReply) -> None:
        """Store a reply in an alert's thread as a note; raises what the inbox raises."""
        conversation = await self._records.conversation_of(reply.channel, reply.thread)
        if conversation is None:
            count(NAME, "other_thread")
            return
        agent = await self._known(reply.user, reply.channel, reply.thread)
        if agent is None:
            return
        names = {user: await self._name_of(user) for user in sorted(mentioned(reply.text))[:20]}
        text = plain(
            reply.text, name_of=lambda user: names.get(user, "同事"), emoji=reply.emoji
        )  # people see each other's names, the platform's ids mean nothing to a reader
        if reply.files:
            self._whisper(reply.channel, reply.user, texts.FILES if text else texts.ONLY_FILES, reply.thread)
        if not text:
            count(NAME, "empty_reply")
            return
        await self._records.put_note(
            conversation, f"{reply.channel}:{reply.ts}", ThreadNote(agent=agent.name, text=text)
        )
        await self._accept(reply.event_id, conversation, AgentNoted(agent=agent.name, text=text))

    async def submitted(self, submission: Submission) -> bool:
        """Store what a window showed as a choice; False when it is no longer known what it showed."""
        agent = await self._around.team.of(NAME, submission.user)
        shown = await self._records.shown(submission.view)
        if agent is None or shown is None:
            count(NAME, "window_expired")
            return False
        choice = Choice(
            agent=agent.name,
            seller_text=shown.seller_text,
            buyer_text=shown.buyer_text,
            turn_id=shown.turn,
            lead=agent.role == LEAD,
        )
        await self._records.put_choice(shown.conversation, agent.name, shown.seller_text)
        # What it showed is kept for a day: when our answer gets lost it is sent again, which is no expired window.
        await self._accept(f"window:{submission.view}:{submission.user}", shown.conversation, AgentChose(choice=choice))
        return True

    async def dismissed(self, view: str) -> None:
        """A window was closed without sending."""
        await self._records.forget_shown(view)

    async def stop(self) -> None:
        """End what is still being told."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # ---- inside ------------------------------------------------------------------------------------------------------

    async def _known(self, user: str, channel: str, thread: str) -> AgentIdentity | None:
        """Who it is; a stranger is told how to become known."""
        agent = await self._around.team.of(NAME, user)
        if agent is None:
            count(NAME, "stranger")
            self._whisper(channel, user, texts.STRANGER.format(user=user), thread)
        return agent

    async def _view(self, conversation: int) -> ConversationView | None:
        view = await self._around.desk.view(conversation)
        return view if view is not None and view.row.shop in self._shops else None

    async def _name_of(self, user: str) -> str:
        agent = await self._around.team.of(NAME, user)
        return "同事" if agent is None else agent.name

    async def _accept(self, key: str, conversation: int, body: Body) -> int | None:
        """Store an event; its id, None when it was stored before or names nothing we know."""
        event = Event(
            account=NAME, external_id=key, body=body, at=self._around.now(), conversation_id=conversation
        )  # when it was taken in: Slack's own clock is not ours
        try:
            accepted = await self._around.inbox.accept(event)
        except Malformed:
            count(NAME, "unknown_conversation")
            return None
        if accepted.duplicate:
            count(NAME, "duplicate")
            return None
        return accepted.event_id

    async def _tell_outcome(self, event_id: int, channel: str, user: str, thread: str) -> None:
        try:
            outcome = await self._around.inbox.outcome(event_id)
        except TimeoutError:
            await self._api.whisper(channel, user, texts.SLOW, thread=thread)
            return
        if outcome.refusal is not None:
            ended = outcome.refusal.code is RefusalCode.UNKNOWN_TARGET
            why = texts.ENDED if ended else f"没有处理：{texts.refusal(outcome.refusal)}"
            await self._api.whisper(channel, user, escaped(why, 500), thread=thread)
        elif not outcome.done or outcome.error:
            await self._api.whisper(channel, user, texts.FAILED, thread=thread)

    async def _preview(self, press: Press, value: Value, view: ConversationView) -> None:
        """Open the window at once, while Slack lets us, then show in it what would leave."""
        try:
            opened = await self._api.call("views.open", {"trigger_id": press.trigger, "view": threads.translating()})
        except HeqiError:
            await self._api.whisper(press.channel, press.user, texts.NO_WINDOW, thread=press.thread)
            return
        window = _id_of(opened)
        note = await self._records.note(value.conversation, value.note or "")
        try:
            shown = threads.unsendable(texts.OLD_NOTE) if note is None else await self._previewed(note, window, view)
        except HeqiError:
            shown = threads.unsendable(texts.FAILED)
        await self._api.call("views.update", {"view_id": window, "view": shown})

    async def _previewed(self, note: ThreadNote, window: str, view: ConversationView) -> Json:
        preview = await self._around.desk.preview(view.row.id, note.text, back=True)
        there, refusal = preview.translation, preview.refusal
        approval = refusal is not None and refusal.code is RefusalCode.NEEDS_APPROVAL
        if refusal is not None and not approval:
            return threads.unsendable(texts.refusal(refusal))
        if there.text is None:
            return threads.unsendable(texts.REFUSAL[RefusalCode.NOT_TRANSLATED])
        if not there.proven:
            return threads.unsendable(texts.REFUSAL[RefusalCode.UNPROVEN])
        shown = Shown(
            conversation=view.row.id,
            turn=view.turn_id,
            seller_text=note.text,
            buyer_text=there.text,
            at=self._around.now(),
        )
        await self._records.put_shown(window, shown)
        return threads.preview(note.text, there, preview.back, approval=approval)

    def _whisper(self, channel: str, user: str, text: str, thread: str) -> None:
        self._later(self._api.whisper(channel, user, text, thread=thread))

    def _later(self, work: Coroutine[object, object, None]) -> None:
        """Do what only tells somebody something, after Slack was answered."""
        task = asyncio.create_task(self._attempt(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: work.close())  # what ended before it began

    async def _attempt(self, work: Coroutine[object, object, None]) -> None:
        try:
            await work
        except HeqiError as error:  # nothing is lost: what was done stands, only the hint about it is not seen
            count(NAME, "hint_failed")
            log.warning("slack_hint_failed", reason=str(error))
        except Exception:  # nobody waits for this task: the log is where it is seen
            count(NAME, "hint_failed")
            log.exception("slack_hint_failed")


def _why_not(action: str, value: Value, view: ConversationView, agent: AgentIdentity) -> str:
    """Why a press is not even handed in, empty when it is."""
    if action in {APPROVE, REJECT}:
        return "" if agent.role == LEAD else texts.LEADS_ONLY
    escalation = view.escalation
    current = escalation is not None and escalation.open and value.escalation == escalation.id
    return texts.ENDED if action in _NEEDS_OPEN and not current else ""


def _meaning(action: str, value: Value, agent: AgentIdentity) -> Body | None:
    match action, value.message:
        case str(), int(message) if action in {APPROVE, REJECT}:
            return AgentApproved(agent=agent.name, message_id=message, approved=action == APPROVE)
        case str(), _ if action == CLAIM:
            return AgentClaimed(agent=agent.name)
        case str(), _ if action == ESCALATE:
            return AgentEscalated(agent=agent.name)
        case str(), _ if action == RESOLVE:
            return AgentSetStatus(agent=agent.name, resolved=True)
        case _:
            return None


def _id_of(opened: Json) -> str:
    view = opened.get("view")
    found = view.get("id") if isinstance(view, dict) else None
    return found if isinstance(found, str) else ""
