"""Every kind of update as an event: fixtures in the documented shapes, and what is not an update."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.counts import counted
from adapters.telegram.shapes import parsed, update_of
from adapters.telegram.updates import Reading, connection_of, events_of, greeting_language, lane_of
from dialogs.events import BuyerDeleted, BuyerEdited, BuyerStarted, BuyerWrote, Event, SellerWrote
from dialogs.messages import Media
from tests.adapters.around import NOW
from tests.adapters.telegram.conftest import FIXTURES, fixture

SENT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
GREETING = {"zh": "您好", "en": "Hello", "es": "Hola"}
OWNER = 5005


def events(raw: Any, account: str = "tg", greeting: dict[str, str] | None = None) -> tuple[Event, ...]:
    update = update_of(raw)
    assert update is not None
    reading = Reading(account=account, bot_id=123456789, greeting=greeting or {}, now=NOW)
    return events_of(update, reading, owner=OWNER if connection_of(update) else None)


def event(name: str, **more: Any) -> Event:
    (found,) = events(fixture(name), **more)
    return found


def test_a_text_arrives_as_it_was_written_and_says_who_wrote_it() -> None:
    got = event("text")
    assert got == Event(
        account="tg",
        external_id="7001:101",
        body=BuyerWrote(
            text="Hola, mi pedido 8201954417 no ha llegado. <script>alert(1)</script> *ya* "
            "\N{RIGHT-TO-LEFT OVERRIDE}abc"
        ),
        at=SENT,
        chat="7001",
        contact_name="Ana García @ana_g",
        contact_aliases=(("telegram", "7001"),),
    )


@pytest.mark.parametrize(
    ("name", "text", "media"),
    [
        ("photo", "Llegó roto", Media(kind="photo", mime="image/jpeg", size=150000, remote="AgAC-l")),
        ("video", "Mire", Media(kind="video", name="roto.mp4", mime="video/mp4", size=3000000, remote="BAAC-v")),
        ("video_note", "", Media(kind="video", mime="video/mp4", size=400000, remote="DQAC-n")),
        ("animation", "", Media(kind="video", name="giphy.mp4", mime="video/mp4", size=90000, remote="CgAC-g")),
        ("voice", "", Media(kind="voice", mime="audio/ogg", size=15000, remote="AwAC-o")),
        ("audio", "", Media(kind="voice", name="y.mp3", mime="audio/mpeg", size=4000000, remote="CQAC-a")),
        (
            "document",
            "La factura",
            Media(
                kind="document",
                name="facturafdp.exe",
                mime="application/pdf",
                size=50000,
                remote="BQAC-d",
            ),
        ),
        (
            "document_too_big",
            "",
            Media(
                kind="document",
                name="todo.zip",
                mime="application/zip",
                size=31457280,
                remote="BQAC-b",
                error="too_big",
            ),
        ),
        ("sticker", "😡", Media(kind="sticker", mime="image/webp", size=12000, remote="CAAC-s")),
        ("location", "📍 40.4168,-3.7038", Media(kind="location")),
        ("venue", "📍 Correos, Calle Mayor 1 (40.4168,-3.7038)", Media(kind="location")),
        ("contact", "👤 Luis Pérez +34600111222", None),
        ("poll", "📊 ¿Cuándo llega?\n• Hoy\n• Nunca", None),
        ("dice", "🎲 5", None),
        ("story", "[story]", None),
        ("future_kind", "[?]", None),
    ],
)
def test_every_kind_of_message_is_seen(name: str, text: str, media: Media | None) -> None:
    assert event(name).body == BuyerWrote(text=text, media=() if media is None else (media,))


def test_an_album_arrives_one_by_one_under_one_name() -> None:
    first, second = (events(raw)[0] for raw in fixture("album"))
    assert first.external_id != second.external_id
    assert isinstance(first.body, BuyerWrote)
    assert isinstance(second.body, BuyerWrote)
    assert first.body.album == second.body.album == "13577001"
    assert [m.remote for body in (first.body, second.body) for m in body.media] == ["AgAC-a1", "AgAC-a2"]


def test_an_edit_points_at_the_message_and_each_edit_is_an_event_of_its_own() -> None:
    raw = fixture("edited")
    number = raw["edited_message"]["message_id"]
    first = event("edited")
    assert first.body == BuyerEdited(of=f"7001:{number}", text="Hola, mi pedido 8201954418 no ha llegado")
    assert first.at == SENT + timedelta(seconds=30)
    (second,) = events({**raw, "update_id": raw["update_id"] + 1})  # within the same second
    assert first.external_id.startswith("edit:")
    assert first.external_id != second.external_id


def test_an_edit_without_words_is_not_silent() -> None:
    body = event("edited_photo").body
    assert isinstance(body, BuyerEdited)
    assert body.text == "[photo]"


def test_an_answer_tells_what_it_answers() -> None:
    assert event("reply").body == BuyerWrote(text="Sí, ese", reply_to="7001:55")


def test_what_the_buyer_quotes_or_forwards_is_kept_apart_from_their_words() -> None:
    assert event("reply_with_quote").body == BuyerWrote(text="> Firmó usted.\nNo es verdad", reply_to="7001:55")
    assert event("forwarded").body == BuyerWrote(text="↪ Correos\nSu paquete fue devuelto")
    assert event("forwarded_from_channel").body == BuyerWrote(text="↪ Tienda X\nOfertas")


@pytest.mark.parametrize(
    ("greeting", "body"),
    [
        (GREETING, BuyerStarted(language="es", greeting="Hola", greeting_chinese="您好")),
        ({"en": "Hello"}, BuyerStarted(language="en", greeting="Hello")),
        ({"ru": "Привет"}, BuyerStarted(language="ru", greeting="Привет")),
        ({}, BuyerStarted(language="es")),
    ],
)
def test_start_is_greeted_in_the_language_of_their_telegram(greeting: dict[str, str], body: BuyerStarted) -> None:
    got = event("start", greeting=greeting)
    assert got.body == body
    assert got.external_id.startswith("start:7001:")


@pytest.mark.parametrize(
    ("code", "language"),
    [("es", "es"), ("es-mx", "es"), ("zh-hans", "zh"), ("fi", "en"), ("", "en"), ("pt-br", "pt-BR")],
)
def test_the_language_of_a_greeting(code: str, language: str) -> None:
    assert greeting_language({**GREETING, "pt-BR": "Olá"}, code) == language


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("pinned", "service_message"),
        ("live_location_moves", "silent_edit"),
        ("blocked", "blocked"),
        ("unblocked", "unblocked"),
        ("group_text", "not_private"),
        ("callback", "other_update"),
        ("business_echo", "own_echo"),
        ("business_owner_edited", "seller_edited"),
    ],
)
def test_what_means_nothing_is_counted(name: str, kind: str) -> None:
    before = counted("tg-nothing", kind)
    assert events(fixture(name), account="tg-nothing") == ()
    assert counted("tg-nothing", kind) == before + 1


def test_a_message_in_a_business_chat_names_the_owner_and_the_buyer() -> None:
    got = event("business_text")
    number = fixture("business_text")["business_message"]["message_id"]
    assert got.chat == "business:5005:7001"
    assert got.external_id == f"business:5005:7001:{number}"
    assert got.body == BuyerWrote(text="¿Dónde está mi pedido?")
    assert got.contact_aliases == (("telegram", "7001"),)


@pytest.mark.parametrize(
    ("name", "text"), [("business_from_owner", "我马上查一下"), ("business_other_bot", "Estamos cerrados")]
)
def test_what_the_owner_typed_on_the_phone_is_the_sellers_and_the_contact_stays_the_buyer(name: str, text: str) -> None:
    got = event(name)
    assert got.body == SellerWrote(text=text)
    assert got.contact_name == "Ana García @ana_g"


def test_edits_and_deletions_in_a_business_chat() -> None:
    edited = event("business_edited")
    number = fixture("business_edited")["edited_business_message"]["message_id"]
    assert edited.body == BuyerEdited(of=f"business:5005:7001:{number}", text="¿Dónde está mi pedido 12?")
    deleted = events(fixture("business_deleted"))
    assert [one.body for one in deleted] == [
        BuyerDeleted(of="business:5005:7001:141"),
        BuyerDeleted(of="business:5005:7001:142"),
    ]
    assert [one.external_id for one in deleted] == [
        "delete:business:5005:7001:141",
        "delete:business:5005:7001:142",
    ]


def test_lanes_keep_the_order_of_a_chat_and_the_two_kinds_of_chats_apart() -> None:
    lanes = {name: lane_of(update_of(fixture(name))) for name in ("text", "photo", "edited", "business_text")}
    first, second = (fixture("business_connection") for _ in range(2))
    assert lane_of(update_of(first)) == lane_of(update_of({**second, "update_id": 1}))
    assert lanes["text"] == lanes["photo"] == lanes["edited"] != lanes["business_text"]


def test_half_characters_and_nul_never_get_in() -> None:
    raw = fixture("text")
    raw["message"]["text"] = "a\ud800b\0c"
    raw["message"]["chat"]["first_name"] = "\udfffAna\N{RIGHT-TO-LEFT OVERRIDE}"
    (got,) = events(raw)
    assert got.body == BuyerWrote(text="a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c")
    assert got.contact_name == "\N{REPLACEMENT CHARACTER}Ana García @ana_g"


# ---- what is not an update -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"text": ["a"]},
        {"text": {"a": 1}},
        {"text": 7},
        {"message_id": "7"},
        {"message_id": True},
        {"message_id": 10**30},
        {"date": 10**17},
        {"date": "yesterday"},
        {"chat": []},
        {"chat": {"id": None, "type": "private"}},
        {"chat": {"id": "7001", "type": "private"}},
        {"from": "Ana"},
        {"from": {"id": "7001", "is_bot": False, "first_name": "Ana"}},
        {"photo": [1]},
        {"photo": {"a": 1}},
        {"entities": ["x"]},
    ],
)
def test_other_shapes_are_no_updates(change: dict[str, Any]) -> None:
    raw = fixture("text")
    raw["message"] |= change
    assert update_of(raw) is None


@pytest.mark.parametrize("raw", [None, 1, "x", [], {}, {"update_id": "1"}, {"update_id": True}, {"message": {}}])
def test_other_json_is_no_update(raw: object) -> None:
    assert update_of(raw) is None


def test_deep_json_is_no_update() -> None:
    deep: Any = "x"
    for _ in range(500):
        deep = {"reply_to_message": deep}
    assert update_of({"update_id": 1, "message": deep}) is None
    assert parsed(b"[" * 100_000) is None
    assert parsed(b'{"update_id": 1' + b"0" * 5000 + b"}") is None


NAMES = sorted(path.stem for path in FIXTURES.glob("*.json") if path.stem != "album")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "text", "chat", "x"]), inner),
    max_leaves=6,
)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path]
    if isinstance(value, dict):
        for key, item in value.items():
            found += _paths(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            found += _paths(item, (*path, number))
    return found


@given(name=st.sampled_from(NAMES), data=st.data())
@settings(max_examples=400, deadline=None)
def test_an_update_with_anything_anywhere_gives_events_or_nothing(name: str, data: st.DataObject) -> None:
    raw = copy.deepcopy(fixture(name))
    *before, last = data.draw(st.sampled_from([path for path in _paths(raw) if path]))
    place = raw
    for step in before:
        place = place[step]
    if isinstance(place, dict) and data.draw(st.booleans()):
        del place[last]
    else:
        place[last] = data.draw(JSON)
    update = update_of(json.loads(json.dumps(raw)))
    if update is None:
        return
    lane_of(update)
    reading = Reading(account="tg-fuzz", bot_id=123456789, greeting=GREETING, now=NOW)
    for got in events_of(update, reading, owner=OWNER if connection_of(update) else None):
        assert got.chat
        assert got.external_id
        assert got.at.tzinfo is not None
        got.contact_name.encode()
        if isinstance(got.body, BuyerWrote | BuyerEdited | SellerWrote):
            got.body.text.encode()
