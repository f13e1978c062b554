"""What the desk and the web chat read."""

from __future__ import annotations

import pytest

from adapters.ports import ListQuery
from dialogs.errors import Ambiguous, Malformed, TryLater
from dialogs.events import AgentNoted, AgentSetStatus, Receipt
from dialogs.messages import CaseStatus, DeliveryState, Media
from tests.bot.house import ACCOUNT, House


async def _names(house: House, **query: object) -> list[str]:
    return [row.contact_name for row in await house.desk.conversations(ListQuery(**query))]


async def test_the_list_is_ordered_by_urgency(house: House) -> None:
    await house.buyer("hola", chat="first")
    house.clock.advance(minutes=1)
    answered = await house.buyer("hola", chat="answered")
    await house.buyer("calm", chat="calm")
    await house.buyer("angry", chat="angry")
    await house.choose(answered.conversation_id, "好")

    # The clock that runs out first, then mood; who was answered waits for nothing.
    assert await _names(house) == ["First", "Angry", "Calm", "Answered"]
    assert await _names(house, limit=2) == ["First", "Angry"]


async def test_the_list_can_be_narrowed(house: House) -> None:
    done = await house.buyer("hola", chat="done")
    await house.buyer("hola", chat="open")
    await house.team(AgentSetStatus(agent="小王", resolved=True), done.conversation_id)

    assert await _names(house) == ["Open"]
    assert await _names(house, status=CaseStatus.RESOLVED) == ["Done"]
    assert sorted(await _names(house, status=None)) == ["Done", "Open"]
    assert await _names(house, shops=("other",)) == []
    assert await _names(house, shops=("other", "shop")) == ["Open"]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("посылка", ["Ivan"]),  # what the buyer wrote, whatever its case
        ("ПОСЫЛКА", ["Ivan"]),
        ("中:где", ["Ivan"]),  # its Chinese
        ("退款", ["Ana"]),  # what we answered
        ("es:退款", ["Ana"]),
        ("IVAN", ["Ivan"]),  # the name
        ("100%", ["Ana"]),
        ("100_", []),  # nothing in it is a pattern
        ("\\", []),
        ("  ", ["Ana", "Ivan"]),
    ],
)
async def test_search_looks_in_both_languages(house: House, search: str, found: list[str]) -> None:
    ana = await house.buyer("quiero el 100% ahora", chat="ana")
    await house.buyer("Где моя ПОСЫЛКА?", chat="ivan")
    await house.choose(ana.conversation_id, "退款")

    assert sorted(await _names(house, search=search)) == found


async def test_a_view_is_read_page_by_page(house: House) -> None:
    for number in range(7):
        accepted = await house.buyer(f"n{number}")
    page = await house.desk.view(accepted.conversation_id, limit=3)
    assert page is not None
    older = await house.desk.view(accepted.conversation_id, before=page.lines[0].message.seq, limit=4)
    assert older is not None

    assert ([line.message.text for line in page.lines], page.earlier) == (["n4", "n5", "n6"], True)
    assert ([line.message.text for line in older.lines], older.earlier) == (["n0", "n1", "n2", "n3"], False)
    assert len(page.proposals) == 3


async def test_a_conversation_that_is_not_there(house: House) -> None:
    assert await house.desk.view(999) is None
    with pytest.raises(Malformed):
        await house.desk.preview(999, "好")


async def test_trouble_counts_what_needs_a_look(house: House) -> None:
    accepted = await house.buyer("hola")
    house.channel.failures.append(Ambiguous("lost"))
    await house.choose(accepted.conversation_id, "一")
    await house.choose(accepted.conversation_id, "留")
    house.manager.failures.extend([RuntimeError("x")] * 3)
    await house.buyer("dos")
    await house.later(seconds=1)
    await house.later(seconds=5)

    assert (await house.view(accepted.conversation_id)).row.trouble == 3


async def test_reading_marks_read_and_tells_followers(house: House) -> None:
    accepted = await house.buyer("hola")
    with house.feed.listen() as listener:
        await house.desk.mark_read(accepted.conversation_id)
        assert await listener.next() == {accepted.conversation_id}

    assert (await house.view(accepted.conversation_id)).row.unread == 0


async def test_preview_is_asked_about_the_conversation(house: House) -> None:
    accepted = await house.buyer("hola")
    preview = await house.desk.preview(accepted.conversation_id, "好")

    assert preview.translation.text == f"{accepted.conversation_id}:好"
    assert [health.name for health in house.desk.health()] == ["fake"]


async def test_the_buyer_sees_what_was_sent_and_nothing_else(house: House) -> None:
    accepted = await house.buyer("hola", external_id="m1")
    await house.choose(accepted.conversation_id, "一")
    await house.choose(accepted.conversation_id, "留")
    await house.team(AgentNoted(agent="小王", text="难缠"), accepted.conversation_id)
    house.channel.failures.append(TryLater("busy", after=60))
    await house.choose(accepted.conversation_id, "二")
    await house.channel_tells(Receipt(of="out-1", state=DeliveryState.READ))
    lines = await house.chats.lines(ACCOUNT, "ana")

    assert [(line.text, line.mine, line.state, line.external_id) for line in lines] == [
        ("hola", True, None, "m1"),
        ("ES:一", False, DeliveryState.READ, "out-1"),
    ]
    await house.later(seconds=61)
    assert [line.text for line in await house.chats.lines(ACCOUNT, "ana", after=lines[-1].id)] == ["ES:二"]
    assert [line.text for line in await house.chats.lines(ACCOUNT, "ana", limit=1)] == ["hola"]


async def test_a_chat_nobody_wrote_in_is_empty(house: House) -> None:
    assert await house.chats.conversation_of(ACCOUNT, "nobody") is None
    assert await house.chats.lines(ACCOUNT, "nobody") == ()
    accepted = await house.buyer("hola")
    assert await house.chats.conversation_of(ACCOUNT, "ana") == accepted.conversation_id


async def test_pictures_are_shown_with_their_message(house: House) -> None:
    photo = Media(kind="photo", name="caja.jpg", mime="image/jpeg", size=3, ref="abc")
    accepted = await house.inbox.accept(house.event_of("rota", chat="ana", media=(photo,)))
    await house.settle()

    assert (await house.view(accepted.conversation_id)).lines[0].message.media == (photo,)
    assert (await house.chats.lines(ACCOUNT, "ana"))[0].media == (photo,)
