"""One app served by two processes that share what is stored and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from adapters.slack.board import SlackBoard
from adapters.slack.socket_mode import Pulse
from dialogs.events import AgentChose, AgentClaimed, AgentNoted
from tests.adapters.around import Receiving, receiving
from tests.adapters.slack.conftest import House, fixture, pressed, replied, submitted
from tests.adapters.slack.views import view

ABOUT = {"conversation": 7, "escalation": 3}


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.01)


async def two(house: House) -> tuple[SlackBoard, SlackBoard]:
    """Both started; none receives."""
    here, there = house.board, house.build()
    await here.start()
    await there.start()
    return here, there


async def connected(house: House, board: SlackBoard, times: int) -> None:
    await house.server.connected(times)
    await until(lambda: board.problems() == {} and board._socket._current is not None)


async def test_the_socket_is_handed_over_and_back(socket_house: House) -> None:
    house = socket_house
    here, there = await two(house)
    await here.show(house.around.showing("slack", view()))
    ts = house.server.posts()[0]["ts"]
    for number, board in enumerate((here, there, here), 1):
        async with receiving(board):
            await connected(house, board, number)
            assert len(house.server.sockets) == number
            told = replied(f"第 {number} 条", ts=ts, event=f"Ev{number}")
            await house.server.deliver("events_api", told)
        await until(house.server.sockets[-1].closed.__bool__)
    assert house.around.inbox.bodies == [AgentNoted(agent="小王", text=f"第 {number} 条") for number in (1, 2, 3)]


async def test_what_one_could_not_acknowledge_comes_to_the_other_and_is_one(socket_house: House) -> None:
    house = socket_house
    here, there = await two(house)
    await here.show(house.around.showing("slack", view()))
    ts = house.server.posts()[0]["ts"]
    presses = [pressed("heqi_claim", ABOUT, ts=ts)]
    unstored = replied("好", ts=ts)
    async with receiving(here):
        await connected(house, here, 1)
        await house.server.deliver("interactive", presses[0])  # stored, and the answer lost
        house.around.inbox.failures.append(RuntimeError("no disk"))
        lost = asyncio.create_task(house.server.deliver("events_api", unstored))
        await until(lambda: not house.around.inbox.failures)
        lost.cancel()
    async with receiving(there):
        await connected(house, there, 2)
        await house.server.deliver("interactive", presses[0], retry=1)
        await house.server.deliver("events_api", unstored, retry=1)
    assert house.around.inbox.bodies == [AgentClaimed(agent="小王"), AgentNoted(agent="小王", text="好")]


async def test_only_who_keeps_the_socket_tells_of_it(socket_house: House) -> None:
    house = socket_house
    here, there = await two(house)
    assert (here.problems(), here.silence()) == ({}, None)
    for _ in range(1000):
        house.server.fail("apps.connections.open", "invalid_auth")
    turn = Receiving(here)
    await until(lambda: set(here.problems()) == {"socket", "app_token"})
    assert here.silence() is not None
    assert (there.problems(), there.silence()) == ({}, None)
    await turn.end()
    assert (here.problems(), here.silence()) == ({}, None)


async def test_a_socket_that_is_being_opened_when_the_turn_ends_is_closed(socket_house: House) -> None:
    house = socket_house
    house.board._socket._pulse = Pulse(connect=30.0)
    house.server.silent = True  # connected, never greeted
    await house.board.start()
    async with receiving(house.board):
        await house.server.connected(1)
    house.server.released.set()
    await until(house.server.sockets[0].closed.__bool__)
    assert house.board.problems() == {}


async def test_a_window_opened_by_one_is_sent_to_the_other_and_again_to_the_first(house: House) -> None:
    there = house.build()  # behind the same door from now on
    await there.start()
    here = house.boards[0]
    await here.show(house.around.showing("slack", view()))
    (card,) = house.server.posts()
    await house.post(replied("您好，马上帮您查", ts=card["ts"]))
    (note,) = (key for key in house.around.state("slack").rows if key.startswith("note:"))
    value = {"conversation": 7, "note": note.removeprefix("note:7:")}
    await house.post(pressed("heqi_send", value, ts=card["ts"]))
    await house.settled()
    (window,) = house.server.views
    house.boards.reverse()
    for _ in range(2):  # the first answer got lost
        answer = await house.post(submitted(window))
        assert (answer.status_code, answer.text) == (200, "")
        house.boards.reverse()
    assert [type(body) for body in house.around.inbox.bodies] == [AgentNoted, AgentChose]


async def test_a_store_that_fails_to_sweep_keeps_no_press_from_coming(
    socket_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = socket_house

    async def fails(prefix: str = "") -> object:
        raise OSError

    monkeypatch.setattr(house.around.state("slack"), "all", fails)
    await house.start()
    await connected(house, house.board, 1)
    await house.server.deliver("events_api", fixture("message_changed"))
