"""What has served its time goes, after it was written down; nothing else does."""

from __future__ import annotations

import asyncio
import json
import zipfile
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select, text

from adapters.channels import refers
from bot.clocks import SystemClock
from bot.retention import AT_ONCE, Removed, Retention, _few, retention_of
from bot.settings import Retention as RetentionSettings
from bot.settings import Settings
from bot.store import Store, agents
from bot.store import retention as rows
from bot.store.blobs import StoredBlobs
from bot.store.memory import StoredMemory
from bot.store.retention import Over
from bot.store.schema import metadata
from bot.store.states import StoredState
from dialogs.errors import Ambiguous, TryLater
from dialogs.events import AgentChose, AgentNoted, AgentSetStatus
from dialogs.messages import Choice, Media
from dialogs.ports import MemoryKey
from tests.bot.house import ACCOUNT, House

DAYS = 40
KEPT = RetentionSettings(messages_days=DAYS)
# Tables that belong to no conversation.
APART = {
    "account_states", "agents", "agent_aliases", "blobs", "leases", "login_links", "picks", "sessions", "spending",
    "translations",
}  # fmt: skip


def retention(house: House, folder: Path, settings: RetentionSettings = KEPT) -> Retention:
    return Retention(
        house.store, desk=house.desk, settings=settings, folder=folder, refers=refers, clock=house.clock, pause=0
    )


async def over(house: House, *, chat: str = "ana", media: tuple[Media, ...] = ()) -> int:
    """A conversation that was answered and resolved."""
    accepted = await house.inbox.accept(house.event_of("¿dónde está?", chat=chat, media=media))
    await house.settle()
    await house.choose(accepted.conversation_id, "在路上")
    await house.team(AgentSetStatus(agent="小王", resolved=True), accepted.conversation_id)
    return accepted.conversation_id


async def counted(store: Store) -> dict[str, int]:
    """How many rows there are of what belongs to conversations."""

    def read(conn: Connection) -> dict[str, int]:
        tables = [table for table in metadata.sorted_tables if table.name not in APART]
        counts = {t.name: conn.execute(select(func.count()).select_from(t)).scalar_one() for t in tables}
        return {name: count for name, count in counts.items() if count}

    return await store.read(read)


def archived(folder: Path) -> list[dict[str, Any]]:
    """Every conversation in the archive."""
    found = []
    for path in sorted(folder.glob("*.zip")):
        with zipfile.ZipFile(path) as file:
            assert file.testzip() is None
            found += [json.loads(line) for line in file.read("conversations.jsonl").decode().splitlines()]
    return found


def attached(folder: Path) -> dict[str, bytes]:
    """Every attachment in the archive."""
    found: dict[str, bytes] = {}
    for path in folder.glob("*.zip"):
        with zipfile.ZipFile(path) as file:
            names = [name for name in file.namelist() if name.startswith("attachments/")]
            found |= {name.removeprefix("attachments/"): file.read(name) for name in names}
    return found


def in_its_place(path: Path) -> None:
    """Something that is no folder."""
    path.write_text("no folder")


def files(folder: Path) -> list[tuple[str, int]]:
    """Every file of the folder; one that was written anew has another number."""
    return [(path.name, path.stat().st_ino) for path in sorted(folder.iterdir())]


# ---- conversations ---------------------------------------------------------------------------------------------------


async def test_what_is_over_is_archived_and_goes_with_everything(house: House, tmp_path: Path) -> None:
    blobs = StoredBlobs(house.store, house.clock)
    photo = Media(kind="photo", name="caja.jpg", mime="image/jpeg", ref=await blobs.put(b"jpeg", mime="image/jpeg"))
    conversation = await over(house, media=(photo,))
    house.clock.advance(days=DAYS + 1)
    removed = await retention(house, tmp_path / "archive").run_once()

    assert (removed.conversations, removed.archives, removed.attachments) == (1, 1, 1)
    assert await counted(house.store) == {}
    assert await blobs.get(photo.ref) is None
    (record,) = archived(tmp_path / "archive")
    assert (record["id"], record["account"], record["chat"], record["contact"]) == (conversation, ACCOUNT, "ana", "Ana")
    assert [line["text"] for line in record["lines"]] == ["¿dónde está?", "ES:在路上"]
    assert record["lines"][0]["attachments"][0]["ref"] == photo.ref
    assert attached(tmp_path / "archive") == {photo.ref: b"jpeg"}


