"""The outbox: what was decided to be sent leaves, in the order of its chat, and what became of it is kept.

A delivery that failed or may have been sent does not hold up the ones behind it: a seller who waits for one broken
message could answer nothing any more. Among those that are sent the order is kept, a delivery that waits for its
platform (``TryLater``) included.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError

from adapters.ports import Channel, Outgoing
from bot import metrics
from bot.accounts import Accounts
from bot.back_off import back_off
from bot.boards import Boards
from bot.engine.port import WorkEngine
from bot.feed import ChangeFeed
from bot.gate import Gate
from bot.inbox import receive
from bot.lanes import conversation_lane
from bot.store import Store, conversations, deliveries, events
from bot.store.deliveries import Head
from bot.tracing import traced
from dialogs.errors import Ambiguous, Refused, TryLater, Unreachable, WindowClosed
from dialogs.events import DeliveryFailed, Event
from dialogs.messages import Capabilities
from dialogs.messages import DeliveryState as State
from dialogs.parts import options, parts
from dialogs.ports import Clock

log = structlog.stdlib.get_logger(__name__)

# A platform that never answers holds its chat so long, then the delivery is ambiguous (seconds).
SEND_TIMEOUT = 60.0
# With the waiting below this is about a day of a platform that says "later".
ATTEMPTS = 300
STORE_AGAIN = 1.0  # seconds between two attempts to store what became of a delivery
LAST_RESULTS = 5.0  # seconds a process that ends gives what is still being stored
AT_ONCE = 48  # chats of an account that are sent to side by side; the engine's other places stay free
ACCOUNT = "outbox"  # of the events failures make
WINDOW_CLOSED = "window_closed"
INTERRUPTED = "interrupted"  # the process ended while it was being sent

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Result:
    """What became of one attempt."""

    state: State
    external_id: str = ""
    done: bool = True  # of a sent one: nothing of the message is left to send
    error: str | None = None
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Following:
    """What is sent next, and the conversations (with their shops) in which deliveries changed before."""

    head: Head | None
    changed: tuple[tuple[int, str], ...] = ()


class Outbox:
    """The handler of ``chat:<account>:<chat>`` lanes."""

    def __init__(
        self,
        *,
        store: Store,
        engine: WorkEngine,
        channels: Mapping[str, Channel],
        clock: Clock,
        feed: ChangeFeed,
        accounts: Accounts,
        boards: Boards,
        send_timeout: float = SEND_TIMEOUT,
        attempts: int = ATTEMPTS,
    ) -> None:
        self._store = store
        self._engine = engine
        self._channels = channels
        self._clock = clock
        self._feed = feed
        self._accounts = accounts
        self._boards = boards
        self._send_timeout = send_timeout
        self._attempts = attempts
        self._gate = Gate(engine, limit=AT_ONCE)
        self._storing: set[asyncio.Task[Any]] = set()

    async def drain(self, lane: str) -> None:
        """Send everything that waits in the lane, and set the time of what may leave later."""
        account = lane.split(":", 2)[1]
        with self._gate.enter(account, lane) as is_let_in:
            if is_let_in:
                await self._drain(lane)

    async def _drain(self, lane: str) -> None:
        now = self._clock.now()
        following = await self._taken(lane, self._store.write(lambda conn: self._take_next(conn, lane, now=now)))
        while following.head is not None and following.head.state is not State.QUEUED:
            self._tell(following)
            following = await self._send(lane, following.head)
        self._tell(following)
        if following.head is not None and following.head.not_before is not None:
            self._engine.at(lane, following.head.not_before)

    @traced("delivery", lambda _self, _lane, head: {"delivery_id": head.id, "account": head.account})
    async def _send(self, lane: str, head: Head) -> _Following:
        """Send one delivery, or one part of it, keep what became of it, and take the next."""
        began = time.perf_counter()
        result = await self._attempt(head)
        metrics.delivered(self._kind(head), result.state, time.perf_counter() - began)
        now = self._clock.now()
        if result.state is State.SENT and not result.done:

            def go_on(conn: Connection) -> _Following:
                if deliveries.part_sent(conn, head, external_id=result.external_id):
                    return _Following(replace(head, parts_done=head.parts_done + 1))
                return self._take_next(conn, lane, now=now)

            return await self._taken(lane, self._until_stored(go_on))

        def keep(conn: Connection) -> _Following:
            self._keep(conn, head, result, now=now)
            return self._take_next(conn, lane, changed=(head.conversation_id,), now=now)

        following = await self._taken(lane, self._until_stored(keep))
        if result.state is not State.SENT:
            log.warning("delivery", delivery_id=head.id, state=result.state, error=result.error)
        return following

    async def stored(self) -> None:
        """Wait a few seconds for what is still being stored of lanes that were cut short; before the store closes."""
        until = time.monotonic() + LAST_RESULTS
        while self._storing and (left := until - time.monotonic()) > 0:
            await asyncio.wait(self._storing, timeout=left)

    async def _taken(self, lane: str, storing: Coroutine[None, None, _Following]) -> _Following:
        """Have something stored and the next delivery taken. It goes on when the lane is cut short."""
        task = self._go_on(storing)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            self._go_on(self._put_back(lane, task))
            raise

    async def _put_back(self, lane: str, taking: asyncio.Task[_Following]) -> None:
        """What a lane took that was cut short before it could send it waits again: nobody need wonder about it."""
        await asyncio.wait({taking})
        if taking.cancelled() or taking.exception() is not None:  # nothing was taken
            return
        following = taking.result()
        head = following.head
        if head is not None and head.state is State.SENDING:
            now = self._clock.now()
            await self._until_stored(
                lambda conn: deliveries.move(conn, head.id, of=(State.SENDING,), to=State.QUEUED, now=now)
            )
        self._tell(following)
        self._engine.wake(lane)

    def _go_on(self, work: Coroutine[None, None, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work, name="delivery's result")
        self._storing.add(task)
        task.add_done_callback(self._storing.discard)
        return task

    async def _until_stored(self, write: Callable[[Connection], T]) -> T:
        """Store what the platform said, however long the database is away: nobody but this process knows it."""
        while True:
            try:
                return await self._store.write(write)
            except (OperationalError, InterfaceError) as error:
                log.warning("delivery_not_stored", error=type(error).__name__)
                await asyncio.sleep(STORE_AGAIN)

    def _tell(self, following: _Following) -> None:
        """Those who look, the boards, and the conversation, which may have an event about a failure."""
        for conversation_id, shop in following.changed:
            self._engine.wake(conversation_lane(conversation_id))
            self._boards.wake(shop, conversation_id)
            self._feed.publish(conversation_id)

    def _take_next(self, conn: Connection, lane: str, *, changed: tuple[int, ...] = (), now: datetime) -> _Following:
        """The next delivery, marked as being sent, and in which conversations something changed."""
        settled = dict.fromkeys(changed)
        head = self._next(conn, lane, settled, now=now)
        # The last thing that is written: everybody locks conversations before what boards have shown of them.
        shops = [(conversation_id, conversations.shop_of(conn, conversation_id)) for conversation_id in settled]
        for conversation_id, shop in shops:
            self._boards.want(conn, shop, conversation_id, now=now)
        return _Following(head, tuple(shops))

    def _next(self, conn: Connection, lane: str, settled: dict[int, None], *, now: datetime) -> Head | None:
        """The next delivery to send; one that is still queued is not due yet; None: nothing waits."""
        while (head := deliveries.head(conn, lane)) is not None:
            capabilities = self._capabilities(head)
            if head.state is State.SENDING and not capabilities.idempotent:
                # A lane is worked on once at a time: whoever was sending this has died.
                self._keep(conn, head, _Result(State.AMBIGUOUS, error=INTERRUPTED), now=now)
                settled[head.conversation_id] = None
                continue
            if head.state is State.QUEUED:
                # What was told in the future was told by a clock that has been set back since.
                if head.not_before is not None and head.changed_at <= now < head.not_before:
                    return head
                if not deliveries.take(conn, head.id, now=now):
                    return None  # this process was thought dead, and another one sends it
                if head.template is None and _is_shut(conn, head, capabilities, now=now):
                    self._keep(conn, head, _Result(State.FAILED, error=WINDOW_CLOSED), now=now)
                    settled[head.conversation_id] = None
                    continue
            return replace(head, state=State.SENDING)
        return None

    def _capabilities(self, head: Head) -> Capabilities:
        channel = self._channels.get(head.account)
        return Capabilities() if channel is None else channel.capabilities_in(head.chat)

    def _kind(self, head: Head) -> str:
        channel = self._channels.get(head.account)
        return "none" if channel is None else channel.name

    def _keep(self, conn: Connection, head: Head, result: _Result, *, now: datetime) -> None:
        """Store what became of a delivery; one that did not arrive becomes an event of its conversation."""
        if result.state is State.SENT:
            deliveries.sent(conn, head.id, account=head.account, external_id=result.external_id, now=now)
            # A platform may tell of a message before it has answered the call that sent it.
            for receipt in events.receipts(conn, head.account, result.external_id):
                deliveries.receipt(conn, head.account, receipt, now=now)
            return
        moved = deliveries.move(
            conn,
            head.id,
            of=(State.SENDING,),
            to=result.state,
            now=now,
            error=result.error,
            not_before=result.not_before,
        )
        if moved and result.state is not State.QUEUED:
            failed = Event(
                account=ACCOUNT,
                external_id=f"{head.id}:{now.isoformat()}",
                body=DeliveryFailed(message_id=head.message_id, error=result.error or ""),
                at=now,
                conversation_id=head.conversation_id,
            )
            receive(conn, failed, self._accounts, now=now)

    async def _attempt(self, head: Head) -> _Result:
        channel = self._channels.get(head.account)
        if channel is None:
            return _Result(State.FAILED, error="no_channel")
        pieces = outgoings(head, channel.capabilities_in(head.chat))
        try:
            async with asyncio.timeout(self._send_timeout):
                external_id = await channel.send(pieces[head.parts_done])
                return _Result(State.SENT, external_id=external_id, done=head.parts_done + 1 == len(pieces))
        except TryLater as error:
            return self._later(head, error)
        except WindowClosed:
            return _Result(State.FAILED, error=WINDOW_CLOSED)
        except Unreachable:
            return _Result(State.FAILED, error="unreachable")
        except Refused as error:
            return _Result(State.FAILED, error=error.reason)
        except Ambiguous as error:
            return _Result(State.AMBIGUOUS, error=error.reason)
        except TimeoutError:
            return _Result(State.AMBIGUOUS, error="timeout")
        except Exception as error:  # noqa: BLE001 - an adapter's bug tells nothing about what the platform took
            # Not its text or its trace: they may hold what was sent.
            log.warning("channel_failed", delivery_id=head.id, account=head.account, error=type(error).__name__)
            return _Result(State.AMBIGUOUS, error=type(error).__name__)

    def _later(self, head: Head, error: TryLater) -> _Result:
        if head.attempts + 1 >= self._attempts:
            return _Result(State.FAILED, error=error.reason)
        later = self._clock.now() + back_off(head.attempts, error.after)
        return _Result(State.QUEUED, error=error.reason, not_before=later)


def outgoings(head: Head, capabilities: Capabilities) -> tuple[Outgoing, ...]:
    """What a delivery is to its channel: the parts of its text, buttons with the last of them, then what is attached.

    The same delivery always gives the same parts: after a restart the next one is known by its number.
    """
    first = Outgoing(key=head.key, account=head.account, chat=head.chat)
    if head.template is not None:
        return (replace(first, text=head.text, template=head.template),)
    body, buttons = options(head.text, capabilities)
    texts = parts(body, capabilities) if body else ()
    pieces = [replace(first, text=text) for text in texts]
    if pieces and buttons:
        pieces[-1] = replace(pieces[-1], buttons=buttons)
    pieces += [replace(first, media=media) for media in head.media]
    return tuple(replace(piece, key=f"{head.key}-{n}") if n > 1 else piece for n, piece in enumerate(pieces, 1))


def _is_shut(conn: Connection, head: Head, capabilities: Capabilities, *, now: datetime) -> bool:
    """Whether the messaging window closed while the delivery waited."""
    until = conversations.window_until(conn, head.conversation_id, capabilities)
    return until is not None and until <= now
