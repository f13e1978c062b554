"""What Meta's webhooks say, as events."""

from __future__ import annotations

import copy
import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.whatsapp.content import UNSUPPORTED
from adapters.whatsapp.parse import Heard, Ignored, Moved, hear, is_bsuid
from dialogs.events import Body, BuyerDeleted, BuyerEdited, BuyerStarted, BuyerWrote, Event, Receipt
from dialogs.messages import DeliveryState, Media
from tests.adapters.around import NOW
from tests.adapters.whatsapp.conftest import FIXTURES, fixture
from tests.servers.meta import PHONE_ID

ANA = "MX.1402233445566778"
ANA_ALIASES = (("bsuid", ANA), ("wa_id", "5215550001111"), ("phone", "5215550001111"))


def told(body: object) -> list[Heard]:
    return list(hear(body, account="wa-main", phone_id=PHONE_ID, now=NOW))


def event_of(name: str) -> Event:
    (heard,) = told(fixture(name))
    assert isinstance(heard, Event)
    return heard


def wrote(text: str, *, reply_to: str | None = None, **media: str) -> BuyerWrote:
    return BuyerWrote(text=text, media=(Media(**media),) if media else (), reply_to=reply_to)


def receipt(state: DeliveryState, error: str | None = None) -> Receipt:
    return Receipt(of="wamid.out.7", state=state, error=error)


EXPECTED: dict[str, tuple[str, Body]] = {
    "text": ("wamid.in.text", wrote("Hola, mi pedido 8201954417 no ha llegado.")),
    "text_old_shape": ("wamid.in.old", wrote("Где моя посылка?")),
    "text_reply": ("wamid.in.reply", wrote("Sí, esa.", reply_to="wamid.out.7")),
    "text_from_ad": ("wamid.in.ad", wrote("¿Está disponible?")),
    "image": ("wamid.in.image", wrote("Llegó roto", kind="photo", mime="image/jpeg", remote="1003383421387256")),
    "video": ("wamid.in.video", wrote("", kind="video", mime="video/mp4", remote="1027891234567890")),
    "voice": ("wamid.in.voice", wrote("", kind="voice", mime="audio/ogg", remote="1908647269898587")),
    "audio": ("wamid.in.audio", wrote("", kind="voice", mime="audio/mpeg", remote="1908647269898588")),
    "document": (
        "wamid.in.document",
        wrote("La factura", kind="document", name="factura 12.pdf", mime="application/pdf", remote="1376223850470843"),
    ),
    "sticker": ("wamid.in.sticker", wrote("", kind="sticker", mime="image/webp", remote="798882015472548")),
    "location": ("wamid.in.location", wrote("📍 Mi casa\nAv. Reforma 222, CDMX\n19.4284, -99.1616")),
    "location_bare": ("wamid.in.place", wrote("📍 19.4284, -99.1616")),
    "contacts": ("wamid.in.contacts", wrote("👤 Luis Pérez, +52 1 555 000 2222, luis@example.com\n👤 Marta")),
    "button_reply": ("wamid.in.pressed", wrote("Reembolso", reply_to="wamid.out.8")),
    "list_reply": ("wamid.in.chosen", wrote("Cambiar talla", reply_to="wamid.out.9")),
    "flow_reply": ("wamid.in.flow", wrote(UNSUPPORTED)),
    "template_button": ("wamid.in.quick", wrote("Sí, gracias", reply_to="wamid.out.10")),
    "order": ("wamid.in.order", wrote("🛒 2 × SKU-44 12.5 USD\n🛒 1 × SKU-45 30 USD\n¿Me lo envían hoy?")),
    "unsupported": ("wamid.in.unsupported", wrote(UNSUPPORTED)),
    "future_kind": ("wamid.in.future", wrote(UNSUPPORTED)),
    "edit": (
        "edit:wamid.in.edit",
        BuyerEdited(of="wamid.in.text", text="Hola, mi pedido 8201954418 no ha llegado."),
    ),
    "edit_caption": ("edit:wamid.in.edit2", BuyerEdited(of="wamid.in.image", text="Llegó roto y mojado")),
    "revoke": ("delete:wamid.in.revoke", BuyerDeleted(of="wamid.in.text")),
    "welcome": ("start:wamid.in.welcome", BuyerStarted()),
    "hidden_number": ("wamid.in.hidden", wrote("Buenas tardes")),
    "status_sent": ("status:wamid.out.7:sent", receipt(DeliveryState.SENT)),
    "status_delivered": ("status:wamid.out.7:delivered", receipt(DeliveryState.DELIVERED)),
    "status_read": ("status:wamid.out.7:read", receipt(DeliveryState.READ)),
    "status_played": ("status:wamid.out.7:played", receipt(DeliveryState.READ)),
    "status_failed": ("status:wamid.out.7:failed", receipt(DeliveryState.FAILED, "window_closed")),
    "status_old_shape": ("status:wamid.out.7:delivered", receipt(DeliveryState.DELIVERED)),
    "status_hidden_number": ("status:wamid.out.7:delivered", receipt(DeliveryState.DELIVERED)),
}
IGNORED = {
    "reaction": "reaction",
    "identity_changed": "system",
    "account_error": "platform_error",
    "template_status": "other_field",
    "other_number": "other_number",
}
OTHERS = {"number_changed", "number_changed_old_shape", "many", "many_one_bad"}


