"""The verdict on a chaos run finds whatever the evidence shows to be lost, doubled, out of order or too slow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tools.chaos_check import Event, Evidence, Line, Sent, Stored, Verdict, verdict
from tools.chaos_platform import Taken
from tools.chaos_processes import Outage, Worked

NAMES = ("b-0000-000000", "s-0000-000000", "b-0000-000001", "s-0000-000001")
CHAT = "34600000000"


def _good() -> Evidence:
    """Two messages and two answers in one chat; a worker died between the first and the second pair."""
    said = {name: f"words of {name}" for name in NAMES}
    replies = [(place, name) for place, name in enumerate(NAMES, 1) if name.startswith("s")]
    return Evidence(
        said=said,
        accepted={name: 10.0 * place for place, name in enumerate(NAMES, 1)},
        strange=(),
        taken=[Taken(f"key-{place}", CHAT, f"ES {name}", f"out-{place}", 0.0) for place, name in replies],
        stored=Stored(
            events=[Event(place, name, 7, place, "done") for place, name in enumerate(NAMES, 1)],
            lines=[
                Line(
                    place,
                    7,
                    place,
                    *(("incoming", said[name], None) if name[0] == "b" else ("outgoing", "ES", said[name])),
                )
                for place, name in enumerate(NAMES, 1)
            ],
            turns=[(place, 100 + place) for place in range(1, 5)],
            sent=[Sent(f"key-{place}", place, 7, place, CHAT, "sent", f"ES {name}") for place, name in replies],
            open_elsewhere={"events": 0, "parked": 0},
        ),
        worked=[Worked(1, 10.1, "worker-1"), Worked(2, 20.1, "worker-1"), Worked(3, 42.0, "worker-2")],
        kills=[Outage("worker-1", "kill", 31.0, 50.0, 52.0)],
        held_up=[],
    )


def _in(values: Any, place: int, **change: Any) -> list[Any]:
    return [replace(value, **change) if at == place else value for at, value in enumerate(values)]


def _stored(**change: Any) -> Callable[[Evidence], Evidence]:
    """Change tables: each value is a function of the good table."""
    return lambda good: replace(
        good,
        stored=replace(good.stored, **{name: made(getattr(good.stored, name)) for name, made in change.items()}),
    )


def _taken(made: Callable[[list[Taken]], list[Taken]]) -> Callable[[Evidence], Evidence]:
    return lambda good: replace(good, taken=made(list(good.taken)))


def _counts(found: Verdict) -> tuple[int, int, int]:
    return found.lost, found.doubled, found.reordered


def test_a_good_run_has_no_violation() -> None:
    found = verdict(_good())
    assert found.violations == []
    assert (found.messages, found.replies, found.ambiguous) == (2, 2, 0)
    assert found.takeovers == [11.0]


@pytest.mark.parametrize(
    "spoil",
    [
        _stored(events=lambda rows: rows[1:]),
        _stored(events=lambda rows: _in(rows, 2, state="open")),
        _stored(events=lambda rows: _in(rows, 2, state="parked")),
        _stored(turns=lambda rows: rows[1:]),
        _stored(lines=lambda rows: rows[:-1]),
        _stored(lines=lambda rows: _in(rows, 0, text="other words")),
        _stored(lines=lambda rows: _in(rows, 1, seller_text="other words")),
        _stored(sent=lambda rows: _in(rows, 0, state="queued")),
        _stored(sent=lambda rows: _in(rows, 0, state="failed")),
        _taken(lambda taken: taken[1:]),
        _taken(lambda taken: _in(taken, 0, text="other words")),
        _taken(lambda taken: _in(taken, 0, chat="34600000001")),
    ],
)
def test_what_is_lost_is_found(spoil: Callable[[Evidence], Evidence]) -> None:
    assert _counts(verdict(spoil(_good()))) == (1, 0, 0)


def test_a_reply_without_a_delivery_is_lost() -> None:
    found = verdict(_stored(sent=lambda rows: rows[:1])(_good()))
    assert found.lost == 1
    assert "s-0000-000001 has no delivery" in found.violations


@pytest.mark.parametrize(
    "spoil",
    [
        _stored(turns=lambda rows: [*rows, (4, 105)]),
        _stored(lines=lambda rows: [*rows, rows[-1]]),
        _stored(sent=lambda rows: [*rows, rows[-1]]),
        _taken(lambda taken: [*taken, taken[-1]]),
        lambda good: replace(good, worked=[*good.worked, Worked(3, 43.0, "worker-1")]),
    ],
)
def test_what_is_doubled_is_found(spoil: Callable[[Evidence], Evidence]) -> None:
    assert _counts(verdict(spoil(_good()))) == (0, 1, 0)


@pytest.mark.parametrize(
    "spoil",
    [
        _stored(turns=lambda rows: [rows[1], rows[0], *rows[2:]]),
        _stored(
            events=lambda rows: _in(_in(rows, 0, seq=3), 2, seq=1),
            turns=lambda rows: [rows[2], rows[1], rows[0], rows[3]],
        ),
        _taken(lambda taken: taken[::-1]),
    ],
)
def test_what_is_out_of_order_is_found(spoil: Callable[[Evidence], Evidence]) -> None:
    assert _counts(verdict(spoil(_good()))) == (0, 0, 1)


def test_an_ambiguous_delivery_may_have_arrived_or_not_and_may_be_late() -> None:
    unsure = _stored(sent=lambda rows: _in(rows, 0, state="ambiguous"))(_good())
    for arrived in (unsure.taken, unsure.taken[1:], unsure.taken[::-1]):
        found = verdict(replace(unsure, taken=arrived))
        assert (found.violations, found.ambiguous) == ([], 1)
    assert verdict(replace(unsure, taken=unsure.taken[::-1])).late == 1
    assert verdict(replace(unsure, taken=[unsure.taken[0], *unsure.taken])).doubled == 1


def test_what_nobody_said_or_decided_is_found() -> None:
    good = _good()
    stranger = Taken("key-9", CHAT, "words", "out-9", 0.0)
    assert verdict(replace(good, taken=[*good.taken, stranger])).violations
    assert verdict(_stored(events=lambda rows: [*rows, Event(5, "b-0000-000009", 7, 5, "done")])(good)).violations
    assert verdict(replace(good, strange=["a door said no"])).violations == ["a door said no"]
    assert verdict(_stored(open_elsewhere=lambda _: {"downloads": 2})(good)).violations == ["2 downloads are left open"]


def test_a_slow_takeover_is_found_and_time_nobody_could_work_is_not_counted() -> None:
    slow = replace(_good(), worked=[Worked(3, 62.0, "worker-2")])
    assert verdict(slow).takeovers == [31.0]
    assert verdict(slow).violations
    away = [Outage("database", "kill", 35.0, 45.0, 46.0), Outage("all", "kill", 40.0, 50.0, 51.0)]
    assert verdict(replace(slow, held_up=away)).takeovers == [16.0]
