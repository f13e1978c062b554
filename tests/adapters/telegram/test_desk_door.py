"""What the team does in the group: connecting, pressing, typing; and what others may not do there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from adapters.counts import counted
from adapters.ports import AgentIdentity, Escalation, Outcome, Preview
from adapters.telegram.desk import texts
from adapters.telegram.settings import TelegramSettings
from dialogs.errors import Malformed
from dialogs.events import (
    AgentApproved,
    AgentChose,
    AgentClaimed,
    AgentDecided,
    AgentEscalated,
    AgentNoted,
    AgentRetranslated,
    AgentSetLanguage,
    AgentSetStatus,
)
from dialogs.messages import (
    Choice,
    DeliveryState,
    Kind,
    Media,
    Origin,
    Reason,
    Refusal,
    RefusalCode,
    Severity,
    Translation,
)
from tests.adapters.around import NOW, Around
from tests.adapters.telegram.conftest import ACCOUNT, fixture
from tests.adapters.telegram.desk_rig import GROUP, WANG, Desk, buttons, connected
from tests.adapters.telegram.desk_views import Talk, proposals
from tests.servers.telegram import BOT, TelegramServer

AGENT = AgentIdentity(id=1, name="小王", role="agent")
LEAD = AgentIdentity(id=2, name="陈姐", role="lead")
CHEN = 9002
STRANGER = 9999
TOKEN = "t" * 43


@pytest.fixture
async def desk(
    around: Around, server: TelegramServer, make_settings: Callable[..., TelegramSettings]
) -> AsyncIterator[Desk]:
    around.team.members["telegram", str(WANG)] = AGENT
    around.team.members["telegram", str(CHEN)] = LEAD
    async with connected(around, server, make_settings()) as made:
        yield made


@pytest.fixture
async def talk(desk: Desk) -> Talk:
    """A buyer whose card is shown."""
    shown = Talk()
    shown.buyer()
    await desk.show(shown)
    return shown


def press(desk: Desk, label: str, *, user: int = WANG, card: int = -1) -> dict[str, Any]:
    message = desk.cards[card]
    return desk.server.agent_presses(GROUP, user, message["message_id"], buttons(message)[label])


def answers(desk: Desk) -> list[str]:
    return [call.params.get("text", "") for call in desk.server.of("answerCallbackQuery")]


def choice(desk: Desk, number: int = -1) -> Choice:
    body = desk.around.inbox.events[number].body
    assert isinstance(body, AgentChose)
    return body.choice


# ---- pressing --------------------------------------------------------------------------------------------------------


async def test_a_press_is_a_choice_of_the_proposal_that_was_shown(desk: Desk, talk: Talk) -> None:
    raw = press(desk, "2")
    assert await desk.take() == [True]
    (event,) = desk.around.inbox.events
    assert (event.account, event.external_id) == (ACCOUNT, f"press:{raw['callback_query']['id']}")
    assert (event.conversation_id, event.chat, event.at) == (12, None, NOW)
    assert choice(desk) == Choice(
        agent="小王", seller_text="非常抱歉让您久等了。", proposal_id=talk.offered[1].id, turn_id=talk.turn
    )
    assert answers(desk) == ["已选用"]


async def test_a_press_works_after_a_restart_and_before_the_memo_was_kept(desk: Desk, talk: Talk) -> None:
    press(desk, "1")
    desk.around.memos.clear()
    await desk.restart()
    await desk.take()
    assert choice(desk).proposal_id == talk.offered[0].id


async def test_the_same_press_twice_is_one_event(desk: Desk, talk: Talk) -> None:
    raw = press(desk, "1")
    desk.server.pending.append(raw)
    await desk.take()
    assert len(desk.around.inbox.events) == 1


async def test_who_presses_late_is_told_who_was_first(desk: Desk, talk: Talk) -> None:
    label = buttons(desk.cards[0])["1"]
    talk.seller(author="小李")
    await desk.show(talk)
    desk.around.inbox.outcomes[1] = Outcome(done=True, refusal=Refusal(RefusalCode.CLOSED, "小李 2026-03-02 12:02 UTC"))
    desk.server.agent_presses(GROUP, WANG, desk.cards[0]["message_id"], label)
    await desk.take()
    assert answers(desk) == ["小李 已回复"]


@pytest.mark.parametrize(
    ("label", "body"),
    [
        ("升级", AgentEscalated(agent="小王")),
        ("解决", AgentSetStatus(agent="小王", resolved=True)),
        ("我来处理", AgentClaimed(agent="小王")),
        ("重读", AgentRetranslated(agent="小王", message_id=501)),
        ("重发", AgentDecided(agent="小王", message_id=502, decision="retry")),
        ("取消发送", AgentDecided(agent="小王", message_id=502, decision="cancel")),
    ],
)
async def test_every_button_is_its_event(desk: Desk, talk: Talk, label: str, body: object) -> None:
    talk.change(1, parked="NotWritten")
    talk.seller(state=DeliveryState.FAILED)
    talk.escalate(Escalation(id=1, reasons=(Reason.ANGRY,), severity=Severity.HIGH, opened_at=NOW))
    await desk.show(talk)
    press(desk, label, card=0)
    await desk.take()
    assert desk.around.inbox.bodies == [body]


@pytest.mark.parametrize(("label", "decision"), [("已送达", "arrived"), ("重发", "retry")])
async def test_what_may_have_arrived_is_decided(desk: Desk, talk: Talk, label: str, decision: Any) -> None:
    talk.seller(state=DeliveryState.AMBIGUOUS)
    await desk.show(talk)
    press(desk, label, user=CHEN, card=0)
    await desk.take()
    assert desk.around.inbox.bodies == [AgentDecided(agent="陈姐", message_id=502, decision=decision, lead=True)]


async def test_what_is_unproven_may_be_sent_as_it_was_shown(desk: Desk, talk: Talk) -> None:
    talk.seller(state=DeliveryState.HELD, error="unproven")
    await desk.show(talk)
    press(desk, "发送", card=0)
    await desk.take()
    assert desk.around.inbox.bodies == [AgentDecided(agent="小王", message_id=502, decision="send")]


async def test_only_a_lead_approves(desk: Desk, talk: Talk) -> None:
    talk.seller(state=DeliveryState.HELD, error="needs_approval")
    await desk.show(talk)
    press(desk, "批准", card=0)
    await desk.take()
    assert desk.around.inbox.events == []
    press(desk, "批准", user=CHEN, card=0)
    press(desk, "驳回", user=CHEN, card=0)
    await desk.take()
    assert desk.around.inbox.bodies == [
        AgentApproved(agent="陈姐", message_id=502, approved=True),
        AgentApproved(agent="陈姐", message_id=502, approved=False),
    ]
    assert answers(desk) == ["只有主管可以批准", "已批准", "已驳回"]


async def test_a_language_is_chosen_on_a_second_keyboard(desk: Desk, talk: Talk) -> None:
    before = buttons(desk.cards[0])
    press(desk, "语言")
    await desk.take()
    assert "西班牙语" in buttons(desk.cards[0])
    press(desk, "返回")
    await desk.take()
    assert buttons(desk.cards[0]) == before
    press(desk, "语言")
    await desk.take()
    press(desk, "葡萄牙语")
    await desk.take()
    assert buttons(desk.cards[0]) == before
    press(desk, "语言")
    await desk.take()
    press(desk, "自动识别")
    await desk.take()
    assert desk.around.inbox.bodies == [
        AgentSetLanguage(agent="小王", language="pt"),
        AgentSetLanguage(agent="小王", language=None),
    ]


async def test_the_language_can_be_chosen_under_a_refused_text(desk: Desk, talk: Talk) -> None:
    talk.refuse(RefusalCode.NO_LANGUAGE, "请稍等")
    await desk.show(talk)
    press(desk, "英语")
    await desk.take()
    assert desk.around.inbox.bodies == [AgentSetLanguage(agent="小王", language="en")]
    assert buttons(desk.cards[1]) == {}


async def test_offered_texts_are_put_back_into_chinese(desk: Desk, talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def preview(conversation_id: int, seller_text: str, *, back: bool = False) -> Preview:
        there = Translation(text=f"ES:{seller_text}", source="zh", target="es", engine="fake")
        return Preview(translation=there, back=Translation(text=f"回<{seller_text}", source="es", target="zh"))

    monkeypatch.setattr(desk.around.views, "preview", preview)
    offers = ((Kind.CALMING, "好", "ES:好"), (Kind.APOLOGY, "抱歉", "otra cosa"), (Kind.REMEDY, "补发", None))
    machine = tuple(replace(each, origin=Origin.MACHINE) for each in proposals(900, offers))
    talk.offered = (*machine, *proposals(901, ((Kind.FIRM, "不", "No"),)))
    await desk.show(talk)
    press(desk, "回译")
    await desk.take()
    assert desk.texts[-1] == (
        "🔁 回译（发给买家的话再译回中文）\n\n① 回&lt;好\n\n② 暂时不能回译\n\n③ 未翻译\n\n"
        "④ 人工撰写的译文，与中文逐句对应"
    )
    assert desk.cards[-1]["message_thread_id"] == desk.topic


async def test_a_press_on_a_card_that_is_gone_says_so(desk: Desk, talk: Talk) -> None:
    message = desk.cards[0]["message_id"]
    token = buttons(desk.cards[0])["1"].split(":")[1]
    for data in ("12:0123456789ab:p:1", f"13:{token}:p:1", f"12:{token}:p:4", f"12:{token}:r:x", "nonsense"):
        desk.server.agent_presses(GROUP, WANG, message, data)
    desk.server.pending.append(fixture("desk_press_inaccessible"))
    assert await desk.take() == [True] * 6
    assert answers(desk) == [texts.EXPIRED] * 6
    assert desk.around.inbox.events == []


async def test_strangers_and_other_chats_press_nothing(desk: Desk, talk: Talk) -> None:
    before = counted(ACCOUNT, "desk_stranger")
    press(desk, "1", user=STRANGER)
    raw = press(desk, "1")
    raw["callback_query"]["message"]["chat"] = {"id": -1009, "type": "supergroup", "title": "别处"}
    assert await desk.take() == [True, True]
    assert answers(desk) == [texts.STRANGER, texts.STRANGER]
    assert desk.around.inbox.events == []
    assert counted(ACCOUNT, "desk_stranger") == before + 2


async def test_a_buyers_button_is_not_the_desks(desk: Desk) -> None:
    raw = fixture("callback")
    raw["callback_query"]["message"]["chat"] = {"id": 7001, "type": "private", "first_name": "Ana"}
    desk.server.pending.append(raw)
    assert await desk.take() == [False]


async def test_an_old_query_is_acted_on_all_the_same(desk: Desk, talk: Talk) -> None:
    desk.server.fail("answerCallbackQuery", 400, "Bad Request: query is too old and response timeout expired")
    press(desk, "解决")
    assert await desk.take() == [True]
    assert desk.around.inbox.bodies == [AgentSetStatus(agent="小王", resolved=True)]
    desk.server.fail("answerCallbackQuery", 400, "Bad Request: query is too old and response timeout expired")
    press(desk, "语言")
    await desk.take()
    assert "西班牙语" in buttons(desk.cards[0])


async def test_a_slow_lane_is_told_about_later(desk: Desk, talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def outcome(event_id: int, timeout: float = 30.0) -> Outcome:
        raise TimeoutError

    monkeypatch.setattr(desk.around.inbox, "outcome", outcome)
    press(desk, "1")
    await desk.take()
    assert answers(desk) == ["已收到，正在处理"]


async def test_what_cannot_be_stored_comes_again(desk: Desk, talk: Talk) -> None:
    desk.around.inbox.failures.extend([OSError("disk full"), None])
    raw = press(desk, "1")
    with pytest.raises(OSError, match="disk full"):
        await desk.take()
    desk.server.pending.append(raw)
    assert await desk.take() == [True]
    assert len(desk.around.inbox.events) == 1


async def test_a_conversation_that_was_deleted_is_an_expired_card(desk: Desk, talk: Talk) -> None:
    desk.around.inbox.failures.append(Malformed("conversation_id"))
    press(desk, "1")
    assert await desk.take() == [True]
    assert answers(desk) == [texts.EXPIRED]


# ---- typing ----------------------------------------------------------------------------------------------------------


def fixed(desk: Desk, name: str, **message: Any) -> dict[str, Any]:
    """A recorded update in the buyer's topic."""
    raw = fixture(f"desk_{name}")
    body = next(value for key, value in raw.items() if key != "update_id")
    if "message_thread_id" in body:
        body["message_thread_id"] = desk.topic
    body.update(message)
    desk.server.pending.append(raw)
    return raw


