"""Turns: everything decided about an event is stored whole, in order, once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs

from bot.store import Store
from bot.store.schema import events, proposals
from dialogs.events import (
    AgentChose,
    AgentDecided,
    AgentRetranslated,
    AgentSetLanguage,
    AgentSetStatus,
    BuyerWrote,
    Receipt,
)
from dialogs.messages import (
    CaseStatus,
    Choice,
    Conversation,
    DeliveryState,
    Direction,
    Message,
    Mood,
    RefusalCode,
    Turn,
)
from tests.bot.house import House
from tests.fakes import NOON, FakeManager


async def test_a_buyers_message_becomes_a_turn(house: House) -> None:
    accepted = await house.buyer("angry: ¿dónde está?")
    view = await house.view(accepted.conversation_id)

    line = view.lines[0]
    assert line.message.seller_text == "中:angry: ¿dónde está?"
    assert line.translation is not None
    assert line.reading is not None
    assert not line.pending
    assert [proposal.kind for proposal in view.proposals] == ["calming", "apology", "remedy"]
    assert view.turn_id == line.turn_id
    assert view.case.mood is Mood.ANGRY
    assert (view.row.mood, view.row.situation, view.row.language) == (Mood.ANGRY, "late_parcel", "es")
    assert view.row.due == NOON + timedelta(minutes=5)
    assert view.row.last_text == "中:angry: ¿dónde está?"
    assert [guess.code for guess in house.manager.seen[0][1].language_memory] == []
    await house.buyer("¿hola?")
    assert [guess.code for guess in house.manager.seen[1][1].language_memory] == ["es"]


async def test_a_pick_leaves_and_closes_the_proposals(house: House) -> None:
    accepted = await house.buyer("¿dónde está?")
    view = await house.view(accepted.conversation_id)
    pick = view.proposals[1]
    outcome = await house.choose(accepted.conversation_id, pick.seller_text, proposal_id=pick.id, turn_id=view.turn_id)
    after = await house.view(accepted.conversation_id)

    assert house.channel.texts == ["ES:中文apology"]
    sent = after.lines[-1]
    assert outcome.message_id == sent.message.id
    assert (sent.message.text, sent.message.seller_text) == ("ES:中文apology", "中文apology")
    assert (sent.message.reply_id, sent.message.kind, sent.message.author) == (pick.reply_id, pick.kind, "小王")
    assert sent.delivery is DeliveryState.SENT
    assert (after.proposals, after.turn_id, after.closed_by) == ((), None, "小王")
    assert after.case.said == (pick.reply_id,)
    assert (after.row.waiting_since, after.row.unread, after.row.due) == (None, 0, None)
    assert after.row.last_text == "中文apology"


async def test_of_two_picks_at_once_the_second_is_refused_with_who_and_when(house: House) -> None:
    accepted = await house.buyer("¿dónde está?")
    view = await house.view(accepted.conversation_id)
    first, second = view.proposals[:2]
    outcomes = [
        house.choose(accepted.conversation_id, pick.seller_text, agent=agent, proposal_id=pick.id, turn_id=view.turn_id)
        for agent, pick in (("小王", first), ("小李", second))
    ]
    refusals = [outcome.refusal for outcome in await asyncio.gather(*outcomes) if outcome.refusal is not None]
    sent = (await house.view(accepted.conversation_id)).lines[-1].message

    assert [(refusal.code, refusal.detail) for refusal in refusals] == [
        (RefusalCode.CLOSED, f"{sent.author} 2026-03-02 12:00 UTC")
    ]
    assert house.channel.texts == [sent.text]


async def test_a_typed_text_on_a_stale_turn_is_refused_and_without_a_turn_leaves(house: House) -> None:
    accepted = await house.buyer("¿dónde está?")
    seen = (await house.view(accepted.conversation_id)).turn_id
    await house.choose(accepted.conversation_id, "在路上", agent="小王", turn_id=seen)
    stale = await house.choose(accepted.conversation_id, "已发货", agent="小李", turn_id=seen)
    free = await house.choose(accepted.conversation_id, "补充一句", agent="小李")

    assert stale.refusal is not None
    assert stale.refusal.code is RefusalCode.CLOSED
    assert "小王" in stale.refusal.detail
    assert free.refusal is None
    assert house.channel.texts == ["ES:在路上", "ES:补充一句"]


async def test_a_pick_of_a_proposal_replaced_by_a_newer_message_is_refused(house: House) -> None:
    accepted = await house.buyer("¿dónde está?")
    old = (await house.view(accepted.conversation_id)).proposals[0]
    await house.buyer("¡respondan!")
    outcome = await house.choose(accepted.conversation_id, old.seller_text, proposal_id=old.id)

    assert outcome.refusal is not None
    assert outcome.refusal.code is RefusalCode.CLOSED
    assert len((await house.view(accepted.conversation_id)).proposals) == 3


async def test_a_proposal_of_another_conversation_does_not_exist(house: House) -> None:
    ana, ivan = await house.buyer("hola", chat="ana"), await house.buyer("привет", chat="ivan")
    foreign = (await house.view(ana.conversation_id)).proposals[0]
    outcome = await house.choose(ivan.conversation_id, foreign.seller_text, proposal_id=foreign.id)

    assert outcome.refusal is not None
    assert outcome.refusal.code is RefusalCode.UNKNOWN_TARGET
    assert house.channel.sent == []


async def test_a_refusal_of_the_dialogs_sends_nothing(house: House) -> None:
    accepted = await house.buyer("hola")
    outcome = await house.choose(accepted.conversation_id, "空")

    assert outcome.refusal is not None
    assert outcome.refusal.code is RefusalCode.EMPTY
    assert house.channel.sent == []
    assert len((await house.view(accepted.conversation_id)).proposals) == 3


async def test_a_choice_keeps_its_place_before_a_message_that_came_while_it_waited(store: Store) -> None:
    house = House(store)
    accepted = await house.inbox.accept(house.event(BuyerWrote(text="uno"), chat="ana"))
    choice = AgentChose(choice=Choice(agent="小王", seller_text="好的"))
    await house.inbox.accept(house.event(choice, account="desk", conversation_id=accepted.conversation_id))
    house.clock.advance(minutes=1)
    await house.inbox.accept(house.event(BuyerWrote(text="dos"), chat="ana"))
    await house.start()
    await house.settle()
    await house.engine.stop()
    view = await house.view(accepted.conversation_id)

    assert [line.message.text for line in view.lines] == ["uno", "ES:好的", "dos"]
    assert [[m.text for m in seen.history] for _, seen in house.manager.seen] == [[], ["uno"], ["uno", "ES:好的"]]
    # The buyer's second message is newer than the answer: they still wait, and the list shows it.
    assert (view.row.last_text, view.row.unread) == ("中:dos", 1)
    assert view.row.waiting_since == NOON + timedelta(minutes=1)


async def test_history_is_the_latest_forty_without_the_one_at_hand(house: House) -> None:
    for number in range(45):
        await house.buyer(f"n{number}")
    _, conversation = house.manager.seen[-1]

    assert [message.text for message in conversation.history] == [f"n{number}" for number in range(4, 44)]
    assert conversation.history[0].seller_text == "中:n4"


async def test_a_held_reply_waits_and_leaves_the_proposals_open(house: House) -> None:
    accepted = await house.buyer("hola")
    outcome = await house.choose(accepted.conversation_id, "留")
    view = await house.view(accepted.conversation_id)

    assert outcome.refusal is None
    assert (view.lines[-1].delivery, view.lines[-1].delivery_error) == (DeliveryState.HELD, "not_translated")
    assert house.channel.sent == []
    assert view.row.waiting_since == NOON
    assert view.row.trouble == 1
    assert len(view.proposals) == 3
    other = await house.choose(accepted.conversation_id, "好", turn_id=view.turn_id)
    assert other.refusal is None  # nothing was answered since


async def test_a_held_reply_without_a_text_cannot_be_let_go(house: House) -> None:
    accepted = await house.buyer("hola")
    held = await house.choose(accepted.conversation_id, "留")
    decided = AgentDecided(agent="小王", message_id=held.message_id or 0, decision="send")
    outcome = await house.team(decided, accepted.conversation_id)

    assert outcome.refusal is not None
    assert outcome.refusal.code is RefusalCode.NOT_TRANSLATED


async def test_a_held_reply_leaves_as_it_was_shown(house: House) -> None:
    accepted = await house.buyer("hola")
    held = await house.choose(accepted.conversation_id, "留", buyer_text="ES sin pruebas")
    decided = AgentDecided(agent="小王", message_id=held.message_id or 0, decision="send")
    outcome = await house.team(decided, accepted.conversation_id)
    view = await house.view(accepted.conversation_id)

    assert outcome.message_id == held.message_id
    assert house.channel.texts == ["ES sin pruebas"]
    assert [line.message.text for line in view.lines] == ["hola", "ES sin pruebas"]
    assert view.row.waiting_since is None
    assert (await house.team(decided, accepted.conversation_id)).refusal is not None
    assert house.channel.texts == ["ES sin pruebas"]


async def test_a_held_reply_translated_at_last_takes_the_place_of_the_held_one(house: House) -> None:
    accepted = await house.buyer("hola")
    held = await house.choose(accepted.conversation_id, "留")
    decided = AgentDecided(agent="小李", message_id=held.message_id or 0, decision="retry")
    still = await house.team(decided, accepted.conversation_id)
    assert still.refusal is not None
    assert still.refusal.code is RefusalCode.NOT_TRANSLATED

    translate = house.manager.on_seller_choice
    house.manager.on_seller_choice = lambda choice, c: translate(replace(choice, confirmed=True), c)
    outcome = await house.team(decided, accepted.conversation_id)
    view = await house.view(accepted.conversation_id)

    assert house.channel.texts == ["ES:留"]
    assert [(line.delivery, line.replaced) for line in view.lines[1:]] == [
        (DeliveryState.CANCELLED, True),
        (DeliveryState.SENT, False),
    ]
    assert view.lines[-1].message.id == outcome.message_id
    assert view.row.trouble == 0


async def test_a_held_reply_can_be_taken_back(house: House) -> None:
    accepted = await house.buyer("hola")
    held = await house.choose(accepted.conversation_id, "留", buyer_text="ES")
    for decision, refused in (("cancel", False), ("send", True), ("cancel", True)):
        decided = AgentDecided(agent="小王", message_id=held.message_id or 0, decision=decision)
        outcome = await house.team(decided, accepted.conversation_id)
        assert (outcome.refusal is not None) is refused

    assert house.channel.sent == []


async def test_decisions_about_what_is_not_there_are_refused(house: House) -> None:
    ana, ivan = await house.buyer("hola", chat="ana"), await house.buyer("привет", chat="ivan")
    sent = await house.choose(ana.conversation_id, "好")
    incoming = (await house.view(ana.conversation_id)).lines[0].message.id
    for conversation_id, message_id in (
        (ana.conversation_id, 999),
        (ivan.conversation_id, sent.message_id or 0),
        (ana.conversation_id, incoming),
    ):
        decided = AgentDecided(agent="小王", message_id=message_id, decision="cancel")
        outcome = await house.team(decided, conversation_id)
        assert outcome.refusal is not None
        assert outcome.refusal.code is RefusalCode.UNKNOWN_TARGET
    sent_already = await house.team(
        AgentDecided(agent="小王", message_id=sent.message_id or 0, decision="cancel"), ana.conversation_id
    )
    assert sent_already.refusal is not None
    assert (sent_already.refusal.code, sent_already.refusal.detail) == (RefusalCode.CLOSED, "sent")


async def test_a_failing_turn_is_tried_again_in_order(house: House) -> None:
    house.manager.failures.append(RuntimeError("the buyer's words"))
    with capture_logs() as logs:
        accepted = await house.buyer("uno")
        await house.buyer("dos")
        assert [what for what, _ in house.manager.seen] == ["buyer"]
        assert [line.pending for line in (await house.view(accepted.conversation_id)).lines] == [True, True]
        await house.later(seconds=1)
    view = await house.view(accepted.conversation_id)

    assert [line.message.seller_text for line in view.lines] == ["中:uno", "中:dos"]
    assert "words" not in str(logs)
    assert view.row.trouble == 0


async def test_a_turn_that_keeps_failing_is_parked_and_the_conversation_goes_on(house: House) -> None:
    house.manager.failures.extend([RuntimeError("x"), ValueError("x"), KeyError("the buyer's words")])
    accepted = await house.buyer("uno")
    await house.buyer("dos")
    await house.later(seconds=1)
    await house.later(seconds=5)
    view = await house.view(accepted.conversation_id)

    assert [line.parked for line in view.lines] == ["KeyError", None]
    assert [line.message.seller_text for line in view.lines] == [None, "中:dos"]
    assert view.row.trouble == 1
    outcome = await house.inbox.outcome(accepted.event_id)
    assert (outcome.done, outcome.error) == (False, "KeyError")


async def test_a_parked_message_can_be_read_after_all(house: House) -> None:
    house.manager.failures.extend([RuntimeError("x")] * 3)
    accepted = await house.buyer("uno")
    await house.later(seconds=1)
    await house.later(seconds=5)
    message_id = (await house.view(accepted.conversation_id)).lines[0].message.id
    await house.team(AgentRetranslated(agent="小王", message_id=message_id), accepted.conversation_id)
    view = await house.view(accepted.conversation_id)

    assert view.lines[0].parked is None
    assert view.lines[0].message.seller_text == "中:uno"
    assert len(view.proposals) == 3
    assert view.row.trouble == 0
    assert view.row.due is not None  # its clock starts as if it had been read at once


async def test_a_seller_is_told_when_their_choice_was_parked(house: House) -> None:
    accepted = await house.buyer("hola")
    house.manager.failures.extend([RuntimeError("x")] * 3)
    choosing = asyncio.ensure_future(house.choose(accepted.conversation_id, "好"))
    for _ in range(200):
        await asyncio.sleep(0.01)
        await house.later(seconds=5)
        if choosing.done():
            break
    outcome = await choosing

    assert (outcome.done, outcome.error) == (False, "RuntimeError")
    assert house.channel.sent == []


async def test_an_event_this_version_cannot_read_is_parked(house: House, store: Store) -> None:
    accepted = await house.buyer("uno")
    await house.engine.stop()
    raw = "UPDATE events SET body = '{\"type\": \"from_the_future\"}', state = 'open', outcome = NULL"
    await store.write(lambda conn: conn.exec_driver_sql(raw).rowcount)
    again = House(store)
    await again.start()
    await again.settle()
    await again.engine.stop()

    outcome = await again.inbox.outcome(accepted.event_id)
    assert (outcome.done, outcome.error) == (False, "ValidationError")


async def test_what_another_worker_finished_is_not_stored_again(house: House, store: Store) -> None:
    accepted = await house.buyer("hola")
    choose = house.manager.on_seller_choice

    async def slow(choice: Choice, conversation: object) -> object:
        await store.write(
            lambda conn: conn.execute(update(events).where(events.c.state == "open").values(state="done")).rowcount
        )
        return await choose(choice, conversation)

    house.manager.on_seller_choice = slow
    body = AgentChose(choice=Choice(agent="小王", seller_text="好"))
    await house.inbox.accept(house.event(body, account="desk", conversation_id=accepted.conversation_id))
    await house.settle()

    assert house.channel.sent == []
    assert len((await house.view(accepted.conversation_id)).lines) == 1


async def test_reading_again_replaces_the_chinese(house: House) -> None:
    accepted = await house.buyer("hola")
    message_id = (await house.view(accepted.conversation_id)).lines[0].message.id
    await house.team(AgentRetranslated(agent="小王", message_id=message_id), accepted.conversation_id)
    view = await house.view(accepted.conversation_id)

    assert view.lines[0].message.seller_text == "再:hola"
    assert view.row.last_text == "再:hola"
    what, conversation = house.manager.seen[-2]
    assert (what, conversation.history) == ("agent_retranslated", ())
    unknown = await house.team(AgentRetranslated(agent="小王", message_id=999), accepted.conversation_id)
    assert unknown.refusal is not None


async def test_a_fixed_language_stays_and_the_message_is_read_again(house: House) -> None:
    accepted = await house.buyer("hola")
    await house.team(AgentSetLanguage(agent="小王", language="pt"), accepted.conversation_id)
    view = await house.view(accepted.conversation_id)

    assert view.language_override == "pt"
    assert view.row.language == "pt"
    assert view.lines[0].message.seller_text == "再:hola"
    await house.team(AgentSetLanguage(agent="小王", language=None), accepted.conversation_id)
    assert (await house.view(accepted.conversation_id)).language_override is None


async def test_a_resolved_case_waits_for_nobody_and_opens_again(house: House) -> None:
    accepted = await house.buyer("hola")
    await house.team(AgentSetStatus(agent="小王", resolved=True), accepted.conversation_id)
    view = await house.view(accepted.conversation_id)

    assert (view.row.status, view.row.waiting_since, view.row.due) == (CaseStatus.RESOLVED, None, None)
    assert view.proposals == ()
    await house.buyer("gracias")
    assert (await house.view(accepted.conversation_id)).row.status is CaseStatus.OPEN


@pytest.mark.parametrize(
    ("told", "state"),
    [
        (["delivered", "read"], "read"),
        (["read", "delivered"], "read"),
        (["failed"], "failed"),
        (["failed", "read"], "failed"),
        (["delivered", "failed"], "delivered"),
        (["queued"], "sent"),
    ],
)
async def test_receipts_move_a_delivery_forward_only(house: House, told: list[str], state: str) -> None:
    accepted = await house.buyer("hola")
    await house.choose(accepted.conversation_id, "好")
    for step in told:
        await house.channel_tells(Receipt(of="out-1", state=DeliveryState(step), error="131026"), chat=None)

    assert (await house.view(accepted.conversation_id)).lines[-1].delivery == state


async def test_closed_proposals_say_what_became_of_them(house: House, store: Store) -> None:
    accepted = await house.buyer("hola")
    pick = (await house.view(accepted.conversation_id)).proposals[0]
    await house.choose(accepted.conversation_id, pick.seller_text, proposal_id=pick.id)
    rows = await store.read(
        lambda conn: conn.execute(
            select(proposals.c.state, proposals.c.closed_by, proposals.c.closed_at).order_by(proposals.c.position)
        ).all()
    )

    assert [tuple(row) for row in rows] == [
        ("chosen", "小王", NOON),
        ("closed", "小王", NOON),
        ("closed", "小王", NOON),
    ]


async def test_one_log_line_for_a_turn_without_words(house: House) -> None:
    with capture_logs() as logs:
        accepted = await house.buyer("palabras secretas")
    turns = [line for line in logs if line["event"] == "turn"]

    assert len(turns) == 1
    assert turns[0]["outcome"] == "done"
    assert (turns[0]["event_id"], turns[0]["type"]) == (accepted.event_id, "buyer_wrote")
    assert turns[0]["ms"] >= 0
    assert "palabras" not in str(logs)


async def test_followers_hear_of_every_change_after_it_is_stored(house: House) -> None:
    with house.feed.listen() as listener:
        accepted = await house.buyer("hola")
        async with asyncio.timeout(5):
            assert await listener.next() == {accepted.conversation_id}
        await house.choose(accepted.conversation_id, "好")
        async with asyncio.timeout(5):
            assert accepted.conversation_id in await listener.next()
    assert [line.message.direction for line in (await house.view(accepted.conversation_id)).lines] == [
        Direction.INCOMING,
        Direction.OUTGOING,
    ]


class SlowManager(FakeManager):
    """Decides once it is let, or fails then."""

    def __init__(self, error: Exception | None) -> None:
        super().__init__()
        self.asked, self.let = asyncio.Event(), asyncio.Event()
        self._error = error

    async def on_buyer_message(self, message: Message, conversation: Conversation) -> Turn:
        self.asked.set()
        await self.let.wait()
        if self._error is not None:
            raise self._error
        return await super().on_buyer_message(message, conversation)


@pytest.mark.parametrize("error", [None, RuntimeError("too late to matter")])
async def test_a_process_that_was_thought_dead_undoes_nothing(store: Store, error: Exception | None) -> None:
    slow, quick = House(store, manager=SlowManager(error)), House(store)
    accepted = await slow.inbox.accept(slow.event(BuyerWrote(text="hola"), chat="ana"))
    choice = AgentChose(choice=Choice(agent="小王", seller_text="好的"))
    await slow.inbox.accept(slow.event(choice, account="desk", conversation_id=accepted.conversation_id))
    working = asyncio.create_task(slow.turns.drain(accepted.conversation_id))
    await slow.manager.asked.wait()
    await quick.turns.drain(accepted.conversation_id)  # another one goes on in its place
    slow.manager.let.set()
    with capture_logs() as logs:
        await working
    view = await quick.view(accepted.conversation_id)

    assert [line.message.text for line in view.lines] == ["hola", "ES:好的"]
    assert view.row.trouble == 0
    assert [line["event"] for line in logs] == []
