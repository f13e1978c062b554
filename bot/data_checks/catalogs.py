"""Checks of the written replies of every language: what the loader refuses or leaves out, and how they read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from bot.data_checks.playbooks import DATE_LAST
from bot.settings import DEFAULT_DETECTOR
from dialogs.catalogs import PO_PATH, WrittenCatalog, languages_in, read_catalog
from dialogs.errors import BadData
from dialogs.language import DETECTORS
from dialogs.playbooks import ReplyRule
from dialogs.ports import Detector
from dialogs.scripts import LANGUAGES

_LONGEST = 1000  # characters; a reply is one to three sentences
_PAIRS = (("(", ")"), ("[", "]"), ("（", "）"), ("「", "」"), ("『", "』"), ("«", "»"), ("“", "”"))
_FULL_WIDTH = re.compile(r"[\u3001\u3002\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f]")
_FULL_WIDTH_LANGUAGES = ("zh", "ja")
_PLACE = re.compile(r"\{\w+\}")
_ENOUGH = 20  # letters a language can be told from
_CONTEXT = re.compile(r'^msgctxt "(.*)"$', re.MULTILINE)


def check_catalogs(locales: Path, rules: Mapping[str, ReplyRule]) -> list[BadData]:
    """Everything that is wrong or missing in the written replies of ``locales``."""
    problems: list[BadData] = []
    for language in languages_in(locales):
        problems += _check_twins(locales, language)
        try:
            catalog = read_catalog(locales, language, rules)
        except BadData as error:
            problems.append(error)
            continue
        problems += [*catalog.faults, *catalog.gaps, *_check_texts(catalog, rules)]
    return sorted(problems, key=lambda problem: (problem.file, problem.line or 0))


def coverage(locales: Path, rules: Mapping[str, ReplyRule]) -> dict[str, Counter[str]]:
    """Written replies per language and situation.

    Raises:
        BadData: a file cannot be read.
    """
    return {
        language: Counter(rules[name].situation for name in read_catalog(locales, language, rules).forms)
        for language in languages_in(locales)
    }


def _check_twins(locales: Path, language: str) -> Iterator[BadData]:
    """Babel keeps the last of two equal entries without a word, so they are looked for in the file itself."""
    text = (locales / language / PO_PATH).read_text(encoding="utf-8", errors="replace")
    seen: set[str] = set()
    for found in _CONTEXT.finditer(text):
        if found[1] in seen:
            line = text.count("\n", 0, found.start()) + 1
            yield BadData(f"msgctxt '{found[1]}': stands more than once", file=_file(language), line=line)
        seen.add(found[1])


def _check_texts(catalog: WrittenCatalog, rules: Mapping[str, ReplyRule]) -> Iterator[BadData]:
    for name, forms in catalog.forms.items():
        for index, text in enumerate(forms):
            where = f"msgstr[{index}] of '{name}'" if rules[name].counts else f"msgstr of '{name}'"
            for right in (*_wrong_in(text, catalog.language), *_foreign(text, catalog.language)):
                yield BadData(f"{where}: {right}", file=_file(catalog.language), line=catalog.lines[name])


def _wrong_in(text: str, language: str) -> Iterator[str]:
    if len(text) > _LONGEST:
        yield f"{len(text)} characters, must be at most {_LONGEST}"
    if text != text.strip() or "  " in text:
        yield "must have no space at its ends and no double space"
    if DATE_LAST.search(text):
        yield "a sentence must not end in {date}, some languages end dates with a full stop"
    if any(character.isdigit() for character in text):
        yield "must have no number of its own, the Chinese has none"
    if not language.startswith(_FULL_WIDTH_LANGUAGES) and _FULL_WIDTH.search(text):
        yield "must have no full-width punctuation"
    if not _balanced(text, language):
        yield "brackets, quotation marks and ¿ ¡ must be in pairs"


def _foreign(text: str, language: str) -> Iterator[str]:
    """Whether the product itself, reading the text as if a buyer had written it, takes it for another language."""
    words = _PLACE.sub(" ", text)
    if sum(map(str.isalpha, words)) < _ENOUGH or language not in LANGUAGES:
        return
    read = _detector().detect(words).code
    if read not in {None, language}:
        yield f"reads as '{read}', must be '{language}'"


@cache
def _detector() -> Detector:
    return DETECTORS[DEFAULT_DETECTOR]()


def _balanced(text: str, language: str) -> bool:
    if text.count('"') % 2:
        return False
    if language == "es" and (text.count("¿") != text.count("?") or text.count("¡") != text.count("!")):
        return False
    german = text.count("„")  # „…“ closes with what opens an English quotation
    counts = [(text.count(left), text.count(right)) for left, right in _PAIRS[:-1]]
    opened, closed = (text.count(mark) for mark in _PAIRS[-1])
    return all(left == right for left, right in counts) and (opened + closed + german) % 2 == 0


def _file(language: str) -> str:
    return f"{language}/{PO_PATH.as_posix()}"
