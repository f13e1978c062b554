"""Logs are JSON lines that never hold a buyer's words or a secret."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from bot import logs
from dialogs.errors import TryLater


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure(stream=stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


def read(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_has_time_level_event_and_values(lines: io.StringIO) -> None:
    structlog.get_logger("bot.turns").info("turn", conversation=7, outcome="done", ms=12)
    (line,) = read(lines)
    assert line["event"] == "turn"
    assert (line["conversation"], line["outcome"], line["ms"], line["level"]) == (7, "done", 12, "info")
    assert str(line["timestamp"]).endswith("Z")


def test_dangerous_keys_are_dropped_wherever_they_are(lines: io.StringIO) -> None:
    structlog.get_logger().warning(
        "turn",
        text="WORDS",
        buyer_text="WORDS",
        api_key="WORDS",
        nested={"token": "WORDS", "list": [{"body": "WORDS"}]},
    )
    assert "WORDS" not in lines.getvalue()
    assert read(lines)[0]["event"] == "turn"


def test_secrets_in_addresses_are_cut(lines: io.StringIO) -> None:
    logging.getLogger("httpx").warning("GET https://u:SECRET@a.example/x failed")
    structlog.get_logger().info("call", url="https://a.example/t?key=SECRET&q=SECRET")
    structlog.get_logger().info("call", path="/bot12345:SECRETSECRETSECRETSECRET/sendMessage")
    assert "SECRET" not in lines.getvalue()
    assert "https://a.example/t?" in lines.getvalue()


def test_errors_tell_place_and_type_but_quote_nothing_of_others(lines: io.StringIO) -> None:
    def fail(words: str) -> None:
        raise ValueError(words)

    try:
        try:
            fail("WORDS of a buyer")
        except ValueError as error:
            raise TryLater("engine is busy") from error
    except TryLater:
        structlog.get_logger().exception("turn failed")
    (line,) = read(lines)
    assert "WORDS" not in lines.getvalue().replace('fail(\\"WORDS of a buyer\\")', "")
    assert "TryLater: engine is busy" in str(line["exception"])
    assert "ValueError\n" in str(line["exception"])
    assert "test_logs.py" in str(line["exception"])


def test_standard_logging_takes_the_same_way(lines: io.StringIO) -> None:
    logging.getLogger("some.library").warning("odd %s", "thing")
    (line,) = read(lines)
    assert (line["event"], line["logger"]) == ("odd thing", "some.library")


def test_what_asyncio_quotes_of_a_failed_task_is_cut(lines: io.StringIO) -> None:
    logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: <Task exception=E('WORDS')>")
    assert "WORDS" not in lines.getvalue()


@pytest.mark.parametrize(
    "name", ["httpx", "telegram.ext", "urllib3.connectionpool", "aiohttp.access", "uvicorn.access"]
)
def test_requests_of_libraries_are_no_lines(lines: io.StringIO, name: str) -> None:
    logging.getLogger(name).info("POST https://a.example/botTOKEN")
    assert lines.getvalue() == ""


def test_a_person_sees_no_json() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = Terminal()
    logs.configure(stream=stream)
    structlog.get_logger().info("ready", port=8080)
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()
    assert "ready" in stream.getvalue()
    assert not stream.getvalue().startswith("{")
