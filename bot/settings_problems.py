"""Settings problems: what is wrong with the settings, where it stands and what would be right."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel
from typing_extensions import override

from adapters.channels import CHANNELS
from bot.settings import DEFAULT_ENGINES, DEFAULT_SHOPS, ENV_PREFIX, Settings, engine_id, gaps
from dialogs.errors import HeqiError

Location = tuple[str | int, ...]

_TYPE_TEXTS: Mapping[str, str] = {
    "missing": "缺少此项 (required)",
    "int_parsing": "应为整数 (a whole number)",
    "int_type": "应为整数 (a whole number)",
    "int_from_float": "应为整数 (a whole number)",
    "float_parsing": "应为数字 (a number)",
    "float_type": "应为数字 (a number)",
    "decimal_parsing": '应为金额，如 "5.00" (a decimal amount)',
    "decimal_type": '应为金额，如 "5.00" (a decimal amount)',
    "finite_number": "应为有限的数 (a finite number)",
    "string_type": "应为加引号的文字 (text in quotes)",
    "string_too_short": "不能为空 (must not be empty)",
    "string_pattern_mismatch": (
        "只能用小写字母、数字、- 和 _，最多 32 个，以字母或数字开头 (lower-case letters, digits, - and _, at most 32)"
    ),
    "tuple_type": "应为列表 [ … ] (a list)",
    "list_type": "应为列表 [ … ] (a list)",
    "too_short": "至少一项 (at least one entry)",
    "model_type": "应为表 (a table)",
    "mapping_type": "应为表 (a table)",
    "dict_type": "应为表 (a table)",
    "path_type": "应为文件路径 (a path)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong: where it stands, what it is and what would be right."""

    where: str  # the file, or the name of the environment variable
    line: int | None = None
    field: str = ""  # server.port, shops[2].id; empty for the file as a whole
    value: str | None = None  # as shown; None when it is missing or may be a secret
    wanted: str

    @override
    def __str__(self) -> str:
        where = self.where if self.line is None else f"{self.where}:{self.line}"
        what = self.field if self.value is None else f"{self.field} = {self.value}"
        return ": ".join(part for part in (where, what, self.wanted) if part)


class BadSettings(HeqiError):  # noqa: N818 - like the other errors, named by what is wrong
    """The settings cannot be used; ``problems`` names everything that is wrong with them."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.line is None, problem.line or 0)))
        super().__init__("\n".join(map(str, self.problems)))


# ---- naming problems -------------------------------------------------------------------------------------------------


class Namer:
    """Knows where each value stands and says what is wrong with it."""

    def __init__(self, file: str, where: Mapping[Location, int], environment: Mapping[str, Any]) -> None:
        self._file = file
        self._lines = where
        self._environment = environment

    def problem(self, location: Location, value: str | None, wanted: str) -> Problem:
        """A problem at ``location``."""
        field = _dotted(location)
        if self._from_environment(location):
            return Problem(where=_variable(location), field=field, value=value, wanted=wanted)
        starts = (location[:end] for end in range(len(location), 0, -1))
        line = next((self._lines[start] for start in starts if start in self._lines), None)
        return Problem(where=self._file, line=line, field=field, value=value, wanted=wanted)

    def named(self, details: Iterable[Any]) -> Iterator[Problem]:
        """The problems pydantic found."""
        for detail in details:
            location, kind, given = _place(detail["loc"]), detail["type"], detail["input"]
            if kind == "too_short" and given:  # its entries were wrong and are named themselves
                continue
            if kind == "extra_forbidden":
                yield self.problem(location, None, _unknown(location))
            else:
                shown = None if kind == "missing" or isinstance(given, dict | BaseModel) else _shown(given)
                yield self.problem(location, shown, _wanted(kind, detail))

    def relations(self, raw: Mapping[str, Any]) -> Iterator[Problem]:
        """What only shows when several values are read together; entries that are wrong themselves are passed over."""
        engines = [engine_id(engine) for engine in _tables(raw, "engines")]
        shops = [shop.get("id") for shop in _tables(raw, "shops")]
        accounts = [account.get("id") for account in _tables(raw, "accounts")]
        for key, name, ids in (("engines", "name", engines), ("shops", "id", shops), ("accounts", "id", accounts)):
            for n, id_ in enumerate(ids):
                if id_ is not None and id_ in ids[:n]:
                    wanted = "重复，每个只能出现一次 (stands twice)"
                    if key == "engines":
                        wanted += "；同名引擎用 label 区分 (tell engines of one name apart by label)"
                    yield self.problem((key, n, name), _shown(id_), wanted)
        for n, engine in enumerate(_tables(raw, "engines")):
            for gap in gaps(engine):
                yield self.problem(("engines", n), None, gap)
        shops = shops or [shop.id for shop in DEFAULT_SHOPS]
        for n, account in enumerate(_tables(raw, "accounts")):
            if (shop := account.get("shop")) is not None and shop not in shops:
                wanted = f"没有这个店铺，可选：{_join(shops)} (no such shop)"
                yield self.problem(("accounts", n, "shop"), _shown(shop), wanted)
        if "engines" not in raw:
            engines = [engine.name for engine in DEFAULT_ENGINES]
        for n, entry in enumerate(_tables(raw, "shops")):
            own = entry.get("engines")
            for name in own if isinstance(own, list) else ():
                if name not in engines:
                    wanted = f"[[engines]] 中没有它，可选：{_join(engines)} (not among [[engines]])"
                    yield self.problem(("shops", n, "engines"), _shown(name), wanted)

    def written_password(self, table: Mapping[str, Any]) -> Iterator[Problem]:
        """A password that stands in the file instead of the environment."""
        database = table.get("database")
        url = database.get("url") if isinstance(database, dict) else None
        if isinstance(url, str) and re.search(r"//[^/@]*:[^/@]*@", url):
            line = self._lines.get(("database", "url"))
            wanted = "密码不要写进文件，请用环境变量 HEQI_DATABASE__URL 或 PGPASSWORD (no password in the file)"
            yield Problem(where=self._file, line=line, field="database.url", wanted=wanted)

    def _from_environment(self, location: Location) -> bool:
        value: Any = self._environment
        for part in location:
            if not isinstance(value, dict):
                return True  # the variable holds the whole list
            if part not in value:
                return False
            value = value[part]
        return True


def _place(location: Location) -> Location:
    """Where a value stands in the file: pydantic names the channel behind the number of an account."""
    if len(location) > 2 and location[0] == "accounts" and location[2] in CHANNELS:
        return (*location[:2], *location[3:])
    return tuple(location)


def _tables(raw: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The entries of a list of tables; an entry that is no table counts as an empty one."""
    entries = raw.get(key)
    return [entry if isinstance(entry, dict) else {} for entry in entries] if isinstance(entries, list) else []


