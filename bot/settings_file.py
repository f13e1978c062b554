"""Settings file: reads ``heqi.toml`` and the environment over it, and names everything that is wrong at once."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import EnvSettingsSource
from typing_extensions import override

from bot.settings import ENV_PREFIX, Settings
from bot.settings_problems import BadSettings, Namer, Problem, lines

CONFIG_VARIABLE = "HEQI_CONFIG"
DEFAULT_FILE = Path("heqi.toml")


def load(path: Path | None = None) -> Settings:
    """The settings of ``path``, else of ``HEQI_CONFIG``, else of ``./heqi.toml`` where there is one.

    ``HEQI_…`` variables win over the file, ``__`` stands between the levels (``HEQI_SERVER__PORT``). Relative paths
    count from the file's folder.

    Raises:
        BadSettings: with every problem at once.
    """
    named = path or (Path(os.environ[CONFIG_VARIABLE]) if os.environ.get(CONFIG_VARIABLE) else None)
    file = named or DEFAULT_FILE
    text = _read(file) if named or file.exists() else ""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _unusable(file, f"不是有效的 TOML：{error} (not valid TOML)") from None
    environment = _environment(table)
    raw = _anchored(_over(table, environment), file.resolve().parent)
    namer = Namer(str(file), lines(text), environment)
    problems = [*namer.written_password(table), *namer.relations(raw)]
    try:
        settings = Settings(**raw)
    except ValidationError as error:
        raise BadSettings([*namer.named(error.errors(include_url=False)), *problems]) from None
    if problems:
        raise BadSettings(problems)
    return settings


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise _unusable(file, f"无法读取：{error.strerror} (cannot be read)") from None
    except UnicodeDecodeError:
        raise _unusable(file, "应存为 UTF-8 (must be saved as UTF-8)") from None


def _unusable(file: Path, wanted: str) -> BadSettings:
    return BadSettings([Problem(where=str(file), wanted=wanted)])


# ---- environment -----------------------------------------------------------------------------------------------------


class _Variables(EnvSettingsSource):
    """The environment as pydantic-settings reads it; what is not JSON stays text, so that checking can name it."""

    @override
    def decode_complex_value(self, field_name: str, field: FieldInfo, value: str) -> object:
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value


def _environment(table: Mapping[str, Any]) -> Mapping[str, Any]:
    """What ``HEQI_…`` variables set. A variable that is no setting becomes an unknown key, unless it holds a secret."""
    values: dict[str, Any] = dict(_Variables(Settings)())
    tables = _entries({**table, **values})
    secrets = {value for entry in tables for key, value in entry.items() if _names_secret(key, value)}
    for name in os.environ:
        key = name.removeprefix(ENV_PREFIX).partition("__")[0].lower()
        if name.startswith(ENV_PREFIX) and name not in {CONFIG_VARIABLE, *secrets} and key not in Settings.model_fields:
            values[key] = os.environ[name]
    return values


def _names_secret(key: str, value: object) -> bool:
    return key.endswith("_env") and isinstance(value, str)


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """``above`` laid over ``below``, table by table."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = _over(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def _anchored(raw: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The same with paths that count from ``folder`` made absolute."""
    anchored: dict[str, Any] = {"data": "var", **raw}
    anchored = {
        key: [_at(folder, entry) for entry in value] if isinstance(value, list) else _at(folder, value)
        for key, value in anchored.items()
    }
    if isinstance(anchored["data"], str):
        anchored["data"] = str(folder / anchored["data"])
    return anchored


def _at(folder: Path, table: object) -> object:
    """A table with its ``…_file`` and ``…_folder`` entries below ``folder``; anything else as it is."""
    if not isinstance(table, dict):
        return table
    return {
        key: str(folder / value) if key.endswith(("_file", "_folder")) and isinstance(value, str) else value
        for key, value in table.items()
    }


def _entries(raw: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All tables of the settings, those in lists included."""
    flat = [entry for value in raw.values() for entry in (value if isinstance(value, list) else [value])]
    return [entry for entry in flat if isinstance(entry, dict)]
