"""Scripts: what of a message tells its language, and which languages its letters leave possible."""

from __future__ import annotations

import re
from typing import Final

from dialogs import hanzi

LENGTH: Final = 600  # characters that are looked at; more change nothing but the time
_RAW_LENGTH: Final = 4 * LENGTH  # links and codes are taken out of this many before the cut

LATIN: Final = ("en", "es", "pt", "fr", "de", "it", "nl", "pl", "tr", "vi", "id", "ro", "cs", "hu", "sv")
CYRILLIC: Final = ("ru", "uk")
ARABIC: Final = ("ar", "fa")
HAN: Final = ("zh", "ja")
ALONE: Final = ("ko", "th", "he", "el", "hi")  # one language a script
LANGUAGES: Final = (*LATIN, *CYRILLIC, *ARABIC, *HAN, *ALONE)

# Addresses and tags are ASCII here: a Unicode class would take whole Japanese sentences with them.
_MARKUP: Final = r"<[A-Za-z/!][^<>]{0,300}>|&(?:#\d{1,7}|[A-Za-z]{2,8});|(?:https?://|www\.)[!-~]+"
_ADDRESS: Final = r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,255}"
_REST: Final = (
    r"[@#][A-Za-z0-9_]+"
    r"|[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufe00-\ufe0f\ufeff\U0001f000-\U0001faff\u2600-\u27bf]+"
)
_NOISE: Final = re.compile(f"{_MARKUP}|{_ADDRESS}|{_REST}")
_NOISE_WITHOUT_AT: Final = re.compile(f"{_MARKUP}|{_REST}")  # a third of the time: addresses begin like words
_DIGIT: Final = re.compile(r"[0-9]")
_FOREIGN: Final = re.compile(r"[\u0370-\u1cff\u1f00-\u1fff\u2c80-\ud7ff\uf900-\ufdff\ufe70-\ufeff\uff66-\uffdc]")
_LATIN: Final = re.compile(r"[A-Za-z\u00aa-\u024f\u1e00-\u1eff]")
SCRIPTS: Final = tuple(
    (name, weight, re.compile(f"[{letters}]"))
    for name, weight, letters in (
        ("kana", 3, r"\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f"),
        ("han", 3, r"\u3400-\u9fff\uf900-\ufaff"),
        ("ko", 3, r"\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3"),
        ("cyrillic", 1, r"\u0400-\u052f"),
        ("arabic", 1, r"\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff\ufb50-\ufdff\ufe70-\ufefc"),
        ("th", 1, r"\u0e00-\u0e7f"),
        ("he", 1, r"\u0590-\u05ff\ufb1d-\ufb4f"),
        ("el", 1, r"\u0370-\u03ff\u1f00-\u1fff"),
        ("hi", 1, r"\u0900-\u097f"),
    )
)
_UKRAINIAN: Final = re.compile(r"[іїєґІЇЄҐ]")
_RUSSIAN: Final = re.compile(r"[ыэъёЫЭЪЁ]")
_PERSIAN: Final = re.compile(r"[پچژگ]")
_PERSIAN_FORMS: Final = re.compile(r"[کی]")
_ARABIC_ONLY: Final = re.compile(r"[ةى]")
_JAPANESE: Final = re.compile("|".join(("[" + "".join(sorted(hanzi.JAPANESE)) + "]", *hanzi.JAPANESE_WORDS)))


def clean(text: str) -> str:
    """The words of a message: without markup, addresses, tags, codes, emoji, controls and lone surrogates."""
    readable = text[:_RAW_LENGTH].encode("utf-8", "ignore").decode("utf-8")
    noise = _NOISE if "@" in readable else _NOISE_WITHOUT_AT
    words = noise.sub(" ", readable).split()
    if _DIGIT.search(readable):
        words = [word for word in words if not (word.isascii() and _DIGIT.search(word))]
    return " ".join(words)[:LENGTH]


def candidates(cleaned: str) -> tuple[str, ...]:
    """The languages the letters of a cleaned text leave possible; empty without letters or in a foreign script."""
    if cleaned.isascii():
        return LATIN if _LATIN.search(cleaned) else ()
    foreign = "".join(_FOREIGN.findall(cleaned))
    if not foreign:
        return LATIN if _LATIN.search(cleaned) else ()
    latin = len(_LATIN.findall(cleaned))
    counts = counts_of(foreign)
    # A borrowed brand name or size in Latin letters weighs less than the writer's own script.
    if sum(counts.values()) * 4 < latin or not any(counts.values()):
        return LATIN if latin else ()
    kana, characters = counts.pop("kana"), counts.pop("han")
    counts["han"] = kana + characters
    script = max(counts, key=counts.__getitem__)
    if script == "han":
        return _han(cleaned, kana / (kana + characters))
    if script == "cyrillic":
        return _cyrillic(foreign)
    if script == "arabic":
        return _arabic(foreign)
    return (script,)


def counts_of(foreign: str) -> dict[str, int]:
    """The weight of each script; no letter is of two, so nothing is looked for once all letters are counted."""
    counts = dict.fromkeys([name for name, _, _ in SCRIPTS], 0)
    left = len(foreign)
    for name, weight, letters in SCRIPTS:
        found = len(letters.findall(foreign))
        counts[name] = weight * found
        left -= found
        if not left:
            break
    return counts


def _han(text: str, kana: float) -> tuple[str, ...]:
    return ("ja",) if kana >= 0.05 or _JAPANESE.search(text) else HAN


def _cyrillic(text: str) -> tuple[str, ...]:
    ukrainian, russian = bool(_UKRAINIAN.search(text)), bool(_RUSSIAN.search(text))
    if ukrainian == russian:
        return CYRILLIC
    return ("uk",) if ukrainian else ("ru",)


def _arabic(text: str) -> tuple[str, ...]:
    if _PERSIAN.search(text):
        return ("fa",)
    if _ARABIC_ONLY.search(text) and not _PERSIAN_FORMS.search(text):
        return ("ar",)
    return ARABIC
