"""What waits for longer than it should, or for a person; the data itself is right."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, bindparam, func, or_, select

from bot.keeping.checks.finding import Level, Question
from bot.store.schema import clocks, deliveries, downloads, events, leases, showings
from bot.store.types import Moment
from dialogs.messages import DeliveryState as State

_BEFORE = bindparam("before", type_=Moment)
e, d = events.c, deliveries.c
_RUNS = "服务在运行吗？看日志 lane_failed 和 /readyz (is the service running? see lane_failed in the log and /readyz)"


def _due(not_before: ColumnElement[object]) -> ColumnElement[bool]:
    return or_(not_before.is_(None), not_before < _BEFORE)


QUESTIONS: Final = (
    Question(
        name="久未处理的事件 (events that wait to be worked on)",
        level=Level.ATTENTION,
        advice=_RUNS,
        statements=(
            select(e.id.label("event"), e.conversation_id.label("conversation"))
            .where(e.state == "open", e.accepted_at < _BEFORE, _due(e.not_before))
            .order_by(e.accepted_at),
        ),
    ),
    Question(
        name="久未发出的消息 (deliveries that wait to leave)",
        level=Level.ATTENTION,
        advice=_RUNS,
        statements=(
            select(d.id.label("delivery"), d.account, d.state)
            .where(d.state.in_((State.QUEUED, State.SENDING)), d.changed_at < _BEFORE, _due(d.not_before))
            .order_by(d.changed_at),
        ),
    ),
    Question(
        name="搁置的回合 (parked turns)",
        level=Level.ATTENTION,
        advice="在工作台重试或忽略 (retry or dismiss them on the desk)",
        statements=(
            select(e.id.label("event"), e.conversation_id.label("conversation"), e.error)
            .where(e.state == "parked")
            .order_by(e.id),
        ),
    ),
    Question(
        name="失败或结果不明的投递 (deliveries that failed or are uncertain)",
        level=Level.ATTENTION,
        advice="在工作台确认、重发或取消 (confirm, retry or cancel them on the desk)",
        statements=(
            select(d.id.label("delivery"), d.conversation_id.label("conversation"), d.state)
            .where(d.state.in_((State.FAILED, State.AMBIGUOUS)))
            .order_by(d.id),
        ),
    ),
    Question(
        name="早该响的时钟 (clocks that should have rung)",
        level=Level.ATTENTION,
        advice=_RUNS,
        statements=(
            select(clocks.c.id.label("clock"), clocks.c.conversation_id.label("conversation"))
            .where(clocks.c.state == "open", clocks.c.due < _BEFORE)
            .order_by(clocks.c.due),
        ),
    ),
    Question(
        name="久未取回的附件 (attachments that wait to be fetched)",
        level=Level.ATTENTION,
        advice=_RUNS,
        statements=(
            select(downloads.c.id.label("download"), downloads.c.account)
            .where(downloads.c.state == "open", downloads.c.changed_at < _BEFORE, _due(downloads.c.not_before))
            .order_by(downloads.c.changed_at),
        ),
    ),
    Question(
        name="久未显示的看板 (conversations that wait to be shown on a board)",
        level=Level.ATTENTION,
        advice="看 Slack 或 Telegram 的令牌和权限：heqi check (tokens and rights: heqi check)",
        statements=(
            select(showings.c.board, showings.c.conversation_id.label("conversation"))
            .where(showings.c.wanted > showings.c.shown, showings.c.changed_at < _BEFORE, _due(showings.c.not_before))
            .order_by(showings.c.changed_at),
        ),
    ),
    Question(
        name="留着等卖家决定的回复 (answers that are held until somebody decides)",
        level=Level.INFO,
        advice="在工作台放行或取消 (release or cancel them on the desk)",
        statements=(select(d.id.label("delivery")).where(d.state == State.HELD).order_by(d.id),),
    ),
    Question(
        name="租约 (leases that processes hold)",
        level=Level.INFO,
        advice="正常 (as it should be)",
        statements=(select(leases.c.name.label("lease")).where(leases.c.until >= func.now(type_=Moment)),),
    ),
    Question(
        name="过期的租约 (leases nobody renews)",
        level=Level.INFO,
        advice="没有 worker 在运行时如此 (so it is when no worker runs)",
        statements=(select(leases.c.name.label("lease")).where(leases.c.until < func.now(type_=Moment)),),
    ),
)