async def test_a_text_in_the_topic_answers_the_newest_card(desk: Desk, talk: Talk) -> None:
    fixed(desk, "typed")
    assert await desk.take() == [True]
    (event,) = desk.around.inbox.events
    assert (event.external_id, event.conversation_id) == (f"msg:{GROUP}:140", 12)
    assert choice(desk) == Choice(agent="小王", seller_text="您好，包裹已经到马德里了。", turn_id=talk.turn)


async def test_the_same_text_twice_is_one_event(desk: Desk, talk: Talk) -> None:
    fixed(desk, "typed")
    fixed(desk, "typed")
    await desk.take()
    assert len(desk.around.inbox.events) == 1


async def test_a_reply_answers_the_card_it_points_at(desk: Desk, talk: Talk) -> None:
    first = desk.cards[0]["message_id"]
    turn = talk.turn
    talk.buyer("¿Hola?", "在吗？")
    await desk.show(talk)
    desk.server.agent_says(GROUP, WANG, "在的", thread=desk.topic, reply_to=first)
    desk.server.agent_says(GROUP, WANG, "在的", thread=desk.topic)
    await desk.take()
    assert [choice(desk, 0).turn_id, choice(desk, 1).turn_id] == [turn, None]


async def test_who_has_answered_may_go_on_and_a_colleague_may_not_answer_too(desk: Desk, talk: Talk) -> None:
    for user, text in ((WANG, "您好"), (WANG, "请稍等"), (CHEN, "您好，我是主管")):
        desk.server.agent_says(GROUP, user, text, thread=desk.topic)
    await desk.take()
    seen = [choice(desk, number) for number in range(3)]
    assert [each.turn_id for each in seen] == [talk.turn, None, talk.turn]
    assert [each.lead for each in seen] == [False, False, True]


