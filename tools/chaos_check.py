"""What became of everything that was said in a chaos run: read from the database, the platform and the logs.

``verdict`` is a plain function of the evidence, so that a test can spoil the evidence and see it found.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

from sqlalchemy import URL, ColumnElement, Connection, Table, create_engine, func, make_url, select

from bot.store.schema import deliveries, downloads, events, messages, showings, turns
from tools.chaos_platform import Taken
from tools.chaos_processes import Outage, Worked

TAKEOVER: Final = 30.0  # seconds until the conversations of a dead worker go on
_SENT: Final = frozenset({"sent", "delivered", "read"})


@dataclass(frozen=True, slots=True)
class Event:
    """A row of the inbox."""

    id: int
    name: str  # what it was told under
    conversation_id: int
    seq: int
    state: str


@dataclass(frozen=True, slots=True)
class Line:
    """A row of messages: what the talk shows."""

    event_id: int
    conversation_id: int
    seq: int
    direction: str
    text: str
    seller_text: str | None


@dataclass(frozen=True, slots=True)
class Sent:
    """A row of the outbox."""

    key: str
    event_id: int
    conversation_id: int
    seq: int
    chat: str
    state: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What the database holds in the end."""

    events: Sequence[Event]
    lines: Sequence[Line]
    turns: Sequence[tuple[int, int]]  # the event's id, the turn's, in the order they were stored
    sent: Sequence[Sent]
    open_elsewhere: Mapping[str, int]  # rows that wait, by table


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything a verdict is made of."""

    said: Mapping[str, str]
    accepted: Mapping[str, float]
    strange: Sequence[str]
    taken: Sequence[Taken]
    stored: Stored
    worked: Sequence[Worked]
    kills: Sequence[Outage]  # of processes that work on lanes
    held_up: Sequence[Outage]  # when nobody could work: the database away, all workers dead


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Counts, and every violation as a sentence; none: nothing was lost, doubled or reordered."""

    messages: int
    replies: int
    lost: int
    doubled: int
    reordered: int
    ambiguous: int
    late: int  # ambiguous ones that reached the platform after one behind them
    takeovers: Sequence[float]
    violations: Sequence[str]


def read(url: str) -> Stored:
    """Read the whole database. Blocks."""
    engine = create_engine(address(url))
    e, m, d = events.c, messages.c, deliveries.c
    try:
        with engine.connect() as conn:
            return Stored(
                events=[
                    Event(*row)
                    for row in conn.execute(
                        select(e.id, e.external_id, e.conversation_id, e.seq, e.state).where(
                            e.type.in_(("buyer_wrote", "agent_chose"))
                        )
                    )
                ],
                lines=[
                    Line(*row)
                    for row in conn.execute(
                        select(m.event_id, m.conversation_id, m.seq, m.direction, m.text, m.seller_text)
                    )
                ],
                turns=[tuple(row) for row in conn.execute(select(turns.c.event_id, turns.c.id).order_by(turns.c.id))],
                sent=[
                    Sent(*row)
                    for row in conn.execute(
                        select(d.key, m.event_id, d.conversation_id, m.seq, d.chat, d.state, m.text)
                        .join_from(deliveries, messages)
                        .order_by(d.conversation_id, m.seq)
                    )
                ],
                open_elsewhere={
                    "events": _count(conn, events, e.state == "open"),
                    "parked": _count(conn, events, e.state == "parked"),
                    "deliveries": _count(conn, deliveries, d.state.in_(("queued", "sending"))),
                    "showings": _count(conn, showings, showings.c.wanted > showings.c.shown),
                    "downloads": _count(conn, downloads, downloads.c.state == "open"),
                },
            )
    finally:
        engine.dispose()


def address(url: str) -> URL:
    """A database URL of the settings as SQLAlchemy needs it."""
    parsed = make_url(url)
    return parsed.set(drivername="postgresql+psycopg") if parsed.get_backend_name() == "postgresql" else parsed


def _count(conn: Connection, table: Table, condition: ColumnElement[bool]) -> int:
    found: int = conn.execute(select(func.count()).select_from(table).where(condition)).scalar_one()
    return found


