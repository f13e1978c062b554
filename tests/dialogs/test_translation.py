"""The chain of engines: order, memory, variants, long texts, shared calls and honest gaps."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.engines.opencc import ChineseVariants
from dialogs.errors import Refused, TryLater
from dialogs.messages import Attempt, Translation
from dialogs.ports import EngineAnswer, MemoryKey
from dialogs.protection import entities
from dialogs.translation import LONGEST, ChainTranslator
from dialogs.translation.pieces import pieces
from tests.dialogs.hostile import Remembering, Silent
from tests.servers.phrases import say


class Talkative:
    """An honest engine that keeps what it was asked."""

    def __init__(
        self, name: str = "one", *, tags: bool = False, limit: int = 5000, knows: frozenset[str] = frozenset()
    ) -> None:
        self.name = name
        self.version = "1"
        self.tags = tags
        self.limit = limit
        self.asked: list[str] = []
        self._knows = knows

    def supports(self, source: str | None, target: str) -> bool:
        return not self._knows or {source, target} <= self._knows

    async def translate(self, text: str, source: str | None, target: str) -> EngineAnswer:
        self.asked.append(text)
        await asyncio.sleep(0)
        return EngineAnswer(say(text, target), "en")


class Failing(Talkative):
    def __init__(self, name: str, error: Exception) -> None:
        super().__init__(name)
        self.error = error

    async def translate(self, text: str, source: str | None, target: str) -> EngineAnswer:
        self.asked.append(text)
        raise self.error


def chain(*engines: Talkative, memory: Remembering | None = None, variants: bool = False) -> ChainTranslator:
    return ChainTranslator(
        engines, Remembering() if memory is None else memory, Silent(), ChineseVariants() if variants else None
    )


async def translate(
    translator: ChainTranslator,
    text: str,
    source: str | None = "en",
    target: str = "zh",
    shop: str = "s",
    glossary: Mapping[str, Mapping[str, str]] | None = None,
) -> Translation:
    return await translator.translate(text, source=source, target=target, shop=shop, glossary=glossary or {})


# ---- nothing to do ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["", "  ", "😡", "8012345678", "https://a.example/b", "3 + 4 = 7", "$25 !!", "@maria_1"]
)
async def test_what_has_no_words_is_not_sent_anywhere(text: str) -> None:
    engine = Talkative()
    translation = await translate(chain(engine), text)
    assert (translation.text, translation.engine, translation.proven) == (text, "same", True)
    assert engine.asked == []


async def test_the_same_language_is_left_alone() -> None:
    engine = Talkative()
    translation = await translate(chain(engine), "\x00 hi", "zh", "zh")
    assert (translation.text, translation.engine) == ("\x00 hi", "same")


async def test_a_lone_term_gets_its_wording() -> None:
    translation = await translate(chain(), "魔法杯 8012345678", "zh", "en", glossary={"魔法杯": {"en": "Magic Cup"}})
    assert (translation.text, translation.engine) == ("Magic Cup 8012345678", "same")


# ---- order -----------------------------------------------------------------------------------------------------------


async def test_the_first_engine_that_can_answers() -> None:
    down, wrong, third = Failing("a", TryLater("timeout")), Failing("b", Refused("bad_key")), Talkative("c")
    unable = Talkative("d", knows=frozenset({"fr", "zh"}))
    translation = await translate(chain(unable, down, wrong, third), "Where is my order?")
    assert (translation.text, translation.engine) == ("我的订单在哪里？", "c")
    assert translation.attempts == (
        Attempt("d", "unsupported"), Attempt("a", "timeout"), Attempt("b", "bad_key"),
    )  # fmt: skip


async def test_no_engine_leaves_a_state_and_no_sentence() -> None:
    assert await translate(chain(), "Where is my order?") == Translation(
        text=None, source="en", target="zh", proven=False
    )
    translation = await translate(chain(Failing("a", TryLater("timeout"))), "Where is my order?")
    assert (translation.text, translation.attempts) == (None, (Attempt("a", "timeout"),))


async def test_an_unproven_answer_is_kept_only_when_nothing_better_comes() -> None:
    class Inventive(Talkative):
        async def translate(self, text: str, source: str | None, target: str) -> EngineAnswer:
            return EngineAnswer(say(text, target) + " https://evil.example")

    better = await translate(chain(Inventive("a"), Talkative("b")), "Where is order 8012345678 please?")
    assert (better.engine, better.proven, better.attempts) == ("b", True, (Attempt("a", "entity"),))
    worse = await translate(chain(Inventive("a"), Failing("b", TryLater("timeout"))), "Where is order 8012345678?")
    assert (worse.engine, worse.proven) == ("a", False)
    assert "entity_added" in {check.code for check in worse.checks}


async def test_chinese_left_in_an_outgoing_text_is_not_proven() -> None:
    class Lazy(Talkative):
        async def translate(self, text: str, source: str | None, target: str) -> EngineAnswer:
            return EngineAnswer("Ya hemos enviado su 包裹, por favor espere unos días más, gracias.")

    text = "我们已经寄出您的包裹，请您耐心等待几天，谢谢。"
    alone = await translate(chain(Lazy("a")), text, "zh", "es")
    assert (alone.proven, [check.code for check in alone.checks]) == (False, ["language"])
    better = await translate(chain(Lazy("a"), Talkative("b")), text, "zh", "es")
    assert (better.engine, better.attempts) == ("b", (Attempt("a", "language"),))


async def test_the_engine_tells_the_source_nobody_knew() -> None:
    translation = await translate(chain(Talkative()), "Where is my order?", None)
    assert translation.source == "en"


# ---- memory ----------------------------------------------------------------------------------------------------------


async def test_memory_answers_the_same_words_with_other_entities() -> None:
    engine, memory = Talkative(), Remembering()
    translator = chain(engine, memory=memory)
    await translate(translator, "Please check order 8012345678 today")
    again = await translate(translator, "Please check order 8099999999 today")
    assert (again.engine, again.proven) == ("memory", True)
    assert again.text is not None
    assert "8099999999" in again.text
    assert len(engine.asked) == 1
    assert all("8012345678" not in f"{key}{text}" for key, text in memory.items())


@pytest.mark.parametrize("change", ["text", "source", "target", "shop", "glossary", "engine"])
async def test_memory_answers_nothing_but_the_equal(change: str) -> None:
    engine, memory = Talkative(), Remembering()
    asked: dict[str, object] = {"text": "Please check my order", "source": "en", "target": "zh", "shop": "s"}
    await translate(chain(engine, memory=memory), **asked)  # type: ignore[arg-type]
    other: dict[str, object] = {"text": "Please check my orders", "source": None, "target": "ja", "shop": "t"}
    if change == "glossary":
        asked["glossary"] = {"杯": {"en": "cup"}}
    elif change == "engine":
        engine.version = "2"
    else:
        asked[change] = other[change]
    translation = await translate(chain(engine, memory=memory), **asked)  # type: ignore[arg-type]
    assert translation.engine == "one"


async def test_memory_is_not_trusted() -> None:
    engine, memory = Talkative(), Remembering()
    translator = chain(engine, memory=memory)
    await translate(translator, "Please check order 8012345678 today")
    (key,) = memory
    for poison in ("", "请看订单", "请看\ue0001\ue001和\ue0001\ue001", "请看\ue0002\ue001", "\ue0001\ue001 8055555555"):
        memory[key] = poison
        translation = await translate(translator, "Please check order 8012345678 today")
        assert translation.engine == "one"
        memory[key] = poison


async def test_doubtful_answers_are_not_remembered() -> None:
    class Short(Talkative):
        async def translate(self, text: str, source: str | None, target: str) -> EngineAnswer:
            return EngineAnswer("好的")

    memory = Remembering()
    translation = await translate(chain(Short(), memory=memory), "Please check what happened with my parcel today")
    assert [check.code for check in translation.checks] == ["length"]
    assert memory == {}


# ---- one call for equal wishes ---------------------------------------------------------------------------------------


async def test_equal_wishes_share_one_call() -> None:
    engine = Talkative()
    translator = chain(engine)
    answers = await asyncio.gather(*(translate(translator, "Where is my parcel now?") for _ in range(20)))
    assert len({answer.text for answer in answers}) == 1
    assert len(engine.asked) == 1


async def test_who_gives_up_does_not_disturb_the_others() -> None:
    gate = asyncio.Event()

    class Waiting(Talkative):
        async def translate(self, text: str, source: str | None, target: str) -> EngineAnswer:
            await gate.wait()
            return await super().translate(text, source, target)

    engine = Waiting()
    translator = chain(engine)
    first, second = (asyncio.create_task(translate(translator, "Where is my parcel now?")) for _ in range(2))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    gate.set()
    assert (await second).engine == "one"
    assert len(engine.asked) == 1


async def test_a_call_nobody_waits_for_ends() -> None:
    ended = asyncio.Event()

    class Endless(Talkative):
        async def translate(self, text: str, source: str | None, target: str) -> EngineAnswer:
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()
            raise AssertionError

    task = asyncio.create_task(translate(chain(Endless()), "Where is my parcel now?"))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(ended.wait(), 1)


# ---- Chinese ---------------------------------------------------------------------------------------------------------


async def test_traditional_chinese_needs_no_engine() -> None:
    inward = await translate(chain(variants=True), "記憶體壞了，訂單8012345678", "zh-Hant", "zh")
    assert (inward.text, inward.engine) == ("内存坏了，订单8012345678", "opencc")
    outward = await translate(chain(variants=True), "鼠标已寄出", "zh", "zh-Hant")
    assert (outward.text, outward.proven) == ("滑鼠已寄出", True)


async def test_traditional_chinese_through_an_engine_that_lacks_it() -> None:
    engine = Talkative(knows=frozenset({"en", "es", "zh"}))
    out = await translate(chain(engine, variants=True), "Please send a photo.", "en", "zh-Hant")
    assert (out.text, out.engine) == ("請發一張照片。", "one")
    inward = await translate(chain(engine, variants=True), "請發一張照片。", "zh-Hant", "es")
    assert (inward.text, engine.asked[-1]) == ("Por favor, envíe una foto.", "请发一张照片。")
    assert (await translate(chain(engine), "Please send a photo.", "en", "zh-Hant")).text is None


# ---- strange and long texts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "where\x00 is it", "where \ud800 is it", "\u202ewhere is it\u202c",
        "where is <b>it</b> & so?", "where\u200b is it",
        "где\r\nэто", "\ufeffwhere is it",
    ],
)  # fmt: skip
async def test_strange_characters_never_break_anything(text: str) -> None:
    for tags in (False, True):
        engine = Talkative(tags=tags)
        translation = await translate(chain(engine), text)
        assert translation.text is not None
        assert translation.proven
        translation.text.encode("utf-8")
        for asked in engine.asked:
            asked.encode("utf-8")
            assert "\x00" not in asked


async def test_lines_keep_their_place() -> None:
    translation = await translate(chain(Talkative()), "\nWhere is my order?\n\n")
    assert translation.text == "\n我的订单在哪里？\n\n"


async def test_long_texts_go_in_pieces_the_engine_takes() -> None:
    engine = Talkative(limit=480)
    sentence = "Where is my parcel with number LP00123456789CN, I asked 3 times already. "
    translation = await translate(chain(engine), sentence * 60)
    assert translation.proven
    assert translation.text is not None
    assert translation.text.count("LP00123456789CN") == 60
    assert len(engine.asked) > 9
    assert max(len(asked.encode()) for asked in engine.asked) <= 480


async def test_a_piece_that_fails_fails_the_engine() -> None:
    class Second(Talkative):
        async def translate(self, text: str, source: str | None, target: str) -> EngineAnswer:
            if self.asked:
                raise TryLater("timeout")
            return await super().translate(text, source, target)

    translation = await translate(chain(Second(limit=200), Talkative("b")), "Where is my parcel, please? " * 20)
    assert (translation.engine, translation.attempts) == ("b", (Attempt("one", "timeout"),))


async def test_a_text_beyond_reason_is_shown_as_it_is() -> None:
    engine = Talkative()
    translation = await translate(chain(engine), "a b " * 30_000)
    assert (translation.text, translation.attempts) == (None, (Attempt("all", "too_long"),))
    assert engine.asked == []
    assert LONGEST == 20_000


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="aб好 .\n，1 8012345678 https://x.example ", max_size=600), st.integers(20, 200))
def test_pieces_are_the_text_and_cut_no_entity(text: str, size: int) -> None:
    parts = pieces(text, lambda part: len(part) <= size)
    assert "".join(parts) == text
    edges = {0}
    for part in parts:
        edges.add(max(edges) + len(part))
    for entity in entities(text):
        if entity.end - entity.start <= size // 4:
            assert not [edge for edge in edges if entity.start < edge < entity.end]


def test_no_pause_inside_an_entity_is_a_place_to_cut() -> None:
    text = "+7 900 123-45-67 " * 12
    parts = pieces(text, lambda part: len(part) <= 40)
    assert {entity.value for part in parts for entity in entities(part)} == {"+7 900 123-45-67"}


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
async def test_any_text_is_answered(text: str) -> None:
    translation = await translate(chain(Talkative()), text)
    assert translation.text is not None or translation.attempts


async def test_memory_keys_hold_no_entity() -> None:
    memory = Remembering()
    await translate(chain(Talkative(), memory=memory), "Mail maria@mail.example.com about WH-1000XM5 please")
    assert [key.text for key in memory] == ["Mail \ue0001\ue001 about \ue0002\ue001 please"]
    assert all(isinstance(key, MemoryKey) for key in memory)
