"""Boards: every change is shown in the end, whatever a place does, and nobody else waits for it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from adapters.ports import Board, Showing
from bot import boards as module
from bot.back_off import back_off
from bot.lanes import board_lane
from bot.store import Store, showings
from bot.store.schema import conversations
from bot.store.schema import showings as table
from dialogs.errors import Ambiguous, Refused, TryLater
from tests.bot.house import House

Show = Callable[[Showing], Awaitable[None]]


class RecordingBoard(Board):
    """A place that remembers what it was shown. ``failures`` are raised first, None means it works."""

    def __init__(self, name: str = "group:one", *, shops: frozenset[str] = frozenset({"shop"})) -> None:
        self.name = name
        self.shops = shops
        self.seen: list[Showing] = []
        self.failures: deque[Exception | None] = deque()
        self.act: Show | None = None

    async def show(self, showing: Showing) -> None:
        self.seen.append(showing)
        if self.act is not None:
            await self.act(showing)
        failure = self.failures.popleft() if self.failures else None
        if failure is not None:
            raise failure

    @property
    def texts(self) -> list[str]:
        """The last line of each state shown."""
        return [showing.view.lines[-1].message.text for showing in self.seen]


@pytest.fixture
def board() -> RecordingBoard:
    return RecordingBoard()


@pytest.fixture
async def house(store: Store, board: RecordingBoard):
    built = House(store, shown_on=(board,))
    await built.start()
    yield built
    await built.engine.stop()


async def _reached(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


async def _open(house: House) -> list[str]:
    return await house.store.read(showings.open_lanes)


async def test_the_newest_state_is_shown_after_every_change(house: House, board: RecordingBoard) -> None:
    accepted = await house.buyer("hola")
    assert board.texts == ["hola"]
    await house.choose(accepted.conversation_id, "好")

    assert board.texts[-1] == "ES:好"
    assert board.seen[-1].view == await house.view(accepted.conversation_id)
    assert await _open(house) == []
    shown = len(board.seen)
    await house.later(minutes=10)
    assert len(board.seen) == shown  # nothing changed


async def test_a_board_sees_the_shops_it_is_for(store: Store) -> None:
    mine, both, other = (
        RecordingBoard("mine"),
        RecordingBoard("both", shops=frozenset({"shop", "more"})),
        RecordingBoard("other", shops=frozenset({"more"})),
    )
    house = House(store, shown_on=(mine, other, both))
    await house.start()
    await house.buyer("hola")
    await house.engine.stop()

    assert house.boards.names_for("shop") == ("both", "mine")
    assert house.boards.names_for("more") == ("both", "other")
    assert house.boards.names_for("unknown") == ()
    assert [bool(one.seen) for one in (mine, both, other)] == [True, True, False]


async def test_what_changes_while_it_is_shown_is_shown_again_and_never_twice_at_once(
    house: House, board: RecordingBoard
) -> None:
    gate, inside, most = asyncio.Event(), 0, 0

    async def slow(showing: Showing) -> None:
        nonlocal inside, most
        inside, most = inside + 1, max(most, inside + 1)
        await gate.wait()
        inside -= 1

    board.act = slow
    first = await house.inbox.accept(house.event_of("uno", chat="ana"))
    await _reached(lambda: bool(board.seen))
    calls = len(board.seen)
    for text in ("dos", "tres", "cuatro"):
        accepted = await house.inbox.accept(house.event_of(text, chat="ana"))
        await house.inbox.outcome(accepted.event_id)
    assert len(board.seen) == calls
    gate.set()
    await house.settle()

    assert board.texts[-1] == "cuatro"
    assert len(board.seen) == calls + 1  # what was wanted meanwhile is one state
    assert most == 1
    assert (await house.view(first.conversation_id)) == board.seen[-1].view


async def test_later_is_later_whatever_changes_meanwhile(house: House, board: RecordingBoard) -> None:
    board.failures.append(TryLater("flood", after=90))
    accepted = await house.buyer("uno")
    assert len(board.seen) == 1
    due = house.clock.now() + timedelta(seconds=90)
    assert house.engine._timers._due[board_lane(board.name, accepted.conversation_id)] == due
    await house.buyer("dos")
    await house.later(seconds=89)
    assert len(board.seen) == 1
    await house.later(seconds=2)

    assert board.texts == ["uno", "dos"]
    assert await _open(house) == []


@pytest.mark.parametrize("failure", [TryLater("down"), TryLater("down", after=0), Ambiguous("lost"), OSError("hola")])
async def test_a_place_that_is_down_for_hours_is_shown_everything_afterwards(
    house: House, board: RecordingBoard, failure: Exception
) -> None:
    board.failures.extend([failure] * 40)
    await house.buyer("hola")
    assert len(board.seen) == 1  # nobody is asked again at once
    for _ in range(40):
        await house.later(seconds=300)

    assert len(board.seen) == 41
    assert board.texts[-1] == "hola"
    assert await _open(house) == []


def test_no_number_of_failures_is_too_many() -> None:
    waits = [back_off(attempts).total_seconds() for attempts in range(12)]
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]
    assert back_off(10**6).total_seconds() == 300
    assert back_off(3, after=30).total_seconds() == 30
    assert back_off(3, after=-5).total_seconds() == 1
    assert back_off(3, after=1e300).total_seconds() == 86_400


async def test_what_is_refused_waits_for_the_next_change(
    house: House, board: RecordingBoard, capsys: pytest.CaptureFixture[str]
) -> None:
    board.failures.append(Refused("no_rights"))
    await house.buyer("uno")
    await house.later(minutes=4)
    assert board.texts == ["uno"]
    assert await _open(house) == []
    rows = await house.store.read(lambda conn: conn.execute(select(table.c.error)).scalars().all())
    assert rows == ["no_rights"]
    assert "no_rights" in capsys.readouterr().out
    await house.buyer("dos")

    assert board.texts == ["uno", "dos"]
    rows = await house.store.read(lambda conn: conn.execute(select(table.c.error)).scalars().all())
    assert rows == [None]


async def test_a_board_that_never_answers_is_asked_again(store: Store, board: RecordingBoard) -> None:
    house = House(store, shown_on=(board,))
    house.boards._show_timeout = 0.02
    await house.start()

    async def hang(showing: Showing) -> None:
        if len(board.seen) == 1:
            await asyncio.Event().wait()

    board.act = hang
    await house.buyer("hola")
    assert len(board.seen) == 1
    await house.later(seconds=2)
    await house.engine.stop()

    assert board.texts == ["hola", "hola"]


async def test_nothing_a_board_was_shown_reaches_a_log_line(
    house: House, board: RecordingBoard, capsys: pytest.CaptureFixture[str]
) -> None:
    board.failures.append(ValueError("mi telefono es 600111222"))
    await house.buyer("mi telefono es 600111222")

    told = capsys.readouterr()
    assert "ValueError" in told.out
    assert "600111222" not in told.out + told.err


async def test_one_boards_trouble_holds_up_nobody_else(store: Store) -> None:
    stuck, well = RecordingBoard("stuck"), RecordingBoard("well")
    gate = asyncio.Event()

    async def hang(showing: Showing) -> None:
        if showing.view.row.contact_name == "Ana":
            await gate.wait()

    stuck.act = hang
    house = House(store, shown_on=(stuck, well))
    await house.start()
    for chat in ("ana", "ivan"):
        accepted = await house.inbox.accept(house.event_of("hola", chat=chat))
        await house.inbox.outcome(accepted.event_id)
    await _reached(lambda: [len({s.view.row.id for s in one.seen}) for one in (stuck, well)] == [2, 2])
    await _reached(lambda: house.engine._waiting == {} and len(house.engine._running) == 1)

    assert await _open(house) == [board_lane("stuck", 1)]
    gate.set()
    await house.settle()
    await house.engine.stop()
    assert await _open(house) == []


async def test_a_board_that_hangs_leaves_room_for_the_turns(store: Store, board: RecordingBoard) -> None:
    gate, inside, most = asyncio.Event(), 0, 0

    async def hang(showing: Showing) -> None:
        nonlocal inside, most
        inside, most = inside + 1, max(most, inside + 1)
        await gate.wait()
        inside -= 1

    board.act = hang
    house = House(store, shown_on=(board,))
    house.engine._limit = module.AT_ONCE + 2
    await house.start()
    for number in range(3 * module.AT_ONCE):
        accepted = await house.inbox.accept(house.event_of("hola", chat=f"buyer{number}"))
        assert (await house.inbox.outcome(accepted.event_id, timeout=10)).done
    await _reached(lambda: most == module.AT_ONCE)
    gate.set()
    await house.settle()

    assert most == module.AT_ONCE
    assert {showing.view.row.id for showing in board.seen} == set(range(1, 3 * module.AT_ONCE + 1))
    assert await _open(house) == []
    await house.engine.stop()


async def test_what_a_board_keeps_outlives_the_failure_after_it(house: House, board: RecordingBoard) -> None:
    async def keep_and_fail(showing: Showing) -> None:
        await showing.keep(f"{showing.memo}+topic")
        if len(board.seen) == 1:
            raise OSError

    board.act = keep_and_fail
    await house.buyer("hola")
    assert len(board.seen) == 1
    await house.later(seconds=2)

    assert [showing.memo for showing in board.seen] == ["", "+topic"]


async def test_what_a_board_keeps_is_stored_even_when_its_time_is_over(store: Store, board: RecordingBoard) -> None:
    class SlowStore:
        """Takes long for its first write, the memo."""

        waits = 0.2

        def __getattr__(self, name: str) -> object:
            return getattr(store, name)

        async def write(self, work: Callable[..., object]) -> object:
            waits, self.waits = self.waits, 0
            await asyncio.sleep(waits)
            return await store.write(work)

    async def keep(showing: Showing) -> None:
        await showing.keep("topic 7")

    house = House(store, shown_on=(board,))
    house.boards._store = SlowStore()
    house.boards._show_timeout = 0.02
    board.act = keep
    await house.start()
    await house.buyer("hola")
    assert len(board.seen) == 1
    house.boards._show_timeout = 10
    await house.later(seconds=2)
    await house.engine.stop()

    assert [showing.memo for showing in board.seen] == ["", "topic 7"]


async def _killed_while_showing(store: Store) -> None:
    """A house that is gone after its board kept something, before it was done."""
    board = RecordingBoard()
    dead = House(store, shown_on=(board,))
    kept = asyncio.Event()

    async def keep_and_hang(showing: Showing) -> None:
        await showing.keep("topic 7")
        kept.set()
        await asyncio.Event().wait()

    board.act = keep_and_hang
    await dead.start()
    await dead.inbox.accept(dead.event_of("hola", chat="ana"))
    await kept.wait()
    await dead.engine.stop(timeout=0.01)


async def test_what_a_kill_left_open_is_shown_by_the_next_process(store: Store, board: RecordingBoard) -> None:
    await _killed_while_showing(store)
    assert await store.read(showings.open_lanes) == [board_lane("group:one", 1)]

    after = House(store, shown_on=(board,))
    await after.start()
    await after.settle()
    await after.engine.stop()
    assert [showing.memo for showing in board.seen] == ["topic 7"]
    assert board.texts == ["hola"]
    assert await _open(after) == []


async def test_a_board_that_left_the_settings_finds_its_changes_when_it_is_back(
    store: Store, board: RecordingBoard, capsys: pytest.CaptureFixture[str]
) -> None:
    await _killed_while_showing(store)
    without = House(store)
    await without.start()
    await without.settle()
    without.clock.advance(minutes=10)
    assert await without.boards.problem() == 0
    await without.engine.stop()
    assert "lane_failed" not in capsys.readouterr().out

    after = House(store, shown_on=(board,))
    await after.start()
    await after.settle()
    await after.engine.stop()
    assert board.texts == ["hola"]


async def test_a_conversation_that_is_gone_is_forgotten(house: House, board: RecordingBoard) -> None:
    board.failures.append(TryLater("down"))
    accepted = await house.buyer("hola")
    assert len(await _open(house)) == 1
    gone = delete(conversations).where(conversations.c.id == accepted.conversation_id)
    await house.store.write(lambda conn: conn.execute(gone).rowcount)
    house.engine.wake(board_lane(board.name, accepted.conversation_id))
    await house.later(seconds=2)

    assert len(board.seen) == 1
    assert await _open(house) == []


async def test_a_conversation_that_goes_while_it_is_looked_at_is_left_alone(
    house: House,
    board: RecordingBoard,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    board.failures.append(TryLater("down"))
    await house.buyer("hola")

    async def nothing(conversation_id: int, *, limit: int) -> None:
        return None

    monkeypatch.setattr(house.desk, "view", nothing)
    await house.later(seconds=2)
    assert len(board.seen) == 1
    assert "lane_failed" not in capsys.readouterr().out


async def test_what_waits_for_long_is_counted(house: House, board: RecordingBoard) -> None:
    board.failures.extend([TryLater("down", after=600)] * 2)
    await house.buyer("hola", chat="ana")
    await house.buyer("hola", chat="ivan")
    house.clock.advance(minutes=2)
    assert await house.boards.problem() == 0
    house.clock.advance(seconds=1)
    assert await house.boards.problem() == 2
    await house.buyer("hola", chat="ivan")  # wanting more of what waits makes it no younger
    assert await house.boards.problem() == 2
    await house.later(minutes=10)

    assert await house.boards.problem() == 0


async def test_without_boards_nothing_is_written(store: Store) -> None:
    house = House(store)
    await house.start()
    await house.buyer("hola")
    await house.engine.stop()

    assert await store.read(lambda conn: conn.execute(select(table)).all()) == []


async def test_a_board_is_shown_the_latest_lines_only(house: House, board: RecordingBoard) -> None:
    for number in range(module.LINES + 3):
        await house.inbox.accept(house.event_of(f"hola {number}", chat="ana"))
    await house.settle()

    view = board.seen[-1].view
    assert (len(view.lines), view.earlier) == (module.LINES, True)
    assert view.lines[-1].message.text == f"hola {module.LINES + 2}"
