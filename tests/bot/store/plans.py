"""How a database answers: the plans of the statements that are executed through a connection."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Executable
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import Insert

from bot.store.schema import metadata


class Explain(Executable, ClauseElement):
    """The plan of a statement."""

    inherit_cache = False

    def __init__(self, statement: Any) -> None:
        self.statement = statement


@compiles(Explain)
def _explain(element: Explain, compiler: SQLCompiler, **options: Any) -> str:
    kind = "EXPLAIN QUERY PLAN" if compiler.dialect.name == "sqlite" else "EXPLAIN (COSTS OFF)"
    explained = compiler.process(element.statement, **options)
    compiler.isinsert = compiler.isupdate = compiler.isdelete = False  # what is executed is a query
    return f"{kind} {explained}"


@dataclass
class Watched:
    """Stands for a connection: notes the plan of everything but inserts, and executes it."""

    conn: Connection
    lines: list[str] = field(default_factory=list)

    @property
    def dialect(self) -> Any:
        return self.conn.dialect

    def execute(self, statement: Any, parameters: Any = None) -> Any:
        if not isinstance(statement, Insert | sqlite.Insert | postgresql.Insert):
            explained = self.conn.execute(Explain(statement), parameters)
            # The driver's rows: by SQLAlchemy's they would be read as the statement's own.
            self.lines += [str(row[-1]) for row in explained.cursor.fetchall()]
        return self.conn.execute(statement, parameters)

    def indexes(self) -> set[str]:
        """Names of the indexes that were used."""
        text = "\n".join(self.lines)
        if self.conn.dialect.name == "sqlite":
            names = set(re.findall(r"USING (?:COVERING )?INDEX (\w+)", text))
            names |= {f"{table}_pkey" for table in re.findall(r"SEARCH (\w+) USING INTEGER PRIMARY KEY", text)}
            return {_named(self.conn, name) for name in names}
        return set(re.findall(r"(?:Index Scan|Index Only Scan|Index Scan Backward)[\w ]*? using (\w+)", text)) | set(
            re.findall(r"Bitmap Index Scan on (\w+)", text)
        )

    def scans(self) -> set[str]:
        """Names of the tables that were read from one end to the other."""
        text = "\n".join(self.lines)
        if self.conn.dialect.name == "sqlite":
            found = set(re.findall(r"SCAN (\w+)$", text, re.MULTILINE))
        else:
            found = set(re.findall(r"Seq Scan on (\w+)", text))
        return found & set(metadata.tables)


def _named(conn: Connection, index: str) -> str:
    """The name the schema gives an index; SQLite calls those of constraints its own way."""
    if not index.startswith("sqlite_autoindex_"):
        return index
    table = index.removeprefix("sqlite_autoindex_").rpartition("_")[0]
    columns = [row[2] for row in conn.exec_driver_sql(f"PRAGMA index_info({index})")]
    if columns == [column.name for column in metadata.tables[table].primary_key]:
        return f"{table}_pkey"
    return f"{table}_{'_'.join(columns)}_key"
