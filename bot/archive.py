"""The archive: conversations as files, written whole before they leave the database."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from adapters.ports import Desk
from bot.export import as_json, read_conversation
from bot.store import Store
from bot.store import retention as rows
from bot.store.blobs import StoredBlobs
from bot.store.retention import Over
from dialogs.messages import Media

LINES: Final = "conversations.jsonl"
ATTACHMENTS: Final = "attachments/"


class Archive:
    """A folder of zip files.

    In each: ``conversations.jsonl``, one conversation a line as ``heqi export`` writes it, with the names its buyer is
    known by; and what was attached, under ``attachments/`` and named by its ``ref``.
    """

    def __init__(self, folder: Path, *, store: Store, desk: Desk, blobs: StoredBlobs, pause: float) -> None:
        """Args: ``pause`` are the seconds between two conversations, in which others get their work done."""
        self._pause = pause
        self._folder = folder
        self._store = store
        self._desk = desk
        self._blobs = blobs
        # Compressing and syncing must hold up nobody, and nobody's work may hold up this.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="archive")

    def close(self) -> None:
        """Let the thread go."""
        self._thread.shutdown()

    async def put(self, found: Sequence[Over]) -> Path:
        """Write the conversations as they are now; they are on the disk when this returns.

        The file is named after what is in it: after a kill in between, the same conversations make the same file.

        Raises:
            OSError: the folder cannot be written to, or is full.
        """
        path = self._folder / name_of(found)
        if path.exists():  # files appear only when they are whole
            return path
        unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            await self._run(self._begin)
            with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as file:
                await self._write(file, found)
            await self._run(_finish, unfinished, path)
        finally:
            unfinished.unlink(missing_ok=True)
        return path

    def _begin(self) -> None:
        # Buyers' words are in it: nobody else on this machine may read them.
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def _write(self, file: zipfile.ZipFile, found: Sequence[Over]) -> None:
        lines = []
        refs: dict[str, None] = {}
        for one in found:
            line, media = await self._conversation(one.id)
            lines.append(line)
            await asyncio.sleep(self._pause)
            refs |= dict.fromkeys(each.ref for each in media if each.ref)
        await self._run(file.writestr, LINES, "".join(lines))
        for ref in refs:
            stored = await self._blobs.get(ref)
            if stored is not None:  # else it has outlived ``attachments_days``
                await self._run(file.writestr, ATTACHMENTS + ref, stored[0])

    async def _conversation(self, conversation_id: int) -> tuple[str, tuple[Media, ...]]:
        read = await read_conversation(self._desk, conversation_id)
        if read is None:  # somebody else removed it, which is looked at again before this does
            return "", ()
        view, lines = read
        whose = await self._store.read(lambda conn: rows.whose(conn, conversation_id))
        known = {"account": whose.account, "chat": whose.chat, "aliases": dict(whose.aliases)}
        record = known | as_json(view, lines, ZoneInfo("UTC"))
        media = tuple(each for line in lines for each in line.message.media)
        return json.dumps(record, ensure_ascii=False) + "\n", media

    async def _run(self, work: Callable[..., None], *arguments: object) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)


def name_of(found: Sequence[Over]) -> str:
    """The name of the file that holds these conversations as they are now."""
    what = hashlib.sha256(json.dumps([[one.id, one.next_seq] for one in found]).encode()).hexdigest()[:12]
    return f"conversations-{found[0].id}-{found[-1].id}-{what}.zip"


def _finish(unfinished: Path, path: Path) -> None:
    """Put a file in its place so that it is there, whole, whatever happens from now on."""
    with unfinished.open("rb+") as file:
        os.fsync(file.fileno())
    unfinished.replace(path)
    if os.name == "posix":  # elsewhere a folder cannot be opened
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