def test_every_fixture_is_looked_at() -> None:
    assert {path.stem for path in FIXTURES.glob("*.json")} == EXPECTED.keys() | IGNORED.keys() | OTHERS


@pytest.mark.parametrize("name", EXPECTED)
def test_a_documented_shape_becomes_its_event(name: str) -> None:
    event = event_of(name)
    assert (event.external_id, event.body) == EXPECTED[name]
    assert event.account == "wa-main"


@pytest.mark.parametrize("name", IGNORED)
def test_what_means_nothing_here_is_only_counted(name: str) -> None:
    assert told(fixture(name)) == [Ignored(IGNORED[name])]


def test_a_sender_is_known_by_every_name() -> None:
    event = event_of("text")
    assert (event.chat, event.contact_name) == (ANA, "Ana Lucía")
    assert event.contact_aliases == ANA_ALIASES
    assert event.at == datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def test_a_bsuid_that_only_the_contact_tells_is_enough() -> None:
    body = fixture("text")
    del body["entry"][0]["changes"][0]["value"]["messages"][0]["from_user_id"]
    (event,) = told(body)
    assert isinstance(event, Event)
    assert (event.chat, event.contact_aliases) == (ANA, ANA_ALIASES)


def test_without_a_bsuid_the_chat_is_the_wa_id() -> None:
    event = event_of("text_old_shape")
    assert event.chat == "79990001122"
    assert event.contact_aliases == (("wa_id", "79990001122"), ("phone", "79990001122"))


def test_without_a_number_the_chat_is_the_bsuid() -> None:
    event = event_of("hidden_number")
    assert (event.chat, event.contact_name) == ("MX.1402233445599999", "Rosa")
    assert event.contact_aliases == (("bsuid", "MX.1402233445599999"), ("username", "@rosa.mx"))


def test_a_phone_number_may_be_written_otherwise_than_the_wa_id() -> None:
    body = fixture("text_old_shape")
    body["entry"][0]["changes"][0]["value"]["messages"][0]["from"] = "5521999887766"
    body["entry"][0]["changes"][0]["value"]["contacts"][0]["wa_id"] = "552199887766"
    (event,) = told(body)
    assert isinstance(event, Event)
    assert event.chat == "552199887766"
    assert event.contact_aliases == (("wa_id", "552199887766"), ("phone", "5521999887766"))


def test_a_bsuid_in_the_place_of_the_number_is_a_bsuid() -> None:
    body = fixture("text_old_shape")
    body["entry"][0]["changes"][0]["value"]["messages"][0]["from"] = ANA
    body["entry"][0]["changes"][0]["value"]["contacts"][0]["wa_id"] = ANA
    (event,) = told(body)
    assert isinstance(event, Event)
    assert (event.chat, event.contact_aliases) == (ANA, (("bsuid", ANA),))


def test_one_contact_s_names_are_never_given_to_another_sender() -> None:
    heard = told(fixture("many"))
    named = [(one.external_id, one.chat, one.contact_name) for one in heard if isinstance(one, Event)]
    assert named == [
        ("wamid.in.m1", ANA, "Ana Lucía"),
        ("wamid.in.m2", "79990001122", "Pavel"),
        ("status:wamid.out.1:sent", ANA, ""),
        ("status:wamid.out.1:delivered", ANA, ""),
        ("wamid.in.m3", ANA, "Ana Lucía"),
    ]
    body = fixture("text")
    body["entry"][0]["changes"][0]["value"]["messages"][0]["from_user_id"] = "MX.999"
    (event,) = told(body)
    assert isinstance(event, Event)
    assert (event.chat, event.contact_name) == ("MX.999", "")


