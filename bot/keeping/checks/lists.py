"""Whether what the list of the desk shows of a conversation agrees with its rows."""

from __future__ import annotations

from typing import Final

from sqlalchemy import and_, exists, func, or_, select

from bot.keeping.checks.finding import Question
from bot.store.schema import clocks, conversations, deliveries, events, messages, turns
from dialogs.messages import DeliveryState, Direction

c, m = conversations.c, messages.c

_INCOMING = and_(m.conversation_id == c.id, m.direction == Direction.INCOMING)
_answer = messages.alias("answer")
# The last answer that left: what a seller held back, or took back before, answered nothing.
_LAST_ANSWER = (
    select(func.coalesce(func.max(_answer.c.seq), 0))
    .join_from(_answer, deliveries, deliveries.c.message_id == _answer.c.id)
    .where(
        _answer.c.conversation_id == c.id,
        _answer.c.seller_text.is_not(None),
        deliveries.c.state.not_in((DeliveryState.HELD, DeliveryState.CANCELLED)),
    )
    .correlate(conversations)
    .scalar_subquery()
)
_UNANSWERED = select(func.count()).where(_INCOMING, m.seq > _LAST_ANSWER).correlate(conversations).scalar_subquery()
_NEWEST = select(func.coalesce(func.max(m.seq), 0)).where(_INCOMING).correlate(conversations).scalar_subquery()
_RUNNING = (
    select(func.min(clocks.c.due))
    .where(clocks.c.conversation_id == c.id, clocks.c.kind == "response", clocks.c.state != "stopped")
    .correlate(conversations)
    .scalar_subquery()
)
_READ_SO = exists().where(turns.c.message_id == m.id, turns.c.seller_text == c.last_text)
_ADVICE = "下一条消息会改正；此前列表的顺序和摘要可能不对 (the next message mends it; until then the list may mislead)"

QUESTIONS: Final = (
    Question(
        name="未读数不对 (unread does not agree with the messages)",
        advice=_ADVICE,
        statements=(select(c.id.label("conversation"), c.unread).where(or_(c.unread < 0, c.unread > _UNANSWERED)),),
    ),
    Question(
        name="最新一条的编号不对 (last_seq does not agree with the messages)",
        advice=_ADVICE,
        statements=(
            select(c.id.label("conversation"), c.last_seq).where(
                or_(
                    c.last_seq < _NEWEST,
                    and_(
                        c.last_seq != 0,
                        ~exists().where(events.c.conversation_id == c.id, events.c.seq == c.last_seq),
                    ),
                )
            ),
        ),
    ),
    Question(
        name="最新一条的文字不对 (last_text does not agree with the message)",
        advice=_ADVICE,
        statements=(
            select(c.id.label("conversation"), m.id.label("message"))
            .join_from(conversations, messages, and_(m.conversation_id == c.id, m.seq == c.last_seq))
            .where(
                or_(
                    and_(m.direction == Direction.OUTGOING, c.last_text != m.seller_text),
                    # As it came, or in Chinese; an album's caption may have come after its first part.
                    and_(m.direction == Direction.INCOMING, c.last_text != m.text, c.last_text != "", ~_READ_SO),
                )
            ),
        ),
    ),
    Question(
        name="时限与时钟不符 (due does not agree with the clocks)",
        advice=_ADVICE,
        statements=(
            select(c.id.label("conversation")).where(or_(c.due != _RUNNING, c.due.is_(None) != _RUNNING.is_(None))),
        ),
    ),
)