async def test_who_answered_the_last_card_is_like_everybody_on_the_next(desk: Desk, talk: Talk) -> None:
    desk.server.agent_says(GROUP, WANG, "您好", thread=desk.topic)
    await desk.take()
    talk.seller()
    talk.buyer("¿Y cuándo?", "什么时候？")
    await desk.show(talk)
    desk.server.agent_says(GROUP, WANG, "明天", thread=desk.topic)
    await desk.take()
    assert choice(desk).turn_id == talk.turn


async def test_who_came_too_late_stays_too_late(desk: Desk, talk: Talk) -> None:
    desk.around.inbox.outcomes[1] = Outcome(done=True, refusal=Refusal(RefusalCode.CLOSED))
    desk.server.agent_says(GROUP, WANG, "您好", thread=desk.topic)
    desk.server.agent_says(GROUP, WANG, "请稍等", thread=desk.topic)
    await desk.take()
    assert [choice(desk, number).turn_id for number in range(2)] == [talk.turn, talk.turn]


async def test_an_answered_card_can_be_answered_again(desk: Desk, talk: Talk) -> None:
    talk.seller(author="小李")
    await desk.show(talk)
    fixed(desk, "typed")
    await desk.take()
    assert choice(desk).turn_id is None


@pytest.mark.parametrize("text", ["//老顾客", "// 老顾客", "备注：老顾客", "备注老顾客"])
async def test_a_note_stays_with_the_team(desk: Desk, talk: Talk, text: str) -> None:
    fixed(desk, "typed", text=text)
    await desk.take()
    assert desk.around.inbox.bodies == [AgentNoted(agent="小王", text="老顾客")]


