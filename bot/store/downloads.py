"""Downloads: attachments whose bytes are still on their platform, until they are here or never will be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select, text, update

from bot.lanes import media_lane
from bot.store.schema import downloads, messages
from bot.store.sql import InsertIfNew
from dialogs.messages import Media

c = downloads.c

# Written out, not bound: only so does SQLite use the partial index.
_IS_OPEN = text("downloads.state = 'open'")

_ADD = InsertIfNew(downloads)
_NEXT = (
    select(c.id, c.message_id, c.conversation_id, c.account, c.position, c.attempts, messages.c.media.label("attached"))
    .join_from(downloads, messages)
    .where(c.lane == bindparam("in_lane"), _IS_OPEN, (c.not_before.is_(None)) | (c.not_before <= bindparam("now")))
    .order_by(c.id)
    .limit(1)
)
_DUE = select(func.min(c.not_before)).where(c.lane == bindparam("in_lane"), _IS_OPEN)
_LATER = (
    update(downloads)
    .where(c.id == bindparam("download"))
    .values(
        attempts=c.attempts + 1,
        not_before=bindparam("later"),
        error=bindparam("new_error"),
        changed_at=bindparam("moment"),
    )
)
_SETTLE = (
    update(downloads)
    .where(c.id == bindparam("download"))
    .values(state=bindparam("new_state"), not_before=None, error=bindparam("new_error"), changed_at=bindparam("moment"))
)
_FAILED = text("downloads.state = 'failed'")
_FAILED_OF = select(c.position, c.lane).where(c.message_id == bindparam("message"), _FAILED)
_LEAVE = (
    update(downloads)
    .where(c.message_id == bindparam("message"), _FAILED)
    .values(state=bindparam("new_state"), attempts=0, not_before=None, changed_at=bindparam("moment"))
)
_ATTACHED = select(messages.c.media).where(messages.c.id == bindparam("message")).with_for_update()
_ATTACH = update(messages).where(messages.c.id == bindparam("message")).values(media=bindparam("attached"))
_OPEN_LANES = select(c.lane).where(_IS_OPEN).distinct()


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The next attachment of a lane to be fetched."""

    id: int
    message_id: int
    conversation_id: int
    account: str
    position: int
    attempts: int
    media: Media


def add(
    conn: Connection, *, message_id: int, conversation_id: int, account: str, media: tuple[Media, ...], now: datetime
) -> None:
    """Have fetched what of a message's attachments is still on the platform; asking again changes nothing.

    ``media`` is all that is attached: its order gives the positions.
    """
    row = {
        "message_id": message_id,
        "conversation_id": conversation_id,
        "lane": media_lane(account, conversation_id),
        "account": account,
        "state": "open",
        "attempts": 0,
        "changed_at": now,
    }
    rows = [
        {**row, "position": position}
        for position, item in enumerate(media)
        if item.remote and not item.ref and not item.error
    ]
    if rows:
        conn.execute(_ADD.on(conn), rows)


def head(conn: Connection, lane: str, *, now: datetime) -> Head | None:
    """The first that may be fetched now: one that waits for its platform holds up no other."""
    row = conn.execute(_NEXT, {"in_lane": lane, "now": now}).first()
    if row is None:
        return None
    return Head(
        id=row.id,
        message_id=row.message_id,
        conversation_id=row.conversation_id,
        account=row.account,
        position=row.position,
        attempts=row.attempts,
        media=row.attached[row.position],
    )


def next_due(conn: Connection, lane: str) -> datetime | None:
    """When the next one may be fetched that has to wait, None when none waits."""
    found: datetime | None = conn.execute(_DUE, {"in_lane": lane}).scalar()
    return found


def later(conn: Connection, download_id: int, *, not_before: datetime, error: str, now: datetime) -> None:
    """Count a failed attempt and name the time of the next."""
    conn.execute(_LATER, {"download": download_id, "later": not_before, "new_error": error, "moment": now})


def settle(conn: Connection, of: Head, media: Media, *, now: datetime) -> bool:
    """Put what came of a download in the attachment's place; False when its message is gone.

    The message's row is locked: more of its album may come at this moment.
    """
    row = conn.execute(_ATTACHED, {"message": of.message_id}).first()
    if row is None:
        return False
    attached = (*row.media[: of.position], media, *row.media[of.position + 1 :])
    conn.execute(_ATTACH, {"message": of.message_id, "attached": attached})
    state = "failed" if media.error else "done"
    values = {"download": of.id, "new_state": state, "new_error": media.error or None, "moment": now}
    conn.execute(_SETTLE, values)
    return True


def again(conn: Connection, message_id: int, *, now: datetime) -> str | None:
    """Have fetched again what failed of a message; the lane that has something to fetch since, None when nothing."""
    failed = conn.execute(_FAILED_OF, {"message": message_id}).all()
    if not failed:
        return None
    row = conn.execute(_ATTACHED, {"message": message_id}).one()
    positions = {each.position for each in failed}
    attached = tuple(
        replace(media, error="") if position in positions else media for position, media in enumerate(row.media)
    )
    conn.execute(_ATTACH, {"message": message_id, "attached": attached})
    conn.execute(_LEAVE, {"message": message_id, "new_state": "open", "moment": now})
    return str(failed[0].lane)


def dismiss(conn: Connection, message_id: int, *, now: datetime) -> None:
    """Let be what failed of a message: it is no trouble any more, the message still says what did not come."""
    conn.execute(_LEAVE, {"message": message_id, "new_state": "dismissed", "moment": now})


def open_lanes(conn: Connection) -> list[str]:
    """Lanes with something to fetch."""
    return list(conn.execute(_OPEN_LANES).scalars())
