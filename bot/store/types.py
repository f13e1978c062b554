"""Column types that read back the same from SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, cast

from pydantic import TypeAdapter
from sqlalchemy import BigInteger, DateTime, Dialect, Integer, Text
from sqlalchemy.types import TypeDecorator
from typing_extensions import override

# SQLite numbers rows by itself only when the key is INTEGER.
Id = BigInteger().with_variant(Integer, "sqlite")


class Moment(TypeDecorator[datetime]):
    """An aware time, stored in UTC and read back aware in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @override
    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any]:
        # Not by way of the impl's: forty moments are read for every turn, and SQLite keeps them as text.
        return _to_text if dialect.name == "sqlite" else _aware

    @override
    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None]:
        return _from_text if dialect.name == "sqlite" else _in_utc


def _aware(value: datetime | None) -> datetime | None:
    if value is not None and value.tzinfo is None:
        raise ValueError("a time without a zone cannot be stored")
    return value


def _to_text(value: datetime | None) -> str | None:
    aware = _aware(value)
    return None if aware is None else aware.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _from_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value).replace(tzinfo=UTC)


def _in_utc(value: datetime | None) -> datetime | None:
    return None if value is None else value.astimezone(UTC)


class Shape:
    """A frozen value's form as JSON; the codec is built when it is first needed, because building costs."""

    def __init__(self, form: Any) -> None:  # noqa: ANN401 - a type or a union of types
        self._form = form

    @cached_property
    def codec(self) -> TypeAdapter[Any]:
        """Reads and writes the JSON text; decimals stay exact, times stay aware."""
        return TypeAdapter(self._form)


class Json(TypeDecorator[Any]):
    """A frozen value as JSON text."""

    impl = Text
    cache_ok = True

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape

    @override
    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else self.shape.codec.dump_json(value).decode()

    @override
    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else self.shape.codec.validate_json(cast("str", value))


def storable(text: str) -> str:
    """The text as both databases can hold it: NUL and halves of a surrogate pair become U+FFFD."""
    if text.isascii() and "\0" not in text:
        return text
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "\N{REPLACEMENT CHARACTER}")
