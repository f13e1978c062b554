"""Traces leave through the real exporter to a collector on the loopback, and hold no words."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import structlog
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bot import logs, tracing
from bot.tracing import NoTracing, exporting, span, traced
from dialogs.errors import TryLater
from tests.bot.house import House


@dataclass
class Collector:
    """What came, and how it is answered; ``hang`` never answers."""

    url: str = ""
    hang: bool = False
    bodies: list[bytes] = field(default_factory=list)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: web.Request) -> web.Response:
        assert request.path == "/v1/traces"
        self.bodies.append(await request.read())
        if self.hang:
            await self.released.wait()
        return web.Response()

    @property
    def spans(self) -> list:
        found = []
        for body in self.bodies:
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    found += scope.spans
        return found

    def named(self, name: str):
        return [one for one in self.spans if one.name == name]


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    collector = Collector()
    app = web.Application()
    app.router.add_post("/{path:.*}", collector.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    collector.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield collector
    finally:
        collector.released.set()
        await runner.cleanup()


def attributes(one) -> dict[str, object]:
    return {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in one.attributes}


async def test_a_message_is_seen_at_every_station_without_its_words(house: House) -> None:
    async with collecting() as collector:
        async with exporting(collector.url):
            accepted = await house.buyer("WORDS of a buyer")
            await house.choose(accepted.conversation_id, "WORDS of a seller")
            house.manager.failures.append(RuntimeError("WORDS of an error"))
            await house.buyer("WORDS again")
        (turn, *_) = collector.named("turn")
        assert attributes(turn)["type"] == "buyer_wrote"
        inside = {one.name for one in collector.spans if one.parent_span_id == turn.span_id}
        assert inside == {"decide", "save"}
        assert attributes(collector.named("accept")[0]) == {"type": "buyer_wrote", "account": "shop-fake"}
        assert attributes(collector.named("delivery")[0])["account"] == "shop-fake"
        (failed,) = [one for one in collector.spans if one.status.code == 2]
        assert (failed.name, failed.status.message) == ("decide", "RuntimeError")
        assert not any(b"WORDS" in body for body in collector.bodies)


async def test_log_lines_name_their_trace() -> None:
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers[:], root.level
    logs.configure(stream=stream)
    async with collecting() as collector:
        async with exporting(f"{collector.url}/v1/traces"):
            structlog.get_logger().info("outside")
            with span("here", number=7):
                structlog.get_logger().info("inside")
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()
        outside, inside = [json.loads(line) for line in stream.getvalue().splitlines()]
        assert "trace_id" not in outside
        (one,) = collector.spans
        assert inside["trace_id"] == one.trace_id.hex()
        assert attributes(one) == {"number": 7}


async def test_without_an_endpoint_nothing_is_recorded_and_nothing_changes() -> None:
    class Thing:
        @traced("double", lambda _, number: {"number": number})
        async def double(self, number: int) -> int:
            return 2 * number

    async with exporting(None):
        assert await Thing().double(4) == 8
        assert span("one") is span("two", of="it")
    assert tracing._tracer is None


async def test_a_traced_call_returns_and_raises_as_it_would() -> None:
    class Thing:
        @traced("half", lambda _, number: {"number": number})
        async def half(self, number: int) -> int:
            if number % 2:
                raise TryLater("odd")
            return number // 2

    async with collecting() as collector:
        async with exporting(collector.url):
            assert await Thing().half(4) == 2
            with pytest.raises(TryLater, match="odd"):
                await Thing().half(3)
        assert [attributes(one)["number"] for one in collector.named("half")] == [4, 3]
        assert [one.status.message for one in collector.named("half")] == ["", "TryLater"]


async def test_a_collector_that_never_answers_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "CALL_SECONDS", 0.5)
    monkeypatch.setattr(tracing, "LAST_SECONDS", 0.1)
    async with collecting() as collector:
        collector.hang = True
        async with asyncio.timeout(20), exporting(collector.url):
            for _ in range(2000):  # four calls
                with span("lost"):
                    pass
        assert len(collector.bodies) < 4


async def test_missing_libraries_are_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(NoTracing, match=r"heqi\[tracing\]"):
        async with exporting("http://127.0.0.1:1"):
            pass
