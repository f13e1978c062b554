"""Fixtures of keeping: a shop that has lived a day, in a database of its own for every test."""

from __future__ import annotations

import asyncio
import itertools
import shutil
from pathlib import Path

import psycopg
import pytest

from bot.store import Store
from tests.bot.keep import shop
from tests.servers.postgres import PostgresServer

_numbers = itertools.count(1)


async def _live(url: str) -> None:
    store = await Store.open(url)
    await shop.live(store)
    await store.close()


@pytest.fixture(scope="session")
def lived_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file of that shop."""
    path = tmp_path_factory.mktemp("lived") / "heqi.sqlite"
    asyncio.run(_live(f"sqlite:///{path}"))
    return path


@pytest.fixture
def lived_url(lived_file: Path, tmp_path: Path) -> str:
    """URL of that shop in a SQLite file, where the kind of database makes no difference."""
    return f"sqlite:///{shutil.copy(lived_file, tmp_path / 'lived.sqlite')}"


@pytest.fixture(scope="session")
def lived_database(postgres_server: PostgresServer) -> str:
    """Name of a PostgreSQL database of that shop."""
    url = postgres_server.new_database()
    asyncio.run(_live(url))
    return url.rpartition("@/")[2].partition("?")[0]


@pytest.fixture
def lived(request: pytest.FixtureRequest, database: str) -> str:
    """URL of that shop in a database of each kind, to be read only: it is shared."""
    if database == "sqlite":
        return str(request.getfixturevalue("lived_url"))
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.url(request.getfixturevalue("lived_database"))


@pytest.fixture
def lived_alone(request: pytest.FixtureRequest, database: str) -> str:
    """The same in a database of its own, to be written to."""
    if database == "sqlite":
        return str(request.getfixturevalue("lived_url"))
    return copy_of(request.getfixturevalue("postgres_server"), request.getfixturevalue("lived_database"))


def copy_of(server: PostgresServer, database: str) -> str:
    """URL of a copy of a database."""
    name = f"copy{next(_numbers)}"
    with psycopg.connect(server.url("postgres"), autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name} TEMPLATE {database}")
    return server.url(name)


@pytest.fixture
def empty(request: pytest.FixtureRequest, target: str, tmp_path: Path) -> str:
    """URL of a new database, of the kind a test names as ``target``."""
    if target == "sqlite":
        return f"sqlite:///{tmp_path / 'new.sqlite'}"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.new_database()
