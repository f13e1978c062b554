"""Whether every event has its number and what must come of it.

Everything that happens in a conversation takes the next number of its row, and a message has the number of its event.
Two events share a number only where a seller had a parked one retried: it takes the place of the wish to retry it, and
leaves a gap where it was.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Text, and_, case, exists, func, or_, select, type_coerce

from bot.keeping.checks.finding import Question
from bot.store.schema import conversations, deliveries, events, messages, turns
from dialogs.messages import Direction

c, e, m = conversations.c, events.c, messages.c

_FROM_BUYER = e.type.in_(("buyer_wrote", "buyer_edited"))
_RETRIES = func.sum(case((e.type == "agent_retried", 1), else_=0))
# A quotation mark within a text is written \" in JSON: this is the field, whatever the buyer wrote.
_IS_OF_ALBUM = type_coerce(e.body, Text).like('%"album":"%')
_HAS_MESSAGE = exists().where(m.event_id == e.id)
_numbers = (
    select(e.conversation_id, func.count(e.seq.distinct()).label("numbers"), _RETRIES.label("retries"))
    .group_by(e.conversation_id)
    .subquery()
)
_OUTSIDE = "编号超出对话范围 (numbers beyond those of their conversation)"
_RESTORE = "消息可能丢失或乱序：请从备份恢复 (messages may be lost or out of order: restore a backup)"

QUESTIONS: Final = (
    Question(
        name=_OUTSIDE,
        advice=_RESTORE,
        statements=tuple(
            select(table.c.id.label(table.name), c.id.label("conversation"), table.c.seq)
            .join_from(table, conversations, c.id == table.c.conversation_id)
            .where(or_(table.c.seq < 1, table.c.seq >= c.next_seq))
            for table in (events, messages)
        ),
    ),
    Question(
        name="编号缺失 (numbers nobody has)",
        advice=_RESTORE,
        statements=(
            select(c.id.label("conversation"), (c.next_seq - 1 - func.coalesce(_numbers.c.numbers, 0)).label("missing"))
            .join_from(conversations, _numbers, _numbers.c.conversation_id == c.id, isouter=True)
            .where(c.next_seq - 1 - func.coalesce(_numbers.c.numbers, 0) > func.coalesce(_numbers.c.retries, 0)),
        ),
    ),
    Question(
        name="编号重复 (numbers several events have)",
        advice=_RESTORE,
        statements=(
            select(e.conversation_id.label("conversation"), e.seq)
            .group_by(e.conversation_id, e.seq)
            .having(and_(func.count() > 1, or_(func.count() > 2, _RETRIES == 0))),
        ),
    ),
    Question(
        name="消息与其事件编号不同 (messages not at the place of their event)",
        advice=_RESTORE,
        statements=(
            select(m.id.label("message"), e.id.label("event"))
            .join_from(messages, events, e.id == m.event_id)
            .where(m.seq != e.seq),
        ),
    ),
    Question(
        name="买家事件没有消息 (buyers' events without their message)",
        advice="买家的话只在事件里：请从备份恢复 (the words are in the event only: restore a backup)",
        statements=(select(e.id.label("event")).where(_FROM_BUYER, ~_IS_OF_ALBUM, ~_HAS_MESSAGE),),
    ),
    Question(
        name="已处理的买家消息没有回合 (buyers' messages that are done and were never read)",
        advice="在工作台打开对话，点“重新翻译” (open the conversation on the desk and translate again)",
        statements=(
            select(e.id.label("event"), m.id.label("message"))
            .join_from(events, messages, m.event_id == e.id)
            .where(
                _FROM_BUYER,
                e.state == "done",
                e.error.is_(None),  # one that was let be keeps its error
                ~exists().where(or_(turns.c.event_id == e.id, turns.c.message_id == m.id)),
            ),
        ),
    ),
    Question(
        name="结果与状态不符 (outcomes that are missing, or too early)",
        advice="在工作台查看该对话 (look at the conversation on the desk)",
        statements=(
            select(e.id.label("event"), e.state).where((e.state == "open") != (type_coerce(e.outcome, Text).is_(None))),
        ),
    ),
    Question(
        name="回复没有投递记录，永远不会发出 (answers without a delivery: they never leave)",
        advice="在工作台重新发送这些回复 (send these answers again from the desk)",
        statements=(
            select(m.id.label("message")).where(
                m.direction == Direction.OUTGOING, ~exists().where(deliveries.c.message_id == m.id)
            ),
        ),
    ),
)
