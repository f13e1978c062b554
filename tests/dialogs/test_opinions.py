"""What others think of a message weighs in beside the cues, and never decides what is rare and costly."""

from __future__ import annotations

import pytest

from dialogs.carriers import Carriers
from dialogs.manager import DialogManager
from dialogs.messages import LanguageReading, Mood, Opinion, Reading, Want
from tests.dialogs.reading.shared import READER, TODAY
from tests.dialogs.talk import Talk
from tests.dialogs.test_conversations import DETECTOR, PLAYBOOKS, REPLIES, TONE
from tests.dialogs.test_manager import Scripted


def thinks(
    source: str = "embeddings", *, mood: Mood | None = None, wants: tuple[Want, ...] | None = None, **shares: float
):
    return Opinion(source=source, situations=shares, alike={"damaged": "it broke"}, mood=mood, wants=wants)


def read(text: str, *opinions: Opinion) -> Reading:
    return READER.read(text, LanguageReading(code="en", confidence=1.0), today=TODAY, opinions=opinions)


ODD = "the whole thing went to bits in my hands"  # no cue knows these words


def test_meaning_tells_where_no_cue_does():
    assert read(ODD).situation == "unknown"
    found = read(ODD, thinks(damaged=0.9, quality=0.1)).situations[0]
    assert found.id == "damaged"
    assert found.evidence[0].cue == "≈ it broke"
    assert (found.evidence[0].start, found.evidence[0].end) == (0, len(ODD))


def test_a_doubtful_opinion_leaves_a_message_unknown():
    assert read(ODD, thinks(damaged=0.4, quality=0.3)).situation == "unknown"


def test_clear_words_lead_whatever_the_meaning_seems_to_be():
    assert read("I never got my order", thinks(praise=1.0)).situation == "not_received"


@pytest.mark.parametrize(
    "situation", ["extortion", "review_threat", "signed_not_received", "customs_hold", "dispute_opened"]
)
def test_nobody_but_the_cues_tells_what_is_rare_and_costly(situation: str):
    assert situation not in {found.id for found in read(ODD, thinks("model", **{situation: 1.0})).situations}


def test_an_opinion_confirms_what_is_rare():
    doubtful, confirmed = read("lawyer"), read("lawyer", thinks("model", review_threat=0.9))
    assert doubtful.situation == confirmed.situation == "review_threat"
    assert confirmed.situations[0].confidence > doubtful.situations[0].confidence


def test_a_model_judges_the_mood_but_no_insult_away():
    calm = thinks("model", mood=Mood.CALM)
    assert read("what a day!!!", thinks("model", mood=Mood.ANGRY)).mood is Mood.ANGRY
    assert read("I am disappointed", calm).mood is Mood.CALM


def test_what_a_model_hears_the_buyer_want_is_added_once():
    assert read("I want a refund", thinks("model", wants=(Want.REFUND, Want.APOLOGY))).wants == (
        Want.REFUND,
        Want.APOLOGY,
    )


def test_a_situation_nobody_knows_is_not_read():
    assert read(ODD, thinks("model", refund_everything=1.0, unknown=1.0)).situations == ()


class Adviser:
    """Remembers what it was asked."""

    def __init__(self, opinion: Opinion | None) -> None:
        self.opinion = opinion
        self.asked: list[str] = []

    async def consider(self, text: str, *, language: str | None, chinese: str | None) -> Opinion | None:
        self.asked.append(text)
        return self.opinion


def manager(*advisers: Adviser) -> DialogManager:
    return DialogManager(
        detector=DETECTOR,
        reader=READER,
        translator=Scripted(),
        playbooks=PLAYBOOKS,
        replies=REPLIES,
        carriers=Carriers.load(),
        tone=TONE,
        advisers=advisers,
    )


async def test_advisers_are_asked_with_numbers_and_addresses_hidden():
    adviser, silent = Adviser(thinks(damaged=1.0)), Adviser(None)
    turn = await Talk(manager(adviser, silent)).buyer(
        "order 8123456789012345 went to bits, write to ana@correo.example"
    )
    assert turn.reading is not None
    assert turn.reading.situation == "damaged"
    for asked in (*adviser.asked, *silent.asked):
        assert "8123456789012345" not in asked
        assert "ana@" not in asked
        assert "went to bits" in asked


async def test_nobody_is_asked_about_a_picture_without_words():
    adviser = Adviser(None)
    await Talk(manager(adviser)).buyer(" ")
    assert adviser.asked == []
