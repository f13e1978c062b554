"""What platforms bring beyond plain messages: albums, echoes, deletions, parts, windows, templates, new names."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.ports import Outgoing
from bot.store import Store, messages
from dialogs.errors import Ambiguous, Malformed, Refused, TryLater
from dialogs.events import (
    AgentDecided,
    AgentSentTemplate,
    BuyerDeleted,
    BuyerStarted,
    BuyerWrote,
    SellerWrote,
)
from dialogs.messages import Capabilities, Direction, Media, TemplateUse
from tests.bot.house import ACCOUNT, House
from tests.fakes import RecordingChannel


def _photo(remote: str) -> Media:
    return Media(kind="photo", mime="image/jpeg", size=3, remote=remote)


async def _with(store: Store, **capabilities: object) -> House:
    channel = RecordingChannel()
    channel.capabilities = replace(channel.capabilities, **capabilities)
    house = House(store, channel=channel)
    await house.start()
    return house


async def _album(house: House, name: str, *, text: str = "", album: str = "a1") -> None:
    body = BuyerWrote(text=text, media=(_photo(name),), album=album)
    await house.inbox.accept(house.event(body, chat="ana", external_id=name))


# ---- albums and attachments ------------------------------------------------------------------------------------------


async def test_an_album_is_read_as_one_message(house: House) -> None:
    house.channel.files = {name: (name.encode(), "image/jpeg") for name in ("p1", "p2", "p3")}
    await _album(house, "p1")
    await _album(house, "p2", text="Mira")
    await _album(house, "p2", text="Mira")
    await _album(house, "p3")
    await house.settle()
    assert house.manager.seen == []
    await house.later(seconds=2)

    view = await house.view(1)
    (line,) = view.lines
    assert line.message.text == "Mira"
    assert [media.name or media.remote for media in line.message.media] == ["p1", "p2", "p3"]
    assert all(media.ref for media in line.message.media)
    assert len(house.manager.seen) == 1
    assert view.row.unread == 1


async def test_a_part_that_comes_after_the_album_was_read_is_a_message_of_its_own(house: House) -> None:
    await _album(house, "p1")
    await house.later(seconds=2)
    await _album(house, "p2")
    await house.later(seconds=2)

    assert [len(line.message.media) for line in (await house.view(1)).lines] == [1, 1]


async def test_what_a_buyer_attached_is_fetched_and_what_is_gone_says_so(house: House) -> None:
    house.channel.files = {"here": (b"jpeg", "image/jpeg")}
    body = BuyerWrote(text="", media=(_photo("here"), _photo("lost")))
    await house.channel_tells(body)

    here, lost = (await house.view(1)).lines[0].message.media
    assert here.ref
    assert here.error == ""
    assert (lost.ref, lost.error) == ("", "gone")


# ---- the seller's own phone ------------------------------------------------------------------------------------------


async def test_what_the_seller_types_on_the_phone_closes_the_proposals(house: House) -> None:
    accepted = await house.buyer("¿dónde está?")
    assert (await house.view(accepted.conversation_id)).proposals
    await house.channel_tells(SellerWrote(text="Ya va"))

    view = await house.view(accepted.conversation_id)
    assert view.proposals == ()
    assert view.row.waiting_since is None
    assert view.lines[-1].message.direction is Direction.OUTGOING
    assert (view.lines[-1].message.text, view.lines[-1].delivery) == ("Ya va", "sent")
    assert house.channel.sent == []


async def test_what_the_seller_attached_on_the_phone_is_fetched(house: House) -> None:
    house.channel.files = {"p": (b"jpeg", "image/jpeg")}
    accepted = await house.buyer("hola")
    await house.channel_tells(SellerWrote(text="", media=(_photo("p"),)))
    (media,) = (await house.view(accepted.conversation_id)).lines[-1].message.media
    assert media.ref


async def test_the_platforms_echo_of_what_was_sent_is_no_new_message(house: House) -> None:
    accepted = await house.buyer("hola")
    await house.choose(accepted.conversation_id, "您好")
    await house.inbox.accept(house.event(SellerWrote(text="ES:您好"), chat="ana", external_id="out-1"))
    await house.settle()

    assert len((await house.view(accepted.conversation_id)).lines) == 2


class SlowChannel(RecordingChannel):
    """Answers only when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.answered = asyncio.Event(), asyncio.Event()

    async def send(self, outgoing: Outgoing) -> str:
        self.asked.set()
        await self.answered.wait()
        return await super().send(outgoing)


async def test_an_echo_that_overtakes_the_answer_of_the_call_waits_for_it(store: Store) -> None:
    house = House(store, channel=SlowChannel())
    await house.start()
    accepted = await house.buyer("hola")
    await house.inbox.accept(house.choice_of(accepted.conversation_id, "您好"))
    await house.channel.asked.wait()
    echo = await house.inbox.accept(house.event(SellerWrote(text="ES:您好"), chat="ana", external_id="out-1"))
    house.channel.answered.set()
    await house.settle()
    await house.later(seconds=3)

    assert (await house.inbox.outcome(echo.event_id)).done
    assert len((await house.view(accepted.conversation_id)).lines) == 2


