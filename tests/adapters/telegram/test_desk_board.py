"""The desk over the loopback Bot API: topics and cards as the team sees them, whatever happens to them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from adapters.telegram.desk.board import TelegramDesk
from adapters.telegram.settings import TelegramSettings
from dialogs.errors import Ambiguous, Refused, TryLater
from dialogs.messages import DeliveryState, Media, Mood, RefusalCode
from tests.adapters.around import SHOP, Around
from tests.adapters.telegram.conftest import ACCOUNT
from tests.adapters.telegram.desk_rig import GROUP, NAME, WANG, Desk, buttons, connected
from tests.adapters.telegram.desk_views import Talk
from tests.servers.telegram import TelegramServer


@pytest.fixture
async def desk(
    around: Around, server: TelegramServer, make_settings: Callable[..., TelegramSettings]
) -> AsyncIterator[Desk]:
    async with connected(around, server, make_settings()) as made:
        yield made


async def test_a_new_buyer_gets_a_topic_and_a_card(desk: Desk) -> None:
    talk = Talk()
    talk.buyer()
    await desk.show(talk)
    assert desk.server.topics[GROUP, desk.topic]["name"] == "😟 Ana García"
    (card,) = desk.cards
    assert card["message_thread_id"] == desk.topic
    assert list(buttons(card)) == ["1", "2", "3", "回译", "语言", "升级", "解决"]
    (call,) = desk.server.of("sendMessage")
    assert call.params["parse_mode"] == "HTML"
    assert call.params["link_preview_options"] == {"is_disabled": True}


async def test_nothing_is_shown_while_no_chat_is_connected(desk: Desk) -> None:
    desk.around.state(ACCOUNT).rows.clear()
    talk = Talk()
    talk.buyer()
    await desk.show(talk)
    assert [call.method for call in desk.server.calls if call.method != "getMe"] == []


async def test_showing_the_same_again_calls_nothing_even_after_a_restart(desk: Desk) -> None:
    talk = Talk()
    talk.buyer()
    await desk.show(talk)
    calls = len(desk.server.calls)
    desk.around.advance(minutes=3)
    await desk.show(talk)
    assert len(desk.server.calls) == calls
    await desk.restart()
    calls += 1  # who the bot is
    await desk.show(talk)
    assert len(desk.server.calls) == calls


async def test_an_answer_edits_the_card_and_every_step_of_its_delivery(desk: Desk) -> None:
    talk = Talk()
    talk.buyer()
    await desk.show(talk)
    talk.seller(state=DeliveryState.QUEUED)
    for state, words in [
        (DeliveryState.QUEUED, "发送中"),
        (DeliveryState.SENT, "已发送"),
        (DeliveryState.READ, "已读"),
    ]:
        talk.change(2, delivery=state)
        await desk.show(talk)
        assert words in desk.texts[0]
    assert len(desk.cards) == 1
    assert len(desk.server.of("editMessageText")) == 3
    assert list(buttons(desk.cards[0])) == ["语言", "升级", "解决"]


async def test_the_next_turn_is_a_new_card_and_the_old_one_loses_its_buttons(desk: Desk) -> None:
    talk = Talk()
    talk.buyer()
    await desk.show(talk)
    talk.buyer("¿Hola?", "在吗？", mood=Mood.ANGRY)
    await desk.show(talk)
    old, new = desk.cards
    assert buttons(old) == {}
    assert "①" not in old["text"]
    assert "在吗？" in new["text"]
    assert buttons(new)["1"].split(":")[0] == "12"
    assert desk.server.topics[GROUP, desk.topic]["name"] == "😠 Ana García"


async def test_messages_that_came_together_are_one_card(desk: Desk) -> None:
    talk = Talk()
    talk.buyer("uno", "一")
    talk.buyer("dos", "二")
    await desk.show(talk)
    assert len(desk.cards) == 1
    assert "<b>一</b>\n<blockquote expandable>uno</blockquote>\n<b>二</b>\n" in desk.texts[0]


async def test_a_turn_that_was_read_again_gets_other_buttons(desk: Desk) -> None:
    talk = Talk()
    talk.buyer()
    await desk.show(talk)
    before = buttons(desk.cards[0])["1"]
    talk.read(1, "您好，我的包裹没有到。", again=50)
    await desk.show(talk)
    after = buttons(desk.cards[0])["1"]
    assert after != before
    state = desk.around.state(ACCOUNT).rows
    assert f"card:{before.split(':')[1]}" not in state
    assert f"card:{after.split(':')[1]}" in state
    assert len(desk.cards) == 1


async def test_what_the_buyer_takes_back_or_changes_is_seen_on_old_cards_too(desk: Desk) -> None:
    talk = Talk()
    talk.buyer()
    await desk.show(talk)
    talk.buyer("otra", "另一条", edits=501)
    talk.change(1, replaced=True)
    await desk.show(talk)
    assert "买家后来修改了这条" in desk.texts[0]
    assert "买家修改为" in desk.texts[1]


async def test_photos_follow_their_card_once_their_bytes_are_there(desk: Desk) -> None:
    talk = Talk()
    photo = Media(kind="photo", name="caja.jpg", remote="AgAC")
    line = talk.buyer(media=(photo,))
    await desk.show(talk)
    assert desk.server.of("sendPhoto") == []
    ref = await desk.around.blobs.put(b"\xff\xd8bytes", mime="image/jpeg")
    talk.change(1, message=replace(line.message, media=(replace(photo, ref=ref),)))
    await desk.show(talk)
    await desk.show(talk)
    (call,) = desk.server.of("sendPhoto")
    assert int(call.params["message_thread_id"]) == desk.topic
    assert call.params["reply_parameters"]["message_id"] == desk.cards[0]["message_id"]
    assert list(call.files.values()) == [("caja.jpg", b"\xff\xd8bytes")]


async def test_a_picture_telegram_takes_for_none_goes_as_a_file(desk: Desk) -> None:
    ref = await desk.around.blobs.put(b"bytes", mime="image/jpeg")
    desk.server.fail("sendPhoto", 400, "Bad Request: PHOTO_INVALID_DIMENSIONS")
    talk = Talk()
    talk.buyer(media=(Media(kind="photo", ref=ref),))
    await desk.show(talk)
    (call,) = desk.server.of("sendDocument")
    assert list(call.files.values()) == [("photo.jpg", b"bytes")]


async def test_what_failed_is_called_out_once_and_can_be_decided(desk: Desk) -> None:
    talk = Talk()
    talk.buyer()
    await desk.show(talk)
    talk.seller(state=DeliveryState.FAILED, error="unreachable")
    await desk.show(talk)
    await desk.show(talk)
    assert list(buttons(desk.cards[0]))[-2:] == ["重发", "取消发送"]
    reply = {"message_id": desk.cards[0]["message_id"], "allow_sending_without_reply": True}
    assert desk.server.of("sendMessage")[-1].params["reply_parameters"] == reply
    (call,) = desk.texts[1:]
    assert call == "\u2068小王\u2069 20:02 的回复：❌ 发送失败（联系不上买家）。请在上面的卡片上决定。"


async def test_a_failure_below_an_older_card_is_seen_too(desk: Desk) -> None:
    talk = Talk()
    talk.buyer()
    await desk.show(talk)
    talk.seller(state=DeliveryState.QUEUED)
    talk.buyer("¿Hola?", "在吗？")
    await desk.show(talk)
    talk.change(2, delivery=DeliveryState.FAILED)
    await desk.show(talk)
    assert list(buttons(desk.cards[0])) == ["重发", "取消发送"]
    assert "❌ 发送失败" in desk.texts[2]


async def test_a_refused_text_is_told_once(desk: Desk) -> None:
    talk = Talk()
    talk.buyer()
    talk.refuse(RefusalCode.EMPTY, "以前的")
    await desk.show(talk)
    talk.refuse(RefusalCode.NO_LANGUAGE, "请稍等")
    talk.refuse(RefusalCode.CLOSED, "您好，我马上帮您查。", proposal="65-1")
    await desk.show(talk)
    await desk.show(talk)
    (told,) = desk.texts[1:]
    assert "还不知道买家的语言" in told
    assert "请稍等" in told
    assert "自动识别" in buttons(desk.cards[1])


async def test_resolving_closes_the_topic_and_a_new_message_opens_it(desk: Desk) -> None:
    talk = Talk()
    talk.buyer()
    await desk.show(talk)
    talk.seller()
    talk.resolve()
    await desk.show(talk)
    assert desk.server.topics[GROUP, desk.topic]["closed"] is True
    assert "✅ 已解决" in desk.texts[0]
    talk.buyer("Otra vez", "又来了")
    await desk.show(talk)
    assert desk.server.topics[GROUP, desk.topic]["closed"] is False
    assert len(desk.cards) == 2


# ---- what people and Telegram do to it -------------------------------------------------------------------------------


async def test_a_deleted_topic_is_opened_again_with_the_newest_card(desk: Desk) -> None:
    talk = Talk()
    talk.buyer()
    await desk.show(talk)
    old = desk.topic
    desk.server.delete_topic(GROUP, old)
    for key in [key for key in desk.server.messages if key[0] == GROUP]:
        del desk.server.messages[key]
    talk.buyer("¿Hola?", "在吗？")
    await desk.show(talk)
    assert desk.topic != old
    assert any("在吗？" in text and "1" in buttons(card) for text, card in zip(desk.texts, desk.cards, strict=True))
    assert f"desk-topic:{GROUP}:{old}" not in desk.around.state(ACCOUNT).rows
    calls = len(desk.server.calls)
    await desk.show(talk)
    assert len(desk.server.calls) == calls


async def test_a_topic_deleted_under_an_open_card_brings_the_card_back(desk: Desk) -> None:
    talk = Talk()
    talk.buyer()
    await desk.show(talk)
    old = desk.topic
    desk.server.delete_topic(GROUP, old)
    desk.server.messages.clear()
    talk.read(1, "您好，我的包裹没有到。", again=50)
    await desk.show(talk)
    (card,) = desk.cards
    assert card["message_thread_id"] == desk.topic != old
    token = buttons(card)["1"].split(":")[1]
    rows = desk.around.state(ACCOUNT).rows
    assert [key for key in rows if key.startswith(("card:", "desk-at:"))] == [
        f"card:{token}",
        f"desk-at:{GROUP}:{card['message_id']}",
    ]


async def test_an_edit_that_was_made_already_is_fine(desk: Desk) -> None:
    talk = Talk()
    talk.buyer()
    await desk.show(talk)
    talk.seller()
    desk.server.fail("editMessageText", 400, "Bad Request: message is not modified: they are exactly the same")
    await desk.show(talk)
    await desk.show(talk)
    assert len(desk.server.of("editMessageText")) == 1
    assert len(desk.cards) == 1


async def test_another_group_gets_the_newest_card_again(desk: Desk) -> None:
    talk = Talk()
    talk.buyer()
    await desk.show(talk)
    other = -1002000000009
    desk.server.add_group(other)
    desk.around.state(ACCOUNT).rows["desk"] = str(other)
    await desk.restart()
    await desk.show(talk)
    assert len(desk.server.sent(other)) == 1
    assert len([chat for chat, _ in desk.server.topics if chat == other]) == 1


async def test_a_deleted_card_is_sent_again_while_the_buyer_waits_and_only_then(desk: Desk) -> None:
    talk = Talk()
    talk.buyer()
    await desk.show(talk)
    (card,) = desk.cards
    del desk.server.messages[GROUP, card["message_id"]]
    talk.read(1, "您好，我的包裹没有到。", again=50)
    await desk.show(talk)
    (again,) = desk.cards
    assert "我的包裹没有到" in again["text"]
    del desk.server.messages[GROUP, again["message_id"]]
    talk.seller()
    await desk.show(talk)
    await desk.show(talk)
    assert desk.cards == []


async def test_a_topic_somebody_closed_is_opened_for_the_card(desk: Desk) -> None:
    talk = Talk()
    talk.buyer()
    await desk.show(talk)
    desk.server.close_topic(GROUP, desk.topic)
    desk.server.fail("sendMessage", 400, "Bad Request: TOPIC_CLOSED")
    talk.buyer("¿Hola?", "在吗？")
    await desk.show(talk)
    assert desk.server.topics[GROUP, desk.topic]["closed"] is False
    assert "在吗？" in desk.texts[1]


@pytest.mark.parametrize("without", ["rights", "topics"])
async def test_without_topics_the_card_names_the_buyer_in_the_group(desk: Desk, without: str) -> None:
    if without == "rights":
        desk.server.add_group(GROUP, can_manage_topics=False)
    else:
        desk.server.add_group(GROUP, is_forum=False)
    talk = Talk()
    talk.buyer()
    await desk.show(talk)
    (card,) = desk.cards
    assert "message_thread_id" not in card
    assert "Ana García" in card["text"]
    talk.seller()
    await desk.show(talk)
    assert "已发送" in desk.texts[0]


async def test_what_cannot_be_parsed_arrives_as_plain_text(desk: Desk) -> None:
    desk.server.fail("sendMessage", 400, "Bad Request: can't parse entities: Unexpected end tag at byte offset 7")
    talk = Talk()
    talk.buyer("a < b & c", "中")
    await desk.show(talk)
    call = desk.server.of("sendMessage")[-1]
    assert "parse_mode" not in call.params
    assert "a < b & c" in desk.texts[0]
    assert "<b>" not in desk.texts[0]


async def test_a_link_that_is_no_button_does_not_cost_the_card(desk: Desk) -> None:
    around = replace(desk.around.surroundings, url="https://desk.example.com")
    desk.board = TelegramDesk(desk.settings, SHOP, around, desk.api)
    desk.server.fail("sendMessage", 400, "Bad Request: inline keyboard button URL is invalid")
    talk = Talk()
    talk.buyer()
    await desk.show(talk)
    (card,) = desk.cards
    assert "1" in buttons(card)
    assert "打开网页" not in buttons(card)


async def test_too_many_requests_are_tried_later_and_nothing_is_lost(desk: Desk) -> None:
    desk.server.fail("sendMessage", 429, "Too Many Requests: retry after 7", retry_after=7)
    talk = Talk()
    talk.buyer()
    with pytest.raises(TryLater) as error:
        await desk.show(talk)
    assert error.value.after == 7
    desk.clock.now += 8
    await desk.show(talk)
    assert len(desk.server.of("createForumTopic")) == 1
    assert len(desk.cards) == 1


@pytest.mark.parametrize(
    "method", ["createForumTopic", "sendMessage", "editMessageText", "sendPhoto", "closeForumTopic"]
)
async def test_a_call_that_broke_off_is_made_good_by_the_next_show(desk: Desk, method: str) -> None:
    ref = await desk.around.blobs.put(b"bytes", mime="image/jpeg")
    desk.server.fail(method, mode="close")
    talk = Talk()
    talk.buyer(media=(Media(kind="photo", ref=ref),))
    failures = 0
    for step in (None, talk.seller, talk.resolve):
        if step is not None:
            step()
        for _ in range(3):
            try:
                await desk.show(talk)
                break
            except (Ambiguous, TryLater):
                failures += 1
                await desk.restart()
    assert failures == 1
    assert "✅ 已解决" in desk.texts[0]
    assert len(desk.server.topics) == 1
    assert desk.server.topics[GROUP, desk.topic]["closed"] is True
    assert len([card for card in desk.cards if "photo" in card]) == 1


async def test_a_kill_between_the_call_and_the_memo_repeats_the_card_at_most(desk: Desk) -> None:
    talk = Talk()
    talk.buyer()
    showing = desk.around.showing(NAME, talk.view)
    kept = 0

    async def dies(memo: str) -> None:
        nonlocal kept
        kept += 1
        if kept == 2:  # the topic is kept, the card is not
            raise RuntimeError("killed")
        await showing.keep(memo)

    with pytest.raises(RuntimeError, match="killed"):
        await desk.board.show(type(showing)(view=talk.view, memo="", keep=dies))
    await desk.restart()
    await desk.show(talk)
    assert len(desk.server.of("createForumTopic")) == 1
    first, second = desk.cards
    assert buttons(first) == buttons(second)


@pytest.mark.parametrize(
    ("status", "description"),
    [
        (400, "Bad Request: chat not found"),
        (403, "Forbidden: bot was kicked from the supergroup chat"),
        (400, "Bad Request: not enough rights to send text messages to the chat"),
    ],
)
async def test_a_bot_that_was_shut_out_says_so_and_keeps_trying(desk: Desk, status: int, description: str) -> None:
    desk.server.fail("sendMessage", status, description)
    talk = Talk()
    talk.buyer()
    with pytest.raises(TryLater) as error:
        await desk.show(talk)
    assert (error.value.reason, error.value.after) == ("desk_unreachable", 300)
    assert "desk" in desk.board.problems()
    await desk.show(talk)
    assert desk.board.problems() == {}
    assert len(desk.cards) == 1


async def test_another_refusal_travels(desk: Desk) -> None:
    desk.server.fail("sendMessage", 400, "Bad Request: something new", times=2)
    talk = Talk()
    talk.buyer()
    with pytest.raises(Refused, match="bad_request"):
        await desk.show(talk)


@pytest.mark.parametrize("configured", [None, -4001])
async def test_a_group_that_became_a_supergroup_is_followed(
    desk: Desk, make_settings: Callable[..., TelegramSettings], configured: int | None
) -> None:
    desk.settings = make_settings(desk=configured)
    desk.around.state(ACCOUNT).rows["desk"] = "-4001"
    desk.around.state(ACCOUNT).rows["desk-forum:-4001"] = "0"
    await desk.restart()
    desk.server.fail("sendMessage", 400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to=GROUP)
    talk = Talk()
    talk.buyer()
    with pytest.raises(TryLater, match="moved"):
        await desk.show(talk)
    await desk.show(talk)
    assert len(desk.cards) == 1
    assert len(desk.server.topics) == 1


async def test_only_the_last_twenty_cards_are_kept(desk: Desk) -> None:
    talk = Talk()
    for number in range(22):
        talk.buyer(f"texto {number}", f"第 {number} 条")
        await desk.show(talk)
    rows = desk.around.state(ACCOUNT).rows
    assert len([key for key in rows if key.startswith("card:")]) == 20
    assert len([key for key in rows if key.startswith("desk-at:")]) == 20
    assert len(desk.cards) == 22
    assert [len(buttons(card)) for card in desk.cards] == [0] * 21 + [7]


async def test_a_private_chat_as_the_desk_shows_cards_without_topics(desk: Desk) -> None:
    desk.around.state(ACCOUNT).rows["desk"] = str(WANG)
    desk.server.chats[WANG] = {"id": WANG, "type": "private", "first_name": "小王"}
    first, second = Talk(), Talk(id=13, name="عمر")
    first.buyer()
    second.buyer("مرحبا", "您好")
    await desk.show(first)
    await desk.show(second)
    assert desk.server.of("createForumTopic") == []
    ana, omar = desk.server.sent(WANG)
    assert "Ana García" in ana
    assert "\u2068عمر\u2069" in omar
