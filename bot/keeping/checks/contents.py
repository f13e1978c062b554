"""Reads every row: whether JSON and moments can be understood, and whether attachments are there and whole.

Memory stays flat: which attachments are named is kept in a temporary database of its own.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError
from sqlalchemy import Column, Connection, Row, Select, Table, Text, bindparam, func, select, type_coerce

from bot.keeping.checks.finding import Check, Finding, Level
from bot.store.schema import blobs, conversations, messages, metadata
from bot.store.types import Json, Moment
from dialogs.messages import Case, Media

# What is read, how many rows of it, and how many there are.
Told = Callable[[str, int, int], None]

_JSON: Final = Check(
    name="内容无法读取 (contents this version cannot read)",
    advice="是更新的版本写的，或文件被改过：用原来的版本，或从备份恢复 (of a newer version, or edited: use that one)",
)
_MOMENT: Final = Check(
    name="时间无法读取 (moments that are none)",
    advice="改成 UTC，如 2026-03-02 12:00:00.000000 (write UTC so)",
)
_OTHERWISE: Final = Check(
    name="时间写法不同，排序可能不准 (moments written in another way: their order may be off)",
    advice="意思相同，下次写入时会改正 (they mean the same, and are mended when they are written next)",
    level=Level.ATTENTION,
)
_CASE: Final = Check(
    name="列表列与案件不符 (columns of the list do not agree with the case)",
    advice="下一条消息会改正 (the next message mends it)",
)
_MISSING: Final = Check(
    name="附件丢失 (attachments that are named and not there)",
    advice="从备份取回 blobs 表里的这些行 (get these rows of the table blobs from a backup)",
)
_BROKEN: Final = Check(
    name="附件内容损坏 (attachments that are not what they were)",
    advice="从备份取回 blobs 表里的这些行 (get these rows of the table blobs from a backup)",
)
_UNUSED: Final = Check(
    name="没有消息引用的附件 (attachments no message names)",
    advice="正常，例如选了文件没有发送 (so it is when a file was chosen and not sent)",
    level=Level.INFO,
)

_REF = re.compile(r'"ref":"([^"\\]+)"')
_SHOWN = ("status", "situation", "mood", "urgency", "language", "flags")
_LAST_BEFORE = select(func.max(messages.c.id)).where(messages.c.at < bindparam("since", type_=Moment))
_BLOBS = select(blobs.c.ref, blobs.c.mime, blobs.c.size, blobs.c.content)


def read_everything(conn: Connection, *, attachments_since: datetime | None, told: Told) -> tuple[Finding, ...]:
    """Every row of every table, once; attachments of older messages may be gone."""
    findings = {check: Finding(check) for check in (_JSON, _MOMENT, _OTHERWISE, _CASE, _MISSING, _BROKEN, _UNUSED)}
    with _Attachments.noted(after=_last_before(conn, attachments_since)) as attachments:
        for table in metadata.sorted_tables:
            columns = [column for column in table.columns if _is_read(column, conn)]
            if columns:
                _read_table(conn, table, columns, findings, attachments, told=told)
        _read_attachments(conn, findings[_BROKEN], attachments, told=told)
        attachments.tell(missing=findings[_MISSING], unused=findings[_UNUSED])
    return tuple(findings.values())


def _last_before(conn: Connection, since: datetime | None) -> int:
    """The last message from before then."""
    return 0 if since is None else int(conn.execute(_LAST_BEFORE, {"since": since}).scalar() or 0)


def _is_read(column: Column[Any], conn: Connection) -> bool:
    """JSON is text on both databases, a moment on SQLite only."""
    return isinstance(column.type, Json) or (isinstance(column.type, Moment) and conn.dialect.name == "sqlite")


def _read_table(
    conn: Connection,
    table: Table,
    columns: Sequence[Column[Any]],
    findings: dict[Check, Finding],
    attachments: _Attachments,
    *,
    told: Told,
) -> None:
    keys = list(table.primary_key.columns)
    shown = [table.c[name] for name in _SHOWN] if table is conversations else []
    read = [type_coerce(column, Text).label(f"{column.name}_as_text") for column in [*columns, *shown]]
    what, total, done = f"读取 read {table.name}", _count(conn, table), 0
    for rows in _pages(conn, select(*keys, *read)):
        for row in rows:
            where = " ".join([table.name, *map(str, row[: len(keys)])])
            texts = dict(zip([column.name for column in [*columns, *shown]], row[len(keys) :], strict=True))
            values = {column.name: _value(column, texts[column.name], where, findings) for column in columns}
            if table is conversations and not _agrees(values["case"], texts):
                findings[_CASE].add(where)
            for text in texts.values():
                attachments.name_in(text)
            if table is messages:
                attachments.need(values["media"], row[0])
        done += len(rows)
        told(what, done, total)


def _value(column: Column[Any], text: str | None, where: str, findings: dict[Check, Finding]) -> Any:  # noqa: ANN401
    """What a text means, None when it means nothing."""
    if text is None:
        return None
    if isinstance(column.type, Json):
        try:
            return column.type.shape.codec.validate_json(text)
        except ValidationError:
            findings[_JSON].add(f"{where} {column.name}")
            return None
    trouble = _trouble_with(text)
    if trouble is not None:
        findings[trouble].add(f"{where} {column.name}")
    return None


def _trouble_with(moment: str) -> Check | None:
    """What is wrong with the text of a moment, which is read as UTC and compared as text."""
    try:
        found = datetime.fromisoformat(moment)
    except ValueError:
        return _MOMENT
    if found.utcoffset():
        return _MOMENT
    return None if found.replace(tzinfo=None).isoformat(" ", "microseconds") == moment else _OTHERWISE


def _agrees(case: Case | None, texts: dict[str, str | None]) -> bool:
    """Whether the columns show what is in the case; of one that cannot be read nobody knows."""
    if case is None:
        return True
    flags = conversations.c.flags.type
    written = flags.shape.codec.dump_json(case.flags).decode() if isinstance(flags, Json) else None
    of_case = {name: getattr(case, name) for name in _SHOWN} | {"flags": written}
    return all(texts[name] == value for name, value in of_case.items())


def _read_attachments(conn: Connection, broken: Finding, attachments: _Attachments, *, told: Told) -> None:
    total, done = _count(conn, blobs), 0
    for rows in _pages(conn, _BLOBS, size=1):
        for row in rows:
            attachments.there(row.ref)
            content = bytes(row.content)
            digest = hashlib.sha256(row.mime.encode() + b"\0" + content).hexdigest()
            if digest != row.ref or len(content) != row.size:
                broken.add(f"blobs {row.ref}")
        done += len(rows)
        told("读取 read blobs", done, total)


def _pages(
    conn: Connection, statement: Select[*tuple[Any, ...]], *, size: int = 1000
) -> Iterator[Sequence[Row[*tuple[Any, ...]]]]:
    yield from conn.execute(statement, execution_options={"yield_per": size}).partitions()


def _count(conn: Connection, table: Table) -> int:
    return int(conn.execute(select(func.count()).select_from(table)).scalar_one())


class _Attachments:
    """Which attachments rows name, which of them messages need, and which are there."""

    def __init__(self, notes: sqlite3.Connection, *, after: int) -> None:
        self._notes = notes
        self._after = after
        for table in ("named (ref PRIMARY KEY)", "needed (ref, message)", "there (ref PRIMARY KEY)"):
            notes.execute(f"CREATE TABLE {table}")

    @classmethod
    @contextmanager
    def noted(cls, *, after: int) -> Iterator[_Attachments]:
        """Notes in a temporary file, which goes when the block ends; only messages ``after`` that id need anything."""
        with closing(sqlite3.connect("")) as notes:
            yield cls(notes, after=after)

    def name_in(self, text: str | None) -> None:
        """Note what a text of JSON names."""
        if text is not None and '"ref":"' in text:
            self._notes.executemany("INSERT OR IGNORE INTO named VALUES (?)", [(ref,) for ref in _REF.findall(text)])

    def need(self, media: tuple[Media, ...] | None, message_id: int) -> None:
        """Note what belongs to a message."""
        refs = [(item.ref, message_id) for item in media or () if item.ref and message_id > self._after]
        self._notes.executemany("INSERT INTO needed VALUES (?, ?)", refs)

    def there(self, ref: str) -> None:
        """Note what is stored."""
        self._notes.execute("INSERT INTO there VALUES (?)", (ref,))

    def tell(self, *, missing: Finding, unused: Finding) -> None:
        """What is needed and not there, and what is there and not named."""
        for ref, message in self._notes.execute(
            "SELECT ref, message FROM needed WHERE ref NOT IN (SELECT ref FROM there) ORDER BY message"
        ):
            missing.add(f"message {message} blob {ref[:16]}")
        for (ref,) in self._notes.execute(
            "SELECT ref FROM there WHERE ref NOT IN (SELECT ref FROM named) ORDER BY ref"
        ):
            unused.add(f"blob {ref[:16]}")
