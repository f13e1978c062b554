"""What DialogManager decides beyond the plain talk: refusals, holds, fixed languages, reading again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from dialogs import cases
from dialogs.carriers import Carriers
from dialogs.clocks import CLOCKS, RESPONSE
from dialogs.escalations import UNANSWERED, WINDOW, WINDOW_WARNING
from dialogs.events import (
    AgentRetranslated,
    AgentSentTemplate,
    AgentSetLanguage,
    AgentSetStatus,
    BuyerStarted,
    ClockDue,
    SellerWrote,
)
from dialogs.manager import DialogManager
from dialogs.messages import (
    Attempt,
    Capabilities,
    CaseStatus,
    Choice,
    ClockSet,
    Kind,
    Media,
    Origin,
    Reason,
    Refusal,
    RefusalCode,
    TemplateUse,
    Translation,
    Urgency,
)
from tests.dialogs.talk import MORNING, SHOP, Talk
from tests.dialogs.test_conversations import DETECTOR, PLAYBOOKS, READER, REPLIES, TONE

LATE = "Where is my parcel? I have been waiting for 20 days and it has not arrived."


class Scripted:
    """A translator that says what it is told to say."""

    def __init__(self, **answer: object) -> None:
        self.answer = answer

    async def translate(self, text, *, source, target, shop, glossary):
        values = {"text": None, "source": source, "target": target, "proven": False, **self.answer}
        return Translation(**values)


def manager(translator: object | None = None) -> DialogManager:
    return DialogManager(
        detector=DETECTOR,
        reader=READER,
        translator=translator or Scripted(),  # type: ignore[arg-type]
        playbooks=PLAYBOOKS,
        replies=REPLIES,
        carriers=Carriers.load(),
        tone=TONE,
    )


async def test_every_turn_is_decided_the_same_from_the_same_input():
    first, second = Talk(manager()), Talk(manager())
    assert await first.buyer(LATE) == await second.buyer(LATE)


async def test_the_buyer_starts_the_response_clock_and_the_answer_stops_it():
    talk = Talk(manager())
    turn = await talk.buyer(LATE)
    assert {clock.kind: clock.due for clock in turn.start_clocks} == {
        RESPONSE: MORNING + timedelta(minutes=1 + SHOP.response_minutes),
        UNANSWERED: MORNING + timedelta(minutes=1 + SHOP.unanswered_minutes),
    }
    assert (await talk.pick(1)).stop_clocks == CLOCKS


async def test_who_writes_again_does_not_wait_any_shorter():
    talk = Talk(manager())
    assert (await talk.buyer(LATE)).start_clocks
    assert (await talk.buyer("Hello?")).start_clocks == ()
    await talk.pick(1)
    assert (await talk.buyer("And now?")).start_clocks


async def test_a_held_reply_decided_again_keeps_what_it_was():
    talk = Talk(manager(Scripted(text="Ecco la risposta", proven=True)))
    await talk.buyer("Buongiorno, dove si trova il mio pacco? Sto aspettando da tre settimane.")
    again = Choice(agent="小林", seller_text="我们已经看到", kind=Kind.CALMING, reply_id="unknown.we_are_here")
    turn = await talk.choose(again)
    assert turn.reply is not None
    assert (turn.reply.kind, turn.reply.reply_id) == (Kind.CALMING, "unknown.we_are_here")


async def test_a_proposal_that_is_not_open_any_more_is_refused():
    talk = Talk(manager())
    await talk.buyer(LATE)
    old = talk.proposals[0]
    await talk.buyer("Hello? Still nothing here.")
    turn = await talk.choose(Choice(agent="小林", seller_text=old.seller_text, proposal_id=old.id))
    assert turn.refusal is not None
    assert turn.refusal.code is RefusalCode.CLOSED
    assert turn.reply is None


async def test_an_edited_proposal_is_translated_anew_and_keeps_its_kind():
    talk = Talk(manager(Scripted(text="We look at it now.", proven=True)))
    await talk.buyer(LATE)
    proposal = talk.proposals[0]
    edited = Choice(agent="小林", seller_text=proposal.seller_text + "谢谢！", proposal_id=proposal.id)
    turn = await talk.choose(edited)
    assert turn.reply is not None
    assert (turn.reply.buyer_text, turn.reply.kind, turn.reply.reply_id) == (
        "We look at it now.",
        proposal.kind,
        None,
    )
    assert turn.reply.origin is Origin.MACHINE


async def test_typing_a_written_reply_word_for_word_sends_what_a_person_wrote():
    talk = Talk(manager())
    await talk.buyer(LATE)
    rule = PLAYBOOKS.replies["in_transit.sorry_slow"]
    turn = await talk.type(f" {rule.zh}\n")
    assert turn.reply is not None
    assert turn.reply.buyer_text == REPLIES.render(rule.id, "en", {})
    assert turn.reply.origin is Origin.WRITTEN
    assert turn.case.kinds == (Kind.APOLOGY,)


async def test_an_unproven_text_waits_until_the_seller_confirms_it():
    talk = Talk(manager(Scripted(text="Your number is gone", proven=False)))
    await talk.buyer(LATE)
    held = await talk.type("单号 RB123456785CN")
    assert held.reply is not None
    assert held.reply.held is RefusalCode.UNPROVEN
    assert held.proposals is None, "what is not sent closes nothing"
    seen = Choice(agent="小林", seller_text="单号 RB123456785CN", buyer_text="Number RB123456785CN", confirmed=False)
    sent = await talk.choose(seen)
    assert sent.reply is not None
    assert sent.reply.held is None
    wrong = replace(seen, buyer_text="Number RB123456786CN")
    blocked = await talk.choose(wrong)
    assert blocked.reply is not None
    assert blocked.reply.held is RefusalCode.UNPROVEN
    forced = await talk.choose(replace(wrong, confirmed=True))
    assert forced.reply is not None
    assert forced.reply.held is None
    assert forced.reply.buyer_text == "Number RB123456786CN"


async def test_an_untranslated_text_is_never_sent_even_when_confirmed():
    talk = Talk(manager())
    await talk.buyer(LATE)
    turn = await talk.choose(Choice(agent="小林", seller_text="我们马上去查", confirmed=True))
    assert turn.reply is not None
    assert turn.reply.held is RefusalCode.NOT_TRANSLATED


@pytest.mark.parametrize("text", ["", "  \n", "\u200b"])
async def test_an_empty_answer_is_refused(text: str):
    talk = Talk(manager(Scripted(text="x", proven=True)))
    await talk.buyer(LATE)
    turn = await talk.type(text)
    assert turn.refusal is not None
    assert turn.refusal.code is RefusalCode.EMPTY


async def test_a_text_too_long_for_the_channel_is_refused_with_both_numbers():
    talk = Talk(manager(Scripted(text="word " * 60, proven=True)), capabilities=Capabilities(text_limit=100, parts=2))
    await talk.buyer(LATE)
    turn = await talk.type("很长的话")
    assert turn.refusal is not None
    assert (turn.refusal.code, turn.refusal.detail) == (RefusalCode.TOO_LONG, "300 > 200")


async def test_a_long_text_may_leave_in_parts():
    talk = Talk(manager(Scripted(text="word " * 30, proven=True)), capabilities=Capabilities(text_limit=100, parts=2))
    await talk.buyer(LATE)
    assert (await talk.type("很长的话")).reply is not None


async def test_emoji_count_as_the_channel_counts_them():
    limits = Capabilities(text_limit=4, text_unit="utf16", parts=1)
    talk = Talk(manager(Scripted(text="😀😀😀", proven=True)), capabilities=limits)
    await talk.buyer(LATE)
    turn = await talk.type("笑")
    assert turn.refusal is not None
    assert turn.refusal.detail == "6 > 4"


async def test_an_answer_needs_to_know_the_language():
    talk = Talk(manager(Scripted(text="x", proven=True)))
    await talk.buyer("👍")
    turn = await talk.type("谢谢")
    assert turn.refusal is not None
    assert turn.refusal.code is RefusalCode.NO_LANGUAGE
    assert (await talk.pick(1)).refusal == turn.refusal


async def test_a_fixed_language_stays_for_the_conversation_and_can_be_undone():
    talk = Talk(manager())
    await talk.buyer(LATE)
    latest = talk.conversation.history[-1]
    before = replace(talk.conversation, history=())
    turn = await talk.manager.on_team_action(AgentSetLanguage(agent="小林", language="es"), before, latest)
    assert turn.reading is not None
    assert turn.reading.language.fixed
    assert turn.case.language == "es"
    assert {proposal.language for proposal in turn.proposals or ()} == {"es"}
    undone = await talk.manager.on_team_action(AgentSetLanguage(agent="小林", language=None), before, latest)
    assert undone.case.language == "en"


async def test_reading_the_latest_message_again_counts_nothing_twice():
    talk = Talk(manager())
    await talk.buyer("The cup arrived broken", photos=2)
    latest = talk.conversation.history[-1]
    before = replace(talk.conversation, history=())
    turn = await talk.manager.on_team_action(AgentRetranslated(agent="小林", message_id=latest.id), before, latest)
    assert turn.case.facts.photos == 2
    assert turn.start_clocks == ()
    assert {proposal.id for proposal in turn.proposals or ()}.isdisjoint(p.id for p in talk.proposals)


async def test_reading_an_older_message_again_leaves_case_and_proposals_alone():
    talk = Talk(manager(Scripted(text="您好", proven=True)))
    await talk.buyer("THIS IS A SCAM!!! GIVE ME MY MONEY BACK!!!")
    older = talk.conversation.history[-1]
    await talk.buyer("Sorry, thank you for the help")
    case = talk.conversation.case
    turn = await talk.manager.on_team_action(
        AgentRetranslated(agent="小林", message_id=older.id), talk.conversation, older
    )
    assert turn.translation is not None
    assert turn.translation.text == "您好"
    assert turn.case == case
    assert turn.proposals is None


async def test_resolving_closes_proposals_and_clock_and_a_new_message_opens_again():
    talk = Talk(manager())
    await talk.buyer(LATE)
    status = AgentSetStatus(agent="小林", resolved=True)
    turn = await talk.manager.on_team_action(status, talk.conversation, None)
    assert (turn.case.status, turn.proposals, turn.stop_clocks) == (CaseStatus.RESOLVED, (), CLOCKS)
    talk.conversation = replace(talk.conversation, case=turn.case, proposals=())
    again = await talk.buyer("Sorry, it is still not here")
    assert again.case.status is CaseStatus.OPEN


async def test_an_unanswered_buyer_becomes_urgent_until_answered():
    talk = Talk(manager())
    await talk.buyer(LATE)
    turn = await talk.manager.on_clock(ClockDue(kind=RESPONSE, due=MORNING), talk.conversation)
    assert turn.case.urgency is Urgency.HIGH
    assert cases.OVERDUE in turn.case.flags
    talk.conversation = replace(talk.conversation, case=turn.case)
    answered = await talk.pick(1)
    assert cases.OVERDUE not in answered.case.flags


async def test_a_machine_proposal_that_cannot_be_proven_is_not_on_offer():
    talk = Talk(manager(Scripted(text="Ceva greșit", proven=False)))
    await talk.buyer("Bună ziua, unde este coletul meu? Aștept de trei săptămâni și nu a ajuns.")
    assert talk.conversation.case.language == "ro"
    assert [proposal.buyer_text for proposal in talk.proposals] == [None] * len(talk.proposals)


async def test_every_written_language_renders_every_reply_it_offers():
    """No proposal may name a fact it has not: rendering all situations with few facts must never fail."""
    talk = Talk(manager())
    for text in ("I got 2 of 3 cups", "Order 8123456789012345 never came", "I want 15 dollars back"):
        turn = await talk.buyer(text)
        for proposal in turn.proposals or ():
            assert "{" not in proposal.seller_text
            assert "{" not in (proposal.buyer_text or "")


# ---- channels --------------------------------------------------------------------------------------------------------


async def test_the_window_warns_before_it_closes_and_every_message_opens_it_anew():
    talk = Talk(manager(), capabilities=Capabilities(window_hours=24))
    (await talk.buyer(LATE))
    second = await talk.buyer("Hello?")
    (clock,) = second.start_clocks
    assert clock == ClockSet(WINDOW, MORNING + timedelta(minutes=2, hours=24) - WINDOW_WARNING)


async def test_nothing_but_a_template_leaves_through_a_closed_window():
    talk = Talk(manager(Scripted(text="翻译", proven=True)), capabilities=Capabilities(window_hours=24, templates=True))
    await talk.buyer(LATE)
    talk.conversation = replace(talk.conversation, window_open=False)
    assert (await talk.pick(1)).refusal == Refusal(RefusalCode.WINDOW_CLOSED)
    template = TemplateUse(name="update", language="en_US", text="Your order is on its way.")
    sent = await talk.manager.on_template(AgentSentTemplate(agent="小林", template=template), talk.conversation)
    assert sent.reply is not None
    assert (sent.reply.buyer_text, sent.reply.seller_text, sent.reply.language) == (template.text, "翻译", "en")
    assert sent.stop_clocks == CLOCKS


async def test_a_channel_without_templates_sends_none():
    talk = Talk(manager())
    await talk.buyer(LATE)
    sent = AgentSentTemplate(agent="小林", template=TemplateUse(name="update", language="en", text="x"))
    assert (await talk.manager.on_template(sent, talk.conversation)).refusal is not None


async def test_what_is_typed_above_the_limits_waits_for_a_lead():
    talk = Talk(manager(Scripted(text="We refund 900 USD.", proven=True)))
    await talk.buyer(LATE)
    turn = await talk.type("我们退您 900 美元。")
    assert turn.reply is not None
    assert turn.reply.held is RefusalCode.NEEDS_APPROVAL
    assert turn.escalate == (Reason.APPROVAL,)
    assert turn.proposals is None
    lead = await talk.choose(Choice(agent="主管", seller_text="我们退您 900 美元。", lead=True))
    assert lead.reply is not None
    assert lead.reply.held is None


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("Refund me right now or I will leave a one star review!!!", Reason.THREAT),
        ("THIS IS A SCAM, YOU ARE LIARS, I AM FURIOUS!!!", Reason.ANGRY),
        ("Pay me 100 dollars or I will post ten negative reviews about your shop.", Reason.EXTORTION),
    ],
)
async def test_the_team_is_told_of_what_gets_hot(said: str, reason: Reason):
    talk = Talk(manager())
    assert reason in (await talk.buyer(said)).escalate
    quiet = Talk(manager(), shop=replace(SHOP, escalate=frozenset()))
    assert (await quiet.buyer(said)).escalate == ()


async def test_a_calm_question_tells_nobody():
    talk = Talk(manager())
    assert (await talk.buyer(LATE)).escalate == ()


async def test_engines_that_all_failed_are_told_but_a_shop_without_engines_is_not():
    down = Talk(manager(Scripted(attempts=(Attempt("google", "timeout"),))))
    assert Reason.ENGINE_DOWN in (await down.buyer(LATE)).escalate
    assert (await Talk(manager()).buyer(LATE)).escalate == ()


@pytest.mark.parametrize(
    ("clock", "reasons"), [(UNANSWERED, (Reason.UNANSWERED,)), (WINDOW, (Reason.DEADLINE,)), (RESPONSE, ())]
)
async def test_clocks_that_run_out_tell_the_team(clock: str, reasons: tuple[Reason, ...]):
    talk = Talk(manager())
    await talk.buyer(LATE)
    turn = await talk.manager.on_clock(ClockDue(kind=clock, due=MORNING), talk.conversation)
    assert turn.escalate == reasons
    assert turn.case.urgency is Urgency.HIGH


async def test_an_unreachable_buyer_is_marked_until_they_write_again():
    talk = Talk(manager())
    await talk.buyer(LATE)
    turn = await talk.manager.on_delivery_failed("unreachable", talk.conversation)
    assert turn.escalate == (Reason.UNREACHABLE,)
    assert cases.UNREACHABLE in turn.case.flags
    talk.conversation = replace(talk.conversation, case=turn.case)
    assert cases.UNREACHABLE not in (await talk.buyer("I am back")).case.flags


async def test_what_the_seller_wrote_on_the_phone_counts_as_an_answer():
    talk = Talk(manager(Scripted(text="包裹在路上", proven=True)))
    await talk.buyer(LATE)
    turn = await talk.manager.on_seller_wrote(SellerWrote(text="It is on its way"), talk.conversation)
    assert turn.reply is not None
    assert (turn.reply.buyer_text, turn.reply.seller_text, turn.reply.on_platform) == (
        "It is on its way",
        "包裹在路上",
        True,
    )
    assert (turn.proposals, turn.stop_clocks) == ((), CLOCKS)


async def test_the_shops_greeting_is_said_once_and_to_nobody_known():
    talk = Talk(manager())
    started = BuyerStarted(language="en", greeting="Hello!", greeting_chinese="您好！")
    turn = await talk.manager.on_buyer_started(started, talk.conversation)
    assert turn.reply is not None
    assert (turn.reply.buyer_text, turn.reply.seller_text) == ("Hello!", "您好！")
    await talk.buyer(LATE)
    assert (await talk.manager.on_buyer_started(started, talk.conversation)).reply is None
    assert (await talk.manager.on_buyer_started(BuyerStarted(), talk.conversation)).reply is None


async def test_an_attachment_leaves_without_words_where_the_channel_carries_it():
    talk = Talk(manager(), capabilities=Capabilities(media={"photo": 100}))
    await talk.buyer(LATE)
    photo = Media(kind="photo", ref="r", size=100)
    turn = await talk.choose(Choice(agent="小林", seller_text="", media=(photo,)))
    assert turn.reply is not None
    assert (turn.reply.buyer_text, turn.reply.media) == ("", (photo,))
    for bad in (replace(photo, size=101), replace(photo, kind="video"), replace(photo, ref="")):
        refused = await talk.choose(Choice(agent="小林", seller_text="看", media=(bad,)))
        assert refused.refusal == Refusal(RefusalCode.MEDIA)


@pytest.mark.parametrize(
    ("text", "flags", "asked", "shown"),
    [
        ("我们已经看到您的消息", (), False, False),
        ("我们已经看到您的消息", (), True, True),
        ("我们给您退 4 美元", (), False, True),
        ("我们给您重发一件", (), False, True),
        ("我们已经看到您的消息", ("dispute_opened",), False, True),
        ("我们已经看到您的消息", ("overdue",), False, False),
    ],
)
async def test_what_much_hangs_on_is_translated_back_by_itself(text, flags, asked, shown):
    talk = Talk(manager(Scripted(text="Estamos en ello", proven=True)))
    await talk.buyer("Hola, ¿dónde está mi paquete?")
    talk.conversation = replace(talk.conversation, case=replace(talk.conversation.case, flags=flags))
    found = await talk.manager.preview(text, talk.conversation)
    assert isinstance(found, Translation)
    back = await talk.manager.back(found, text, talk.conversation, asked=asked)
    assert (back is not None) == shown