def verdict(evidence: Evidence) -> Verdict:
    """Judge a run."""
    names = {event.id: event.name for event in evidence.stored.events}
    lost = [*_lost_messages(evidence), *_lost_replies(evidence, names)]
    doubled = list(_doubled(evidence, names))
    reordered = [*_reordered_talk(evidence.stored, names), *_reordered_at_platform(evidence)]
    takeovers = [_takeover(evidence, kill) for kill in evidence.kills]
    other = [
        *evidence.strange,
        *(f"{count} {table} are left open" for table, count in evidence.stored.open_elsewhere.items() if count),
        *_strangers(evidence, names),
        *(
            f"{kill.name} was away ({kill.how}) at {_clock(kill.began)}: conversation {slowest} waited {seconds:.1f} s"
            for kill, (seconds, slowest) in zip(evidence.kills, takeovers, strict=True)
            if seconds > TAKEOVER
        ),
    ]
    return Verdict(
        messages=sum(name.startswith("b-") for name in evidence.accepted),
        replies=sum(name.startswith("s-") for name in evidence.accepted),
        lost=len(lost),
        doubled=len(doubled),
        reordered=len(reordered),
        ambiguous=sum(sent.state == "ambiguous" for sent in evidence.stored.sent),
        late=len(set(_out_of_order(evidence, only_sure=False))) - len(set(_out_of_order(evidence, only_sure=True))),
        takeovers=[seconds for seconds, _ in takeovers],
        violations=[*lost, *doubled, *reordered, *other],
    )


# ---- lost ------------------------------------------------------------------------------------------------------------


def _lost_messages(evidence: Evidence) -> Iterator[str]:
    """What was accepted and was not worked on, or does not stand in the talk with its words."""
    states = {event.name: event for event in evidence.stored.events}
    has_turn = {event_id for event_id, _ in evidence.stored.turns}
    lines = {line.event_id: line for line in evidence.stored.lines}
    for name in evidence.accepted:
        event = states.get(name)
        if event is None:
            yield f"{name} was accepted and is not stored"
        elif event.state != "done" or event.id not in has_turn:
            yield f"{name} was accepted and not worked on: {event.state}"
        elif event.id not in lines:
            yield f"{name} does not stand in the talk"
        else:
            line = lines[event.id]
            words = line.text if name.startswith("b-") else line.seller_text
            if words != evidence.said[name]:
                yield f"{name} stands in the talk with other words"


def _lost_replies(evidence: Evidence, names: Mapping[int, str]) -> Iterator[str]:
    """Replies without a delivery, with one that has failed, or one called sent that never arrived."""
    taken = {one.key: one for one in evidence.taken}
    delivered = {sent.event_id for sent in evidence.stored.sent}
    by_name = {name: event_id for event_id, name in names.items()}
    for name in evidence.accepted:
        if name.startswith("s-") and name in by_name and by_name[name] not in delivered:
            yield f"{name} has no delivery"
    for sent in evidence.stored.sent:
        name = names.get(sent.event_id, str(sent.event_id))
        arrived = taken.get(sent.key)
        if sent.state in _SENT and arrived is None:
            yield f"{name} is called {sent.state} and never reached the platform"
        elif sent.state not in _SENT and sent.state != "ambiguous":
            yield f"{name} was not sent: {sent.state}"
        elif arrived is not None and (arrived.text, arrived.chat) != (sent.text, sent.chat):
            yield f"{name} reached the platform with other words or in another chat"


# ---- doubled ---------------------------------------------------------------------------------------------------------