async def test_somebody_who_writes_again_is_somebody_new(house: House, tmp_path: Path) -> None:
    first = await over(house)
    house.clock.advance(days=DAYS + 1)
    await retention(house, tmp_path).run_once()
    again = await house.buyer("hola", external_id="again")

    assert again.conversation_id > first  # ids are never given twice: links and lanes must not mean another one
    assert len((await house.view(again.conversation_id)).lines) == 1


async def test_without_a_setting_everything_stays(house: House, tmp_path: Path) -> None:
    await over(house)
    house.clock.advance(days=4000)
    before = await counted(house.store)
    removed = await retention(house, tmp_path, RetentionSettings()).run_once()

    assert (removed.conversations, removed.archives) == (0, 0)
    assert before.pop("clocks") == removed.clocks == 1
    assert await counted(house.store) == before


async def test_without_the_archive_nothing_is_written(house: House, tmp_path: Path) -> None:
    await over(house)
    house.clock.advance(days=DAYS + 1)
    removed = await retention(house, tmp_path, RetentionSettings(messages_days=DAYS, archive=False)).run_once()

    assert (removed.conversations, removed.archives) == (1, 0)
    assert archived(tmp_path) == []


async def _answered_only(house: House) -> None:
    accepted = await house.buyer("hola")
    await house.choose(accepted.conversation_id, "好")


async def _noted_lately(house: House) -> None:
    conversation = await over(house)
    house.clock.advance(days=DAYS)
    await house.team(AgentNoted(agent="小王", text="还在等快递"), conversation)


async def _uncertain(house: House) -> None:
    accepted = await house.buyer("hola")
    house.channel.failures.append(Ambiguous("lost"))
    await house.choose(accepted.conversation_id, "好")
    await house.team(AgentSetStatus(agent="小王", resolved=True), accepted.conversation_id)


async def _waits_for_its_platform(house: House) -> None:
    accepted = await house.buyer("hola")
    house.channel.failures.extend([TryLater("busy", after=10**8)] * 9)
    await house.choose(accepted.conversation_id, "好")
    await house.team(AgentSetStatus(agent="小王", resolved=True), accepted.conversation_id)


async def _parked(house: House) -> None:
    conversation = await over(house)
    house.manager.failures.extend([RuntimeError("x")] * 3)
    await house.buyer("otra cosa")
    await house.later(seconds=1)
    await house.later(seconds=5)
    await house.team(AgentSetStatus(agent="小王", resolved=True), conversation)


async def _sql(house: House, statement: str) -> None:
    conversation = await over(house)
    await house.store.write(lambda conn: conn.execute(text(statement), {"id": conversation}).rowcount)


async def _runs_a_clock(house: House) -> None:
    await _sql(
        house,
        "INSERT INTO clocks (conversation_id, kind, due, state) "
        "VALUES (:id, 'window', '2199-01-01 00:00:00.000000', 'open')",
    )


async def _is_escalated(house: House) -> None:
    await _sql(
        house,
        "INSERT INTO escalations (conversation_id, reasons, severity, opened_at) "
        "VALUES (:id, '[\"asked\"]', 'high', '2026-03-02 12:00:00.000000')",
    )


@pytest.mark.parametrize(
    "happened",
    [_answered_only, _noted_lately, _uncertain, _waits_for_its_platform, _parked, _runs_a_clock, _is_escalated],
)
async def test_what_somebody_still_works_on_stays(
    house: House, tmp_path: Path, happened: Callable[[House], Awaitable[None]]
) -> None:
    await happened(house)
    house.clock.advance(days=DAYS - 1 if happened is _noted_lately else DAYS + 1)
    removed = await retention(house, tmp_path).run_once()

    assert (removed.conversations, archived(tmp_path)) == (0, [])
    assert (await counted(house.store))["conversations"] == 1


