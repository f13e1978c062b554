"""One open desk in one browser: what it asks is done, what changed is sent, and nothing else."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from nicegui import Client, background_tasks, ui
from nicegui.events import GenericEventArguments

from adapters.desk import present
from adapters.desk.actions import (
    BadAsk,
    NotAllowed,
    action_of,
    attached_of,
    integer,
    key_of,
    optional_text,
    text_of,
    values_of,
)
from adapters.desk.attachments import Attachments
from adapters.desk.present import Json
from adapters.desk.previews import Previews
from adapters.desk.templates import Templates
from adapters.desk.troubles import TroubleList
from adapters.desk.words import Words
from adapters.doors import clean
from adapters.ports import AgentIdentity, Agents, ConversationView, Desk, Feed, Inbox, ListQuery
from dialogs.errors import Malformed, Refused, TryLater
from dialogs.events import (
    AgentChose,
    AgentDismissed,
    AgentRetranslated,
    AgentRetried,
    AgentSentTemplate,
    Body,
    Event,
)
from dialogs.messages import CaseStatus, Refusal, RefusalCode

ACCOUNT: Final = "desk"
PAGE_LINES: Final = 60
PULSE_SECONDS: Final = 15.0  # how often health, clocks and the session are looked at without a change
GATHER_SECONDS: Final = 0.1  # changes this close together are one refresh
RETRY_SECONDS: Final = 2.0
# They are not parked when they fail: what they are about is, and shows it.
RETRIES: Final = (AgentRetried, AgentRetranslated, AgentDismissed)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """What all open desks work with."""

    desk: Desk
    inbox: Inbox
    feed: Feed
    agents: Agents
    attachments: Attachments
    situation_titles: Mapping[str, str]
    now: Callable[[], datetime]


class DeskElement(
    ui.element,
    component=Path(__file__).parent / "static" / "heqi_desk.js",
    esm={"heqi-desk": str(Path(__file__).parent / "static" / "parts")},
):
    """The desk in the browser: it gets messages by ``receive`` and asks by the event ``ask``."""


class LiveDesk:
    """The server's side of one open desk."""

    def __init__(
        self,
        backend: Backend,
        *,
        agent: AgentIdentity,
        token: str,
        words: Words,
        on_stop: Callable[[LiveDesk], None],
    ) -> None:
        self.token = token
        self._backend = backend
        self._agent = agent
        self._words = words
        self._on_stop = on_stop
        self._locale = words.language
        self._element: DeskElement | None = None
        self._client: Client | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._ended = False
        self._reading = asyncio.Lock()  # one refresh at a time, so that what was sent is known
        self._query = ListQuery()
        self._open_id: int | None = None
        self._limit = PAGE_LINES
        self._rows: dict[int, Json] = {}
        self._order: list[int] = []
        self._head: Json | None = None
        self._lines: dict[int, Json] = {}
        self._view: ConversationView | None = None
        self._previews = Previews(backend.desk, self._send)
        self._templates = Templates(backend.desk)
        self._troubles = TroubleList(backend.desk)
        self._slow: set[int] = set()  # events of choices whose outcome the seller still has to learn

    async def build(self, conversation_id: int | None) -> None:
        """Put the desk on the page, with the first data already in it."""
        self._open_id = conversation_id
        first = [await self._list_message(), await self._view_message(), self._health_message()]
        first.append(await self._troubles.message())
        boot = {
            "me": {"id": self._agent.id, "name": self._agent.name, "role": self._agent.role},
            "ui": self._words.language,
            "words": self._words.catalogue,
            "labels": self._words.labels(self._backend.situation_titles),
            "languages": self._words.languages(),
            "open": conversation_id,
            "messages": [message for message in first if message is not None],
        }
        ui.add_head_html(_HEAD)
        ui.page_title(self._words("和气工作台"))
        self._element = DeskElement()
        self._element.props["boot"] = json.dumps(boot, ensure_ascii=False)
        self._element.on("ask", self._ask)
        self._client = ui.context.client
        self._client.on_connect(self._start)
        self._client.on_delete(self.stop)

    def stop(self) -> None:
        """Follow no more changes."""
        self._ended = True
        for task in self._tasks:
            task.cancel()
        self._on_stop(self)

    def close(self) -> None:
        """Forget the browser: when it comes back it gets a fresh page, with its drafts."""
        self.stop()
        if self._client is not None and not self._client.is_deleted:
            self._client.delete()

    def log_out(self) -> None:
        """Tell the browser to leave, and serve it no more."""
        self._send({"type": "ended"})
        self.stop()

    # ---- what changed ------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        if not self._tasks and not self._ended:
            self._tasks = [
                background_tasks.create(self._follow(), name="desk feed"),
                background_tasks.create(self._pulse(), name="desk pulse"),
            ]

    async def _follow(self) -> None:
        await self._forever(self._listen)

    async def _pulse(self) -> None:
        await self._forever(self._beat)

    async def _forever(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except Exception as error:  # noqa: BLE001 - a failed read must not leave a desk that looks alive but is not
                log.warning("desk refresh failed, trying again: %s", type(error).__name__)
                self._send({"type": "trouble"})
                await asyncio.sleep(RETRY_SECONDS)

    async def _listen(self) -> None:
        with self._backend.feed.listen() as listener:
            await self._refresh()  # what changed before anybody listened
            while True:
                changed = await listener.next()
                await self._refresh(view=self._open_id in changed)
                await asyncio.sleep(GATHER_SECONDS)

    async def _beat(self) -> None:
        await asyncio.sleep(PULSE_SECONDS)
        if await self._backend.agents.by_session(self.token) is None:
            self.log_out()
            return
        self._send(self._health_message())
        await self._refresh(view=False)

    async def _refresh(self, *, view: bool = True) -> None:
        async with self._reading:
            if (message := await self._list_message()) is not None:
                self._send(message)
            if view and (message := await self._view_message()) is not None:
                self._send(message)
            if (message := await self._troubles.message()) is not None:
                self._send(message)

    async def _list_message(self) -> Json | None:
        """The list's changes, None when there are none."""
        rows = {value.id: present.row(value) for value in await self._backend.desk.conversations(self._query)}
        changed = {key: row for key, row in rows.items() if self._rows.get(key) != row}
        order = list(rows)
        if not changed and order == self._order:
            return None
        self._rows, self._order = rows, order
        return {"type": "list", "order": order, "rows": list(changed.values()), "now": self._now()}

    async def _view_message(self) -> Json | None:
        """The open conversation's changes, None when there are none."""
        open_id = self._open_id
        if open_id is None:
            return None
        view = await self._backend.desk.view(open_id, limit=self._limit)
        if open_id != self._open_id:
            return None  # another one was opened meanwhile and is read by who opened it
        if view is None:
            self._open_id = None
            return {"type": "gone", "id": open_id}
        self._tell_late(view)
        head = present.head(view, self._locale)
        lines = {value.message.id: present.line(value, self._locale) for value in view.lines}
        changed = [line for key, line in lines.items() if self._lines.get(key) != line]
        if not changed and head == self._head and lines.keys() == self._lines.keys():
            return None
        self._head, self._lines, self._view = head, lines, view
        return {
            "type": "view",
            "id": open_id,
            "head": head,
            "order": list(lines),
            "lines": changed,
            "now": self._now(),
        }

    def _tell_late(self, view: ConversationView) -> None:
        """Tell of choices that were refused after the seller had been told that they were stored."""
        for refused in view.refused:
            if refused.event_id in self._slow:
                self._slow.discard(refused.event_id)
                self._send(
                    {
                        "type": "late",
                        "conversation": view.row.id,
                        "chinese": clean(refused.choice.seller_text),
                        "refusal": present.refusal(refused.refusal),
                    }
                )

    def _health_message(self) -> Json:
        return {"type": "health", "engines": [present.health(each) for each in self._backend.desk.health()]}

    def _now(self) -> int | None:
        return present.millis(self._backend.now())

    def _send(self, message: Json) -> None:
        if self._element is not None and not self._ended:
            self._element.run_method("receive", message)

    # ---- what is asked -----------------------------------------------------------------------------------------------

    async def _ask(self, event: GenericEventArguments) -> None:
        ask = event.args if isinstance(event.args, dict) else {}
        key = ask.get("key")
        if self._ended:
            return
        try:
            # Asked anew each time: somebody may have been made a lead, or be one no longer, since the page was opened.
            who = await self._backend.agents.by_session(self.token)
            if who is None:
                self.log_out()
                return
            await self._answer(ask, who)
        except (BadAsk, Malformed):
            self._send({"type": "outcome", "key": key, "error": "unknown_target"})
        except NotAllowed:
            self._refuse(key, RefusalCode.NOT_ALLOWED)
        except (TryLater, Refused) as error:
            self._send({"type": "outcome", "key": key, "error": "platform", "reason": error.reason})
        except TimeoutError:
            self._send({"type": "outcome", "key": key, "error": "slow"})
        except Exception as error:  # noqa: BLE001 - the seller must be told, whatever it was; the words stay out of logs
            log.warning("desk action %s failed: %s", ask.get("type"), type(error).__name__)
            self._send({"type": "outcome", "key": key, "error": "failed"})

    async def _answer(self, ask: Json, who: AgentIdentity) -> None:
        match ask.get("type"):
            case "open":
                await self._open_conversation(integer(ask, "id"))
            case "close":
                self._open_id = None
            case "filter":
                await self._filter(ask)
            case "earlier":
                self._limit += PAGE_LINES
                await self._refresh()
            case "troubles":
                self._troubles.show(is_open=ask.get("open") is True)
                await self._refresh(view=False)
            case "seen":
                await self._mark_read(integer(ask, "id"))
            case "full":
                self._full(integer(ask, "id"))
            case "preview":
                await self._previews.show(ask)
            case "templates" | "library" as what:
                await (self._list_templates(ask) if what == "templates" else self._list_library(ask))
            case "template":
                await self._send_template(ask, who)
            case "choose":
                await self._choose(ask, who)
            case _:
                await self._act(ask, action_of(ask, who))

    async def _open_conversation(self, conversation_id: int) -> None:
        self._open_id = conversation_id
        async with self._reading:
            self._limit, self._head, self._lines, self._view = PAGE_LINES, None, {}, None
            message = await self._view_message()
        if message is None:
            return
        self._send(message)
        if message["type"] == "view":
            await self._mark_read(conversation_id)

    async def _mark_read(self, conversation_id: int) -> None:
        await self._backend.desk.mark_read(conversation_id)
        await self._refresh(view=False)

    async def _filter(self, ask: Json) -> None:
        status = optional_text(ask, "status")
        query = replace(
            self._query,
            status=CaseStatus(status) if status in {"open", "resolved"} else None,
            search=text_of(ask, "search", limit=200).strip(),
        )
        async with self._reading:
            self._query = query
            message = await self._list_message()
        self._send({**(message or {"type": "list", "order": self._order, "rows": []}), "filtered": True})

    def _full(self, message_id: int) -> None:
        for value in self._view.lines if self._view is not None else ():
            if value.message.id == message_id:
                self._send({"type": "full", "id": message_id, **present.full(value)})

    async def _list_templates(self, ask: Json) -> None:
        key = key_of(ask)
        found = await self._templates.listed(integer(ask, "conversation"))
        self._send({"type": "outcome", "key": key, "templates": [present.template(each) for each in found]})

    async def _list_library(self, ask: Json) -> None:
        key = key_of(ask)
        found = await self._backend.desk.library(integer(ask, "conversation"))
        self._send({"type": "outcome", "key": key, "replies": [present.written(each) for each in found]})

    async def _send_template(self, ask: Json, who: AgentIdentity) -> None:
        conversation, values = integer(ask, "conversation"), values_of(ask)
        used = await self._templates.use(conversation, text_of(ask, "name"), text_of(ask, "language"), values)
        if used is None:
            self._refuse(ask.get("key"), RefusalCode.UNKNOWN_TARGET)
        else:
            await self._act(ask, AgentSentTemplate(agent=who.name, template=used))

    async def _choose(self, ask: Json, who: AgentIdentity) -> None:
        media = await self._backend.attachments.of(integer(ask, "conversation"), attached_of(ask))
        if media is None:
            self._refuse(ask.get("key"), RefusalCode.MEDIA)
        else:
            await self._act(ask, action_of(ask, who, media))

    def _refuse(self, key: object, code: RefusalCode) -> None:
        self._send({"type": "outcome", "key": key, "refusal": present.refusal(Refusal(code))})

    async def _act(self, ask: Json, body: Body) -> None:
        """Put the action into the inbox and tell what came of it. The key makes a repeated ask the same action."""
        key = key_of(ask)
        accepted = await self._backend.inbox.accept(
            Event(
                account=ACCOUNT,
                external_id=key,
                body=body,
                at=self._backend.now(),
                conversation_id=integer(ask, "conversation"),
            )
        )
        try:
            outcome = await self._backend.inbox.outcome(accepted.event_id)
            if isinstance(body, AgentRetried) and body.part == "event" and outcome.done and outcome.refusal is None:
                outcome = await self._backend.inbox.outcome(body.event_id)  # it is open again; what came of that?
        except TimeoutError:
            if isinstance(body, AgentChose):
                self._slow.add(accepted.event_id)
            elif isinstance(body, AgentRetried):
                self._slow.add(body.event_id)
            raise
        self._send(
            {
                "type": "outcome",
                "key": key,
                "refusal": None if outcome.refusal is None else present.refusal(outcome.refusal),
                "error": outcome.error if outcome.done else outcome.error or "failed",
                "parked": not outcome.done and not isinstance(body, RETRIES),
                "message": outcome.message_id,
            }
        )


_HEAD: Final = (
    '<link rel="icon" href="/assets/desk/icon.svg" type="image/svg+xml">'
    '<link rel="stylesheet" href="/assets/desk/desk.css">'
    '<script src="/assets/desk/theme.js"></script>'
)
