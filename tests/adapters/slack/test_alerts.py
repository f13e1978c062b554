"""Alerts in the team's channel: posted once, kept up to date, followed by their thread."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from adapters.ports import RefusedChoice
from adapters.slack.settings import Route
from dialogs.errors import Ambiguous, Refused, TryLater
from dialogs.messages import Choice, DeliveryState, Reason, Refusal, RefusalCode, Severity
from tests.adapters.slack.conftest import House, buttons_of, texts_of
from tests.adapters.slack.views import answer, buyer, claimed, escalation, more, note, resolved, view
from tests.servers.slack import CHANNEL

OTHER = "C0URGENT01"


async def test_nothing_is_shown_without_an_escalation(house: House) -> None:
    await house.show(replace(view(), escalation=None))
    assert house.server.calls == []


async def test_an_escalation_becomes_one_card_with_its_buttons_and_its_metadata(house: House) -> None:
    await house.show(view())
    await house.show(view())
    (card,) = house.server.posts()
    assert set(buttons_of(card)) == {"heqi_claim", "heqi_escalate", "heqi_resolve", "heqi_open"}
    assert json.loads(buttons_of(card)["heqi_claim"]["value"]) == {"conversation": 7, "escalation": 3}
    assert buttons_of(card)["heqi_open"]["url"] == "http://127.0.0.1:8080/desk/7"
    assert card["metadata"] == {"event_type": "heqi_escalation", "event_payload": {"id": 3}}
    said = texts_of(card)
    for words in (
        "Ana García",
        "买家愤怒",
        "仍在运输途中",
        "愤怒",
        "main",
        "WhatsApp",
        "我的订单在哪里？",
        "¿Dónde está mi pedido?",
    ):
        assert words in said, words
    assert house.around.state("slack").rows[f"thread:{CHANNEL}:{card['ts']}"] == "7"
    assert len(house.server.called_with("chat.postMessage")) == 1
    assert house.server.called_with("chat.update") == []


async def test_a_claim_and_the_end_change_the_card(house: House) -> None:
    await house.show(view())
    await house.show(claimed(view()))
    (card,) = house.server.posts()
    assert "小王" in texts_of(card)
    assert "heqi_claim" not in buttons_of(card)
    assert "heqi_resolve" in buttons_of(card)
    await house.show(resolved(claimed(view()), "李主管"))
    (card,) = house.server.posts()
    assert set(buttons_of(card)) == {"heqi_open"}
    assert "已解决" in texts_of(card)
    assert "李主管" in texts_of(card)


async def test_more_reasons_change_the_card_and_urgency_is_told_in_the_thread(house: House) -> None:
    await house.show(view())
    louder = view(escalated=escalation(3, Reason.ANGRY, Reason.EXTORTION, severity=Severity.URGENT))
    await house.show(louder)
    await house.show(louder)
    (card,) = house.server.posts()
    assert "敲诈勒索" in texts_of(card)
    (raised,) = house.server.replies(card["ts"])
    assert "紧急" in texts_of(raised)
    assert "<!" not in texts_of(raised), "nobody is rung by default"


async def test_alerts_go_where_their_route_leads(house: House) -> None:
    house.server.add_channel(OTHER)
    route = Route(channel=OTHER, shops=frozenset({"main"}), situations=frozenset({"damaged"}))
    house.build(routes=(route.model_dump(),))
    await house.start()
    await house.show(view())
    assert len(house.server.posts(CHANNEL)) == 1
    house.around.memos.clear()
    await house.show(view(situation="damaged"))
    assert len(house.server.posts(OTHER)) == 1


async def test_a_raised_alert_moves_to_the_channel_for_urgent_ones(house: House) -> None:
    house.server.add_channel(OTHER)
    house.build(routes=({"channel": OTHER, "severities": ["urgent"]},))
    await house.start()
    await house.show(view())
    louder = view(escalated=escalation(3, Reason.THREAT, severity=Severity.URGENT))
    await house.show(louder)
    await house.show(louder)
    (old,) = house.server.posts(CHANNEL)
    (new,) = house.server.posts(OTHER)
    assert buttons_of(old).keys() == {"heqi_open"}
    assert "heqi_claim" in buttons_of(new)


async def test_a_channel_that_cannot_be_used_sends_the_alert_to_the_usual_one(house: House) -> None:
    house.server.add_channel(OTHER, is_member=False)
    house.build(routes=({"channel": OTHER},))
    await house.start()
    await house.show(view())
    assert len(house.server.posts(CHANNEL)) == 1
    assert "/invite" in house.board.problems()[OTHER]


async def test_a_raised_alert_stays_where_it_is_when_the_other_channel_cannot_be_used(house: House) -> None:
    house.server.add_channel(OTHER, is_archived=True)
    house.build(routes=({"channel": OTHER, "severities": ["urgent"]},))
    await house.start()
    await house.show(view())
    await house.show(view(escalated=escalation(3, Reason.THREAT, severity=Severity.URGENT)))
    (card,) = house.server.posts(CHANNEL)
    assert "heqi_claim" in buttons_of(card)
    assert "紧急" in texts_of(house.server.replies(card["ts"])[0])


async def test_the_thread_follows_in_order(house: House) -> None:
    first = view()
    await house.show(first)
    second = more(first, buyer(2, "¡Quiero mi dinero!", "我要退款！"), answer(3, "马上为您处理。", "Enseguida."))
    await house.show(second)
    third = more(second, note(4, "等仓库回复", author="李主管"), buyer(5, "Hola?", None, pending=True))
    await house.show(third)
    await house.show(third)
    (card,) = house.server.posts()
    told = [texts_of(reply) for reply in house.server.replies(card["ts"])]
    assert len(told) == 3
    assert "我要退款！" in told[0]
    assert "¡Quiero mi dinero!" in told[0]
    assert "小王" in told[1]
    assert "马上为您处理。" in told[1]
    assert "Enseguida." in told[1]
    assert "李主管" in told[2]
    assert "等仓库回复" in told[2]
    assert "heqi_send" not in told[2], "a note from elsewhere is no offer to send"
    read = replace(third, lines=(*third.lines[:-1], buyer(5, "Hola?", "在吗？")))
    await house.show(read)
    assert "在吗？" in texts_of(house.server.replies(card["ts"])[-1])
    assert "在吗？" in texts_of(house.server.posts()[0]), "the card shows the latest words"


async def test_trouble_with_a_delivery_is_told_and_so_is_its_end(house: House) -> None:
    await house.show(view())
    sending = answer(2, "好的", "Vale", DeliveryState.SENDING)
    shown = more(view(), sending)
    await house.show(shown)
    (card,) = house.server.posts()
    for state in (DeliveryState.FAILED, DeliveryState.QUEUED, DeliveryState.SENT, DeliveryState.DELIVERED):
        await house.show(
            replace(shown, lines=(shown.lines[0], replace(sending, delivery=state, delivery_error="unreachable")))
        )
    told = [texts_of(reply) for reply in house.server.replies(card["ts"])]
    assert len(told) == 3
    assert "发送失败（联系不上买家）" in told[1]
    assert "已发出" in told[2]


async def test_an_answer_that_simply_arrives_is_told_once(house: House) -> None:
    await house.show(view())
    line = answer(2, "好的", "Vale", DeliveryState.QUEUED)
    shown = more(view(), line)
    for state in (DeliveryState.QUEUED, DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ):
        await house.show(replace(shown, lines=(shown.lines[0], replace(line, delivery=state))))
    (card,) = house.server.posts()
    assert len(house.server.replies(card["ts"])) == 1


async def test_a_refused_choice_is_told_only_when_it_came_from_here(house: House) -> None:
    await house.show(view())
    refusal = Refusal(RefusalCode.WINDOW_CLOSED)
    ours = RefusedChoice(event_id=12, choice=Choice(agent="小王", seller_text="明天补发"), refusal=refusal)
    theirs = RefusedChoice(event_id=11, choice=Choice(agent="李主管", seller_text="退款"), refusal=refusal)
    await house.board._records.put_choice(7, "小王", "明天补发")
    shown = replace(view(), refused=(theirs, ours))
    await house.show(shown)
    await house.show(shown)
    (card,) = house.server.posts()
    (told,) = house.server.replies(card["ts"])
    assert "回复窗口已关" in texts_of(told)
    assert "明天补发" in texts_of(told)


async def test_after_the_end_the_thread_is_quiet_and_a_new_escalation_is_a_new_card(house: House) -> None:
    await house.show(view())
    await house.show(resolved(view()))
    over = more(resolved(view()), buyer(2, "Gracias", "谢谢"))
    await house.show(over)
    (card,) = house.server.posts()
    assert house.server.replies(card["ts"]) == []
    await house.show(replace(over, escalation=escalation(4)))
    first, second = house.server.posts()
    assert "heqi_claim" not in buttons_of(first)
    assert "heqi_claim" in buttons_of(second)


async def test_an_alert_that_a_newer_one_overtook_loses_its_buttons(house: House) -> None:
    await house.show(view())
    await house.show(view(escalated=escalation(4)))
    first, second = house.server.posts()
    assert set(buttons_of(first)) == {"heqi_open"}
    assert json.loads(buttons_of(second)["heqi_claim"]["value"])["escalation"] == 4


async def test_an_escalation_that_ended_before_it_was_shown_is_no_alert(house: House) -> None:
    await house.show(resolved(view()))
    assert house.server.posts() == []


# ---- nothing is posted twice ------------------------------------------------------------


async def test_a_lost_answer_does_not_double_the_alert(house: House) -> None:
    house.server.fail("chat.postMessage", mode="lost")
    with pytest.raises(Ambiguous):
        await house.show(view())
    await house.show(view())
    (card,) = house.server.posts()
    assert house.memo["ts"] == card["ts"]
    assert house.around.state("slack").rows[f"thread:{CHANNEL}:{card['ts']}"] == "7"


async def test_a_restart_between_posting_and_the_answer_does_not_double_the_alert(house: House) -> None:
    house.server.fail("chat.postMessage", mode="hang")
    dying = asyncio.create_task(house.show(view()))
    await house.server.called("chat.postMessage")
    dying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await dying
    assert house.memo["posting"] == "heqi_escalation:3"
    house.server.messages[CHANNEL].append(
        {**house.server.called_with("chat.postMessage")[0], "ts": "1772452800.000099"}
    )
    await house.restart()
    await house.show(view())
    assert [card["ts"] for card in house.server.posts()] == ["1772452800.000099"]


async def test_a_lost_answer_does_not_double_a_line_of_the_thread(house: House) -> None:
    await house.show(view())
    shown = more(view(), buyer(2, "uno", "一"), buyer(3, "dos", "二"))
    house.server.fail("chat.postMessage", mode="lost")
    with pytest.raises(Ambiguous):
        await house.show(shown)
    await house.show(shown)
    (card,) = house.server.posts()
    assert [reply["metadata"]["event_payload"]["id"] for reply in house.server.replies(card["ts"])] == [
        "line:102",
        "line:103",
    ]


async def test_what_was_not_posted_is_posted_after_looking_for_it(house: House) -> None:
    house.server.fail("chat.postMessage", mode="close")
    with pytest.raises(Ambiguous):
        await house.show(view())
    await house.show(view())
    assert len(house.server.posts()) == 1
    assert len(house.server.called_with("conversations.history")) == 1


async def test_looking_for_an_alert_reads_every_page(house: House) -> None:
    house.server.fail("chat.postMessage", mode="lost")
    with pytest.raises(Ambiguous):
        await house.show(view())
    house.server.messages[CHANNEL] += [{"ts": f"1772452801.{n:06}", "text": "chat"} for n in range(450)]
    await house.show(view())
    assert len(house.server.called_with("conversations.history")) == 3
    assert len([post for post in house.server.posts() if "metadata" in post]) == 1


async def test_an_alert_that_ended_while_nobody_knew_whether_it_was_posted_loses_its_buttons(house: House) -> None:
    house.server.fail("chat.postMessage", mode="lost")
    with pytest.raises(Ambiguous):
        await house.show(view())
    await house.show(resolved(view()))
    (card,) = house.server.posts()
    assert set(buttons_of(card)) == {"heqi_open"}


async def test_an_alert_that_ended_before_it_could_be_posted_stays_unposted(house: House) -> None:
    house.server.fail("chat.postMessage", "ratelimited", status=429, retry_after=1)
    with pytest.raises(TryLater):
        await house.show(view())
    await house.show(resolved(view()))
    assert house.server.posts() == []


async def test_a_card_somebody_deleted_is_posted_again_while_it_is_open(house: House) -> None:
    await house.show(view())
    house.server.messages[CHANNEL].clear()
    await house.show(claimed(view()))
    assert len(house.server.posts()) == 1


# ---- Slack refuses ------------------------------------------------------------


async def test_a_rate_limit_says_when_to_come_back_and_nothing_is_looked_for(house: House) -> None:
    house.server.fail("chat.postMessage", "ratelimited", status=429, retry_after=7)
    with pytest.raises(TryLater) as caught:
        await house.show(view())
    assert caught.value.after == 7
    assert house.memo["posting"] == ""
    house.board._api._pace._free.clear()  # seven seconds later
    await house.show(view())
    assert house.server.called_with("conversations.history") == []


@pytest.mark.parametrize("code", ["token_revoked", "invalid_auth", "account_inactive"])
async def test_a_token_that_is_no_longer_good_is_a_problem_until_it_is(house: House, code: str) -> None:
    house.server.fail("chat.postMessage", code)
    with pytest.raises(TryLater) as caught:
        await house.show(view())
    assert (caught.value.reason, caught.value.after) == ("bad_token", 300)
    assert "token" in house.board.problems()
    await house.show(view())
    assert house.board.problems() == {}


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("channel_not_found", "channel_not_found"),
        ("not_in_channel", "channel_not_joined"),
        ("is_archived", "channel_archived"),
        ("restricted_action", "channel_restricted"),
    ],
)
async def test_a_channel_that_cannot_be_used_is_a_problem_with_its_fix(house: House, code: str, reason: str) -> None:
    house.server.fail("chat.postMessage", code)
    with pytest.raises(Refused) as caught:
        await house.show(view())
    assert caught.value.reason == reason
    assert CHANNEL in house.board.problems()
    await house.show(view())
    assert house.board.problems() == {}
    assert len(house.server.posts()) == 1


async def test_words_slack_does_not_take_are_left_out_of_the_alert(house: House) -> None:
    house.server.fail("chat.postMessage", "invalid_blocks")
    await house.show(view())
    (card,) = house.server.posts()
    assert "Ana" not in texts_of(card)
    assert "heqi_claim" in buttons_of(card)


@pytest.mark.parametrize("mode", ["garbage", "html", "half", "close"])
async def test_broken_answers_to_a_post_are_ambiguous(house: House, mode: str) -> None:
    house.server.fail("chat.postMessage", mode=mode)
    with pytest.raises(Ambiguous):
        await house.show(view())


@pytest.mark.parametrize("mode", ["garbage", "html", "half", "close"])
async def test_broken_answers_to_an_update_are_tried_again(house: House, mode: str) -> None:
    await house.show(view())
    house.server.fail("chat.update", mode=mode)
    with pytest.raises(TryLater):
        await house.show(claimed(view()))
    await house.show(claimed(view()))
    assert "heqi_claim" not in buttons_of(house.server.posts()[0])


async def test_a_slack_that_is_not_there_is_tried_later(house: House) -> None:
    house.build(api_url="http://127.0.0.1:9/api")
    await house.start()
    with pytest.raises(TryLater, match="no_connection"):
        await house.show(view())


async def test_many_new_lines_are_read_back_page_by_page(house: House) -> None:
    await house.show(view())
    lines = [buyer(n, f"m{n}", f"话{n}") for n in range(2, 6)]

    async def earlier(conversation: int, *, before: int | None = None, limit: int = 60):
        assert before == 4
        return view(view().lines[0], *lines[:2])

    house.around.views.view = earlier
    await house.show(view(*lines[2:], earlier=True))
    (card,) = house.server.posts()
    assert [f"话{n}" in texts_of(r) for n, r in enumerate(house.server.replies(card["ts"]), 2)] == [True] * 4