async def test_an_echo_tells_that_an_ambiguous_message_has_left(house: House) -> None:
    house.channel.failures.append(Ambiguous("timeout"))
    accepted = await house.buyer("hola")
    await house.choose(accepted.conversation_id, "您好")
    assert (await house.view(accepted.conversation_id)).lines[-1].delivery == "ambiguous"
    await house.inbox.accept(house.event(SellerWrote(text="ES:您好"), chat="ana", external_id="x9"))
    await house.settle()

    view = await house.view(accepted.conversation_id)
    assert len(view.lines) == 2
    assert view.lines[-1].delivery == "sent"


# ---- replied to, deleted, started ------------------------------------------------------------------------------------


async def test_what_a_buyer_replies_to_is_shown_in_chinese_where_we_wrote_it(house: House) -> None:
    accepted = await house.buyer("hola", external_id="m1")
    await house.choose(accepted.conversation_id, "您好")
    for number, answered in enumerate(("out-1", "m1", "unknown", None)):
        body = BuyerWrote(text=f"sí {number}", reply_to=answered)
        await house.channel_tells(body)

    view = await house.view(accepted.conversation_id)
    assert [line.answers for line in view.lines] == [None, None, "您好", "hola", None, None]


async def test_a_deleted_message_is_marked_and_its_words_stay(house: House) -> None:
    accepted = await house.buyer("¡Estafadores!", external_id="m1")
    await house.channel_tells(BuyerDeleted(of="m1"))

    message = (await house.view(accepted.conversation_id)).lines[0].message
    assert message.text == "¡Estafadores!"
    assert message.deleted_at == house.clock.now()


async def test_a_deletion_in_an_unknown_chat_makes_no_conversation(house: House) -> None:
    with pytest.raises(Malformed, match="of"):
        await house.inbox.accept(house.event(BuyerDeleted(of="m1"), chat="nobody"))
    assert await house.chats.conversation_of(ACCOUNT, "nobody") is None


async def test_who_opens_the_chat_is_greeted(house: House) -> None:
    await house.channel_tells(BuyerStarted(language="es", greeting="¡Hola!", greeting_chinese="您好！"))
    assert house.channel.texts == ["¡Hola!"]
    (line,) = (await house.view(1)).lines
    assert (line.message.author, line.message.seller_text) == ("自动问候", "您好！")


# ---- parts, buttons, attachments on their way out --------------------------------------------------------------------


async def test_a_long_text_leaves_in_parts_and_a_failed_part_is_sent_again_alone(store: Store) -> None:
    house = await _with(store, text_limit=12)
    accepted = await house.buyer("hola")
    house.channel.failures.extend([None, Refused("busy_line")])
    await house.choose(accepted.conversation_id, "一二三四\n\n五六七八 九十")
    assert house.channel.texts == ["ES:一二三四"]
    view = await house.view(accepted.conversation_id)
    assert view.lines[-1].delivery == "failed"

    retry = AgentDecided(agent="小王", message_id=view.lines[-1].message.id, decision="retry")
    await house.team(retry, accepted.conversation_id)
    assert house.channel.texts == ["ES:一二三四", "五六七八 九十"]
    assert len({outgoing.key for outgoing in house.channel.sent}) == 2
    assert (await house.view(accepted.conversation_id)).lines[-1].delivery == "sent"


async def test_the_echo_of_an_earlier_part_is_known_too(store: Store) -> None:
    house = await _with(store, text_limit=12)
    accepted = await house.buyer("hola")
    await house.choose(accepted.conversation_id, "一二三四\n\n五六七八 九十")
    for number, text in enumerate(house.channel.texts, 1):
        await house.inbox.accept(house.event(SellerWrote(text=text), chat="ana", external_id=f"out-{number}"))
    await house.settle()

    assert len(house.channel.texts) == 2
    assert len((await house.view(accepted.conversation_id)).lines) == 2


async def test_options_become_buttons_where_there_are_any(store: Store) -> None:
    house = await _with(store, buttons=3)
    accepted = await house.buyer("hola")
    await house.choose(accepted.conversation_id, "选一个：\n▸ 退款\n▸ 重发")

    (sent,) = house.channel.sent
    assert sent.text == "ES:选一个："
    assert sent.buttons == ("退款", "重发")


