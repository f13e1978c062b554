"""Messages: every line of a conversation, written once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, func, insert, select, update

from bot.store.schema import messages, turns
from dialogs.messages import Direction, Kind, Media, Message, Origin

c = messages.c

_DIRECTIONS: dict[str, Direction] = {direction.value: direction for direction in Direction}

_ADD = insert(messages).returning(c.id)
# The Chinese of a buyer's message comes with its turn, the newest one where it was read again.
CHINESE = (
    select(turns.c.seller_text)
    .where(turns.c.message_id == c.id, turns.c.seller_text.is_not(None))
    .order_by(turns.c.id.desc())
    .limit(1)
    .scalar_subquery()
)
# In the order ``message`` unpacks.
COLUMNS = select(
    c.id,
    c.seq,
    c.direction,
    c.text,
    c.seller_text,
    c.language,
    c.at,
    c.author,
    c.media,
    c.reply_id,
    c.kind,
    c.origin,
    c.edits,
    c.event_id,
    c.deleted_at,
    CHINESE.label("chinese"),
)
_HISTORY = (
    COLUMNS.where(c.conversation_id == bindparam("conversation"), c.seq < bindparam("before"))
    .order_by(c.seq.desc())
    .limit(bindparam("count"))
)
_BY_ID = COLUMNS.where(c.conversation_id == bindparam("conversation"), c.id == bindparam("message"))
_LATEST_INCOMING = (
    COLUMNS.where(
        c.conversation_id == bindparam("conversation"),
        c.seq < bindparam("before"),
        c.direction == Direction.INCOMING,
    )
    .order_by(c.seq.desc())
    .limit(1)
)
_LAST_AUTHOR = (
    select(c.author)
    .where(c.conversation_id == bindparam("conversation"), c.direction == Direction.OUTGOING)
    .order_by(c.seq.desc())
    .limit(1)
)
_LATEST_VERSION = select(func.max(c.id)).where(
    c.conversation_id == bindparam("conversation"), c.external_id == bindparam("external")
)


_DELETE = (
    update(messages)
    .where(
        c.conversation_id == bindparam("conversation"), c.external_id == bindparam("external"), c.deleted_at.is_(None)
    )
    .values(deleted_at=bindparam("moment"))
)
_OF_EVENT = select(c.id, c.text, c.media).where(c.event_id == bindparam("event")).with_for_update()
_EXTEND = (
    update(messages)
    .where(c.id == bindparam("message"))
    .values(text=bindparam("words"), folded=bindparam("new_folded"), media=bindparam("more"))
)
_LATEST_WORD = (
    select(c.at)
    .where(c.conversation_id == bindparam("conversation"), c.direction == Direction.INCOMING, c.edits.is_(None))
    .order_by(c.seq.desc())
    .limit(1)
)


def add(
    conn: Connection,
    *,
    conversation_id: int,
    event_id: int,
    seq: int,
    direction: Direction,
    text: str,
    at: datetime,
    seller_text: str | None = None,
    language: str | None = None,
    author: str = "",
    media: tuple[Media, ...] = (),
    reply_id: str | None = None,
    kind: Kind | None = None,
    origin: Origin | None = None,
    edits: int | None = None,
    answers: int | None = None,
    external_id: str | None = None,
) -> int:
    """Store a message under the number of the event that made it, and return its id."""
    values = {
        "conversation_id": conversation_id,
        "event_id": event_id,
        "seq": seq,
        "direction": direction,
        "text": text,
        "seller_text": seller_text,
        "language": language,
        "at": at,
        "author": author,
        "media": media or None,
        "reply_id": reply_id,
        "kind": kind,
        "origin": origin,
        "edits": edits,
        "answers": answers,
        "external_id": external_id,
        "folded": fold(text, seller_text),
    }
    new: int = conn.execute(_ADD, values).scalar_one()
    return new


def fold(*texts: str | None) -> str:
    """What search looks in: without case, in the same way on both databases."""
    return "\n".join(text for text in texts if text).casefold()


def history(conn: Connection, conversation_id: int, *, before: int, limit: int) -> tuple[Message, ...]:
    """The latest messages numbered below ``before``, oldest first."""
    return tuple(message(row) for row in rows(conn, conversation_id, before=before, limit=limit))


def rows(conn: Connection, conversation_id: int, *, before: int, limit: int) -> list[Row[*tuple[Any, ...]]]:
    """The same with the event of each."""
    values = {"conversation": conversation_id, "before": before, "count": limit}
    return list(reversed(conn.execute(_HISTORY, values).all()))


def by_id(conn: Connection, conversation_id: int, message_id: int) -> Message | None:
    """A message of this conversation."""
    return _one(conn, _BY_ID, {"conversation": conversation_id, "message": message_id})


def latest_incoming(conn: Connection, conversation_id: int, *, before: int) -> Message | None:
    """The buyer's last message numbered below ``before``."""
    return _one(conn, _LATEST_INCOMING, {"conversation": conversation_id, "before": before})


def latest_version(conn: Connection, conversation_id: int, external_id: str) -> int | None:
    """Id of the newest row of a platform's message: the first, or its last edit."""
    found: int | None = conn.execute(
        _LATEST_VERSION, {"conversation": conversation_id, "external": external_id}
    ).scalar()
    return found


def mark_deleted(conn: Connection, conversation_id: int, external_id: str, *, at: datetime) -> None:
    """The buyer took a message back, all versions of it; nothing happens when it is not known."""
    conn.execute(_DELETE, {"conversation": conversation_id, "external": external_id, "moment": at})


def add_media(conn: Connection, event_id: int, text: str, media: tuple[Media, ...]) -> int:
    """Add more of its album to the message of an event, with the caption if it has none; the message's id."""
    row = conn.execute(_OF_EVENT, {"event": event_id}).one()
    words = row.text or text
    values = {"message": row.id, "words": words, "new_folded": fold(words), "more": (*(row.media or ()), *media)}
    conn.execute(_EXTEND, values)
    return int(row.id)


def latest_buyer_word(conn: Connection, conversation_id: int) -> datetime | None:
    """When the buyer wrote last; an edit is no new word."""
    found: datetime | None = conn.execute(_LATEST_WORD, {"conversation": conversation_id}).scalar()
    return found


def last_author(conn: Connection, conversation_id: int) -> str | None:
    """Who answered last."""
    found: str | None = conn.execute(_LAST_AUTHOR, {"conversation": conversation_id}).scalar()
    return found


def message(row: Sequence[Any]) -> Message:
    """A row as the value that travels. Unpacked: forty of these are read for every turn."""
    id_, seq, direction, text, own, language, at, author, media, reply_id, kind, origin, edits, _, gone, chinese = row
    return Message(
        id=id_,
        seq=seq,
        direction=_DIRECTIONS[direction],
        text=text,
        at=at,
        seller_text=chinese if own is None else own,
        language=language,
        author=author,
        media=media or (),
        reply_id=reply_id,
        kind=None if kind is None else Kind(kind),
        origin=None if origin is None else Origin(origin),
        edits=edits,
        deleted_at=gone,
    )


def _one(conn: Connection, query: Select[*tuple[Any, ...]], values: dict[str, object]) -> Message | None:
    row = conn.execute(query, values).first()
    return None if row is None else message(row)
