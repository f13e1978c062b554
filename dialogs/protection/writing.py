"""Writing: which scripts a language uses and how much a text says in them."""

from __future__ import annotations

import re
from collections.abc import Mapping

_RANGES: Mapping[str, str] = {
    "latin": "A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02af\u1e00-\u1eff",
    "greek": "\u0370-\u03ff\u1f00-\u1fff",
    "cyrillic": "\u0400-\u052f",
    "armenian": "\u0531-\u0587",
    "hebrew": "\u05d0-\u05ea",
    "arabic": "\u0620-\u064a\u066e-\u06d3\u06fa-\u06ff",
    "devanagari": "\u0900-\u0965\u0970-\u097f",
    "bengali": "\u0980-\u09e5",
    "tamil": "\u0b80-\u0be5",
    "thai": "\u0e00-\u0e4e",
    "lao": "\u0e80-\u0eff",
    "burmese": "\u1000-\u103f",
    "georgian": "\u10a0-\u10ff",
    "khmer": "\u1780-\u17d3",
    "han": "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0002fa1f",
    "kana": "\u3040-\u30ff",
    "hangul": "\u1100-\u11ff\uac00-\ud7a3",
}
_PATTERNS = {name: re.compile(f"[{ranges}]+") for name, ranges in _RANGES.items()}
_NOT_LATIN: Mapping[str, tuple[str, ...]] = {
    "ru": ("cyrillic",), "uk": ("cyrillic",), "bg": ("cyrillic",), "be": ("cyrillic",), "kk": ("cyrillic",),
    "mk": ("cyrillic",), "sr": ("cyrillic", "latin"), "el": ("greek",), "he": ("hebrew",), "ar": ("arabic",),
    "fa": ("arabic",), "ur": ("arabic",), "hi": ("devanagari",), "mr": ("devanagari",), "ne": ("devanagari",),
    "bn": ("bengali",), "ta": ("tamil",), "th": ("thai",), "lo": ("lao",), "my": ("burmese",), "km": ("khmer",),
    "ka": ("georgian",), "hy": ("armenian",), "ko": ("hangul",), "ja": ("kana", "han"), "zh": ("han",),
}  # fmt: skip
_LETTERS = re.compile(r"[^\W\d_]+")

# What one letter says, in letters of English: medians over everyday sentences and their Chinese.
_LETTER_WEIGHTS: Mapping[str, float] = {
    "han": 3.2,
    "kana": 1.7,
    "hangul": 2.2,
    "devanagari": 1.35,
    "hebrew": 1.3,
    "arabic": 1.2,
}
_HEAVY = re.compile("[\u05d0-\U0002fa1f]")  # nothing before the Hebrew letters weighs more than one


def scripts_of(language: str) -> tuple[str, ...]:
    """The scripts a language is written in; a language not listed uses Latin letters."""
    return _NOT_LATIN.get(language.partition("-")[0], ("latin",))


def has_letters(text: str) -> bool:
    """Whether there is a letter of any script."""
    return _LETTERS.search(text) is not None


def letters(text: str) -> int:
    """How many letters of any script."""
    return sum(map(len, _LETTERS.findall(text)))


def count(text: str, script: str) -> int:
    """How many letters of one script."""
    return sum(map(len, _PATTERNS[script].findall(text)))


def weight(text: str) -> float:
    """How much a text says, in letters of English."""
    total = float(letters(text))
    if not _HEAVY.search(text):
        return total
    return total + sum((each - 1) * count(text, script) for script, each in _LETTER_WEIGHTS.items())


def share(text: str, language: str, total: float) -> float:
    """How much of a text is in the scripts of ``language``; ``total`` is its weight, which must not be zero."""
    return sum(_LETTER_WEIGHTS.get(script, 1.0) * count(text, script) for script in scripts_of(language)) / total