async def test_attachments_leave_behind_the_text_one_by_one(store: Store) -> None:
    house = await _with(store, media={"photo": 100})
    accepted = await house.buyer("hola")
    photos = (Media(kind="photo", ref="r1", size=5), Media(kind="photo", ref="r2", size=5))
    await house.choose(accepted.conversation_id, "请看", media=photos)

    assert [(outgoing.text, outgoing.media) for outgoing in house.channel.sent] == [
        ("ES:请看", None),
        ("", photos[0]),
        ("", photos[1]),
    ]
    assert (await house.view(accepted.conversation_id)).lines[-1].message.media == photos


# ---- windows and templates -------------------------------------------------------------------------------------------


async def test_the_window_is_counted_from_the_buyers_last_word(store: Store) -> None:
    house = await _with(store, window_hours=24)
    accepted = await house.buyer("hola")
    view = await house.view(accepted.conversation_id)
    assert view.window_open
    assert view.window_until == house.clock.now() + timedelta(hours=24)
    await house.later(hours=25)
    assert not (await house.view(accepted.conversation_id)).window_open


async def test_what_waited_until_the_window_closed_does_not_leave(store: Store) -> None:
    house = await _with(store, window_hours=24)
    accepted = await house.buyer("hola")
    house.channel.failures.append(TryLater("down", after=25 * 3600))
    await house.choose(accepted.conversation_id, "您好")
    await house.later(hours=26)

    line = (await house.view(accepted.conversation_id)).lines[-1]
    assert (line.delivery, line.delivery_error) == ("failed", "window_closed")
    assert house.channel.sent == []


async def test_a_template_leaves_whatever_the_window_says(store: Store) -> None:
    house = await _with(store, window_hours=24, templates=True)
    accepted = await house.buyer("hola")
    await house.later(hours=30)
    template = TemplateUse(name="order_update", language="es", values=("A1",), text="Su pedido A1")
    await house.team(AgentSentTemplate(agent="小王", template=template), accepted.conversation_id)

    (sent,) = house.channel.sent
    assert sent.template == template
    assert (await house.view(accepted.conversation_id)).lines[-1].delivery == "sent"


# ---- who it is -------------------------------------------------------------------------------------------------------


async def test_a_buyer_whom_the_platform_calls_otherwise_now_goes_on_in_the_same_conversation(store: Store) -> None:
    house = await _with(store, one_chat=True)
    first = house.event(BuyerWrote(text="hola"), chat="34600")
    first = replace(first, contact_aliases=(("phone", "34600"), ("bsuid", "ES.7")))
    second = house.event(BuyerWrote(text="¿hola?"), chat="ES.7")
    second = replace(second, contact_aliases=(("bsuid", "ES.7"),))
    one, two = await house.inbox.accept(first), await house.inbox.accept(second)
    await house.settle()
    assert one.conversation_id == two.conversation_id

    await house.choose(one.conversation_id, "您好")
    assert [outgoing.chat for outgoing in house.channel.sent] == ["ES.7"]


@pytest.mark.parametrize(
    "somebody_else",
    [
        (("username", "ana"), ("bsuid", "ES.9")),  # the name was given up and taken
        (("phone", "34600"), ("bsuid", "ES.9")),  # the number was given to somebody else
    ],
)
async def test_a_name_or_number_that_changed_hands_is_somebody_else(
    store: Store, somebody_else: tuple[tuple[str, str], ...]
) -> None:
    house = await _with(store, one_chat=True)
    ana = house.event(BuyerWrote(text="hola"), chat="ES.7")
    ana = replace(ana, contact_aliases=(("phone", "34600"), ("bsuid", "ES.7"), ("username", "ana")))
    other = replace(house.event(BuyerWrote(text="¿hola?"), chat="ES.9"), contact_aliases=somebody_else)
    one, two = await house.inbox.accept(ana), await house.inbox.accept(other)
    assert one.conversation_id != two.conversation_id


async def test_two_chats_of_one_person_stay_two_where_the_platform_has_them(house: House) -> None:
    ids = set()
    for chat in ("bot", "business"):
        event = house.event(BuyerWrote(text="hola"), chat=chat)
        ids.add((await house.inbox.accept(replace(event, contact_aliases=(("user", "7"),)))).conversation_id)
    assert len(ids) == 2


async def test_capabilities_are_those_of_the_chat(store: Store) -> None:
    channel = RecordingChannel()
    channel.capabilities_in = lambda chat: Capabilities(window_hours=24 if chat == "ana" else None)
    house = House(store, channel=channel)
    await house.start()
    ana, bob = await house.buyer("hola", chat="ana"), await house.buyer("hola", chat="bob")
    assert (await house.view(ana.conversation_id)).window_until is not None
    assert (await house.view(bob.conversation_id)).window_until is None


async def test_an_edit_opens_no_window(store: Store) -> None:
    house = await _with(store, window_hours=24)
    accepted = await house.buyer("hola", external_id="m1")
    said = await store.read(lambda conn: messages.latest_buyer_word(conn, accepted.conversation_id))
    assert said == house.clock.now()
