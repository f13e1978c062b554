"""Connected business accounts: who wrote what, by which connection."""

from __future__ import annotations

from collections.abc import Callable

from adapters.counts import counted
from dialogs.events import BuyerDeleted, BuyerEdited, BuyerWrote, SellerWrote
from tests.adapters.around import Around
from tests.adapters.telegram.conftest import ACCOUNT, Bot, fixture
from tests.servers.telegram import TelegramServer

MakeBot = Callable[..., Bot]


async def test_a_whole_talk_on_the_owners_phone(server: TelegramServer, make_bot: MakeBot, around: Around) -> None:
    server.connect("BC-1", 5005)
    for name in (
        "business_text",
        "business_from_owner",
        "business_echo",
        "business_edited",
        "business_owner_edited",
        "business_deleted",
    ):
        raw = fixture(name)
        raw.pop("update_id")
        server.push(**raw)
    async with make_bot().running():
        await server.confirmed()
    assert [type(event.body) for event in around.inbox.events] == [
        BuyerWrote,
        SellerWrote,
        BuyerEdited,
        BuyerDeleted,
        BuyerDeleted,
    ]
    assert {event.chat for event in around.inbox.events} == {"business:5005:7001"}
    assert server.of("getBusinessConnection") == []  # it was told before


async def test_a_connection_told_before_the_account_was_set_up_is_asked_for_once(
    server: TelegramServer, make_bot: MakeBot, around: Around
) -> None:
    server.connect("BC-1", 5005)
    server.pending.clear()
    raw = fixture("business_text")["business_message"]
    server.fail("getBusinessConnection", 500)  # and Telegram fails at first
    async with make_bot().running():
        for number in (1, 2, 3):
            server.push(business_message={**raw, "message_id": number})
        await server.confirmed()
    assert [event.external_id for event in around.inbox.events] == [f"business:5005:7001:{n}" for n in (1, 2, 3)]
    assert len(server.of("getBusinessConnection")) == 2


async def test_a_connection_nobody_knows_is_counted(server: TelegramServer, make_bot: MakeBot, around: Around) -> None:
    before = counted(ACCOUNT, "unknown_connection")
    server.push(business_message=fixture("business_text")["business_message"])
    async with make_bot().running():
        await server.confirmed()
    assert around.inbox.events == []
    assert counted(ACCOUNT, "unknown_connection") == before + 1


async def test_two_owners_who_talk_with_the_same_buyer_have_two_conversations(
    server: TelegramServer, make_bot: MakeBot, around: Around
) -> None:
    raw = fixture("business_text")["business_message"]
    for connection, owner in (("BC-1", 5005), ("BC-2", 5006)):
        server.connect(connection, owner)
        server.push(business_message={**raw, "business_connection_id": connection})
    async with make_bot().running():
        await server.confirmed()
    assert {event.chat for event in around.inbox.events} == {"business:5005:7001", "business:5006:7001"}
