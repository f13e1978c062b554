"""What the team does in Slack: presses, replies and the window, over the HTTP door with real signatures."""

from __future__ import annotations

import json

import pytest

from adapters.counts import counted
from adapters.ports import Outcome, Preview
from dialogs.errors import Malformed
from dialogs.events import (
    AgentApproved,
    AgentChose,
    AgentClaimed,
    AgentEscalated,
    AgentNoted,
    AgentSetStatus,
)
from dialogs.messages import Choice, DeliveryState, Refusal, RefusalCode, Translation
from tests.adapters.slack.conftest import LI, WANG, House, buttons_of, fixture, pressed, replied, submitted, texts_of
from tests.adapters.slack.views import answer, escalation, more, note, resolved, view
from tests.servers.slack import CHANNEL

ABOUT = {"conversation": 7, "escalation": 3}


async def alerted(house: House) -> str:
    """``ts`` of an alert that was shown."""
    await house.show(view())
    return house.server.posts()[0]["ts"]


async def test_a_claim_is_stored_before_slack_is_answered(house: House) -> None:
    await alerted(house)
    assert (await house.post(pressed("heqi_claim", ABOUT))).status_code == 200
    (event,) = house.around.inbox.events
    assert event.body == AgentClaimed(agent="小王")
    assert (event.account, event.conversation_id) == ("slack", 7)
    assert event.external_id == f"1772452860.123456:{WANG}:heqi_claim"
    await house.settled()
    assert house.server.whispers == []


async def test_of_two_who_claim_the_second_learns_who_was_first(house: House) -> None:
    await alerted(house)
    house.around.inbox.outcomes[2] = Outcome(done=True, refusal=Refusal(RefusalCode.CLAIMED, "小王"))
    await house.post(pressed("heqi_claim", ABOUT))
    await house.post(pressed("heqi_claim", ABOUT, user=LI))
    await house.settled()
    assert house.around.inbox.bodies == [AgentClaimed(agent="小王"), AgentClaimed(agent="李主管")]
    (told,) = house.server.whispers
    assert told["user"] == LI
    assert "已被 小王 认领" in told["text"]
    assert told["thread_ts"] == "1772452800.000001"


async def test_the_same_press_twice_is_one_event(house: House) -> None:
    await alerted(house)
    before = counted("slack", "duplicate")
    for _ in range(2):
        assert (await house.post(pressed("heqi_claim", ABOUT))).status_code == 200
    assert len(house.around.inbox.events) == 1
    assert counted("slack", "duplicate") == before + 1


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("heqi_escalate", AgentEscalated(agent="小王")),
        ("heqi_resolve", AgentSetStatus(agent="小王", resolved=True)),
    ],
)
async def test_the_other_buttons_of_the_card(house: House, action: str, body: object) -> None:
    await alerted(house)
    await house.post(pressed(action, ABOUT))
    assert house.around.inbox.bodies == [body]


@pytest.mark.parametrize(("action", "approved"), [("heqi_approve", True), ("heqi_reject", False)])
async def test_a_lead_decides_about_a_held_reply(house: House, action: str, *, approved: bool) -> None:
    held = answer(2, "全额退款", "Reembolso total", DeliveryState.HELD, delivery_error="needs_approval")
    await house.show(more(view(), held))
    (card,) = house.server.posts()
    button = buttons_of(card)[action]
    assert "全额退款" in texts_of(card)
    assert "Reembolso total" in texts_of(card)
    await house.post(pressed(action, json.loads(button["value"]), user=LI))
    assert house.around.inbox.bodies == [AgentApproved(agent="李主管", message_id=102, approved=approved)]


@pytest.mark.parametrize("action", ["heqi_approve", "heqi_reject"])
async def test_an_agent_cannot_approve(house: House, action: str) -> None:
    await alerted(house)
    before = counted("slack", "press_refused")
    assert (await house.post(pressed(action, {**ABOUT, "message": 102}))).status_code == 200
    await house.settled()
    assert house.around.inbox.events == []
    assert "只有主管" in house.server.whispers[0]["text"]
    assert counted("slack", "press_refused") == before + 1


