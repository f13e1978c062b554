"""Checks everything that is stored, in one snapshot; nothing is changed, and a running service is not held up."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import URL, Connection

from bot.keeping.checks import backlog, lists, order, references
from bot.keeping.checks.contents import Told, read_everything
from bot.keeping.checks.finding import Check, Finding
from bot.keeping.places import name_of, need_head, reading

QUESTIONS: Final = (*references.QUESTIONS, *order.QUESTIONS, *lists.QUESTIONS, *backlog.QUESTIONS)

_FILE: Final = Check(
    name="SQLite 文件损坏 (PRAGMA integrity_check)",
    advice="停止服务，从备份恢复，再看磁盘 (stop the service, restore a backup, look at the disk)",
)


def examine(
    url: URL, *, waits: timedelta, attachments: timedelta | None, now: datetime, told: Told
) -> tuple[Finding, ...]:
    """Everything that was looked for and how often it was found.

    ``waits`` is how long work may lie open; ``attachments`` how long attachments are kept, None: for ever.

    Raises:
        StoreError: the database cannot be read, or is of another version.
    """
    with reading(url) as conn:
        need_head(conn, name_of(url))
        since = None if attachments is None else now - attachments
        return (
            *_file(conn, told=told),
            *_asked(conn, before=now - waits, told=told),
            *read_everything(conn, attachments_since=since, told=told),
        )


def _file(conn: Connection, *, told: Told) -> tuple[Finding, ...]:
    if conn.dialect.name != "sqlite":
        return ()
    finding = Finding(_FILE)
    told("文件 file", 0, 1)
    for said in conn.exec_driver_sql("PRAGMA integrity_check").scalars():
        if said != "ok":
            finding.add(said)
    told("文件 file", 1, 1)
    return (finding,)


def _asked(conn: Connection, *, before: datetime, told: Told) -> tuple[Finding, ...]:
    findings = []
    for number, question in enumerate(QUESTIONS):
        told("检查 check", number, len(QUESTIONS))
        findings.append(question.ask(conn, {"before": before}))
    told("检查 check", len(QUESTIONS), len(QUESTIONS))
    return tuple(findings)
