"""Statements that run again and again, executed without what the library does anew each time.

SQLAlchemy compiles a statement once, but still prepares every execution of it: on the hot path that cost three times
as much as SQLite itself. Here a statement of ours (a module's constant) is taken apart once for each database: its
text, what becomes of its parameters, what becomes of its columns. Everything else goes the library's usual way, and so
do errors.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, CursorResult, Dialect, Engine
from sqlalchemy.exc import InvalidRequestError, MultipleResultsFound, NoResultFound
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import SelectBase
from typing_extensions import override

_Convert = Callable[[Any], Any] | None


@dataclass(frozen=True, slots=True)
class _Bound:
    """One place of the text: the parameter that goes there, or what always stands there."""

    name: str  # as the text calls it
    key: str | None  # as our callers call it
    constant: Any
    convert: _Convert


@dataclass(frozen=True, slots=True)
class _Plan:
    """A statement taken apart for one database."""

    text: str
    bound: tuple[_Bound, ...]
    positional: bool
    row: type[Any] | None  # None: it returns no rows
    convert: tuple[tuple[int, Callable[[Any], Any]], ...]

    def parameters(self, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a list or a dict, as the driver wants it
        """What the driver is given."""
        if self.positional:
            return [_value(bound, values) for bound in self.bound]
        return {bound.name: _value(bound, values) for bound in self.bound}


def _value(bound: _Bound, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - whatever a column holds
    if bound.key is None:
        return bound.constant
    value = values[bound.key]
    return value if bound.convert is None else bound.convert(value)


class Rows:
    """The result of a statement, all of it read: what our modules use of SQLAlchemy's."""

    __slots__ = ("_rows", "rowcount")

    def __init__(self, rows: Sequence[Any], rowcount: int) -> None:
        self._rows = rows
        self.rowcount = rowcount

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)

    def all(self) -> Sequence[Any]:
        """Every row."""
        return self._rows

    def first(self) -> Any:  # noqa: ANN401 - a row of the statement's own kind
        """The first row, None when there is none."""
        return self._rows[0] if self._rows else None

    def one(self) -> Any:  # noqa: ANN401
        """The only row.

        Raises:
            NoResultFound: there is none.
            MultipleResultsFound: there are more.
        """
        if not self._rows:
            raise NoResultFound("no row was found when one was required")
        if len(self._rows) > 1:
            raise MultipleResultsFound("several rows were found when one was required")
        return self._rows[0]

    def scalar(self) -> Any:  # noqa: ANN401
        """The first column of the first row, None when there is none."""
        return self._rows[0][0] if self._rows else None

    def scalar_one(self) -> Any:  # noqa: ANN401
        """The first column of the only row; raises as ``one`` does."""
        return self.one()[0]

    def scalars(self) -> Rows:
        """The first column of every row."""
        return Rows([row[0] for row in self._rows], self.rowcount)


class DirectConnection(Connection):
    """A connection that executes the statements it has seen before by their plans."""

    @override
    def execute(self, statement: Executable, parameters: Any = None, **options: Any) -> CursorResult[Any]:
        """As the library's: what it returns offers what ``Rows`` offers."""
        plan = None if options else _plan(statement, parameters, self.dialect)
        if plan is None:
            return super().execute(statement, parameters, **options)
        return self._direct(plan, parameters)  # type: ignore[return-value]

    def _direct(self, plan: _Plan, parameters: Any) -> Rows:  # noqa: ANN401 - one set of parameters, or many, or none
        cursor = self.connection.cursor()
        try:
            if isinstance(parameters, list):
                cursor.executemany(plan.text, [plan.parameters(values) for values in parameters])
            else:
                cursor.execute(plan.text, plan.parameters(parameters or {}))
            found = _rows(plan, cursor.fetchall()) if plan.row is not None else ()
            return Rows(found, cursor.rowcount)
        except self.dialect.loaded_dbapi.Error as error:
            # The library's own way of telling: without our parameters, which may be a buyer's words.
            self._handle_dbapi_exception(error, plan.text, None, cursor, None)
        finally:
            cursor.close()


