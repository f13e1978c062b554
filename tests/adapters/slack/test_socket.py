"""Socket Mode over a real web socket: acknowledged once stored, replaced when it falls silent, never fatal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from adapters.slack.socket_mode import Pulse
from dialogs.events import AgentClaimed, AgentNoted
from tests.adapters.slack.conftest import House, fixture, pressed, replied
from tests.adapters.slack.views import view

ABOUT = {"conversation": 7, "escalation": 3}


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.01)


async def connected(house: House) -> None:
    """Started, connected and greeted."""
    await house.start()
    await house.server.connected(1)
    await until(lambda: house.board.problems() == {})


async def test_presses_and_replies_come_over_the_socket(socket_house: House) -> None:
    house = socket_house
    assert house.board.routes() == ()
    await connected(house)
    await house.show(view())
    ts = house.server.posts()[0]["ts"]
    acknowledged = await house.server.deliver("interactive", pressed("heqi_claim", ABOUT))
    assert set(acknowledged) == {"envelope_id"}
    await house.server.deliver("events_api", replied("好", ts=ts))
    assert house.around.inbox.bodies == [AgentClaimed(agent="小王"), AgentNoted(agent="小王", text="好")]


async def test_what_means_nothing_here_is_acknowledged(socket_house: House) -> None:
    await connected(socket_house)
    await socket_house.server.deliver("events_api", fixture("message_changed"))
    await socket_house.server.deliver("slash_commands", {"command": "/heqi", "text": "x"})
    assert socket_house.around.inbox.events == []


async def test_what_could_not_be_stored_is_not_acknowledged_and_comes_again(socket_house: House) -> None:
    house = socket_house
    await connected(house)
    await house.show(view())
    ts = house.server.posts()[0]["ts"]
    house.around.inbox.failures.append(RuntimeError("no disk"))
    first = asyncio.create_task(house.server.deliver("events_api", replied("好", ts=ts)))
    await until(lambda: not house.around.inbox.failures)
    await house.server.deliver("events_api", replied("好", ts=ts), retry=1)
    await house.server.deliver("events_api", replied("好", ts=ts), retry=2)
    assert not first.done()
    first.cancel()
    assert house.around.inbox.bodies == [AgentNoted(agent="小王", text="好")]


async def test_a_socket_that_fell_silent_is_replaced(socket_house: House) -> None:
    house = socket_house
    await connected(house)
    house.server.silent = True
    await until(lambda: "socket" in house.board.problems())
    assert house.board.problems()["socket"].startswith("silent since 2026-03-02 12:00:00")
    house.server.silent = False
    await until(lambda: house.board.problems() == {})
    assert len(house.server.sockets) >= 2
    await house.show(view())
    await house.server.deliver("interactive", pressed("heqi_claim", ABOUT))
    assert house.around.inbox.bodies == [AgentClaimed(agent="小王")]


async def test_a_connection_nobody_reads_any_more_is_replaced(socket_house: House) -> None:
    house = socket_house
    await connected(house)
    house.board._socket._current.client.message_receiver.cancel()  # frames still come, the reader has died
    await house.server.connected(2)
    await until(lambda: house.board.problems() == {})
    await house.show(view())
    await house.server.deliver("interactive", pressed("heqi_claim", ABOUT))
    assert house.around.inbox.bodies == [AgentClaimed(agent="小王")]


async def test_a_socket_that_answers_pings_but_tells_nothing_is_replaced_too(socket_house: House) -> None:
    house = socket_house
    house.board._socket._pulse = Pulse(ping=0.1, silent=30.0, quiet=0.3, pause=0.05)
    await connected(house)
    await house.server.connected(3)
    assert house.board.problems() == {}, "there was always one"


async def test_slack_may_ask_for_another_connection(socket_house: House) -> None:
    house = socket_house
    await connected(house)
    await house.server.push({"type": "disconnect", "reason": "refresh_requested", "debug_info": {"host": "h1"}})
    await house.server.connected(2)
    await until(lambda: house.server.sockets[0].closed)
    await house.show(view())
    await house.server.deliver("interactive", pressed("heqi_claim", ABOUT))
    assert house.around.inbox.bodies == [AgentClaimed(agent="小王")]


async def test_a_socket_that_was_closed_is_replaced(socket_house: House) -> None:
    house = socket_house
    await connected(house)
    await house.server.sockets[0].close()
    await house.server.connected(2)
    await until(lambda: house.board.problems() == {})


async def test_a_slack_that_is_down_at_the_start_is_not_fatal(socket_house: House) -> None:
    house = socket_house
    for _ in range(2):
        house.server.fail("apps.connections.open", mode="close")
    house.server.fail("apps.connections.open", mode="html")
    await house.start()
    assert "socket" in house.board.problems()
    await house.server.called("apps.connections.open", 4)
    await until(lambda: house.board.problems() == {})


async def test_a_socket_that_never_says_hello_counts_as_none(socket_house: House) -> None:
    house = socket_house
    house.board._socket._pulse = Pulse(ping=0.1, connect=0.3, pause=0.05)
    house.server.silent = True
    await house.start()
    await house.server.connected(2)
    assert "socket" in house.board.problems()
    house.server.silent = False
    await until(lambda: house.board.problems() == {})


@pytest.mark.parametrize("code", ["invalid_auth", "missing_scope"])
async def test_an_app_token_that_does_not_work_is_told(socket_house: House, code: str) -> None:
    house = socket_house
    house.server.fail("apps.connections.open", code)
    await house.start()
    await until(lambda: "app_token" in house.board.problems())
    assert "connections:write" in house.board.problems()["app_token"]
    assert "token" not in house.board.problems(), "the bot's own token is well"


async def test_the_app_token_opens_the_socket_and_the_bot_token_all_else(socket_house: House) -> None:
    house = socket_house
    await connected(house)
    await house.show(view())
    tokens = {call.method: call.token for call in house.server.calls}
    assert tokens["apps.connections.open"].startswith("xapp-")
    assert tokens["chat.postMessage"].startswith("xoxb-")


async def test_it_stops_and_leaves_nothing_running(socket_house: House) -> None:
    house = socket_house
    await connected(house)
    await house.stop()
    await until(lambda: house.server.sockets[0].closed)
    running = {task.get_coro().__qualname__ for task in asyncio.all_tasks()}
    assert not [name for name in running if "SocketMode" in name or "Socket.run" in name]
