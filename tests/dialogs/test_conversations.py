"""Every file of tests/conversations is a talk: buyer says, seller sees, seller picks or types, buyer gets."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dialogs.carriers import Carriers
from dialogs.language import DETECTORS
from dialogs.manager import DialogManager
from dialogs.messages import Kind, Turn
from dialogs.playbooks import Playbooks
from dialogs.ports import EngineAnswer
from dialogs.reading import Reader
from dialogs.replies import Replies
from dialogs.tone import ToneGuard
from dialogs.translation import ChainTranslator
from tests.dialogs.talk import NoMemory, PhraseBook, Talk

ROOT = Path(__file__).parents[2]
TALKS = {
    path.stem: tomllib.loads(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "tests" / "conversations").glob("*.toml"))
}
PLAYBOOKS = Playbooks.load()
REPLIES = Replies.load(ROOT / "locales", PLAYBOOKS.replies)
TONE = ToneGuard.load(ROOT / "locales")
READER = Reader.load(ROOT / "locales")
DETECTOR = DETECTORS["eldc"]()


class Obliging(PhraseBook):
    """A phrase book that says one fixed sentence, with the codes it was given, where it knows nothing better."""

    def __init__(self, pairs: Mapping[str, str], sentences: Mapping[str, str]) -> None:
        super().__init__(pairs)
        self._sentences = sentences

    async def translate(self, text: str, source: str | None, target: str) -> EngineAnswer:
        if text not in self._pairs and target in self._sentences:
            codes = re.findall(r"XQZ\d+|\[\[\d+\]\]", text)
            return EngineAnswer(" ".join([self._sentences[target], *codes]))
        return await super().translate(text, source, target)


def manager_for(script: Mapping[str, Any]) -> DialogManager:
    pairs, sentences = script.get("translations", {}), script.get("engine", {})
    engines = (Obliging(pairs, sentences),) if pairs or sentences else ()
    translator = ChainTranslator(engines=engines, memory=NoMemory(), detector=DETECTOR)
    return DialogManager(
        detector=DETECTOR,
        reader=READER,
        translator=translator,
        playbooks=PLAYBOOKS,
        replies=REPLIES,
        carriers=Carriers.load(),
        tone=TONE,
    )


@pytest.mark.parametrize("name", TALKS)
async def test_conversation(name: str) -> None:
    script = TALKS[name]
    talk = Talk(manager_for(script))
    for line in script["line"]:
        if "buyer" in line:
            check_card(line, await talk.buyer(line["buyer"], photos=line.get("photos", 0)), talk)
        else:
            check_answer(line, await answer(line, talk))


async def answer(line: Mapping[str, Any], talk: Talk) -> Turn:
    if "types" in line:
        return await talk.type(line["types"])
    wanted = line["picks"]
    if isinstance(wanted, str):
        kinds = [proposal.kind for proposal in talk.proposals]
        wanted = kinds.index(Kind(wanted)) + 1
    return await talk.pick(wanted)


def check_answer(line: Mapping[str, Any], turn: Turn) -> None:
    assert turn.refusal is None
    assert turn.reply is not None
    if "held" in line:
        assert turn.reply.held == line["held"]
        return
    assert turn.reply.held is None
    assert turn.reply.buyer_text
    assert line["gets"] in turn.reply.buyer_text


def check_card(line: Mapping[str, Any], turn: Turn, talk: Talk) -> None:
    reading, translation = turn.reading, turn.translation
    assert reading is not None
    assert translation is not None
    check_reading(line, turn)
    if "chinese" in line:
        assert translation.text == line["chinese"]
    if line.get("untranslated"):
        assert translation.text is None
    if "situation_of_case" in line:
        assert turn.case.situation == line["situation_of_case"]
    if "language_of_case" in line:
        assert turn.case.language == line["language_of_case"]
    if "flag" in line:
        assert line["flag"] in turn.case.flags
    check_proposals(line, talk)


def check_reading(line: Mapping[str, Any], turn: Turn) -> None:
    reading = turn.reading
    assert reading is not None
    if "language" in line:
        assert (reading.language.code or "") == line["language"]
    if "situation" in line:
        assert reading.situation in line["situation"]
    if "mood" in line:
        assert reading.mood == line["mood"]
    for want in line.get("wants", ()):
        assert want in reading.wants
    for name, value in line.get("facts", {}).items():
        known = getattr(turn.case.facts, name)
        assert (list(known) if isinstance(known, tuple) else known) == value


def check_proposals(line: Mapping[str, Any], talk: Talk) -> None:
    kinds = [proposal.kind.value for proposal in talk.proposals]
    said = talk.conversation.case.said
    assert 1 <= len(kinds) <= 3
    assert not {proposal.reply_id for proposal in talk.proposals} & set(said), "a reply is offered twice"
    if "kinds" in line:
        assert kinds == line["kinds"]
    assert set(line.get("has_kinds", ())) <= set(kinds)
    assert not set(line.get("not_kinds", ())) & set(kinds)
    if line.get("no_remedy"):
        assert not [p for p in talk.proposals if PLAYBOOKS.replies[p.reply_id].remedy]
    for proposal in talk.proposals:
        if line.get("no_buyer_text"):
            assert proposal.buyer_text is None
        elif "origin" in line:
            assert proposal.buyer_text
            assert proposal.origin == line["origin"]
            assert proposal.language == talk.conversation.case.language
