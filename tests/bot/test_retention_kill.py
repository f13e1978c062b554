"""``heqi prune`` as a process: killed at bad moments it loses nothing, and it says what it did."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import zipfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from typer.testing import CliRunner

from bot.cli import app
from bot.store import Store
from tests.bot.store.crowd import EACH, fill

LONG_AGO = "2020-01-01 00:00:00.000000"
run = CliRunner()


def _age(conn: Connection) -> None:
    """It all happened long ago, and nobody works on what is over."""
    fill(conn, of=150)
    for table, column in (("conversations", "last_at"), ("events", "accepted_at"), ("blobs", "at")):
        conn.execute(text(f"UPDATE {table} SET {column} = '{LONG_AGO}'"))  # noqa: S608 - from the line above
    conn.execute(text("UPDATE conversations SET waiting_since = NULL, due = NULL WHERE status = 'resolved'"))


def _ids(status: str) -> Callable[[Connection], set[int]]:
    query = text("SELECT id FROM conversations WHERE status = :status")
    return lambda conn: set(conn.execute(query, {"status": status}).scalars())


def _archived(folder: Path) -> dict[int, int]:
    """Of every archived conversation, how many lines it has."""
    found: dict[int, int] = {}
    for path in folder.glob("conversations-*.zip"):
        with zipfile.ZipFile(path) as file:
            records = map(json.loads, file.read("conversations.jsonl").decode().splitlines())
            found |= {record["id"]: len(record["lines"]) for record in records}
    return found


@asynccontextmanager
async def _pruning(url: str, data: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    environment = {
        **os.environ,
        "HEQI_DATA": str(data),
        "HEQI_DATABASE__URL": url,
        "HEQI_RETENTION__MESSAGES_DAYS": "30",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "prune", env=environment, cwd=data, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()


async def _until(process: asyncio.subprocess.Process, reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not reached() and process.returncode is None:
            await asyncio.sleep(0.005)
    assert process.returncode is None, "it was over before it could be killed"


async def test_killed_while_it_prunes_it_loses_nothing(prepared_url: str, store: Store, tmp_path: Path) -> None:
    await store.write(_age)
    over, open_ = await store.read(_ids("resolved")), await store.read(_ids("open"))
    folder = tmp_path / "archive"

    async with _pruning(prepared_url, tmp_path) as process:  # while the first file is written
        await _until(process, lambda: folder.exists() and any(folder.iterdir()))
    left = await store.read(_ids("resolved"))
    assert over <= left | _archived(folder).keys()

    async with _pruning(prepared_url, tmp_path) as process:  # after some of what it holds was removed
        while process.returncode is None and len(await store.read(_ids("resolved"))) == len(left):
            await asyncio.sleep(0.005)
    left = await store.read(_ids("resolved"))
    assert over <= left | _archived(folder).keys()
    assert left

    async with _pruning(prepared_url, tmp_path) as process:
        told = (await process.communicate())[0].decode()
    kept = await store.read(_ids("resolved"))
    archived = _archived(folder)

    assert process.returncode == 0
    assert f"对话 (conversations): {len(left - kept)}" in told
    assert over - kept == archived.keys()
    assert set(archived.values()) == {EACH}
    assert (await store.read(_ids("open")), kept) == (open_, set())


def test_a_dry_run_removes_nothing(sqlite_data: Path) -> None:
    told = run.invoke(app, ["prune", "--dry-run"])

    assert told.exit_code == 0, told.output
    assert "将删除 (would remove):" in told.output
    assert "归档文件 (files of the archive): 1" in told.output
    assert not (sqlite_data / "archive").exists()


def test_a_pruned_file_is_made_small(sqlite_data: Path) -> None:
    file = sqlite_data / "heqi.sqlite"
    before = file.stat().st_size
    told = run.invoke(app, ["prune", "--compact"])

    assert told.exit_code == 0, told.output
    assert file.stat().st_size < before * 0.8
    assert f"{before / 1e6:.1f} MB → {file.stat().st_size / 1e6:.1f} MB" in told.output


def test_compacting_needs_the_file_alone(sqlite_data: Path) -> None:
    store = asyncio.run(Store.open(f"sqlite:///{sqlite_data / 'heqi.sqlite'}"))
    told = run.invoke(app, ["prune", "--compact"])
    asyncio.run(store.close())

    assert told.exit_code == 1
    assert "in use by another Heqi process" in str(told.exception)


def test_compacting_is_for_sqlite(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HEQI_DATA", str(tmp_path))
    monkeypatch.setenv("HEQI_DATABASE__URL", "postgresql://127.0.0.1:1/x")

    assert run.invoke(app, ["prune", "--compact"]).exit_code == 2
    assert run.invoke(app, ["prune", "--compact", "--dry-run"]).exit_code == 2


@pytest.fixture
def sqlite_data(sqlite_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with many conversations that are over."""
    (tmp_path / "heqi.sqlite").write_bytes(sqlite_file.read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HEQI_DATA", str(tmp_path))
    monkeypatch.setenv("HEQI_RETENTION__MESSAGES_DAYS", "30")

    async def prepare() -> None:
        store = await Store.open(f"sqlite:///{tmp_path / 'heqi.sqlite'}")
        await store.write(_age)
        await store.close()

    asyncio.run(prepare())
    return tmp_path
