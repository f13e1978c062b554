"""Downloads: what a buyer attached is here soon, or it is known why it never will be."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import timedelta

import pytest
from sqlalchemy import select

from adapters.ports import Outgoing
from bot import downloads as module
from bot.lanes import media_lane
from bot.store import Store, downloads, showings
from bot.store.blobs import StoredBlobs
from bot.store.schema import downloads as table
from dialogs.errors import Ambiguous, Refused, TryLater
from dialogs.events import BuyerWrote
from dialogs.messages import Media
from tests.bot.house import ACCOUNT, House
from tests.bot.test_boards import RecordingBoard
from tests.fakes import RecordingChannel

PNG = b"\x89PNG\r\n"


class Platform(RecordingChannel):
    """Gives the bytes of attachments. ``failures`` are raised first, by what is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.wrong: dict[str, deque[Exception]] = {}
        self.gates: dict[str, asyncio.Event] = {}
        self.mime = "image/png"

    async def fetch(self, media: Media) -> tuple[bytes, str]:
        self.asked.append(media.remote)
        if media.remote in self.gates:
            await self.gates[media.remote].wait()
        wrong = self.wrong.get(media.remote)
        if wrong:
            raise wrong.popleft()
        return PNG + media.remote.encode(), self.mime


def photo(remote: str = "file-1", **more: object) -> Media:
    return Media(kind="photo", name="a.png", mime="image/jpeg", size=3, remote=remote, **more)


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
def board() -> RecordingBoard:
    return RecordingBoard()


@pytest.fixture
async def house(store: Store, platform: Platform, board: RecordingBoard):
    built = House(store, channel=platform, shown_on=(board,))
    await built.start()
    yield built
    await built.engine.stop()


async def _write(house: House, *media: Media, chat: str = "ana", album: str | None = None) -> int:
    body = BuyerWrote(text="mira", media=media, album=album)
    accepted = await house.inbox.accept(house.event(body, chat=chat))
    await house.settle()
    return accepted.conversation_id


async def _media(house: House, conversation_id: int = 1, line: int = 0) -> tuple[Media, ...]:
    return (await house.view(conversation_id)).lines[line].message.media


async def _asked(platform: Platform, times: int) -> None:
    async with asyncio.timeout(10):
        while len(platform.asked) < times:
            await asyncio.sleep(0.005)
    assert len(platform.asked) == times


async def _rows(house: House) -> list[tuple[str, int, str | None]]:
    query = select(table.c.state, table.c.attempts, table.c.error).order_by(table.c.id)
    return [tuple(row) for row in await house.store.read(lambda conn: conn.execute(query).all())]


async def test_what_came_is_fetched_and_shown(house: House, platform: Platform, board: RecordingBoard) -> None:
    await _write(house, photo())
    (media,) = await _media(house)

    content = PNG + b"file-1"
    assert (media.kind, media.name, media.mime, media.size) == ("photo", "a.png", "image/png", len(content))
    assert (media.remote, media.error) == ("file-1", "")
    assert await StoredBlobs(house.store, house.clock).get(media.ref) == (content, "image/png")
    assert board.seen[-1].view.lines[0].message.media == (media,)
    assert await _rows(house) == [("done", 0, None)]
    await house.later(minutes=2)
    assert platform.asked == ["file-1"]


async def test_who_looks_is_told(house: House, platform: Platform, board: RecordingBoard) -> None:
    gate = platform.gates["file-1"] = asyncio.Event()
    accepted = await house.inbox.accept(house.event(BuyerWrote(text="", media=(photo(),)), chat="ana"))
    await house.inbox.outcome(accepted.event_id)
    async with asyncio.timeout(10):
        while not board.seen or await house.store.read(showings.open_lanes):
            await asyncio.sleep(0.005)
    with house.feed.listen() as listener:
        gate.set()
        async with asyncio.timeout(10):
            assert await listener.next() == {accepted.conversation_id}
        media = await _media(house)
    assert media[0].ref
    await house.settle()
    assert board.seen[-1].view.lines[0].message.media == media


async def test_only_what_is_still_on_the_platform_is_fetched(house: House, platform: Platform) -> None:
    here = Media(kind="photo", ref="blob", remote="file-1")
    never = Media(kind="photo", remote="file-2", error="too_big")
    place = Media(kind="location", name="Calle 1")
    await _write(house, here, never, place, photo("file-3"))

    assert platform.asked == ["file-3"]
    media = await _media(house)
    assert media[:3] == (here, never, place)
    assert media[3].ref