def test_a_bad_item_leaves_the_others_alone() -> None:
    heard = told(fixture("many_one_bad"))
    assert [one.external_id for one in heard if isinstance(one, Event)] == [
        "wamid.in.g1",
        "wamid.in.g2",
        "status:wamid.out.1:read",
    ]
    assert sorted(one.kind for one in heard if isinstance(one, Ignored)) == [
        "malformed", "malformed", "malformed", "malformed", "malformed", "other_field", "status",
    ]  # fmt: skip


def test_a_changed_number_tells_who_it_was() -> None:
    assert told(fixture("number_changed")) == [
        Moved(
            (("bsuid", ANA), ("wa_id", "5215550001111")),
            (("bsuid", "MX.7700000000000001"), ("wa_id", "5215550009999")),
        )
    ]
    assert told(fixture("number_changed_old_shape")) == [
        Moved((("wa_id", "79990001122"),), (("wa_id", "79990003344"),))
    ]


@pytest.mark.parametrize(
    "timestamp", [None, "", "soon", "-5", "1" * 30, 10**30, 1.5, [], True, "9999999999", "99999999999"]
)
def test_a_time_that_cannot_be_is_now(timestamp: object) -> None:
    body = fixture("text")
    body["entry"][0]["changes"][0]["value"]["messages"][0]["timestamp"] = timestamp
    (event,) = told(body)
    assert isinstance(event, Event)
    assert event.at == NOW


@pytest.mark.parametrize("number", [float("inf"), float("nan"), 10**400, True, "1e5", "NaN", [], None])
def test_a_number_that_is_none_is_not_shown(number: object) -> None:
    body = fixture("location")
    body["entry"][0]["changes"][0]["value"]["messages"][0]["location"]["latitude"] = number
    (event,) = told(body)
    assert isinstance(event, Event)
    assert event.body == BuyerWrote(text="📍 Mi casa\nAv. Reforma 222, CDMX")


@pytest.mark.parametrize("remote", ["", "../me", "1/2", "1?x=1", "1" * 200, 5, None])
def test_a_media_id_that_could_change_an_address_is_not_kept(remote: object) -> None:
    body = fixture("image")
    body["entry"][0]["changes"][0]["value"]["messages"][0]["image"]["id"] = remote
    (event,) = told(body)
    assert isinstance(event, Event)
    assert event.body == BuyerWrote(text=UNSUPPORTED)


def test_what_no_database_stores_is_replaced() -> None:
    body = fixture("text")
    value = body["entry"][0]["changes"][0]["value"]
    value["messages"][0]["text"]["body"] = "a\ud800b\0c"
    value["contacts"][0]["profile"]["name"] = "\udfffX"
    (event,) = told(body)
    assert isinstance(event, Event)
    assert event.body == BuyerWrote(text="a\ufffdb\ufffdc")
    assert event.contact_name == "\ufffdX"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("US.13491208655302741918", True),
        ("US.ENT.11815799212886844830", True),
        ("5215550001111", False),
        ("+52.1", False),
        ("us.1", False),
        ("USA.1", False),
        ("US.", False),
        ("US.1\n", False),
    ],
)
def test_a_bsuid_is_told_by_its_shape(name: str, expected: bool) -> None:  # noqa: FBT001
    assert is_bsuid(name) is expected


# ---- nonsense --------------------------------------------------------------------------------------------------------

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just("\ud800")
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NAMES = sorted(EXPECTED.keys() | IGNORED.keys() | OTHERS)


def places(body: object) -> list[tuple[Any, Any]]:
    """Every place in a JSON value where something else may be put."""
    found: list[tuple[Any, Any]] = []
    keys = body.keys() if isinstance(body, dict) else range(len(body)) if isinstance(body, list) else ()
    for key in keys:
        found += [(body, key), *places(body[key])]
    return found


def spoiled(data: st.DataObject, name: str) -> object:
    """A documented shape with wrong things put somewhere."""
    body = copy.deepcopy(fixture(name))
    for _ in range(data.draw(st.integers(1, 3))):
        holder, key = data.draw(st.sampled_from(places(body)))
        holder[key] = data.draw(JSON)
    return body


@given(data=st.data(), name=st.sampled_from(NAMES))
def test_whatever_stands_in_a_known_shape_it_can_be_stored_or_is_ignored(data: st.DataObject, name: str) -> None:
    for heard in told(spoiled(data, name)):
        if isinstance(heard, Event):
            assert heard.external_id
            assert heard.at <= NOW
            stored = json.dumps([asdict(heard), asdict(heard.body)], ensure_ascii=False, default=str)
            stored.encode("utf-8")
            assert "\\u0000" not in stored


@given(JSON)
def test_whatever_comes_is_heard_without_an_error(body: object) -> None:
    assert all(isinstance(heard, Ignored) for heard in told(body))
