"""Policies: the platforms' dated rules as rows with sources, and the deadlines they give."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from dialogs.errors import BadData

FOLDER = Path(__file__).with_name("policies")


class Unit(StrEnum):
    """What a rule's value counts; ``times`` is a number of occasions and gives no deadline."""

    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    TIMES = "times"


class Calendar(StrEnum):
    """Which time counts: all of it, Monday to Friday, or the ``open`` to ``close`` hours of every day."""

    NATURAL = "natural"
    BUSINESS = "business"
    OPENING = "opening"


class Confidence(StrEnum):
    """How sure a rule is: read in the platform's public rules, or only in a sellers' handbook."""

    PUBLIC = "public"
    HANDBOOK = "handbook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row: what a platform allows or demands, from when to when, and who says so."""

    platform: str
    id: str
    title: str  # Chinese, for the desk
    value: int
    unit: Unit
    starts: str  # the event the clock starts at
    zone: str
    calendar: Calendar
    on_timeout: str  # Chinese: what happens when the time is over
    source: str
    confidence: Confidence
    region: str = "*"
    valid_from: date = date.min
    valid_to: date = date.max
    open: time = time(9)
    close: time = time(18)

    def deadline(self, start: datetime) -> datetime | None:
        """When the time is over that began at ``start`` (aware); in UTC, None for a rule that counts occasions.

        Days are counted on the wall clock of the rule's zone, so a change to summer time moves nothing.
        """
        if self.unit is Unit.TIMES:
            return None
        local = start.astimezone(ZoneInfo(self.zone))
        if self.calendar is Calendar.OPENING:
            return self._after_opening(local).astimezone(UTC)
        if self.unit is Unit.DAYS:
            return self._after_days(local).astimezone(UTC)
        length = timedelta(hours=self.value) if self.unit is Unit.HOURS else timedelta(minutes=self.value)
        return start.astimezone(UTC) + length

    def _after_days(self, local: datetime) -> datetime:
        if self.calendar is Calendar.NATURAL:
            return local + timedelta(days=self.value)
        left = self.value
        while left:
            local += timedelta(days=1)
            left -= local.weekday() < 5
        return local

    def _after_opening(self, local: datetime) -> datetime:
        left = timedelta(hours=self.value) if self.unit is Unit.HOURS else timedelta(minutes=self.value)
        while True:
            opens = datetime.combine(local.date(), self.open, local.tzinfo)
            closes = datetime.combine(local.date(), self.close, local.tzinfo)
            begin = max(local, opens)
            if begin + left <= closes:
                return begin + left
            left -= max(closes - begin, timedelta())
            local = datetime.combine(local.date() + timedelta(days=1), self.open, local.tzinfo)


class Policies:
    """All rules, checked when loaded. Where sources disagree both rows are here and the shop chooses."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.rules = rules

    @classmethod
    def load(cls, folder: Path = FOLDER) -> Policies:
        """Read every ``*.toml`` of ``folder``.

        Raises:
            BadData: a row is not what it should be; names file, line, field, value and what would be right.
        """
        return cls(tuple(rule for path in sorted(folder.glob("*.toml")) for rule in _read(path)))

    def find(self, platform: str, rule_id: str, on: date, region: str = "*") -> tuple[Rule, ...]:
        """The rows of a rule in force on a day, those for the region itself first."""
        rows = [
            rule
            for rule in self.rules
            if (rule.platform, rule.id) == (platform, rule_id)
            and rule.valid_from <= on <= rule.valid_to
            and rule.region in {region, "*"}
        ]
        return tuple(sorted(rows, key=lambda rule: rule.region == "*"))


_FIELDS = {field.name: field for field in fields(Rule)}
_TYPES: Mapping[str, type] = {"value": int, "valid_from": date, "valid_to": date, "open": time, "close": time}
_ENUMS: Mapping[str, type[StrEnum]] = {"unit": Unit, "calendar": Calendar, "confidence": Confidence}


def _read(path: Path) -> tuple[Rule, ...]:
    name, text = f"{path.parent.name}/{path.name}", path.read_text(encoding="utf-8")
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadData(f"not valid TOML: {error}", file=name) from error
    if table.keys() - {"rule"}:
        raise BadData(f"unknown key '{min(table.keys() - {'rule'})}', only [[rule]] is known", file=name)
    lines = [number for number, line in enumerate(text.splitlines(), 1) if line.strip() == "[[rule]]"]
    return tuple(_read_rule(raw, path.stem, name, line) for raw, line in zip(table.get("rule", ()), lines, strict=True))


def _read_rule(raw: Mapping[str, Any], platform: str, file: str, line: int) -> Rule:
    values: dict[str, Any] = {"platform": platform, **raw}

    def wrong(problem: str) -> BadData:
        return BadData(f"rule '{raw.get('id')}': {problem}", file=file, line=line)

    for key in sorted(raw.keys() - _FIELDS.keys()):
        raise wrong(f"unknown field '{key}', known are {', '.join(sorted(_FIELDS))}")
    for key, known in _FIELDS.items():
        if key not in values and known.default is MISSING:
            raise wrong(f"field '{key}' is missing")
    for key, value in raw.items():
        wanted = _TYPES.get(key, str)
        if not isinstance(value, wanted) or isinstance(value, bool):
            raise wrong(f"{key} '{value}' must be of type {wanted.__name__}")
    for key, choices in _ENUMS.items():
        if raw[key] not in set(choices):
            raise wrong(f"{key} '{raw[key]}' must be one of {', '.join(choices)}")
        values[key] = choices(raw[key])
    rule = Rule(**values)
    _refuse_nonsense(rule, wrong)
    return rule


def _refuse_nonsense(rule: Rule, wrong: Any) -> None:  # noqa: ANN401 - a local function that makes the error
    if rule.value <= 0:
        raise wrong(f"value '{rule.value}' must be above zero")
    if rule.valid_from > rule.valid_to:
        raise wrong(f"valid_to '{rule.valid_to}' must not be before valid_from '{rule.valid_from}'")
    if rule.calendar is Calendar.OPENING and (rule.unit is Unit.DAYS or rule.open >= rule.close):
        raise wrong("calendar 'opening' needs hours or minutes, and open before close")
    try:
        ZoneInfo(rule.zone)
    except (KeyError, OSError, ValueError) as error:
        raise wrong(f"zone '{rule.zone}' must be a time zone such as America/Los_Angeles") from error