async def test_a_stranger_learns_how_to_be_linked_and_nothing_is_stored(house: House) -> None:
    ts = await alerted(house)
    before = counted("slack", "stranger")
    await house.post(pressed("heqi_claim", ABOUT, user="U0STRANGER"))
    await house.post(replied("我来处理", ts=ts, user="U0STRANGER"))
    await house.settled()
    assert house.around.inbox.events == []
    assert counted("slack", "stranger") == before + 2
    for told in house.server.whispers:
        assert told["user"] == "U0STRANGER"
        assert "heqi agent alias 您的姓名 slack U0STRANGER" in told["text"]


@pytest.mark.parametrize("action", ["heqi_claim", "heqi_escalate", "heqi_resolve"])
@pytest.mark.parametrize("shown", [resolved(view()), view(escalated=escalation(4))])
async def test_a_button_of_an_alert_that_is_over_does_nothing(house: House, action: str, shown: object) -> None:
    await house.show(shown)
    await house.post(pressed(action, ABOUT))
    await house.settled()
    assert house.around.inbox.events == []
    assert "已经结束" in house.server.whispers[0]["text"]


async def test_a_conversation_of_another_shop_is_out_of_reach(house: House) -> None:
    await house.show(view(shop="other"))
    await house.post(pressed("heqi_claim", ABOUT))
    await house.settled()
    assert house.around.inbox.events == []
    assert "已不存在" in house.server.whispers[0]["text"]


async def test_an_error_of_the_store_is_answered_so_that_slack_sends_again(house: House) -> None:
    ts = await alerted(house)
    house.around.inbox.failures.extend([RuntimeError("no disk"), RuntimeError("no disk")])
    assert (await house.post(pressed("heqi_claim", ABOUT))).status_code == 500
    assert (await house.post(replied("好", ts=ts))).status_code == 500
    assert (await house.post(replied("好", ts=ts), **{"x-slack-retry-num": "1"})).status_code == 200
    assert house.around.inbox.bodies == [AgentNoted(agent="小王", text="好")]


async def test_an_event_about_what_nobody_knows_is_acknowledged(house: House) -> None:
    await alerted(house)
    house.around.inbox.failures.append(Malformed("conversation_id"))
    assert (await house.post(pressed("heqi_claim", ABOUT))).status_code == 200


async def test_a_refusal_that_cannot_be_told_harms_nothing(house: House) -> None:
    await alerted(house)
    house.around.inbox.outcomes[1] = Outcome(done=True, refusal=Refusal(RefusalCode.CLAIMED, "李主管"))
    house.server.fail("chat.postEphemeral", "user_not_in_channel")
    assert (await house.post(pressed("heqi_claim", ABOUT))).status_code == 200
    await house.settled()
    assert house.server.whispers == []


async def test_names_of_people_stay_inert_in_what_is_told(house: House) -> None:
    await alerted(house)
    house.around.inbox.outcomes[1] = Outcome(done=True, refusal=Refusal(RefusalCode.CLAIMED, "<!channel>"))
    await house.post(pressed("heqi_claim", ABOUT))
    await house.settled()
    assert "&lt;!channel&gt;" in house.server.whispers[0]["text"]


async def test_a_parked_action_is_told(house: House) -> None:
    await alerted(house)
    house.around.inbox.outcomes[1] = Outcome(done=False, error="boom")
    await house.post(pressed("heqi_claim", ABOUT))
    await house.settled()
    assert "出错" in house.server.whispers[0]["text"]


# ---- replies in the thread ------------------------------------------------------------


async def test_a_reply_becomes_a_note_in_plain_text(house: House) -> None:
    ts = await alerted(house)
    payload = fixture("thread_reply")
    payload["event"]["thread_ts"] = ts
    assert (await house.post(payload)).status_code == 200
    (event,) = house.around.inbox.events
    assert event.body == AgentNoted(agent="小王", text="已联系物流 & 仓库，明天<上午>补发 🙏 @李主管")
    assert event.external_id == "Ev0REPLY0001"
    assert event.conversation_id == 7


