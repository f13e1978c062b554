"""The inbox: once, in order, shown at once."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.store import Store
from dialogs.errors import Malformed
from dialogs.events import AgentNoted, BuyerEdited, BuyerWrote, Receipt
from dialogs.messages import DeliveryState, Direction
from tests.bot.house import House
from tests.fakes import NOON


async def test_the_same_event_twice_is_one(house: House) -> None:
    first = await house.buyer("hola", external_id="m1")
    again = await house.buyer("hola", external_id="m1")

    assert not first.duplicate
    assert again == replace(first, duplicate=True)
    view = await house.view(first.conversation_id)
    assert [line.message.text for line in view.lines] == ["hola"]
    assert view.row.unread == 1
    assert [what for what, _ in house.manager.seen] == ["buyer"]


async def test_fifty_deliveries_of_one_event_at_once_are_one(house: House) -> None:
    event = house.event(BuyerWrote(text="hola"), chat="ana", external_id="m1")
    accepted = await asyncio.gather(*(house.inbox.accept(event) for _ in range(50)))
    await house.settle()

    assert len({one.event_id for one in accepted}) == 1
    assert sum(not one.duplicate for one in accepted) == 1
    view = await house.view(accepted[0].conversation_id)
    assert len(view.lines) == 1
    assert view.row.unread == 1


async def test_the_same_id_at_another_account_is_another_event(house: House) -> None:
    first = await house.buyer("hola", external_id="1")
    note = house.event(
        AgentNoted(agent="小王", text="熟客"), account="desk", conversation_id=first.conversation_id, external_id="1"
    )

    assert not (await house.inbox.accept(note)).duplicate


async def test_a_message_is_shown_before_it_is_read(store: Store) -> None:
    house = House(store)  # its worker does not run
    event = house.event(BuyerWrote(text="¿dónde está?"), chat="ana")
    with house.feed.listen() as listener:
        accepted = await house.inbox.accept(event)
        assert await listener.next() == {accepted.conversation_id}
    view = await house.view(accepted.conversation_id)

    assert [(line.message.text, line.pending) for line in view.lines] == [("¿dónde está?", True)]
    assert view.row.last_text == "¿dónde está?"
    assert view.row.unread == 1
    assert view.row.waiting_since == NOON


async def test_waiting_since_is_the_first_unanswered_message(house: House) -> None:
    accepted = await house.buyer("hola")
    house.clock.advance(minutes=3)
    await house.buyer("¿hola?")

    assert (await house.view(accepted.conversation_id)).row.waiting_since == NOON


async def test_outcome_waits_for_the_work(house: House) -> None:
    accepted = await house.inbox.accept(house.event(BuyerWrote(text="hola"), chat="ana"))
    waiting = [asyncio.ensure_future(house.inbox.outcome(accepted.event_id)) for _ in range(3)]

    assert all(outcome.done for outcome in await asyncio.gather(*waiting))
    assert (await house.inbox.outcome(accepted.event_id)).done


async def test_outcome_gives_up_and_the_event_stays(store: Store) -> None:
    house = House(store)
    accepted = await house.inbox.accept(house.event(BuyerWrote(text="hola"), chat="ana"))
    with pytest.raises(TimeoutError):
        await house.inbox.outcome(accepted.event_id, timeout=0.01)
    await house.start()

    assert (await house.inbox.outcome(accepted.event_id)).done
    await house.engine.stop()


async def test_what_a_process_left_open_is_worked_on_by_the_next(store: Store) -> None:
    before = House(store)
    accepted = await before.inbox.accept(before.event(BuyerWrote(text="hola"), chat="ana"))
    after = House(store)
    await after.start()

    assert (await after.inbox.outcome(accepted.event_id)).done
    await after.engine.stop()


async def test_an_edit_is_a_new_message_that_points_back(house: House) -> None:
    accepted = await house.buyer("tres piezas", external_id="m1")
    await house.channel_tells(BuyerEdited(of="m1", text="dos piezas"))
    await house.channel_tells(BuyerEdited(of="m1", text="una pieza"))
    view = await house.view(accepted.conversation_id)

    assert [(line.message.text, line.replaced) for line in view.lines] == [
        ("tres piezas", True),
        ("dos piezas", True),
        ("una pieza", False),
    ]
    assert [line.message.edits for line in view.lines] == [None, view.lines[0].message.id, view.lines[1].message.id]
    assert view.row.last_text == "中:una pieza"


async def test_an_edit_of_a_message_never_seen_is_a_message(house: House) -> None:
    accepted = await house.channel_tells(BuyerEdited(of="before", text="dos piezas"))
    view = await house.view(accepted.conversation_id)

    assert [(line.message.text, line.message.edits) for line in view.lines] == [("dos piezas", None)]


async def test_texts_no_database_can_hold_are_kept_as_far_as_they_go(house: House) -> None:
    accepted = await house.buyer("a\0b \ud800", chat="x\0y")
    view = await house.view(accepted.conversation_id)

    assert view.lines[0].message.text == "a\N{REPLACEMENT CHARACTER}b \N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"account": "unknown"}, "account"),
        ({"chat": None}, "chat"),
        ({"chat": None, "conversation_id": 999}, "conversation_id"),
        ({"body": Receipt(of="never-sent", state=DeliveryState.READ)}, "of"),
    ],
)
async def test_an_event_that_belongs_nowhere_is_refused(house: House, change: dict[str, object], field: str) -> None:
    event = house.event(BuyerWrote(text="mis palabras"), chat="ana")
    with pytest.raises(Malformed, match=field) as caught:
        await house.inbox.accept(replace(event, **change))

    assert "palabras" not in str(caught.value)


async def test_a_note_stays_with_the_team(house: House) -> None:
    accepted = await house.buyer("hola")
    outcome = await house.team(AgentNoted(agent="小王", text="熟客，小心处理"), accepted.conversation_id)
    view = await house.view(accepted.conversation_id)

    assert view.lines[-1].message.id == outcome.message_id
    assert (view.lines[-1].message.direction, view.lines[-1].message.author) == (Direction.NOTE, "小王")
    assert house.channel.sent == []
    assert [line.mine for line in await house.chats.lines("shop-fake", "ana")] == [True]
    assert view.row.last_text == "中:hola"
