"""The handbooks' flows from the first message to the end, as conversations: what is offered, leaves and stays."""

from __future__ import annotations

from dataclasses import replace

from dialogs.events import AgentChangedPlan
from dialogs.messages import Case, Kind, Mood, Origin, Turn
from dialogs.promises import PlanState
from tests.dialogs.talk import SHOP, Talk
from tests.dialogs.test_manager import manager

PATIENT = replace(SHOP, extend_days=120)


class Shopkeeper(Talk):
    """A seller who takes the replies the handbook asks for, and finds each of them on offer."""

    def __init__(self) -> None:
        super().__init__(manager())
        self.conversation = replace(self.conversation, shop=PATIENT)

    @property
    def offered(self) -> list[str]:
        return [proposal.reply_id for proposal in self.proposals]

    @property
    def case(self) -> Case:
        return self.conversation.case

    async def says(self, reply_id: str) -> str:
        """Send a reply that is on offer; what the buyer reads."""
        assert reply_id in self.offered, self.offered
        turn = await self.pick(self.offered.index(reply_id) + 1)
        return self._left(turn)

    async def looks_up(self, reply_id: str) -> str:
        """Send a reply of the library, in a person's words."""
        found = next(each for each in self.manager.library(self.conversation) if each.id == reply_id)
        assert not found.missing, found.missing
        return self._left(await self.type(found.seller_text))

    def _left(self, turn: Turn) -> str:
        assert turn.refusal is None
        assert turn.reply is not None
        assert (turn.reply.held, turn.reply.origin) == (None, Origin.WRITTEN)
        return turn.reply.buyer_text or ""

    def promises(self) -> list[tuple[str, str]]:
        return [(plan.remedy, plan.state.value) for plan in self.case.plans]


async def test_a_late_parcel_to_brazil_is_looked_for_and_its_time_extended() -> None:
    shop = Shopkeeper()
    await shop.buyer("Olá, meu pacote está atrasado, já faz 40 dias. Onde está?")
    assert shop.case.situation == "in_transit"
    assert "40" in await shop.says("in_transit.waited_days")
    await shop.buyer("Continua atrasado, onde está o meu pacote?")
    assert "120" in await shop.says("in_transit.extend_brazil")
    assert shop.promises() == [("extend_time", "offered")]
    await shop.buyer("Ok, obrigada, vou esperar")
    assert not [name for name in shop.offered if name.startswith("in_transit.extend")]


async def test_a_quality_fault_is_settled_by_a_credit_first_and_by_a_checked_new_one_when_the_buyer_insists() -> None:
    shop = Shopkeeper()
    await shop.buyer("The lamp stopped working after two days, poor quality.")
    assert not [proposal for proposal in shop.proposals if proposal.kind is Kind.REMEDY]
    await shop.says("quality.ask_photos")
    await shop.buyer("Here is a photo of the lamp", photos=2)
    assert "$3.00" in await shop.says("quality.first_credit")
    await shop.buyer("No, I don't want a discount, please send me a new one")
    await shop.says("quality.resend_checked")
    assert shop.promises() == [("credit", "offered"), ("resend", "offered")]
    await shop.buyer("ok thank you")
    assert "return_refund" not in {plan.remedy for plan in shop.case.plans}


async def test_damaged_goods_are_settled_by_pictures_that_are_asked_for_once() -> None:
    shop = Shopkeeper()
    await shop.buyer("The vase arrived broken :(")
    await shop.says("damaged.ask_photos")
    await shop.buyer("Here are the pictures", photos=3)
    assert not [name for name in shop.offered if "ask_photos" in name]
    assert "$5.00" in await shop.says("damaged.goodwill")
    await shop.buyer("ok, that is fine, thank you")
    assert shop.promises() == [("partial_refund", "offered")]


async def test_who_chose_the_wrong_size_need_not_prove_it_and_hears_who_pays() -> None:
    shop = Shopkeeper()
    await shop.buyer("I ordered the wrong size by mistake, L is too big for me, can I exchange it?")
    assert not [name for name in shop.offered if "ask_photos" in name]
    text = await shop.says("not_as_described.size_by_buyer")
    assert "$3.00" in text
    assert "shipping" in text


async def test_signed_by_somebody_else_asks_the_carrier_and_is_glad_when_it_is_found() -> None:
    shop = Shopkeeper()
    await shop.buyer("Tracking says delivered but I never got it, someone else signed for it")
    assert shop.case.situation == "signed_not_received"
    await shop.says("signed_not_received.proof_of_delivery")
    await shop.buyer("My neighbour had it, found it! thanks")
    await shop.looks_up("signed_not_received.found")


async def test_anger_with_a_threat_of_a_bad_review_is_settled_by_five_dollars_free_of_the_review() -> None:
    shop = Shopkeeper()
    turn = await shop.buyer("THIS IS TERRIBLE!!! Broken again. I will leave a 1 star review if you don't fix this NOW")
    assert (turn.case.mood, turn.case.situation) == (Mood.ANGRY, "review_threat")
    assert turn.escalate
    await shop.says("review_threat.care_angry")
    await shop.buyer("STILL ANGRY!!! 1 star review coming!!!")
    assert "$5.00" in await shop.says("review_threat.two_options")
    assert shop.promises() == [("partial_refund", "offered")]
    settled = [plan.id for plan in shop.case.plans]
    body = AgentChangedPlan(agent="小林", plan=settled[0], state=PlanState.DONE)
    done = await shop.manager.on_team_action(body, shop.conversation, None)
    assert [plan.state for plan in done.case.plans] == [PlanState.DONE]


async def test_extortion_is_refused_firmly_and_nothing_is_ever_conceded() -> None:
    shop = Shopkeeper()
    await shop.buyer("Give me 50 dollars or I will leave bad reviews on all your products")
    await shop.says("extortion.rules_only")
    await shop.buyer("Pay me or I write 1 star everywhere")
    await shop.says("extortion.no_exchange")
    await shop.buyer("Last chance, 50 dollars or 1 star!")
    assert shop.promises() == []
    kinds = {proposal.kind for proposal in shop.proposals}
    assert kinds <= {Kind.FIRM, Kind.HOLDING, Kind.QUESTION, Kind.NOTICE}


async def test_what_looked_like_a_defect_was_a_question_of_use() -> None:
    shop = Shopkeeper()
    await shop.buyer("The camera doesn't work, it does not turn on")
    await shop.says("cannot_use.ask_step")
    await shop.buyer("How do I charge it? I don't understand")
    await shop.says("cannot_use.send_guide")
    await shop.buyer("Oh it works now, thank you!")
    await shop.looks_up("cannot_use.glad_it_works")
    assert shop.promises() == []


async def test_a_bargain_is_thanked_for_asked_up_and_answered() -> None:
    shop = Shopkeeper()
    await shop.buyer("Can you give me a discount? It's too expensive")
    await shop.says("bargain.ask_lead")
    await shop.buyer("10% off please, I will buy 5")
    await shop.says("bargain.lead_said")
    await shop.buyer("Hmm, let me think about it")
    assert "hesitation.which_doubt" in shop.offered or "hesitation.take_time" in shop.offered


async def test_a_return_is_explained_received_and_refunded() -> None:
    shop = Shopkeeper()
    await shop.buyer("Hello, I want to return my order please")
    await shop.looks_up("return_request.how_to_return")
    await shop.buyer("I sent it back yesterday")
    await shop.says("return_request.received_back")
    await shop.buyer("When do I get my refund?")
    assert shop.case.situation in {"refund_status", "return_request"}
    await shop.looks_up("return_request.refunded")
    assert shop.case.said[-1] == "return_request.refunded"