async def test_a_note_below_a_photo_does_not_reach_the_buyer(desk: Desk, talk: Talk) -> None:
    desk.server.stored["AgAC-large"] = b"photo"
    fixed(desk, "photo", caption="//只给同事看")
    await desk.take()
    assert desk.around.inbox.events == []
    assert desk.texts[-1] == texts.NOTE_WITH_FILE


async def test_a_topic_without_its_card_still_answers_its_buyer(desk: Desk, talk: Talk) -> None:
    talk.seller()
    del desk.server.messages[GROUP, desk.cards[0]["message_id"]]
    await desk.show(talk)
    fixed(desk, "typed")
    await desk.take()
    (event,) = desk.around.inbox.events
    assert (event.conversation_id, choice(desk).turn_id) == (12, None)


async def test_an_unknown_command_does_not_reach_the_buyer(desk: Desk, talk: Talk) -> None:
    desk.server.agent_says(GROUP, WANG, "/help", thread=desk.topic)
    assert await desk.take() == [True]
    assert desk.around.inbox.events == []
    assert desk.texts[-1] == texts.UNKNOWN_COMMAND


async def test_a_photo_leaves_with_its_bytes_stored(desk: Desk, talk: Talk) -> None:
    desk.server.stored["AgAC-large"] = b"\xff\xd8photo"
    fixed(desk, "photo")
    await desk.take()
    (ref,) = desk.around.blobs.stored
    assert desk.around.blobs.stored[ref] == (b"\xff\xd8photo", "image/jpeg")
    assert choice(desk) == Choice(
        agent="小王",
        seller_text="这是发货照片",
        turn_id=talk.turn,
        media=(Media(kind="photo", mime="image/jpeg", size=7, ref=ref),),
    )


