"""fsck: a shop that lived is right, and every kind of harm is found by the check made for it."""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from bot.keeping.checks.finding import Finding, Level
from bot.keeping.fsck import examine
from bot.keeping.places import parse
from bot.store import Store, StoreError
from tests.bot.house import House
from tests.bot.keep.conftest import copy_of
from tests.bot.test_cli import heqi
from tests.fakes import NOON
from tests.servers.postgres import PostgresServer

NOW = NOON + timedelta(minutes=3)
# In the shop of these tests somebody should look at a parked turn and an uncertain delivery.
KNOWN = {"parked turns", "deliveries that failed or are uncertain"}
# Moments as SQLite's driver writes them by itself: they mean the same.
HARMLESS = {"moments written in another way: their order may be off"}


def run(url: str, *, now: datetime = NOW, attachments: timedelta | None = None) -> tuple[Finding, ...]:
    return examine(parse(url), waits=timedelta(minutes=15), attachments=attachments, now=now, told=lambda *_: None)


def found(
    url: str, level: Level = Level.ERROR, *, now: datetime = NOW, attachments: timedelta | None = None
) -> dict[str, list[str]]:
    """What was found, by the English name of its check."""
    return {
        finding.check.name.partition(" (")[2].removesuffix(")"): finding.examples
        for finding in run(url, now=now, attachments=attachments)
        if finding.count and finding.check.level is level
    }


def harm(url: str, *commands: str) -> None:
    """Do what no Heqi does."""
    if url.startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as conn:
            for command in commands:
                conn.execute(command)
            conn.commit()
    else:
        with psycopg.connect(url) as conn:
            for command in commands:
                conn.execute(command)


def test_a_shop_that_lived_is_right(lived: str) -> None:
    assert found(lived) == {}
    assert set(found(lived, Level.ATTENTION)) - HARMLESS == KNOWN
    assert set(found(lived, Level.INFO)) == {
        "answers that are held until somebody decides",
        "attachments no message names",
    }


async def test_what_waits_is_named_once_it_waits_long(database_url: str) -> None:
    store = await Store.open(database_url)
    house = House(store)
    await house.inbox.accept(house.event_of("hola", chat="ana"))
    await store.close()

    assert set(found(database_url, Level.ATTENTION, now=NOON + timedelta(minutes=14))) - HARMLESS == set()
    waiting = found(database_url, Level.ATTENTION, now=NOON + timedelta(minutes=16))
    assert waiting["events that wait to be worked on"] == ["event 1 conversation 1"]


# Each harm, the check that finds it, and where.
HARMS = [
    ("UPDATE messages SET answers = 1 WHERE id = 9", "rows refer to another conversation", "messages 9 answers 1"),
    (
        "UPDATE deliveries SET conversation_id = 1 WHERE id = 2",
        "rows refer to another conversation",
        "deliveries 2 message_id ",
    ),
    ("UPDATE events SET state = 'opne' WHERE id = 3", "a state there is not: never worked on", "events 3 state opne"),
    ("UPDATE deliveries SET state = 'lost' WHERE id = 2", "a state there is not: never worked on", "deliveries 2"),
    ("UPDATE showings SET shown = wanted + 1", "boards have shown what does not exist yet", "showings 1"),
    (
        "UPDATE conversations SET next_seq = 2 WHERE id = 1",
        "numbers beyond those of their conversation",
        "events 4 conversation 1 seq 2",
    ),
    (
        "UPDATE conversations SET next_seq = next_seq + 2 WHERE id = 1",
        "numbers nobody has",
        "conversation 1 missing 2",
    ),
    (
        "UPDATE events SET seq = 1 WHERE conversation_id = 1 AND seq = 2",
        "numbers several events have",
        "conversation 1 seq 1",
    ),
    (
        "UPDATE messages SET seq = 900 WHERE id = 1",
        "messages not at the place of their event",
        "message 1 event 1",
    ),
    ("DELETE FROM messages WHERE id = 1", "buyers' events without their message", "event 1"),
    (
        "DELETE FROM turns WHERE event_id = 1",
        "buyers' messages that are done and were never read",
        "event 1 message 1",
    ),
    ("UPDATE events SET outcome = NULL WHERE id = 1", "outcomes that are missing, or too early", "event 1 state done"),
    ("UPDATE events SET state = 'open' WHERE id = 1", "outcomes that are missing, or too early", "event 1 state open"),
    ("DELETE FROM deliveries WHERE id = 2", "answers without a delivery: they never leave", "message "),
    ("UPDATE conversations SET unread = 99 WHERE id = 1", "unread does not agree with the messages", "conversation 1"),
    ("UPDATE conversations SET unread = -1 WHERE id = 1", "unread does not agree with the messages", "conversation 1"),
    ("UPDATE conversations SET last_seq = 1 WHERE id = 1", "last_seq does not agree with the messages", "conversation"),
    ("UPDATE conversations SET last_text = 'x' WHERE id = 1", "last_text does not agree with the message", "convers"),
    ("UPDATE conversations SET due = NULL WHERE id = 1", "due does not agree with the clocks", "conversation 1"),
    ("DELETE FROM clocks WHERE conversation_id = 1", "due does not agree with the clocks", "conversation 1"),
    (
        'UPDATE events SET body = \'{"type": "from_the_future"}\' WHERE id = 1',
        "contents this version cannot read",
        "events 1 body",
    ),
    ("UPDATE messages SET media = '[]x' WHERE id = 1", "contents this version cannot read", "messages 1 media"),
    ("UPDATE turns SET reading = '' WHERE id = 1", "contents this version cannot read", "turns 1 reading"),
    (
        "UPDATE conversations SET mood = 'furious' WHERE id = 1",
        "columns of the list do not agree with the case",
        "conversations 1",
    ),
    (
        "UPDATE conversations SET flags = '[\"x\"]' WHERE id = 1",
        "columns of the list do not agree with the case",
        "conversations 1",
    ),
    (
        "DELETE FROM blobs WHERE mime = 'image/png'",
        "attachments that are named and not there",
        "message ",
    ),
    ("UPDATE blobs SET mime = 'image/gif' WHERE mime = 'image/png'", "attachments that are not what they were", "blob"),
    ("UPDATE blobs SET size = size + 1", "attachments that are not what they were", "blobs "),
]


