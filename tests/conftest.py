"""What all tests share: no network, and a store on every database there is."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from bot.store import Store
from bot.store.schema import metadata
from tests.servers import postgres

# How long an example takes says nothing on a machine that runs other tests beside: no deadline, no health by the clock.
settings.register_profile("heqi", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("heqi")

CHROMIUM = Path("/usr/bin/chromium")
BROWSER_TESTS = Path(__file__).parent / "browser"

# ---- the network is forbidden ----------------------------------------------------------------------------------------

_reached: list[str] = []


def _guard(event: str, arguments: tuple[object, ...]) -> None:
    """Refuse to leave this machine. Whoever swallows the error still fails: the attempt is remembered."""
    if event in {"socket.connect", "socket.sendto"}:
        address = arguments[1]
        if isinstance(address, tuple) and not _is_here(str(address[0])):
            _reached.append(str(address[0]))
            raise ConnectionRefusedError("tests must not use the network")
    elif event == "socket.getaddrinfo" and arguments[0] and not _is_here(_text(arguments[0])):
        raise socket.gaierror(socket.EAI_NONAME, "tests must not ask for names")


def _is_here(host: str) -> bool:
    if host in {"localhost", "", "0.0.0.0"}:  # noqa: S104 - nothing is bound, an address is compared
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _text(host: object) -> str:
    return host.decode() if isinstance(host, bytes) else str(host)


sys.addaudithook(_guard)


@pytest.fixture(autouse=True)
def _no_network() -> Iterator[None]:
    _reached.clear()
    yield
    if _reached:
        pytest.fail(f"the test tried to reach {', '.join(sorted(set(_reached)))}")


# ---- databases -------------------------------------------------------------------------------------------------------


def _databases() -> list[str]:
    """SQLite always; PostgreSQL where it is installed. Where nobody looks (CI) a missing one is an error."""
    if postgres.binaries() is not None:
        return ["sqlite", "postgresql"]
    if os.environ.get("CI"):
        raise pytest.UsageError(f"no PostgreSQL server was found: {postgres.HOW}")
    return ["sqlite"]


def pytest_report_header() -> list[str]:
    databases = _databases()
    missing = "" if "postgresql" in databases else f" (PostgreSQL is not tested: {postgres.HOW})"
    browser = "chromium" if _has_browser() else f"none (the desk's pages are not tested: there is no {CHROMIUM})"
    return [f"databases: {', '.join(databases)}{missing}", f"browser: {browser}"]


def _has_browser() -> bool:
    """Chromium, by the same rule as PostgreSQL."""
    if CHROMIUM.exists():
        return True
    if os.environ.get("CI"):
        raise pytest.UsageError(f"there is no {CHROMIUM}: install chromium")
    return False


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave the browser tests out where there is no browser; None lets the others decide."""
    return True if collection_path == BROWSER_TESTS and not _has_browser() else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database" in metafunc.fixturenames:
        marks = {"postgresql": [pytest.mark.postgres]}
        kinds = [pytest.param(kind, marks=marks.get(kind, [])) for kind in _databases()]
        metafunc.parametrize("database", kinds)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.PostgresServer]:
    """A server for this run (one for each process of a parallel run)."""
    folder = postgres.binaries()
    if folder is None:
        pytest.fail(f"no PostgreSQL server was found: {postgres.HOW}")
    server = postgres.PostgresServer(folder)
    yield server
    server.stop()


@pytest.fixture
def database_url(request: pytest.FixtureRequest, database: str, tmp_path: Path) -> str:
    """URL of an empty database of each kind."""
    if database == "sqlite":
        return f"sqlite:///{tmp_path / 'heqi.sqlite'}"
    server: postgres.PostgresServer = request.getfixturevalue("postgres_server")
    return server.new_database()


@pytest.fixture(scope="session")
def sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the schema and nothing else."""
    path = tmp_path_factory.mktemp("sqlite") / "heqi.sqlite"
    asyncio.run(_prepare(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def postgres_database(postgres_server: postgres.PostgresServer) -> str:
    """URL of a PostgreSQL database with the schema, shared by the tests that empty it."""
    url = postgres_server.new_database()
    asyncio.run(_prepare(url))
    return url


async def _prepare(url: str) -> None:
    await (await Store.open(url)).close()


@pytest.fixture
def prepared_url(request: pytest.FixtureRequest, database: str, tmp_path: Path) -> str:
    """URL of a database of each kind that has the schema."""
    if database == "sqlite":
        return f"sqlite:///{shutil.copy(request.getfixturevalue('sqlite_file'), tmp_path / 'heqi.sqlite')}"
    return str(request.getfixturevalue("postgres_database"))


@pytest.fixture
async def store(prepared_url: str) -> AsyncIterator[Store]:
    """An open store with empty tables on each kind of database."""
    opened = await Store.open(prepared_url)
    if prepared_url.startswith("postgresql"):
        tables = ", ".join(table.name for table in metadata.sorted_tables)
        await opened.write(lambda conn: conn.exec_driver_sql(f"TRUNCATE {tables} RESTART IDENTITY").rowcount)
    yield opened
    await opened.close()
