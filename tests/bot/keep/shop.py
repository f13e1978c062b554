"""A shop with something in every table, made by the product itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from sqlalchemy import Connection, select

from bot.agents import StoredAgents
from bot.store import Store, showings, spending
from bot.store.blobs import StoredBlobs
from bot.store.memory import StoredMemory
from bot.store.schema import metadata
from bot.store.states import StoredState
from dialogs.events import (
    AgentApproved,
    AgentNoted,
    AgentRetried,
    BuyerDeleted,
    BuyerEdited,
    BuyerStarted,
    BuyerWrote,
    Receipt,
    SellerWrote,
)
from dialogs.messages import Capabilities, Case, DeliveryState, Media
from dialogs.ports import MemoryKey
from dialogs.promises import Money, Plan, PlanState
from tests.bot.house import ACCOUNT, House

EMPTY = {"leases"}  # what one process does alone is nothing to keep
TEXTS = ("hola", "¿Dónde está?", "где посылка 📦", "شكرا", "一二三\n四", "' \"; -- \\ \t", "")


async def live(store: Store, texts: Iterable[str] = TEXTS) -> House:
    """A day in the shop; nobody works any more when this returns."""
    house = House(store)
    house.channel.capabilities = Capabilities(text_limit=40)
    house.channel.files["there"] = (b"\x00\xff picture", "image/png")
    await house.start()
    for number, text in enumerate(texts):
        await house.buyer(text, chat=f"buyer-{number % 3}", external_id=f"m{number}")
    known = replace(house.event_of("angry", chat="ana", external_id="first"), contact_aliases=(("phone", "+34 600"),))
    first = (await house.inbox.accept(known)).conversation_id
    await house.settle()
    await house.choose(first, "好的，这就发出。" * 8)  # leaves in parts
    await house.channel_tells(Receipt(of=f"out-{len(house.channel.sent)}", state=DeliveryState.READ))
    await house.channel_tells(BuyerEdited(of="first", text="angry indeed"))
    await house.channel_tells(BuyerWrote(text="and?", reply_to="first"))
    await house.channel_tells(BuyerDeleted(of="first"))
    await house.channel_tells(SellerWrote(text="from the phone", media=(Media(kind="photo", remote="there"),)))
    await house.team(AgentNoted(agent="小王", text="记一笔"), first)
    held = (await house.choose(first, "批准吗")).message_id
    await house.team(AgentApproved(agent="店主", message_id=held, approved=True), first)
    await house.choose(first, "留着")
    await house.choose(first, "空")
    await _album(house)
    await _troubles(house, first)
    await _beside(house, first)
    await house.engine.stop()
    return house


async def _album(house: House) -> None:
    for number, remote in enumerate(("there", "gone", "there")):
        media = (Media(kind="photo", remote=remote),)
        body = BuyerWrote(text="see" if number == 1 else "", media=media, album="a1")
        await house.inbox.accept(house.event(body, chat="ana", external_id=f"part{number}"))
    await house.later(seconds=2)
    await house.settle()


async def _troubles(house: House, conversation_id: int) -> None:
    """A turn that was parked and retried, one that stays parked, and deliveries that failed."""
    house.manager.failures.extend([RuntimeError("bad day")] * 3)
    accepted = await house.inbox.accept(house.choice_of(conversation_id, "再试"))
    for _ in range(3):
        await house.later(seconds=10)
    await house.team(AgentRetried(agent="小王", event_id=accepted.event_id), conversation_id)
    house.manager.failures.extend([RuntimeError("bad day")] * 3)
    await house.inbox.accept(house.event_of("parked", chat="bad"))
    for _ in range(3):
        await house.later(seconds=10)
    house.channel.failures.append(RuntimeError("who knows"))
    await house.choose(conversation_id, "也许到了")
    await house.channel_tells(BuyerStarted(greeting="hola", greeting_chinese="您好"), chat="new")


async def _beside(house: House, conversation_id: int) -> None:
    """What is stored beside the conversations."""
    store, clock = house.store, house.clock
    agents = StoredAgents(store, clock)
    await agents.add("店主", role="lead")
    await agents.alias("店主", "slack", "U0123ABC")
    await agents.by_link(await agents.link("店主"))
    await agents.link("店主")
    await agents.add("gone")
    await agents.remove("gone")
    agents.close()
    await StoredBlobs(store, clock).put(b"unused" * 50_000, mime="application/pdf")
    key = MemoryKey(text="hola", source="es", target="zh", engine="fake", glossary="", shop="shop")
    await StoredMemory(store, clock).put(key, "你好")
    state = StoredState(store, ACCOUNT)
    await state.change({"offset": "17", "a": "1", "B": "2", "é": "3"})
    promise = Plan(
        id=1,
        remedy="partial_refund",
        amount=Money(Decimal("5.50"), "USD"),
        state=PlanState.OFFERED,
        agent="小王",
        at=clock.now(),
        due=clock.now(),
    )
    await store.write(lambda conn: spending.save(conn, "shop", Case(), Case(plans=(promise,))))
    await store.write(lambda conn: showings.want(conn, ["slack"], conversation_id, now=clock.now()))


async def rows_in(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Everything, as it is understood."""

    def read(conn: Connection) -> dict[str, list[tuple[object, ...]]]:
        return {
            table.name: sorted((tuple(row) for row in conn.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
        }

    return await store.read(read)


async def all_in(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Everything in the database of that address."""
    store = await Store.open(url, alone=False)
    try:
        return await rows_in(store)
    finally:
        await store.close()