async def test_what_something_happened_in_since_it_was_looked_at_stays(house: House) -> None:
    conversation = await over(house)
    house.clock.advance(days=DAYS + 1)
    before = house.clock.now() - timedelta(days=DAYS)
    page = await house.store.read(lambda conn: rows.over(conn, before=before, after=0, limit=9))
    await house.buyer("una pregunta más")
    await house.team(AgentSetStatus(agent="小王", resolved=True), conversation)

    assert [one.id for one in page.found] == [conversation]
    later = house.clock.now() + timedelta(days=1)  # even if it were long ago
    assert await house.store.write(lambda conn: rows.remove(conn, page.found, before=later)) == 0
    assert (await counted(house.store))["conversations"] == 1


async def test_a_buyer_with_another_conversation_is_still_known(house: House, tmp_path: Path) -> None:
    conversation = await over(house)
    house.clock.advance(days=DAYS + 1)
    await house.buyer("hola", chat="other")
    await house.store.write(
        lambda conn: (
            conn.execute(
                text("UPDATE conversations SET contact_id = (SELECT contact_id FROM conversations WHERE id = :id)"),
                {"id": conversation},
            ).rowcount
        )
    )
    removed = await retention(house, tmp_path).run_once()

    assert removed.conversations == 1
    assert (await counted(house.store))["contacts"] == 2  # the other one was nobody's, but that is not ours to know


async def test_what_cannot_be_archived_stays(house: House, tmp_path: Path) -> None:
    await over(house)
    house.clock.advance(days=DAYS + 1)
    in_its_place(tmp_path / "archive")
    with pytest.raises(OSError, match="archive"):
        await retention(house, tmp_path / "archive").run_once()

    assert (await counted(house.store))["conversations"] == 1


