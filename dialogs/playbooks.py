"""Playbooks: what may be said in which situation, under which conditions. Data in ``dialogs/playbooks/*.toml``."""

from __future__ import annotations

import string
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from dialogs.errors import BadData
from dialogs.faults import Cause, Fault
from dialogs.messages import Kind, Manner, Mood, Step, Want
from dialogs.remedies import LADDER

FOLDER = Path(__file__).with_name("playbooks")
GENERAL = "unknown"  # the playbook any situation may fall back on

NOTICES = "notices"  # what a shop writes before the buyer asks; never proposed as an answer

# Facts a reply may name in its text, and facts its conditions may ask about.
PLACEHOLDERS = frozenset(
    {
        "order", "tracking", "days", "date", "amount", "asked", "got", "missing", "goodwill", "credit", "extension",
        "shop", "name", "product", "link", "carrier",
    }
)  # fmt: skip
CONDITION_FACTS = frozenset({"order", "tracking", "days", "date", "amount", "asked", "got", "photos", "product"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyRule:
    """One reply of a playbook: its Chinese text and when it fits. Empty conditions fit always.

    ``dispute`` says whether a dispute must be open, or must not; ``languages`` are the buyer's,
    ``platforms`` where the shop sells.
    """

    id: str
    kind: Kind
    zh: str
    why: str
    weight: int = 10
    counts: str | None = None
    remedy: str | None = None
    moods: frozenset[Mood] = frozenset()
    faults: frozenset[Fault] = frozenset()
    wants: frozenset[Want] = frozenset()
    known: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()
    after: frozenset[Kind] = frozenset()
    after_reply: frozenset[str] = frozenset()
    steps: frozenset[Step] = frozenset()
    causes: frozenset[Cause] = frozenset()
    languages: frozenset[str] = frozenset()
    platforms: frozenset[str] = frozenset()
    dispute: bool | None = None
    manner: Manner | None = None
    days_min: int | None = None
    days_max: int | None = None
    placeholders: frozenset[str] = frozenset()
    worth: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        """Weight, raised by every condition and every fact that is named: the specific beats the general."""
        asked = (
            self.moods,
            self.faults,
            self.causes,
            self.languages,
            self.platforms,
            self.after,
            self.after_reply,
            self.steps,
        )
        conditions = sum(map(bool, asked)) + (self.dispute is not None)
        days = self.days_min is not None or self.days_max is not None
        worth = self.weight + 4 * conditions + 6 * bool(self.wants) + 3 * len(self.placeholders | self.known) + 2 * days
        object.__setattr__(self, "worth", worth)

    @property
    def situation(self) -> str:
        """The situation whose playbook the reply stands in."""
        return self.id.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Playbook:
    """What may be said in one situation."""

    situation: str
    title: str
    replies: tuple[ReplyRule, ...]


class Playbooks:
    """All playbooks, checked when loaded."""

    def __init__(self, playbooks: tuple[Playbook, ...]) -> None:
        self._by_situation = {book.situation: book for book in playbooks}
        self.replies: Mapping[str, ReplyRule] = {rule.id: rule for book in playbooks for rule in book.replies}

    @classmethod
    def load(cls, folder: Path = FOLDER) -> Playbooks:
        """Read every ``*.toml`` of ``folder``.

        Raises:
            BadData: a file is not what it should be; names file, line, field, value and what would be right.
        """
        books = tuple(_read_playbook(path) for path in sorted(folder.glob("*.toml")))
        if not any(book.situation == GENERAL for book in books):
            raise BadData(f"no playbook for situation '{GENERAL}', every other one falls back on it", file=str(folder))
        found = cls(books)
        _refuse_what_is_never_offered(found.replies, folder)
        return found

    def extended(self, folder: Path) -> Playbooks:
        """The same with the replies of the files of ``folder``: in the place of those of the same id, or beside them.

        Raises:
            BadData: as :meth:`load`.
        """
        books = dict(self._by_situation)
        for path in sorted(folder.glob("*.toml")):
            own = _read_playbook(path)
            common = books[own.situation].replies if own.situation in books else ()
            replies = {rule.id: rule for rule in (*common, *own.replies)}
            books[own.situation] = Playbook(own.situation, own.title, tuple(replies.values()))
        found = Playbooks(tuple(books.values()))
        _refuse_what_is_never_offered(found.replies, folder)
        return found

    def of(self, situation: str) -> tuple[ReplyRule, ...]:
        """The replies of a situation; none when it has no playbook."""
        book = self._by_situation.get(situation)
        return book.replies if book else ()

    def titles(self) -> Mapping[str, str]:
        """Chinese name of every situation that has a playbook."""
        return {situation: book.title for situation, book in self._by_situation.items()}


class _File:
    """One playbook file while it is read: knows where things stand, so that errors can name the line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = path.read_text(encoding="utf-8")

    def error(self, problem: str, *, near: str | None = None) -> BadData:
        line = None
        if near is not None:
            line = next((n for n, text in enumerate(self.text.splitlines(), 1) if near in text), None)
        return BadData(problem, file=f"{self.path.parent.name}/{self.path.name}", line=line)


_TOP_KEYS = frozenset({"situation", "title", "reply"})
_RULE_KEYS = frozenset(entry.name for entry in fields(ReplyRule) if entry.init) - {"placeholders"}
_CHOICES: Mapping[str, type[Kind | Mood | Fault | Cause | Want | Step]] = {
    "moods": Mood,
    "faults": Fault,
    "causes": Cause,
    "wants": Want,
    "after": Kind,
    "steps": Step,
}


def _read_playbook(path: Path) -> Playbook:
    file = _File(path)
    try:
        table = tomllib.loads(file.text)
    except tomllib.TOMLDecodeError as error:
        raise file.error(f"not valid TOML: {error}") from error
    for key in table.keys() - _TOP_KEYS:
        raise file.error(f"unknown key '{key}', known are {', '.join(sorted(_TOP_KEYS))}", near=key)
    situation, title = table.get("situation"), table.get("title")
    if situation != path.stem:
        raise file.error(f"situation '{situation}' must be the file's name '{path.stem}'", near="situation")
    if not isinstance(title, str) or not title:
        raise file.error("title is missing: the Chinese name of the situation", near="title")
    replies = tuple(_read_rule(file, path.stem, raw) for raw in table.get("reply", ()))
    if not replies:
        raise file.error("no [[reply]] in it")
    _refuse_twins(file, replies)
    return Playbook(path.stem, title, replies)


def _refuse_twins(file: _File, replies: tuple[ReplyRule, ...]) -> None:
    seen: set[str] = set()
    for rule in replies:
        for value in (rule.id, rule.zh):
            if value in seen:
                raise file.error(f"'{value}' stands twice, each id and each text only once", near=rule.id)
            seen.add(value)


def never_offered(after: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Replies that wait for each other in a circle, or for such: what each may only be said after is ``after``."""
    offered: set[str] = set()
    while True:
        more = {name for name, before in after.items() if name not in offered and (not before or before & offered)}
        if not more:
            return frozenset(after) - offered
        offered |= more


def _refuse_what_is_never_offered(rules: Mapping[str, ReplyRule], folder: Path) -> None:
    for rule in rules.values():
        unknown = sorted(rule.after_reply - rules.keys())
        if unknown:
            file = _File(folder / f"{rule.situation}.toml")
            raise file.error(f"{rule.id}: after_reply '{unknown[0]}' must be the id of a reply", near=f'"{rule.id}"')
    for name in sorted(never_offered({name: rule.after_reply for name, rule in rules.items()})):
        file = _File(folder / f"{rules[name].situation}.toml")
        raise file.error(f"{name}: after_reply goes in a circle, one of it must stand without", near=f'"{name}"')


def _read_rule(file: _File, situation: str, raw: Mapping[str, Any]) -> ReplyRule:
    reply_id = raw.get("id")
    if not isinstance(reply_id, str) or not reply_id.startswith(f"{situation}."):
        raise file.error(f"reply id '{reply_id}' must be '{situation}.<name>'", near=str(reply_id))
    for key in raw.keys() - _RULE_KEYS:
        raise file.error(f"{reply_id}: unknown key '{key}', known are {', '.join(sorted(_RULE_KEYS))}", near=reply_id)
    values: dict[str, Any] = dict(raw)
    try:
        values["kind"] = Kind(raw["kind"])
        for key, choices in _CHOICES.items():
            if key in raw:
                values[key] = frozenset(choices(value) for value in raw[key])
    except (KeyError, ValueError) as error:
        raise file.error(f"{reply_id}: {error}; kind is one of {', '.join(Kind)}", near=reply_id) from error
    for key in ("zh", "why"):
        if not isinstance(raw.get(key), str) or not raw[key].strip():
            raise file.error(f"{reply_id}: {key} is missing", near=reply_id)
    for key in ("known", "unknown"):
        values[key] = _facts(file, reply_id, key, raw.get(key, ()), CONDITION_FACTS)
    if "manner" in raw:
        values["manner"] = _manner(file, reply_id, raw["manner"])
    if not isinstance(raw.get("dispute", False), bool):
        raise file.error(f"{reply_id}: dispute '{raw['dispute']}' must be true or false", near=reply_id)
    values["languages"] = frozenset(raw.get("languages", ()))
    values["platforms"] = frozenset(raw.get("platforms", ()))
    values["after_reply"] = frozenset(raw.get("after_reply", ()))
    values["placeholders"] = _facts(file, reply_id, "placeholder", placeholders(raw["zh"]), PLACEHOLDERS)
    counts, remedy = raw.get("counts"), raw.get("remedy")
    if counts is not None and counts not in values["placeholders"]:
        raise file.error(f"{reply_id}: counts '{counts}' must be a placeholder of zh", near=reply_id)
    if remedy is not None and remedy not in LADDER:
        raise file.error(f"{reply_id}: remedy '{remedy}' must be one of {', '.join(LADDER)}", near=reply_id)
    return ReplyRule(**values)


def _manner(file: _File, reply_id: str, name: object) -> Manner:
    try:
        return Manner(str(name))
    except ValueError as error:
        raise file.error(f"{reply_id}: manner '{name}' must be one of {', '.join(Manner)}", near=reply_id) from error


def _facts(file: _File, reply_id: str, key: str, names: Iterable[str], allowed: frozenset[str]) -> frozenset[str]:
    for name in names:
        if name not in allowed:
            raise file.error(f"{reply_id}: {key} '{name}' must be one of {', '.join(sorted(allowed))}", near=reply_id)
    return frozenset(names)


def placeholders(text: str) -> frozenset[str]:
    """The brace placeholders of a reply's text."""
    return frozenset(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)
