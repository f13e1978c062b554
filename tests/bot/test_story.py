"""The story: enough buyers in enough languages, played through the inbox once and only once."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from adapters.ports import Outcome
from bot.story import load_story, play
from bot.story_translator import StoryTranslator
from dialogs.errors import BadData
from dialogs.events import Accepted, AgentChose, AgentNoted, AgentSetStatus, BuyerWrote, Event
from dialogs.messages import Kind, Origin, Proposal, Translation
from dialogs.protection import prove

OFFERED = tuple(
    Proposal(
        id=f"p{n}",
        reply_id=f"r{n}",
        kind=Kind.CALMING,
        seller_text=f"回复{n}",
        buyer_text="…",
        language="es",
        origin=Origin.WRITTEN,
    )
    for n in (1, 2, 3)
)


class Door:
    """An inbox that keeps events as the real one does: the same twice is one."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.asked: list[int] = []

    async def accept(self, event: Event) -> Accepted:
        keys = [(known.account, known.external_id) for known in self.events]
        key = (event.account, event.external_id)
        if key in keys:
            return Accepted(keys.index(key), 1, duplicate=True)
        self.events.append(event)
        chats = list(dict.fromkeys(known.chat for known in self.events if known.chat))
        conversation = event.conversation_id or chats.index(event.chat) + 1
        return Accepted(len(self.events) - 1, conversation, duplicate=False)

    async def outcome(self, event_id: int, timeout: float = 30.0) -> Outcome:
        self.asked.append(event_id)
        return Outcome(done=True)


class Looks:
    def __init__(self, proposals: tuple[Proposal, ...] = OFFERED) -> None:
        self.proposals = proposals

    async def view(self, conversation_id: int) -> Any:
        return SimpleNamespace(turn_id=40 + conversation_id, proposals=self.proposals)


class Clock:
    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime(2026, 3, 1, tzinfo=UTC)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def test_the_day_is_full() -> None:
    story = load_story()
    assert len({line.buyer.id for line in story}) >= 8
    assert len({line.buyer.language for line in story}) >= 8
    assert {line.act for line in story} == {"says", "picks", "types", "notes", "resolves"}
    assert [line.at for line in story] == sorted(line.at for line in story)


async def test_buyers_write_and_the_seller_answers() -> None:
    door, story = Door(), load_story()
    await play(door, Looks(), story, account="web", speed=None)
    written = [event for event in door.events if isinstance(event.body, BuyerWrote)]
    assert len(written) == sum(line.act == "says" for line in story)
    assert {event.account for event in door.events} == {"web"}
    assert all(event.chat and event.contact_name for event in written)
    answered = [event for event in door.events if not isinstance(event.body, BuyerWrote)]
    assert {type(event.body) for event in answered} == {AgentChose, AgentNoted, AgentSetStatus}
    pick = next(event for event in answered if isinstance(event.body, AgentChose) and event.body.choice.proposal_id)
    assert isinstance(pick.body, AgentChose)
    assert pick.conversation_id is not None
    assert (pick.body.choice.seller_text, pick.body.choice.turn_id) == ("回复1", 40 + pick.conversation_id)
    assert len(door.asked) == len(answered)


async def test_a_second_start_doubles_nothing_and_does_not_wait() -> None:
    door, story = Door(), load_story()
    await play(door, Looks(), story, account="web", speed=None)
    before, clock = list(door.events), Clock()
    await play(door, Looks(), story, account="web", clock=clock)
    assert door.events == before
    assert sum(clock.slept) == 0


async def test_the_speed_paces_the_day() -> None:
    clock, story = Clock(), load_story()
    await play(Door(), Looks(), story, account="web", speed=600, clock=clock)
    hours = (story[-1].at.hour - story[0].at.hour) + (story[-1].at.minute - story[0].at.minute) / 60
    assert sum(clock.slept) == pytest.approx(hours * 3600 / 600)


async def test_answers_whose_proposals_are_gone_are_passed_over() -> None:
    door = Door()
    await play(door, Looks(proposals=()), load_story(), account="web", speed=None)
    chosen = [event.body for event in door.events if isinstance(event.body, AgentChose)]
    assert [body.choice.proposal_id for body in chosen] == [None]


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ('{ at = 09:00:00, says = "a", picks = 1 }', "exactly one of"),
        ('{ says = "a" }', "needs a time"),
        ('{ at = 09:00:00, shouts = "a" }', "exactly one of"),
        ('{ at = 09:00:00, says = "a" }, { at = 08:00:00, says = "b" }', "order of time"),
    ],
)
def test_a_broken_story_is_told(tmp_path: Path, lines: str, problem: str) -> None:
    file = tmp_path / "story.toml"
    file.write_text(f'[[buyer]]\nid = "a"\nname = "A"\nlanguage = "es"\nlines = [{lines}]\n', encoding="utf-8")
    with pytest.raises(BadData, match=problem):
        load_story(file)


def test_every_line_reads_in_the_other_language_with_its_codes_intact():
    for line in load_story():
        if line.act == "says":
            assert line.translated
            assert prove(line.value, line.translated, language="zh", glossary={}) == ()
        elif line.act == "types":
            assert line.translated
            assert prove(line.value, line.translated, language=line.buyer.language, glossary={}) == ()


async def test_the_demo_translates_its_story_and_asks_others_for_the_rest():
    asked: list[str] = []

    class Others:
        async def translate(self, text: str, *, source, target, shop, glossary) -> Translation:
            asked.append(text)
            return Translation(text=None, source=source, target=target, proven=False)

    story = load_story()
    translator = StoryTranslator(Others(), story)
    line = story[0]
    wish = {"source": None, "target": "zh", "shop": "main", "glossary": {}}
    known = await translator.translate(line.value, **wish)
    assert (known.text, known.engine) == (line.translated, "story")
    assert (await translator.translate("Hola, otra cosa", **wish)).text is None
    assert (await translator.translate(line.value, **{**wish, "target": "en"})).text is None
    assert asked == ["Hola, otra cosa", line.value]
