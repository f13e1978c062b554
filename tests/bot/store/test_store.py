"""The store: whole writes, two databases, one schema."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from sqlite3 import connect

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, insert, select, text
from sqlalchemy.exc import IntegrityError

from bot.store import Store, StoreError, conversations
from bot.store.schema import blobs, clocks, contacts, metadata
from bot.store.types import storable
from bot.store.upgrade import HEAD, MIGRATIONS
from dialogs.messages import (
    Case,
    Facts,
)
from dialogs.promises import Money
from tests.bot.house import House
from tests.fakes import NOON


def _add(name: str):
    row = {"account": "a", "name": name, "folded": name, "aliases": {}, "created_at": NOON}
    return lambda conn: conn.execute(insert(contacts), row).rowcount


def _names(conn: Connection) -> list[str]:
    return list(conn.execute(select(contacts.c.name).order_by(contacts.c.id)).scalars())


async def test_a_failing_write_undoes_itself_and_nothing_else(store: Store) -> None:
    def broken(conn: Connection) -> None:
        _add("half")(conn)
        raise KeyError("no")

    results = await asyncio.gather(
        store.write(_add("first")), store.write(broken), store.write(_add("last")), return_exceptions=True
    )

    assert [type(result) for result in results] == [int, KeyError, int]
    assert sorted(await store.read(_names)) == ["first", "last"]


async def test_a_write_whose_caller_gave_up_is_still_whole(store: Store) -> None:
    waiting = asyncio.ensure_future(store.write(_add("kept")))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await store.write(_add("next"))

    async with asyncio.timeout(5):
        while sorted(await store.read(_names)) != ["kept", "next"]:
            await asyncio.sleep(0.01)


async def test_many_writes_at_once_are_all_stored(store: Store) -> None:
    await asyncio.gather(*(store.write(_add(f"n{number}")) for number in range(300)))

    assert sorted(await store.read(_names)) == sorted(f"n{number}" for number in range(300))


async def test_what_was_written_is_there_after_opening_again(database_url: str) -> None:
    first = await Store.open(database_url)
    await first.write(_add("Ana"))
    await first.close()
    second = await Store.open(database_url)
    names = await second.read(_names)
    await second.close()

    assert names == ["Ana"]


async def test_times_come_back_aware_in_utc(house: House, store: Store) -> None:
    accepted = await house.buyer("hola")
    due = datetime(2026, 7, 1, 20, 30, 0, 123456, tzinfo=timezone(timedelta(hours=8)))
    row = {"conversation_id": accepted.conversation_id, "kind": "x", "due": due, "state": "open"}
    await store.write(lambda conn: conn.execute(insert(clocks), row).rowcount)

    back = await store.read(lambda conn: conn.execute(select(clocks.c.due).where(clocks.c.kind == "x")).scalar_one())

    assert back == due
    assert back.tzinfo is UTC


async def test_a_time_without_a_zone_is_refused(store: Store) -> None:
    row = {"ref": "r", "content": b"", "mime": "", "size": 0, "at": datetime(2026, 1, 1)}  # noqa: DTZ001

    with pytest.raises(Exception, match="without a zone"):
        await store.write(lambda conn: conn.execute(insert(blobs), row).rowcount)


async def test_money_in_a_case_stays_exact(house: House, store: Store) -> None:
    accepted = await house.buyer("hola")
    case = Case(facts=Facts(amounts=(Money(Decimal("19.90"), "EUR"), Money(Decimal("0.1") * 3, "USD"))))
    await store.write(
        lambda conn: conversations.after_turn(conn, accepted.conversation_id, case, memory=None, seq=1, now=NOON)
    )

    assert (await house.view(accepted.conversation_id)).case == case


async def test_migrations_make_the_schema_the_code_uses(store: Store) -> None:
    def differences(conn: Connection) -> list[object]:
        def is_ours(_: object, name: str | None, *_rest: object) -> bool:
            return not (name or "").startswith(("procrastinate_", "idx_procrastinate_"))

        options = {"compare_type": True, "include_object": is_ours}
        return compare_metadata(MigrationContext.configure(conn, opts=options), metadata)

    assert await store.read(differences) == []


def test_the_newest_migration_is_named() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))

    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


async def test_a_newer_schema_is_refused(database_url: str) -> None:
    store = await Store.open(database_url)
    await store.write(lambda conn: conn.execute(text("UPDATE alembic_version SET version_num = '9999'")).rowcount)
    await store.close()

    with pytest.raises(StoreError, match="newer version of Heqi"):
        await Store.open(database_url)


async def test_the_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    with connect(path) as other:
        other.execute("CREATE TABLE things (id)")
    other.close()

    with pytest.raises(StoreError, match="another program"):
        await Store.open(f"sqlite:///{path}")


async def test_a_second_owner_of_a_file_is_refused_by_name(tmp_path: Path) -> None:
    database_url = f"sqlite:///{tmp_path / 'heqi.sqlite'}"
    store = await Store.open(database_url)
    try:
        with pytest.raises(StoreError, match="in use by another Heqi process"):
            await Store.open(database_url)
        beside = await Store.open(database_url, alone=False)
        await beside.write(_add("from the command line"))
        await beside.close()
        assert await store.read(_names) == ["from the command line"]
    finally:
        await store.close()


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("no url at all", "cannot be read"),
        ("mysql://heqi:secret@host/x", "kind mysql is not supported"),
        ("sqlite://", "must name a file"),
        ("sqlite:////does/not/exist/heqi.sqlite", "folder of .* does not exist"),
        ("postgresql://heqi:secret@127.0.0.1:1/x", "check address, server and rights"),
    ],
)
async def test_a_wrong_url_says_what_to_change(url: str, problem: str) -> None:
    with pytest.raises(StoreError, match=problem) as caught:
        await Store.open(url)
    assert "secret" not in str(caught.value)


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "heqi.sqlite"
    path.write_text("this is a letter, not a database\n" * 100)

    with pytest.raises(StoreError, match="cannot be used as a database"):
        await Store.open(f"sqlite:///{path}")


async def test_commits_are_durable(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path / 'heqi.sqlite'}")
    modes = await store.write(
        lambda conn: [conn.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]
    )
    keys = await store.read(lambda conn: conn.exec_driver_sql("PRAGMA foreign_keys").scalar())
    await store.close()

    assert modes == ["wal", 2]  # 2 is FULL
    assert keys == 1


async def test_reading_cannot_write(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path / 'heqi.sqlite'}")
    with pytest.raises(Exception, match="readonly"):
        await store.read(_add("sneaked in"))
    count = await store.read(lambda conn: conn.execute(select(func.count()).select_from(contacts)).scalar())
    await store.close()

    assert count == 0


@pytest.mark.parametrize(
    ("received", "stored"),
    [
        ("ñandú 你好 😀", "ñandú 你好 😀"),
        ("a\0b", "a\N{REPLACEMENT CHARACTER}b"),
        ("half \ud83d pair", "half \N{REPLACEMENT CHARACTER} pair"),
        ("\ud83d\ude00", "😀"),
    ],
)
def test_texts_no_database_can_hold_are_mended(received: str, stored: str) -> None:
    assert storable(received) == stored


async def test_a_commit_that_fails_is_told_and_costs_the_next_write_nothing(tmp_path: Path) -> None:
    def orphan(conn: Connection) -> int:
        conn.exec_driver_sql("PRAGMA defer_foreign_keys = ON")  # looked at by COMMIT, which leaves the transaction open
        return conn.exec_driver_sql("INSERT INTO agent_aliases (agent_id, kind, value) VALUES (9, 'a', 'b')").rowcount

    opened = await Store.open(f"sqlite:///{tmp_path / 'heqi.sqlite'}")
    with pytest.raises(IntegrityError):
        await opened.write(orphan)
    count = text("SELECT count(*) FROM agent_aliases")
    assert await opened.write(lambda conn: conn.execute(count).scalar()) == 0
    await opened.close()