async def test_one_that_must_wait_holds_up_no_other(house: House, platform: Platform) -> None:
    platform.wrong["file-1"] = deque([TryLater("busy", after=90)])
    await _write(house, photo("file-1"), photo("file-2"))
    assert [bool(media.ref) for media in await _media(house)] == [False, True]
    assert house.engine._timers._due[media_lane(ACCOUNT, 1)] == house.clock.now() + timedelta(seconds=90)
    await house.later(seconds=60)
    assert platform.asked == ["file-1", "file-2"]
    await house.later(seconds=31)

    assert [bool(media.ref) for media in await _media(house)] == [True, True]
    assert await _rows(house) == [("done", 1, None), ("done", 0, None)]


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (TryLater("busy"), "unavailable"),
        (TryLater("busy", after=0), "unavailable"),
        (TimeoutError(), "unavailable"),
        (Ambiguous("lost"), "Ambiguous"),
        (OSError("https://files.example/key=geheim"), "OSError"),
    ],
)
async def test_what_cannot_be_had_is_given_up_in_the_end_and_says_why(
    house: House,
    platform: Platform,
    board: RecordingBoard,
    failure: Exception,
    error: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    platform.wrong["file-1"] = deque([failure] * 20)
    await _write(house, photo())
    assert len(platform.asked) == 1  # nobody is asked again at once
    for _ in range(module.ATTEMPTS - 2):
        await house.later(seconds=300)
    assert (await _media(house))[0].error == ""
    for _ in range(3):
        await house.later(seconds=300)

    assert len(platform.asked) == module.ATTEMPTS
    (media,) = await _media(house)
    assert (media.ref, media.error, media.size) == ("", error, 3)
    assert board.seen[-1].view.lines[0].message.media == (media,)
    assert await _rows(house) == [("failed", module.ATTEMPTS - 1, error)]
    assert "geheim" not in capsys.readouterr().out


async def test_what_is_refused_is_not_asked_for_again(house: House, platform: Platform) -> None:
    platform.wrong["file-1"] = deque([Refused("too_big")])
    await _write(house, photo("file-1"), photo("file-2"))
    await house.later(minutes=10)

    assert platform.asked == ["file-1", "file-2"]
    assert [media.error for media in await _media(house)] == ["too_big", ""]


async def test_a_platform_that_never_answers_is_asked_again(house: House, platform: Platform) -> None:
    house.downloads._fetch_timeout = 0.02
    platform.gates["file-1"] = asyncio.Event()
    await _write(house, photo())
    assert await _rows(house) == [("open", 1, "timeout")]
    platform.gates.clear()
    await house.later(seconds=2)

    assert (await _media(house))[0].ref


async def test_an_account_that_left_the_settings_fails_by_name(house: House) -> None:
    house.downloads._channels = {}
    await _write(house, photo())

    assert (await _media(house))[0].error == "no_channel"


async def test_an_album_is_fetched_once_part_by_part(house: House, platform: Platform) -> None:
    for number in range(1, 4):
        await _write(house, photo(f"file-{number}"), album="7")
    media = await _media(house)

    assert sorted(platform.asked) == ["file-1", "file-2", "file-3"]
    assert [one.remote for one in media] == ["file-1", "file-2", "file-3"]
    assert all(one.ref for one in media)


async def test_parts_of_an_album_that_come_during_a_download_are_kept(house: House, platform: Platform) -> None:
    platform.gates["file-1"] = asyncio.Event()
    for number in range(1, 4):
        body = BuyerWrote(text="", media=(photo(f"file-{number}"),), album="7")
        await house.inbox.accept(house.event(body, chat="ana"))
    platform.gates["file-1"].set()
    await house.settle()

    media = await _media(house)
    assert [one.remote for one in media] == ["file-1", "file-2", "file-3"]
    assert all(one.ref for one in media)


async def test_asking_twice_is_asking_once(house: House, platform: Platform) -> None:
    await _write(house, photo())

    def again(conn: object) -> None:
        message = {"message_id": 1, "conversation_id": 1, "account": ACCOUNT}
        downloads.add(conn, **message, media=(photo(), photo("file-2")), now=house.clock.now())

    await house.store.write(again)
    assert [row[0] for row in await _rows(house)] == ["done", "open"]


async def test_a_strange_type_is_stored_all_the_same(house: House, platform: Platform) -> None:
    platform.mime = "image/\udcff\0"
    await _write(house, photo())
    platform.mime = ""
    await _write(house, photo("file-2"))

    assert (await _media(house))[0].mime == "image/\ufffd\ufffd"
    assert (await _media(house, line=1))[0].mime == "image/jpeg"  # what the message said


async def test_what_a_kill_left_open_is_fetched_by_the_next_process(store: Store, platform: Platform) -> None:
    dead = House(store, channel=platform)
    platform.gates["file-2"] = asyncio.Event()
    await dead.start()
    await dead.inbox.accept(dead.event_of("mira", chat="ana", media=(photo("file-1"), photo("file-2"))))
    await _asked(platform, 2)
    await dead.engine.stop(timeout=0.01)
    assert await store.read(downloads.open_lanes) == [media_lane(ACCOUNT, 1)]

    platform.gates.clear()
    after = House(store, channel=platform)
    await after.start()
    await after.settle()
    await after.engine.stop()
    assert platform.asked == ["file-1", "file-2", "file-2"]
    assert all(media.ref for media in await _media(after))
    assert await store.read(downloads.open_lanes) == []


async def test_a_platform_that_hangs_leaves_room_for_the_turns(store: Store, platform: Platform) -> None:
    platform.gates["file-1"] = asyncio.Event()
    house = House(store, channel=platform)
    house.engine._limit = module.AT_ONCE + 2
    await house.start()
    for number in range(3 * module.AT_ONCE):
        event = house.event_of("mira", chat=f"buyer{number}", media=(photo(),))
        accepted = await house.inbox.accept(event)
        assert (await house.inbox.outcome(accepted.event_id, timeout=10)).done
    await _asked(platform, module.AT_ONCE)
    platform.gates["file-1"].set()
    await house.settle()
    await house.engine.stop()

    assert len(platform.asked) == 3 * module.AT_ONCE
    assert {row[0] for row in await _rows(house)} == {"done"}


async def test_a_download_holds_up_no_answer(house: House, platform: Platform) -> None:
    platform.gates["file-1"] = asyncio.Event()
    event = house.event_of("mira", chat="ana", media=(photo(),))
    accepted = await house.inbox.accept(event)
    choice = await house.inbox.accept(house.choice_of(accepted.conversation_id, "好"))
    await house.inbox.outcome(choice.event_id)
    sent: list[Outgoing] = platform.sent
    async with asyncio.timeout(10):
        while not sent:
            await asyncio.sleep(0.005)
    platform.gates["file-1"].set()
    await house.settle()

    assert platform.texts == ["ES:好"]