async def test_a_file_keeps_its_name(desk: Desk, talk: Talk) -> None:
    desk.server.stored["BQAC"] = b"%PDF"
    document = {"file_id": "BQAC", "file_unique_id": "d", "file_name": "发票.pdf", "mime_type": "application/pdf"}
    fixed(desk, "typed", text=None, document=document)
    await desk.take()
    (media,) = choice(desk).media
    assert (media.kind, media.name, media.mime, media.size) == ("document", "发票.pdf", "application/pdf", 4)


@pytest.mark.parametrize(
    ("size", "hint"), [(20 * 1024 * 1024 + 1, texts.TOO_BIG), (150000, texts.NOT_FETCHED)], ids=["big", "gone"]
)
async def test_an_attachment_that_cannot_be_had_is_told(desk: Desk, talk: Talk, size: int, hint: str) -> None:
    raw = fixed(desk, "photo")
    raw["message"]["photo"][-1]["file_size"] = size
    assert await desk.take() == [True]
    assert desk.around.inbox.events == []
    assert desk.texts[-1] == hint


async def test_what_cannot_be_handed_on_is_told(desk: Desk, talk: Talk) -> None:
    fixed(desk, "sticker")
    assert await desk.take() == [True]
    assert desk.around.inbox.events == []
    assert desk.texts[-1] == texts.NOT_CARRIED


async def test_what_has_left_cannot_be_edited(desk: Desk, talk: Talk) -> None:
    fixed(desk, "typed_edited")
    assert await desk.take() == [True]
    assert desk.around.inbox.events == []
    assert desk.texts[-1] == texts.UNCHANGEABLE


async def test_strangers_are_told_once_and_nothing_is_stored(desk: Desk, talk: Talk) -> None:
    for _ in range(3):
        desk.server.agent_says(GROUP, STRANGER, "Hola", thread=desk.topic)
    assert await desk.take() == [True] * 3
    assert desk.around.inbox.events == []
    assert desk.texts[1:] == [texts.STRANGER]


