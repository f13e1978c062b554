"""ToneGuard: hears what a seller's words would do to a buyer, in Chinese and in the buyer's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from dialogs.messages import (
    Conversation,
    Direction,
)
from dialogs.tone import outgoing
from dialogs.tone.chinese import RULES, ChineseRules
from dialogs.tone.outgoing import Outgoing
from dialogs.warnings import ToneWarning


class ToneGuard:
    """Warns of words, and says which of them must not leave at all."""

    def __init__(self, chinese: ChineseRules, languages: Mapping[str, Outgoing]) -> None:
        self.chinese = chinese
        self._languages = languages
        self._blocks = {block.rule: block for block in reversed(chinese.blocks)}

    @classmethod
    def load(cls, locales: Path, rules: Path = RULES) -> ToneGuard:
        """Read the rules for Chinese and ``tone.toml`` of every language in ``locales``.

        Raises:
            BadData: a file is wrong; names file, line, field, value and what would be right.
        """
        return cls(ChineseRules.load(rules), outgoing.load(locales))

    @property
    def languages(self) -> frozenset[str]:
        """Languages whose outgoing words are heard."""
        return frozenset(self._languages)

    def check(self, text: str, allowed: Iterable[str] = ()) -> tuple[ToneWarning, ...]:
        """What is heard in a seller's Chinese; never raises.

        ``allowed`` are texts the buyer gave: a number or an address that stands in one of them is not somebody else's.
        """
        return self.chinese.check(text, allowed)

    def check_outgoing(self, text: str, language: str) -> tuple[ToneWarning, ...]:
        """What is heard in a text in the buyer's language; nothing in one that has no words. Never raises."""
        base = language.partition("-")[0]
        if base == "zh":
            return tuple(_outgoing(each) for each in self.check(text))
        heard = self._languages.get(base)
        if heard is None:
            return ()
        found = [self._warning(text, *each) for each in heard.hear(text)]
        return tuple(sorted(found, key=lambda warning: (warning.start, warning.end)))

    def check_reply(
        self, seller_text: str, buyer_text: str | None, language: str | None, conversation: Conversation
    ) -> tuple[ToneWarning, ...]:
        """What is heard in both texts of one reply; what was heard in the Chinese is not told a second time."""
        chinese = self.check(seller_text, given(conversation))
        if not buyer_text or language is None:
            return chinese
        told = {warning.rule for warning in chinese}
        return (*chinese, *(each for each in self.check_outgoing(buyer_text, language) if each.rule not in told))

    def _warning(self, text: str, rule: str, start: int, end: int) -> ToneWarning:
        block = self._blocks[rule]
        return ToneWarning(
            rule=rule,
            start=start,
            end=end,
            words=text[start:end],
            why=block.why,
            better=block.better,
            hard=block.hard,
            outgoing=True,
        )


def given(conversation: Conversation) -> tuple[str, ...]:
    """What the buyer has given themselves: their words, and the numbers of the case."""
    facts = conversation.case.facts
    said = (message.text for message in conversation.history if message.direction is Direction.INCOMING)
    return (*said, *facts.orders, *facts.tracking, *conversation.contact.aliases.values())


def _outgoing(warning: ToneWarning) -> ToneWarning:
    return replace(warning, outgoing=True)
