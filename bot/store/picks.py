"""Picks: how often a shop's agents were offered a reply and took it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, bindparam, select

from bot.store.schema import picks
from bot.store.sql import InsertOrChange
from dialogs.promises import Picks

c = picks.c

_OF = select(c.reply_id, c.picked, c.offered).where(c.shop == bindparam("of_shop"))
_COUNT = InsertOrChange(
    picks,
    "shop",
    "reply_id",
    change=lambda new: {"picked": c.picked + new["picked"], "offered": c.offered + new["offered"]},
)


def count(conn: Connection, shop: str, offered: Iterable[str], picked: str | None) -> None:
    """An agent decided: these replies were on offer, and perhaps one of them was taken."""
    rows = [
        {"shop": shop, "reply_id": reply_id, "picked": int(reply_id == picked), "offered": 1}
        for reply_id in sorted(set(offered))  # in one order, so that two agents never wait for each other
    ]
    if rows:
        conn.execute(_COUNT.on(conn), rows)


def of_shop(conn: Connection, shop: str) -> Mapping[str, Picks]:
    """The counts of a shop by reply id."""
    return {row.reply_id: Picks(row.picked, row.offered) for row in conn.execute(_OF, {"of_shop": shop})}
