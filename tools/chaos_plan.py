"""What goes wrong when in a chaos run: made from a seed, so that a run can be had again."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """How something goes wrong."""

    KILL = "kill"  # SIGKILL and started again
    PAUSE = "pause"  # SIGSTOP for longer than a lease, then SIGCONT
    RESTART = "restart"  # SIGTERM and started again
    CLOCK = "clock step"
    FULL_DISK = "full disk"
    STORM = "platform storm"  # 429, 5xx, hangs, resets
    AWAY = "platform away"


WORLD: Final = "platform"
DATABASE: Final = "database"
# Seconds after which a process that stands still has lost its leases (10) and its lanes (12, found within 3).
GIVEN_UP: Final = 15.0


@dataclass(frozen=True, slots=True)
class Step:
    """One fault, begun when ``after`` messages are accepted."""

    after: int
    kind: Kind
    target: str
    seconds: float  # it lasts; of a killed process: until it is started again
    ahead: float = 0.0  # of a clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How long things last, in seconds."""

    process: float  # a killed process is away, at most
    database: float  # the database is away, at most (once it is away for all of it)
    world: float  # storms, full disks and stepped clocks, at most
    clock: float = 60.0  # a clock is stepped, at most
    pause: float = 6.0  # a paused process stands still, beyond the time after which it is given up, at most


LONG: Final = Scale(process=15.0, database=30.0, world=15.0)
SHORT: Final = Scale(process=1.0, database=3.0, world=3.0, clock=3.0, pause=1.0)


def plan(
    seed: int, *, messages: int, kills: int, processes: tuple[str, ...], is_shared: bool, scale: Scale
) -> tuple[Step, ...]:
    """``kills`` SIGKILLs and about half as many other faults, spread over the first nine tenths of the messages.

    ``processes`` are the names of the product's; ``is_shared`` when they share a database that can be killed too.
    """
    chance = random.Random(seed)  # noqa: S311 - repeatable, no secret
    targets = [*processes, *([DATABASE] if is_shared else [])]
    # Everybody is hit in turn, in a new order each time.
    hit: list[str] = []
    while len(hit) < kills:
        hit += chance.sample(targets, len(targets))
    steps = [_kill(target, chance, scale) for target in hit[:kills]]
    others = [Kind.STORM, Kind.CLOCK, Kind.AWAY, *([Kind.PAUSE, Kind.RESTART] if is_shared else [Kind.FULL_DISK])]
    count = max(len(others), kills // 2)
    steps += [_other(others[n % len(others)], processes, chance, scale) for n in range(count)]
    chance.shuffle(steps)
    places = sorted(chance.random() for _ in steps)
    timed = [
        Step(int(messages * 0.9 * place), step.kind, step.target, step.seconds, step.ahead)
        for place, step in zip(places, steps, strict=True)
    ]
    return _once_for_long(timed, scale)


def _kill(target: str, chance: random.Random, scale: Scale) -> Step:
    longest = scale.database / 6 if target == DATABASE else scale.process
    return Step(0, Kind.KILL, target, chance.random() * longest)


def _other(kind: Kind, processes: tuple[str, ...], chance: random.Random, scale: Scale) -> Step:
    seconds = scale.world * chance.uniform(0.3, 1)
    match kind:
        case Kind.STORM | Kind.AWAY:
            return Step(0, kind, WORLD, seconds if kind is Kind.STORM else seconds / 3)
        case Kind.PAUSE:
            workers = [name for name in processes if name.startswith("worker")]
            return Step(0, kind, chance.choice(workers or list(processes)), GIVEN_UP + chance.random() * scale.pause)
        case Kind.RESTART:
            return Step(0, kind, chance.choice(processes), 0.0)
        case Kind.CLOCK:
            return Step(0, kind, chance.choice(processes), seconds, chance.uniform(-scale.clock, scale.clock))
        case _:
            return Step(0, kind, processes[0], seconds / 2)


def _once_for_long(steps: list[Step], scale: Scale) -> tuple[Step, ...]:
    """The first time the database is killed it stays away for the whole time."""
    for place, step in enumerate(steps):
        if step.target == DATABASE:
            steps[place] = Step(step.after, step.kind, step.target, scale.database)
            break
    return tuple(steps)
