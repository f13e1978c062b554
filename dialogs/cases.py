"""Cases: what a conversation's trouble is, how far its handling has come, and what one more message changes."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from dialogs.events import AgentSetFacts
from dialogs.faults import Fault
from dialogs.messages import (
    Case,
    CaseStatus,
    Facts,
    Kind,
    Reading,
    Reply,
    Step,
    Urgency,
)
from dialogs.plans import open_plans
from dialogs.reading.situations import LOGISTICS

T = TypeVar("T")

# Small talk never replaces the trouble a case is about.
SOCIAL = frozenset({"greeting", "thanks", "praise", "off_topic", "unknown"})
PRESALE = frozenset({"availability", "advice", "bargain", "shipping_terms", "hesitation"})
# Faults of goods are judged from pictures (货品类): nothing is offered before they, or the wish for them, were there.
NEEDS_PHOTOS = frozenset(
    {"shortage", "damaged", "not_as_described", "wrong_item", "quality", "counterfeit", "cannot_use"}
)
# What a buyer asks for within a trouble; the trouble stays, the wish is kept among the wants.
WISHES = frozenset({"return_request", "change_order", "refund_status", "payment", "bargain"})
# Asked about once something was offered, they are the next chapter: where the money or the return is.
_SETTLED = frozenset({"refund_status", "return_request"})
# Situations that mark the case until it is resolved.
FLAGGED = frozenset({"review_threat", "extortion", "dispute_opened", "bad_review", "complaint"})
OVERDUE = "overdue"
UNREACHABLE = "unreachable"  # until the buyer writes again


def merge(old: Facts, new: Facts) -> Facts:
    """Known facts after one more message: the newest word counts, lists keep what was said before behind it."""
    return Facts(
        orders=_newest_first(new.orders, old.orders),
        tracking=_newest_first(new.tracking, old.tracking),
        amounts=_newest_first(new.amounts, old.amounts),
        dates=_newest_first(new.dates, old.dates),
        days=old.days if new.days is None else new.days,
        asked=old.asked if new.asked is None else new.asked,
        got=old.got if new.got is None else new.got,
        photos=old.photos + new.photos,
        sizes=_newest_first(new.sizes, old.sizes),
        colours=_newest_first(new.colours, old.colours),
        product=new.product or old.product,
        value=new.value or old.value,
    )


def corrected(facts: Facts, told: AgentSetFacts) -> Facts:
    """The facts with what an agent told; what they took away is gone from the list's head."""
    return replace(
        facts,
        orders=_headed(told.order, facts.orders),
        tracking=_headed(told.tracking, facts.tracking),
        product=facts.product if told.product is None else told.product,
        value=told.value or facts.value,
    )


def _headed(told: str | None, known: tuple[str, ...]) -> tuple[str, ...]:
    if told is None:
        return known
    return _newest_first((told,), known) if told else known[1:]


def _newest_first(new: tuple[T, ...], old: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(new + old))


def after_message(case: Case, reading: Reading) -> Case:
    """The case after a buyer's message; a message on a resolved case opens it again."""
    reopened = case.status is CaseStatus.RESOLVED
    base = replace(case, flags=(), said=(), kinds=(), wants=(), plans=open_plans(case)) if reopened else case
    trouble = base.situation if _is_within(reading.situation, base) else reading.situation
    flags = dict.fromkeys(base.flags)
    flags.update(dict.fromkeys(found.id for found in reading.situations if found.id in FLAGGED))
    facts = merge(base.facts, reading.facts)
    blamed = reading.fault is not Fault.UNKNOWN and _is_told(reading, base)
    fault = reading.fault if blamed else base.fault
    return replace(
        base,
        status=CaseStatus.OPEN,
        situation=trouble,
        mood=reading.mood,
        urgency=reading.urgency,
        fault=fault,
        cause=reading.cause if blamed else base.cause,
        step=_step(trouble, facts, base.kinds, fault=fault),
        facts=facts,
        wants=reading.wants or base.wants,
        language=reading.language.code or base.language,
        flags=tuple(flag for flag in flags if flag != UNREACHABLE),
    )


def _is_told(reading: Reading, case: Case) -> bool:
    """Whether a fault that was read counts: within a trouble, what is merely usual never unsays what was told."""
    return case.fault is Fault.UNKNOWN or not _is_within(reading.situation, case) or _names_fault(reading)


def _names_fault(reading: Reading) -> bool:
    return any(sign.what == "fault" for sign in reading.signs)


def _is_within(situation: str, case: Case) -> bool:
    """Whether a message speaks within the case's trouble instead of bringing another one."""
    if situation in SOCIAL:
        return True
    settled = situation in _SETTLED and Kind.REMEDY in case.kinds
    return situation in WISHES and case.situation in LOGISTICS | NEEDS_PHOTOS and not settled


def after_reply(case: Case, reply: Reply) -> Case:
    """The case after an answer left the desk."""
    kinds = (*case.kinds, reply.kind) if reply.kind else case.kinds
    return replace(
        case,
        said=(*case.said, reply.reply_id) if reply.reply_id else case.said,
        kinds=kinds,
        urgency=Urgency.NORMAL,
        flags=tuple(flag for flag in case.flags if flag != OVERDUE),
        step=_step(case.situation, case.facts, kinds, fault=case.fault),
    )


def facts_known(situation: str, facts: Facts, kinds: tuple[Kind, ...], *, fault: Fault) -> bool:
    """Whether enough is known to offer a remedy: pictures where goods are at fault, or that they were asked for.

    Who says that they chose wrongly themselves need not prove it.
    """
    if situation == "unknown":
        return False
    if situation in NEEDS_PHOTOS and fault is not Fault.BUYER:
        return facts.photos > 0 or Kind.QUESTION in kinds
    return True


def _step(situation: str, facts: Facts, sent: tuple[Kind, ...], *, fault: Fault) -> Step:
    """How far the handling has come (处理纠纷七步), from what was said, not from one message."""
    if Kind.REMEDY in sent:
        return Step.FOLLOW_UP
    if not sent:
        return Step.REACT
    if not facts_known(situation, facts, sent, fault=fault):
        return Step.WELCOME if situation == "unknown" else Step.LISTEN
    if Kind.CALMING not in sent and Kind.APOLOGY not in sent:
        return Step.CALM
    if Kind.APOLOGY not in sent:
        return Step.APOLOGISE
    return Step.REMEDY
