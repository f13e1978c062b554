"""Places: databases as copies and checks open them, one snapshot to read and nothing upgraded on the way."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psycopg
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, func, inspect, make_url, select, text
from sqlalchemy.exc import ArgumentError, DBAPIError

from bot.store.errors import StoreError
from bot.store.leases import held
from bot.store.schema import metadata
from bot.store.upgrade import HEAD, UNFINISHED, version

NAME: Final = "heqi-keep"  # of our connections, which are none of the service's

_AT_WORK = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'heqi'"
)

# A connection that was closed a moment ago is gone as soon as the server has noticed; within a transaction the server
# shows what it saw first, unless it is told to forget that.
_LOOKS, _BETWEEN = 10, 0.2
_LOOK_AGAIN = text("SELECT pg_stat_clear_snapshot()")


def parse(url: str) -> URL:
    """The address of a database.

    Raises:
        StoreError: it is none of a kind Heqi knows. Its text is not repeated: it may hold a password.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = URL.create("none")
    if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
        raise StoreError("数据库地址应为 sqlite:///文件 或 postgresql://… (write sqlite:///FILE or postgresql://…)")
    if is_file(parsed) and not parsed.database:
        raise StoreError("数据库地址没有写文件：sqlite:///heqi.sqlite (the address names no file)")
    return parsed


def is_file(url: URL) -> bool:
    """Whether the database is a SQLite file."""
    return url.get_backend_name() == "sqlite"


def path_of(url: URL) -> Path:
    """The file of a SQLite database."""
    return Path(url.database or "")


def name_of(url: URL) -> str:
    """How errors call a database: never with its password."""
    return str(path_of(url)) if is_file(url) else url.render_as_string(hide_password=True)


@contextmanager
def in_words(name: str) -> Iterator[None]:
    """Tell errors of the database in words, without what was to be stored.

    Raises:
        StoreError: what the database said.
    """
    try:
        yield
    except DBAPIError as error:
        raise StoreError(f"{name}：{_reason(error.orig)} (the database says so)") from error
    except (sqlite3.Error, psycopg.Error) as error:
        raise StoreError(f"{name}：{_reason(error)} (the database says so)") from error


def _reason(error: BaseException | None) -> str:
    """What the database or the system says; of errors about values only their kind."""
    if isinstance(error, sqlite3.Error):
        return str(error).partition(" with text ")[0]
    if isinstance(error, psycopg.OperationalError):
        return str(error).strip().partition("\n")[0]
    return type(error).__name__


@contextmanager
def reading(url: URL) -> Iterator[Connection]:
    """One snapshot of a database; nothing can be written through it, and what writes beside is not held up.

    Raises:
        StoreError: it cannot be opened or read.
    """
    name = name_of(url)
    if is_file(url) and not path_of(url).is_file():
        raise StoreError(f"{name}：没有这个文件 (there is no such file)")
    engine = _lite(path_of(url), mode="ro") if is_file(url) else _post(url)
    with in_words(name), engine.connect() as conn:
        if not is_file(url):
            conn.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with conn.begin():
            conn.exec_driver_sql("BEGIN" if is_file(url) else "SET LOCAL TIME ZONE 'UTC'")
            yield conn


@contextmanager
def filling_file(path: Path) -> Iterator[Connection]:
    """An unfinished file that may be lost: it is written without a journal on the disk.

    Raises:
        StoreError: it cannot be written.
    """
    with in_words(str(path)), _lite(path, mode="rw").connect() as conn, conn.begin():
        for pragma in ("journal_mode=MEMORY", "synchronous=OFF", "secure_delete=ON"):
            conn.exec_driver_sql(f"PRAGMA {pragma}")
        conn.exec_driver_sql("BEGIN")
        yield conn


@contextmanager
def filling_server(url: URL) -> Iterator[Connection]:
    """A connection to PostgreSQL; its transactions are the caller's.

    Raises:
        StoreError: the server cannot be reached, or says no.
    """
    with in_words(name_of(url)), _post(url).connect() as conn:
        with conn.begin():
            conn.exec_driver_sql("SET TIME ZONE 'UTC'")
        yield conn


def _lite(path: Path, *, mode: str) -> Engine:
    where = f"{path.absolute().as_uri()}?mode={mode}"

    def connect() -> sqlite3.Connection:
        # The driver begins nothing by itself. Who writes beside waits for nobody, so neither do we for long.
        return sqlite3.connect(where, uri=True, isolation_level=None, timeout=5)

    return create_engine("sqlite://", creator=connect, poolclass=NullPool, hide_parameters=True)


def _post(url: URL) -> Engine:
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        poolclass=NullPool,
        hide_parameters=True,
        connect_args={"application_name": NAME, "connect_timeout": 5},
    )


# ---- what is in a database -------------------------------------------------------------------------------------------


def version_in(conn: Connection, name: str) -> str | None:
    """The schema of a database, None when it is empty.

    Raises:
        StoreError: another program's tables are in it.
    """
    tables = set(inspect(conn).get_table_names())
    if tables and "alembic_version" not in tables:
        raise StoreError(f"{name}：是别的程序的数据库 (the database of another program)")
    return version(conn) if tables else None


def need_head(conn: Connection, name: str) -> None:
    """Make sure that the tables are those of this version.

    Raises:
        StoreError: they are not, and what to do.
    """
    found = version_in(conn, name)
    if found == HEAD:
        return
    if found is None:
        raise StoreError(f"{name}：里面没有和气的数据 (there is nothing of Heqi's in it)")
    if found == UNFINISHED:
        raise StoreError(f"{name}：数据没有复制完，请重新执行那条命令 (half of a copy: run that command again)")
    raise StoreError(
        f"{name}：数据结构是 {found}，本版本是 {HEAD}；请先用本版本启动一次 heqi serve 来升级，若它更新则换用新版本 "
        f"(its schema is {found}, this version's {HEAD}: start heqi serve once to upgrade it, or use the newer version)"
    )


def is_empty(conn: Connection) -> bool:
    """Whether a database of ours holds no rows; who leases what is nothing to lose."""
    present = set(inspect(conn).get_table_names())
    tables = [table for table in metadata.sorted_tables if table.name in present and table.name != "leases"]
    return all(conn.execute(select(func.count()).select_from(table)).scalar() == 0 for table in tables)


def refuse_at_work(conn: Connection, name: str) -> None:
    """Make sure that no service works on a PostgreSQL database.

    Raises:
        StoreError: one does.
    """
    leased = bool(held(conn)) if "leases" in inspect(conn).get_table_names() else False
    for _ in range(0 if leased else _LOOKS):
        if not conn.execute(_AT_WORK).scalar():
            return
        time.sleep(_BETWEEN)
        conn.execute(_LOOK_AGAIN)
    raise StoreError(f"{name}：服务正在使用，请先停止全部进程 (a service works on it: stop all its processes first)")
