"""Checks: what an engine's answer must be to be used at all, and what a seller should look at twice.

All functions read what the engine itself wrote: entities and fixed terms are out of both texts (a space stands there).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from dialogs.messages import Check
from dialogs.ports import Detector
from dialogs.protection.numbers import numbers_in, words_in
from dialogs.protection.text import without_emoji
from dialogs.protection.writing import count, has_letters, letters, scripts_of, share, weight

# Sentences that come back as if they were translations. An answer with one is refused unless the text asked has it too.
_ENGINE_SENTENCES = re.compile(
    r"error [45]\d\d \(|that[’']s an error|that[’']s all we know"  # Google
    r"|mymemory warning|invalid language pair|select two distinct languages|query length limit exce"  # MyMemory
    r"|invalid (?:source|target) language|is an invalid (?:source|target)|you used all available free translations"
    r"|as an ai (?:language )?model|作为一个(?:人工智能|ai)",
    re.IGNORECASE,
)
# What gateways and models say; a shop may say it in English too, but then not as most of a message.
_GATEWAY_SENTENCES = re.compile(
    r"internal server error|bad gateway|service (?:temporarily )?unavailable|gateway time-?out|too many requests"
    r"|unusual traffic from your|malformed or illegal request|request entity too large|rate limit exceeded"
    r"|quota exceeded|exceeded your (?:current )?quota|invalid api key|authentication failed"
    r"|i (?:cannot|can[’']t) (?:translate|assist with)",
    re.IGNORECASE,
)
_MARKUP = re.compile(
    r"<\s*/?\s*(?:!doctype|html|head|body|title|meta|script|style|div|span|p|br|h[1-6]|center|table|a|b|i|x)\b[^<>]{0,300}>",
    re.IGNORECASE,
)
# The languages the product reads; a detector's word against any other target is not enough to refuse an answer.
_READABLE = frozenset({
    "en", "es", "pt", "fr", "de", "it", "nl", "pl", "ru", "uk", "tr", "ar", "he", "ko", "ja", "vi", "th", "id", "ro",
    "cs", "hu", "el", "sv", "fa", "hi", "zh",
})  # fmt: skip
_CLOSE_KIN = (frozenset({"id", "ms"}), frozenset({"no", "nb", "nn", "da", "sv"}), frozenset({"es", "pt", "gl", "ca"}))

_SURE = 0.95
_LIKELY = 0.8
_TOKENS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]|[^\W_]+")


@dataclass(frozen=True, slots=True)
class Pair:
    """What was asked and what came back, both without entities."""

    asked: str
    answered: str
    source: str | None
    target: str

    @property
    def variants(self) -> bool:
        """Whether both sides are Chinese."""
        return self.source is not None and _base(self.source) == _base(self.target) == "zh"

    @property
    def echo(self) -> bool:
        """Whether the engine gave back what it was given."""
        return _plain(self.asked) == _plain(self.answered)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be said of an answer.

    ``refused`` says why it cannot be used: ``empty``, ``error_page``, ``html``, ``echo``, ``script``, ``language``.
    ``checks`` are for the seller's eyes: ``number``, ``language``, ``length``, ``repetition``, ``copied``. ``leaks``
    says that Chinese was left in a text for somebody who reads none: it must not leave unseen.
    """

    refused: str | None = None
    checks: tuple[Check, ...] = ()
    leaks: bool = False


def examine(pair: Pair, detector: Detector) -> Verdict:
    """Judge an answer by what can be seen without knowing either language."""
    refused = _no_translation(pair)
    if refused is not None:
        return Verdict(refused)
    checks = _number_doubts(pair)
    if _longest_loop(pair.answered) >= 3 and _longest_loop(pair.asked) < 3:
        checks.append(Check("repetition"))
    if pair.variants or not has_letters(pair.answered):
        return Verdict(checks=tuple(checks))
    if pair.echo:
        if letters(pair.asked) < 2 or _is_target(pair, detector):
            return Verdict(checks=tuple(checks))
        return Verdict(checks=(*checks, Check("copied"))) if _may_stay(pair) else Verdict("echo")
    says = weight(pair.answered)
    there = share(pair.answered, pair.target, says)
    if there < 0.15 and says >= 4:
        return Verdict("script")
    certainty = _other_language(pair, detector) if says >= 12 else 0.0
    if certainty >= _SURE and _base(pair.target) in _READABLE and says >= 25:
        return Verdict("language")
    leaks = _chinese_left(pair)
    if certainty >= _LIKELY or there < 0.4 or leaks:
        checks.append(Check("language"))
    said = weight(pair.asked)
    if said >= 24 and not 0.55 <= says / said <= 2.0:
        checks.append(Check("length", f"{says / said:.1f}"))
    return Verdict(checks=tuple(checks), leaks=leaks)


