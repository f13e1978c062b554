"""What was decided becomes rows, all in one transaction: a turn is stored whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from adapters.ports import Outcome
from bot.lanes import chat_lane, media_lane
from bot.store import (
    approvals,
    clocks,
    conversations,
    deliveries,
    downloads,
    escalations,
    events,
    messages,
    parked,
    picks,
    proposals,
    spending,
    turns,
)
from bot.work import Work
from dialogs.events import (
    AgentApproved,
    AgentChose,
    AgentClaimed,
    AgentDecided,
    AgentDismissed,
    AgentNoted,
    AgentRetranslated,
    AgentRetried,
    AgentSetLanguage,
    AgentSetStatus,
    BuyerDeleted,
    BuyerStarted,
    Receipt,
    SellerWrote,
)
from dialogs.messages import DeliveryState as State
from dialogs.messages import Direction, Refusal, RefusalCode, Reply, Turn

GREETER = "自动问候"  # stands as the author of what a shop has set to be said at /start
# What a seller may still take back: all that is not on its way.
CANCELLABLE = (State.HELD, State.QUEUED, State.FAILED, State.AMBIGUOUS)


@dataclass(frozen=True, slots=True)
class Saved:
    """What came of an event, and the lane that has something to send or to fetch since."""

    outcome: Outcome
    lane: str | None = None


def save_turn(conn: Connection, work: Work, turn: Turn, *, now: datetime) -> Saved:
    """Store a decided turn and mark its event done.

    Raises:
        AlreadyWorkedOn: the event was finished by somebody else; nothing may be stored.
    """
    conversation_id = work.conversation.id
    refusal, sent = turn.refusal, None
    if turn.reply is not None and isinstance(work.body, AgentDecided | AgentApproved):
        refusal, sent = _save_released(conn, work, turn.reply, now=now)
    elif turn.reply is not None:
        sent = _save_reply(conn, work, turn.reply, edits=None, now=now)
    leaves = turn.reply is not None and turn.reply.held is None and sent is not None

    turn_id = turns.add(
        conn,
        turn,
        event_id=work.head.id,
        conversation_id=conversation_id,
        message_id=work.message.id if work.message is not None and turn.reading is not None else None,
        reply_message_id=sent,
        now=now,
    )
    if turn.proposals is not None:
        chosen = work.body.choice.proposal_id if isinstance(work.body, AgentChose) else None
        if work.conversation.proposals:
            proposals.close(conn, conversation_id, chosen=chosen, by=_agent(work), now=now)
            _count_picks(conn, work, chosen)
        proposals.offer(conn, conversation_id, turn_id, turn.proposals)
    for kind in turn.stop_clocks:
        clocks.stop(conn, conversation_id, kind)
    for clock in turn.start_clocks:
        clocks.start(conn, conversation_id, clock)
    escalations.open_or_add(conn, conversation_id, turn.escalate, shop=work.conversation.shop.id, now=now)
    spending.save(conn, work.conversation.shop.id, work.conversation.case, turn.case)
    _save_team_action(conn, work, refusal, now=now)
    if isinstance(work.body, AgentSetLanguage):
        conversations.set_language(conn, conversation_id, work.body.language)
    if isinstance(work.body, AgentRetranslated) and work.message is not None:
        events.unpark_message(conn, work.message.id)
    conversations.after_turn(
        conn,
        conversation_id,
        turn.case,
        memory=turn.language_memory,
        seq=work.head.seq if leaves or work.message is None else work.message.seq,
        read=turn.translation.text if turn.translation is not None and turn.reading is not None else None,
        answered=turn.reply.seller_text if turn.reply is not None and leaves else None,
        now=now,
    )
    outcome = Outcome(done=True, refusal=refusal, message_id=sent)
    events.settle(conn, work.head.id, outcome)
    lane = None
    if leaves and turn.reply is not None:
        on_platform = turn.reply.on_platform
        account = work.place.account
        lane = media_lane(account, conversation_id) if on_platform else chat_lane(account, work.place.chat)
    return Saved(outcome, lane)


def _count_picks(conn: Connection, work: Work, chosen: str | None) -> None:
    """An agent had all of them before their eyes: what was taken, as it stood or edited, and what was not."""
    shop, offered = work.conversation.shop, work.conversation.proposals
    if shop.learn and isinstance(work.body, AgentChose):
        taken = next((proposal.reply_id for proposal in offered if proposal.id == chosen), None)
        picks.count(conn, shop.id, [proposal.reply_id for proposal in offered if proposal.reply_id], taken)


def _save_team_action(conn: Connection, work: Work, refusal: Refusal | None, *, now: datetime) -> None:
    """What an action changes beside the conversation itself."""
    match work.body:
        case AgentSetStatus(resolved=True):
            escalations.close(conn, work.conversation.id, work.body.agent, now=now)
        case AgentApproved() if refusal is None:
            approvals.add(conn, work.body.message_id, agent=work.body.agent, approved=True, now=now)
            escalations.close_approved(conn, work.conversation.id, work.body.agent, now=now)
        case Receipt():
            deliveries.receipt(conn, work.head.account, work.body, now=now)
        case _:
            pass


def save_refusal(conn: Connection, work: Work, refusal: Refusal) -> Saved:
    """Store that an action was refused before anything had to be decided."""
    outcome = Outcome(done=True, refusal=refusal)
    events.settle(conn, work.head.id, outcome)
    return Saved(outcome)


def save_fact(conn: Connection, work: Work, *, now: datetime) -> Saved:
    """Store an event there is nothing to decide about: a receipt, a note, a delivery's fate, a stopped clock."""
    saved = Saved(Outcome(done=True))
    match work.body:
        case Receipt():
            deliveries.receipt(conn, work.head.account, work.body, now=now)
        case AgentNoted():
            saved = Saved(Outcome(done=True, message_id=_save_note(conn, work, work.body)))
        case AgentDecided():
            saved = _save_fate(conn, work, work.body, now=now)
        case AgentApproved():
            saved = _save_disapproval(conn, work, work.body, now=now)
        case AgentClaimed():
            saved = _save_claim(conn, work, work.body, now=now)
        case AgentRetried():
            saved = _save_retry(conn, work, work.body, now=now)
        case AgentDismissed():
            saved = _save_dismissal(conn, work, work.body, now=now)
        case BuyerDeleted():
            messages.mark_deleted(conn, work.conversation.id, work.body.of, at=work.head.at)
        case SellerWrote() if work.echo_of is not None:
            deliveries.found(conn, work.echo_of, external_id=work.head.external_id, now=now)
        case _:
            pass
    events.settle(conn, work.head.id, saved.outcome)
    return saved


