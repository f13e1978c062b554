"""The registry, its settings and the Chinese converter."""

from __future__ import annotations

import aiohttp
import pytest

from adapters.engines import ENGINES, NEEDED, ChineseVariants, EngineSettings, Secret, build
from dialogs.errors import Refused


def test_secrets_do_not_print() -> None:
    settings = EngineSettings(name="deepl", key=Secret("sk-123456"))
    assert "sk-123456" not in f"{settings} {settings!r} {settings.key}"
    assert settings.key.reveal() == "sk-123456"
    assert settings.key == Secret("sk-123456") != Secret()
    assert not Secret()


def test_every_engine_says_what_it_needs() -> None:
    assert set(ENGINES) == set(NEEDED)


async def test_build_names_what_is_missing() -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(ValueError, match="qwen needs url, model"):
            build(EngineSettings(name="openai", label="qwen"), session)
        engine = build(EngineSettings(name="openai", label="qwen", url="http://127.0.0.1:9/v1", model="m"), session)
        assert (engine.name, engine.version) == ("qwen", "m/1")
        assert engine.health().state == "unused"
        await engine.close()


async def test_chinese_both_ways() -> None:
    variants = ChineseVariants()
    assert (await variants.translate("記憶體和滑鼠", "zh-Hant", "zh")).text == "内存和鼠标"
    assert (await variants.translate("内存和鼠标", "zh", "zh-Hant")).text == "記憶體和滑鼠"


async def test_japanese_is_not_for_the_chinese_converter() -> None:
    variants = ChineseVariants()
    assert not variants.supports("ja", "zh")
    with pytest.raises(Refused):
        await variants.translate("東京", "ja", "zh")