async def test_retries_of_an_event_are_one_event(house: House) -> None:
    ts = await alerted(house)
    for number in range(3):
        retry = {"x-slack-retry-num": str(number), "x-slack-retry-reason": "http_timeout"} if number else {}
        assert (await house.post(replied("好", ts=ts), **retry)).status_code == 200
    assert len(house.around.inbox.events) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"bot_id": "B0OTHER001"},
        {"subtype": "bot_message"},
        {"subtype": "message_deleted"},
        {"thread_ts": "1772452800.999999"},
        {"thread_ts": "1772452900.000200"},
        {"text": "   "},
        {"channel": "C0OTHER001"},
    ],
)
async def test_what_is_no_reply_of_a_person_to_an_alert_is_ignored(house: House, change: dict[str, str]) -> None:
    ts = await alerted(house)
    payload = replied("好", ts=ts)
    payload["event"] |= change
    assert (await house.post(payload)).status_code == 200
    assert house.around.inbox.events == []


async def test_an_edited_reply_is_no_second_note(house: House) -> None:
    ts = await alerted(house)
    payload = fixture("message_changed")
    payload["event"]["thread_ts"] = ts
    assert (await house.post(payload)).status_code == 200
    assert house.around.inbox.events == []


async def test_files_are_not_lost_in_silence(house: House) -> None:
    ts = await alerted(house)
    await house.post(replied("看图", ts=ts, subtype="file_share", files=[{"id": "F0PHOTO001"}]))
    await house.settled()
    assert house.around.inbox.bodies == [AgentNoted(agent="小王", text="看图")]
    assert "不会转给买家" in house.server.whispers[0]["text"]


# ---- 发送给买家 ------------------------------------------------------------


async def noted(house: House, text: str = "明天补发") -> tuple[str, dict[str, object]]:
    """A reply in the thread, stored and shown; ``ts`` of the alert and what its button carries."""
    ts = await alerted(house)
    await house.post(replied(text, ts=ts))
    await house.show(more(view(), note(2, text)))
    return ts, json.loads(buttons_of(house.server.replies(ts)[0])["heqi_send"]["value"])


async def test_a_note_from_the_thread_is_answered_with_the_offer_to_send_it(house: House) -> None:
    ts, value = await noted(house)
    (told,) = house.server.replies(ts)
    assert "明天补发" not in texts_of(told), "what stands in the thread is not repeated"
    assert value == {"conversation": 7, "note": f"{CHANNEL}:1772452900.000200"}
    await house.restart()
    await house.show(more(view(), note(2, "明天补发")))
    assert len(house.server.replies(ts)) == 1


async def test_a_note_is_sent_after_its_preview_was_seen(house: House) -> None:
    ts, value = await noted(house)
    await house.post(pressed("heqi_send", value, ts=ts))
    await house.settled()
    ((window, shown),) = house.server.views.items()
    assert "ES:明天补发" in texts_of(shown)
    assert "回:明天补发" in texts_of(shown)
    assert shown["submit"]["text"] == "发送"
    assert house.around.inbox.bodies == [AgentNoted(agent="小王", text="明天补发")], "nothing leaves by the first press"
    answered = await house.post(submitted(window))
    assert (answered.status_code, answered.text) == (200, "")
    choice = Choice(agent="小王", seller_text="明天补发", buyer_text="ES:明天补发", turn_id=55)
    assert house.around.inbox.bodies[1:] == [AgentChose(choice=choice)]


async def test_a_window_sent_twice_is_one_choice(house: House) -> None:
    ts, value = await noted(house)
    await house.post(pressed("heqi_send", value, ts=ts))
    await house.settled()
    (window,) = house.server.views
    for _ in range(2):  # our answer got lost: it was sent all the same
        assert (await house.post(submitted(window))).text == ""
    assert len([body for body in house.around.inbox.bodies if isinstance(body, AgentChose)]) == 1


async def test_a_window_survives_a_restart(house: House) -> None:
    ts, value = await noted(house)
    await house.post(pressed("heqi_send", value, ts=ts))
    await house.settled()
    (window,) = house.server.views
    await house.restart()
    assert (await house.post(submitted(window, user=LI))).text == ""
    body = house.around.inbox.bodies[-1]
    assert isinstance(body, AgentChose)
    assert (body.choice.agent, body.choice.lead) == ("李主管", True)


