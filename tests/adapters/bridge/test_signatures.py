"""Who may knock: signatures of the contract and of every bridge."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from standardwebhooks import Webhook

from adapters.bridge import signing
from adapters.counts import counted
from tests.adapters.around import NOW
from tests.adapters.bridge.conftest import (
    OLD_SECRET,
    PLAIN_SECRET,
    PUBLIC,
    SECRET,
    TS,
    House,
    Opens,
    chatwoot,
    evolution,
    fixture,
    signed,
    standard,
    twilio,
    waha,
)

BODY = json.dumps(fixture("heqi_message")).encode()


async def test_a_signed_event_is_stored_before_it_is_thanked_for(house: House) -> None:
    answer = await house.post(BODY, standard(BODY))
    assert answer.status_code == 200
    assert len(house.events) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"webhook-id": "msg_1", "webhook-timestamp": TS},
        {**standard(BODY), "webhook-id": ""},
        {**standard(BODY), "webhook-id": "msg_2"},
        {**standard(BODY), "webhook-signature": "v1,bm9wZQ=="},
        {**standard(BODY), "webhook-signature": "v1,not base64 at all, nor one signature"},
        {**standard(BODY), "webhook-signature": standard(BODY)["webhook-signature"].replace("v1", "v2")},
        standard(BODY + b" "),
        standard(BODY, secret=OLD_SECRET),
        standard(BODY, ts=str(int(TS) - 301)),
        standard(BODY, ts=str(int(TS) + 301)),
        standard(BODY, ts="soon"),
        standard(BODY, ts=""),
        standard(BODY, ts=f"{TS}.5"),
        standard(BODY, ts="-5"),
        standard(BODY, ts="9" * 400),
    ],
)
async def test_what_is_not_signed_now_and_by_us_is_refused(house: House, headers: dict[str, str]) -> None:
    before = counted("wa", "bad_signature")
    answer = await house.post(BODY, headers)
    assert answer.status_code == 401
    assert house.events == []
    assert counted("wa", "bad_signature") == before + 1


async def test_a_body_that_is_no_text_is_refused(house: House) -> None:
    answer = await house.post(b"\xff\xfe", standard(b"\xff\xfe"))
    assert answer.status_code == 401


@pytest.mark.parametrize("seconds", [-299, 0, 299])
async def test_five_minutes_either_way_are_allowed(house: House, seconds: int) -> None:
    answer = await house.post(BODY, standard(BODY, ts=str(int(TS) + seconds)))
    assert answer.status_code == 200


async def test_one_right_signature_among_several_is_enough(house: House) -> None:
    headers = standard(BODY)
    headers["webhook-signature"] = f"v1a,xyz v1,bm9wZQ== {headers['webhook-signature']}"
    assert (await house.post(BODY, headers)).status_code == 200


async def test_both_secrets_work_while_one_is_rotated(opens: Opens) -> None:
    house = await opens(old_secret_env="BRIDGE_OLD_SECRET")
    assert (await house.post(BODY, standard(BODY, secret=OLD_SECRET))).status_code == 200
    assert (await house.post(BODY, standard(BODY, secret=SECRET))).status_code == 200


@pytest.mark.parametrize("name", ["heqi_message", "heqi_status", "heqi_edit", "heqi_delete"])
async def test_a_replay_is_one_event(house: House, name: str) -> None:
    for _ in range(2):
        assert (await house.tell(fixture(name), name="msg_7")).status_code == 200
    assert len(house.events) == 1


async def test_two_edits_of_one_message_are_two_events(house: House) -> None:
    edit = fixture("heqi_edit")
    await house.tell(edit, name="msg_8")
    await house.tell(edit | {"text": "Noch anders"}, name="msg_9")
    assert len(house.events) == 2


def test_our_signatures_are_those_of_the_standard_library() -> None:
    assert signing.signed(SECRET, "msg_1", BODY, NOW) == standard(BODY)
    assert Webhook(SECRET).sign("msg_1", NOW, BODY.decode()) == standard(BODY)["webhook-signature"]


@pytest.mark.parametrize("speaks", ["waha", "evolution", "chatwoot"])
async def test_every_bridge_is_known_by_its_signature(opens: Opens, speaks: str) -> None:
    house = await opens(speaks)
    assert (await house.tell(fixture(f"{speaks}_message"))).status_code == 200
    assert len(house.events) == 1


@pytest.mark.parametrize("speaks", ["waha", "evolution", "chatwoot"])
async def test_bridges_have_two_secrets_while_one_is_rotated(
    opens: Opens, speaks: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIDGE_BEFORE", "the-plain-secret-before")
    house = await opens(speaks, old_secret_env="BRIDGE_BEFORE")
    body = json.dumps(fixture(f"{speaks}_message")).encode()
    sign: Any = {"waha": waha, "evolution": evolution, "chatwoot": chatwoot}[speaks]
    assert (await house.post(body, sign(body, secret="the-plain-secret-before"))).status_code == 200
    assert (await house.post(body, sign(body, secret="another"))).status_code == 401


MESSAGE = b'{"event":"message"}'


@pytest.mark.parametrize(
    ("speaks", "headers"),
    [
        ("waha", {}),
        ("waha", waha(MESSAGE + b" ")),
        ("waha", {**waha(MESSAGE), "x-webhook-hmac-algorithm": "md5"}),
        ("waha", {"x-webhook-hmac": "\u00e9"}),
        ("evolution", {}),
        ("evolution", {"x-heqi-secret": PLAIN_SECRET[:-1]}),
        ("evolution", {"apikey": ""}),
        ("chatwoot", {}),
        ("chatwoot", chatwoot(MESSAGE + b" ")),
        ("chatwoot", {"x-chatwoot-signature": chatwoot(MESSAGE)["x-chatwoot-signature"]}),
        ("chatwoot", chatwoot(MESSAGE, ts=str(int(TS) - 301))),
        ("chatwoot", chatwoot(MESSAGE, ts="yesterday")),
    ],
)
async def test_bridges_that_sign_wrongly_are_refused(opens: Opens, speaks: str, headers: dict[str, str]) -> None:
    house = await opens(speaks)
    encoded = {name: value.encode("latin-1") for name, value in headers.items()}
    answer = await house.http.post("/bridge/wa", content=MESSAGE, headers=encoded)
    assert answer.status_code == 401
    assert house.events == []


async def test_evolution_may_send_its_secret_as_apikey(opens: Opens) -> None:
    house = await opens("evolution")
    body = json.dumps(fixture("evolution_message")).encode()
    assert (await house.post(body, {"apikey": PLAIN_SECRET})).status_code == 200


async def test_twilio_signs_the_public_address_and_the_sorted_fields(opens: Opens) -> None:
    house = await opens("twilio")
    fields = fixture("twilio_message")
    answer = await house.post(urlencode(fields).encode(), twilio(fields))
    assert answer.status_code == 200
    assert answer.text == "<Response/>"
    assert answer.headers["content-type"].startswith("text/xml")
    assert len(house.events) == 1


async def test_twilio_may_write_the_port_and_a_query(opens: Opens) -> None:
    house = await opens("twilio")
    fields = fixture("twilio_message")
    body = urlencode(fields).encode()
    assert (await house.post(body, twilio(fields, url=f"{PUBLIC}:443/bridge/wa"))).status_code == 200
    asked = twilio(fields, url=f"{PUBLIC}/bridge/wa?shop=1&x=%20")
    assert (await house.post(body, asked, path="/bridge/wa?shop=1&x=%20")).status_code == 200
    assert (await house.post(body, twilio(fields, url=f"{PUBLIC}/bridge/wa?shop=1"))).status_code == 401


async def test_twilio_is_refused_for_another_token_address_or_field(opens: Opens) -> None:
    house = await opens("twilio")
    fields = fixture("twilio_message")
    body = urlencode(fields).encode()
    assert (await house.post(body, twilio(fields, token="another"))).status_code == 401
    assert (await house.post(body, twilio(fields, url="https://elsewhere.example.com/bridge/wa"))).status_code == 401
    assert (await house.post(urlencode(fields | {"Body": "x"}).encode(), twilio(fields))).status_code == 401
    assert (await house.post(body, {})).status_code == 401
    assert house.events == []


async def test_nothing_is_read_of_what_is_not_signed(house: House) -> None:
    """A stranger cannot make the door hold megabytes."""

    async def never() -> Any:
        yield b"{"
        raise AssertionError("the body was read")

    answer = await house.http.post("/bridge/wa", content=never())
    assert answer.status_code == 401


async def test_a_wrong_signature_tells_nothing_of_the_secret(house: House) -> None:
    answer = await house.post(BODY, standard(BODY + b"x"))
    assert SECRET not in answer.text
    assert standard(BODY)["webhook-signature"] not in answer.text


def test_the_helpers_of_these_tests_cover_every_signed_bridge() -> None:
    assert all(signed(speaks, b"{}") for speaks in ("heqi", "waha", "evolution", "chatwoot"))
