"""Fills a database for ``growth.py``: real conversations made by the product, copied by the database itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Column, Connection, Table, Text, delete, func, insert, select, text, update
from sqlalchemy.sql.elements import ColumnElement

from bot.app import App
from bot.settings import Settings
from bot.store import Store, retention
from bot.store.schema import (
    clocks,
    contact_aliases,
    contacts,
    conversations,
    deliveries,
    events,
    messages,
    proposals,
    showings,
    turns,
)
from bot.store.types import Moment
from dialogs.events import AgentChose, AgentSetStatus, Body, BuyerWrote, Event
from dialogs.messages import Choice

ACCOUNT: Final = "web"
BUYERS, EACH = 100, 5  # conversations that are made; a buyer's message and an answer make two messages
BASE: Final = BUYERS * EACH * 2
WAITING, RESOLVED = 10, 60  # of a hundred conversations: the buyer waits, or the case is closed
# Referenced rows before those that refer to them.
TABLES: Final = (
    contacts,
    contact_aliases,
    conversations,
    events,
    messages,
    turns,
    proposals,
    deliveries,
    showings,
)
SAYINGS: Final = (
    "Hola, hice el pedido 8124507731046 hace 32 días y todavía no ha llegado. ¿Dónde está mi paquete?",
    "O produto chegou quebrado, quero meu dinheiro de volta. Mandei as fotos.",
    "Здравствуйте, трек-номер RX482913650CN не отслеживается уже две недели!!!",
    "Bonjour, j'ai reçu une taille S au lieu de M, est-ce que je peux l'échanger ?",
    "Die Sendung gilt als zugestellt, aber ich habe nichts bekommen.",
    "السلام عليكم، المنتج لا يعمل وأريد استرجاع المبلغ 25.50 دولار",
    "주문번호 8125330194772 취소하고 싶어요. 아직 발송 전이죠?",
    "Send me $40 or I will leave ten bad reviews about your shop.",
    "Thank you so much, everything is perfect!",
)
ANSWERS: Final = (
    "亲，非常抱歉给您带来不便，我们马上为您查询包裹的最新位置，请稍等片刻。",
    "您好，破损的商品我们可以补发，或者为您退款，请问您希望怎么处理？",
    "感谢您的耐心等待，物流已经更新，预计三天内送达，到货后请先检查外包装再签收。",
)
_APART: Final = timedelta(seconds=41)  # two copies of one conversation


@dataclass(frozen=True, slots=True)
class Size:
    """What a database holds."""

    messages: int
    conversations: int
    clocks: int


async def make_base(settings: Settings) -> None:
    """A hundred conversations of ten messages, made by the product in an empty database."""
    async with App.open(settings) as app:
        for buyer in range(BUYERS):
            for number in range(EACH):
                said = BuyerWrote(text=f"{SAYINGS[(buyer + number) % len(SAYINGS)]} {buyer}")
                conversation = await _do(app, f"b{buyer}", number, said)
                if number + 1 < EACH or buyer % 100 >= WAITING:
                    answer = ANSWERS[(buyer + number) % len(ANSWERS)]
                    choice = Choice(agent="小王", seller_text=answer, buyer_text=f"{answer} (es)", confirmed=True)
                    await _do(app, f"a{buyer}", number, AgentChose(choice=choice), conversation)
            if buyer % 100 >= 100 - RESOLVED:
                await _do(app, f"r{buyer}", 0, AgentSetStatus(agent="小王", resolved=True), conversation)
        await app.engine.drain()


async def _do(app: App, name: str, number: int, body: Body, conversation: int | None = None) -> int:
    event = Event(
        account="desk" if conversation else ACCOUNT,
        external_id=f"{name}:{number}",
        body=body,
        at=datetime.now(UTC),
        chat=None if conversation else name,
        conversation_id=conversation,
        contact_name="" if conversation else f"Buyer {name}",
        contact_aliases=() if conversation else (("wa_id", name),),
    )
    accepted = await app.inbox.accept(event)
    await app.inbox.outcome(accepted.event_id, timeout=60)
    return accepted.conversation_id


async def grow(store: Store, *, times: int) -> None:
    """Make the database ``times`` as large, which is at least 2."""
    strides = await store.read(lambda conn: {table.name: _last(conn, table) for table in TABLES})
    await store.write(_in_a_hurry)
    for number in range(1, times):
        await store.write(partial(_copy, strides=strides, number=number))
    await store.write(_mend_sequences)


async def wind_clocks(store: Store, *, now: datetime) -> None:
    """Let a clock run in every conversation, all of them due within the next thirty days but not today."""
    await store.write(partial(_wind, now=now))
    await store.write(retention.analyze)
    await store.write(_vacuum)


def _wind(conn: Connection, *, now: datetime) -> None:
    conn.execute(delete(clocks))
    rows = [
        {
            "conversation_id": row.id,
            "kind": "window" if row.waiting_since is None else "response",
            "due": now + timedelta(days=1, seconds=row.id * 7919 % (29 * 86_400)),
            "state": "open",
        }
        for row in conn.execute(select(conversations.c.id, conversations.c.waiting_since))
    ]
    conn.execute(insert(clocks), rows)
    first = select(func.min(clocks.c.due)).where(
        clocks.c.conversation_id == conversations.c.id, clocks.c.kind == "response"
    )
    conn.execute(update(conversations).values(due=first.scalar_subquery()).where(conversations.c.status == "open"))


def _vacuum(conn: Connection) -> None:
    if conn.dialect.name == "postgresql":  # SQLite's has just been analysed
        conn.exec_driver_sql("ANALYZE")


def _in_a_hurry(conn: Connection) -> None:
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql("PRAGMA cache_size = -400000")


async def size(store: Store) -> Size:
    """How much there is."""

    def read(conn: Connection) -> Size:
        return Size(*(_count(conn, table) for table in (messages, conversations, clocks)))

    return await store.read(read)


def settings_of(url: str | None, data: Path) -> Settings:
    """Settings of a shop that asks no engine."""
    return Settings.model_validate({"data": data, "engines": (), "database": {"url": url}, "server": {"port": 0}})


def _last(conn: Connection, table: Table) -> int:
    return int(conn.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one())


def _count(conn: Connection, table: Table) -> int:
    return int(conn.execute(select(func.count()).select_from(table)).scalar_one())


def _copy(conn: Connection, *, strides: dict[str, int], number: int) -> None:
    """Add all rows once more, under other ids and other names, and at another time."""
    for table in TABLES:
        values = [_moved(conn, column, strides, number) for column in table.columns]
        rows = select(*values).where(table.c.id <= strides[table.name])
        conn.execute(insert(table).from_select(list(table.columns.keys()), rows, include_defaults=False))


def _moved(conn: Connection, column: Column[Any], strides: dict[str, int], number: int) -> ColumnElement[Any]:
    table = column.table.description
    other = _refers_to(column)
    if column.primary_key:
        return column + number * strides[table]
    if other in strides:
        return column + number * strides[other]
    if (table, column.name) in _NAMES:
        return column.concat(f"~{number}x{strides['messages']}")
    if isinstance(column.type, Moment):
        return _earlier(conn, column, number * strides["conversations"] * _APART // BUYERS)
    return column


_NAMES: Final = frozenset(
    {
        ("contact_aliases", "value"),
        ("conversations", "chat"),
        ("deliveries", "chat"),
        ("deliveries", "lane"),
        ("deliveries", "key"),
        ("deliveries", "external_id"),
        ("events", "external_id"),
        ("messages", "external_id"),
        ("contacts", "name"),
        ("contacts", "folded"),
    }
)


def _refers_to(column: Column[Any]) -> str:
    if column.name == "answers":
        return messages.name
    return next((key.column.table.name for key in column.foreign_keys), "")


def _earlier(conn: Connection, column: Column[Any], interval: timedelta) -> ColumnElement[Any]:
    seconds = int(interval.total_seconds())
    if conn.dialect.name == "sqlite":
        moved = func.strftime("%Y-%m-%d %H:%M:%f", column, f"-{seconds} seconds", type_=Text)
        return moved.concat("000")
    return column - text(f"interval '{seconds} seconds'")


def _mend_sequences(conn: Connection) -> None:
    if conn.dialect.name == "postgresql":
        for table in (table for table in TABLES if _last(conn, table)):
            conn.execute(select(func.setval(func.pg_get_serial_sequence(table.name, "id"), _last(conn, table))))