@pytest.mark.parametrize(("command", "name", "where"), HARMS, ids=[harm_[0][:40] for harm_ in HARMS])
def test_harm_is_found(lived_url: str, command: str, name: str, where: str) -> None:
    harm(lived_url, command)
    assert found(lived_url)[name][0].startswith(where)


@pytest.mark.postgres
@pytest.mark.parametrize(("command", "name", "where"), HARMS[::9], ids=[harm_[0][:40] for harm_ in HARMS[::9]])
def test_harm_is_found_on_postgres_too(
    lived_database: str, postgres_server: PostgresServer, command: str, name: str, where: str
) -> None:
    url = copy_of(postgres_server, lived_database)
    harm(url, command)
    assert found(url)[name][0].startswith(where)


async def test_attachments_that_went_with_their_time_are_no_harm(lived_alone: str) -> None:
    harm(lived_alone, "DELETE FROM blobs WHERE mime = 'image/png'")
    later = NOW + timedelta(days=90)
    assert found(lived_alone, now=later, attachments=timedelta(days=91)).keys() == {
        "attachments that are named and not there"
    }
    assert found(lived_alone, now=later, attachments=timedelta(days=89)) == {}


def test_rows_whose_parents_are_gone_are_found(lived_url: str) -> None:
    harm(lived_url, "DELETE FROM contacts WHERE id = 1")
    assert found(lived_url)["rows refer to rows that are gone"] == ["conversations 1 contact_id 1"]


@pytest.mark.parametrize("moment", ["soon", "2026-03-02 12:00:00.000000+08:00", "2026-13-02 12:00:00.000000"])
def test_moments_that_are_none_are_found(lived_url: str, moment: str) -> None:
    harm(lived_url, f"UPDATE turns SET at = '{moment}' WHERE id = 2")  # noqa: S608 - texts of this file
    assert found(lived_url)["moments that are none"] == ["turns 2 at"]


def test_moments_written_in_another_way_are_no_error(lived_url: str) -> None:
    harm(lived_url, "UPDATE conversations SET last_at = '2026-03-02 12:00:00.5', waiting_since = last_at")
    assert found(lived_url) == {}
    assert set(found(lived_url, Level.ATTENTION)) >= HARMLESS


def test_a_broken_file_is_found(lived_url: str) -> None:
    path = Path(lived_url.removeprefix("sqlite:///"))
    harm(lived_url, "PRAGMA journal_mode=DELETE")
    pages = bytearray(path.read_bytes())
    with contextlib.closing(sqlite3.connect(path)) as conn:
        page = conn.execute("SELECT rootpage FROM sqlite_master WHERE name = 'events_target'").fetchone()[0]
    pages[(page - 1) * 4096 + 8 : page * 4096] = bytes(4096 - 8)
    path.write_bytes(pages)

    assert "PRAGMA integrity_check" in found(lived_url)


def test_another_version_is_told(lived_url: str) -> None:
    harm(lived_url, "UPDATE alembic_version SET version_num = '0002'")
    with pytest.raises(StoreError, match="0002"):
        run(lived_url)


async def test_nothing_is_changed_while_a_service_works(lived_alone: str) -> None:
    store = await Store.open(lived_alone)
    house = House(store)
    await house.start()
    assert found(lived_alone) == {}
    told = await house.buyer("while it was checked", chat="ana")
    assert found(lived_alone) == {}
    assert told.conversation_id == 4
    await house.engine.stop()
    await store.close()


def test_the_command_says_what_to_do_and_fails_only_for_errors(lived_url: str, tmp_path: Path) -> None:
    (tmp_path / "heqi.toml").write_text("engines = []\n", encoding="utf-8")
    done = heqi(tmp_path, "fsck", HEQI_DATABASE__URL=lived_url, COLUMNS="200")
    assert done.returncode == 0, done.stderr.decode()
    assert "parked turns): 1\n  → 在工作台重试" in done.stdout.decode()
    harm(lived_url, "UPDATE events SET body = '{\"secret\": 1}' WHERE id = 1")
    done = heqi(tmp_path, "fsck", HEQI_DATABASE__URL=lived_url, COLUMNS="200")
    assert done.returncode == 1
    assert "events 1 body" in done.stdout.decode()
    assert b"secret" not in done.stdout + done.stderr
    assert b"Traceback" not in done.stderr
