"""What people wrote in one language: a PO file read into forms, with everything that is wrong about it.

The forms are kept by reply id and never looked up by Chinese text, so there is no way back from a missing text to the
Chinese one (the usual gettext answer, and with an empty plural form the answer of a compiled catalog as well).
"""

from __future__ import annotations

import gettext
import re
import string
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog, Message
from babel.messages.plurals import get_plural
from babel.messages.pofile import PoFileError, read_po

from dialogs.errors import BadData
from dialogs.playbooks import ReplyRule

PO_PATH = Path("LC_MESSAGES") / "replies.po"  # inside a language's folder

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+")
_KANA = re.compile(r"[\u3040-\u30ff]")
_COUNTS = range(1001)  # enough for every plural rule to show all its forms


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenCatalog:
    """The replies of one language.

    ``faults`` would harm a buyer or a sentence, the file must not be used with them. ``gaps`` are entries nobody has
    written or confirmed (empty, fuzzy, Chinese changed, reply gone): these replies count as not written.
    """

    language: str
    locale: Locale
    plural: Callable[[int], int]
    forms: Mapping[str, tuple[str, ...]]
    lines: Mapping[str, int] = field(default_factory=dict)  # where each reply stands in the file
    faults: tuple[BadData, ...] = ()
    gaps: tuple[BadData, ...] = ()


def languages_in(locales: Path) -> tuple[str, ...]:
    """Languages with a file of written replies."""
    return tuple(sorted(path.parents[1].name for path in locales.glob(f"*/{PO_PATH.as_posix()}")))


def read_catalog(locales: Path, language: str, rules: Mapping[str, ReplyRule]) -> WrittenCatalog:
    """Read the file of one language; what is wrong inside it stands in the answer.

    Raises:
        BadData: the language does not exist, or the file is not valid PO, names another language or has plural rules
            that are not the language's.
    """
    path = locales / language / PO_PATH
    file = f"{language}/{PO_PATH.as_posix()}"
    try:
        locale = Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError) as error:
        raise BadData(f"folder '{language}': must be a language code such as 'es'", file=file) from error
    catalog = _parse(path, file, locale)
    plural = _plural(catalog, locale, file)
    forms: dict[str, tuple[str, ...]] = {}
    lines: dict[str, int] = {}
    faults: list[BadData] = []
    gaps: list[BadData] = []
    for message in catalog:
        if not message.id:
            continue
        line = message.lineno
        gap = _gap(message, rules)
        if gap is not None:
            gaps.append(BadData(gap, file=file, line=line))
            continue
        rule, texts = rules[str(message.context)], forms_of(message)
        found = [BadData(fault, file=file, line=line) for fault in _faults(rule, texts, language, plural)]
        faults += found
        if not found:
            forms[rule.id], lines[rule.id] = texts, line or 0
    present = {message.context for message in catalog}
    gaps += [BadData(f"msgctxt '{name}': no entry yet", file=file) for name in rules if name not in present]
    return WrittenCatalog(
        language=language,
        locale=locale,
        plural=plural,
        forms=forms,
        lines=lines,
        faults=tuple(faults),
        gaps=tuple(gaps),
    )


def forms_of(message: Message) -> tuple[str, ...]:
    """The texts of an entry: one, or one for every plural form."""
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def _parse(path: Path, file: str, locale: Locale) -> Catalog:
    try:
        with path.open("rb") as lines:
            catalog = read_po(lines, locale=locale, abort_invalid=True)
    except PoFileError as error:
        reason = str(error).rpartition(" on ")[0]
        raise BadData(f"not valid PO: {reason}", file=file, line=error.lineno + 1) from error
    except UnicodeDecodeError as error:
        raise BadData("charset: must be UTF-8", file=file) from error
    if catalog.locale != locale:
        raise BadData(f"Language '{catalog.locale_identifier}': must be '{locale}', the folder's", file=file)
    return catalog


def _plural(catalog: Catalog, locale: Locale, file: str) -> Callable[[int], int]:
    """The file's plural rule, proven to be the language's (Babel's table, from CLDR and gettext)."""
    right = get_plural(locale)
    wanted = gettext.c2py(right.plural_expr)
    try:
        plural = gettext.c2py(catalog.plural_expr)
        same = catalog.num_plurals == right.num_plurals and all(plural(n) == wanted(n) for n in _COUNTS)
    except ValueError:
        same = False
    if not same:
        raise BadData(f"Plural-Forms '{catalog.plural_forms}': must be '{right}'", file=file)
    return wanted


def _gap(message: Message, rules: Mapping[str, ReplyRule]) -> str | None:
    """Why nobody stands behind this entry; None when somebody does."""
    name = str(message.context)
    rule = rules.get(name)
    if rule is None:
        return f"msgctxt '{name}': no playbook has this reply"
    if message.id != ((rule.zh, rule.zh) if rule.counts else rule.zh):
        return f"msgid of '{name}': must be the playbook's Chinese, '{rule.zh}'"
    if message.fuzzy:
        return f"'{name}' is fuzzy: a person must confirm it"
    if not all(text.strip() for text in forms_of(message)):
        return f"msgstr of '{name}': is empty"
    return None


def _faults(rule: ReplyRule, texts: tuple[str, ...], language: str, plural: Callable[[int], int]) -> Iterator[str]:
    for index, text in enumerate(texts):
        where = f"msgstr[{index}] of '{rule.id}'" if rule.counts else f"msgstr of '{rule.id}'"
        try:
            fields = list(string.Formatter().parse(text))
        except ValueError:
            yield f"{where}: braces must be in pairs"
            continue
        names = {name for _, name, _, _ in fields if name is not None}
        wanted = set(rule.placeholders)
        if rule.counts and names == wanted - {rule.counts} and _only_one(index, plural):
            wanted = names  # "in a day", "Arabic dual": the form itself tells the number
        if names != wanted or any(spec or conversion for _, _, spec, conversion in fields):
            right = ", ".join(f"{{{name}}}" for name in sorted(rule.placeholders)) or "no placeholder"
            yield f"placeholders in {where}: must be {right}"
        if not language.startswith("zh") and _chinese(text, language):
            yield f"{where}: is Chinese, must be '{language}'"


def _only_one(index: int, plural: Callable[[int], int]) -> bool:
    return sum(plural(n) == index for n in _COUNTS) == 1


def _chinese(text: str, language: str) -> bool:
    """Whether a text is Chinese; a Japanese sentence always has kana beside its kanji."""
    if language == "ja":
        return _KANA.search(text) is None
    return _HAN.search(text) is not None
