"""Proof: that a text carries exactly the entities of the text it came from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import chain

from dialogs.messages import SELLER_LANGUAGE, Check
from dialogs.protection.entities import entities
from dialogs.protection.masking import mask
from dialogs.protection.numbers import numbers_in
from dialogs.protection.text import clean


def prove(
    source_text: str,
    target_text: str,
    *,
    language: str,
    glossary: Mapping[str, Mapping[str, str]] | None = None,
    source: str | None = SELLER_LANGUAGE,
) -> tuple[Check, ...]:
    """Prove a text somebody wrote or saw in ``language`` against the text it stands for.

    Returns:
        What is missing or was added, empty when the proof holds. A fixed term must stand at least once.
    """
    source_text, target_text = clean(source_text), clean(target_text)
    if not glossary:
        return compare(source_text, target_text)
    masked = mask(source_text, glossary, source, language)
    wordings = Counter(masked.back) - _values(source_text)
    unsaid = [wording for wording in wordings if wording.casefold() not in target_text.casefold()]
    checks = (*compare(masked.restored, target_text), *(Check("entity_missing", wording) for wording in unsaid))
    return tuple(dict.fromkeys(checks))


def compare(source_text: str, target_text: str) -> tuple[Check, ...]:
    """Entities that one of two clean texts has more often than the other: ``entity_missing``, ``entity_added``.

    An amount or a long number the source names in another way (20美元, 10万) is not added.
    """
    here, there = _values(source_text), _values(target_text)
    if here == there:
        return ()
    checks = [Check("entity_missing", value) for value in here - there]
    named: frozenset[str] | None = None
    for value in there - here:
        if _is_amount(value):
            named = _visible_numbers(source_text) if named is None else named
            if numbers_in(value) <= named:
                continue
        checks.append(Check("entity_added", value))
    return tuple(checks)


def _values(text: str) -> Counter[str]:
    return Counter(entity.value for entity in entities(text))


def _is_amount(value: str) -> bool:
    return all(entity.kind in {"money", "number"} for entity in entities(value))


def _visible_numbers(text: str) -> frozenset[str]:
    parts, at = [], 0
    for entity in entities(text):
        parts.append(text[at : entity.start])
        at = entity.end
    return frozenset(chain.from_iterable(numbers_in(part) for part in (*parts, text[at:])))
