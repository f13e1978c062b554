"""The loopback translator other tests rely on: every language passes the same checks real answers pass."""

from __future__ import annotations

import aiohttp
import pytest

from adapters.engines import EngineSettings, build
from dialogs.language import DETECTORS
from dialogs.translation import ChainTranslator
from tests.dialogs.hostile import Remembering
from tests.servers.engines import engine_server, loopback_engine
from tests.servers.phrases import BOOK, WORDS

DETECTOR = DETECTORS["eldc"]()
SELLER = "您好，订单8012345678的包裹已经寄出，单号LP00123456789CN，大概还要12天才能到，请您再耐心等一等，谢谢！"


@pytest.mark.parametrize("language", sorted(set(WORDS) - {"zh"}))
async def test_typed_chinese_reaches_every_language_and_back(language: str) -> None:
    async with loopback_engine() as url, aiohttp.ClientSession() as session:
        engine = build(EngineSettings(name="libretranslate", url=url), session)
        translator = ChainTranslator([engine], Remembering(), DETECTOR)
        out = await translator.translate(SELLER, source="zh", target=language, shop="s", glossary={})
        assert (out.proven, out.engine, out.checks) == (True, "libretranslate", ())
        assert out.text is not None
        back = await translator.translate(out.text, source=language, target="zh", shop="s", glossary={})
        assert (back.proven, back.checks) == (True, ())
        assert engine.health().state == "ok"


@pytest.mark.parametrize("language", sorted(set(BOOK) - {"zh"}))
async def test_known_sentences_are_exact(language: str) -> None:
    async with loopback_engine() as url, aiohttp.ClientSession() as session:
        engine = build(EngineSettings(name="libretranslate", url=url), session)
        translator = ChainTranslator([engine], Remembering(), DETECTOR)
        for chinese, other in zip(BOOK["zh"].split("|"), BOOK[language].split("|"), strict=True):
            out = await translator.translate(chinese, source="zh", target=language, shop="s", glossary={})
            assert (out.text, out.proven) == (other, True)


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("rate_limited_long", "rate_limited"), ("server_error", "server_error"), ("html", "error_page"),
        ("error_sentence", "error_page"), ("echo", "echo"), ("other_language", "script"), ("empty", "empty"),
        ("huge", "too_large"), ("redirect", "redirected"), ("not_json", "malformed_answer"),
    ],
)  # fmt: skip
async def test_misbehaviour_ends_at_the_next_engine(mode: str, reason: str) -> None:
    async with engine_server(mode) as bad, loopback_engine() as good, aiohttp.ClientSession() as session:
        engines = [
            build(EngineSettings(name="libretranslate", label="bad", url=bad.url, retries=0), session),
            build(EngineSettings(name="libretranslate", label="good", url=good), session),
        ]
        translator = ChainTranslator(engines, Remembering(), DETECTOR)
        out = await translator.translate(
            "Where is my parcel? I waited 3 weeks for it.", source="en", target="zh", shop="s", glossary={}
        )
    assert (out.engine, out.proven) == ("good", True)
    assert [(attempt.engine, attempt.reason) for attempt in out.attempts] == [("bad", reason)]


async def test_a_changed_number_is_seen_by_the_seller() -> None:
    async with engine_server("changed_number") as server, aiohttp.ClientSession() as session:
        engine = build(EngineSettings(name="libretranslate", url=server.url), session)
        translator = ChainTranslator([engine], Remembering(), DETECTOR)
        out = await translator.translate(
            "Where is my parcel? I waited 3 weeks for it.", source="en", target="zh", shop="s", glossary={}
        )
    assert [check.code for check in out.checks] == ["number", "number"]
