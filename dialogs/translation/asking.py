"""Asking: one engine, one masked piece, and only an answer that carries the entities exactly counts as proven."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from dialogs.checks import Pair, Verdict, examine
from dialogs.errors import Refused
from dialogs.messages import Check
from dialogs.ports import Detector, Engine
from dialogs.protection import Masked, Style, clean, compare, entities, styles_for
from dialogs.protection.masking import hidden
from dialogs.protection.text import CLOSE, OPEN
from dialogs.protection.writing import has_letters

_SPLIT_LIMIT = 12  # calls one piece may cost when it is translated around its entities
_ESCAPES = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#\d{1,5}|#x[0-9a-fA-F]{1,4});")
_QUOTES = {'"': '"', "“": "”", "«": "»", "「": "」", "„": "“", "'": "'", "‘": "’", "`": "`"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A usable answer; ``canonical`` is None where it cannot be kept for another text."""

    text: str
    proven: bool
    checks: tuple[Check, ...] = ()
    canonical: str | None = None
    source: str | None = None  # the language the engine says it read


async def ask(engine: Engine, masked: Masked, source: str | None, target: str, detector: Detector) -> Answer:
    """Ask one engine, in each style of placeholder until one comes back whole, then around the entities.

    Returns:
        A proven answer, or the first unproven one with what is wrong with it.

    Raises:
        TryLater, Refused: from the engine, or because its answer is no translation.
    """
    first: Answer | None = None
    for style in styles_for(masked.visible, tags=engine.tags) if masked.values else (Style.LETTERS,):
        reply = await engine.translate(masked.written(style, xml=engine.tags), source, target)
        canonical = _read(reply.text, masked, style, xml=engine.tags)
        verdict = examine(_pair(masked, canonical, source, target), detector)
        if verdict.refused == "html" and style is Style.TAG:
            continue  # a broken tag of ours
        if verdict.refused is not None:
            raise Refused(verdict.refused)
        answer = _proved(masked, canonical, verdict, reply.source)
        if answer.proven:
            return answer
        first = first or answer
    if masked.values:
        around = await _around(engine, masked, source, target, detector)
        if around is not None:
            return around
    if first is None:
        raise Refused("entity")
    return first


def judge(masked: Masked, canonical: str, source: str | None, target: str, detector: Detector) -> Answer:
    """Put the entities back into a canonical text that did not come from an engine just now, and prove them."""
    return _proved(masked, canonical, examine(_pair(masked, canonical, source, target), detector))


def _proved(masked: Masked, canonical: str, verdict: Verdict, source: str | None = None) -> Answer:
    text = masked.restore(canonical).replace(OPEN, "").replace(CLOSE, "").strip()
    wrong = () if _carries(text, masked) else compare(masked.restored, text)
    if not wrong:
        wrong = _placeholder_trouble(masked, canonical)
    return Answer(
        text=text,
        proven=not wrong and verdict.refused is None and not verdict.leaks,
        checks=wrong + verdict.checks,
        canonical=None if wrong or verdict.leaks else canonical,
        source=source,
    )


def _placeholder_trouble(masked: Masked, canonical: str) -> tuple[Check, ...]:
    """A placeholder lost or doubled where its value does not tell (a fixed term), or what is left of a broken one."""
    if not masked.whole(canonical):
        return (Check("entity_missing", masked.back[0] if masked.back else ""),)
    answered = hidden(canonical)
    if any(style.occurs_in(answered) for style in styles_for(masked.visible, tags=True)):
        return (Check("entity_added"),)
    return ()


def _carries(text: str, masked: Masked) -> bool:
    """Whether the entities of ``text`` are exactly those that were hidden; the quick way where no term was fixed."""
    if masked.back != masked.values:
        return False
    found = [entity.value for entity in entities(text)]
    return sorted(found) == sorted(masked.values)


async def _around(engine: Engine, masked: Masked, source: str | None, target: str, detector: Detector) -> Answer | None:
    """Translate the texts between the entities one by one; None when that does not prove either."""
    if sum(1 for part in masked.parts if has_letters(part)) > _SPLIT_LIMIT:
        return None
    translated = []
    for part in masked.parts:
        core = part.strip()
        if not has_letters(core):
            translated.append(part)
            continue
        try:
            answer = await ask(engine, Masked((core,), (), ()), source, target, detector)
        except Refused:
            return None
        lead, trail = part[: len(part) - len(part.lstrip())], part[len(part.rstrip()) :]
        translated.append(lead + answer.text + trail)
    canonical = Masked(tuple(translated), masked.values, masked.back).canonical
    answer = judge(masked, canonical, source, target, detector)
    return answer if answer.proven else None


def _read(answer: str, masked: Masked, style: Style, *, xml: bool) -> str:
    """An engine's answer in canonical form, freed of what engines wrap around it."""
    text = masked.read(clean(answer), style, xml=xml)
    asked = masked.visible
    if "&" in text and not _ESCAPES.search(asked):
        text = html.unescape(text)
    text = text.strip()
    closing = _QUOTES.get(text[:1])
    if closing and len(text) > 2 and text.endswith(closing) and not asked.lstrip().startswith(tuple(_QUOTES)):
        text = text[1:-1].strip()
    return text


def _pair(masked: Masked, canonical: str, source: str | None, target: str) -> Pair:
    return Pair(masked.visible, hidden(canonical), source, target)
