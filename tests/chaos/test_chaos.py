"""The short form of a chaos run, on each kind of database: the real product, killed and troubled under load."""

from __future__ import annotations

from pathlib import Path

from tools.chaos import Options, run
from tools.chaos_people import Load
from tools.chaos_plan import DATABASE, SHORT, Kind


async def test_nothing_is_lost_doubled_or_reordered(database: str, tmp_path: Path) -> None:
    options = Options(
        database=database,
        load=Load(messages=120, chats=12, rate=30),
        kills={"sqlite": 2, "postgresql": 4}[database],
        seed=17,  # the long pause of a worker comes first and lasts beside the rest
        scale=SHORT,
        hang=2.0,
    )
    report = await run(options, tmp_path)
    assert report.verdict.violations == []
    assert (report.verdict.messages, report.verdict.replies) == (120, 60)
    done = {kind for kind, _ in report.faults}
    if database == "postgresql":
        assert done == {Kind.KILL, Kind.PAUSE, Kind.RESTART, Kind.CLOCK, Kind.STORM, Kind.AWAY}
        assert report.faults[Kind.KILL, DATABASE] == 1
    else:
        assert done == {Kind.KILL, Kind.FULL_DISK, Kind.CLOCK, Kind.STORM, Kind.AWAY}
    assert report.unexpected == []
