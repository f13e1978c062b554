"""What every bridge's own events become."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from adapters.counts import counted
from dialogs.events import BuyerDeleted, BuyerEdited, BuyerWrote, Receipt, SellerWrote
from dialogs.messages import DeliveryState, Media
from tests.adapters.around import NOW
from tests.adapters.bridge.conftest import House, Opens, fixture

MINUTE_AGO = NOW - timedelta(minutes=1)
LENA = "4915100000001@c.us"
LENA_WEB = "4915100000001@s.whatsapp.net"


async def told(house: House, *names: str) -> None:
    for name in names:
        answer = await house.tell(fixture(name))
        assert answer.status_code == 200, answer.text


def remote(media: Media) -> Any:
    return json.loads(media.remote)["url"]


async def test_waha_message(opens: Opens) -> None:
    house = await opens("waha")
    await told(house, "waha_message")
    event = house.events[0]
    assert event.body == BuyerWrote(text="Mein Paket ist kaputt", reply_to="3EB0OUT1")
    assert (event.external_id, event.chat, event.at) == ("3EB0WAHA1", LENA, MINUTE_AGO)
    assert event.contact_name == "Lena Beispiel"
    assert event.contact_aliases == (("id", LENA), ("phone", "4915100000001"), ("lid", "77700000000001"))


async def test_waha_tells_of_one_message_twice(opens: Opens) -> None:
    house = await opens("waha")
    await told(house, "waha_message")
    await house.tell(fixture("waha_message") | {"event": "message.any", "id": "evt_2"})
    assert len(house.events) == 1


async def test_waha_echo_has_the_id_that_sending_told(opens: Opens) -> None:
    house = await opens("waha")
    await told(house, "waha_echo", "waha_ack")
    echo, ack = house.events
    assert (echo.external_id, echo.chat, echo.contact_name) == ("3EB0WAHA3", LENA, "")
    assert echo.body == SellerWrote(text="Das tut uns leid.")
    assert ack.body == Receipt(of="3EB0WAHA3", state=DeliveryState.READ)


async def test_waha_edit_and_deletion_are_of_the_same_message(opens: Opens) -> None:
    house = await opens("waha")
    await told(house, "waha_edited", "waha_revoked")
    assert house.bodies == [
        BuyerEdited(of="3EB0WAHA1", text="Mein Paket 12345 ist kaputt"),
        BuyerDeleted(of="3EB0WAHA1"),
    ]
    assert {event.chat for event in house.events} == {LENA}


async def test_waha_media_are_fetched_from_where_they_lie(opens: Opens) -> None:
    house = await opens("waha")
    event = json.loads(json.dumps(fixture("waha_media")).replace("{host}", house.server.host))
    await house.tell(event)
    (media,) = house.bodies[0].media  # type: ignore[attr-defined]
    assert (media.kind, media.mime, media.error) == ("photo", "image/jpeg", "")
    assert remote(media) == f"{house.server.url}/media/photo.jpg"


async def test_waha_location_is_a_text_and_not_its_thumbnail(opens: Opens) -> None:
    house = await opens("waha")
    await told(house, "waha_location")
    assert house.bodies == [BuyerWrote(text="Lager Nord 📍 52.5200, 13.4050")]


@pytest.mark.parametrize("ack", [0, -2, 17, "3", None, True])
async def test_waha_acks_that_tell_nothing_are_counted(opens: Opens, ack: object) -> None:
    house = await opens("waha")
    event = fixture("waha_ack")
    event["payload"]["ack"] = ack
    before = counted("wa", "unknown_type")
    assert (await house.tell(event)).status_code == 200
    if ack is not True:  # which is 1 to Python
        assert house.events == []
        assert counted("wa", "unknown_type") == before + 1


async def test_waha_failure(opens: Opens) -> None:
    house = await opens("waha")
    event = fixture("waha_ack")
    event["payload"]["ack"] = -1
    await house.tell(event)
    assert house.bodies == [Receipt(of="3EB0WAHA3", state=DeliveryState.FAILED, error="rejected")]


@pytest.mark.parametrize("name", ["waha_group", "waha_reaction"])
async def test_waha_groups_and_reactions_are_no_conversations(opens: Opens, name: str) -> None:
    house = await opens("waha")
    await told(house, name)
    assert house.events == []


@pytest.mark.parametrize(("speaks", "place"), [("waha", "session"), ("evolution", "instance")])
async def test_another_session_of_the_same_bridge_is_another_account(opens: Opens, speaks: str, place: str) -> None:
    house = await opens(speaks)
    await house.tell(fixture(f"{speaks}_message") | {place: "another"})
    assert house.events == []


async def test_evolution_message(opens: Opens) -> None:
    house = await opens("evolution")
    await told(house, "evolution_message")
    event = house.events[0]
    assert event.body == BuyerWrote(text="Ich warte seit 20 Tagen", reply_to="3EB0OUT1")
    assert (event.external_id, event.chat, event.at) == ("3EB0EVO1", LENA_WEB, MINUTE_AGO)
    assert event.contact_aliases == (("id", LENA_WEB), ("phone", "4915100000001"), ("lid", "77700000000001"))


async def test_evolution_photo_comes_with_its_bytes(opens: Opens) -> None:
    house = await opens("evolution")
    await told(house, "evolution_photo")
    body = house.bodies[0]
    assert body == BuyerWrote(
        text="So kam es an", media=(Media(kind="photo", mime="image/jpeg", size=20, ref="blob-1"),)
    )
    assert house.around.blobs.stored["blob-1"][0].startswith(b"\xff\xd8\xff")


async def test_evolution_photo_without_bytes_is_gone_and_never_fetched_encrypted(opens: Opens) -> None:
    house = await opens("evolution")
    event = fixture("evolution_photo")
    del event["data"]["message"]["base64"]
    await house.tell(event)
    (media,) = house.bodies[0].media  # type: ignore[attr-defined]
    assert (media.error, media.remote) == ("gone", "")


async def test_evolution_hidden_message_is_read_and_its_bytes_beside_it(opens: Opens) -> None:
    house = await opens("evolution")
    event = fixture("evolution_photo")
    message = event["data"]["message"]
    event["data"]["message"] = {
        "viewOnceMessageV2": {"message": {"imageMessage": message["imageMessage"]}},
        "base64": message["base64"],
    }
    await house.tell(event)
    assert house.bodies[0].media[0].ref == "blob-1"  # type: ignore[attr-defined]


async def test_evolution_echo_and_button(opens: Opens) -> None:
    house = await opens("evolution")
    await told(house, "evolution_echo", "evolution_button")
    assert house.events[0].external_id == "3EB0EVO3"
    assert house.bodies == [
        SellerWrote(text="Das tut uns leid."),
        BuyerWrote(text="Erstattung", reply_to="3EB0OUT1"),
    ]
    assert house.events[0].contact_name == ""


async def test_evolution_statuses_of_ours_only(opens: Opens) -> None:
    house = await opens("evolution")
    await told(house, "evolution_status", "evolution_status_list")
    assert house.bodies == [
        Receipt(of="3EB0EVO3", state=DeliveryState.DELIVERED),
        Receipt(of="3EB0EVO3", state=DeliveryState.READ),
    ]


async def test_evolution_edit_and_deletion(opens: Opens) -> None:
    house = await opens("evolution")
    await told(house, "evolution_edited", "evolution_delete")
    assert house.bodies == [BuyerEdited(of="3EB0EVO1", text="Ich warte seit 21 Tagen"), BuyerDeleted(of="3EB0EVO1")]


async def test_evolutions_key_is_kept_nowhere(opens: Opens) -> None:
    house = await opens("evolution")
    key = fixture("evolution_message")["apikey"]
    await told(house, "evolution_message", "evolution_photo", "evolution_connection")
    kept = repr(house.events) + repr(house.around.states["wa"].rows)
    assert key not in kept


async def test_one_bad_item_does_not_cost_the_others(opens: Opens) -> None:
    house = await opens("evolution")
    event = fixture("evolution_message")
    bad = json.loads(json.dumps(event["data"]))
    bad["key"]["id"] = None
    answer = await house.tell(event | {"data": [bad, event["data"]]})
    assert answer.status_code == 422
    assert [one.external_id for one in house.events] == ["3EB0EVO1"]


async def test_chatwoot_message(opens: Opens) -> None:
    house = await opens("chatwoot")
    await told(house, "chatwoot_message")
    event = house.events[0]
    assert event.body == BuyerWrote(text="¿Dónde está mi pedido?")
    assert (event.external_id, event.chat, event.at) == ("5501", "118", MINUTE_AGO)
    assert event.contact_name == "Ana Ejemplo"
    assert event.contact_aliases == (("id", "contact:41"), ("phone", "34600000001"))


async def test_chatwoot_outgoing_is_of_the_same_contact(opens: Opens) -> None:
    house = await opens("chatwoot")
    await told(house, "chatwoot_outgoing")
    event = house.events[0]
    assert event.body == SellerWrote(text="Lo sentimos mucho.")
    assert event.contact_name == "Ana Ejemplo"
    assert event.contact_aliases == (("id", "contact:41"), ("phone", "34600000001"))


async def test_chatwoot_photo_is_asked_for_where_it_is_given_without_a_redirect(opens: Opens) -> None:
    house = await opens("chatwoot")
    await house.tell(json.loads(json.dumps(fixture("chatwoot_photo")).replace("{host}", house.server.host)))
    (media,) = house.bodies[0].media  # type: ignore[attr-defined]
    assert (media.kind, media.name, media.size) == ("photo", "caja.jpg", 20)
    assert remote(media) == f"{house.server.url}/rails/active_storage/blobs/proxy/eyJf/caja.jpg"


async def test_chatwoot_deletion_and_status(opens: Opens) -> None:
    house = await opens("chatwoot")
    await told(house, "chatwoot_deleted", "chatwoot_status")
    assert house.bodies == [BuyerDeleted(of="5501"), Receipt(of="5503", state=DeliveryState.DELIVERED)]


@pytest.mark.parametrize("name", ["chatwoot_private", "chatwoot_activity"])
async def test_chatwoot_notes_stay_with_the_team(opens: Opens, name: str) -> None:
    house = await opens("chatwoot")
    await told(house, name)
    assert house.events == []


async def test_chatwoot_other_inboxes_are_other_accounts(opens: Opens) -> None:
    house = await opens("chatwoot", sender="8")
    await told(house, "chatwoot_message")
    assert house.events == []
    every = await opens("chatwoot", sender="")
    await told(every, "chatwoot_message")
    assert len(every.events) == 1


@pytest.mark.parametrize("written", [1772452740, "2026-03-02T11:59:00.000Z", "2026-03-02 11:59:00 UTC", "1772452740"])
async def test_chatwoot_writes_moments_in_many_ways(opens: Opens, written: object) -> None:
    house = await opens("chatwoot")
    await house.tell(fixture("chatwoot_message") | {"created_at": written})
    assert house.events[0].at == MINUTE_AGO


@pytest.mark.parametrize("written", [None, "yesterday", 1e300, -5, True, "0001-01-01", [], {"low": "x"}])
async def test_a_moment_that_makes_no_sense_is_now(opens: Opens, written: object) -> None:
    house = await opens("chatwoot")
    await house.tell(fixture("chatwoot_message") | {"created_at": written})
    assert house.events[0].at == NOW


async def test_twilio_message(opens: Opens) -> None:
    house = await opens("twilio")
    await told(house, "twilio_message")
    event = house.events[0]
    assert event.body == BuyerWrote(text="أين طلبي؟")
    assert (event.external_id, event.chat, event.at) == (
        "SM00000000000000000000000000000011",
        "whatsapp:+201000000001",
        NOW,
    )
    assert event.contact_name == "Omar Mithal"
    assert event.contact_aliases == (("id", "whatsapp:+201000000001"), ("phone", "201000000001"))


async def test_twilio_photo_location_and_button(opens: Opens) -> None:
    house = await opens("twilio")
    photo = json.loads(json.dumps(fixture("twilio_photo")).replace("{host}", house.server.host))
    await house.tell(photo)
    await told(house, "twilio_location", "twilio_button")
    first = house.bodies[0]
    assert isinstance(first, BuyerWrote)
    assert first.reply_to == "SMOUT1"
    assert remote(first.media[0]) == f"{house.server.url}/media/box.jpg"
    assert house.bodies[1:] == [BuyerWrote(text="المستودع 📍 30.0444, 31.2357"), BuyerWrote(text="استرداد")]


@pytest.mark.parametrize(
    ("status", "code", "state", "error"),
    [
        ("sent", None, DeliveryState.SENT, None),
        ("delivered", None, DeliveryState.DELIVERED, None),
        ("read", None, DeliveryState.READ, None),
        ("failed", "63016", DeliveryState.FAILED, "window_closed"),
        ("undelivered", "63016", DeliveryState.FAILED, "window_closed"),
        ("undelivered", "63024", DeliveryState.FAILED, "unreachable"),
        ("failed", "99999", DeliveryState.FAILED, "rejected"),
        ("failed", None, DeliveryState.FAILED, "rejected"),
    ],
)
async def test_twilio_statuses(
    opens: Opens, status: str, code: str | None, state: DeliveryState, error: str | None
) -> None:
    house = await opens("twilio")
    event = fixture("twilio_status") | {"MessageStatus": status} | ({"ErrorCode": code} if code else {})
    await house.tell(event)
    assert house.bodies == [Receipt(of="SMOUT1", state=state, error=error)]


@pytest.mark.parametrize("status", ["queued", "sending", "accepted", "something new"])
async def test_twilio_statuses_that_tell_nothing_new(opens: Opens, status: str) -> None:
    house = await opens("twilio")
    await house.tell(fixture("twilio_status") | {"MessageStatus": status})
    assert house.events == []


async def test_too_many_fields_are_refused(opens: Opens) -> None:
    house = await opens("twilio")
    answer = await house.tell({f"f{n}": "x" for n in range(501)})
    assert answer.status_code == 400


def test_the_fixtures_are_of_one_minute_ago() -> None:
    assert fixture("heqi_message")["ts"] == MINUTE_AGO.timestamp()
