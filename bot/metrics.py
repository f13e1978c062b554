"""Metrics: what the product counts, for Prometheus. Each function is one line where the thing happens.

A label is a word of our own (a kind of channel, an outcome) or an id of the settings (an account, an engine), never a
chat, a buyer or a conversation: the number of series does not grow with the number of buyers.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from typing import Final

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST as CONTENT_TYPE

from adapters.ports import EngineHealth
from dialogs.errors import HeqiError, Refused, TryLater

__all__ = ["CONTENT_TYPE"]

_QUICK: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)  # seconds
_SLOW: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

TEAM: Final = "team"  # stands for every place where the team acts: the desk, Slack, a group
_LOOP_EVERY: Final = 1.0  # seconds
NAN: Final = float("nan")

# When each series began is nothing anybody asks, and half as many series again.
disable_created_metrics()  # type: ignore[no-untyped-call]

# ---- what happens ----------------------------------------------------------------------------------------------------

_accepted = Counter("heqi_events_accepted_total", "Events stored in the inbox", ["channel", "result"])
_turns = Histogram("heqi_turn_seconds", "Turns that were worked on", ["type", "outcome"], buckets=_SLOW)
_turn_failures = Counter("heqi_turn_failures_total", "Turns that failed, and what comes of them", ["result"])
_deliveries = Histogram("heqi_delivery_seconds", "Calls that deliver", ["channel", "outcome"], buckets=_SLOW)
_engine_calls = Histogram("heqi_engine_call_seconds", "Translations asked for", ["engine", "outcome"], buckets=_SLOW)
_escalations = Counter("heqi_escalations_total", "Reasons the team was told of", ["severity", "reason"])
_showings = Counter("heqi_showings_total", "Calls that show a conversation on a board", ["board", "outcome"])
_downloads = Counter("heqi_downloads_total", "Attachments asked of their platforms", ["channel", "outcome"])
_commits = Histogram("heqi_store_commit_seconds", "Transactions that write, with their commit", buckets=_QUICK)
_batches = Histogram("heqi_store_batch_writes", "Writes that share one commit", buckets=(1, 2, 4, 8, 16, 32, 64, 128))
_reads = Histogram("heqi_store_read_seconds", "Transactions that read", buckets=_QUICK)
_loop_lag = Histogram("heqi_event_loop_lag_seconds", "How late the event loop comes to a timer", buckets=_QUICK)

# ---- how it is, as far as this process sees --------------------------------------------------------------------------

_database_up = Gauge("heqi_database_up", "Whether the database answers in time")
_inbox_open = Gauge("heqi_inbox_open_events", "Events that could be worked on now")
_inbox_lag = Gauge("heqi_inbox_lag_seconds", "Since when the oldest of them could")
_outbox_open = Gauge("heqi_outbox_open_deliveries", "Deliveries that could leave now", ["account"])
_outbox_lag = Gauge("heqi_outbox_lag_seconds", "Since when the oldest of them could", ["account"])
_parked = Gauge("heqi_turns_parked", "Turns that were given up and wait for somebody")
_failed_lately = Gauge("heqi_deliveries_failed_recently", "Failed or uncertain within ten minutes, of the newest 1000")
_boards_waiting = Gauge("heqi_boards_waiting_conversations", "Changes that were not shown on a board yet")
_boards_lag = Gauge("heqi_boards_lag_seconds", "Since when the oldest of them waits")
_downloads_open = Gauge("heqi_downloads_open", "Attachments that are still on their platforms")
_escalations_open = Gauge("heqi_escalations_open", "Escalations that have not ended", ["severity"])
_lease_held = Gauge("heqi_lease_held", "Whether any process holds the lease", ["lease"])
_circuit_open = Gauge("heqi_engine_circuit_open", "Whether an engine is left alone after failures", ["engine"])
_silence = Gauge("heqi_account_silence_seconds", "Since when a socket or polling has brought no answer", ["account"])
_problems = Gauge("heqi_problems", "What is told at /readyz", ["kind"])
_disk_free = Gauge("heqi_disk_free_bytes", "Free in the folder of the database and the attachments")
_lanes_running = Gauge("heqi_lanes_running", "Lanes that are worked on in this process")
_lanes_waiting = Gauge("heqi_lanes_waiting", "Lanes that wait for a place in this process")


def accepted(channel: str, *, duplicate: bool) -> None:
    """An event was stored, or was there before; ``channel`` is a kind of channel or ``TEAM``."""
    _accepted.labels(channel, "duplicate" if duplicate else "new").inc()


def turn(kind: str, *, refused: bool, seconds: float) -> None:
    """An event of this type was worked on."""
    _turns.labels(kind, "refused" if refused else "done").observe(seconds)


def turn_failed(*, parked: bool) -> None:
    """A turn failed, to be tried again or parked."""
    _turn_failures.labels("parked" if parked else "retried").inc()


def delivered(channel: str, outcome: str, seconds: float) -> None:
    """A call that delivers ended; ``outcome`` is the delivery's state after it (``queued``: tried again later)."""
    _deliveries.labels(channel, outcome).observe(seconds)