async def test_a_store_that_fails_leaves_the_window_to_be_sent_again(house: House) -> None:
    ts, value = await noted(house)
    await house.post(pressed("heqi_send", value, ts=ts))
    await house.settled()
    (window,) = house.server.views
    house.around.inbox.failures.append(RuntimeError("no disk"))
    assert (await house.post(submitted(window))).status_code == 500
    assert (await house.post(submitted(window))).text == ""
    assert len([body for body in house.around.inbox.bodies if isinstance(body, AgentChose)]) == 1


async def test_a_refused_choice_is_told_in_the_thread(house: House) -> None:
    from dataclasses import replace

    from adapters.ports import RefusedChoice

    ts, value = await noted(house)
    await house.post(pressed("heqi_send", value, ts=ts))
    await house.settled()
    await house.post(submitted(next(iter(house.server.views))))
    body = house.around.inbox.bodies[-1]
    assert isinstance(body, AgentChose)
    refused = RefusedChoice(event_id=2, choice=body.choice, refusal=Refusal(RefusalCode.CLOSED, "李主管 12:00"))
    await house.show(replace(more(view(), note(2, "明天补发")), refused=(refused,)))
    told = texts_of(house.server.replies(ts)[-1])
    assert "没有发给买家" in told
    assert "李主管 12:00" in told


@pytest.mark.parametrize(
    ("preview", "words"),
    [
        (Preview(translation=Translation(text=None, source="zh", target="es")), "没有引擎"),
        (Preview(translation=Translation(text="x", source="zh", target="es", proven=False)), "没有核对上"),
        (
            Preview(
                translation=Translation(text="x", source="zh", target="es"),
                refusal=Refusal(RefusalCode.WINDOW_CLOSED),
            ),
            "回复窗口已关",
        ),
        (
            Preview(
                translation=Translation(text="x", source="zh", target="es"), refusal=Refusal(RefusalCode.TONE, "起诉你")
            ),
            "不能发出，请修改：起诉你",
        ),
        (Preview(translation=Translation(text="好" * 9000, source="zh", target="es")), "内容太长"),
    ],
)
async def test_what_may_not_leave_cannot_be_sent(house: House, preview: Preview, words: str) -> None:
    ts, value = await noted(house)

    async def given(*_: object, back: bool = False) -> Preview:
        return preview

    house.around.views.preview = given
    await house.post(pressed("heqi_send", value, ts=ts))
    await house.settled()
    (shown,) = house.server.views.values()
    assert "submit" not in shown
    assert words in texts_of(shown)


async def test_what_needs_a_lead_says_so_before_it_is_sent(house: House) -> None:
    ts, value = await noted(house)

    async def given(*_: object, back: bool = False) -> Preview:
        there = Translation(text="Reembolso", source="zh", target="es")
        return Preview(translation=there, refusal=Refusal(RefusalCode.NEEDS_APPROVAL))

    house.around.views.preview = given
    await house.post(pressed("heqi_send", value, ts=ts))
    await house.settled()
    (shown,) = house.server.views.values()
    assert shown["submit"]["text"] == "提交审批"


async def test_a_window_nobody_sent_is_forgotten(house: House) -> None:
    ts, value = await noted(house)
    await house.post(pressed("heqi_send", value, ts=ts))
    await house.settled()
    (window,) = house.server.views
    await house.post({**submitted(window), "type": "view_closed", "is_cleared": False})
    assert not [key for key in house.around.state("slack").rows if key.startswith("shown:")]
    assert (await house.post(submitted(window))).json()["response_action"] == "update"
    assert len(house.around.inbox.events) == 1


async def test_windows_left_open_for_days_are_swept(house: House) -> None:
    ts, value = await noted(house)
    await house.post(pressed("heqi_send", value, ts=ts))
    await house.settled()
    house.around.advance(hours=23)
    await house.restart()
    assert [key for key in house.around.state("slack").rows if key.startswith("shown:")]
    house.around.advance(hours=2)
    await house.restart()
    assert not [key for key in house.around.state("slack").rows if key.startswith("shown:")]


async def test_a_press_slack_has_forgotten_opens_nothing_and_loses_nothing(house: House) -> None:
    ts, value = await noted(house)
    house.server.fail("views.open", "expired_trigger_id")
    assert (await house.post(pressed("heqi_send", value, ts=ts))).status_code == 200
    await house.settled()
    assert house.server.views == {}
    assert "再按一次" in house.server.whispers[0]["text"]
