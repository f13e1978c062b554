"""Whether one buyer who floods the shop makes the others wait."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tools.bench_database import Postgres
from tools.bench_installation import Installation, installation
from tools.bench_load import Stream
from tools.bench_report import Section, Value, p50, p99

FLOOD: Final = Stream(name="flood", chats=1, each=1000, at_once=True)
OTHERS: Final = 50  # buyers, each says something once a second
SECONDS: Final = 20
_EXPLAINS: Final = (
    "The times of the others: from a request to its 2xx ('taken'), and from there to the stored turn. 'flood "
    "stored' is when the last turn of the flood was, after its first request."
)


def section(postgres: Postgres | None) -> Section:
    """How late the others are, with and without the flood."""
    rows = []
    with installation(("all",), delay=0.0) as installed:
        rows += _rows("SQLite, 1 process", installed)
    if postgres is not None:
        with installation(("web", "worker", "worker"), delay=0.0, postgres=postgres) as installed:
            rows += _rows("PostgreSQL, web + 2", installed)
    return Section(
        f"Fairness: {OTHERS} buyers say one thing a second each for {SECONDS} s, one says {FLOOD.each} at once",
        rows,
        _EXPLAINS,
    )


def _rows(what: str, installed: Installation) -> list[Mapping[str, Value]]:
    installed.load(Stream(name="warm", chats=OTHERS, each=2))
    return [_row(what, installed, flooded=flooded) for flooded in (False, True)]


def _row(what: str, installed: Installation, *, flooded: bool) -> Mapping[str, Value]:
    calm = Stream(name="flooded" if flooded else "alone", chats=OTHERS, each=SECONDS, rate=float(OTHERS))
    measured = installed.load(calm, *([FLOOD] if flooded else []))
    taking = [seconds for name, seconds in measured.taking.items() if name.startswith(calm.name + "-")]
    storing = [seconds for name, seconds in measured.storing.items() if name.startswith(calm.name + "-")]
    return {
        "on": what,
        "flood": "yes" if flooded else "no",
        "taken p50 ms": p50(taking) * 1000,
        "taken p99 ms": p99(taking) * 1000,
        "stored p50 ms": p50(storing) * 1000,
        "stored p99 ms": p99(storing) * 1000,
        "stored worst ms": max(storing) * 1000,
        "flood stored s": measured.stored_after("flood") if flooded else None,
        "others": measured.others,
        "loop": measured.loop_ms,
    }