def _join(values: Iterable[object]) -> str:
    return ", ".join(str(value) for value in values if value is not None) or "—"


def _dotted(location: Location) -> str:
    text = ""
    for part in location:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}"  # people count entries from one
    return text.removeprefix(".")


def _variable(location: Location) -> str:
    """The longest ``HEQI_…`` variable that sets this place."""
    names = [part for part in location if isinstance(part, str)]
    for end in range(len(names), 0, -1):
        name = ENV_PREFIX + "__".join(names[:end])
        for present in os.environ:
            if present.upper() == name.upper():
                return present
    return ENV_PREFIX + names[0].upper()


def _shown(value: object) -> str:
    text = repr(value) if not isinstance(value, str) else f'"{value}"'
    if isinstance(value, str) and "://" in value:
        text = '"' + re.sub(r"//[^/@]*@", "//…@", value).partition("?")[0] + '"'
    return text if len(text) <= 200 else text[:199] + "…"


def _wanted(kind: str, detail: Mapping[str, Any]) -> str:
    context = detail.get("ctx", {})
    match kind:
        case "value_error":
            return str(context["error"])
        case "union_tag_invalid":
            return f"channel 可选：{context['expected_tags'].replace(chr(39), '')} (channel must be one of these)"
        case "union_tag_not_found":
            return "缺少 channel (channel is required)"
        case "literal_error" | "enum":
            choices = str(context["expected"]).replace(" or ", ", ").replace("'", '"')
            return f"可选：{choices} (one of these)"
        case "greater_than_equal":
            return f"应不小于 {context['ge']:g} (at least {context['ge']:g})"
        case "less_than_equal":
            return f"应不大于 {context['le']:g} (at most {context['le']:g})"
        case "greater_than":
            return f"应大于 {context['gt']:g} (more than {context['gt']:g})"
        case _:
            return _TYPE_TEXTS.get(kind, str(detail["msg"]))


def _unknown(location: Location) -> str:
    name = str(location[-1])
    if name in {"key", "api_key", "token", "secret", "password"}:
        return "密钥不写进文件，请用 key_env 或 key_file (no secret in the file; use key_env or key_file)"
    near = difflib.get_close_matches(name, _keys_at(location[:-1]), n=1)
    return "没有这一项 (unknown key)" + (f"，是不是 {near[0]}？(did you mean {near[0]}?)" if near else "")


def _keys_at(location: Location) -> list[str]:
    """Names of the settings of the table at ``location``."""
    model: type[BaseModel] = Settings
    for part in location:
        if isinstance(part, str):
            found = _model_in(model.model_fields[part].annotation)
            if found is None:
                return []
            model = found
    return list(model.model_fields)


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)


# ---- lines -----------------------------------------------------------------------------------------------------------

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_PAIR = re.compile(r'^\s*([A-Za-z0-9_."\'-]+(?:\s*\.\s*[A-Za-z0-9_"\'-]+)*)\s*=')


def lines(text: str) -> Mapping[Location, int]:
    """Line of every table and key of a TOML text, as far as a line-wise look tells; tomllib itself keeps none."""
    found: dict[Location, int] = {}
    counts: dict[str, int] = {}
    table: Location = ()
    quote: str | None = None  # inside a multi-line text
    for number, line in enumerate(text.splitlines(), 1):
        if quote:
            quote = None if quote in line else quote
            continue
        if header := _HEADER.match(line):
            table = _parts(header[2])
            if header[1] == "[[":
                counts[header[2]] = counts.get(header[2], -1) + 1
                table = (*table, counts[header[2]])
            elif table and table[0] in counts:  # [shops.goodwill] belongs to the latest [[shops]]
                table = (table[0], counts[str(table[0])], *table[1:])
            found.setdefault(table, number)
        elif pair := _PAIR.match(line):
            found.setdefault((*table, *_parts(pair[1])), number)
        quote = next((mark for mark in ('"""', "'''") if line.count(mark) % 2), None)
    return found


def _parts(name: str) -> Location:
    return tuple(part.strip().strip("\"'") for part in name.split("."))
