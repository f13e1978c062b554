r"""Masking: entities and fixed terms leave a text before an engine sees it and come back after.

A masked text is kept in one canonical form (placeholder ``\\ue000<id>\\ue001``), which is what the exact memory stores;
for an engine it is written in one of three styles, because each engine garbles some of them.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from dialogs.protection.entities import entities
from dialogs.protection.terms import Glossary, terms_in
from dialogs.protection.text import CLOSE, OPEN

_CANONICAL = re.compile(f"{OPEN}(\\d+){CLOSE}")
_GAP = r"[\s\u200b-\u200f\u2060\ufeff\xad]{0,3}"
_EDGE_WORD = re.compile(r"[A-Za-z\d]")


class Style(Enum):
    """How a placeholder is written for an engine; none has an underscore or braces, which engines break."""

    TAG = "tag"  # <x id="1"/>, for engines that keep XML
    LETTERS = "letters"  # XQZ1
    BRACKETS = "brackets"  # [[1]]

    def write(self, number: int) -> str:
        """The placeholder with this id."""
        return {Style.TAG: f'<x id="{number}"/>', Style.LETTERS: f"XQZ{number}", Style.BRACKETS: f"[[{number}]]"}[self]

    @property
    def pattern(self) -> re.Pattern[str]:
        """Finds the placeholder even where an engine changed case, width, digits or added spaces."""
        return _PATTERNS[self]

    def occurs_in(self, text: str) -> bool:
        """Whether ``text`` itself has something an engine's answer could confuse with the placeholder."""
        return _MARKERS[self].search(text) is not None


_PATTERNS = {
    Style.TAG: re.compile(
        rf"[<＜〈]{_GAP}[xXｘＸ]{_GAP}[iIｉＩ]{_GAP}[dDｄＤ]{_GAP}[=＝]{_GAP}[\"'“”„«»＂]?{_GAP}(\d{{1,4}}){_GAP}[\"'“”„«»＂]?{_GAP}"
        rf"(?:[/／]{_GAP}[>＞〉]|[>＞〉](?:{_GAP}[<＜〈]{_GAP}[/／]{_GAP}[xXｘＸ]{_GAP}[>＞〉])?)"
    ),
    Style.LETTERS: re.compile(rf"[xXｘＸ]{_GAP}[qQｑＱ]{_GAP}[zZｚＺ]{_GAP}(\d{{1,4}})(?!\d)"),
    Style.BRACKETS: re.compile(rf"[\[［【]{_GAP}[\[［【]{_GAP}(\d{{1,4}}){_GAP}[\]］】]{_GAP}[\]］】]"),
}
_MARKERS = {
    Style.TAG: re.compile(r"[<＜〈]\s?[xXｘＸ]"),
    Style.LETTERS: re.compile(r"[xXｘＸ]\s?[qQｑＱ]\s?[zZｚＺ]"),
    Style.BRACKETS: re.compile(r"[\[［【]\s?[\[［【]|[\]］】]\s?[\]］】]"),
}


def styles_for(text: str, *, tags: bool) -> tuple[Style, ...]:
    """The styles to try for ``text``, best first; none that occurs in it."""
    order = (Style.TAG, Style.LETTERS, Style.BRACKETS) if tags else (Style.LETTERS, Style.BRACKETS)
    return tuple(style for style in order if not style.occurs_in(text))


@dataclass(frozen=True, slots=True)
class Masked:
    """A text without its entities: ``parts`` are the texts around them, ``values[i]`` stands after ``parts[i]``.

    ``back[i]`` is what comes back there: the value itself, or the fixed wording of a term in the target language.
    """

    parts: tuple[str, ...]
    values: tuple[str, ...]
    back: tuple[str, ...]

    @property
    def canonical(self) -> str:
        """The masked text as the memory keeps it."""
        return self._joined([f"{OPEN}{number}{CLOSE}" for number in range(1, len(self.values) + 1)])

    @property
    def visible(self) -> str:
        """What an engine may read, with a space where something is hidden."""
        return " ".join(self.parts)

    @property
    def restored(self) -> str:
        """The text with everything put back and nothing translated."""
        return self.restore(self.canonical)

    def written(self, style: Style, *, xml: bool) -> str:
        """The masked text for an engine; ``xml`` escapes the words for one that reads XML."""
        parts = [html.escape(part, quote=False) for part in self.parts] if xml else self.parts
        holders = [style.write(number) for number in range(1, len(self.values) + 1)]
        return "".join(part + holder for part, holder in zip(parts, [*holders, ""], strict=True))

    def read(self, answer: str, style: Style, *, xml: bool) -> str:
        """An engine's answer in canonical form, as far as its placeholders can be read."""
        text = style.pattern.sub(lambda match: f"{OPEN}{int(match[1])}{CLOSE}", answer)
        return html.unescape(text) if xml else text

    def whole(self, canonical: str) -> bool:
        """Whether each placeholder stands in ``canonical`` exactly once and no other does."""
        return sorted(map(int, _CANONICAL.findall(canonical))) == list(range(1, len(self.values) + 1))

    def restore(self, canonical: str) -> str:
        """The text with the values back, byte for byte; a space is added where they would run into a word."""
        pieces = _CANONICAL.split(canonical)
        text = pieces[0]
        for number, after in zip(pieces[1::2], pieces[2::2], strict=True):
            at = int(number) - 1
            text = _spaced(_spaced(text, self.back[at] if at < len(self.back) else ""), after)
        return text

    def _joined(self, between: list[str] | tuple[str, ...]) -> str:
        return "".join(part + value for part, value in zip(self.parts, [*between, ""], strict=True))


def _spaced(left: str, right: str) -> str:
    touches = left and right and _EDGE_WORD.match(left[-1]) and _EDGE_WORD.match(right[0])
    return f"{left} {right}" if touches else left + right


def hidden(canonical: str) -> str:
    """A canonical text with a space where its placeholders stand: only what the engine wrote."""
    return _CANONICAL.sub(" ", canonical).replace(OPEN, " ").replace(CLOSE, " ")


def mask(text: str, glossary: Mapping[str, Mapping[str, str]], source: str | None, target: str) -> Masked:
    """Hide the entities of ``text`` and the terms the glossary fixes; ``text`` must be clean."""
    spans = [(entity.start, entity.end, entity.value) for entity in entities(text)]
    if glossary:
        spans.extend(terms_in(text, Glossary.of(glossary), source, target, taken=[(a, b) for a, b, _ in spans]))
        spans.sort()
    parts, values, back, at = [], [], [], 0
    for start, end, wording in spans:
        parts.append(text[at:start])
        values.append(text[start:end])
        back.append(wording)
        at = end
    return Masked((*parts, text[at:]), tuple(values), tuple(back))
