"""Cues: what a buyer's words tell in one language, read from ``locales/<lang>/cues.toml`` and checked."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dialogs.errors import BadData
from dialogs.faults import Cause, Fault
from dialogs.messages import Mood, Urgency, Want
from dialogs.reading.folding import fold_case, fold_characters, fold_word
from dialogs.reading.matcher import AccentMatcher, Matcher
from dialogs.reading.phrases import Element, Expander, PhraseError
from dialogs.reading.situations import SITUATIONS
from dialogs.reading.tree import Target

FILE: Final = "cues.toml"
WEIGHTS: Final = {"sure": 0.9, "likely": 0.65, "hint": 0.35}  # how surely a cue tells its situation
_GAP_WORDS: Final = 5
_GAP_CHARACTERS: Final = 8
_DAYS: Final = {"hour": 0, "day": 1, "week": 7, "month": 30, "year": 365}
_ROLES: Final = ("asked", "got", "missing")
COLOURS: Final = (
    "black", "white", "grey", "red", "pink", "orange", "yellow", "green", "blue", "purple", "brown", "beige", "gold",
    "silver", "transparent",
)  # fmt: skip
_FARTHEST: Final = 366  # days a word such as "yesterday" may lie away

_TABLES: Final[Mapping[str, frozenset[str]]] = {
    "language": frozenset({"script", "apostrophe", "prefixes", "respelled", "accents"}),
    "nothing": frozenset({"cues"}),
    "question": frozenset({"cues"}),
    "mood": frozenset({Mood.UPSET.value, Mood.ANGRY.value, "insults", "sarcasm"}),
    "urgency": frozenset({Urgency.HIGH.value}),
    "wants": frozenset(want.value for want in Want),
    "fault": frozenset(fault.value for fault in (*Fault, *Cause)) - {Fault.UNKNOWN.value},
    "time": frozenset(_DAYS),
    "counts": frozenset({"cues"}),
    "dates": frozenset({"order", "months", "weekdays"}),
    "facts": frozenset({"order", "tracking", "size"}),
    "colours": frozenset(COLOURS),
    "situations": frozenset(SITUATIONS),
}
# Tables whose keys are words of the language.
_FREE: Final = frozenset({"groups", "waited", "numbers", "money", "sizes", "relative"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Cues:
    """One language: its phrases and the words facts are written with."""

    code: str
    matcher: Matcher | AccentMatcher
    date_order: str = "dmy"
    months: tuple[tuple[str, ...], ...] = ()
    money: Mapping[str, str]  # word as buyers write it → currency
    order_words: tuple[str, ...] = ()
    tracking_words: tuple[str, ...] = ()
    size_words: tuple[str, ...] = ()  # what stands beside a size


def load(path: Path) -> Cues:
    """Read and check one file.

    Raises:
        BadData: the file is not what it should be; names file, line where known, what is wrong and what is right.
    """
    return _File(path).cues()


class _File:
    """One cue file while it is read: knows where things stand, so that a mistake is found at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        raw = path.read_text(encoding="utf-8")
        self._lines = raw.splitlines()
        try:
            self._data: dict[str, Any] = tomllib.loads(raw)
        except tomllib.TOMLDecodeError as error:
            raise BadData(f"not TOML: {error}", file=str(path)) from error

    def cues(self) -> Cues:
        """Check everything.

        Raises:
            BadData: see :func:`load`.
        """
        self._check_keys()
        language = self._data.get("language", {})
        spaced = self._one_of("script", language.get("script", "words"), ("words", "characters")) == "words"
        splits = self._one_of("apostrophe", language.get("apostrophe", "joins"), ("joins", "splits")) == "splits"
        fold = fold_word if spaced else fold_characters
        dates = self._data.get("dates", {})
        months = self._names("months", dates.get("months", ()), 12, "a year", fold)
        self._names("weekdays", dates.get("weekdays", ()), 7, "a week", fold)
        facts = self._data.get("facts", {})
        return Cues(
            code=self._path.parent.name,
            matcher=self._matcher(language, fold, spaced=spaced, splits=splits),
            date_order=self._one_of("order", dates.get("order", "dmy"), ("dmy", "mdy", "ymd")),
            months=months,
            money={fold(word): self._currency(word, code) for word, code in self._table("money").items()},
            order_words=tuple(fold(word) for word in self._texts("order", facts.get("order", []))),
            tracking_words=tuple(fold(word) for word in self._texts("tracking", facts.get("tracking", []))),
            size_words=tuple(fold(word) for word in self._texts("size", facts.get("size", []))),
        )

    def _matcher(
        self, language: Mapping[str, Any], fold: Callable[[str], str], *, spaced: bool, splits: bool
    ) -> Matcher | AccentMatcher:
        def made(fold: Callable[[str], str]) -> Matcher:
            return Matcher(
                self._phrases(fold, spaced=spaced),
                spaced=spaced,
                splits=splits,
                prefixes=tuple(fold(prefix) for prefix in self._texts("prefixes", language.get("prefixes", []))),
                respelled=language.get("respelled", {}),
                numbers={fold(word): self._number(word, value) for word, value in self._table("numbers").items()},
                fold=fold,
            )

        accents = self._one_of("accents", language.get("accents", "ignored"), ("ignored", "tell"))
        return made(fold) if accents == "ignored" else AccentMatcher(made(fold_case), made(fold_word))

    def _names(
        self, name: str, lists: Iterable[object], number: int, what: str, fold: Callable[[str], str]
    ) -> tuple[tuple[str, ...], ...]:
        names = tuple(tuple(fold(word) for word in self._texts(name, words)) for words in lists)
        if names and len(names) != number:
            raise self._bad(f"dates.{name} has {len(names)} entries, {what} has {number}", name)
        return names

    def _check_keys(self) -> None:
        for table, content in self._data.items():
            if table in _FREE:
                continue
            if table not in _TABLES:
                known = ", ".join(sorted({*_TABLES, *_FREE}))
                raise self._bad(f"unknown table [{table}]; the tables are {known}", f"[{table}")
            self._check_inside(table, content)

    def _check_inside(self, table: str, content: Mapping[str, Any]) -> None:
        for key, value in content.items():
            if key not in _TABLES[table]:
                what = "situation" if table == "situations" else "key"
                raise self._bad(f"unknown {what} {key!r} in [{table}]; known: {', '.join(sorted(_TABLES[table]))}", key)
            if table == "situations":
                for level in set(value) - set(WEIGHTS):
                    raise self._bad(f"unknown level {level!r} of {key}; the levels are {', '.join(WEIGHTS)}", level)

    def _phrases(
        self, fold: Callable[[str], str], *, spaced: bool
    ) -> Callable[[], Iterator[tuple[tuple[Element, ...], Target]]]:
        """Every phrase is read and checked now; what it stands for is only made when it is needed."""
        gap = _GAP_WORDS if spaced else _GAP_CHARACTERS
        groups = {name: tuple(self._texts(name, entries)) for name, entries in self._table("groups").items()}
        expander = Expander(groups, fold, gap)
        phrases: list[tuple[str, Target]] = []
        seen: dict[tuple[str, str], Target] = {}
        for target in self._targets():
            first = seen.setdefault((_shelf(target.kind), target.cue), target)
            if first is not target:
                raise self._bad(
                    f"cue {target.cue!r} of {target.id} stands in {first.id} already: keep it once",
                    target.cue,
                    last=True,
                )
            phrase = target.cue
            for role in _ROLES:
                phrase = phrase.replace(f"#{role}", "#")
            try:
                expander.check(phrase)
            except PhraseError as error:
                raise self._bad(str(error), target.cue) from error
            phrases.append((phrase, target))
        expander.forget()
        return lambda: ((sequence, target) for phrase, target in phrases for sequence in expander.sequences(phrase))

    def _targets(self) -> Iterator[Target]:
        for situation, levels in self._table("situations").items():
            for level, cues in levels.items():
                for cue in self._texts(level, cues):
                    yield Target("situation", situation, cue, WEIGHTS[level])
        for kind in ("nothing", "question"):
            for cue in self._texts("cues", self._table(kind).get("cues", [])):
                yield Target(kind, kind, cue)
        for kind in ("mood", "urgency", "wants", "fault"):
            for name, cues in self._table(kind).items():
                for cue in self._texts(name, cues):
                    yield Target(kind, name, cue)
        yield from self._times()
        for cue in self._texts("cues", self._table("counts").get("cues", [])):
            yield Target("counts", self._roles(cue), cue)
        for colour, words in self._table("colours").items():
            for word in self._texts(colour, words):
                yield Target("colour", colour, word)
        for word, size in self._table("sizes").items():
            yield Target("size", self._size(word, size), word)

    def _times(self) -> Iterator[Target]:
        for unit, spellings in self._table("time").items():
            for spelling in self._texts(unit, spellings):
                yield Target("time", str(_DAYS[unit]), f"# {spelling}")
        for cue, days in self._table("waited").items():
            yield Target("waited", str(self._number(cue, days)), cue)
        for cue, days in self._table("relative").items():
            yield Target("relative", str(self._offset(cue, days)), cue)
        for weekday, names in enumerate(self._table("dates").get("weekdays", ())):
            for name in names:
                yield Target("weekday", str(weekday), name)

    def _roles(self, cue: str) -> str:
        roles = [place.removeprefix("#") for place in cue.split() if place.startswith("#")]
        if not roles or len(set(roles)) != len(roles) or not set(roles) <= set(_ROLES):
            raise self._bad(f"cue {cue!r} must hold #asked, #got or #missing, each once", cue)
        return ",".join(roles)

    def _table(self, name: str) -> Mapping[str, Any]:
        table = self._data.get(name, {})
        if not isinstance(table, dict):
            raise self._bad(f"{name} must be a table: [{name}]", name)
        return table

    def _texts(self, name: str, value: object) -> list[str]:
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            raise self._bad(f'{name} must be a list of texts: {name} = ["…"]', name)
        if not all(entry.strip() for entry in value):
            raise self._bad(f"{name} holds an empty text: write the words or take it out", '""')
        return value

    def _number(self, word: str, value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self._bad(f"{word!r} = {value!r} must be a whole number of at least 0", word)
        return value

    def _offset(self, word: str, value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _FARTHEST:
            raise self._bad(f"{word!r} = {value!r} must be days from today, -{_FARTHEST} to {_FARTHEST}", word)
        return value

    def _size(self, word: str, value: object) -> str:
        if not isinstance(value, str) or not value.isascii() or not value.isupper():
            raise self._bad(f"{word!r} = {value!r} must be a size in capitals, such as XL", word)
        return value

    def _currency(self, word: str, value: object) -> str:
        if not isinstance(value, str) or len(value) != 3 or not value.isupper():
            raise self._bad(f"{word!r} = {value!r} must be a currency of three capitals, such as EUR", word)
        return value

    def _one_of(self, name: str, value: object, allowed: tuple[str, ...]) -> str:
        if value not in allowed:
            raise self._bad(f"{name} = {value!r} must be one of {', '.join(allowed)}", name)
        return str(value)

    def _bad(self, problem: str, near: str, *, last: bool = False) -> BadData:
        lines = [number for number, line in enumerate(self._lines, 1) if near in line]
        return BadData(problem, file=str(self._path), line=lines[-1 if last else 0] if lines else None)


def _shelf(kind: str) -> str:
    """Kinds among which a cue may stand once: it cannot tell a situation and that there is none."""
    return "situation" if kind == "nothing" else kind
