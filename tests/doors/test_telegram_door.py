"""The main job through Telegram, over the whole product: buyers in private chats, the team in a group, kills."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from tests.doors.conftest import GROUP, LATE, WANG, OpenShop, answer_first, button, cards
from tests.doors.product import Product, eventually
from tests.servers.telegram import TOKEN, TelegramServer


@pytest.fixture
async def shop(open_shop: OpenShop) -> AsyncIterator[Product]:
    async with open_shop() as running:
        yield running


async def test_a_buyer_is_answered_from_the_group(telegram: TelegramServer, shop: Product) -> None:
    telegram.buyer_says(7001, LATE)
    (card,) = await eventually(lambda: cards(telegram))
    assert "包裹" in card["text"]
    assert LATE in card["text"]
    assert "25" in card["text"]
    telegram.agent_presses(GROUP, WANG, card["message_id"], button(card, "1"))
    await eventually(lambda: telegram.sent(7001))

    (answer,) = telegram.sent(7001)
    ((talk,),) = [await shop.conversations()]
    incoming, outgoing = talk["lines"]
    assert (incoming["text"], outgoing["text"]) == (LATE, answer)
    assert outgoing["author"] == "小王"
    assert TOKEN not in shop.log


async def test_what_is_typed_in_the_topic_leaves_in_the_buyers_language(
    telegram: TelegramServer, shop: Product
) -> None:
    telegram.buyer_says(7001, LATE)
    (card,) = await eventually(lambda: cards(telegram))
    telegram.agent_says(GROUP, WANG, "包裹已经寄出。", thread=card["message_thread_id"])
    await eventually(lambda: telegram.sent(7001))
    (answer,) = telegram.sent(7001)
    assert answer != "包裹已经寄出。"
    assert not any("\u4e00" <= character <= "\u9fff" for character in answer)


async def test_nothing_is_lost_or_doubled_when_it_is_killed_again_and_again(
    telegram: TelegramServer, shop: Product
) -> None:
    said: list[str] = []
    for round_ in range(4):
        for number in range(5):
            said.append(f"{LATE} #{round_}-{number}")
            telegram.buyer_says(7001 + number, said[-1])
        if round_ % 2:
            await eventually(lambda: len(cards(telegram)) > 0)
        await shop.kill()
        telegram.buyer_says(7001, f"{LATE} mientras tanto {round_}")
        said.append(f"{LATE} mientras tanto {round_}")
        await shop.start()
    await telegram.confirmed()

    def shown() -> bool:
        texts = json.dumps([card["text"] for card in cards(telegram)], ensure_ascii=False)
        return all(f"#3-{number}" in texts for number in range(5)) and "mientras tanto 3" in texts

    await eventually(shown, seconds=90)
    await answer_first(telegram)
    await eventually(lambda: all(telegram.sent(7001 + number) for number in range(5)))

    talks = await shop.conversations()
    stored = [line["text"] for talk in talks for line in talk["lines"] if line["direction"] == "incoming"]
    assert sorted(stored) == sorted(said)
    for talk in talks:
        lines = [line["text"] for line in talk["lines"] if line["direction"] == "incoming"]
        assert lines == [text for text in said if text in lines]
    assert all(len(telegram.sent(7001 + number)) == 1 for number in range(5))


async def test_strangers_cannot_press(telegram: TelegramServer, shop: Product) -> None:
    telegram.buyer_says(7001, LATE)
    (card,) = await eventually(lambda: cards(telegram))
    telegram.agent_presses(GROUP, 6666, card["message_id"], button(card, "1"), name="stranger")
    await telegram.called("answerCallbackQuery")
    await telegram.confirmed()
    assert telegram.sent(7001) == []
    (talk,) = await shop.conversations()
    assert len(talk["lines"]) == 1
