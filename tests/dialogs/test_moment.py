"""What a reply must fit, what the team's picks change, and the grounds that are shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from dialogs import proposals
from dialogs.errors import BadData
from dialogs.faults import Cause, Fault
from dialogs.messages import (
    Case,
    Facts,
    Kind,
    LanguageReading,
    Manner,
    Mood,
    Reading,
    Shop,
    Want,
)
from dialogs.moment import Moment
from dialogs.playbooks import Playbook, Playbooks, ReplyRule, never_offered
from dialogs.promises import Picks

READ = Reading(language=LanguageReading(code="en", confidence=1.0))


def rule(name: str = "one", **conditions) -> ReplyRule:
    return ReplyRule(id=f"unknown.{name}", kind=Kind.CALMING, zh=name, why="。", **conditions)


def moment(case: Case | None = None, shop: Shop | None = None, **more) -> Moment:
    return Moment(case=case or Case(), reading=READ, shop=shop or Shop(id="s", name="S"), **more)


@pytest.mark.parametrize(
    ("conditions", "fitting", "other"),
    [
        ({"dispute": True}, Case(flags=("dispute_opened",)), Case()),
        ({"dispute": False}, Case(), Case(flags=("dispute_opened",))),
        ({"languages": frozenset({"pt"})}, Case(language="pt"), Case(language="es")),
        ({"causes": frozenset({Cause.LOST})}, Case(cause=Cause.LOST), Case(cause=Cause.SLOW)),
        ({"days_min": 30}, Case(facts=Facts(days=30)), Case(facts=Facts(days=29))),
    ],
)
def test_a_reply_is_offered_only_where_its_condition_holds(conditions, fitting: Case, other: Case) -> None:
    assert moment(fitting).fits(rule(**conditions))
    assert not moment(other).fits(rule(**conditions))


def test_a_warm_line_is_for_a_warm_shop_and_a_plain_one_for_all() -> None:
    warm = Shop(id="s", name="S", manner=Manner.WARM)
    assert moment(shop=warm).fits(rule(manner=Manner.WARM))
    assert not moment().fits(rule(manner=Manner.WARM))
    assert moment().fits(rule())
    assert moment(shop=warm).fits(rule())


def test_a_line_of_one_platform_is_not_for_another() -> None:
    there, elsewhere = Shop(id="s", name="S", platform="aliexpress"), Shop(id="s", name="S", platform="jd")
    line = rule(platforms=frozenset({"aliexpress"}))
    assert moment(shop=there).fits(line)
    assert not moment(shop=elsewhere).fits(line)
    assert not moment().fits(line)


def test_grounds_name_every_condition_that_was_met() -> None:
    case = Case(
        mood=Mood.ANGRY,
        fault=Fault.CARRIER,
        cause=Cause.LOST,
        wants=(Want.REFUND,),
        kinds=(Kind.APOLOGY,),
        flags=("dispute_opened",),
        facts=Facts(days=32, photos=2),
    )
    asks = rule(
        dispute=True,
        moods=frozenset({Mood.ANGRY}),
        days_min=30,
        causes=frozenset({Cause.LOST}),
        faults=frozenset({Fault.CARRIER}),
        wants=frozenset({Want.REFUND, Want.RESEND}),
        known=frozenset({"photos"}),
        after=frozenset({Kind.APOLOGY}),
    )
    assert moment(case, facts={"photos": 2}).grounds(asks) == (
        "dispute", "mood:angry", "days:32", "cause:lost", "want:refund", "photos:2", "after:apology",
    )  # fmt: skip
    assert moment(case).grounds(rule()) == ()


def test_what_the_team_picks_comes_first_and_says_so() -> None:
    books = Playbooks((Playbook("unknown", "其他", (rule("first"), rule("second"))),))
    assert [found.id for found in proposals.choose(books, moment())] == ["unknown.first", "unknown.second"]
    picks = {"unknown.first": Picks(1, 20), "unknown.second": Picks(12, 20)}
    learned = moment(picks=picks)
    assert [found.id for found in proposals.choose(books, learned)] == ["unknown.second", "unknown.first"]
    assert learned.grounds(rule("second")) == ("picked:12/20",)
    assert learned.grounds(rule("first")) == ()


def test_a_few_picks_move_little_and_no_number_of_them_beats_what_fits_better() -> None:
    few, many = moment(picks={"unknown.one": Picks(1, 1)}), moment(picks={"unknown.one": Picks(900, 900)})
    assert few.score(rule()) - rule().worth < 2
    assert many.score(rule()) - rule().worth <= 6
    assert many.score(rule()) < moment().score(rule(weight=17))


def test_picks_never_bring_back_what_was_said() -> None:
    assert not moment(Case(said=("unknown.one",)), picks={"unknown.one": Picks(9, 9)}).fits(rule())


def test_replies_that_wait_for_each_other_are_found_and_the_others_not() -> None:
    after = {
        "first": frozenset[str](),
        "second": frozenset({"first", "circle"}),
        "circle": frozenset({"round"}),
        "round": frozenset({"circle"}),
        "behind": frozenset({"round"}),
    }
    assert never_offered(after) == {"circle", "round", "behind"}


@pytest.mark.parametrize(
    ("after_reply", "said"),
    [('["quality.b"]', "goes in a circle"), ('["quality.none"]', "must be the id of a reply")],
)
def test_a_circle_and_an_unknown_reply_are_refused_at_load(tmp_path: Path, after_reply: str, said: str) -> None:
    def reply(name: str, more: str = "") -> str:
        text = f'zh = "{name}好"\nwhy = "。"\n{more}\n'
        return f'[[reply]]\nid = "{name}"\nkind = "calming"\n{text}'

    (tmp_path / "unknown.toml").write_text(
        'situation = "unknown"\ntitle = "其他"\n' + reply("unknown.a"), encoding="utf-8"
    )
    first, second = (
        reply("quality.a", f"after_reply = {after_reply}"),
        reply("quality.b", 'after_reply = ["quality.a"]'),
    )
    path = tmp_path / "quality.toml"
    path.write_text(f'situation = "quality"\ntitle = "质量"\n{first}{second}', encoding="utf-8")
    with pytest.raises(BadData, match=said) as caught:
        Playbooks.load(tmp_path)
    assert "quality.toml:4: quality.a" in str(caught.value)
