"""Showings: what boards have still to show. A row stays after it was shown, with what its board keeps."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, case, func, select, text, update

from bot.lanes import board_lane
from bot.store.schema import showings
from bot.store.sql import InsertOrChange

c = showings.c

# Written out, not bound: only so does SQLite use the partial index.
_WAITS = text("showings.wanted - showings.shown > 0")

# ``changed_at`` is since when a showing waits: wanting more of one that waits already changes nothing about that.
_WANT = InsertOrChange(
    showings,
    "board",
    "conversation_id",
    change=lambda new: {
        "wanted": c.wanted + 1,
        "changed_at": case((c.wanted > c.shown, c.changed_at), else_=new.changed_at),
    },
)
_OF_BOARD = (c.board == bindparam("on_board"), c.conversation_id == bindparam("conversation"))
_HEAD = select(c.wanted, c.shown, c.memo, c.attempts, c.not_before).where(*_OF_BOARD, _WAITS)
_KEEP = update(showings).where(*_OF_BOARD).values(memo=bindparam("new_memo"))
_SHOWN = (
    update(showings)
    .where(*_OF_BOARD)
    .values(
        shown=bindparam("upto"), attempts=0, not_before=None, error=bindparam("new_error"), changed_at=bindparam("now")
    )
)
_LATER = (
    update(showings)
    .where(*_OF_BOARD)
    .values(attempts=c.attempts + 1, not_before=bindparam("later"), error=bindparam("new_error"))
)
_OPEN = select(c.board, c.conversation_id).where(_WAITS)
_WAITING = select(func.count()).where(
    _WAITS, c.board.in_(bindparam("boards", expanding=True)), c.changed_at < bindparam("before")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A conversation that waits to be shown on a board; ``wanted`` numbers its changes."""

    wanted: int
    shown: int
    memo: str
    attempts: int
    not_before: datetime | None


def want(conn: Connection, boards: Sequence[str], conversation_id: int, *, now: datetime) -> None:
    """The conversation changed: every board must show it anew.

    The last thing a transaction does: the rows are locked until its end, and whoever changes the conversation wants
    them too.
    """
    if not boards:
        return
    row = {"conversation_id": conversation_id, "wanted": 1, "shown": 0, "memo": "", "attempts": 0, "changed_at": now}
    conn.execute(_WANT.on(conn), [{**row, "board": board} for board in boards])


def open_lanes(conn: Connection) -> list[str]:
    """Lanes with something to show."""
    return [board_lane(row.board, row.conversation_id) for row in conn.execute(_OPEN)]


def head(conn: Connection, board: str, conversation_id: int) -> Head | None:
    """What waits to be shown, None when the newest state was."""
    row = conn.execute(_HEAD, {"on_board": board, "conversation": conversation_id}).first()
    return None if row is None else Head(**row._mapping)  # noqa: SLF001 - the public name of a row's mapping


def keep(conn: Connection, board: str, conversation_id: int, memo: str) -> None:
    """Store what the board must remember about the conversation."""
    conn.execute(_KEEP, {"on_board": board, "conversation": conversation_id, "new_memo": memo})


def shown(
    conn: Connection, board: str, conversation_id: int, *, upto: int, error: str | None = None, now: datetime
) -> None:
    """The change numbered ``upto`` and all before it need not be shown any more, ``error`` says why if they were not.

    A later change waits since now.
    """
    values = {"on_board": board, "conversation": conversation_id, "upto": upto, "new_error": error, "now": now}
    conn.execute(_SHOWN, values)


def later(conn: Connection, board: str, conversation_id: int, *, not_before: datetime, error: str | None) -> None:
    """Count a failed attempt and name the time of the next."""
    values = {"on_board": board, "conversation": conversation_id, "later": not_before, "new_error": error}
    conn.execute(_LATER, values)


def waiting(conn: Connection, boards: Collection[str], *, before: datetime) -> int:
    """How many wait since before that moment to be shown on one of the boards."""
    return conn.execute(_WAITING, {"boards": list(boards), "before": before}).scalar_one()
