"""Untrusted JSON made harmless: bounded in depth and size, clean texts, and careful looks into it."""

from __future__ import annotations

import json
import math
import re
from datetime import datetime
from typing import Final, NoReturn

from adapters.doors import clean
from dialogs.errors import Malformed

MAX_DEPTH: Final = 64  # raw messages of the platforms nest about 20 deep
LATEST: Final = 4_102_444_800  # 2100-01-01 as Unix seconds: what is later is no time of a message
_NUMBER: Final = re.compile(r"[0-9]{1,16}(\.[0-9]{1,9})?")


def tamed(body: bytes) -> object:
    """The JSON of ``body`` with every text clean.

    Raises:
        Malformed: it is not JSON, or nested more than 64 deep.
    """
    try:
        given: object = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Malformed("body: not JSON") from None
    return _clean(given, MAX_DEPTH)


def _no_constant(_name: str) -> NoReturn:
    raise ValueError


def _clean(value: object, depth: int) -> object:
    if depth == 0:
        raise Malformed("body: too deep")
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_clean(item, depth - 1) for item in value]
    if isinstance(value, dict):
        return {clean(key): _clean(item, depth - 1) for key, item in value.items()}
    return value


def at(value: object, *path: str | int) -> object:
    """What lies at ``path``, None where there is nothing."""
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and len(value) > step else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def text_at(value: object, *path: str | int) -> str:
    """The text at ``path``, empty where there is none; a whole number counts, platforms write ids both ways."""
    found = at(value, *path)
    if isinstance(found, int) and not isinstance(found, bool) and abs(found) < 10**18:
        return str(found)
    return found if isinstance(found, str) else ""


def seconds(value: object) -> float | None:
    """A moment as Unix seconds, from seconds, milliseconds, digits in a text or an ISO date; None for anything else."""
    if isinstance(value, dict):  # a 64-bit number as some JavaScript libraries write it
        value = value.get("low")
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        return _dated(value)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    if not math.isfinite(number) or number <= 0:
        return None
    return number / 1000 if number > 1e11 else number


def _dated(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text.removesuffix(" UTC").strip())
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = datetime.fromisoformat(f"{moment.isoformat()}+00:00")
    try:
        found = moment.timestamp()
    except (OverflowError, ValueError):
        return None
    return found if found > 0 else None


def moment(value: object, now: datetime) -> float:
    """The same, or ``now`` where there is no likely one."""
    found = seconds(value)
    return now.timestamp() if found is None or found > LATEST else found
