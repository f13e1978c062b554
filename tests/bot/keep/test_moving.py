"""Moving: every row arrives as it was, ids go on, whatever happens on the way."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, text

from bot.keeping import copying, moving
from bot.keeping.places import parse, path_of
from bot.keeping.rows import EVERY, Chunk, Rows
from bot.store import Store, StoreError
from bot.store.schema import agents, contacts
from tests.bot.house import House
from tests.bot.keep import shop
from tests.bot.test_cli import environment
from tests.fakes import NOON, FakeClock

ROOT = Path(__file__).parents[3]
TARGETS = pytest.mark.parametrize("target", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
TO_POSTGRES = pytest.mark.parametrize("target", [pytest.param("postgresql", marks=pytest.mark.postgres)])


def quiet(what: str, done: int, total: int) -> None:
    """Tells nobody."""


def move(source: str, target: str, told: copying.Told = quiet) -> tuple[copying.Compared, ...]:
    return moving.move(parse(source), parse(target), told=told)


async def test_the_shop_of_these_tests_has_something_in_every_table(lived_url: str) -> None:
    assert {name for name, rows in (await shop.all_in(lived_url)).items() if not rows} == shop.EMPTY


@TARGETS
async def test_everything_arrives_and_the_source_stays(lived: str, empty: str) -> None:
    before = await shop.all_in(lived)
    compared = move(lived, empty)

    assert await shop.all_in(empty) == before
    assert await shop.all_in(lived) == before
    assert {one.table: one.rows for one in compared} == {
        name: len(rows) for name, rows in before.items() if name != "leases"
    }
    assert all(one.same and one.rows == one.copied_rows for one in compared)
    assert await _next_agent(empty) == 3  # 2 was an agent who is gone: no id is given twice


async def _next_agent(url: str) -> int:
    store = await Store.open(url)
    row = {"name": "next", "role": "lead", "created_at": NOON}
    new = await store.write(lambda conn: conn.execute(insert(agents).returning(agents.c.id), row).scalar_one())
    await store.close()
    return int(new)


@TARGETS
async def test_the_service_goes_on_where_it_was(lived_url: str, empty: str) -> None:
    move(lived_url, empty)
    store = await Store.open(empty)
    house = House(store, clock=FakeClock())
    house.clock.advance(days=1)
    await house.start()
    await house.settle()
    told = await house.buyer("again", chat="ana", external_id="first")
    new = await house.buyer("and more", chat="ana", external_id="of another day")
    view = await house.view(new.conversation_id)
    await house.engine.stop()
    await store.close()

    assert (told.duplicate, new.duplicate) == (True, False)
    assert [line.message.text for line in view.lines][-1] == "and more"


@TO_POSTGRES
async def test_begun_again_and_again_it_goes_on_and_ends_the_same(
    lived_url: str, empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "ROWS", 2)
    for rows in EVERY:
        monkeypatch.setattr(rows, "_chunk", 2)
    await (await Store.open(empty)).close()
    with psycopg.connect(empty) as conn:  # a server that orders texts otherwise: a, B, é
        conn.execute('ALTER TABLE account_states ALTER COLUMN key TYPE text COLLATE "und-x-icu"')
    before = await shop.all_in(lived_url)
    broken_off = {"account_states", "events", "messages", "proposals"}

    def break_off(what: str, done: int, total: int) -> None:
        table = what.removeprefix("复制 copy ")
        if table in broken_off and 0 < done < total:
            broken_off.remove(table)
            raise KeyboardInterrupt

    while True:
        try:
            move(lived_url, empty, break_off)
        except KeyboardInterrupt:
            with pytest.raises(StoreError, match="half filled"):  # nobody starts on half of it
                await Store.open(empty)
        else:
            break

    assert not broken_off
    assert await shop.all_in(empty) == before
    move(lived_url, empty)  # once more is once too often, and harmless
    assert await shop.all_in(empty) == before


@pytest.mark.postgres
def test_killed_in_the_middle_it_goes_on(tmp_path: Path, postgres_server) -> None:
    source, target = tmp_path / "heqi.sqlite", postgres_server.new_database()
    asyncio.run(_many(source, target))
    (tmp_path / "heqi.toml").write_text("engines = []\n", encoding="utf-8")
    arguments = [sys.executable, "-m", "bot", "migrate-to", target]
    env = environment(HEQI_DATABASE__URL=f"sqlite:///{source}")
    first = "SELECT xmin::text FROM contacts WHERE id = 1"
    with psycopg.connect(target) as hold, psycopg.connect(target, autocommit=True) as look:
        # A row of ours in the middle, not stored yet: who copies waits there until it is known what becomes of it.
        hold.execute("INSERT INTO contacts VALUES (12000, 'a', 'n', '', '{}', now())")
        with subprocess.Popen(arguments, cwd=tmp_path, env=env) as process:
            while not look.execute("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'transactionid'").fetchone():
                assert process.poll() is None
                time.sleep(0.01)
            process.send_signal(signal.SIGKILL)
        hold.rollback()
        assert look.execute("SELECT count(*) FROM contacts").fetchone() == (2 * copying.ROWS,)
        stored = look.execute(first).fetchone()
        with pytest.raises(StoreError, match="half filled"):
            asyncio.run(Store.open(target))
        done = subprocess.run(arguments, cwd=tmp_path, env=env, capture_output=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr.decode()
        assert look.execute(first).fetchone() == stored  # what was there was not copied again

    assert b"[database]" in done.stdout
    assert asyncio.run(shop.all_in(target)) == asyncio.run(shop.all_in(f"sqlite:///{source}"))


async def _many(path: Path, target: str) -> None:
    """More contacts than two transactions hold, and a database with nothing in it yet."""
    store = await Store.open(f"sqlite:///{path}")
    rows = [
        {"account": "a", "name": f"买家 {n}", "folded": "", "aliases": {"phone": str(n)}, "created_at": NOON}
        for n in range(13_000)
    ]
    await store.write(lambda conn: conn.execute(insert(contacts), rows).rowcount)
    await store.close()
    await (await Store.open(target)).close()


@TO_POSTGRES
async def test_what_changed_in_between_is_found_before_anything_is_written(
    lived_file: Path, tmp_path: Path, empty: str
) -> None:
    source = Path(shutil.copy(lived_file, tmp_path / "heqi.sqlite"))
    url = f"sqlite:///{source}"

    def break_off(what: str, done: int, total: int) -> None:
        if what == "复制 copy messages":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        move(url, empty, break_off)
    with contextlib.closing(sqlite3.connect(source)) as conn:
        conn.execute("UPDATE contacts SET name = 'other' WHERE id = 2")
        conn.commit()
    with pytest.raises(StoreError, match="contacts"):
        move(url, empty)


@TARGETS
async def test_a_row_that_does_not_arrive_is_an_error(
    lived_url: str, empty: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Rows.write

    def lossy(self: Rows, conn: Connection, chunk: Chunk) -> None:
        write(self, conn, chunk[:-1] if self.name == "proposals" else chunk)

    monkeypatch.setattr(Rows, "write", lossy)
    with pytest.raises(StoreError, match="proposals"):
        move(lived_url, empty)
    if target == "sqlite":
        assert not path_of(parse(empty)).exists()
    else:
        with pytest.raises(StoreError, match="half filled"):
            await Store.open(empty)


@TO_POSTGRES
async def test_a_database_with_other_data_is_refused(lived_url: str, empty: str) -> None:
    store = await Store.open(empty)
    await House(store).inbox.accept(House(store).event_of("hola", chat="mine"))
    await store.close()
    before = await shop.all_in(empty)

    with pytest.raises(StoreError, match="other data"):
        move(lived_url, empty)
    assert await shop.all_in(empty) == before


@TO_POSTGRES
async def test_another_version_is_refused(lived_url: str, empty: str) -> None:
    store = await Store.open(empty)
    await store.write(lambda conn: conn.execute(text("UPDATE alembic_version SET version_num = '0002'")).rowcount)
    await store.close()
    with pytest.raises(StoreError, match="0002"):
        move(lived_url, empty)


@pytest.mark.postgres
async def test_another_program_s_database_is_refused(lived_file: Path, postgres_server) -> None:
    other = postgres_server.new_database()
    with psycopg.connect(other) as conn:
        conn.execute("CREATE TABLE theirs (id int)")
    with pytest.raises(StoreError, match="another program"):
        move(f"sqlite:///{lived_file}", other)


@TO_POSTGRES
async def test_a_database_a_service_works_on_is_refused(lived_url: str, empty: str) -> None:
    used = await Store.open(empty)
    with pytest.raises(StoreError, match="a service works on it"):
        move(lived_url, empty)
    await used.close()


async def test_a_source_a_service_works_on_is_refused(lived: str, tmp_path: Path) -> None:
    used = await Store.open(lived)
    with pytest.raises(StoreError, match="stop"):
        move(lived, f"sqlite:///{tmp_path / 'new.sqlite'}")
    await used.close()

    assert not (tmp_path / "new.sqlite").exists()


@TO_POSTGRES
async def test_two_copies_into_one_database_are_one(lived_url: str, empty: str) -> None:
    def second(what: str, done: int, total: int) -> None:
        if what == "复制 copy messages":
            with psycopg.connect(empty, autocommit=True) as conn:
                conn.execute("SET lock_timeout = '1ms'")
                with pytest.raises(psycopg.errors.LockNotAvailable):
                    conn.execute("SELECT pg_advisory_lock(5202002)")

    move(lived_url, empty, second)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://u:secret@h/d", "postgresql://"),
        ("nonsense secret", "postgresql://"),
        ("sqlite://", "names no file"),
    ],
)
def test_an_address_that_is_none_is_not_repeated(url: str, words: str) -> None:
    with pytest.raises(StoreError, match=words) as raised:
        parse(url)
    assert "secret" not in str(raised.value)


def test_a_password_is_not_told(lived_file: Path) -> None:
    with pytest.raises(StoreError) as raised:
        move(f"sqlite:///{lived_file}", "postgresql://u:secret@127.0.0.1:1/d")
    assert "secret" not in str(raised.value)
    assert "***" in str(raised.value)


def test_one_database_is_not_moved_into_itself(lived_file: Path) -> None:
    with pytest.raises(StoreError, match="same database"):
        move(f"sqlite:///{lived_file}", f"sqlite:///{lived_file}")


@TO_POSTGRES
async def test_what_postgres_cannot_hold_is_named(lived_file: Path, tmp_path: Path, empty: str) -> None:
    source = shutil.copy(lived_file, tmp_path / "heqi.sqlite")
    with contextlib.closing(sqlite3.connect(source)) as conn:
        conn.execute("UPDATE messages SET text = 'secret' || char(0) WHERE id = 3")
        conn.commit()
    with pytest.raises(StoreError, match=r"messages 3 text") as raised:
        move(f"sqlite:///{source}", empty)
    assert "secret" not in str(raised.value)


@TO_POSTGRES
async def test_rows_that_refer_to_nothing_are_named_by_their_table(lived_url: str, empty: str) -> None:
    with contextlib.closing(sqlite3.connect(lived_url.removeprefix("sqlite:///"))) as conn:
        conn.execute("DELETE FROM contacts WHERE id = 1")
        conn.commit()
    with pytest.raises(StoreError, match=r"conversations：ForeignKeyViolation.*heqi fsck"):
        move(lived_url, empty)


@pytest.mark.postgres
async def test_odd_texts_arrive_as_they_are(tmp_path: Path, postgres_server) -> None:
    source, there, back = tmp_path / "a.sqlite", postgres_server.new_database(), tmp_path / "b.sqlite"
    texts: list[str] = ["".join(map(chr, range(1, 256))), "\0", "\ud83d", "\N{RIGHT-TO-LEFT OVERRIDE}x"]

    @given(st.text(st.characters(exclude_categories=()), max_size=40))
    def gather(words: str) -> None:
        texts.append(words)

    gather()
    store = await Store.open(f"sqlite:///{source}")
    house = House(store)
    for number, words in enumerate(texts):
        event = house.event_of(words, chat=words or "none", external_id=f"{number}{words}")
        await house.inbox.accept(replace(event, contact_name=words, contact_aliases=((words, words),)))
    await house.engine.run(house.worker.drain)
    await house.settle()
    await house.engine.stop()
    await store.close()
    before = await shop.all_in(f"sqlite:///{source}")

    move(f"sqlite:///{source}", there)
    assert await shop.all_in(there) == before
    move(there, f"sqlite:///{back}")
    assert await shop.all_in(f"sqlite:///{back}") == before
