"""Terms: words whose wording a shop has fixed; a term without a wording in a language is never translated."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

# A letter or digit of a script that puts spaces between words; where a term begins or ends with one, no other may
# touch it.
_SPACED = r"[^\W_\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
_SPACED_EDGE = re.compile(_SPACED)


@dataclass(frozen=True, slots=True)
class Glossary:
    """A shop's glossary in a form that can be compared and hashed."""

    rows: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]

    @classmethod
    def of(cls, glossary: Mapping[str, Mapping[str, str]]) -> Glossary:
        """The glossary as it stands in the settings: term → language → fixed wording."""
        return cls(tuple((term, tuple(sorted(glossary[term].items()))) for term in sorted(glossary)))

    @property
    def digest(self) -> str:
        """Changes whenever the glossary does; part of the memory's key."""
        return _digest(self)

    def wordings(self, source: str | None, target: str) -> Mapping[str, str]:
        """What may stand in a text of language ``source`` → the wording it has in ``target``."""
        return _wordings(self, source, target)


@lru_cache(maxsize=256)
def _digest(glossary: Glossary) -> str:
    if not glossary.rows:
        return ""
    return hashlib.sha256(json.dumps(glossary.rows, ensure_ascii=False).encode("utf-8", "replace")).hexdigest()[:16]


@lru_cache(maxsize=1024)
def _wordings(glossary: Glossary, source: str | None, target: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for term, row in glossary.rows:
        by_language = dict(row)
        wording = by_language.get(target) or by_language.get(target.partition("-")[0]) or term
        known = by_language.values() if source is None else [by_language.get(source, "")]
        for form in (term, *known):
            if form.strip():
                found.setdefault(form.casefold(), wording)
    return found


def terms_in(
    text: str, glossary: Glossary, source: str | None, target: str, *, taken: Sequence[tuple[int, int]]
) -> list[tuple[int, int, str]]:
    """Where terms stand in ``text`` outside of ``taken``: start, end, wording in the target language."""
    wordings = glossary.wordings(source, target)
    folded = text.casefold()
    present = sorted((form for form in wordings if form in folded), key=len, reverse=True)
    if not present:
        return []
    busy = sorted(taken)
    found: list[tuple[int, int, str]] = []
    at = 0
    for match in _pattern(tuple(present)).finditer(text):
        while at < len(busy) and busy[at][1] <= match.start():
            at += 1
        wording = wordings.get(match[0].casefold())
        if wording is not None and (at == len(busy) or busy[at][0] >= match.end()):
            found.append((match.start(), match.end(), wording))
    return found


@lru_cache(maxsize=256)
def _pattern(forms: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(_bounded(form) for form in forms), re.IGNORECASE)


def _bounded(form: str) -> str:
    before = rf"(?<!{_SPACED})" if _SPACED_EDGE.match(form[0]) else ""
    after = rf"(?!{_SPACED})" if _SPACED_EDGE.match(form[-1]) else ""
    return before + re.escape(form) + after
