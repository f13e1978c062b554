"""PO skeletons: the file a translator fills, made from the playbooks and never losing a translation."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import denormalize, read_po, write_po

from dialogs.catalogs import PO_PATH, forms_of
from dialogs.playbooks import ReplyRule

_HEADER = (
    "# Replies in {name}. msgid is what the seller reads, msgstr exactly what the buyer gets.\n"
    "# Placeholders such as {{order}} stay as they are; no sentence ends in {{date}}."
)


def update(language: str, rules: Iterable[ReplyRule], locales: Path) -> int:
    """Write ``<language>/LC_MESSAGES/replies.po`` with an entry for every reply, in the playbooks' order.

    Translations stay. An entry whose Chinese has changed becomes fuzzy, which withdraws it until a person confirms it;
    an entry whose reply is gone is left out.

    Returns:
        How many entries still wait for a person.

    Raises:
        babel.UnknownLocaleError: there is no such language.
        babel.messages.pofile.PoFileError: the present file is not valid PO.
    """
    locale = Locale.parse(language, sep="-")
    path = locales / language / PO_PATH
    old = _read(path)
    new = Catalog(
        locale=locale,
        project="heqi",
        version="replies",
        header_comment=_HEADER.format(name=locale.get_display_name("en")),
        last_translator="Heqi",
        language_team=locale.get_display_name("en"),
        creation_date=old.creation_date,
        revision_date=old.revision_date if path.exists() else datetime.now(UTC),
        charset="utf-8",
        fuzzy=False,
    )
    new.msgid_bugs_address = ""  # Babel fills an invented address in for an empty argument
    present = {message.context: message for message in old if message.id}
    before = _previous(path)
    waiting = 0
    for rule in rules:
        entry = _add(new, rule, present.get(rule.id), before.get(rule.id, []))
        waiting += entry.fuzzy or not all(forms_of(entry))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, new, width=120, include_previous=True)
    return waiting


def _read(path: Path) -> Catalog:
    if not path.exists():
        return Catalog()
    with path.open("rb") as file:
        return read_po(file, abort_invalid=True)


def _previous(path: Path) -> dict[str, list[str]]:
    """The earlier Chinese of fuzzy entries (``#|``), which Babel writes but does not read."""
    found: dict[str, list[str]] = {}
    old: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        if line.startswith("#| "):
            old.append(line.removeprefix("#| "))
        elif line.startswith("msgctxt ") and old:
            singular = "\n".join(old).partition("\nmsgid_plural")[0]
            found[denormalize(line.removeprefix("msgctxt "))] = [denormalize(singular.removeprefix("msgid "))]
            old = []
    return found


def _add(catalog: Catalog, rule: ReplyRule, present: Message | None, before: list[str]) -> Message:
    plural = rule.counts is not None
    names = ", ".join(sorted(rule.placeholders))
    entry = catalog.add(
        (rule.zh, rule.zh) if plural else rule.zh,
        ("",) * catalog.num_plurals if plural else "",
        context=rule.id,
        flags=["python-brace-format"] if rule.placeholders else [],
        auto_comments=[f"{rule.kind}; facts: {names}" if names else str(rule.kind)],
    )
    if present is None:
        return entry
    entry.user_comments = present.user_comments
    forms = forms_of(present)
    entry.string = _fit(forms, catalog.num_plurals) if plural else forms[0]
    if (present.fuzzy or present.id != entry.id) and any(forms):
        entry.flags.add("fuzzy")
        entry.previous_id = before if present.id == entry.id else _ids(present)
    return entry


def _ids(message: Message) -> list[str]:
    return [message.id] if isinstance(message.id, str) else list(message.id)


def _fit(forms: tuple[str, ...], count: int) -> tuple[str, ...]:
    return (forms + ("",) * count)[:count]