async def test_a_kill_between_archive_and_removal_leaves_one_file(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "archive"
    await over(house)
    house.clock.advance(days=DAYS + 1)
    with monkeypatch.context() as killed:
        killed.setattr(rows, "remove", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            await retention(house, folder).run_once()
    first = files(folder)
    await retention(house, folder).run_once()

    assert len(first) == 1
    assert files(folder) == first
    assert await counted(house.store) == {}


@given(st.lists(st.integers(1, 3 * AT_ONCE), min_size=1))
def test_long_conversations_go_alone_and_short_ones_together(sizes: list[int]) -> None:
    page = tuple(Over(number, size) for number, size in enumerate(sizes))
    parts = _few(page)

    assert tuple(one for part in parts for one in part) == page
    assert all(part for part in parts)
    assert all(len(part) == 1 or sum(one.next_seq for one in part) <= AT_ONCE for part in parts)


# ---- attachments -----------------------------------------------------------------------------------------------------


async def test_an_upload_nobody_sent_goes_after_a_day(house: House, tmp_path: Path) -> None:
    blobs = StoredBlobs(house.store, house.clock)
    lost = await blobs.put(b"lost", mime="image/png")
    again = await blobs.put(b"again", mime="image/png")
    sent = await blobs.put(b"sent", mime="image/png")
    await house.inbox.accept(house.event_of("", chat="ana", media=(Media(kind="photo", ref=sent),)))
    await house.settle()
    house.clock.advance(hours=25)
    young = await blobs.put(b"young", mime="image/png")
    await blobs.put(b"again", mime="image/png")  # attached once more, and about to be sent
    removed = await retention(house, tmp_path).run_once()

    assert removed.attachments == 1
    assert [await blobs.get(ref) is not None for ref in (lost, again, sent, young)] == [False, True, True, True]


async def test_what_is_attached_to_an_answer_that_waits_stays(house: House, tmp_path: Path) -> None:
    blobs = StoredBlobs(house.store, house.clock)
    ref = await blobs.put(b"slip", mime="image/png")
    accepted = await house.buyer("hola")
    house.manager.failures.append(RuntimeError("x"))  # it is tried again later, and has no message yet
    choice = Choice(agent="小王", seller_text="好", media=(Media(kind="photo", ref=ref),))
    answer = house.event(AgentChose(choice=choice), account="desk", conversation_id=accepted.conversation_id)
    await house.inbox.accept(answer)
    await house.settle()
    house.clock.advance(hours=25)

    assert (await retention(house, tmp_path).count()).attachments == 0
    await retention(house, tmp_path).run_once()
    assert await blobs.get(ref) is not None


async def test_what_was_sent_while_it_was_looked_for_stays(house: House) -> None:
    blobs = StoredBlobs(house.store, house.clock)
    refs = [await blobs.put(name, mime="image/png") for name in (b"lost", b"sent")]
    house.clock.advance(hours=25)
    seen = await house.store.read(rows.last_message)
    await house.inbox.accept(house.event_of("", chat="ana", media=(Media(kind="photo", ref=refs[1]),)))
    await house.settle()
    removed = await house.store.write(
        lambda conn: rows.remove_blobs(conn, refs, before=house.clock.now() - timedelta(days=1), seen=seen)
    )

    assert removed == 1
    assert [await blobs.get(ref) is not None for ref in refs] == [False, True]


async def test_attachments_of_what_is_over_go_when_that_is_set(house: House, tmp_path: Path) -> None:
    blobs = StoredBlobs(house.store, house.clock)
    refs = [await blobs.put(name, mime="image/png") for name in (b"over", b"open", b"both")]
    over_, open_, both = (Media(kind="photo", ref=ref) for ref in refs)
    await over(house, media=(over_, both))
    await house.inbox.accept(house.event_of("", chat="ivan", media=(open_, both)))
    await house.settle()
    house.clock.advance(days=DAYS + 1)

    assert (await retention(house, tmp_path, RetentionSettings()).run_once()).attachments == 0
    removed = await retention(house, tmp_path, RetentionSettings(attachments_days=DAYS)).run_once()
    assert (removed.attachments, removed.conversations) == (1, 0)
    assert [await blobs.get(ref) is not None for ref in refs] == [False, True, True]


# ---- the rest --------------------------------------------------------------------------------------------------------


async def test_old_translations_are_forgotten(house: House, tmp_path: Path) -> None:
    memory = StoredMemory(house.store, house.clock)
    keys = [MemoryKey(shop="s", engine="e", source="es", target="zh", text=t, glossary="") for t in ("a", "b")]
    await memory.put(keys[0], "甲")
    house.clock.advance(days=401)
    await memory.put(keys[1], "乙")
    removed = await retention(house, tmp_path, RetentionSettings()).run_once()

    assert removed.translations == 1
    assert await memory.get(tuple(keys)) == {keys[1]: "乙"}


async def test_expired_logins_are_removed(house: House, tmp_path: Path) -> None:
    now = house.clock.now()

    def write(conn: Connection) -> None:
        agent = agents.add(conn, name="Li", role="agent", password=None, now=now)
        assert agent is not None
        for digest, hours in (("old", 1), ("new", 99)):
            agents.open_session(conn, agent, f"s-{digest}", expires=now + timedelta(hours=hours), now=now)
            agents.add_link(conn, agent, f"l-{digest}", expires=now + timedelta(hours=hours))

    await house.store.write(write)
    house.clock.advance(hours=2)
    removed = await retention(house, tmp_path).run_once()

    assert removed.logins == 2
    assert await house.store.write(lambda conn: agents.use_link(conn, "l-new", now=house.clock.now())) is not None


async def test_what_platforms_kept_about_a_conversation_goes_with_it(house: House, tmp_path: Path) -> None:
    gone, stays = await over(house), (await house.buyer("hola", chat="ivan")).conversation_id
    cards = {of: f'{{"conversation": {of}, "first": 1, "turn": null}}' for of in (gone, stays)}
    seen = f'{{"conversation": {gone}, "turn": 1, "seller_text": "", "buyer_text": "", "at": "2026-01-01T00:00:00Z"}}'
    kept = {
        f"thread:C1:{stays}": str(stays), f"note:{stays}:k": "{}", f"desk-newest:{stays}": "t2",
        "card:t2": cards[stays], "desk-at:-100:8": "t2", "desk-topic:-100:6": str(stays), "place": str(gone),
        "card:broken": "not as it should be", "desk-at:-100:9": "long-forgotten",
    }  # fmt: skip
    lost = {
        "thread:C1:1.1": str(gone), f"note:{gone}:k": "{}", f"chose:{gone}:k": "1", f"desk-newest:{gone}": "t1",
        f"desk-spoke:{gone}:5": "1:t1", "card:t1": cards[gone], "desk-at:-100:7": "t1", "desk-topic:-100:5": str(gone),
        "shown:V1": seen,
    }  # fmt: skip
    state = StoredState(house.store, "slack")
    await state.change(kept | lost)
    house.clock.advance(days=DAYS + 1)
    removed = await retention(house, tmp_path).run_once()

    assert removed.states == len(lost)
    assert await state.all() == kept


async def test_clocks_that_were_stopped_are_cleared_away(house: House, tmp_path: Path) -> None:
    await over(house)
    await house.buyer("hola", chat="ivan")
    removed = await retention(house, tmp_path).run_once()
    states = await house.store.read(lambda conn: list(conn.execute(text("SELECT state FROM clocks")).scalars()))

    assert (removed.clocks, states) == (1, ["open"])


async def test_jobs_that_ended_long_ago_are_removed(house: House, tmp_path: Path, database: str) -> None:
    if database == "postgresql":
        await house.store.write(_jobs)
        house.clock._now = SystemClock().now()  # what the jobs' own events are told by
    removed = await retention(house, tmp_path).run_once()

    assert removed.jobs == (1 if database == "postgresql" else 0)


def _jobs(conn: Connection) -> None:
    conn.execute(text("DELETE FROM procrastinate_jobs"))
    job = text("INSERT INTO procrastinate_jobs (queue_name, task_name, lock) VALUES ('q', 't', :lane) RETURNING id")
    fail = text("UPDATE procrastinate_jobs SET status = 'failed' WHERE id = :job")
    age = text("UPDATE procrastinate_events SET at = now() - make_interval(days => :days) WHERE job_id = :job")
    for lane, days in (("old", 8), ("young", 6), ("waits", 8)):
        id_ = conn.execute(job, {"lane": lane}).scalar_one()
        if lane != "waits":
            conn.execute(fail, {"job": id_})
        conn.execute(age, {"job": id_, "days": days})


# ---- when, and how much ----------------------------------------------------------------------------------------------


async def test_counting_tells_what_would_go_and_removes_nothing(house: House, tmp_path: Path) -> None:
    blobs = StoredBlobs(house.store, house.clock)
    await over(house)
    await house.buyer("hola", chat="ivan")
    await blobs.put(b"lost", mime="image/png")
    await StoredMemory(house.store, house.clock).put(
        MemoryKey(text="a", source="es", target="zh", engine="e", glossary="", shop="s"), "甲"
    )
    house.clock.advance(days=500)
    task = retention(house, tmp_path)
    before = await counted(house.store)
    would = await task.count()

    assert await counted(house.store) == before
    assert (would.conversations, would.archives, would.attachments, would.translations) == (1, 1, 1, 1)
    did = await task.run_once()
    assert (did.conversations, did.archives, did.attachments, did.translations, did.logins) == (1, 1, 1, 1, 0)
    # Some went with their conversation.
    assert await task.count() == Removed()


async def test_it_runs_once_a_day_whoever_does_it(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.retention.LOOK", timedelta(milliseconds=1))
    await over(house)
    house.clock.advance(days=DAYS + 1)
    here, there = retention(house, tmp_path), retention(house, tmp_path)
    running = asyncio.create_task(here.run())
    async with asyncio.timeout(20):
        while await there.is_due():
            await asyncio.sleep(0.005)
    running.cancel()

    assert (await counted(house.store)).get("conversations") is None
    assert not await there.is_due()
    house.clock.advance(hours=24)
    assert await there.is_due()


async def test_turns_go_on_while_it_runs(house: House, tmp_path: Path) -> None:
    for number in range(12):
        await over(house, chat=f"over-{number}")
    house.clock.advance(days=DAYS + 1)
    running = asyncio.create_task(retention(house, tmp_path).run_once())
    for number in range(12):
        await house.buyer("hola", chat=f"over-{number}")
    removed = await running
    names = await house.store.read(lambda conn: sorted(conn.execute(text("SELECT chat FROM conversations")).scalars()))

    assert names == sorted(f"over-{number}" for number in range(12))  # written to in time, or anew
    assert removed.conversations == len(archived(tmp_path)) or removed.conversations < 12


async def test_an_installation_has_one(tmp_path: Path, store: Store) -> None:
    settings = Settings(data=tmp_path, retention=RetentionSettings(messages_days=DAYS))

    assert (await retention_of(settings, store, SystemClock()).run_once()).conversations == 0