def directly(engine: Engine) -> Engine:
    """The engine, whose connections are of this kind from now on."""
    engine._connection_cls = DirectConnection  # noqa: SLF001 - the library has no public place for it
    return engine


def _rows(plan: _Plan, found: Sequence[Sequence[Any]]) -> Sequence[Any]:
    if plan.row is None:
        return ()
    make = plan.row._make
    if not plan.convert:
        return [make(row) for row in found]
    rows = []
    for row in found:
        values = list(row)
        for index, convert in plan.convert:
            values[index] = convert(values[index])
        rows.append(make(values))
    return rows


# ---- plans -----------------------------------------------------------------------------------------------------------

# By statement, then by database, the names of its parameters, and whether it is given many sets of them. None: it goes
# the usual way. Only what is seen twice gets a plan: a statement made for one call would cost more than it saves.
_Key = tuple[str, tuple[str, ...], bool]
_plans: Final[WeakKeyDictionary[Executable, dict[_Key, _Plan | None]]] = WeakKeyDictionary()


def _plan(statement: Executable, parameters: Any, dialect: Dialect) -> _Plan | None:  # noqa: ANN401
    plans = _plans.get(statement)
    if plans is None:
        _plans[statement] = {}
        return None
    many = isinstance(parameters, list)
    names: tuple[str, ...] = ()
    if parameters:
        names = tuple(parameters[0] if many else parameters)
    key = (dialect.name, names, many)
    if key not in plans:
        plans[key] = _taken_apart(statement, names, dialect, many=many)
    return plans[key]


def _taken_apart(statement: Executable, names: tuple[str, ...], dialect: Dialect, *, many: bool) -> _Plan | None:
    if not isinstance(statement, SelectBase | UpdateBase):
        return None
    try:
        compiled = _compiled(statement, names, dialect, many=many)
    except InvalidRequestError:  # a list of values whose number is only known with them
        return None
    if many and statement.exported_columns:
        return None
    positional = compiled.positiontup is not None
    bound = [_bound(compiled, name, names, dialect) for name in compiled.positiontup or list(compiled.binds)]
    if any(one is None for one in bound):
        return None
    columns = list(statement.exported_columns)
    converters = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
    return _Plan(
        text=compiled.string,
        bound=tuple(one for one in bound if one is not None),
        positional=positional,
        row=_row(columns) if columns else None,
        convert=tuple((index, convert) for index, convert in enumerate(converters) if convert is not None),
    )


def _compiled(statement: ClauseElement, names: tuple[str, ...], dialect: Dialect, *, many: bool) -> SQLCompiler:
    compiled = statement.compile(
        dialect=dialect,
        column_keys=list(names) if names else None,
        for_executemany=many,
        compile_kwargs={"render_postcompile": True},
    )
    assert isinstance(compiled, SQLCompiler)  # noqa: S101 - what both dialects make of these statements
    return compiled


def _bound(compiled: SQLCompiler, name: str, names: tuple[str, ...], dialect: Dialect) -> _Bound | None:
    parameter = compiled.binds.get(name)
    if parameter is None:
        return None
    convert = parameter.type.dialect_impl(dialect).bind_processor(dialect)
    if parameter.key in names:
        return _Bound(name, parameter.key, None, convert)
    if parameter.required:  # let the library say what is missing
        return None
    constant = parameter.effective_value
    return _Bound(name, None, constant if convert is None else convert(constant), None)


def _row(columns: Sequence[ColumnElement[Any]]) -> type[Any]:
    named = namedtuple("Row", [column.key for column in columns], rename=True)  # type: ignore[misc]  # noqa: PYI024
    return type("Row", (named,), {"__slots__": (), "_mapping": property(named._asdict)})