async def test_what_is_nobodys_text_is_left_alone(desk: Desk, talk: Talk) -> None:
    fixed(desk, "anonymous")
    fixed(desk, "anonymous")
    fixed(desk, "topic_closed")
    fixed(desk, "removed")
    desk.server.agent_says(GROUP, WANG, "大家早")  # outside the topics
    desk.server.push(message={**fixture("desk_typed")["message"], "from": BOT})
    assert await desk.take() == [True] * 6
    assert desk.around.inbox.events == []
    assert desk.texts[1:] == [texts.ANONYMOUS]


async def test_the_buyers_private_messages_are_not_the_desks(desk: Desk, talk: Talk) -> None:
    desk.server.buyer_says(7001, "Hola")
    desk.server.buyer_says(7001, "/start")
    desk.server.buyer_says(7001, "/start promo_2026")
    desk.server.buyer_says(7001, "/desk x")
    desk.server.pending.append(fixture("group_text"))
    assert await desk.take() == [False] * 5
    assert len(desk.server.messages) == 1


# ---- connecting ------------------------------------------------------------------------------------------------------


@pytest.fixture
def unconnected(desk: Desk) -> Desk:
    desk.around.state(ACCOUNT).rows.clear()
    desk.around.team.members.clear()
    desk.around.team.tokens[TOKEN] = AGENT
    return desk


async def test_a_group_becomes_the_desk(unconnected: Desk) -> None:
    unconnected.server.agent_says(GROUP, WANG, f"/desk@heqi_store_bot {TOKEN}")
    assert await unconnected.take() == [True]
    assert unconnected.around.state(ACCOUNT).rows["desk"] == str(GROUP)
    assert unconnected.around.team.members == {("telegram", str(WANG)): AGENT}
    assert unconnected.texts == [
        "✅ 工作台已连接，\u2068小王\u2069 已登记。新的买家消息会出现在这里，每位买家一个话题。"
    ]
    talk = Talk()
    talk.buyer()
    await unconnected.show(talk)
    assert len(unconnected.server.topics) == 1


async def test_the_same_update_twice_connects_once_and_refuses_nobody(unconnected: Desk) -> None:
    raw = unconnected.server.agent_says(GROUP, WANG, f"/desk {TOKEN}")
    unconnected.server.pending.append(raw)
    await unconnected.take()
    assert [text[:7] for text in unconnected.texts] == ["✅ 工作台已连", "✅ 工作台已连"]


@pytest.mark.parametrize(
    ("group", "missing"),
    [
        ({"is_forum": False}, "1. 在群设置里打开“话题”"),
        ({"can_manage_topics": False}, "1. 在机器人的管理员权限里打开“管理话题”"),
        ({"is_forum": False, "can_manage_topics": False}, "2. 在机器人的管理员权限里打开“管理话题”"),
        ({"status": "member"}, "1. 把机器人设为管理员，并允许它“管理话题”"),
    ],
)
async def test_what_is_missing_is_told(unconnected: Desk, group: dict[str, Any], missing: str) -> None:
    unconnected.server.add_group(GROUP, **group)
    unconnected.server.agent_says(GROUP, WANG, f"/desk {TOKEN}")
    await unconnected.take()
    assert missing in unconnected.texts[0]


@pytest.mark.parametrize(("text", "hint"), [("/desk wrong", "登记码不对"), ("/link", "例如：/link 登记码")])
async def test_without_a_good_token_nothing_is_connected(unconnected: Desk, text: str, hint: str) -> None:
    unconnected.server.agent_says(GROUP, WANG, text)
    assert await unconnected.take() == [True]
    assert "desk" not in unconnected.around.state(ACCOUNT).rows
    assert unconnected.around.team.members == {}
    assert hint in unconnected.texts[0]


