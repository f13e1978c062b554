"""Signed nonsense at every door: never 500, never an exception, and every right event gets through."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette

from adapters.bridge.channel import Bridge
from adapters.bridge.tame import seconds, tamed
from dialogs.errors import Malformed
from tests.adapters.around import SHOP, Around
from tests.adapters.bridge.conftest import FIXTURES, PUBLIC, fixture, signed, standard, twilio

TEXTS = st.text(max_size=20) | st.sampled_from(
    ["", "\ud800", "\0", "1", "true_1@c.us_2", "9" * 30, "http://[", "1e400"]
)
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.integers(min_value=-(10**40), max_value=10**40) | st.floats() | TEXTS
)
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3))
FIXTURE_NAMES = {
    speaks: sorted(path.stem for path in FIXTURES.glob(f"{speaks}_*.json"))
    for speaks in ("heqi", "waha", "evolution", "chatwoot", "twilio")
}
FEW = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def paths(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if before:
        yield before
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from paths(inner, (*before, key))


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    copy = json.loads(json.dumps(value))
    spot = copy
    for key in path[:-1]:
        spot = spot[key]
    spot[path[-1]] = new
    return copy


@contextmanager
def door(make_settings: Any, speaks: str) -> Iterator[tuple[httpx.AsyncClient, Around]]:
    around = Around(public_url=PUBLIC)
    app = Starlette(routes=list(Bridge(make_settings(speaks), SHOP, around.surroundings).routes()))
    yield httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=PUBLIC), around


def post(client: httpx.AsyncClient, body: bytes, headers: dict[str, str]) -> httpx.Response:
    """ASGITransport lets exceptions of the app through: none may come."""

    async def ask() -> httpx.Response:
        return await client.post("/bridge/wa", content=body, headers=headers)

    return asyncio.run(ask())


@pytest.mark.parametrize("speaks", ["heqi", "waha", "evolution", "chatwoot"])
def test_a_known_event_with_one_strange_value(make_settings: Any, speaks: str) -> None:
    with door(make_settings, speaks) as (client, around):

        @FEW
        @given(data=st.data())
        def run(data: st.DataObject) -> None:
            event = fixture(data.draw(st.sampled_from(FIXTURE_NAMES[speaks])))
            path = data.draw(st.sampled_from(list(paths(event))))
            body = json.dumps(changed(event, path, data.draw(JSON))).encode()
            answer = post(client, body, signed(speaks, body))
            assert answer.status_code in {200, 400, 422}, answer.text

        run()
        assert around.inbox.events, "some of them are still events"


@pytest.mark.parametrize("speaks", ["heqi", "waha", "evolution", "chatwoot"])
def test_any_json(make_settings: Any, speaks: str) -> None:
    with door(make_settings, speaks) as (client, _):

        @FEW
        @given(value=JSON)
        def run(value: Any) -> None:
            body = json.dumps(value).encode()
            answer = post(client, body, signed(speaks, body))
            assert answer.status_code in {200, 400, 422}, answer.text

        run()


@pytest.mark.parametrize("speaks", ["heqi", "waha", "evolution", "chatwoot"])
def test_any_bytes(make_settings: Any, speaks: str) -> None:
    with door(make_settings, speaks) as (client, _):

        @FEW
        @given(body=st.binary(max_size=200))
        def run(body: bytes) -> None:
            answer = post(client, body, signed(speaks, body))
            assert answer.status_code in {200, 400, 401, 422}, answer.text

        run()


def test_any_form(make_settings: Any) -> None:
    with door(make_settings, "twilio") as (client, _):
        encodable = st.text(st.characters(codec="utf-8"), max_size=20) | st.sampled_from(
            ["1", "10", "99999", "٣", "-1"]
        )

        @FEW
        @given(
            name=st.sampled_from(FIXTURE_NAMES["twilio"]),
            more=st.dictionaries(
                st.sampled_from(["NumMedia", "MediaUrl0", "MessageStatus", "From", "Body", "x"]), encodable
            ),
        )
        def run(name: str, more: dict[str, str]) -> None:
            fields = fixture(name) | more
            answer = post(client, urlencode(fields).encode(), twilio(fields))
            assert answer.status_code in {200, 422}, answer.text

        run()


HEADERS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=60)


def test_any_headers(make_settings: Any) -> None:
    body = json.dumps(fixture("heqi_message")).encode()
    with door(make_settings, "heqi") as (client, around):

        @FEW
        @given(
            change=st.dictionaries(
                st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature", "content-length"]), HEADERS
            )
        )
        def run(change: dict[str, str]) -> None:
            headers = {name: value.encode("latin-1") for name, value in (standard(body) | change).items()}
            answer = post(client, body, headers)  # type: ignore[arg-type]
            assert answer.status_code == (200 if not change else answer.status_code)
            assert answer.status_code in {200, 401, 413}, answer.text

        run()
        assert len(around.inbox.events) == 1


@FEW
@given(body=st.binary(max_size=300))
def test_json_is_tamed_or_refused(body: bytes) -> None:
    try:
        value = tamed(body)
    except Malformed:
        return
    json.dumps(value, ensure_ascii=False).encode()


@FEW
@given(value=JSON)
def test_a_moment_is_a_sane_number_or_none(value: Any) -> None:
    found = seconds(value)
    assert found is None or found > 0
