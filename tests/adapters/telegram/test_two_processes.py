"""One bot served by two processes that share what is stored and nothing else."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from typing_extensions import override

from adapters.channels import CHANNELS
from adapters.ports import AgentIdentity
from adapters.telegram.channel import Telegram
from adapters.telegram.desk.hints import LATE, LEFT
from adapters.telegram.settings import TelegramSettings
from dialogs.errors import Refused, TryLater
from dialogs.events import AgentChose, BuyerWrote
from tests.adapters.around import SHOP, Around, MemoryState, Receiving, receiving
from tests.adapters.telegram.conftest import ACCOUNT, Bot, fixture
from tests.adapters.telegram.desk_rig import GROUP, WANG, Clock, Desk, buttons, connected
from tests.adapters.telegram.desk_views import Talk
from tests.servers.telegram import TelegramServer

MakeBot = Callable[..., Bot]
MakeChannel = Callable[..., Telegram]
MakeSettings = Callable[..., TelegramSettings]
AGENT = AgentIdentity(id=1, name="小王", role="agent")
TOKEN = "t" * 43


class SharedState(MemoryState):
    """Others come in between: every question takes a while."""

    @override
    async def get(self, key: str) -> str | None:
        found = await super().get(key)
        await asyncio.sleep(0)
        return found


# ---- polling is handed over ------------------------------------------------------------------------------------------


def said(around: Around) -> dict[str | None, list[str]]:
    """What every buyer wrote, in the order it was stored."""
    found: dict[str | None, list[str]] = {}
    for event in around.inbox.events:
        assert isinstance(event.body, BuyerWrote)
        found.setdefault(event.chat, []).append(event.body.text)
    return found


@pytest.mark.parametrize("seed", range(4))
async def test_whenever_polling_is_handed_over_nothing_is_lost_doubled_or_reordered(
    server: TelegramServer, make_bot: MakeBot, around: Around, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - it decides when to break off
    accept = around.inbox.accept

    async def slow(event: Any) -> Any:
        await asyncio.sleep(chance.choice((0, 0, 0.002)))
        if chance.random() < 0.1:
            raise OSError
        return await accept(event)

    around.inbox.accept = slow  # type: ignore[method-assign]
    processes = make_bot(), make_bot()
    for each in processes:
        await each.api.start()
    written = {str(chat): [f"{chat}/{number}" for number in range(8)] for chat in (7001, 7002, 7003)}
    left = [(int(chat), text) for number in range(8) for chat, texts in written.items() for text in [texts[number]]]
    turn = 0
    while left or server.pending:
        for chat, text in left[:2]:
            server.buyer_says(chat, text)
        left = left[2:]
        task = asyncio.create_task(processes[turn % 2].polling.run())
        await asyncio.sleep(chance.choice((0.001, 0.005, 0.02)))
        task.cancel()  # at any instant
        await asyncio.wait({task})
        turn += 1
    for each in processes:
        await each.api.stop()
    assert said(around) == written


async def test_who_polls_again_begins_where_telegram_says(
    server: TelegramServer, make_channel: MakeChannel, around: Around
) -> None:
    here, there = make_channel(), make_channel()
    async with running(here, there):
        for process, text in ((here, "uno"), (there, "dos"), (here, "tres")):
            async with receiving(process):
                update = server.buyer_says(7001, text)
                if text == "tres":  # after a week without updates their numbers may begin anywhere
                    update["update_id"] = 17
                await server.confirmed()
    assert said(around) == {"7001": ["uno", "dos", "tres"]}


async def test_only_who_polls_tells_what_keeps_it_from_polling(
    server: TelegramServer, make_channel: MakeChannel
) -> None:
    here, there = make_channel(), make_channel()
    async with running(here, there):
        assert (here.problems(), here.silence()) == ({}, None)
        server.fail("getUpdates", 409, "Conflict: terminated by other getUpdates request", times=10_000)
        turn = Receiving(here)
        await server.called("getUpdates")
        while not here.problems():
            await asyncio.sleep(0)
        assert here.silence() is not None
        assert there.problems() == {}
        await turn.end()
        assert (here.problems(), here.silence()) == ({}, None)


# ---- the webhook -----------------------------------------------------------------------------------------------------


async def test_one_sets_the_webhook_and_all_have_the_door(
    server: TelegramServer, make_channel: MakeChannel, around: Around
) -> None:
    around.public_url = "https://shop.example"
    owner, *others = (make_channel() for _ in range(3))
    async with running(owner, *others), receiving(owner):
        await server.called("getWebhookInfo")
        assert len(server.of("setWebhook")) == 1
        for number, process in enumerate((owner, *others)):
            update = server.buyer_says(7001, f"Hola {number}")
            for again in others:  # the answer got lost, and the next time it comes to another process
                for door in (process, again):
                    assert await knock(door, update, server.webhook["secret_token"]) == 200
    assert said(around) == {"7001": ["Hola 0", "Hola 1", "Hola 2"]}


async def test_who_takes_over_sets_the_webhook_anew_and_tells_of_it_alone(
    server: TelegramServer, make_channel: MakeChannel, around: Around
) -> None:
    around.public_url = "https://shop.example"
    here, there = make_channel(), make_channel()
    async with running(here, there):
        server.fail("setWebhook", 500, times=10_000)
        turn = Receiving(here)
        await server.called("setWebhook")
        while not here.problems():
            await asyncio.sleep(0)
        assert there.problems() == {}
        await turn.end()
        assert here.problems() == {}
        server.failures.clear()
        failed = len(server.of("setWebhook"))
        for number, process in enumerate((there, here, there), 1):
            async with receiving(process):
                await server.called("getWebhookInfo", number)
        assert len(server.of("setWebhook")) == failed + 3


async def knock(channel: Telegram, update: dict[str, Any], secret: str) -> int:
    transport = httpx.ASGITransport(app=Starlette(routes=list(channel.routes())))
    async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
        headers = {"x-telegram-bot-api-secret-token": secret}
        return (await client.post("/telegram/tg", json=update, headers=headers)).status_code


# ---- business accounts -----------------------------------------------------------------------------------------------


async def test_a_connection_told_to_one_is_known_to_the_other(
    server: TelegramServer, make_bot: MakeBot, around: Around
) -> None:
    here, there = make_bot(), make_bot()
    raw = fixture("business_text")["business_message"]
    async with sessions(here, there):
        await take(here, server.connect("BC-1", 5005))
        await take(there, server.push(business_message={**raw, "business_connection_id": "BC-1"}))
        assert server.of("getBusinessConnection") == []
        assert [event.chat for event in around.inbox.events] == ["business:5005:7001"]
        await there.send("Hola", chat="business:5005:7001")
        await take(here, server.connect("BC-1", 5005, enabled=False))
        with pytest.raises(Refused, match="business_disconnected"):
            await there.send("Hola", chat="business:5005:7001")


@pytest.mark.parametrize("first", ["began", "ended"])
async def test_the_end_of_the_old_connection_never_overwrites_the_new_one(
    server: TelegramServer, make_bot: MakeBot, around: Around, first: str
) -> None:
    around.states[ACCOUNT] = SharedState()
    here, there = make_bot(), make_bot()
    async with sessions(here, there):
        await take(here, server.connect("BC-1", 5005))
        began = server.connect("BC-2", 5005)
        ended = server.connect("BC-1", 5005, enabled=False)
        told = (began, ended) if first == "began" else (ended, began)
        await asyncio.gather(*(take(bot, raw) for bot, raw in zip((here, there), told, strict=True)))
        await here.send("Hola", chat="business:5005:7001")
    assert server.of("sendMessage")[0].params["business_connection_id"] == "BC-2"


async def take(bot: Bot, raw: dict[str, Any]) -> None:
    update = bot.intake.read(raw)
    assert update is not None
    await bot.intake.take(update)


# ---- the desk --------------------------------------------------------------------------------------------------------


@pytest.fixture
async def desks(around: Around, server: TelegramServer, make_settings: MakeSettings) -> AsyncIterator[list[Desk]]:
    """Two processes with the desk of the same group; the limits of the group are no matter here."""
    around.states[ACCOUNT] = SharedState()
    around.team.members["telegram", str(WANG)] = AGENT
    clock = Clock()
    async with (
        connected(around, server, make_settings(), clock=clock) as here,
        connected(around, server, make_settings(), clock=clock) as there,
    ):
        yield [here, there]


async def test_pressed_here_shown_there(desks: list[Desk], around: Around) -> None:
    here, there = desks
    talk = Talk()
    talk.buyer()
    await there.show(talk)
    (card,) = here.cards
    here.server.agent_presses(GROUP, WANG, card["message_id"], buttons(card)["1"])
    assert await here.take() == [True]
    (event,) = around.inbox.events
    assert isinstance(event.body, AgentChose)
    assert event.conversation_id == talk.id
    talk.seller("好的", "Vale")
    await here.show(talk)  # the next time the conversation is shown by the other one
    talk.buyer("¿Y cuándo?", "什么时候？")
    await there.show(talk)
    assert len(here.cards) == 2
    assert len(here.server.topics) == 1


async def test_the_same_press_told_to_both_is_one(desks: list[Desk], around: Around) -> None:
    here, _ = desks
    talk = Talk()
    talk.buyer()
    await here.show(talk)
    (card,) = here.cards
    press = here.server.agent_presses(GROUP, WANG, card["message_id"], buttons(card)["1"])
    here.server.pending.clear()
    await asyncio.gather(*(each.board.on_update(each.update(press)) for each in desks))
    assert len(around.inbox.events) == 1


async def test_two_conversations_shown_at_once_for_the_first_time_have_a_topic_each(
    desks: list[Desk], around: Around
) -> None:
    talks = [Talk(id=number, name=f"Ana {number}") for number in range(20, 28)]
    for talk in talks:
        talk.buyer()
    await asyncio.gather(*(desks[number % 2].show(talk) for number, talk in enumerate(talks)))
    server = desks[0].server
    assert len(server.topics) == len(talks)
    assert sorted(topic["name"].split(" ", 1)[1] for topic in server.topics.values()) == [talk.name for talk in talks]
    rows = around.state(ACCOUNT).rows
    assert rows[f"desk-forum:{GROUP}"] == "1"
    for (_, topic), known in server.topics.items():  # and whoever gets what is typed there knows whose it is
        assert f"Ana {rows[f'desk-topic:{GROUP}:{topic}']}" in known["name"]


async def test_a_desk_connected_here_is_used_there_at_once(desks: list[Desk], around: Around) -> None:
    here, there = desks
    around.state(ACCOUNT).rows.pop("desk")
    talk = Talk()
    talk.buyer()
    await there.show(talk)
    assert there.cards == []
    around.team.tokens[TOKEN] = AGENT
    here.server.agent_says(GROUP, WANG, f"/desk {TOKEN}")
    assert await here.take() == [True]
    await there.show(talk)
    assert len(there.server.topics) == 1
    here.server.agent_says(GROUP, WANG, "在吗", thread=there.topic)
    assert await there.take() == [True]
    assert isinstance(around.inbox.events[0].body, AgentChose)


async def test_of_two_private_chats_at_once_one_becomes_the_desk(desks: list[Desk], around: Around) -> None:
    around.state(ACCOUNT).rows.pop("desk")
    around.team.members["telegram", "9003"] = AGENT
    server = desks[0].server
    starts = [server.agent_says(user, user, f"/start {TOKEN}") for user in (WANG, 9003)]
    server.pending.clear()
    await asyncio.gather(*(desk.board.on_update(desk.update(raw)) for desk, raw in zip(desks, starts, strict=True)))
    for desk in desks:
        await desk.board.idle()
    told = [*server.sent(WANG), *server.sent(9003)]
    assert len([text for text in told if "会出现在这里" in text]) == 1
    assert len([text for text in told if "工作群" in text]) == 1


async def test_a_group_that_moved_is_followed_by_both_and_another_choice_stays(
    desks: list[Desk], around: Around
) -> None:
    rows = around.state(ACCOUNT).rows
    rows |= {"desk": "-4001", "desk-forum:-4001": "0"}
    server = desks[0].server
    moved = "Bad Request: group chat was upgraded to a supergroup chat"
    server.fail("sendMessage", 400, moved, migrate_to=GROUP, times=2)
    talks = [Talk(id=number) for number in (31, 32)]
    for talk in talks:
        talk.buyer()
    shows = [desk.show(talk) for desk, talk in zip(desks, talks, strict=True)]
    found = await asyncio.gather(*shows, return_exceptions=True)
    assert [str(error) for error in found if isinstance(error, TryLater)] == ["moved", "moved"]
    assert rows["desk"] == str(GROUP)
    for desk, talk in zip(desks, talks, strict=True):
        await desk.show(talk)
    assert len(server.topics) == 2

    rows["desk"] = "-4001"
    here, there = (desk.board._place for desk in desks)
    await asyncio.gather(here.move(-4001, GROUP), there.settle(-77))
    assert await here.chat() == -77
    await here.move(-4001, GROUP)
    assert await there.chat() == -77


async def test_a_desk_that_shut_one_out_is_no_problem_for_ever(desks: list[Desk]) -> None:
    here, there = desks
    talk = Talk()
    talk.buyer()
    here.server.fail("createForumTopic", 403, "Forbidden: bot was kicked from the supergroup chat")
    with pytest.raises(TryLater):
        await here.show(talk)
    assert "desk" in here.board.problems()
    assert there.board.problems() == {}
    await there.show(talk)
    here.board._troubles._clock = lambda: 1e12  # so much later the other one has shown everything since
    assert here.board.problems() == {}


# ---- who is told -----------------------------------------------------------------------------------------------------


async def test_what_a_killed_process_left_unsaid_is_said_by_another_once(
    desks: list[Desk], around: Around, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.telegram.desk.board._LEFT_EVERY", 0.001)
    here, there = desks
    talk = Talk()
    talk.buyer()
    await here.show(talk)
    before = len(here.cards)
    typed = here.server.agent_says(GROUP, WANG, "/what", thread=here.topic)
    here.server.pending.clear()
    assert await here.board.on_update(here.update(typed))
    await here.board.stop()  # killed before the hint has left
    await there.board.idle()
    assert len(there.cards) == before
    async with receiving(there.board):
        await asyncio.sleep(0.01)
        assert len(there.cards) == before, "it may still be said where it was typed"
        around.time += LEFT * 2
        await there.server.called("sendMessage", before + 1)
        while any(key.startswith("desk-hint:") for key in around.state(ACCOUNT).rows):
            await asyncio.sleep(0)
        await asyncio.sleep(0.01)
    assert len(there.cards) == before + 1
    hint = there.server.of("sendMessage")[-1].params
    assert hint["reply_parameters"]["message_id"] == typed["message"]["message_id"]
    assert hint["message_thread_id"] == there.topic


async def test_a_hint_that_could_not_be_said_is_said_later_and_one_that_never_can_is_dropped(
    desks: list[Desk], around: Around
) -> None:
    here, there = desks
    rows = around.state(ACCOUNT).rows

    def unsaid() -> list[str]:
        return [key for key in rows if key.startswith("desk-hint:")]

    here.server.agent_says(GROUP, 9999, "我是谁")  # a stranger is told once how to become known
    here.server.fail("sendMessage", 500)
    assert await here.take() == [True]
    assert len(unsaid()) == 1
    around.time += LEFT * 2
    await there.board._hints.say_left()
    await there.board.idle()
    assert unsaid() == []
    assert len(there.cards) == 1
    here.server.agent_says(GROUP, 9999, "有人吗")
    await there.take()
    assert len(there.cards) == 1

    for failure in ((400, "Bad Request: message thread not found"), (500, "")):
        here.server.agent_says(GROUP, WANG, "/what")
        here.server.fail("sendMessage", *failure)
        await here.take()
    assert len(unsaid()) == 1
    around.time += LATE * 2
    await there.board._hints.say_left()
    await there.board.idle()
    assert unsaid() == []
    assert len(there.cards) == 1


# ---- both ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def make_channel(make_settings: MakeSettings, around: Around) -> MakeChannel:
    def make(**more: Any) -> Telegram:
        made = CHANNELS["telegram"].make(make_settings(**more), SHOP, around.surroundings)
        assert isinstance(made, Telegram)
        return made

    return make


@asynccontextmanager
async def running(*channels: Telegram) -> AsyncIterator[None]:
    """Started, each in a process of its own; none receives."""
    async with AsyncExitStack() as stack:
        for channel in channels:
            await channel.start()
            stack.push_async_callback(channel.stop)
        yield


@asynccontextmanager
async def sessions(*bots: Bot) -> AsyncIterator[None]:
    for bot in bots:
        await bot.api.start()
    yield
    for bot in bots:
        await bot.api.stop()
