"""Retention: what has served its time goes by itself, once a day, a little at a time.

Nothing goes that somebody still works on: a conversation goes only when its case is resolved, nothing in it is open,
and nothing has happened in it for the days that are set. What it may still be needed for lasts longer than it looks: a
buyer may open a dispute at PayPal for 180 days after paying, a card may be charged back for 120 days after what was
bought should have come, and up to 540 days after it was paid (Visa's and Mastercard's rules for goods not received). So
without a setting conversations stay for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import structlog
from sqlalchemy import Connection

from adapters.channels import refers
from adapters.ports import Desk
from bot.archive import Archive
from bot.parts import closed_desk
from bot.settings import Retention as RetentionSettings
from bot.settings import Settings
from bot.store import Store
from bot.store import retention as rows
from bot.store.blobs import StoredBlobs
from bot.store.retention import Over
from bot.store.states import StoredState
from dialogs.ports import Clock

log = structlog.stdlib.get_logger(__name__)

T = TypeVar("T")

EVERY: Final = timedelta(days=1)
LOOK: Final = timedelta(minutes=10)  # between two looks whether a day has passed; the first waits as long
UPLOADS: Final = timedelta(days=1)  # so long may something be attached before it is sent
JOBS: Final = timedelta(days=7)  # so long can it be seen which lanes failed
ARCHIVED: Final = 200  # conversations in a file of the archive
AT_ONCE: Final = 100  # rows of the inbox in one transaction: some milliseconds, which a turn can wait
PAGE: Final = 1000  # rows, where nothing hangs on them
SCANNED: Final = 5000  # messages that are looked through at once for what they have attached
BLOBS: Final = 10  # attachments in one transaction: each may be of many megabytes
PAUSE: Final = 0.05  # seconds between two transactions: turns are never behind more than one

# No account is called so: their ids have no colon.
ACCOUNT: Final = ":retention"
_RAN_AT: Final = "ran_at"

Refers = Callable[[str, str], int | str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """How much went, or would go."""

    conversations: int = 0
    archives: int = 0  # files written
    attachments: int = 0
    translations: int = 0
    clocks: int = 0  # stopped ones, which nobody asks for again
    logins: int = 0
    states: int = 0  # what accounts on platforms kept about conversations that are gone
    jobs: int = 0


class Retention:
    """Removes what has served its time.

    ``refers`` tells what a row of an account's state is about: the conversation, or the key of another row it goes
    with; None: it stays.
    """

    def __init__(
        self,
        store: Store,
        *,
        desk: Desk,
        settings: RetentionSettings,
        folder: Path,
        refers: Refers,
        clock: Clock,
        pause: float = PAUSE,
    ) -> None:
        self._store = store
        self._desk = desk
        self._settings = settings
        self._folder = folder
        self._refers = refers
        self._clock = clock
        self._pause = pause
        self._state = StoredState(store, ACCOUNT)

    async def run(self) -> None:
        """Remove once a day, counted from the last time whichever process did it."""
        while True:
            await asyncio.sleep(LOOK.total_seconds())
            if await self.is_due():
                await self.run_once()

    async def is_due(self) -> bool:
        """Whether the last time is a day ago, or never was."""
        ran_at = await self._state.get(_RAN_AT)
        return ran_at is None or self._clock.now() - datetime.fromisoformat(ran_at) >= EVERY

    async def run_once(self) -> Removed:
        """Remove everything that has served its time.

        Raises:
            OSError: the archive cannot be written; nothing that should be in it is removed.
        """
        now = self._clock.now()
        conversations, archives = await self._remove_conversations(now)
        removed = Removed(
            conversations=conversations,
            archives=archives,
            attachments=await self._remove_attachments(now),
            translations=await self._remove_translations(now),
            clocks=await self._remove_clocks(),
            logins=await self._write(partial(rows.remove_logins, now=now)),
            states=await self._remove_states(),
            jobs=await self._write(partial(rows.remove_jobs, before=now - JOBS)),
        )
        await self._write(rows.analyze)
        await self._state.put(_RAN_AT, now.isoformat())
        log.info("retention", **asdict(removed))
        return removed

    async def count(self) -> Removed:
        """What ``run_once`` would remove now."""
        now = self._clock.now()
        conversations = [len(page) async for page in self._over(self._before(now, self._settings.messages_days))]
        translations, made = 0, self._before(now, self._settings.translations_days)
        if made is not None:
            translations = await self._store.read(partial(rows.count_translations, before=made))
        return Removed(
            conversations=sum(conversations),
            archives=len(conversations) if self._settings.archive else 0,
            attachments=len(await self._unneeded(now, await self._last_message())),
            translations=translations,
            clocks=await self._count_clocks(),
            logins=await self._store.read(partial(rows.count_logins, now=now)),
            states=sum([len(keys) async for _, keys in self._left_behind()]),
            jobs=await self._store.read(partial(rows.count_jobs, before=now - JOBS)),
        )

    # ---- conversations -----------------------------------------------------------------------------------------------

    async def _remove_conversations(self, now: datetime) -> tuple[int, int]:
        before = self._before(now, self._settings.messages_days)
        if before is None:
            return 0, 0
        conversations = archives = 0
        blobs = StoredBlobs(self._store, self._clock)
        pause = self._pause / 10
        archive = Archive(self._folder, store=self._store, desk=self._desk, blobs=blobs, pause=pause)
        with closing(archive):
            async for page in self._over(before):
                if self._settings.archive:
                    await archive.put(page)
                    archives += 1
                for few in _few(page):
                    conversations += await self._write(partial(rows.remove, found=few, before=before))
        return conversations, archives

    async def _over(self, before: datetime | None) -> AsyncIterator[tuple[Over, ...]]:
        """Conversations that may go, as many at once as a file of the archive holds."""
        after: int | None = 0
        while before is not None and after is not None:
            page = await self._store.read(partial(rows.over, before=before, after=after, limit=ARCHIVED))
            if page.found:
                yield page.found
            after = page.after

    # ---- attachments -------------------------------------------------------------------------------------------------

    async def _remove_attachments(self, now: datetime) -> int:
        seen = await self._last_message()
        unneeded = sorted(await self._unneeded(now, seen))
        removed = 0
        for start in range(0, len(unneeded), BLOBS):
            refs = unneeded[start : start + BLOBS]
            removed += await self._write(partial(rows.remove_blobs, refs=refs, before=now - UPLOADS, seen=seen))
        return removed

    async def _unneeded(self, now: datetime, last: int) -> frozenset[str]:
        """Bytes no message has, or only messages of resolved cases that are older than the days that are set."""
        old = await self._store.read(partial(rows.old_blobs, before=now - UPLOADS))
        if not old:
            return frozenset()
        before = self._before(now, self._settings.attachments_days)
        needed = set(await self._store.read(rows.attached_to_unfinished))
        for start in range(0, last, SCANNED):
            for ref, at, is_resolved in await self._store.read(
                partial(rows.attached, after=start, upto=start + SCANNED)
            ):
                if before is None or at >= before or not is_resolved:
                    needed.add(ref)
            await asyncio.sleep(self._pause)
        return frozenset(old.keys() - needed)

    async def _last_message(self) -> int:
        return await self._store.read(rows.last_message)

    # ---- the rest ----------------------------------------------------------------------------------------------------

    async def _remove_translations(self, now: datetime) -> int:
        before = self._before(now, self._settings.translations_days)
        removed = 0
        while before is not None:
            some = await self._write(partial(rows.remove_translations, before=before, limit=PAGE))
            removed += some
            if some < PAGE:
                break
        return removed

    async def _remove_clocks(self) -> int:
        ids = await self._store.read(rows.clock_ids)
        removed = 0
        for start in ids[::PAGE]:
            removed += await self._write(partial(rows.remove_clocks, after=start, upto=start + PAGE))
        return removed

    async def _count_clocks(self) -> int:
        ids = await self._store.read(rows.clock_ids)
        return await self._store.read(partial(rows.count_clocks, after=ids.start, upto=ids.stop))

    async def _remove_states(self) -> int:
        removed = 0
        async for account, keys in self._left_behind():
            for start in range(0, len(keys), PAGE):
                some = keys[start : start + PAGE]
                removed += await self._write(partial(rows.remove_states, account=account, keys=some))
        return removed

    async def _left_behind(self) -> AsyncIterator[tuple[str, list[str]]]:
        """By account, the keys of what it keeps about conversations that are gone."""
        for account in await self._store.read(rows.accounts):
            kept = await self._store.read(partial(rows.states, account=account))
            about = {key: self._about(key, text) for key, text in kept.items()}
            ids = sorted({of for of in about.values() if isinstance(of, int)})
            gone: set[int] = set()
            for start in range(0, len(ids), PAGE):
                gone |= await self._store.read(partial(rows.gone, conversation_ids=ids[start : start + PAGE]))
            keys = {key for key, of in about.items() if of in gone}
            keys |= {key for key, of in about.items() if isinstance(of, str) and of in keys}
            if keys:
                yield account, sorted(keys)

    def _about(self, key: str, text: str) -> int | str | None:
        try:
            return self._refers(key, text)
        except ValueError:  # nobody can read it, so nobody can say that it may go
            return None

    async def _write(self, work: Callable[[Connection], T]) -> T:
        written = await self._store.write(work)
        await asyncio.sleep(self._pause)
        return written

    @staticmethod
    def _before(now: datetime, days: int | None) -> datetime | None:
        return None if days is None else now - timedelta(days=days)


def _few(page: tuple[Over, ...]) -> list[list[Over]]:
    """The page in parts of about ``AT_ONCE`` numbered rows: long conversations go alone, short ones together."""
    parts: list[list[Over]] = [[]]
    count = 0
    for one in page:
        if parts[-1] and count + one.next_seq > AT_ONCE:
            parts.append([])
            count = 0
        parts[-1].append(one)
        count += one.next_seq
    return parts


def retention_of(settings: Settings, store: Store, clock: Clock) -> Retention:
    """The retention of an installation; the archive is a folder beside its database."""
    return Retention(
        store,
        desk=closed_desk(store),
        settings=settings.retention,
        folder=settings.data / "archive",
        refers=refers,
        clock=clock,
    )
