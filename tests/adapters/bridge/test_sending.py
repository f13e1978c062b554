"""What leaves: every bridge's request, and what its answers mean."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import aiohttp
import pytest

from adapters.ports import Outgoing
from dialogs.errors import Ambiguous, HeqiError, Refused, TryLater, Unreachable, WindowClosed
from dialogs.messages import Media
from tests.adapters.bridge.conftest import KEY, TOKEN, House, Opens, fixture, standard
from tests.servers.bridges import ACCOUNT_SID, Fault

PHOTO = b"\xff\xd8\xffphoto"
ENCODED = base64.b64encode(PHOTO).decode()
LANGUAGES = ("heqi", "waha", "evolution", "chatwoot", "twilio")
CHATS = {
    "heqi": "chat-1",
    "waha": "4915100000001@c.us",
    "evolution": "4915100000001@s.whatsapp.net",
    "chatwoot": "118",
    "twilio": "whatsapp:+201000000001",
}


def outgoing(speaks: str = "heqi", **more: Any) -> Outgoing:
    given = {"key": "d-17", "account": "wa", "chat": CHATS[speaks], "text": "Lo sentimos — 5 €"}
    return Outgoing(**(given | more))


async def with_photo(house: House, **more: Any) -> Media:
    ref = await house.around.blobs.put(PHOTO, mime=more.pop("mime", "image/jpeg"))
    return Media(**({"kind": "photo", "name": "box.jpg", "ref": ref} | more))


async def test_the_contract_signs_what_leaves(house: House) -> None:
    assert await house.bridge.send(outgoing(reply_to="3EB0A1", buttons=("Sí", "No"))) == "OUT1"
    asked = house.server.last
    assert (asked.method, asked.path) == ("POST", "/messages")
    assert asked.json == {
        "id": "d-17",
        "conversation_id": "chat-1",
        "text": "Lo sentimos — 5 €",
        "media": [],
        "buttons": ["Sí", "No"],
        "reply_to": "3EB0A1",
    }
    assert asked.headers["idempotency-key"] == "d-17"
    right = standard(asked.body, name="d-17")
    assert {name: asked.headers[name] for name in right} == right


async def test_the_newest_secret_signs(opens: Opens) -> None:
    house = await opens(old_secret_env="BRIDGE_OLD_SECRET")
    await house.bridge.send(outgoing())
    asked = house.server.last
    assert asked.headers["webhook-signature"] == standard(asked.body, name="d-17")["webhook-signature"]


async def test_the_contract_carries_bytes(house: House) -> None:
    await house.bridge.send(outgoing(text="", media=await with_photo(house)))
    assert house.server.last.json["media"] == [{"base64": ENCODED, "mime": "image/jpeg", "name": "box.jpg"}]


async def test_half_a_surrogate_pair_stops_nothing(house: House) -> None:
    assert await house.bridge.send(outgoing(text="a\ud83d")) == "OUT1"


async def test_waha_text(opens: Opens) -> None:
    house = await opens("waha")
    assert await house.bridge.send(outgoing("waha", reply_to="3EB0WAHA1")) == "OUT1"
    asked = house.server.last
    assert asked.path == "/api/sendText"
    assert asked.headers["x-api-key"] == KEY
    assert asked.json == {
        "session": "default",
        "chatId": "4915100000001@c.us",
        "text": "Lo sentimos — 5 €",
        "reply_to": "false_4915100000001@c.us_3EB0WAHA1",
    }


@pytest.mark.parametrize(
    ("kind", "method"),
    [("photo", "sendImage"), ("video", "sendVideo"), ("voice", "sendVoice"), ("document", "sendFile")],
)
async def test_waha_files(opens: Opens, kind: str, method: str) -> None:
    house = await opens("waha", sender="shop2")
    words = {"text": ""} if kind == "voice" else {}  # a voice message carries none
    await house.bridge.send(outgoing("waha", media=await with_photo(house, kind=kind), **words))
    asked = house.server.last
    assert asked.path == f"/api/{method}"
    assert asked.json["session"] == "shop2"
    assert asked.json["file"] == {"mimetype": "image/jpeg", "filename": "box.jpg", "data": ENCODED}
    assert ("caption" in asked.json) == (kind != "voice")


@pytest.mark.parametrize(
    "answer",
    [
        {"id": "true_4915100000001@c.us_3EB0X"},
        {"id": "3EB0X"},
        {"id": {"fromMe": True, "_serialized": "true_4915100000001@c.us_3EB0X"}},
        {"key": {"remoteJid": "4915100000001@s.whatsapp.net", "id": "3EB0X"}},
    ],
)
async def test_waha_answers_in_the_shape_of_its_engine(opens: Opens, answer: Any) -> None:
    house = await opens("waha")
    house.server.faults.append(Fault(status=201, body=answer))
    assert await house.bridge.send(outgoing("waha")) == "3EB0X"


async def test_what_waha_tells_of_its_own_message_has_the_same_id(opens: Opens) -> None:
    house = await opens("waha")
    sent = await house.bridge.send(outgoing("waha"))
    echo = fixture("waha_echo")
    echo["payload"]["id"] = f"true_77700000000001@lid_{sent}"  # by another name of the same buyer
    await house.tell(echo)
    assert house.events[0].external_id == sent


async def test_evolution_text(opens: Opens) -> None:
    house = await opens("evolution")
    assert await house.bridge.send(outgoing("evolution", reply_to="3EB0EVO1")) == "OUT1"
    asked = house.server.last
    assert asked.path == "/message/sendText/shop"
    assert asked.headers["apikey"] == KEY
    assert asked.json == {
        "number": "4915100000001@s.whatsapp.net",
        "text": "Lo sentimos — 5 €",
        "quoted": {"key": {"id": "3EB0EVO1"}},
    }


@pytest.mark.parametrize(("kind", "named"), [("photo", "image"), ("video", "video"), ("document", "document")])
async def test_evolution_files(opens: Opens, kind: str, named: str) -> None:
    house = await opens("evolution")
    await house.bridge.send(outgoing("evolution", media=await with_photo(house, kind=kind)))
    assert house.server.last.path == "/message/sendMedia/shop"
    assert house.server.last.json == {
        "number": "4915100000001@s.whatsapp.net",
        "mediatype": named,
        "mimetype": "image/jpeg",
        "fileName": "box.jpg",
        "caption": "Lo sentimos — 5 €",
        "media": ENCODED,
    }


async def test_evolution_voice(opens: Opens) -> None:
    house = await opens("evolution")
    await house.bridge.send(outgoing("evolution", text="", media=await with_photo(house, kind="voice")))
    assert house.server.last.path == "/message/sendWhatsAppAudio/shop"
    assert house.server.last.json["audio"] == ENCODED


async def test_chatwoot_text(opens: Opens) -> None:
    house = await opens("chatwoot")
    assert await house.bridge.send(outgoing("chatwoot", reply_to="5501")) == "9001"
    asked = house.server.last
    assert asked.path == "/api/v1/accounts/3/conversations/118/messages"
    assert asked.headers["api_access_token"] == KEY
    assert asked.json == {
        "content": "Lo sentimos — 5 €",
        "message_type": "outgoing",
        "private": False,
        "content_attributes": {"in_reply_to": "5501"},
    }


async def test_chatwoot_file(opens: Opens) -> None:
    house = await opens("chatwoot")
    await house.bridge.send(outgoing("chatwoot", media=await with_photo(house)))
    asked = house.server.last
    assert asked.headers["content-type"].startswith("multipart/form-data")
    assert b'name="attachments[]"; filename="box.jpg"' in asked.body
    assert PHOTO in asked.body
    assert "Lo sentimos — 5 €".encode() in asked.body


async def test_twilio_text(opens: Opens) -> None:
    house = await opens("twilio")
    assert await house.bridge.send(outgoing("twilio")) == "SMOUT1"
    asked = house.server.last
    assert asked.path == f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"
    assert base64.b64decode(asked.headers["authorization"].removeprefix("Basic ")).decode() == f"{ACCOUNT_SID}:{TOKEN}"
    assert asked.form == {
        "From": "whatsapp:+14155550100",
        "To": "whatsapp:+201000000001",
        "Body": "Lo sentimos — 5 €",
        "StatusCallback": "https://shop.example.com/bridge/wa",
    }


async def test_twilio_takes_no_bytes(opens: Opens) -> None:
    house = await opens("twilio")
    with pytest.raises(Refused, match="media_not_supported"):
        await house.bridge.send(outgoing("twilio", media=await with_photo(house)))
    assert house.server.asked == []


async def test_an_attachment_that_is_not_stored_is_refused(house: House) -> None:
    with pytest.raises(Refused, match="no_such_media"):
        await house.bridge.send(outgoing(media=Media(kind="photo", ref="nowhere")))


async def test_a_chat_stays_inside_its_place_in_the_address(opens: Opens) -> None:
    house = await opens("chatwoot")
    with pytest.raises(HeqiError):
        await house.bridge.send(outgoing("chatwoot", chat="../../../9/conversations/1"))
    assert not house.server.last.path.startswith("/api/v1/accounts/9")
    assert house.server.last.raw_path.count("/") == 7


@pytest.mark.parametrize("speaks", LANGUAGES)
@pytest.mark.parametrize(
    ("fault", "error", "reason", "after"),
    [
        (Fault(status=429, headers={"Retry-After": "17"}), TryLater, "rate_limited", 17.0),
        (Fault(status=429), TryLater, "rate_limited", None),
        (Fault(status=429, headers={"Retry-After": "Mon, 02 Mar 2026 12:00:00 GMT"}), TryLater, "rate_limited", None),
        (Fault(status=401), TryLater, "bad_secret", 300.0),
        (Fault(status=403), TryLater, "bad_secret", 300.0),
        (Fault(status=408), TryLater, "timeout", None),
        (Fault(status=302, headers={"Location": "http://127.0.0.1:9/"}), TryLater, "redirected", 300.0),
        (Fault(status=400), Refused, "rejected", None),
        (Fault(status=422, body={"error": "no"}), Refused, "rejected", None),
        (Fault(status=413, body=["x"]), Refused, "rejected", None),
        (Fault(status=500), Ambiguous, "server_error", None),
        (Fault(status=503, body={"error": "unreachable"}), Ambiguous, "server_error", None),
        (Fault(status=200, body={}), Ambiguous, "no_external_id", None),
        (Fault(status=200, body={"external_id": None, "id": None, "sid": []}), Ambiguous, "no_external_id", None),
        (Fault(kind="garbage", status=200), Ambiguous, "no_external_id", None),
        (Fault(status=409), Ambiguous, "duplicate", None),
        (Fault(kind="drop"), Ambiguous, "connection_lost", None),
        (Fault(kind="half"), Ambiguous, "connection_lost", None),
    ],
)
async def test_failures(
    opens: Opens, speaks: str, fault: Fault, error: type[HeqiError], reason: str, after: float | None
) -> None:
    house = await opens(speaks)
    house.server.faults.append(fault)
    with pytest.raises(HeqiError) as raised:
        await house.bridge.send(outgoing(speaks))
    assert type(raised.value) is error
    assert raised.value.reason == reason  # type: ignore[attr-defined]
    assert getattr(raised.value, "after", None) == after
    assert len(house.server.asked) == 1


@pytest.mark.parametrize(
    ("speaks", "status", "body", "error", "reason"),
    [
        ("heqi", 422, {"error": "unreachable"}, Unreachable, "unreachable"),
        ("heqi", 403, {"error": "window_closed"}, WindowClosed, "window_closed"),
        ("heqi", 400, {"error": "not_connected"}, TryLater, "not_connected"),
        ("heqi", 400, {"error": "something of its own"}, Refused, "rejected"),
        (
            "waha",
            422,
            {"statusCode": 422, "error": "Session status is not as expected", "status": "SCAN_QR_CODE"},
            TryLater,
            "not_connected",
        ),
        ("waha", 422, {"statusCode": 422, "message": "chatId must be a string"}, Refused, "rejected"),
        (
            "evolution",
            400,
            {"status": 400, "error": "Bad Request", "response": {"message": [{"exists": False, "number": "1"}]}},
            Unreachable,
            "unreachable",
        ),
        (
            "evolution",
            404,
            {"status": 404, "response": {"message": ['The "shop" instance does not exist']}},
            TryLater,
            "not_connected",
        ),
        ("chatwoot", 404, {"error": "Resource could not be found"}, Unreachable, "unreachable"),
        ("twilio", 400, {"code": 63016, "message": "outside the window", "status": 400}, WindowClosed, "window_closed"),
        ("twilio", 400, {"code": 21610, "message": "unsubscribed", "status": 400}, Unreachable, "unreachable"),
        ("twilio", 400, {"code": 21617, "message": "too long", "status": 400}, Refused, "rejected"),
    ],
)
async def test_reasons_of_the_bridges(
    opens: Opens, speaks: str, status: int, body: Any, error: type[HeqiError], reason: str
) -> None:
    house = await opens(speaks)
    house.server.faults.append(Fault(status=status, body=body))
    with pytest.raises(HeqiError) as raised:
        await house.bridge.send(outgoing(speaks))
    assert type(raised.value) is error
    assert raised.value.reason == reason  # type: ignore[attr-defined]


async def test_a_duplicate_that_tells_its_id_was_sent(house: House) -> None:
    house.server.faults.append(Fault(status=409, body={"error": "duplicate", "external_id": "OUT0"}))
    assert await house.bridge.send(outgoing()) == "OUT0"


async def test_nobody_there_means_nothing_was_sent(opens: Opens) -> None:
    house = await opens(url="http://127.0.0.1:9")
    with pytest.raises(TryLater, match="unreachable_bridge"):
        await house.bridge.send(outgoing())


async def test_silence_after_the_request_is_ambiguous(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.bridge.outgoing.TIMEOUT", aiohttp.ClientTimeout(total=0.2, sock_connect=5))
    house.server.faults.append(Fault(kind="hang"))
    with pytest.raises(Ambiguous, match="timeout"):
        await house.bridge.send(outgoing())


async def test_a_bridge_that_closes_idle_connections_makes_nothing_ambiguous(house: House) -> None:
    await house.bridge.send(outgoing())
    await house.bridge.send(outgoing())
    assert house.server.last.headers["connection"] == "close"


async def test_before_the_start_and_after_the_stop_nothing_leaves(house: House) -> None:
    await house.bridge.stop()
    with pytest.raises(TryLater):
        await house.bridge.send(outgoing())
    assert house.server.asked == []


async def test_errors_hold_no_words_and_no_secret(opens: Opens, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    for speaks in LANGUAGES:
        house = await opens(speaks)
        for fault in (Fault(status=400, body={"error": "Lo sentimos"}), Fault(kind="drop"), Fault(status=401)):
            house.server.faults.append(fault)
            with pytest.raises(HeqiError) as raised:
                await house.bridge.send(outgoing(speaks))
            told = f"{raised.value!r} {caplog.text} {json.dumps(dict(house.bridge.problems()))}"
            assert not any(word in told for word in ("sentimos", KEY, TOKEN, "4915100000001", "201000000001"))


async def test_many_chats_at_once(house: House) -> None:
    sent = await asyncio.gather(*(house.bridge.send(outgoing(chat=f"chat-{n}")) for n in range(50)))
    assert len(set(sent)) == 50