def _save_reply(conn: Connection, work: Work, reply: Reply, *, edits: int | None, now: datetime) -> int:
    message_id = messages.add(
        conn,
        conversation_id=work.conversation.id,
        event_id=work.head.id,
        seq=work.head.seq,
        direction=Direction.OUTGOING,
        text=reply.buyer_text or "",
        seller_text=reply.seller_text,
        language=reply.language,
        at=work.head.at if reply.on_platform else now,
        author=_agent(work) or "",
        media=reply.media,
        reply_id=reply.reply_id,
        kind=reply.kind,
        origin=reply.origin,
        edits=edits,
        external_id=work.head.external_id if reply.on_platform else None,
    )
    deliveries.add(
        conn,
        message_id=message_id,
        conversation_id=work.conversation.id,
        lane=chat_lane(work.place.account, work.place.chat),
        account=work.place.account,
        chat=work.place.chat,
        held=None if reply.held is None else reply.held.value,
        template=reply.template,
        sent_as=work.head.external_id if reply.on_platform else None,
        now=now,
    )
    if reply.on_platform:  # what was attached on the phone is still on the platform
        downloads.add(
            conn,
            message_id=message_id,
            conversation_id=work.conversation.id,
            account=work.place.account,
            media=reply.media,
            now=now,
        )
    return message_id


def _save_released(conn: Connection, work: Work, reply: Reply, *, now: datetime) -> tuple[Refusal | None, int | None]:
    """A held reply was decided again: it leaves as it stands, or another text takes its place, or it stays held."""
    held = work.message
    if held is None:  # look() gives every AgentDecided its message or a refusal
        raise ValueError("a held reply was released without its message")
    if reply.held is not None:
        return Refusal(reply.held), None
    delivery = deliveries.of_message(conn, work.conversation.id, held.id)
    same = held.text == reply.buyer_text
    to = State.QUEUED if same else State.CANCELLED
    if delivery is None or not deliveries.move(conn, delivery.id, of=(State.HELD,), to=to, now=now):
        return Refusal(RefusalCode.CLOSED), None
    if same:
        return None, held.id
    return None, _save_reply(conn, work, reply, edits=held.id, now=now)