def _no_translation(pair: Pair) -> str | None:
    """Answers that are none whatever the languages."""
    if not pair.answered.strip():
        return "empty"
    if _is_error(pair):
        return "error_page"
    if "<" in pair.answered and _MARKUP.search(pair.answered) and not _MARKUP.search(pair.asked):
        return "html"
    if not has_letters(pair.answered) and has_letters(without_emoji(pair.asked)):
        return "empty"
    return None


def _is_error(pair: Pair) -> bool:
    said = _ENGINE_SENTENCES.search(pair.answered)
    if said is not None:
        return _ENGINE_SENTENCES.search(pair.asked) is None
    said = _GATEWAY_SENTENCES.search(pair.answered)
    if said is None or _GATEWAY_SENTENCES.search(pair.asked):
        return False
    return _base(pair.target) != "en" or len(said[0]) > 0.4 * len(pair.answered)


# ---- numbers ---------------------------------------------------------------------------------------------------------


def _number_doubts(pair: Pair) -> list[Check]:
    """Digits that came or went, where the other side does not spell the number out."""
    here, there = numbers_in(pair.asked), numbers_in(pair.answered)
    words_there = words_in(pair.answered, pair.target)
    if here == there and (there or not words_there):
        return []
    words_here = words_in(pair.asked, pair.source)
    lost = {number for number in here - there - (words_there or frozenset()) if _counts(number, words_there)}
    new = {number for number in there - here - (words_here or frozenset()) if _counts(number, words_here)}
    if words_here and words_there and not there:
        lost |= words_here - words_there
    return [Check("number", number) for number in sorted(lost | new)]


def _counts(number: str, words: frozenset[str] | None) -> bool:
    """Whether a missing number means something: a small one may be a word we cannot read."""
    return not (number in {"0", "1"} or (words is None and len(number) == 1))


# ---- language --------------------------------------------------------------------------------------------------------


def _other_language(pair: Pair, detector: Detector) -> float:
    """How sure the detector is that the answer is in another language than it should be."""
    reading = detector.detect(pair.answered)
    target = _base(pair.target)
    if reading.code is None or _base(reading.code) == target or _kin(reading.code, target):
        return 0.0
    return reading.confidence


def _chinese_left(pair: Pair) -> bool:
    """Whether Chinese stands inside another language; in Korean a character or two is good style."""
    return "han" not in scripts_of(pair.target) and _base(pair.target) != "ko" and count(pair.answered, "han") > 0


def _is_target(pair: Pair, detector: Detector) -> bool:
    """Whether the text was in the target language all along (only asked where nobody knew its language)."""
    if pair.source is not None:
        return _base(pair.source) == _base(pair.target)
    reading = detector.detect(pair.asked)
    return reading.code is not None and _base(reading.code) == _base(pair.target) and reading.confidence >= _LIKELY


def _may_stay(pair: Pair) -> bool:
    """Whether an echo can be right: up to three names, or a word or two of the same script (OK, Problema)."""
    if not has_letters(pair.asked):
        return True
    words, says = pair.asked.split(), weight(pair.asked)
    if len(words) > 3 or says > 40:
        return False
    if all(_is_name(word) for word in words):
        return True
    return share(pair.asked, pair.target, says) > 0.9 and len(words) <= 2 and says <= 16


def _is_name(word: str) -> bool:
    marks = [mark for mark in word if mark.isalpha()]
    return not marks or any(mark.isupper() for mark in marks)


def _kin(code: str, target: str) -> bool:
    return any(_base(code) in kin and target in kin for kin in _CLOSE_KIN)


def _base(code: str) -> str:
    return code.partition("-")[0]


def _plain(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()


# ---- loops -----------------------------------------------------------------------------------------------------------


def _longest_loop(text: str) -> int:
    """How often, at most, something of up to twelve words follows itself; single characters count a third."""
    tokens = _TOKENS.findall(text.lower())
    if len(tokens) < 4 or len(set(tokens)) > 0.8 * len(tokens):
        return 1
    longest = 1
    for period in range(1, min(12, len(tokens) // 3) + 1):
        run = best = 0
        for here, before in zip(tokens[period:], tokens, strict=False):
            run = run + 1 if here == before else 0
            best = max(best, run)
        times = 1 + best // period
        if period == 1:
            times = times if len(tokens[0]) > 1 else 1 + best // 3
        longest = max(longest, times)
    return longest
