"""The outbox: what was decided to be sent leaves, in the order of its chat, and what became of it is kept.

A delivery that failed or may have been sent does not hold up the ones behind it: a seller who waits for one broken
message could answer nothing any more. Among those that are sent the order is kept, a delivery that waits for its
platform (``TryLater``) included.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from adapters.ports import Channel, Outgoing
from bot.engine.port import WorkEngine
from bot.feed import ChangeFeed
from bot.store import Store, deliveries, events
from bot.store.deliveries import Head
from dialogs.errors import Ambiguous, Refused, TryLater, Unreachable, WindowClosed
from dialogs.messages import DeliveryState as State
from dialogs.ports import Clock

log = structlog.stdlib.get_logger(__name__)

# A platform that never answers holds its chat so long, then the delivery is ambiguous (seconds).
SEND_TIMEOUT = 60.0
# With the waiting below this is about half an hour of a platform that says "later".
ATTEMPTS = 10
LONGEST_BACK_OFF = 300.0
INTERRUPTED = "interrupted"  # the process ended while it was being sent


@dataclass(frozen=True, slots=True)
class _Result:
    """What became of one attempt."""

    state: State
    external_id: str = ""
    error: str | None = None
    not_before: datetime | None = None


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
        send_timeout: float = SEND_TIMEOUT,
        attempts: int = ATTEMPTS,
    ) -> None:
        self._store = store
        self._engine = engine
        self._channels = channels
        self._clock = clock
        self._feed = feed
        self._send_timeout = send_timeout
        self._attempts = attempts

    async def drain(self, lane: str) -> None:
        """Send everything that waits in the lane, and set the time of what may leave later."""
        now = self._clock.now()
        head = await self._store.write(lambda conn: self._take_next(conn, lane, now=now))
        while head is not None and head.state is not State.QUEUED:
            head = await self._send(lane, head)
        if head is not None and head.not_before is not None:
            self._engine.at(lane, head.not_before)

    async def _send(self, lane: str, head: Head) -> Head | None:
        """Send one delivery, keep what became of it, and take the next."""
        result = await self._attempt(head)
        now = self._clock.now()

        def keep(conn: Connection) -> Head | None:
            _keep(conn, head, result, now=now)
            return self._take_next(conn, lane, now=now)

        following = await self._store.write(keep)
        self._feed.publish(head.conversation_id)
        if result.state is not State.SENT:
            log.warning("delivery", delivery_id=head.id, state=result.state, error=result.error)
        return following

    def _take_next(self, conn: Connection, lane: str, *, now: datetime) -> Head | None:
        """The next delivery, marked as being sent; one that is still queued is not due yet; None: nothing waits."""
        while (head := deliveries.head(conn, lane)) is not None:
            if head.state is State.SENDING and not self._idempotent(head.account):
                # A lane is worked on once at a time: whoever was sending this has died.
                deliveries.move(conn, head.id, of=(State.SENDING,), to=State.AMBIGUOUS, now=now, error=INTERRUPTED)
                continue
            if head.state is State.QUEUED:
                if head.not_before is not None and head.not_before > now:
                    return head
                deliveries.take(conn, head.id, now=now)
            return replace(head, state=State.SENDING)
        return None

    def _idempotent(self, account: str) -> bool:
        channel = self._channels.get(account)
        return channel is not None and channel.capabilities.idempotent

    async def _attempt(self, head: Head) -> _Result:
        channel = self._channels.get(head.account)
        if channel is None:
            return _Result(State.FAILED, error="no_channel")
        outgoing = Outgoing(key=head.key, account=head.account, chat=head.chat, text=head.text, media=head.media)
        try:
            async with asyncio.timeout(self._send_timeout):
                return _Result(State.SENT, external_id=await channel.send(outgoing))
        except TryLater as error:
            return self._later(head, error)
        except WindowClosed:
            return _Result(State.FAILED, error="window_closed")
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
        after = min(2.0**head.attempts, LONGEST_BACK_OFF) if error.after is None else error.after
        return _Result(State.QUEUED, error=error.reason, not_before=self._clock.now() + timedelta(seconds=after))


def _keep(conn: Connection, head: Head, result: _Result, *, now: datetime) -> None:
    if result.state is not State.SENT:
        deliveries.move(
            conn,
            head.id,
            of=(State.SENDING,),
            to=result.state,
            now=now,
            error=result.error,
            not_before=result.not_before,
        )
        return
    deliveries.sent(conn, head.id, external_id=result.external_id, now=now)
    # A platform may tell of a message before it has answered the call that sent it.
    for receipt in events.receipts(conn, head.account, result.external_id):
        deliveries.receipt(conn, head.account, receipt, now=now)
