"""Escalations and approvals in the store: who is told, who takes care, who lets it leave."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bot.store.schema import approvals
from dialogs.errors import Refused
from dialogs.events import AgentApproved, AgentClaimed, AgentDecided, AgentEscalated, AgentSetStatus
from dialogs.messages import Reason, RefusalCode
from tests.bot.house import House


async def _held(house: House) -> tuple[int, int]:
    """A reply that waits for a lead: its conversation and its message."""
    accepted = await house.buyer("quiero mi dinero")
    outcome = await house.choose(accepted.conversation_id, "批：赔您 50 美元")
    assert outcome.message_id is not None
    return accepted.conversation_id, outcome.message_id


async def test_a_failed_delivery_tells_the_team(house: House) -> None:
    accepted = await house.buyer("hola")
    house.channel.failures.append(Refused("rejected"))
    await house.choose(accepted.conversation_id, "您好")

    view = await house.view(accepted.conversation_id)
    assert view.escalation is not None
    assert view.escalation.open
    assert view.escalation.reasons == (Reason.DELIVERY_FAILED,)
    assert view.row.escalated


async def test_the_first_who_claims_it_has_it(house: House) -> None:
    accepted = await house.buyer("hola")
    await house.team(AgentEscalated(agent="小王"), accepted.conversation_id)
    assert (await house.team(AgentClaimed(agent="小李"), accepted.conversation_id)).refusal is None
    late = await house.team(AgentClaimed(agent="小张"), accepted.conversation_id)
    assert late.refusal is not None
    assert (late.refusal.code, late.refusal.detail) == (RefusalCode.CLAIMED, "小李")
    assert (await house.team(AgentClaimed(agent="小李"), accepted.conversation_id)).refusal is None
    escalation = (await house.view(accepted.conversation_id)).escalation
    assert escalation is not None
    assert escalation.claimed_by == "小李"


async def test_nothing_open_cannot_be_claimed(house: House) -> None:
    accepted = await house.buyer("hola")
    outcome = await house.team(AgentClaimed(agent="小李"), accepted.conversation_id)
    assert outcome.refusal is not None
    assert outcome.refusal.code is RefusalCode.UNKNOWN_TARGET


async def test_it_ends_with_the_case_and_a_new_one_can_begin(house: House) -> None:
    accepted = await house.buyer("hola")
    await house.team(AgentEscalated(agent="小王"), accepted.conversation_id)
    await house.team(AgentSetStatus(agent="小李", resolved=True), accepted.conversation_id)
    first = (await house.view(accepted.conversation_id)).escalation
    assert first is not None
    assert (first.open, first.closed_by) == (False, "小李")
    assert not (await house.view(accepted.conversation_id)).row.escalated

    await house.team(AgentEscalated(agent="小王"), accepted.conversation_id)
    second = (await house.view(accepted.conversation_id)).escalation
    assert second is not None
    assert second.open
    assert second.id != first.id


async def test_reasons_gather_in_the_open_one(house: House) -> None:
    conversation_id, _ = await _held(house)
    await house.team(AgentEscalated(agent="小王"), conversation_id)
    await house.team(AgentEscalated(agent="小王"), conversation_id)
    escalation = (await house.view(conversation_id)).escalation
    assert escalation is not None
    assert escalation.reasons == (Reason.APPROVAL, Reason.ASKED)


async def test_a_reply_above_the_limits_waits_and_leaves_when_a_lead_approves(house: House) -> None:
    conversation_id, message_id = await _held(house)
    line = (await house.view(conversation_id)).lines[-1]
    assert (line.delivery, line.delivery_error) == ("held", "needs_approval")
    assert house.channel.texts == []

    forced = await house.team(AgentDecided(agent="小王", message_id=message_id, decision="send"), conversation_id)
    assert forced.refusal is not None
    assert forced.refusal.code is RefusalCode.NEEDS_APPROVAL
    await house.team(AgentApproved(agent="主管", message_id=message_id, approved=True), conversation_id)

    assert house.channel.texts == ["ES:批：赔您 50 美元"]
    view = await house.view(conversation_id)
    assert view.lines[-1].message.author == "小王"
    assert view.escalation is not None
    assert view.escalation.closed_by == "主管"
    row = await house.store.read(lambda conn: conn.execute(select(approvals)).one())
    assert (row.message_id, row.agent, row.approved, row.at) == (message_id, "主管", True, house.clock.now())


async def test_a_reply_a_lead_refused_never_leaves(house: House) -> None:
    conversation_id, message_id = await _held(house)
    await house.team(AgentApproved(agent="主管", message_id=message_id, approved=False), conversation_id)
    assert (await house.view(conversation_id)).lines[-1].delivery == "cancelled"
    again = await house.team(AgentApproved(agent="主管", message_id=message_id, approved=True), conversation_id)
    assert again.refusal is not None
    assert house.channel.texts == []


@pytest.mark.parametrize("approved", [True, False])
async def test_an_approval_is_only_for_what_waits_for_one(house: House, *, approved: bool) -> None:
    accepted = await house.buyer("hola")
    held = await house.choose(accepted.conversation_id, "留")
    assert held.message_id is not None
    body = AgentApproved(agent="主管", message_id=held.message_id, approved=approved)
    outcome = await house.team(body, accepted.conversation_id)
    assert outcome.refusal is not None
    assert (await house.view(accepted.conversation_id)).lines[-1].delivery == "held"


async def test_a_refused_choice_can_be_told_where_it_was_typed(house: House) -> None:
    accepted = await house.buyer("hola")
    await house.choose(accepted.conversation_id, "空")
    (refused,) = (await house.view(accepted.conversation_id)).refused
    assert (refused.choice.seller_text, refused.refusal.code) == ("空", RefusalCode.EMPTY)
