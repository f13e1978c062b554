"""Which replies are offered: the rules of the trade, tried on the shipped playbooks."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogs import cases, proposals
from dialogs.carriers import Carriers
from dialogs.faults import Fault
from dialogs.known import known_facts
from dialogs.messages import (
    Case,
    Contact,
    Facts,
    Kind,
    LanguageReading,
    Mood,
    Origin,
    Reading,
    Reply,
    Shop,
    SituationReading,
    Step,
    Want,
)
from dialogs.moment import Moment
from dialogs.playbooks import Playbook, Playbooks, ReplyRule
from dialogs.promises import Money

BOOKS = Playbooks.load()
CARRIERS = Carriers.load()
GENEROUS = Shop(id="s", name="Sunny Store", goodwill=Money(Decimal(5), "USD"), credit=Money(Decimal(3), "USD"))
STRICT = Shop(id="s", name="Sunny Store", remedies=frozenset({"information", "extend_time"}))
SITUATIONS = sorted(BOOKS.titles())
REQUIRED = [
    "in_transit",
    "not_received",
    "signed_not_received",
    "shortage",
    "damaged",
    "not_as_described",
    "wrong_item",
    "quality",
    "cannot_use",
    "review_threat",
    "cancel",
    "greeting",
]


def reading(*situations: str, mood: Mood = Mood.CALM, facts: Facts | None = None, wants: tuple[Want, ...] = ()):
    return Reading(
        language=LanguageReading(code="en", confidence=1.0),
        situations=tuple(SituationReading(name, 0.9) for name in situations if name != "unknown"),
        mood=mood,
        facts=facts or Facts(),
        wants=wants,
    )


def told(case: Case, said: Reading) -> Case:
    return cases.after_message(case, said)


def sent(case: Case, reply_id: str) -> Case:
    rule = BOOKS.replies[reply_id]
    return cases.after_reply(
        case,
        Reply(
            seller_text=rule.zh,
            buyer_text="…",
            language="en",
            origin=Origin.WRITTEN,
            kind=rule.kind,
            reply_id=rule.id,
        ),
    )


def moment(case: Case, said: Reading, shop: Shop, **more) -> Moment:
    facts = known_facts(case, shop, Contact(1, "Ana"), CARRIERS)
    return Moment(case=case, reading=said, shop=shop, facts=facts, **more)


def offered(case: Case, said: Reading, shop: Shop = GENEROUS):
    return proposals.choose(BOOKS, moment(case, said, shop))


@pytest.mark.parametrize("situation", REQUIRED)
def test_the_first_message_of_every_required_situation_has_three_different_answers(situation: str):
    said = reading(situation)
    rules = offered(told(Case(), said), said)
    assert len({rule.id for rule in rules}) == 3
    if situation not in {"greeting", "cancel"}:
        assert [rule.kind for rule in rules][:2] == [Kind.CALMING, Kind.APOLOGY]


@pytest.mark.parametrize("situation", sorted(cases.NEEDS_PHOTOS & set(SITUATIONS)))
def test_goods_at_fault_get_a_question_before_any_remedy_unless_pictures_came_along(situation: str):
    said = reading(situation)
    kinds = [rule.kind for rule in offered(told(Case(), said), said)]
    assert Kind.QUESTION in kinds
    assert Kind.REMEDY not in kinds
    shown = reading(situation, facts=Facts(photos=2))
    rules = offered(told(Case(), shown), shown)
    assert Kind.REMEDY in [rule.kind for rule in rules]
    assert not [rule for rule in rules if rule.kind is Kind.QUESTION and "photos" in rule.unknown]


def test_no_second_apology_in_a_row():
    said = reading("in_transit", mood=Mood.UPSET)
    case = sent(told(Case(), said), "in_transit.sorry_slow")
    assert Kind.APOLOGY not in [rule.kind for rule in offered(told(case, said), said)]


def test_extortion_gets_the_firm_line_and_nothing_that_costs():
    said = reading("extortion", mood=Mood.ANGRY, wants=(Want.REFUND,))
    case = told(Case(), said)
    rules = offered(case, said)
    assert rules[0].kind is Kind.FIRM
    assert not [rule for rule in rules if rule.remedy or rule.kind in {Kind.REMEDY, Kind.APOLOGY}]
    later = reading("not_received", wants=(Want.REFUND,))
    assert not [rule for rule in offered(told(case, later), later) if rule.remedy]


def test_money_is_offered_only_where_the_shop_set_a_limit():
    poor = replace(GENEROUS, goodwill=None, credit=None)
    for situation in SITUATIONS:
        for mood in Mood:
            said = reading(situation, mood=mood, facts=Facts(photos=1, days=70))
            for rule in offered(told(Case(kinds=(Kind.REMEDY,)), said), said, poor):
                assert not {"goodwill", "credit"} & rule.placeholders


def test_a_remedy_the_shop_keeps_for_leads_is_not_offered():
    for situation in SITUATIONS:
        said = reading(situation, facts=Facts(photos=1, days=70), wants=(Want.REFUND,))
        for rule in offered(told(Case(fault=Fault.SELLER), said), said, STRICT):
            assert rule.remedy in {None, "information", "extend_time"}


def test_small_talk_does_not_replace_the_trouble():
    trouble = reading("damaged", facts=Facts(photos=1))
    case = told(Case(), trouble)
    thanks = reading("thanks")
    after = told(case, thanks)
    assert after.situation == "damaged"
    assert after.facts.photos == 1
    assert not {rule.kind for rule in offered(after, thanks)} & {Kind.APOLOGY, Kind.REMEDY}


def test_a_wish_within_a_trouble_keeps_the_trouble():
    case = told(Case(), reading("damaged", facts=Facts(photos=1)))
    wish = reading("return_request", wants=(Want.REFUND,))
    after = told(case, wish)
    assert (after.situation, after.wants) == ("damaged", (Want.REFUND,))
    assert {rule.situation for rule in offered(after, wish)} == {"damaged"}
    promised = sent(after, "damaged.resend_or_refund")
    assert told(promised, reading("refund_status")).situation == "refund_status"
    assert told(Case(), wish).situation == "return_request"


def test_small_talk_that_asks_for_money_is_answered_as_the_trouble_it_is():
    case = sent(told(Case(), reading("in_transit")), "in_transit.extend_time")
    polite = reading("praise", wants=(Want.REFUND,))
    rules = offered(told(case, polite), polite)
    assert {rule.situation for rule in rules} <= {"in_transit", "unknown"}
    assert Kind.REMEDY in [rule.kind for rule in rules]
    alone = reading("praise", wants=(Want.REFUND,))
    assert Kind.QUESTION in [rule.kind for rule in offered(told(Case(), alone), alone)]


def test_a_fresh_trouble_after_a_remedy_is_not_asked_whether_all_is_settled():
    case = sent(told(Case(), reading("not_received")), "not_received.investigate")
    dispute = reading("dispute_opened")
    rules = offered(told(case, dispute), dispute)
    assert [rule.kind for rule in rules] == [Kind.CALMING, Kind.APOLOGY, Kind.REMEDY]
    assert {rule.situation for rule in rules} == {"dispute_opened"}
    quiet = reading("unknown")
    assert offered(told(case, quiet), quiet)[0].kind is Kind.NOTICE


def test_an_unclear_message_keeps_the_case_and_an_unclear_start_is_asked_about():
    unclear = reading("unknown")
    assert Kind.QUESTION in [rule.kind for rule in offered(told(Case(), unclear), unclear)]
    case = told(told(Case(), reading("not_received")), unclear)
    assert proposals.topic(case, unclear) == "not_received"


def test_the_ladder_is_climbed_not_jumped():
    said = reading("quality", facts=Facts(photos=1), wants=(Want.REFUND,))
    case = replace(told(Case(), said), fault=Fault.SELLER)
    first = next(rule for rule in offered(case, said) if rule.kind is Kind.REMEDY)
    assert first.remedy not in {"refund", "return_refund"}


def test_a_resolved_case_that_is_opened_again_starts_its_talk_anew():
    said = reading("in_transit")
    case = sent(told(Case(), said), "in_transit.sorry_slow")
    closed = replace(case, status=cases.CaseStatus.RESOLVED)
    again = told(closed, said)
    assert again.status is cases.CaseStatus.OPEN
    assert again.said == ()


@given(
    st.lists(
        st.tuples(
            st.sampled_from(SITUATIONS),
            st.sampled_from(list(Mood)),
            st.integers(0, 2),
            st.integers(0, 3),
            st.sets(st.sampled_from(list(Want))),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_any_talk_offers_up_to_three_replies_and_none_twice(lines):
    case = Case()
    for situation, mood, photos, pick, wants in lines:
        said = reading(situation, mood=mood, facts=Facts(photos=photos), wants=tuple(sorted(wants)))
        case = told(case, said)
        rules = offered(case, said)
        assert len(rules) <= 3
        assert len({rule.id for rule in rules}) == len(rules)
        assert not {rule.id for rule in rules} & set(case.said)
        assert offered(case, said) == rules
        if case.kinds and case.kinds[-1] is Kind.APOLOGY:
            assert Kind.APOLOGY not in {rule.kind for rule in rules}
        if pick < len(rules):
            case = sent(case, rules[pick].id)


def book(*rules: ReplyRule) -> Playbooks:
    return Playbooks((Playbook("unknown", "其他", rules),))


def rule(name: str, **conditions) -> ReplyRule:
    return ReplyRule(id=f"unknown.{name}", kind=Kind.CALMING, zh=name, why="。", **conditions)


def test_what_stands_in_for_another_kind_is_not_what_is_offered_already():
    rules = proposals.choose(book(rule("first"), rule("second")), moment(Case(), reading("unknown"), GENEROUS))
    assert [found.id for found in rules] == ["unknown.first", "unknown.second"]


@pytest.mark.parametrize(
    ("conditions", "worth"),
    [
        ({}, 10),
        ({"moods": frozenset({Mood.CALM})}, 14),
        ({"steps": frozenset({Step.REACT}), "faults": frozenset({Fault.UNKNOWN})}, 18),
        ({"wants": frozenset({Want.REFUND})}, 16),
        ({"known": frozenset({"days"}), "placeholders": frozenset({"days", "order"}), "days_min": 3}, 18),
        ({"days_max": 3, "weight": 20}, 22),
    ],
)
def test_the_specific_is_worth_more_than_the_general(conditions, worth):
    assert rule("one", **conditions).worth == worth
