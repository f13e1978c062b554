"""What the contract's events become, and how wrong ones are told."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import adapters.bridge
from adapters.bridge.contract import schemas
from adapters.counts import counted
from dialogs.errors import Malformed
from dialogs.events import BuyerDeleted, BuyerEdited, BuyerWrote, Event, Receipt, SellerWrote
from dialogs.messages import DeliveryState, Media
from tests.adapters.around import NOW
from tests.adapters.bridge.conftest import House, fixture, standard

SCHEMAS = Path(adapters.bridge.__file__).parent / "schema"
MINUTE_AGO = NOW - timedelta(minutes=1)


async def test_a_buyers_message(house: House) -> None:
    await house.tell(fixture("heqi_message"))
    assert house.events == [
        Event(
            account="wa",
            external_id="3EB0A1",
            body=BuyerWrote(text="Wo ist mein Paket?", reply_to="3EB0OUT"),
            at=MINUTE_AGO,
            chat="chat-1",
            contact_name="Lena Beispiel",
            contact_aliases=(("id", "4915100000001@c.us"), ("phone", "4915100000001"), ("lid", "77700000000001")),
        )
    ]


async def test_the_contact_is_the_chat_when_none_is_named(house: House) -> None:
    event = fixture("heqi_message")
    del event["conversation_id"]
    await house.tell(event)
    assert house.events[0].chat == "4915100000001@c.us"


async def test_what_the_shop_wrote_keeps_its_id_so_that_an_echo_is_known(house: House) -> None:
    await house.tell(fixture("heqi_from_me"))
    assert house.events[0].external_id == "3EB0B1"
    assert house.bodies == [SellerWrote(text="Wir prüfen das.")]


async def test_a_status_an_edit_and_a_deletion(house: House) -> None:
    for name in ("heqi_status", "heqi_edit", "heqi_delete"):
        assert (await house.tell(fixture(name), name=name)).status_code == 200
    assert house.bodies == [
        Receipt(of="3EB0OUT", state=DeliveryState.FAILED, error="unreachable"),
        BuyerEdited(of="3EB0A1", text="Wo ist mein Paket 12345?"),
        BuyerDeleted(of="3EB0A1"),
    ]
    assert [event.external_id for event in house.events] == [
        "status:3EB0OUT:failed",
        "edit:3EB0A1:heqi_edit",
        "delete:3EB0A1",
    ]


async def test_sent_delivered_and_read_with_one_id_are_three_events(house: House) -> None:
    status = fixture("heqi_status")
    for state in ("sent", "delivered", "read"):
        await house.tell(status | {"status": {"of": "3EB0OUT", "state": state}}, name=state)
    assert [body.state for body in house.bodies] == ["sent", "delivered", "read"]  # type: ignore[attr-defined]


async def test_a_pressed_button_is_what_it_says_or_else_its_id(house: House) -> None:
    event = fixture("heqi_message") | {"button_id": "refund"}
    await house.tell(event | {"id": "1", "text": "Erstattung"})
    await house.tell(event | {"id": "2", "text": None})
    assert [body.text for body in house.bodies] == ["Erstattung", "refund"]  # type: ignore[attr-defined]


async def test_a_reaction_is_counted(house: House) -> None:
    before = counted("wa", "reaction")
    assert (await house.tell(fixture("heqi_reaction"))).status_code == 200
    assert house.events == []
    assert counted("wa", "reaction") == before + 1


async def test_a_kind_of_the_future_is_counted_and_thanked_for(house: House) -> None:
    before = counted("wa", "unknown_type")
    assert (await house.tell({"type": "poll", "question": "?"})).status_code == 200
    assert counted("wa", "unknown_type") == before + 1


@pytest.mark.parametrize("kind", ["edit", "delete"])
async def test_what_the_shop_changed_itself_is_counted(house: House, kind: str) -> None:
    before = counted("wa", "own_change")
    assert (await house.tell(fixture(f"heqi_{kind}") | {"from_me": True})).status_code == 200
    assert house.events == []
    assert counted("wa", "own_change") == before + 1


@pytest.mark.parametrize("kind", ["edit", "delete", "status"])
async def test_what_is_told_of_a_message_nobody_knows_is_thanked_for(house: House, kind: str) -> None:
    house.around.inbox.failures.append(Malformed("of: there is no message of that id"))
    assert (await house.tell(fixture(f"heqi_{kind}"))).status_code == 200
    assert house.events == []


@pytest.mark.parametrize("kind", ["message", "status"])
async def test_what_could_not_be_stored_is_sent_again(house: House, kind: str) -> None:
    house.around.inbox.failures.append(OSError("the disk is full"))
    assert (await house.tell(fixture(f"heqi_{kind}"))).status_code == 500
    assert (await house.tell(fixture(f"heqi_{kind}"))).status_code == 200
    assert len(house.events) == 1


async def test_a_clock_ahead_does_not_reorder_a_talk(house: House) -> None:
    await house.tell(fixture("heqi_message") | {"ts": NOW.timestamp() + 86_400})
    assert house.events[0].at == NOW


async def test_a_moment_may_have_a_fraction(house: House) -> None:
    await house.tell(fixture("heqi_message") | {"ts": 1772452740.5})
    assert house.events[0].at == datetime(2026, 3, 2, 11, 59, 0, 500_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": None}, "id"),
        ({"id": 5}, "id"),
        ({"id": ""}, "id"),
        ({"id": "x" * 201}, "id"),
        ({"ts": "1772452740"}, "ts"),
        ({"ts": 1772452740000}, "ts"),
        ({"ts": -1}, "ts"),
        ({"ts": True}, "ts"),
        ({"from_me": "yes"}, "from_me"),
        ({"contact": None}, "contact"),
        ({"contact": {}}, "contact.id"),
        ({"contact": {"id": "a", "aliases": {"phone": 49}}}, "contact.aliases.phone"),
        ({"text": ["a"]}, "text"),
        ({"text": " "}, "text"),
        ({"text": None}, "text"),
        ({"text": "x" * 65_537}, "text"),
        ({"media": {}}, "media"),
        ({"media": [{"url": 1}]}, "media.0.url"),
        ({"media": [{"url": "https://a.example", "base64": "AA=="}]}, "media.0"),
        ({"media": [{"base64": "AA==", "sha256": "short"}]}, "media.0.sha256"),
        ({"media": [{"base64": "AA==", "size": -1}]}, "media.0.size"),
        ({"media": [{}] * 31}, "media"),
        ({"type": 5}, "type"),
        ({"type": "status"}, "status"),
        ({"type": "status", "status": {"of": "1", "state": "lost"}}, "status.state"),
        ({"type": "status", "status": {"of": "1", "state": "failed", "error": "No such user!"}}, "status.error"),
        ({"type": "edit", "text": None}, "text"),
        ({"type": "session", "state": "Logged Out"}, "state"),
    ],
)
async def test_a_wrong_field_is_named(house: House, change: dict[str, Any], field: str) -> None:
    answer = await house.tell(fixture("heqi_message") | change)
    assert answer.status_code == 422
    assert field in [problem["field"] for problem in answer.json()["fields"]]
    assert house.events == []


@pytest.mark.parametrize("given", [[], "text", 5, None, [{"type": "message"}]])
async def test_anything_but_an_object_is_wrong(house: House, given: object) -> None:
    answer = await house.tell(given)
    assert answer.status_code == 422


async def test_an_answer_repeats_no_words_of_the_buyer(house: House) -> None:
    answer = await house.tell(fixture("heqi_message") | {"reply_to": 5, "text": "geheim" * 20_000})
    assert answer.status_code == 422
    assert "geheim" not in answer.text


@pytest.mark.parametrize("body", [b"", b"{", b'{"ts": NaN}', b"\xc3\xa9", b'{"ts": ' + b"9" * 5000 + b"}"])
async def test_what_is_no_json_is_400(house: House, body: bytes) -> None:
    answer = await house.post(body, standard(body))
    assert answer.status_code == 400


@pytest.mark.parametrize("depth", [65, 1500, 200_000])
async def test_what_is_nested_too_deep_is_400(house: House, depth: int) -> None:
    body = b'{"type":"message","x":' + b"[" * depth + b"]" * depth + b"}"
    answer = await house.post(body, standard(body))
    assert answer.status_code == 400


async def test_half_a_surrogate_pair_does_not_cost_the_message(house: House) -> None:
    body = json.dumps(fixture("heqi_message") | {"text": "kaputt \ud83d", "x\ud800": 1}).encode()
    assert (await house.post(body, standard(body))).status_code == 200
    assert house.bodies[0].text == "kaputt \ufffd"  # type: ignore[attr-defined]


async def test_twenty_megabytes_are_the_most(house: House) -> None:
    body = b" " * (20 * 1024 * 1024 + 1)
    assert (await house.post(body, standard(body))).status_code == 413


async def test_no_more_than_twenty_megabytes_are_read(house: House) -> None:
    read = 0

    async def endless() -> Any:
        nonlocal read
        for _ in range(100):
            read += 1024 * 1024
            yield b" " * (1024 * 1024)

    answer = await house.http.post("/bridge/wa", content=endless(), headers=standard(b""))
    assert answer.status_code == 413
    assert read <= 22 * 1024 * 1024


async def test_an_attachment_that_is_not_there_is_said_to_be_gone(house: House) -> None:
    await house.tell(fixture("heqi_message") | {"media": [{"mime": "image/jpeg", "name": "a.jpg"}]})
    assert house.bodies[0].media == (  # type: ignore[attr-defined]
        Media(kind="photo", name="a.jpg", mime="image/jpeg", error="gone"),
    )


def write_schemas() -> None:
    """python -c "from tests.adapters.bridge.test_contract import write_schemas; write_schemas()" after a change."""
    for name, schema in schemas().items():
        text = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        (SCHEMAS / f"{name}.json").write_text(text, encoding="utf-8")


@pytest.mark.parametrize("name", ["event", "message", "answer", "error"])
async def test_the_published_schemas_are_the_models(house: House, name: str) -> None:
    assert json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8")) == schemas()[name]
    answer = await house.http.get(f"/bridge/schema/{name}.json")
    assert answer.status_code == 200
    assert answer.json() == schemas()[name]


def test_no_schema_is_left_over() -> None:
    assert {path.stem for path in SCHEMAS.iterdir()} == set(schemas())


async def test_other_files_are_not_published(house: House) -> None:
    for name in ("contract", "..%2f..%2fsettings", "event.json"):
        assert (await house.http.get(f"/bridge/schema/{name}.json")).status_code == 404
