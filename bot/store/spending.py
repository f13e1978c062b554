"""Spending: what agents promised on a day, by currency."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, select

from bot.store.schema import spending
from bot.store.sql import InsertOrChange
from dialogs.messages import (
    Case,
)
from dialogs.promises import Money, Plan, PlanState, Spent

c = spending.c

_CHINA = ZoneInfo("Asia/Shanghai")  # the day of those who promise
_PARTS = 10_000  # no currency has smaller coins
_OF_DAY = select(c.agent, c.currency, c.amount).where(c.shop == bindparam("of_shop"), c.day == bindparam("of_day"))
_ADD = InsertOrChange(
    spending, "shop", "day", "agent", "currency", change=lambda new: {"amount": c.amount + new["amount"]}
)


def save(conn: Connection, shop: str, before: Case, after: Case) -> None:
    """Count what a turn promised, and take back what it withdrew, on the day it was promised."""
    sums: Counter[tuple[str, str, str]] = Counter()
    for sign, plans in ((1, _counted(after.plans)), (-1, _counted(before.plans))):
        for plan in plans:
            if plan.amount is not None:
                sums[_day(plan.at), plan.agent, plan.amount.currency] += sign * int(plan.amount.amount * _PARTS)
    rows = [
        {"shop": shop, "day": day, "agent": agent, "currency": currency, "amount": amount}
        for (day, agent, currency), amount in sorted(sums.items())
        if amount
    ]
    if rows:
        conn.execute(_ADD.on(conn), rows)


def of_day(conn: Connection, shop: str, agent: str, now: datetime) -> Spent:
    """What the agent, and all of the shop, promised on the day of ``now``."""
    own: Counter[str] = Counter()
    everyone: Counter[str] = Counter()
    for row in conn.execute(_OF_DAY, {"of_shop": shop, "of_day": _day(now)}):
        everyone[row.currency] += row.amount
        if row.agent == agent:
            own[row.currency] += row.amount
    return Spent(agent=_money(own), shop=_money(everyone))


def _counted(plans: Iterable[Plan]) -> Iterable[Plan]:
    return (plan for plan in plans if plan.state is not PlanState.WITHDRAWN)


def _day(moment: datetime) -> str:
    return moment.astimezone(_CHINA).date().isoformat()


def _money(sums: Counter[str]) -> tuple[Money, ...]:
    return tuple(Money(Decimal(amount) / _PARTS, currency) for currency, amount in sorted(sums.items()))