async def test_an_anonymous_administrator_is_nobody(unconnected: Desk) -> None:
    raw = fixture("desk_anonymous")
    raw["message"].update(text=f"/desk {TOKEN}", is_topic_message=False)
    unconnected.server.pending.append(raw)
    assert await unconnected.take() == [True]
    assert unconnected.around.team.tokens == {TOKEN: AGENT}
    assert unconnected.texts == [texts.ANONYMOUS]


async def test_a_further_agent_is_linked(unconnected: Desk) -> None:
    unconnected.server.agent_says(GROUP, CHEN, f"/link {TOKEN}")
    assert await unconnected.take() == [True]
    assert unconnected.around.team.members == {("telegram", str(CHEN)): AGENT}
    assert "desk" not in unconnected.around.state(ACCOUNT).rows


async def test_a_private_chat_is_the_desk_until_there_is_a_group(unconnected: Desk) -> None:
    desk = unconnected
    desk.server.agent_says(WANG, WANG, f"/start {TOKEN}")
    assert await desk.take() == [True]
    assert desk.around.state(ACCOUNT).rows["desk"] == str(WANG)
    desk.server.chats[WANG] = {"id": WANG, "type": "private", "first_name": "小王"}
    first, second = Talk(), Talk(id=13, name="Omar")
    first.buyer()
    second.buyer()
    await desk.show(first)
    await desk.show(second)
    card = next(m for (chat, _), m in desk.server.messages.items() if chat == WANG and "Ana" in m["text"])
    desk.server.agent_says(WANG, WANG, "您好", reply_to=card["message_id"])
    desk.server.agent_says(WANG, WANG, "请稍等")
    assert await desk.take() == [True, True]
    (event,) = desk.around.inbox.events
    assert event.conversation_id == 12
    assert desk.server.sent(WANG)[-1] == texts.NO_CARD


async def test_a_private_chat_does_not_take_the_desk_from_a_group(unconnected: Desk) -> None:
    unconnected.around.state(ACCOUNT).rows["desk"] = str(GROUP)
    unconnected.server.agent_says(WANG, WANG, f"/start {TOKEN}")
    unconnected.server.agent_says(CHEN, CHEN, f"/start {TOKEN}")
    assert await unconnected.take() == [True, True]
    assert unconnected.around.state(ACCOUNT).rows["desk"] == str(GROUP)
    assert unconnected.server.sent(WANG) == ["✅ 已登记：\u2068小王\u2069。买家消息在工作群里。"]
    assert unconnected.server.sent(CHEN) == [texts.LINK_REFUSED]


async def test_the_settings_win(unconnected: Desk, make_settings: Callable[..., TelegramSettings]) -> None:
    unconnected.settings = make_settings(desk=-1009)
    await unconnected.restart()
    unconnected.server.agent_says(GROUP, WANG, f"/desk {TOKEN}")
    await unconnected.take()
    assert "以设置为准" in unconnected.texts[0]
    unconnected.server.agent_says(GROUP, WANG, "您好")
    assert await unconnected.take() == [False]


async def test_the_group_is_followed_when_it_moves(desk: Desk) -> None:
    desk.around.state(ACCOUNT).rows["desk"] = "-4001"
    fixed(desk, "migrated")
    fixed(desk, "migrated", chat={"id": -4002, "type": "group", "title": "别处"})
    assert await desk.take() == [True, False]
    assert desk.around.state(ACCOUNT).rows["desk"] == str(GROUP)


async def test_a_hint_that_cannot_be_given_is_no_reason_to_stop(desk: Desk, talk: Talk) -> None:
    desk.server.fail("sendMessage", 403, "Forbidden: bot was kicked from the supergroup chat")
    fixed(desk, "sticker")
    assert await desk.take() == [True]


async def test_hints_under_way_end_with_the_desk(desk: Desk, talk: Talk) -> None:
    desk.server.fail("sendMessage", mode="hang")
    fixed(desk, "sticker")
    (raw,) = desk.server.pending
    assert await desk.board.on_update(desk.update(raw))
    await desk.server.called("sendMessage", 2)
    async with asyncio.timeout(5):
        await desk.board.stop()
