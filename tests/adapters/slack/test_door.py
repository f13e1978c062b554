"""The HTTP door: what is not Slack's does not come in, and nothing that comes in breaks it."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.counts import counted
from adapters.slack.door import Door
from tests.adapters.slack.conftest import House, fixture, pressed, replied, submitted
from tests.adapters.slack.views import view
from tests.servers.slack import signed


async def test_the_address_is_verified(house: House) -> None:
    answered = await house.post(fixture("url_verification"))
    assert answered.status_code == 200
    assert answered.json() == {"challenge": fixture("url_verification")["challenge"]}


@pytest.mark.parametrize("subtype", [[], {}, 7, None, ["thread_broadcast"]])
async def test_a_subtype_that_is_no_word_is_ignored(house: House, subtype: object) -> None:
    payload = fixture("thread_reply")
    payload["event"]["subtype"] = subtype
    assert (await house.post(payload)).status_code == 200
    assert house.around.inbox.events == []


@pytest.mark.parametrize(
    "change",
    [
        {"x-slack-signature": "v0=" + "0" * 64},
        {"x-slack-signature": ""},
        {"x-slack-signature": "v0=é"},
        {"x-slack-request-timestamp": ""},
        {"x-slack-request-timestamp": "soon"},
        {"x-slack-request-timestamp": "1e9"},
        {"x-slack-request-timestamp": "²"},
        {"x-slack-request-timestamp": "-5"},
        {"x-slack-request-timestamp": "9" * 5000},
    ],
)
async def test_what_is_not_signed_as_it_must_be_is_refused(house: House, change: dict[str, str]) -> None:
    body = json.dumps(fixture("url_verification")).encode()
    headers = {**signed(body, house.around.time.timestamp()), **change}
    before = counted("slack", "bad_signature")
    async with httpx.AsyncClient(base_url=house.base, trust_env=False) as client:
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        answered = await client.post("/slack/events", content=body, headers=raw)
    assert answered.status_code == 401
    assert counted("slack", "bad_signature") == before + 1


@pytest.mark.parametrize(("seconds", "status"), [(-301, 401), (-299, 200), (299, 200), (301, 401)])
async def test_a_signature_is_good_for_five_minutes(house: House, seconds: int, status: int) -> None:
    body = json.dumps(fixture("url_verification")).encode()
    headers = signed(body, house.around.time.timestamp() + seconds)
    async with httpx.AsyncClient(base_url=house.base, trust_env=False) as client:
        assert (await client.post("/slack/events", content=body, headers=headers)).status_code == status


async def test_another_secret_is_refused(house: House) -> None:
    body = json.dumps(fixture("url_verification")).encode()
    headers = signed(body, house.around.time.timestamp(), secret="another")
    async with httpx.AsyncClient(base_url=house.base, trust_env=False) as client:
        assert (await client.post("/slack/events", content=body, headers=headers)).status_code == 401


async def test_a_body_is_signed_as_it_is(house: House) -> None:
    body = json.dumps(pressed("heqi_claim", {"conversation": 7})).encode()
    headers = signed(body, house.around.time.timestamp())
    async with httpx.AsyncClient(base_url=house.base, trust_env=False) as client:
        answered = await client.post("/slack/events", content=body + b" ", headers=headers)
    assert answered.status_code == 401


async def test_a_request_above_a_megabyte_is_refused_before_it_is_read(house: House) -> None:
    assert (await house.send(b"{" + b" " * 1_000_000)).status_code == 413


@pytest.mark.parametrize(
    "body", [b"{", b"payload=", b"payload=%7B", b"", b"[1]", b'{"a":' * 50_000, b"{\xff}", b"9" * 6000]
)
async def test_a_signed_body_that_is_nothing_is_no_error_of_ours(house: House, body: bytes) -> None:
    assert (await house.send(body)).status_code in {400, 401}


async def test_only_posts_come_in(house: House) -> None:
    async with httpx.AsyncClient(base_url=house.base, trust_env=False) as client:
        assert (await client.get("/slack/events")).status_code == 405


@pytest.mark.parametrize(
    "value",
    [
        "", "no json", "[]", "{}", '{"conversation": 0}',
        '{"conversation": "7"}', '{"conversation": 99999999999999999999}',
        '{"conversation": true}', '{"conversation": 7, "note": 5}', '{"conversation": 7.5}', "{" * 1900,
    ],
)  # fmt: skip
async def test_a_button_with_a_strange_value_is_ignored(house: House, value: str) -> None:
    await house.show(view())
    payload = pressed("heqi_claim", {})
    payload["actions"][0]["value"] = value
    assert (await house.post(payload)).status_code == 200
    await house.settled()
    assert house.server.whispers == [], "nothing was looked up for it"
    assert house.around.inbox.events == []


async def test_a_link_that_was_opened_is_only_acknowledged(house: House) -> None:
    await house.show(view())
    payload = pressed("heqi_open", {})
    del payload["actions"][0]["value"]
    assert (await house.post(payload)).status_code == 200
    assert house.around.inbox.events == []


_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=12), st.just("\ud800"),
    st.just(10**40), st.just("message"), st.just("U0XIAOWANG"), st.just("C0ALERTS01"), st.just("1772452800.000001"),
)  # fmt: skip
_ANYTHING = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["id", "type", "text", "elements", "value", "ts", "x"]), inner, max_size=4),
    ),
    max_leaves=12,
)


@st.composite
def _bent(draw: st.DrawFn) -> object:
    """A documented payload with some of its fields replaced or taken out; sometimes no such payload at all."""
    payload: object = draw(
        st.sampled_from(
            [
                pressed("heqi_claim", {"conversation": 7, "escalation": 3}),
                pressed("heqi_send", {"conversation": 7, "note": "x"}),
                replied("好", ts="1772452800.000001"),
                submitted("V000000001"),
                fixture("url_verification"),
                fixture("message_changed"),
            ]
        )
    )
    for _ in range(draw(st.integers(0, 4))):
        node = payload
        while isinstance(node, (dict, list)) and node:
            keys = list(node) if isinstance(node, dict) else list(range(len(node)))
            key = draw(st.sampled_from(keys))
            if not isinstance(node[key], (dict, list)) or draw(st.booleans()):
                node[key] = draw(_ANYTHING)
                break
            node = node[key]
    return draw(st.one_of(st.just(payload), _ANYTHING)) if draw(st.integers(0, 9)) == 0 else payload


async def test_no_signed_payload_breaks_the_door(house: House) -> None:
    await house.show(view())
    ts = house.server.posts()[0]["ts"]
    house.around.state("slack").rows["thread:C0ALERTS01:1772452800.000001"] = "7"
    door = house.board.routes()[0].endpoint
    assert isinstance(door.__self__, Door)
    loop, transport = asyncio.get_running_loop(), httpx.ASGITransport(app=_app(house))
    statuses: set[int] = set()

    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    @given(payload=_bent(), form=st.booleans())
    def fuzz(payload: object, *, form: bool) -> None:
        text = json.dumps(payload)
        body = urlencode({"payload": text}).encode() if form else text.encode()

        async def send() -> int:
            async with httpx.AsyncClient(transport=transport, base_url="http://slack.test") as client:
                headers = signed(body, house.around.time.timestamp())
                return (await client.post("/slack/events", content=body, headers=headers)).status_code

        status = asyncio.run_coroutine_threadsafe(send(), loop).result(20)
        statuses.add(status)
        assert status in {200, 400}, payload

    await asyncio.to_thread(fuzz)
    await house.settled()
    assert 200 in statuses
    assert ts


def _app(house: House) -> object:
    from starlette.applications import Starlette

    return Starlette(routes=list(house.board.routes()))
