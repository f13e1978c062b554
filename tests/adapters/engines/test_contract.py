"""One contract over all engines: real clients against loopback servers, in every way a server may answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest

from adapters.engines import ENGINES, BaseEngine, EngineSettings, Secret
from dialogs.errors import Refused, TryLater
from tests.servers.engines import GOOGLE_ERROR, EngineServer, engine_server

KEY = "sk-very-secret-key"
TEXT = "Private words of Maria, 3 pieces"
PATHS = {"google": "/m", "mymemory": "/get", "openai": "/v1"}


@asynccontextmanager
async def engine_of(name: str, server: EngineServer, timeout: float = 5.0) -> AsyncIterator[BaseEngine]:
    settings = EngineSettings(
        name=name, url=server.url + PATHS.get(name, ""), key=Secret(KEY), model="tiny", timeout=timeout
    )
    async with aiohttp.ClientSession() as session:
        engine = ENGINES[name](settings, session)
        try:
            yield engine
        finally:
            server.released.set()
            await engine.close()


every_engine = pytest.mark.parametrize("name", sorted(ENGINES))


@every_engine
async def test_translates_both_ways(name: str) -> None:
    async with engine_server() as server, engine_of(name, server) as engine:
        assert (await engine.translate("Where is my order?", "en", "zh")).text == "我的订单在哪里？"
        assert (await engine.translate("我们会给您全额退款。", "zh", "es")).text == "Le haremos un reembolso completo."
        assert [seen["text"] for seen in server.seen] == ["Where is my order?", "我们会给您全额退款。"]


@every_engine
async def test_answers_belong_to_their_questions(name: str) -> None:
    async with engine_server(delay=0.01) as server, engine_of(name, server) as engine:
        texts = [f"order XQZ{number} please" for number in range(1, 40)]
        answers = await asyncio.gather(*(engine.translate(text, "en", "zh") for text in texts))
        assert [f"XQZ{number}" in answer.text for number, answer in enumerate(answers, 1)] == [True] * len(texts)


TROUBLE: dict[str, tuple[str, ...]] = {
    "rate_limited": ("rate_limited",),
    "server_error": ("server_error",),
    "half_closed": ("unreachable", "malformed_answer"),
    "not_json": ("malformed_answer",),
    "redirect": ("redirected",),
    "huge": ("too_large",),
    "bad_key": ("bad_key", "bad_request"),
    "unsupported": ("unsupported", "bad_request"),
    "hang": ("timeout",),
}


@every_engine
@pytest.mark.parametrize("mode", sorted(TROUBLE))
async def test_trouble_has_a_stable_name_and_no_secrets(name: str, mode: str) -> None:
    async with engine_server(mode) as server, engine_of(name, server, timeout=0.3) as engine:
        with pytest.raises((TryLater, Refused)) as caught:
            await engine.translate(TEXT, "en", "zh")
    assert caught.value.reason in TROUBLE[mode]
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    for told in (str(caught.value), repr(caught.value)):
        assert KEY not in told
        assert "Maria" not in told


@every_engine
async def test_nothing_listening(name: str) -> None:
    async with engine_server() as server:
        pass
    async with engine_of(name, server) as engine:
        with pytest.raises(TryLater, match=r"^unreachable$"):
            await engine.translate(TEXT, "en", "zh")


@every_engine
async def test_retry_after_is_told(name: str) -> None:
    async with engine_server("rate_limited_long") as server, engine_of(name, server) as engine:
        with pytest.raises(TryLater) as caught:
            await engine.translate(TEXT, "en", "zh")
    assert caught.value.after == 120


@pytest.mark.parametrize("name", ["mymemory", "deepl", "openai"])
async def test_a_used_up_quota_is_not_retried(name: str) -> None:
    async with engine_server("quota") as server, engine_of(name, server) as engine:
        with pytest.raises(Refused, match=r"^quota$"):
            await engine.translate(TEXT, "en", "zh")


async def test_google_error_page_is_no_translation() -> None:
    async with engine_server("error_sentence") as server, engine_of("google", server) as engine:
        with pytest.raises(TryLater, match=r"^error_page$"):
            await engine.translate(TEXT, "en", "zh")
    assert "Server Error" in GOOGLE_ERROR


async def test_google_echo_of_an_emoji_is_the_emoji() -> None:
    async with engine_server("echo") as server, engine_of("google", server) as engine:
        assert (await engine.translate("😡!!", "en", "zh")).text == "😡!!"


CODES: list[tuple[str, str, Callable[[dict[str, str]], bool]]] = [
    ("google", "zh", lambda seen: seen["target"] == "zh-CN"),
    ("google", "zh-Hant", lambda seen: seen["target"] == "zh-TW"),
    ("google", "he", lambda seen: seen["target"] == "iw"),
    ("google", "pt", lambda seen: seen["target"] == "pt"),
    ("mymemory", "pt", lambda seen: seen["target"] == "pt-BR"),
    ("libretranslate", "zh", lambda seen: seen["target"] == "zh-Hans"),
    ("deepl", "pt", lambda seen: seen["target"] == "PT-BR"),
    ("deepl", "zh-Hant", lambda seen: seen["target"] == "ZH-HANT"),
]


@pytest.mark.parametrize(
    ("name", "language", "right"), CODES, ids=lambda value: value if isinstance(value, str) else ""
)
async def test_language_codes(name: str, language: str, right: Callable[[dict[str, str]], bool]) -> None:
    async with engine_server() as server, engine_of(name, server) as engine:
        assert engine.supports("en", language)
        await engine.translate("Where is my order?", "en", language)
        assert right(server.seen[0])


async def test_source_may_be_left_to_the_engine() -> None:
    async with engine_server() as server:
        for name in ("google", "libretranslate", "deepl", "openai"):
            async with engine_of(name, server) as engine:
                assert engine.supports(None, "zh")
                await engine.translate("Where is my order?", None, "zh")
        async with engine_of("mymemory", server) as engine:
            assert not engine.supports(None, "zh")
    assert [seen["source"] for seen in server.seen] == ["auto", "auto", None, None]


async def test_keys_travel_in_headers_or_body_never_in_the_url() -> None:
    async with engine_server() as server:
        for name in ("libretranslate", "deepl", "openai"):
            async with engine_of(name, server) as engine:
                await engine.translate("Hello", "en", "zh")
    assert [KEY in str(seen["headers"]) for seen in server.seen] == [False, True, True]
    assert all(KEY not in seen["path"] for seen in server.seen)


@pytest.mark.parametrize(("key", "host"), [("abc:fx", "https://api-free.deepl.com"), ("abc", "https://api.deepl.com")])
async def test_deepl_free_keys_have_their_own_host(key: str, host: str) -> None:
    async with aiohttp.ClientSession() as session:
        engine = ENGINES["deepl"](EngineSettings(name="deepl", key=Secret(key)), session)
    assert engine._url == f"{host}/v2/translate"


async def test_long_texts_are_refused_before_they_leave() -> None:
    async with engine_server() as server:
        for name in ("google", "mymemory"):
            async with engine_of(name, server) as engine:
                with pytest.raises(Refused, match=r"^too_long$"):
                    await engine.translate("长" * engine.limit, "zh", "en")
    assert server.seen == []
