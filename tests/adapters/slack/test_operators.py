"""Those who run the installation have a channel of their own, and see how long Slack has been silent."""

from __future__ import annotations

import asyncio

import pytest

from dialogs.errors import Refused
from tests.adapters.slack.conftest import House

OPERATIONS = "C0OPERATE1"


async def test_without_a_channel_nobody_is_told(house: House) -> None:
    assert house.board.operators() is None


async def test_a_message_its_thread_and_its_end(house: House) -> None:
    house.server.add_channel(OPERATIONS)
    board = house.build(operations_channel=OPERATIONS)
    await board.start()
    operators = board.operators()
    assert operators is not None
    ts = await operators.tell("<!channel> 积压 & more", key="one")
    await operators.tell("still", key="two", of=ts)
    await operators.change(ts, "over")
    assert [post["text"] for post in house.server.posts(OPERATIONS)] == ["over"]
    assert [post["text"] for post in house.server.replies(ts, OPERATIONS)] == ["still"]
    assert "<!channel>" not in str(house.server.called_with("chat.postMessage"))
    assert await operators.tell("again", key="one", again=True) == ts
    assert await operators.tell("again", key="two", of=ts, again=True) != ts
    assert len(house.server.messages[OPERATIONS]) == 2


async def test_a_channel_the_bot_is_not_in_is_refused_and_told_by_the_check(house: House) -> None:
    house.server.add_channel(OPERATIONS, is_member=False)
    board = house.build(operations_channel=OPERATIONS)
    await board.start()
    operators = board.operators()
    assert operators is not None
    with pytest.raises(Refused, match="channel_not_joined"):
        await operators.tell("积压", key="one")
    assert OPERATIONS in board.problems()
    assert any(OPERATIONS in finding.what and not finding.fine for finding in await board.check())


async def test_silence_is_known_where_the_socket_is(socket_house: House) -> None:
    board = socket_house.board
    assert board.silence() is None
    await board.start()
    receiving = asyncio.create_task(board.receive())
    await socket_house.server.connected(1)
    async with asyncio.timeout(20):
        while board.problems():
            await asyncio.sleep(0.01)
    silence = board.silence()
    assert silence is not None
    assert silence >= 0
    receiving.cancel()


async def test_with_a_door_there_is_no_silence(house: House) -> None:
    assert house.board.silence() is None
