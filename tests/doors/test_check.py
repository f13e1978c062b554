"""``heqi check`` over real accounts: what is well is told, what is not says how to mend it."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from tests.servers.telegram import TOKEN, telegram_server

SETTINGS = """
data = "var"
engines = []
[[accounts]]
channel = "telegram"
id = "bot"
shop = "main"
token_env = "BOT_TOKEN"
api_url = "{telegram}"
"""


async def _check(folder: Path, telegram: str, *options: str, token: str = TOKEN) -> tuple[int | None, str]:
    (folder / "heqi.toml").write_text(SETTINGS.format(telegram=telegram), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "check", "--config", str(folder / "heqi.toml"), *options,
        env={**os.environ, "BOT_TOKEN": token}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await process.communicate()
    return process.returncode, out.decode()


async def test_a_token_the_platform_takes_is_fine(tmp_path: Path) -> None:
    async with telegram_server() as server:
        code, told = await _check(tmp_path, server.url)
    assert code == 0, told
    assert "heqi_store_bot" in told
    assert TOKEN not in told


async def test_a_token_the_platform_refuses_is_named_with_what_to_do(tmp_path: Path) -> None:
    async with telegram_server() as server:
        wrong = "123456789:AAF-another-token-that-was-revoked-1"
        code, told = await _check(tmp_path, server.url, token=wrong)
    assert code == 1
    assert "bot" in told
    assert "BotFather" in told
    assert wrong not in told


async def test_offline_asks_nobody(tmp_path: Path) -> None:
    code, told = await _check(tmp_path, "http://127.0.0.1:9", "--offline")
    assert (code, "✓ bot" in told) == (0, False)


async def test_a_missing_token_is_named_and_nothing_starts(tmp_path: Path) -> None:
    code, told = await _check(tmp_path, "http://127.0.0.1:9", token="")
    assert code == 1
    assert "token_env" in told
    assert "BOT_TOKEN" in told
