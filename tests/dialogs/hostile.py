"""Engines that do what real ones were seen to do, and worse. Each is a function of what it was sent."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

from dialogs.messages import LanguageGuess, LanguageReading
from dialogs.ports import EngineAnswer, MemoryKey
from tests.servers.phrases import say

HOLDER = re.compile(r'<x id="(\d+)"/>|XQZ(\d+)|\[\[(\d+)\]\]')
_ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
_WIDE = {mark: mark + 0xFEE0 for mark in range(0x21, 0x7F)}


def _holders(text: str) -> list[str]:
    return [match[0] for match in HOLDER.finditer(text)]


def _each(text: str, change: Callable[[str], str]) -> str:
    return HOLDER.sub(lambda match: change(match[0]), text)


def _first(text: str, change: Callable[[str], str]) -> str:
    return HOLDER.sub(lambda match: change(match[0]), text, count=1)


def _swapped(text: str) -> str:
    holders = _holders(text)
    order = iter([*holders[1:], *holders[:1]])
    return _each(text, lambda _: next(order))


BEHAVIOURS: dict[str, Callable[[str], str]] = {
    "honest": lambda text: text,
    "drop": lambda text: _first(text, lambda _: ""),
    "drop_all": lambda text: _each(text, lambda _: ""),
    "duplicate": lambda text: _first(text, lambda holder: f"{holder} {holder}"),
    "reorder": lambda text: " ".join([*reversed(_holders(text)), HOLDER.sub(" ", text)]),
    "swap": _swapped,
    "lower": str.lower,
    "upper": str.upper,
    "spaces": lambda text: _each(text, " ".join),
    "full_width": lambda text: _each(text, lambda holder: holder.translate(_WIDE)),
    "foreign_digits": lambda text: text.translate(_ARABIC),
    "renumber": lambda text: _each(text, lambda holder: re.sub(r"\d+", "77", holder)),
    "invent_url": lambda text: f"{text} https://evil.example/login",
    "invent_number": lambda text: f"{text} 9876543210",
    "invent_money": lambda text: f"{text} $999.00",
    "change_digit": lambda text: re.sub(r"\d", lambda digit: str((int(digit[0]) + 1) % 10), text),
    "empty": lambda _: "",
    "blank": lambda _: " \n ",
    "half": lambda text: text[: len(text) // 2],
    "repeat": lambda text: f"{text} {text} {text}",
    "loop": lambda text: text + " 请请请请请请请请请请",
    "quotes": lambda text: f'"{text}"',
    "escape": lambda text: html.escape(text, quote=True),
    "escape_twice": lambda text: html.escape(html.escape(text)),
    "zero_width": "\u200b".join,
    "direction_marks": lambda text: _each(text, lambda holder: f"\u200f{holder}\u202c"),
    "translate_holder": lambda text: _each(text, lambda holder: "占位符" + re.sub(r"\D", "", holder)),
    "transliterate_holder": lambda text: text.replace("XQZ", "ИКЗ").replace("[[", "((").replace("<x", "<икс"),
    "merge": lambda text: re.sub(r"(XQZ\d+|\[\[\d+\]\])\W+(?=XQZ|\[\[)", r"\1", text),
    "glue": lambda text: re.sub(r"\s+", "", text),
    "digits_behind": lambda text: _each(text, lambda holder: f"{holder}5"),
    "half_tag": lambda text: text.replace('"/>', '">').replace("]]", "]"),
    "pair_tag": lambda text: re.sub(r'<x id="(\d+)"/>', r'<x id="\1"></x>', text),
    "broken_tag": lambda text: re.sub(r'<x id="(\d+)"/>', r"<x \1/>", text),
    "residue": lambda text: f"{text} XQZ [[ <x ",
    "underscores": lambda text: text.replace(" ", "_"),
    "error_page": lambda _: "Error 500 (Server Error)!!1500.That’s an error.",
    "markup": lambda text: f"<html><body><p>{text}</p></body></html>",
    "private_marks": lambda text: text + "\ue0001\ue001",
    "escaped_marks": lambda text: text + "&#xe000;1&#xe001;",
    "controls": lambda text: text + "\x00\x07",
}
# What is done to the text as it was sent, without translating it.
UNTRANSLATED: dict[str, Callable[[str], str]] = {
    "echo": lambda text: text,
    "other_language": lambda text: say(text, "ru"),
}


class Hostile:
    """An engine with one behaviour; ``asked`` is everything it ever saw."""

    version = "1"
    limit = 5000

    def __init__(self, behaviour: str, *, tags: bool = False) -> None:
        self.name = behaviour
        self.tags = tags
        self.asked: list[str] = []

    def supports(self, source: str | None, target: str) -> bool:
        return True

    async def translate(self, text: str, source: str | None, target: str) -> EngineAnswer:
        self.asked.append(text)
        if self.name in UNTRANSLATED:
            return EngineAnswer(UNTRANSLATED[self.name](text))
        return EngineAnswer(BEHAVIOURS[self.name](say(text, target)))


class Silent:
    """A detector that never knows."""

    def detect(self, text: str, memory: tuple[LanguageGuess, ...] = ()) -> LanguageReading:
        return LanguageReading(code=None)


class Remembering(dict[MemoryKey, str]):
    """Exact memory in a dictionary."""

    async def get(self, keys: tuple[MemoryKey, ...]) -> dict[MemoryKey, str]:  # type: ignore[override]
        return {key: self[key] for key in keys if key in self}

    async def put(self, key: MemoryKey, text: str) -> None:
        self[key] = text
