"""The outbox: in order, and honest about what became of every message."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from adapters.ports import Outgoing
from bot.store import Store
from dialogs.errors import Ambiguous, Refused, TryLater, Unreachable, WindowClosed
from dialogs.events import AgentDecided, Receipt
from dialogs.messages import DeliveryState
from tests.bot.house import ACCOUNT, House
from tests.fakes import RecordingChannel


async def _send(house: House, *texts: str) -> int:
    accepted = await house.buyer("hola")
    for text in texts:
        await house.choose(accepted.conversation_id, text)
    return accepted.conversation_id


async def _states(house: House, conversation_id: int) -> list[tuple[str | None, str | None]]:
    view = await house.view(conversation_id)
    return [(line.delivery, line.delivery_error) for line in view.lines if line.delivery is not None]


async def _decide(house: House, conversation_id: int, decision: str, line: int = -1) -> bool:
    message_id = (await house.view(conversation_id)).lines[line].message.id
    decided = AgentDecided(agent="小王", message_id=message_id, decision=decision)
    return (await house.team(decided, conversation_id)).refusal is None


async def test_a_chat_gets_its_messages_in_order(house: House) -> None:
    await _send(house, *(f"{number}" for number in range(20)))

    assert house.channel.texts == [f"ES:{number}" for number in range(20)]
    assert len({outgoing.key for outgoing in house.channel.sent}) == 20
    assert {(outgoing.account, outgoing.chat) for outgoing in house.channel.sent} == {(ACCOUNT, "ana")}


async def test_later_is_later_and_the_order_stays(house: House) -> None:
    house.channel.failures.append(TryLater("busy", after=90))
    conversation_id = await _send(house, "一", "二")
    assert await _states(house, conversation_id) == [("queued", "busy"), ("queued", None)]
    await house.later(seconds=60)
    assert house.channel.sent == []
    await house.later(seconds=31)

    assert house.channel.texts == ["ES:一", "ES:二"]
    assert await _states(house, conversation_id) == [("sent", None), ("sent", None)]


async def test_a_platform_that_is_down_for_hours_gets_everything_afterwards_in_order(house: House) -> None:
    house.channel.failures.extend([TryLater("busy")] * 30)
    conversation_id = await _send(house, "一", "二", "三")
    for _ in range(35):
        await house.later(seconds=300)

    assert house.channel.texts == ["ES:一", "ES:二", "ES:三"]
    assert await _states(house, conversation_id) == [("sent", None)] * 3


async def test_a_platform_that_is_always_busy_fails_in_the_end(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house.outbox, "_attempts", 3)
    house.channel.failures.extend([TryLater("busy")] * 5)
    conversation_id = await _send(house, "一")
    for _ in range(2):
        assert (await _states(house, conversation_id))[0][0] == "queued"
        await house.later(seconds=300)

    assert await _states(house, conversation_id) == [("failed", "busy")]
    assert len(house.channel.failures) == 2


@pytest.mark.parametrize(
    ("error", "state", "reason"),
    [
        (Refused("text_too_long"), "failed", "text_too_long"),
        (WindowClosed("131047"), "failed", "window_closed"),
        (Unreachable("blocked"), "failed", "unreachable"),
        (Ambiguous("connection_lost"), "ambiguous", "connection_lost"),
        (TimeoutError(), "ambiguous", "timeout"),
        (KeyError("el texto"), "ambiguous", "KeyError"),
    ],
)
async def test_what_went_wrong_is_kept_and_does_not_hold_up_the_next(
    house: House, error: Exception, state: str, reason: str
) -> None:
    house.channel.failures.append(error)
    with capture_logs() as logs:
        conversation_id = await _send(house, "一", "二")

    assert await _states(house, conversation_id) == [(state, reason), ("sent", None)]
    assert house.channel.texts == ["ES:二"]
    assert (await house.view(conversation_id)).row.trouble == 1
    assert "texto" not in str(logs)


async def test_a_platform_that_never_answers_is_left_as_ambiguous(house: House) -> None:
    async def hang(outgoing: Outgoing) -> str:
        await asyncio.Event().wait()
        return outgoing.key

    house.channel.send = hang
    house.outbox._send_timeout = 0.01
    conversation_id = await _send(house, "一")

    assert await _states(house, conversation_id) == [("ambiguous", "timeout")]


async def test_a_failed_one_can_be_sent_again_with_the_same_key(house: House) -> None:
    house.channel.failures.append(Unreachable("blocked"))
    keys: list[str] = []
    send = house.channel.send

    async def note(outgoing: Outgoing) -> str:
        keys.append(outgoing.key)
        return await send(outgoing)

    house.channel.send = note
    conversation_id = await _send(house, "一")
    assert await _decide(house, conversation_id, "retry")

    assert await _states(house, conversation_id) == [("sent", None)]
    assert keys[0] == keys[1]
    assert not await _decide(house, conversation_id, "retry")  # what was sent is not sent again
    assert len(house.channel.sent) == 1


async def test_an_ambiguous_one_was_seen_at_the_buyers(house: House) -> None:
    house.channel.failures.append(Ambiguous("connection_lost"))
    conversation_id = await _send(house, "一")
    assert await _decide(house, conversation_id, "arrived")

    assert await _states(house, conversation_id) == [("delivered", None)]
    assert house.channel.sent == []
    assert not await _decide(house, conversation_id, "arrived")


async def test_a_failed_one_can_be_given_up(house: House) -> None:
    house.channel.failures.append(Refused("no"))
    conversation_id = await _send(house, "一")
    assert await _decide(house, conversation_id, "cancel")

    assert await _states(house, conversation_id) == [("cancelled", None)]
    assert (await house.view(conversation_id)).row.trouble == 0


async def test_one_that_waits_can_be_taken_back(house: House) -> None:
    house.channel.failures.append(TryLater("busy", after=90))
    conversation_id = await _send(house, "一", "二")
    assert await _decide(house, conversation_id, "cancel", line=1)
    await house.later(seconds=91)

    assert house.channel.texts == ["ES:二"]


async def _killed_while_sending(store: Store, *, idempotent: bool) -> tuple[House, House, int]:
    """A house that is gone while its platform is being called, and the one that comes after it."""
    dead = House(store, channel=RecordingChannel(idempotent=idempotent))
    called, send = asyncio.Event(), dead.channel.send

    async def hang(outgoing: Outgoing) -> str:
        await send(outgoing)
        called.set()
        await asyncio.Event().wait()
        return ""

    dead.channel.send = hang
    await dead.start()
    accepted = await dead.buyer("hola")
    for text in ("一", "二"):
        await dead.inbox.accept(dead.choice_of(accepted.conversation_id, text))
    await called.wait()
    while len((await dead.view(accepted.conversation_id)).lines) < 3:
        await asyncio.sleep(0.01)
    await dead.engine.stop(timeout=0.01)

    after = House(store, channel=RecordingChannel(idempotent=idempotent))
    await after.start()
    await after.settle()
    await after.engine.stop()
    return dead, after, accepted.conversation_id


async def test_what_a_kill_left_in_sending_is_ambiguous(store: Store) -> None:
    _, after, conversation_id = await _killed_while_sending(store, idempotent=False)

    assert await _states(after, conversation_id) == [("ambiguous", "interrupted"), ("sent", None)]
    assert after.channel.texts == ["ES:二"]


async def test_a_channel_that_knows_its_keys_is_simply_asked_again(store: Store) -> None:
    dead, after, conversation_id = await _killed_while_sending(store, idempotent=True)

    assert await _states(after, conversation_id) == [("sent", None), ("sent", None)]
    assert after.channel.texts == ["ES:一", "ES:二"]
    assert after.channel.sent[0].key == dead.channel.sent[0].key


async def test_a_receipt_that_comes_before_the_answer_counts(house: House) -> None:
    send = house.channel.send

    async def slow(outgoing: Outgoing) -> str:
        external_id = await send(outgoing)
        receipt = house.event(Receipt(of=external_id, state=DeliveryState.READ), chat="ana")
        accepted = await house.inbox.accept(receipt)
        await house.inbox.outcome(accepted.event_id)
        return external_id

    house.channel.send = slow
    conversation_id = await _send(house, "一")

    assert await _states(house, conversation_id) == [("read", None)]


async def test_an_account_that_left_the_settings_fails_by_name(store: Store) -> None:
    house = House(store)
    await house.start()
    house.outbox._channels = {}
    conversation_id = await _send(house, "一")
    await house.engine.stop()

    assert await _states(house, conversation_id) == [("failed", "no_channel")]


async def test_a_slow_chat_holds_up_no_other_and_no_turn(house: House) -> None:
    gate, send = asyncio.Event(), house.channel.send

    async def slow(outgoing: Outgoing) -> str:
        if outgoing.chat == "ana":
            await gate.wait()
        return await send(outgoing)

    house.channel.send = slow
    ana = await house.inbox.accept(house.event_of("hola", chat="ana"))
    ivan = await house.inbox.accept(house.event_of("привет", chat="ivan"))
    for accepted in (ana, ivan):
        choice = await house.inbox.accept(house.choice_of(accepted.conversation_id, "好"))
        await house.inbox.outcome(choice.event_id)
    more = await house.inbox.accept(house.event_of("¿hola?", chat="ana"))
    await house.inbox.outcome(more.event_id)
    async with asyncio.timeout(10):
        while not house.channel.sent:
            await asyncio.sleep(0.005)
    assert [outgoing.chat for outgoing in house.channel.sent] == ["ivan"]
    gate.set()
    await house.settle()

    assert [outgoing.chat for outgoing in house.channel.sent] == ["ivan", "ana"]