def _doubled(evidence: Evidence, names: Mapping[int, str]) -> Iterator[str]:
    """Whatever is there twice: events, lines of the talk, turns, logged turns, deliveries, messages at the platform."""
    stored = evidence.stored
    kinds: dict[str, Iterable[str | int]] = {
        "stored": (event.name for event in stored.events),
        "in the talk": (names.get(line.event_id, line.event_id) for line in stored.lines),
        "decided": (names.get(event_id, event_id) for event_id, _ in stored.turns),
        "worked on": (names.get(worked.event_id, worked.event_id) for worked in evidence.worked),
        "to be delivered": (names.get(sent.event_id, sent.event_id) for sent in stored.sent),
        "at the platform": (one.key for one in evidence.taken),
    }
    for where, found in kinds.items():
        for name, times in Counter(found).items():
            if times > 1:
                yield f"{name} is {where} {times} times"


def _strangers(evidence: Evidence, names: Mapping[int, str]) -> Iterator[str]:
    """What nobody said."""
    known = {sent.key for sent in evidence.stored.sent}
    for one in evidence.taken:
        if one.key not in known:
            yield f"the platform was given {one.key}, which is no delivery"
    for name in names.values():
        if name not in evidence.said:
            yield f"{name} is stored and was never said"


# ---- reordered -------------------------------------------------------------------------------------------------------


def _reordered_talk(stored: Stored, names: Mapping[int, str]) -> Iterator[str]:
    """Buyers' messages (and sellers' replies) that stand, or were decided, in another order than they were said."""
    seqs = {event.id: event.seq for event in stored.events}
    homes = {event.id: event.conversation_id for event in stored.events}
    decided = defaultdict(list)
    for event_id, _ in stored.turns:
        if event_id in homes:
            decided[homes[event_id]].append(event_id)
    for in_turn in decided.values():
        for earlier, later in pairwise(in_turn):
            if seqs[earlier] > seqs[later]:
                yield f"{names[later]} was decided after {names[earlier]}"
    talks = defaultdict(list)
    for event in sorted(stored.events, key=lambda event: event.seq):
        talks[event.conversation_id, event.name[:1]].append(event.name)
    for talk in talks.values():
        for earlier_name, later_name in pairwise(talk):
            if earlier_name > later_name:
                yield f"{later_name} stands after {earlier_name}"


def _reordered_at_platform(evidence: Evidence) -> Iterator[str]:
    for key in sorted(set(_out_of_order(evidence, only_sure=True))):
        yield f"delivery {key} reached its chat after one behind it"


def _out_of_order(evidence: Evidence, *, only_sure: bool) -> Iterator[str]:
    """Keys of deliveries that reached their chat after one that was decided later.

    One that is ambiguous may do so: a process that stood still while another took over sends what it had in its hands.
    """
    rows = {sent.key: sent for sent in evidence.stored.sent}
    newest: dict[str, int] = {}
    for one in evidence.taken:
        sent = rows.get(one.key)
        if sent is None or (only_sure and sent.state == "ambiguous"):
            continue
        if sent.seq < newest.get(one.chat, 0):
            yield one.key
        newest[one.chat] = max(sent.seq, newest.get(one.chat, 0))


# ---- takeover --------------------------------------------------------------------------------------------------------


def _takeover(evidence: Evidence, kill: Outage) -> tuple[float, int]:
    """Seconds until the last of the conversations that had work when the process died went on, and which that is.

    Time in which nobody could have worked is not counted.
    """
    homes = {event.id: (event.conversation_id, event.name) for event in evidence.stored.events}
    went_on: dict[int, float] = {}
    for worked in evidence.worked:
        conversation_id, name = homes.get(worked.event_id, (0, ""))
        if worked.at > kill.began and evidence.accepted.get(name, kill.began) < kill.began:
            went_on[conversation_id] = min(worked.at, went_on.get(conversation_id, worked.at))
    waited = ((_counted(kill.began, at, evidence.held_up), home) for home, at in went_on.items())
    return max(waited, default=(0.0, 0))


def _clock(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%H:%M:%S} UTC"


def _counted(began: float, ended: float, held_up: Sequence[Outage]) -> float:
    """The seconds between the two without those in which what was away was not even started."""
    away, until = 0.0, began
    for outage in sorted(held_up, key=lambda outage: outage.began):
        begin, end = max(outage.began, until), min(outage.asked, ended)
        if end > begin:
            away += end - begin
            until = end
    return max(0.0, ended - began - away)
