"""Through DialogManager: what must not leave is refused, what should not is warned of, written replies pass."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dialogs.messages import Choice, RefusalCode
from tests.dialogs.talk import Talk
from tests.dialogs.test_manager import LATE, Scripted, manager

THREAT = "再闹我们就起诉你"


async def talk(text: str = "We look at it.") -> Talk:
    found = Talk(manager(Scripted(text=text, proven=True)))
    await found.buyer(LATE)
    return found


async def test_a_typed_threat_is_refused_with_its_words() -> None:
    turn = await (await talk()).type(THREAT)
    assert turn.reply is None
    assert turn.refusal is not None
    assert (turn.refusal.code, turn.refusal.detail) == (RefusalCode.TONE, "就起诉")


async def test_a_soft_warning_does_not_stop() -> None:
    open_talk = await talk()
    turn = await open_talk.type("你自己看清楚了吗？")
    assert turn.refusal is None
    assert turn.reply is not None
    assert turn.reply.held is None


async def test_an_edited_proposal_is_heard() -> None:
    open_talk = await talk()
    proposal = open_talk.proposals[0]
    edited = Choice(agent="小林", seller_text=proposal.seller_text + THREAT, proposal_id=proposal.id)
    turn = await open_talk.choose(edited)
    assert turn.refusal is not None
    assert turn.refusal.code is RefusalCode.TONE


async def test_a_picked_proposal_is_not() -> None:
    assert (await (await talk()).pick(1)).refusal is None


@pytest.mark.parametrize("engine", ["We will sue you.", "fine"])
async def test_what_the_engine_or_a_hand_wrote_is_heard(engine: str) -> None:
    open_talk = await talk(engine)
    by_hand = "We will sue you." if engine == "fine" else None
    turn = await open_talk.choose(Choice(agent="小林", seller_text="我们看一下。", buyer_text=by_hand))
    assert turn.refusal is not None
    assert turn.refusal.detail == "We will sue you"


async def test_a_lead_may_not_either() -> None:
    turn = await (await talk()).choose(Choice(agent="店长", seller_text=THREAT, lead=True))
    assert turn.refusal is not None


async def test_above_the_limit_still_waits_for_a_lead() -> None:
    turn = await (await talk()).type("我们退您100美元。")
    assert turn.reply is not None
    assert turn.reply.held is RefusalCode.NEEDS_APPROVAL


async def test_the_buyer_s_own_number_may_be_said_back() -> None:
    open_talk = await talk()
    assert (await open_talk.type("13800138000这个号码对吗？")).refusal is not None
    await open_talk.buyer("My number is 13800138000, please call. It has not arrived.")
    assert (await open_talk.type("13800138000这个号码对吗？")).refusal is None


async def test_the_preview_warns_in_both_languages_once() -> None:
    open_talk = await talk()
    asked = open_talk.manager.warnings("这是您的问题。", "It is your problem, you idiot.", open_talk.conversation)
    assert [(each.rule, each.outgoing) for each in asked] == [("blaming", False), ("insult", True)]


async def test_without_a_language_the_chinese_is_heard() -> None:
    empty = Talk(manager())
    (warning,) = empty.manager.warnings(THREAT, None, replace(empty.conversation))
    assert warning.hard
