"""Backup and restore: one moment of everything in one file, and back again without sending anything twice."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import shutil
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.keeping.backup import Kept
from bot.keeping.backup import backup as keep
from bot.keeping.places import parse, reading
from bot.keeping.restore import GAP, Restored
from bot.keeping.restore import restore as bring_back
from bot.store import Store, StoreError
from bot.store.upgrade import HEAD, MIGRATIONS, version
from dialogs.messages import DeliveryState
from tests.bot.house import House
from tests.bot.keep import shop
from tests.bot.test_cli import environment, heqi
from tests.fakes import FakeClock

NOT_KEPT = {"sessions", "login_links", "leases"}
TARGETS = pytest.mark.parametrize("target", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])


def backup(url: str, path: Path) -> Kept:
    return keep(parse(url), path, told=lambda *_: None)


def restore(path: Path, url: str, *, moved: bool = False) -> Restored:
    return bring_back(path, parse(url), moved=moved, told=lambda *_: None)


def kept(rows: dict[str, list[tuple[object, ...]]]) -> dict[str, list[tuple[object, ...]]]:
    return {name: found for name, found in rows.items() if name not in NOT_KEPT}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def tables(path: Path, query: str) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(path)) as conn:
        return conn.execute(query).fetchall()


# ---- backup ----------------------------------------------------------------------------------------------------------


async def test_a_backup_holds_everything_but_logins(lived: str, tmp_path: Path) -> None:
    file = tmp_path / "backup.sqlite"
    told = backup(lived, file)
    rows = await shop.all_in(lived)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert told == Kept(rows={name: len(found) for name, found in kept(rows).items()}, size=file.stat().st_size)
    assert [name for name in names(tmp_path) if "backup" in name] == ["backup.sqlite"]
    there = await shop.all_in(f"sqlite:///{file}")
    assert kept(there) == kept(rows)
    assert not any(there[name] for name in NOT_KEPT)


async def test_a_backup_is_one_moment_while_the_service_goes_on(lived_alone: str, tmp_path: Path) -> None:
    store = await Store.open(lived_alone)
    house = House(store)
    await house.start()
    working = True

    async def work() -> int:
        number = 0
        while working:
            number += 1
            await house.buyer(f"line {number}", chat=f"chat {number % 5}", external_id=f"during {number}")
        return number

    writing = asyncio.create_task(work())
    for number in range(3):
        await asyncio.to_thread(backup, lived_alone, tmp_path / f"{number}.sqlite")
    working = False
    assert await writing > 3
    await house.engine.stop()
    await store.close()

    for number in range(3):
        # Whole: an event and its message are stored together, a turn and its proposals too.
        rows = await shop.all_in(f"sqlite:///{tmp_path / f'{number}.sqlite'}")
        assert tables(tmp_path / f"{number}.sqlite", "PRAGMA foreign_key_check") == []
        assert len(rows["proposals"]) % 3 == 0
        assert len(rows["clocks"]) >= len(rows["conversations"]) - 2


def test_nothing_is_written_over(lived_url: str, tmp_path: Path) -> None:
    file = tmp_path / "backup.sqlite"
    file.write_text("precious", encoding="utf-8")
    with pytest.raises(StoreError, match="exists"):
        backup(lived_url, file)
    assert file.read_text(encoding="utf-8") == "precious"


def test_what_is_no_database_of_ours_is_not_backed_up(tmp_path: Path) -> None:
    other, file = tmp_path / "other.sqlite", tmp_path / "backup.sqlite"
    with contextlib.closing(sqlite3.connect(other)) as conn:
        conn.execute("CREATE TABLE theirs (id)")
    with pytest.raises(StoreError, match="another program"):
        backup(f"sqlite:///{other}", file)
    other.write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError, match="not a database"):
        backup(f"sqlite:///{other}", file)
    with pytest.raises(StoreError, match="no such file"):
        backup(f"sqlite:///{tmp_path / 'absent.sqlite'}", file)
    assert list(tmp_path.iterdir()) == [other]


def test_a_folder_that_is_not_there_is_named(lived_url: str, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        backup(lived_url, tmp_path / "absent" / "backup.sqlite")


async def test_a_full_disk_leaves_no_half_of_a_file(lived: str, tmp_path: Path) -> None:
    # Files may grow no further than this: for whoever writes it is what a full disk is.
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, 64 * 1024))

    (tmp_path / "heqi.toml").write_text("engines = []\n", encoding="utf-8")
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "bot", "backup", "full.sqlite"],
        cwd=tmp_path,
        env=environment(HEQI_DATABASE__URL=lived),
        capture_output=True,
        preexec_fn=limit,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    assert "disk" in done.stderr.decode()
    assert b"Traceback" not in done.stderr
    assert not [name for name in names(tmp_path) if "full" in name]


def test_the_command_tells_size_and_counts(lived_url: str, tmp_path: Path) -> None:
    (tmp_path / "heqi.toml").write_text("engines = []\n", encoding="utf-8")
    done = heqi(tmp_path, "backup", "b.sqlite", HEQI_DATABASE__URL=lived_url)
    assert done.returncode == 0, done.stderr.decode()
    assert f"{(tmp_path / 'b.sqlite').stat().st_size} bytes" in done.stdout.decode()
    assert "messages" in done.stdout.decode()
    again = heqi(tmp_path, "backup", "b.sqlite", HEQI_DATABASE__URL=lived_url)
    assert (again.returncode, b"Traceback" in again.stderr) == (1, False)


# ---- restore ---------------------------------------------------------------------------------------------------------


@TARGETS
async def test_there_and_back_everything_is_the_same(lived: str, empty: str, tmp_path: Path) -> None:
    backup(lived, tmp_path / "backup.sqlite")
    restored = restore(tmp_path / "backup.sqlite", empty, moved=True)
    rows = kept(await shop.all_in(lived))

    assert kept(await shop.all_in(empty)) == rows
    assert restored.rows == {name: len(found) for name, found in rows.items()}
    assert not [name for name in names(tmp_path) if name.startswith(".")]


@TARGETS
async def test_what_waited_when_it_was_backed_up_is_not_sent_again(
    prepared_url: str, store: Store, empty: str, tmp_path: Path
) -> None:
    house = House(store)
    await house.start()
    told = await house.buyer("hola")
    await house.engine.stop()  # nobody sends any more
    async with asyncio.timeout(10):
        house = House(store)
        await house.inbox.accept(house.choice_of(told.conversation_id, "好的"))
        await house.turns.drain(told.conversation_id)
    backup(prepared_url, tmp_path / "backup.sqlite")
    restored = restore(tmp_path / "backup.sqlite", empty)
    assert restored.uncertain == 1

    later = await Store.open(empty)
    house = House(later, clock=FakeClock())
    await house.start()
    await house.settle()
    view = await house.view(told.conversation_id)
    new = await house.buyer("and now?", external_id="of another day")
    choice = await house.inbox.accept(house.choice_of(new.conversation_id, "现在到了", external_id="a click"))
    answered = await house.inbox.outcome(choice.event_id)
    await house.settle()
    await house.engine.stop()
    await later.close()

    assert [line.delivery for line in view.lines] == [None, DeliveryState.AMBIGUOUS]
    assert house.channel.texts == ["ES:现在到了"]
    assert new.event_id > GAP  # no id of the days between is given again
    assert answered.message_id is not None
    assert answered.message_id > GAP


@TARGETS
async def test_after_a_mere_move_what_waits_is_sent(
    prepared_url: str, store: Store, empty: str, tmp_path: Path
) -> None:
    house = House(store)
    told = await house.inbox.accept(house.event_of("hola", chat="ana"))
    await house.inbox.accept(house.choice_of(told.conversation_id, "好的"))
    await house.turns.drain(told.conversation_id)
    await house.inbox.accept(house.choice_of(told.conversation_id, "还有"))
    backup(prepared_url, tmp_path / "backup.sqlite")
    restored = restore(tmp_path / "backup.sqlite", empty, moved=True)
    assert (restored.uncertain, restored.chosen) == (0, 1)

    later = await Store.open(empty)
    house = House(later)
    await house.start()
    await house.settle()
    await house.engine.stop()
    await later.close()
    assert house.channel.texts == ["ES:好的", "ES:还有"]


@TARGETS
async def test_a_database_that_holds_data_is_refused(lived_url: str, empty: str, tmp_path: Path) -> None:
    backup(lived_url, tmp_path / "backup.sqlite")
    store = await Store.open(empty)
    await House(store).inbox.accept(House(store).event_of("mine", chat="me"))
    await store.close()
    before = await shop.all_in(empty)

    with pytest.raises(StoreError, match="data"):
        restore(tmp_path / "backup.sqlite", empty)
    assert await shop.all_in(empty) == before


@TARGETS
async def test_a_database_that_is_only_new_is_taken(lived_url: str, empty: str, tmp_path: Path) -> None:
    backup(lived_url, tmp_path / "backup.sqlite")
    await (await Store.open(empty)).close()
    (tmp_path / ".new.sqlite.restored").write_text("left by a restore that was killed", encoding="utf-8")
    restore(tmp_path / "backup.sqlite", empty, moved=True)
    assert kept(await shop.all_in(empty)) == kept(await shop.all_in(lived_url))


async def test_the_log_of_a_killed_service_is_no_part_of_what_is_restored(lived_url: str, tmp_path: Path) -> None:
    backup(lived_url, tmp_path / "backup.sqlite")
    target = tmp_path / "new.sqlite"
    await (await Store.open(f"sqlite:///{target}")).close()
    left = tmp_path / "left"
    left.mkdir()
    with contextlib.closing(sqlite3.connect(target)) as conn:
        conn.execute("PRAGMA wal_autocheckpoint=0")
        conn.execute("INSERT INTO account_states VALUES ('a', 'k', 't')")
        conn.execute("DELETE FROM account_states")
        conn.commit()
        for file in (target, Path(f"{target}-wal"), Path(f"{target}-shm")):
            shutil.copy(file, left)
    for file in left.iterdir():
        shutil.copy(file, tmp_path)
    assert (tmp_path / "new.sqlite-wal").stat().st_size > 0

    restore(tmp_path / "backup.sqlite", f"sqlite:///{target}", moved=True)
    assert names(tmp_path)[-2:] == ["new.sqlite", "new.sqlite-lock"]
    assert tables(target, "PRAGMA integrity_check") == [("ok",)]
    assert kept(await shop.all_in(f"sqlite:///{target}")) == kept(await shop.all_in(lived_url))


@TARGETS
async def test_a_database_in_use_is_refused(lived_url: str, empty: str, tmp_path: Path) -> None:
    backup(lived_url, tmp_path / "backup.sqlite")
    used = await Store.open(empty)
    with pytest.raises(StoreError, match="stop"):
        restore(tmp_path / "backup.sqlite", empty)
    await used.close()


def test_what_is_no_backup_is_refused(tmp_path: Path) -> None:
    target, file = f"sqlite:///{tmp_path / 'new.sqlite'}", tmp_path / "backup.sqlite"
    with pytest.raises(StoreError, match="no such file"):
        restore(file, target)
    file.write_bytes(b"no backup" * 1000)
    with pytest.raises(StoreError, match="not a database"):
        restore(file, target)
    file.write_bytes(b"")
    with pytest.raises(StoreError, match="no backup"):
        restore(file, target)
    assert not (tmp_path / "new.sqlite").exists()


def test_a_broken_backup_is_refused(lived_url: str, tmp_path: Path) -> None:
    file = tmp_path / "backup.sqlite"
    backup(lived_url, file)
    page = tables(file, "SELECT rootpage FROM sqlite_master WHERE name = 'events_target'")[0][0]
    pages = bytearray(file.read_bytes())
    pages[(page - 1) * 4096 + 8 : page * 4096] = bytes(4096 - 8)
    file.write_bytes(pages)
    with pytest.raises(StoreError, match="broken"):
        restore(file, f"sqlite:///{tmp_path / 'new.sqlite'}")
    assert not (tmp_path / "new.sqlite").exists()


@TARGETS
def test_a_newer_backup_is_refused(lived_url: str, empty: str, tmp_path: Path) -> None:
    file = tmp_path / "backup.sqlite"
    backup(lived_url, file)
    with contextlib.closing(sqlite3.connect(file)) as conn:
        conn.execute("UPDATE alembic_version SET version_num = '9999'")
        conn.commit()
    with pytest.raises(StoreError, match="9999 of a newer version"):
        restore(file, empty)


@TARGETS
async def test_an_older_backup_is_upgraded_and_stays_as_it_is(empty: str, tmp_path: Path) -> None:
    file = tmp_path / "backup.sqlite"
    await _older(file)
    content = file.read_bytes()
    restore(file, empty)
    with reading(parse(empty)) as conn:
        assert version(conn) == HEAD
    rows = await shop.all_in(empty)

    assert file.read_bytes() == content
    assert [row[2] for row in rows["contacts"]] == ["Ana"]
    assert [name for name in names(tmp_path) if "backup" in name] == ["backup.sqlite"]


async def _older(path: Path) -> None:
    """A database as the second version of the schema left it."""
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine

    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as conn:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = conn
        command.upgrade(config, "0002")
        conn.execute(
            text(
                "INSERT INTO contacts (account, name, folded, aliases, created_at) "
                "VALUES ('a', 'Ana', 'ana', '{}', '2026-03-02 12:00:00.000000')"
            )
        )
    engine.dispose()


def test_the_command_says_what_to_look_at(lived_file: Path, tmp_path: Path) -> None:
    source = shutil.copy(lived_file, tmp_path / "source.sqlite")
    with contextlib.closing(sqlite3.connect(source)) as conn:
        conn.execute("UPDATE deliveries SET state = 'queued' WHERE id = 2")
        conn.commit()
    (tmp_path / "heqi.toml").write_text("engines = []\n", encoding="utf-8")
    assert heqi(tmp_path, "backup", "b.sqlite", HEQI_DATABASE__URL=f"sqlite:///{source}").returncode == 0
    done = heqi(tmp_path, "restore", "b.sqlite")
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.decode().splitlines()[-1].startswith("1 条待发消息")
    assert names(tmp_path / "var") == ["heqi.sqlite", "heqi.sqlite-lock"]
    assert heqi(tmp_path, "restore", "b.sqlite").returncode == 1