def engine_called(engine: str, error: HeqiError | None, seconds: float) -> None:
    """A translation was asked for; ``error`` is what the engine raised."""
    _engine_calls.labels(engine, _outcome(error)).observe(seconds)


def escalated(severity: str, reasons: Collection[str]) -> None:
    """The team is told of something new."""
    for reason in reasons:
        _escalations.labels(severity, reason).inc()


def shown(board: str, *, error: bool) -> None:
    """A board was called."""
    _showings.labels(board, "failed" if error else "shown").inc()


def downloaded(channel: str, outcome: str) -> None:
    """An attachment was asked for: ``done``, ``failed`` or ``later``."""
    _downloads.labels(channel, outcome).inc()


def committed(seconds: float, *, writes: int = 1) -> None:
    """A transaction with so many writes was stored; may be called from any thread."""
    _commits.observe(seconds)
    _batches.observe(writes)


def was_read(seconds: float) -> None:
    """A transaction read; may be called from any thread."""
    _reads.observe(seconds)


def _outcome(error: HeqiError | None) -> str:
    match error:
        case None:
            return "answered"
        case TryLater(reason="circuit_open" | "busy" | "timeout" | "rate_limited" as reason):
            return reason
        case Refused():
            return "refused"
        case _:
            return "later"


# ---- how it is -------------------------------------------------------------------------------------------------------


def database(*, up: bool) -> None:
    """Whether the database answers; without it nothing is known of what is open."""
    _database_up.set(up)
    if not up:
        for gauge in (_inbox_open, _inbox_lag, _parked, _failed_lately, _boards_waiting, _boards_lag, _downloads_open):
            gauge.set(NAN)
        for labelled in (_outbox_open, _outbox_lag, _escalations_open, _lease_held):
            labelled.clear()


def inbox(count: int, lag: float, *, parked: int) -> None:
    """What lies open in the inbox; ``lag`` in seconds."""
    _inbox_open.set(count)
    _inbox_lag.set(lag)
    _parked.set(parked)


def outbox(waiting: Mapping[str, tuple[int, float]], *, failed_lately: int) -> None:
    """Count and lag in seconds of what could leave, by account."""
    _set(_outbox_open, {account: count for account, (count, _) in waiting.items()})
    _set(_outbox_lag, {account: lag for account, (_, lag) in waiting.items()})
    _failed_lately.set(failed_lately)


def boards(count: int, lag: float) -> None:
    """What waits to be shown."""
    _boards_waiting.set(count)
    _boards_lag.set(lag)


def others(*, downloads: int, escalations: Mapping[str, int], leases: Mapping[str, bool]) -> None:
    """Open downloads, open escalations by severity, and whether each lease is held."""
    _downloads_open.set(downloads)
    _set(_escalations_open, escalations)
    _set(_lease_held, leases)


def engines(health: Collection[EngineHealth]) -> None:
    """Whether engines are left alone."""
    _set(_circuit_open, {engine.name: engine.state == "open" for engine in health})


def silence(accounts: Mapping[str, float]) -> None:
    """Seconds since a platform was heard last, of those whose silence means something."""
    _set(_silence, accounts)


def problems(blocking: int, warnings: int) -> None:
    """How many problems and warnings are told."""
    _problems.labels("problem").set(blocking)
    _problems.labels("warning").set(warnings)


def disk(free: int) -> None:
    """Free bytes."""
    _disk_free.set(free)


def follow_lanes(running: Callable[[], int], waiting: Callable[[], int]) -> None:
    """Ask these whenever the metrics are read."""
    _lanes_running.set_function(running)
    _lanes_waiting.set_function(waiting)


def _set(gauge: Gauge, values: Mapping[str, float]) -> None:
    gauge.clear()  # what has left the settings, or waits no more, is not told for ever
    for label, value in values.items():
        gauge.labels(label).set(value)


# ---- reading ---------------------------------------------------------------------------------------------------------


async def follow_loop() -> None:
    """Measure for ever how late the event loop is."""
    while True:
        due = time.perf_counter() + _LOOP_EVERY
        await asyncio.sleep(_LOOP_EVERY)
        _loop_lag.observe(max(time.perf_counter() - due, 0.0))


def page() -> bytes:
    """All of it in Prometheus' text format, with what the library tells of the process and its garbage collector."""
    return generate_latest(REGISTRY)
