"""Guard: the one place with timeouts, retries, pacing and the circuit breaker of what is asked over the net."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from adapters.engines.base import Sleep
from adapters.engines.settings import EngineSettings
from adapters.ports import EngineHealth
from dialogs.errors import Refused, TryLater

_FIRST_WAIT: Final = 0.3  # seconds before the first retry, doubled each time
_LONGEST_WAIT: Final = 2.0  # a seller is waiting; another engine is the better answer
_LASTING: Final = frozenset({"bad_key", "quota", "unknown_model", "bad_url"})  # the next text will fail the same way
_SMOOTHING: Final = 0.2  # weight of the newest call in the latency shown


T = TypeVar("T")


class Guard:
    """Calls one server with patience, and leaves it alone while it does not serve.

    Args:
        name: what the desk calls the server.
        settings: timeout, retries, pacing and rest.
        now: monotonic seconds.
        sleep: waits.
        jitter: a number from 0 to 1 for each retry, so that shops do not knock in step.
    """

    def __init__(
        self,
        name: str,
        settings: EngineSettings,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._name = name
        self._settings = settings
        self._now = now
        self._sleep = sleep
        self._jitter = jitter
        self._next_slot = 0.0
        self._failures = 0  # in a row
        self._closed_until: float | None = None
        self._probing = False
        self._answered = 0
        self._failed = 0
        self._latency: float | None = None
        self._last_reason = ""

    async def run(self, call: Callable[[], Awaitable[T]]) -> T:
        """Call, trying again where that helps.

        Raises:
            TryLater: ``circuit_open``, ``busy``, ``timeout`` or what the server said last.
            Refused: from the server.
        """
        probe = self._enter()
        try:
            return await self._tried(call)
        finally:
            if probe:
                self._probing = False

    async def _tried(self, call: Callable[[], Awaitable[T]]) -> T:
        for again in range(self._settings.retries + 1):
            try:
                return await self._once(call)
            except TryLater as error:
                wait = _FIRST_WAIT * 2**again * (0.5 + self._jitter()) if error.after is None else error.after
                if again == self._settings.retries or wait > _LONGEST_WAIT or error.reason == "busy" or self._resting:
                    raise
                await self._sleep(wait)
        raise AssertionError("unreachable: the last round returns or raises")

    async def _once(self, call: Callable[[], Awaitable[T]]) -> T:
        await self._pace()
        started = self._now()
        try:
            async with asyncio.timeout(self._settings.timeout):
                answer = await call()
        except TimeoutError:
            error = TryLater("timeout")
            self._note_failure(error)
            raise error from None
        except (TryLater, Refused) as error:
            self._note_failure(error)
            raise
        self._note_answer(self._now() - started)
        return answer

    # ---- pacing ------------------------------------------------------------------------------------------------------

    async def _pace(self) -> None:
        """Take the next free slot; a slot further away than the timeout is no use."""
        if self._settings.rate_per_second <= 0:
            return
        now = self._now()
        slot = max(now, self._next_slot)
        if slot - now > self._settings.timeout:
            raise TryLater("busy", after=slot - now)
        self._next_slot = slot + 1 / self._settings.rate_per_second
        if slot > now:
            await self._sleep(slot - now)

    # ---- circuit breaker ---------------------------------------------------------------------------------------------

    @property
    def _resting(self) -> bool:
        return self._closed_until is not None and self._now() < self._closed_until

    def _enter(self) -> bool:
        """Let a call through; True when it is the one probe after a rest."""
        if self._closed_until is None:
            return False
        left = self._closed_until - self._now()
        if left > 0 or self._probing:
            raise TryLater("circuit_open", after=max(left, 0.0))
        self._probing = True
        return True

    def _note_failure(self, error: TryLater | Refused) -> None:
        self._last_reason = error.reason
        self._failed += 1
        rest = self._settings.rest
        if isinstance(error, Refused):
            if error.reason in _LASTING:
                self._closed_until = self._now() + 4 * rest
            elif self._probing:
                self._reopen()  # it is alive, it only does not like this text
            return
        self._failures += 1
        asked = error.after or 0.0
        if self._probing or self._failures >= self._settings.failures_to_rest or asked > _LONGEST_WAIT:
            self._closed_until = self._now() + min(max(rest, asked), 20 * rest)

    def _note_answer(self, seconds: float) -> None:
        self._answered += 1
        self._latency = seconds if self._latency is None else self._latency + _SMOOTHING * (seconds - self._latency)
        self._reopen()

    def _reopen(self) -> None:
        self._failures = 0
        self._closed_until = None

    # ---- what the desk shows -----------------------------------------------------------------------------------------

    def health(self) -> EngineHealth:
        """How the server does; ``detail`` is the reason of the last failure while it is not well."""
        state = self._state()
        return EngineHealth(
            name=self._name,
            state=state,
            detail=self._last_reason if state in {"open", "failing"} else "",
            answered=self._answered,
            failed=self._failed,
            latency_ms=None if self._latency is None else round(self._latency * 1000, 1),
        )

    def _state(self) -> str:
        if self._closed_until is not None:
            return "open"
        if self._failures:
            return "failing"
        if not self._answered:
            return "unused" if not self._failed else "failing"
        return "slow" if (self._latency or 0.0) > self._settings.timeout / 2 else "ok"
