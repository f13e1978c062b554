"""What every channel keeps to, whatever its platform: nothing lost, nothing doubled, nothing told that is secret."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from adapters.doors import clean
from adapters.ports import Outgoing
from dialogs.errors import Ambiguous, HeqiError, Refused, TryLater, Unreachable
from dialogs.events import BuyerWrote
from dialogs.messages import Media
from dialogs.parts import fits, length, options, parts
from tests.adapters.contract import PHONE, WAIT, Platform, Sent, Trouble, listening, told
from tests.adapters.platforms import ELSEWHERE, PLATFORMS

WORDS = "palabras que nadie debe leer"  # of a buyer or seller, wanted in no log
PICTURE = b"\xff\xd8\xff\xe0" + b"a picture" * 100
NAMES = {"photo": "box.jpg", "video": "film.mp4", "voice": "note.ogg", "document": "bill.pdf"}
TYPES = {
    "photo": ("image/jpeg", PICTURE),
    "video": ("video/mp4", b"\0\0\0\x20ftypisom" + b"a film" * 100),
    "voice": ("audio/ogg", b"OggS" + b"a voice" * 100),
    "document": ("application/pdf", b"%PDF-1.7" + b"a bill" * 100),
}
HOSTILE = {
    "html": "<script>alert(1)</script><b>Hola</b> &amp; <img src=x onerror=alert(2)>",
    "markdown": "*Hola* _qué_ `tal` [enlace](https://a.example) ~no~ ||oculto|| ```x``` \\*",
    "slack": "<!channel> <@U024BE7LH> <#C024BE7LR> <https://a.example|aquí>",
    "direction": "\u202egnp.exe\u202c \u2066dentro\u2069 \u200fمرحبا\u200e",
    "emoji": "👩\u200d👩\u200d👧\u200d👦👍\U0001f3fd🇪🇸 1\ufe0f\u20e3",
    "nul": "an\0tes\0después",
    "half": "roto \ud83d y \udc4d más",
    "control": "a\x1b[31mrojo\x07\x08\u2028línea\ufeff",
    "json": '{"type": "message", "text": "\\u0000"}',
    "quotes": "'; DROP TABLE messages; -- \" %s {0} {{x}} ${HOME}",
    "marks": "Z" + "\u0351\u033d" * 50 + "algo",
    "long": "muy largo " * 300 + "fin",
}

Opened = AsyncIterator[Platform]


@pytest.fixture
async def platform(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Opened:
    async with PLATFORMS[request.param](monkeypatch) as made, made.opened():
        yield made


every_channel = pytest.mark.parametrize("platform", PLATFORMS, indirect=True)
every_channel_elsewhere = pytest.mark.parametrize("platform", ELSEWHERE, indirect=True)
every_kind = pytest.mark.parametrize("kind", TYPES)


# ---- what it says of itself ------------------------------------------------------------------------------------------


@every_channel
async def test_it_says_what_it_is_and_can(platform: Platform) -> None:
    channel = platform.channel
    assert channel.name in {"webchat", "telegram", "whatsapp", "bridge"}
    assert channel.account
    assert channel.shop == "main"
    await platform.buyer_writes("Hola", "1")
    chat = platform.events[-1].chat
    assert chat is not None
    for can in (channel.capabilities, channel.capabilities_in(chat)):
        assert can.text_limit > 0
        assert can.text_unit in {"utf16", "bytes"}
        assert can.parts > 0
        assert can.buttons >= 0
        assert can.button_limit > 0
        assert can.window_hours is None or can.window_hours > 0
        assert can.media.keys() <= TYPES.keys() | {"sticker"}
        assert all(largest > 0 for largest in can.media.values())


# ---- what buyers write -----------------------------------------------------------------------------------------------


@every_channel
async def test_a_message_becomes_one_event_with_everything(platform: Platform) -> None:
    assert await platform.buyer_writes("Hola, ¿dónde está?", "1", name="Ana Lucía")
    (event,) = platform.events
    assert isinstance(event.body, BuyerWrote)
    assert event.body.text == "Hola, ¿dónde está?"
    assert event.account == platform.channel.account
    assert event.chat
    assert event.external_id
    assert event.at.utcoffset() == timedelta(0)
    assert event.at <= datetime.now(UTC)
    assert "Ana Lucía" in event.contact_name
    assert all(kind and value for kind, value in event.contact_aliases)
    assert len(dict(event.contact_aliases)) == len(event.contact_aliases)


@every_channel_elsewhere
async def test_a_buyer_can_be_found_again(platform: Platform) -> None:
    await platform.buyer_writes("Hola", "1")
    await platform.buyer_writes("¿Sigue ahí?", "2")
    first, second = platform.events
    assert first.contact_aliases
    assert (second.chat, second.contact_aliases) == (first.chat, first.contact_aliases)


@every_channel
async def test_the_same_message_again_is_the_same_event(platform: Platform) -> None:
    assert await platform.buyer_writes("Hola", "1")
    assert await platform.buyer_writes("Hola", "1", again=True)
    assert await platform.buyer_writes("Hola", "2")  # the same words once more are another message
    assert platform.texts == ["Hola", "Hola"]


@every_channel
async def test_messages_keep_their_order(platform: Platform) -> None:
    for number in range(5):
        assert await platform.buyer_writes(f"mensaje {number}", str(number))
    assert platform.texts == [f"mensaje {number}" for number in range(5)]
    assert len({event.external_id for event in platform.events}) == 5


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@every_channel
async def test_whatever_is_written_arrives_as_words(platform: Platform, text: str) -> None:
    assert await platform.buyer_writes(text, "1", name=text[:60])
    (event,) = platform.events
    assert platform.texts == [clean(text)]
    for kept in (event.contact_name, event.chat or "", event.external_id, *platform.texts):
        assert "\0" not in kept
        kept.encode()
    assert len(event.contact_name) <= 200


@every_channel
async def test_what_cannot_be_stored_is_told_again_until_it_is(platform: Platform) -> None:
    platform.around.inbox.failures.append(RuntimeError("the disk is full"))
    if not await platform.buyer_writes("Hola", "1"):
        assert platform.events == []
        assert await platform.buyer_writes("Hola", "1", again=True)
    assert platform.texts == ["Hola"]


@every_channel
async def test_nobody_but_the_platform_is_believed(platform: Platform) -> None:
    await platform.buyer_writes("Hola", "1")
    status = await platform.forged()
    assert status is None or 400 <= status < 500
    assert len(platform.events) == 1


# ---- what is sent ----------------------------------------------------------------------------------------------------


@every_channel
async def test_what_is_sent_arrives_and_has_an_id_of_its_own(platform: Platform) -> None:
    await platform.buyer_writes("Hola", "1")
    first = await platform.send(platform.outgoing("Lo reviso", "key-1"))
    second = await platform.send(platform.outgoing("Lo reviso", "key-2"))
    assert first
    assert second
    assert first != second
    assert [sent.text for sent in await platform.sent()] == ["Lo reviso", "Lo reviso"]


@every_channel
async def test_what_is_idempotent_has_the_same_id_again(platform: Platform) -> None:
    await platform.buyer_writes("Hola", "1")
    outgoing = platform.outgoing("Lo reviso")
    ids = {await platform.channel.send(outgoing), await platform.channel.send(outgoing)}
    assert len(ids) == (1 if platform.channel.capabilities.idempotent else 2)


@pytest.mark.parametrize(
    "text", [HOSTILE[kind] for kind in ("html", "markdown", "slack", "direction", "emoji", "long")]
)
@every_channel
async def test_what_is_sent_is_sent_as_it_was_written(platform: Platform, text: str) -> None:
    await platform.buyer_writes("Hola", "1")
    await platform.send(platform.outgoing(text))
    assert await platform.sent() == [Sent(text=text)]


@pytest.mark.parametrize("letter", ["a", "您", "👍", "\u202e"])
@every_channel
async def test_a_text_as_long_as_it_may_be_is_sent_whole(platform: Platform, letter: str) -> None:
    await platform.buyer_writes("Hola", "1")
    can = platform.channel.capabilities_in(platform.events[-1].chat or "")
    text = letter * (can.text_limit // length(letter, can))
    text += "a" * (can.text_limit - length(text, can))
    assert parts(text, can) == (text,)
    await platform.send(platform.outgoing(text))
    assert await platform.sent() == [Sent(text=text)]


@every_channel
async def test_a_longer_text_arrives_in_its_parts(platform: Platform) -> None:
    await platform.buyer_writes("Hola", "1")
    can = platform.channel.capabilities_in(platform.events[-1].chat or "")
    text = "Lo sentimos mucho. " * (can.text_limit * min(can.parts, 2) // 20)
    assert fits(text, can)
    pieces = parts(text, can)
    for number, piece in enumerate(pieces):
        await platform.send(platform.outgoing(piece, f"key-{number}"))
    assert [sent.text for sent in await platform.sent()] == list(pieces)


@every_channel
async def test_no_button_is_dropped_silently(platform: Platform) -> None:
    await platform.buyer_writes("Hola", "1")
    can = platform.channel.capabilities_in(platform.events[-1].chat or "")
    counts = [count for count in (1, 3, 4, 8, 10) if count <= can.buttons] or [0]
    for count in counts:
        titles = [f"Opción {number} {'x' * 50}"[: can.button_limit] for number in range(count)]
        body, buttons = options("\n".join(["¿Qué prefiere?", *(f"▸ {title}" for title in titles)]), can)
        assert list(buttons) == titles
        await platform.send(platform.outgoing(body, f"key-{count}", buttons=buttons))
        assert (await platform.sent())[-1] == Sent(text="¿Qué prefiere?", buttons=buttons)
    assert len(await platform.sent()) == len(counts)


@every_channel
async def test_buttons_under_a_text_as_long_as_it_may_be(platform: Platform) -> None:
    await platform.buyer_writes("Hola", "1")
    can = platform.channel.capabilities_in(platform.events[-1].chat or "")
    titles = ("Sí", "No", "Quizás")[: can.buttons]
    text = "a" * can.text_limit
    await platform.send(platform.outgoing(text, buttons=titles))
    assert await platform.sent() == [Sent(text=text, buttons=titles)]


@every_kind
@every_channel
async def test_what_is_attached_is_sent(platform: Platform, kind: str) -> None:
    await platform.buyer_writes("Hola", "1")
    reason = await refusal(platform, platform.outgoing(media=await attached(platform, kind)))
    if kind in platform.channel.capabilities_in(platform.events[-1].chat or "").media:
        assert reason is None
        assert await platform.sent() == [Sent(files=(TYPES[kind][1],))]
    else:
        assert reason
        assert await platform.sent() == []


@every_kind
@every_channel
async def test_a_caption_is_sent_or_refused_with_a_reason(platform: Platform, kind: str) -> None:
    await platform.buyer_writes("Hola", "1")
    outgoing = platform.outgoing("Así llegó", media=await attached(platform, kind))
    reason = await refusal(platform, outgoing)
    sent = await platform.sent()
    if reason is None:
        assert "Así llegó" in "".join(one.text for one in sent)
        assert [file for one in sent for file in one.files] == [TYPES[kind][1]]
    else:
        assert reason
        assert sent == []


@every_channel_elsewhere
async def test_an_attachment_that_is_not_there_is_refused(platform: Platform) -> None:
    await platform.buyer_writes("Hola", "1")
    gone = Media(kind="photo", name="box.jpg", mime="image/jpeg", size=3, ref="blob-99")
    assert await refusal(platform, platform.outgoing(media=gone))
    assert await platform.sent() == []


async def attached(platform: Platform, kind: str) -> Media:
    """What a seller attached, as the product stores it."""
    mime, content = TYPES[kind]
    ref = await platform.around.blobs.put(content, mime=mime)
    return Media(kind=kind, name=NAMES[kind], mime=mime, size=len(content), ref=ref)


async def refusal(platform: Platform, outgoing: Outgoing) -> str | None:
    """Why it was refused, None when it was sent."""
    try:
        await platform.send(outgoing)
    except Refused as error:
        return error.reason
    return None


# ---- what goes wrong -------------------------------------------------------------------------------------------------

ENDINGS = {
    Trouble.RATE_LIMITED: TryLater,
    Trouble.BAD_REQUEST: Refused,
    Trouble.FORBIDDEN: Unreachable,
    Trouble.BAD_TOKEN: TryLater,
    Trouble.SERVER_ERROR: Ambiguous,
    Trouble.SLOW: Ambiguous,
    Trouble.HALF_CLOSED: Ambiguous,
    Trouble.HUNG_UP: Ambiguous,
    Trouble.GARBAGE: Ambiguous,
    Trouble.REFUSED_CONNECTION: TryLater,
}
every_trouble = pytest.mark.parametrize("trouble", ENDINGS, ids=str)


@every_trouble
@every_channel_elsewhere
async def test_every_trouble_is_named_by_what_can_be_done(platform: Platform, trouble: Trouble) -> None:
    await platform.buyer_writes("Hola", "1")
    await platform.fail_next(trouble)
    with pytest.raises(HeqiError) as caught:
        await platform.send(platform.outgoing(WORDS))
    assert type(caught.value) is (Refused if trouble in platform.unknown else ENDINGS[trouble])
    reason = getattr(caught.value, "reason", "")
    assert reason.replace("_", "").isalnum()
    assert reason.isascii()
    assert reason == reason.lower()
    if trouble is Trouble.RATE_LIMITED:
        assert getattr(caught.value, "after", None) == pytest.approx(WAIT, abs=0.5)


@pytest.mark.parametrize(
    "trouble",
    [
        Trouble.RATE_LIMITED,
        Trouble.BAD_REQUEST,
        Trouble.SERVER_ERROR,
        Trouble.SLOW,
        Trouble.HALF_CLOSED,
        Trouble.HUNG_UP,
    ],
    ids=str,
)
@every_channel_elsewhere
async def test_nothing_is_tried_twice_and_the_next_is_sent(platform: Platform, trouble: Trouble) -> None:
    await platform.buyer_writes("Hola", "1")
    await platform.fail_next(trouble)
    with pytest.raises(HeqiError):
        await platform.send(platform.outgoing("uno", "key-1"))
    assert platform.attempts() == 1
    if trouble is not Trouble.RATE_LIMITED:
        assert await platform.send(platform.outgoing("dos", "key-2"))
        assert platform.attempts() == 2
        assert [sent.text for sent in await platform.sent()][-1] == "dos"


@every_channel_elsewhere
async def test_a_send_that_is_given_up_leaves_the_channel_as_it_was(platform: Platform) -> None:
    await platform.buyer_writes("Hola", "1")
    await platform.fail_next(Trouble.SILENT)
    sending = asyncio.create_task(platform.send(platform.outgoing("uno", "key-1")))
    await attempted(platform, 1)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert await platform.send(platform.outgoing("dos", "key-2"))


@every_channel_elsewhere
async def test_a_slow_chat_holds_up_no_other(platform: Platform) -> None:
    await platform.buyer_writes("Hola", "1")
    await platform.fail_next(Trouble.SILENT)
    slow = asyncio.create_task(platform.send(platform.outgoing("uno", "key-1")))
    await attempted(platform, 1)
    assert await platform.send(replace(platform.outgoing("dos", "key-2"), chat=platform.other_chat))
    assert not slow.done()
    slow.cancel()


@every_channel_elsewhere
async def test_what_is_under_way_when_the_channel_stops_may_have_been_sent(platform: Platform) -> None:
    await platform.buyer_writes("Hola", "1")
    await platform.fail_next(Trouble.SILENT)
    sending = asyncio.create_task(platform.send(platform.outgoing("uno", "key-1")))
    await attempted(platform, 1)
    await platform.end()
    with pytest.raises(Ambiguous):
        await sending


@every_channel_elsewhere
async def test_nothing_is_sent_or_fetched_while_it_is_stopped(platform: Platform) -> None:
    media = await platform.buyer_attaches(PICTURE, "1")
    await platform.end()
    with pytest.raises(TryLater):
        await platform.send(platform.outgoing("Lo reviso"))
    with pytest.raises(TryLater):
        await platform.channel.fetch(media)
    assert platform.attempts() == 0


async def attempted(platform: Platform, times: int) -> None:
    """Wait until the platform was asked so often."""
    async with asyncio.timeout(15):
        while platform.attempts() < times:
            await asyncio.sleep(0.01)


@every_trouble
@every_channel_elsewhere
async def test_no_trouble_tells_words_or_secrets(platform: Platform, trouble: Trouble) -> None:
    with listening() as heard:
        await platform.buyer_writes(f"Hola, {WORDS}", "1", name=f"Ana {WORDS}")
        await platform.fail_next(trouble)
        with pytest.raises(HeqiError) as caught:
            await platform.send(platform.outgoing(f"{WORDS} 2"))
        media = Media(kind="photo", mime="image/jpeg", size=len(WORDS), ref="blob-99")
        with pytest.raises(HeqiError) as refused:
            await platform.send(platform.outgoing(WORDS, "key-2", media=media))
        await platform.channel.check()
        platform.channel.problems()
        await platform.end()
    everything = "".join([*heard, told(caught.value), told(refused.value)])
    for secret in (*platform.secrets, WORDS, PHONE):
        assert secret not in everything


@every_channel
async def test_nothing_that_comes_or_leaves_tells_words_or_secrets(platform: Platform) -> None:
    with listening() as heard:
        platform.around.inbox.failures.append(RuntimeError("the disk is full"))
        for again in (False, True):
            await platform.buyer_writes(WORDS, "1", name=f"Ana {WORDS}", again=again)
        await platform.forged()
        await platform.send(platform.outgoing(WORDS))
        await platform.end()
        await platform.start()
        await platform.send(platform.outgoing(WORDS, "key-2"))
    assert len(await platform.sent()) == 2
    for secret in (*platform.secrets, WORDS, PHONE):
        assert secret not in "".join(heard)


# ---- what buyers attach ----------------------------------------------------------------------------------------------


@every_channel_elsewhere
async def test_what_a_buyer_attached_is_fetched(platform: Platform) -> None:
    media = await platform.buyer_attaches(PICTURE, "1")
    assert (media.kind, media.ref, media.error) == ("photo", "", "")
    assert media.remote
    assert await platform.channel.fetch(media) == (PICTURE, "image/jpeg")


@every_channel_elsewhere
async def test_what_is_gone_is_refused(platform: Platform) -> None:
    media = await platform.buyer_attaches(PICTURE, "1")
    await platform.lose(media)
    with listening() as heard, pytest.raises(Refused) as caught:
        await platform.channel.fetch(media)
    assert caught.value.reason == "gone"
    everything = "".join([*heard, told(caught.value)])
    assert not [secret for secret in platform.secrets if secret in everything]


@every_channel_elsewhere
async def test_what_is_too_large_is_refused(platform: Platform) -> None:
    media = await platform.buyer_attaches(PICTURE + bytes(21 * 1024 * 1024), "1")
    with pytest.raises(Refused) as caught:
        await platform.channel.fetch(media)
    assert caught.value.reason == "too_big"


# ---- how it is -------------------------------------------------------------------------------------------------------


@every_channel
async def test_all_is_well(platform: Platform) -> None:
    await platform.buyer_writes("Hola", "1")
    await platform.send(platform.outgoing("Lo reviso"))
    assert dict(platform.channel.problems()) == {}
    findings = await platform.channel.check()
    assert [finding for finding in findings if not finding.fine] == []
    assert all(finding.what for finding in findings)


@every_channel
async def test_it_stops_and_starts_again(platform: Platform) -> None:
    for number in ("1", "2"):
        assert await platform.buyer_writes("Hola", number)
        assert await platform.send(platform.outgoing("Lo reviso", number))
        await platform.end()
        await platform.start()
    assert await platform.buyer_writes("Hola", "3")
    assert platform.texts == ["Hola"] * 3
    assert dict(platform.channel.problems()) == {}


@every_channel
async def test_it_may_be_stopped_without_having_been_started(platform: Platform) -> None:
    await platform.make().stop()


@every_channel_elsewhere
async def test_it_can_be_checked_without_having_been_started(platform: Platform) -> None:
    await platform.buyer_writes("Hola", "1")
    findings = await platform.make().check()
    assert findings
    assert [finding for finding in findings if not finding.fine] == []


@pytest.mark.parametrize(
    "trouble",
    # What is only asked may be asked again at once, so a connection that closes is no finding.
    [trouble for trouble in ENDINGS if trouble not in {Trouble.FORBIDDEN, Trouble.BAD_REQUEST, Trouble.HUNG_UP}],
    ids=str,
)
@every_channel_elsewhere
async def test_a_check_names_what_to_do(platform: Platform, trouble: Trouble) -> None:
    await platform.fail_next(trouble, asking=True)
    wrong = [finding for finding in await platform.channel.check() if not finding.fine]
    assert wrong
    assert all(finding.what and finding.fix for finding in wrong)
    assert not [secret for secret in platform.secrets if secret in repr(wrong)]


@every_channel_elsewhere
async def test_a_refused_token_is_a_problem_until_it_is_taken(platform: Platform) -> None:
    await platform.buyer_writes("Hola", "1")
    await platform.fail_next(Trouble.BAD_TOKEN)
    with pytest.raises(TryLater):
        await platform.send(platform.outgoing("Lo reviso"))
    assert platform.channel.problems()
    await platform.heal()
    await platform.send(platform.outgoing("Lo reviso"))
    assert dict(platform.channel.problems()) == {}
