"""Whether rows refer to rows that are there, and to those of their own conversation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Column, ForeignKey, Select, Table, select

from bot.keeping.checks.finding import Question
from bot.store.schema import clocks, deliveries, downloads, events, messages, metadata, proposals, showings
from dialogs.messages import DeliveryState

_STATES: Final = (
    (events, ("open", "done", "parked")),
    (deliveries, tuple(DeliveryState)),
    (proposals, ("open", "chosen", "closed")),
    (clocks, ("open", "rung", "stopped")),
    (downloads, ("open", "done", "failed", "dismissed")),
)


def _foreign_keys() -> Iterator[tuple[Table, Column[Any], ForeignKey]]:
    for table in metadata.sorted_tables:
        for column in table.columns:
            for key in column.foreign_keys:
                yield table, column, key


def _named(table: Table) -> Column[Any]:
    return next(iter(table.primary_key.columns))


def _orphans() -> Iterator[Select[*tuple[Any, ...]]]:
    for table, column, key in _foreign_keys():
        parent = key.column.table.alias()
        yield (
            select(_named(table).label(table.name), column)
            .join_from(table, parent, parent.c[key.column.name] == column, isouter=True)
            .where(column.is_not(None), parent.c[key.column.name].is_(None))
        )


def _strangers() -> Iterator[Select[*tuple[Any, ...]]]:
    within = [(table, column, key.column.table) for table, column, key in _foreign_keys()]
    for table, column, parent_table in [*within, (messages, messages.c.answers, messages)]:
        parent = parent_table.alias()
        if "conversation_id" in table.c and "conversation_id" in parent.c:
            yield (
                select(_named(table).label(table.name), column)
                .join_from(table, parent, parent.c.id == column)
                .where(parent.c.conversation_id != table.c.conversation_id)
            )


QUESTIONS: Final = (
    Question(
        name="引用的行不存在 (rows refer to rows that are gone)",
        advice="有人改过数据库文件：请从备份恢复 (somebody edited the file: restore a backup)",
        statements=tuple(_orphans()),
    ),
    Question(
        name="引用了别的对话 (rows refer to another conversation)",
        advice="不要从这些对话回复，请从备份恢复 (answer nothing in these conversations; restore a backup)",
        statements=tuple(_strangers()),
    ),
    Question(
        name="未知状态，永远不会处理 (a state there is not: never worked on)",
        advice="把状态改成文档里的一种，或从备份恢复 (set a state there is, or restore a backup)",
        statements=tuple(
            select(table.c.id.label(table.name), table.c.state).where(table.c.state.not_in(states))
            for table, states in _STATES
        ),
    ),
    Question(
        name="看板显示的比要显示的还新 (boards have shown what does not exist yet)",
        advice="把 shown 改成 wanted (set shown to wanted)",
        statements=(select(showings.c.id.label("showings")).where(showings.c.wanted < showings.c.shown),),
    ),
)
