"""Meta's webhook over real HTTP: the handshake, signatures, everything stored before the 200."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette

from adapters.counts import counted
from adapters.whatsapp.channel import WhatsApp
from adapters.whatsapp.door import MAX_BODY
from dialogs.errors import Malformed
from dialogs.events import BuyerEdited, BuyerWrote, Receipt
from tests.adapters.around import SHOP, Around
from tests.adapters.whatsapp.conftest import VERIFY, Line, fixture, settings_for, signature
from tests.adapters.whatsapp.test_parse import JSON, NAMES, spoiled

# ---- the handshake ---------------------------------------------------------------------------------------------------


async def shake(line: Line, **asked: str) -> httpx.Response:
    query = {"hub.mode": "subscribe", "hub.verify_token": VERIFY, "hub.challenge": "1158201444"} | {
        f"hub.{key}": value for key, value in asked.items()
    }
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.get(line.door, params=query)


async def test_the_challenge_of_who_knows_the_word_is_echoed_as_plain_text(open_line: Line) -> None:
    answer = await shake(open_line)
    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "asked",
    [
        {"verify_token": "wrong"},
        {"verify_token": ""},
        {"verify_token": "слово"},
        {"mode": "unsubscribe"},
        {"challenge": "<script>alert(1)</script>"},
        {"challenge": ""},
        {"challenge": "1" * 65},
        {"challenge": "١٢٣"},
    ],
)
async def test_nothing_else_is_echoed(open_line: Line, asked: dict[str, str]) -> None:
    answer = await shake(open_line, **asked)
    assert (answer.status_code, answer.text) == (403, "")


async def test_the_handshake_without_any_question_is_refused(open_line: Line) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(open_line.door)).status_code == 403


# ---- signatures ------------------------------------------------------------------------------------------------------


async def test_the_raw_bytes_are_signed_and_not_what_they_mean(open_line: Line) -> None:
    spaced = json.dumps(fixture("text"), indent=3).encode() + b"\n\n"
    assert await open_line.post(spaced, **{"x-hub-signature-256": signature(spaced)}) == 200
    assert len(open_line.around.inbox.events) == 1
    tight = json.dumps(fixture("image")).encode()
    assert (
        await open_line.post(
            json.dumps(fixture("image"), indent=1).encode(), **{"x-hub-signature-256": signature(tight)}
        )
        == 401
    )


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "sha256=",
        "sha256=" + "0" * 64,
        signature(b"other bytes"),
        signature(json.dumps(fixture("text")).encode(), "another secret"),
        signature(json.dumps(fixture("text")).encode()).removeprefix("sha256="),
        signature(json.dumps(fixture("text")).encode()).replace("sha256=", "sha1="),
        "sha256=\u00e9\u00e9",
    ],
)
async def test_what_is_not_signed_is_not_stored(open_line: Line, wrong: str) -> None:
    with structlog.testing.capture_logs() as logs:
        assert await open_line.post(fixture("text"), **{"x-hub-signature-256": wrong.encode("latin-1")}) == 401
    assert open_line.around.inbox.events == []
    assert "8201954417" not in repr(logs)
    assert [entry["event"] for entry in logs] == ["whatsapp_bad_signature"]


async def test_a_post_without_a_signature_is_refused(open_line: Line) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.post(open_line.door, json=fixture("text"))).status_code == 401
    assert open_line.around.inbox.events == []


# ---- bodies ----------------------------------------------------------------------------------------------------------


async def test_a_body_above_three_megabytes_is_refused(open_line: Line) -> None:
    assert await open_line.post(b" " * MAX_BODY) == 400
    assert await open_line.post(b" " * (MAX_BODY + 1)) == 413


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000, b'{"a":' * 50_000, b'{"entry": ' + b"9" * 5000 + b"}"],
    ids=["empty", "open", "not utf-8", "deep lists", "deep objects", "huge number"],
)
async def test_what_is_no_json_is_a_bad_request(open_line: Line, body: bytes) -> None:
    assert await open_line.post(body) == 400
    assert open_line.around.inbox.events == []


async def test_json_that_says_nothing_is_taken_and_counted(open_line: Line) -> None:
    before = counted("wa-main", "malformed")
    for nothing in (None, 5, "text", [], {}, {"entry": {}}, {"entry": [{"changes": 5}]}):
        assert await open_line.post(nothing) == 200
    assert counted("wa-main", "malformed") == before + 7
    assert open_line.around.inbox.events == []


# ---- into the inbox --------------------------------------------------------------------------------------------------


async def test_every_item_of_a_post_is_stored(open_line: Line) -> None:
    assert await open_line.post(fixture("many")) == 200
    assert [event.external_id for event in open_line.around.inbox.events] == [
        "wamid.in.m1",
        "wamid.in.m2",
        "status:wamid.out.1:sent",
        "status:wamid.out.1:delivered",
        "wamid.in.m3",
    ]


async def test_good_items_beside_nonsense_are_stored(open_line: Line) -> None:
    assert await open_line.post(fixture("many_one_bad")) == 200
    assert [event.external_id for event in open_line.around.inbox.events] == [
        "wamid.in.g1",
        "wamid.in.g2",
        "status:wamid.out.1:read",
    ]


async def test_the_same_post_twice_is_stored_once(open_line: Line) -> None:
    for _ in range(3):
        assert await open_line.post(fixture("many")) == 200
    assert len(open_line.around.inbox.events) == 5


@pytest.mark.parametrize("name", ["reaction", "template_status", "other_number", "identity_changed", "account_error"])
async def test_what_is_ignored_is_counted_and_acknowledged(open_line: Line, name: str) -> None:
    kinds = {"template_status": "other_field", "identity_changed": "system", "account_error": "platform_error"}
    before = counted("wa-main", kinds.get(name, name))
    assert await open_line.post(fixture(name)) == 200
    assert counted("wa-main", kinds.get(name, name)) == before + 1
    assert open_line.around.inbox.events == []


async def test_a_failing_inbox_makes_meta_send_again(open_line: Line) -> None:
    open_line.around.inbox.failures.append(OSError("disk"))
    assert await open_line.post(fixture("text")) == 500
    assert open_line.around.inbox.events == []
    assert await open_line.post(fixture("text")) == 200
    assert len(open_line.around.inbox.events) == 1


async def test_a_failure_holds_up_its_own_chat_and_keeps_its_order(open_line: Line) -> None:
    open_line.around.inbox.failures.append(OSError("disk"))  # of Ana's first message
    assert await open_line.post(fixture("many")) == 500
    assert [event.external_id for event in open_line.around.inbox.events] == ["wamid.in.m2"]
    assert await open_line.post(fixture("many")) == 200
    assert [event.external_id for event in open_line.around.inbox.events if "wamid.in" in event.external_id] == [
        "wamid.in.m2",
        "wamid.in.m1",
        "wamid.in.m3",
    ]


async def test_a_receipt_of_an_unknown_message_is_counted_and_acknowledged(open_line: Line) -> None:
    before = counted("wa-main", "unknown_message")
    open_line.around.inbox.failures.extend([Malformed("of"), Malformed("of")])
    assert await open_line.post(fixture("status_read")) == 200
    assert open_line.around.inbox.events == []
    assert counted("wa-main", "unknown_message") == before + 1


async def test_a_receipt_finds_a_chat_that_goes_by_another_name(open_line: Line) -> None:
    open_line.around.inbox.failures.append(Malformed("of"))
    assert await open_line.post(fixture("status_read")) == 200
    (event,) = open_line.around.inbox.events
    assert isinstance(event.body, Receipt)
    assert event.chat == "5215550001111"


async def test_new_words_for_an_unknown_message_are_a_message(open_line: Line) -> None:
    open_line.around.inbox.failures.append(Malformed("of"))
    assert await open_line.post(fixture("edit")) == 200
    (event,) = open_line.around.inbox.events
    assert event.external_id == "wamid.in.edit"
    assert event.body == BuyerWrote(text="Hola, mi pedido 8201954418 no ha llegado.")
    assert await open_line.post(fixture("edit_caption")) == 200
    assert isinstance(open_line.around.inbox.events[-1].body, BuyerEdited)


# ---- numbers that change ---------------------------------------------------------------------------------------------


def from_new_number(text: str = "Soy Ana", message_id: str = "wamid.in.new") -> Any:
    body = fixture("text")
    value = body["entry"][0]["changes"][0]["value"]
    value["contacts"][0] |= {"wa_id": "5215550009999", "user_id": "MX.7700000000000001"}
    value["messages"][0] |= {
        "id": message_id,
        "from": "5215550009999",
        "from_user_id": "MX.7700000000000001",
        "text": {"body": text},
    }
    return body


NEW_NAMES = (("bsuid", "MX.7700000000000001"), ("wa_id", "5215550009999"), ("phone", "5215550009999"))


async def test_who_changed_the_number_is_still_known(open_line: Line) -> None:
    assert await open_line.post(fixture("number_changed")) == 200
    assert open_line.around.inbox.events == []
    assert await open_line.post(from_new_number()) == 200
    (event,) = open_line.around.inbox.events
    assert event.chat == "MX.7700000000000001"
    assert event.contact_aliases == (
        ("bsuid", "MX.1402233445566778"),
        ("wa_id", "5215550001111"),
        *NEW_NAMES,
    )
    assert await open_line.post(from_new_number("otra", "wamid.in.new2")) == 200
    assert open_line.around.inbox.events[-1].contact_aliases == NEW_NAMES
    assert open_line.around.state("wa-main").rows == {}


async def test_a_change_is_not_forgotten_while_the_inbox_fails(open_line: Line) -> None:
    assert await open_line.post(fixture("number_changed")) == 200
    open_line.around.inbox.failures.append(OSError("disk"))
    assert await open_line.post(from_new_number()) == 500
    assert await open_line.post(from_new_number()) == 200
    assert ("wa_id", "5215550001111") in open_line.around.inbox.events[0].contact_aliases


async def test_two_changes_lead_back_to_the_first(open_line: Line) -> None:
    assert await open_line.post(fixture("number_changed")) == 200
    again = fixture("number_changed")
    message = again["entry"][0]["changes"][0]["value"]["messages"][0]
    message["from"] = "5215550009999"
    message["system"] |= {
        "previous_user_id": "MX.7700000000000001",
        "user_id": "MX.7700000000000002",
        "wa_id": "5215550007777",
    }
    assert await open_line.post(again) == 200
    body = from_new_number()
    value = body["entry"][0]["changes"][0]["value"]
    value["contacts"][0] |= {"wa_id": "5215550007777", "user_id": "MX.7700000000000002"}
    value["messages"][0] |= {"from": "5215550007777", "from_user_id": "MX.7700000000000002"}
    assert await open_line.post(body) == 200
    (event,) = open_line.around.inbox.events
    assert ("bsuid", "MX.1402233445566778") in event.contact_aliases
    assert event.contact_aliases[-1] == ("phone", "5215550007777")


async def test_a_change_told_to_one_process_is_known_to_the_other(
    open_line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = WhatsApp(settings_for(monkeypatch, "http://127.0.0.1:9"), SHOP, open_line.around.surroundings)
    assert await open_line.post(fixture("number_changed")) == 200
    body = json.dumps(from_new_number()).encode()
    assert await asyncio.to_thread(knock, Starlette(routes=there.routes()), body) == 200
    (event,) = open_line.around.inbox.events
    assert ("wa_id", "5215550001111") in event.contact_aliases
    assert not [key for key in open_line.around.state("wa-main").rows if key.startswith("moved:")]


# ---- nonsense with a good signature ----------------------------------------------------------------------------------


@pytest.fixture
def app_of(monkeypatch: pytest.MonkeyPatch) -> tuple[Starlette, Around]:
    around = Around()
    channel = WhatsApp(settings_for(monkeypatch, "http://127.0.0.1:9"), SHOP, around.surroundings)
    return Starlette(routes=channel.routes()), around


def knock(app: Starlette, body: bytes) -> int:
    """The status; an exception of the door comes through."""

    async def post() -> int:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://door") as client:
            headers = {"x-hub-signature-256": signature(body)}
            return (await client.post("/whatsapp/wa-main", content=body, headers=headers)).status_code

    return asyncio.run(post())


FUZZ = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@FUZZ
@given(data=st.data(), name=st.sampled_from(NAMES))
def test_a_spoiled_shape_never_breaks_the_door(
    app_of: tuple[Starlette, Around], data: st.DataObject, name: str
) -> None:
    app, _ = app_of
    assert knock(app, json.dumps(spoiled(data, name)).encode()) == 200


@FUZZ
@given(st.binary(max_size=200) | JSON.map(lambda body: json.dumps(body).encode()))
def test_no_signed_bytes_break_the_door(app_of: tuple[Starlette, Around], body: bytes) -> None:
    app, around = app_of
    assert knock(app, body) in {200, 400}
    assert around.inbox.events == []


@FUZZ
@given(depth=st.integers(1, 3000), name=st.sampled_from(["text", "image", "contacts", "order", "status_failed"]))
def test_no_depth_breaks_the_door(app_of: tuple[Starlette, Around], depth: int, name: str) -> None:
    app, _ = app_of
    deep = "[" * depth + "]" * depth
    body = json.dumps(fixture(name)).replace('"timestamp": ', f'"deep": {deep}, "timestamp": ')
    assert knock(app, body.encode()) in {200, 400}