def _save_note(conn: Connection, work: Work, note: AgentNoted) -> int:
    return messages.add(
        conn,
        conversation_id=work.conversation.id,
        event_id=work.head.id,
        seq=work.head.seq,
        direction=Direction.NOTE,
        text=note.text,
        seller_text=note.text,
        at=work.head.at,
        author=note.agent,
    )


def _save_disapproval(conn: Connection, work: Work, decided: AgentApproved, *, now: datetime) -> Saved:
    """A lead refused a reply above the limits: it never leaves."""
    delivery = deliveries.of_message(conn, work.conversation.id, decided.message_id)
    if delivery is None:
        return Saved(Outcome(done=True, refusal=Refusal(RefusalCode.UNKNOWN_TARGET)))
    waits = delivery.error == RefusalCode.NEEDS_APPROVAL
    if not waits or not deliveries.move(conn, delivery.id, of=(State.HELD,), to=State.CANCELLED, now=now):
        return Saved(Outcome(done=True, refusal=Refusal(RefusalCode.CLOSED, delivery.state)))
    approvals.add(conn, decided.message_id, agent=decided.agent, approved=False, now=now)
    escalations.close_approved(conn, work.conversation.id, decided.agent, now=now)
    return Saved(Outcome(done=True, message_id=decided.message_id))


def _save_claim(conn: Connection, work: Work, claimed: AgentClaimed, *, now: datetime) -> Saved:
    owner = escalations.claim(conn, work.conversation.id, claimed.agent, now=now)
    if owner is None:
        return Saved(Outcome(done=True, refusal=Refusal(RefusalCode.UNKNOWN_TARGET)))
    if owner != claimed.agent:
        return Saved(Outcome(done=True, refusal=Refusal(RefusalCode.CLAIMED, owner)))
    return Saved(Outcome(done=True))


def _save_retry(conn: Connection, work: Work, retried: AgentRetried, *, now: datetime) -> Saved:
    """The parked event is open again, in the place of this one; asked twice it is one retry."""
    if work.failed is None:  # look() gives it, or a refusal
        raise ValueError("an event was retried that was not looked up")
    outcome = Outcome(done=True)
    if retried.part == "attachments":
        message_id = work.failed.message_id
        return Saved(outcome, None if message_id is None else downloads.again(conn, message_id, now=now))
    if work.failed.dismissed_by is not None:
        return Saved(replace(outcome, refusal=Refusal(RefusalCode.CLOSED, work.failed.dismissed_by)))
    parked.reopen(conn, retried.event_id, seq=work.head.seq)
    return Saved(outcome)


def _save_dismissal(conn: Connection, work: Work, dismissed: AgentDismissed, *, now: datetime) -> Saved:
    if work.failed is None:
        raise ValueError("an event was dismissed that was not looked up")
    if dismissed.part == "attachments" and work.failed.message_id is not None:
        downloads.dismiss(conn, work.failed.message_id, now=now)
    elif dismissed.part == "event":
        parked.dismiss(conn, work.failed, by=dismissed.agent, at=work.head.at)
    return Saved(Outcome(done=True))


def _save_fate(conn: Connection, work: Work, decided: AgentDecided, *, now: datetime) -> Saved:
    delivery = deliveries.of_message(conn, work.conversation.id, decided.message_id)
    if delivery is None:
        return Saved(Outcome(done=True, refusal=Refusal(RefusalCode.UNKNOWN_TARGET)))
    lane = None
    match decided.decision:
        case "cancel":
            moved = deliveries.move(conn, delivery.id, of=CANCELLABLE, to=State.CANCELLED, now=now)
        case "arrived":
            moved = deliveries.move(conn, delivery.id, of=(State.AMBIGUOUS,), to=State.DELIVERED, now=now)
        case "retry":
            moved = deliveries.again(conn, delivery.id, now=now)
            lane = delivery.lane
        case "send":  # only a held one can be let go, and that needs a decision
            moved = False
    if not moved:
        return Saved(Outcome(done=True, refusal=Refusal(RefusalCode.CLOSED, delivery.state)))
    return Saved(Outcome(done=True, message_id=decided.message_id), lane)


def _agent(work: Work) -> str | None:
    match work.body:
        case AgentChose():
            return work.body.choice.agent
        case BuyerStarted():
            return GREETER
        case _:
            return getattr(work.body, "agent", None)
