"""Chinese: which of the rules a seller's Chinese is heard against, and where their words stand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from dialogs.reading.folding import fold_characters
from dialogs.tone.data import ToneFile
from dialogs.warnings import ToneWarning

RULES: Final = Path(__file__).with_name("rules.toml")
PERSONAL: Final = "personal_data"

_SENTENCE: Final = re.compile(r"[^。!?;\n]++[。!?;]*+")
# What stands in quotation marks behind "您说" is what the buyer said.
_QUOTE: Final = re.compile(r"[“「『\"][^“”「」『』\"\n]{1,80}[”」』\"]")
_SAID: Final = re.compile(r"(?:说|讲|提到|写|回复|问|所谓)的?(?:是)?[,:]?$")
_NO_DIGITS: Final = re.compile(r"\D+")
_DENIAL_REACH: Final = 24  # characters before the words that may deny them
_WITH_COUNTRY: Final = 13  # digits of a Chinese mobile number with its country

_MOST: Final = 40  # places of one rule that are looked at; nobody reads a forty-first warning

_TOP: Final = ("hard", "denials", "block")
_CONDITIONS: Final = ("near", "unless", "unless_near", "unless_text")
_KEYS: Final = ("rule", "why", "better", "patterns", "denials", "denied", *_CONDITIONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Words of one rule with what lets them pass."""

    rule: str
    why: str
    better: str
    hard: bool
    patterns: re.Pattern[str]
    near: re.Pattern[str] | None
    unless: re.Pattern[str] | None
    unless_near: re.Pattern[str] | None
    unless_text: re.Pattern[str] | None
    denials: re.Pattern[str] | None

    def every_pattern(self) -> Iterator[re.Pattern[str]]:
        """All patterns a text meets."""
        found = (self.patterns, self.near, self.unless, self.unless_near, self.unless_text, self.denials)
        return (pattern for pattern in found if pattern is not None)


class ChineseRules:
    """The rules for Chinese, checked when loaded."""

    def __init__(self, blocks: tuple[Block, ...]) -> None:
        self.blocks = blocks

    @classmethod
    def load(cls, path: Path = RULES) -> ChineseRules:
        """Read the rules.

        Raises:
            BadData: the file is wrong; names file, line, field, value and what would be right.
        """
        file = ToneFile(path)
        file.keys(file.table, _TOP, of="rules")
        hard = file.words(file.table, "hard", of="rules", needed=True)
        common = file.words(file.table, "denials", of="rules")
        blocks = tuple(_block(file, each, hard, common) for each in file.blocks("block"))
        for rule in hard:
            if all(block.rule != rule for block in blocks):
                raise file.error(f"hard '{rule}' must be the rule of a block", near=rule)
        rules = cls(blocks)
        for block in blocks:
            for heard in rules.check(block.better):
                raise file.error(
                    f"better '{block.better}' is heard as {heard.rule} ('{heard.words}'), must be clean",
                    near=block.better,
                )
        return rules

    def check(self, text: str, allowed: Iterable[str] = ()) -> tuple[ToneWarning, ...]:
        """What is heard in a Chinese text, in the order of the text. Never raises."""
        folded = fold_characters(text)
        sentences = [found.span() for found in _SENTENCE.finditer(folded)]
        quotes = [found.span() for found in _QUOTE.finditer(folded)]
        known = [(_NO_DIGITS.sub("", each), fold_characters(each)) for each in allowed]
        kept: list[ToneWarning] = []
        for block in self.blocks:
            if block.unless_text is not None and block.unless_text.search(folded):
                continue
            for start, end in islice(_heard(block, folded, sentences), _MOST):
                quoted = _is_quoted(block, folded, start, end, quotes)
                taken = any(start < other.end and other.start < end for other in kept)
                if quoted or taken or (block.rule == PERSONAL and _is_known(folded[start:end], known)):
                    continue
                kept.append(
                    ToneWarning(
                        rule=block.rule, start=start, end=end, words=text[start:end],
                        why=block.why, better=block.better, hard=block.hard,
                    )
                )  # fmt: skip
        return tuple(sorted(kept, key=lambda heard: heard.start))


def _block(file: ToneFile, raw: object, hard: tuple[str, ...], common: tuple[str, ...]) -> Block:
    if not isinstance(raw, dict):
        raise file.error(f"block '{raw}' must be a table of its own, [[block]]")
    rule = raw.get("rule")
    if not isinstance(rule, str) or not re.fullmatch(r"[a-z_]+", rule):
        raise file.error(f"block: rule '{rule or ''}' must be small letters and _", near="rule")
    of = f"block '{rule}'"
    file.keys(raw, _KEYS, of=of)
    denied = raw.get("denied", False)
    if not isinstance(denied, bool):
        raise file.error(f"{of}: denied '{denied}' must be true or false", near="denied")
    patterns = file.pattern(file.words(raw, "patterns", of=of), of=of)
    if patterns is None:
        raise file.error(f"{of}: patterns is missing or empty, it must name at least one", near="patterns")
    denials = (*file.words(raw, "denials", of=of), *(common if denied else ()))
    others = {key: file.pattern(file.words(raw, key, of=of), of=of) for key in _CONDITIONS}
    return Block(
        rule=rule,
        why=file.text(raw, "why", of=of),
        better=file.text(raw, "better", of=of),
        hard=rule in hard,
        patterns=patterns,
        denials=file.pattern(denials, of=of, end=True),
        **others,
    )


def _heard(block: Block, text: str, sentences: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    for place, (begin, stop) in enumerate(sentences):
        sentence = text[begin:stop]
        around = text[sentences[max(place - 1, 0)][0] : sentences[min(place + 1, len(sentences) - 1)][1]]
        # What lets a sentence pass is asked once, however often the words stand in it: the time must not grow squared.
        if not block.patterns.search(sentence) or not _counts(block, sentence, around):
            continue
        for found in block.patterns.finditer(sentence):
            if not _passes(block.denials, sentence[max(found.start() - _DENIAL_REACH, 0) : found.start()]):
                yield begin + found.start(), begin + found.end()


def _counts(block: Block, sentence: str, around: str) -> bool:
    return _passes(block.near, around, otherwise=True) and not (
        _passes(block.unless, sentence) or _passes(block.unless_near, around)
    )


def _passes(pattern: re.Pattern[str] | None, text: str, *, otherwise: bool = False) -> bool:
    return otherwise if pattern is None else pattern.search(text) is not None


def _is_quoted(block: Block, text: str, start: int, end: int, quotes: list[tuple[int, int]]) -> bool:
    """Whether the words are quoted, and not the seller's own; somebody's data in quotes is still theirs."""
    if block.rule == PERSONAL:
        return False
    around = [begin for begin, stop in quotes if begin < start and end < stop]
    return any(not block.hard or _SAID.search(text[max(begin - 12, 0) : begin]) for begin in around)


def _is_known(words: str, known: list[tuple[str, str]]) -> bool:
    """Whether the buyer has given it themselves: the digits of a number, an address as far as its house."""
    if words.isascii():
        digits = _NO_DIGITS.sub("", words)
        local = digits.removeprefix("86") if len(digits) == _WITH_COUNTRY else digits
        return any(local in each for each, _ in known)
    house = words[: words.index("号") + 1] if "号" in words else words
    return any(house in each for _, each in known)
