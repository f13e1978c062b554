"""Logs: one JSON line per thing that happened, on standard error, without buyers' words and without secrets."""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor

from bot.tracing import name_trace
from dialogs.errors import HeqiError

# Keys that never reach a line, wherever they are nested: what people wrote, and what opens doors.
_HIDDEN = re.compile(
    r"(?:^|_)(?:text|texts|seller_text|buyer_text|body|content|words|message|cue|contact_name|buyer|alias|aliases|phone"
    r"|email|token|secret|password|key|authorization|cookie|cookies|signature|session|headers)$"
)
# Loggers of libraries that write addresses, headers or one line a request; only their warnings are worth a line.
_CHATTY = (
    "aiohttp", "alembic", "asyncio", "deep_translator", "engineio", "httpcore", "httpx", "nicegui", "socketio",
    "slack_bolt", "slack_sdk", "sqlalchemy", "telegram", "urllib3", "watchfiles", "websockets",
)  # fmt: skip
_ADDRESS = re.compile(r"(https?://)[^\s/?#'\"]*@|(https?://[^\s?#'\"]+)\?[^\s'\"]*")
_BOT_TOKEN = re.compile(r"\bbot\d+:[\w-]{20,}")


def configure(*, stream: TextIO = sys.stderr, level: int = logging.INFO) -> None:
    """Send structlog and standard logging through one pipe to ``stream``: JSON, or colours where a person looks."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        name_trace,
    ]
    last: Processor = structlog.processors.JSONRenderer(ensure_ascii=False)
    if stream.isatty():
        last = structlog.dev.ConsoleRenderer(colors=True)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, trace, hide, last],
        )
    )
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    _tame()


def trace(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Turn ``exc_info`` into places and types. Messages of errors may quote what was worked on; only ours never do."""
    info = event.pop("exc_info", None)
    if info:
        error = info if isinstance(info, BaseException) else info[1] if isinstance(info, tuple) else sys.exc_info()[1]
        if error is not None:
            event["exception"] = _places(error)
    return event


def _places(error: BaseException) -> str:
    parts: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        head = type(current).__qualname__
        if isinstance(current, HeqiError):
            head += f": {current}"
        elif isinstance(current, OSError) and current.strerror:
            head += f": {current.strerror}"
        parts.append("".join([f"{head}\n", *traceback.format_tb(current.__traceback__)]).rstrip())
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "\ncaused by ".join(parts)


def hide(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Drop values under dangerous keys and the secret parts of addresses; the event's own name stays."""
    safe = _safe({key: value for key, value in event.items() if key not in {"event", "logger", "level", "timestamp"}})
    head = {key: event[key] for key in ("timestamp", "level", "logger", "event") if key in event}
    if isinstance(head.get("event"), str):
        # Libraries put what they quote on further lines (asyncio the failed task with its error).
        head["event"] = _without_secrets(head["event"].partition("\n")[0])
    return {**head, **safe}


def _safe(values: MutableMapping[str, object]) -> dict[str, object]:
    return {key: "…" if _HIDDEN.search(key.lower()) else _safe_value(value) for key, value in values.items()}


def _safe_value(value: object) -> object:
    match value:
        case dict():
            return _safe({str(key): inner for key, inner in value.items()})
        case list() | tuple():
            return [_safe_value(inner) for inner in value]
        case str():
            return _without_secrets(value)
        case _:
            return value


def _without_secrets(text: str) -> str:
    text = _ADDRESS.sub(lambda found: f"{found[1]}…@" if found[1] else f"{found[2]}?…", text)
    return _BOT_TOKEN.sub("bot…", text)


def _tame() -> None:
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    # It warns of each span that is dropped while a collector is down; that it is down is an error, told once a while.
    logging.getLogger("opentelemetry").setLevel(logging.ERROR)
    logging.getLogger("uvicorn.access").setLevel(logging.WARNING)  # addresses hold one-time links
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        uvicorn = logging.getLogger(name)
        uvicorn.handlers.clear()
        uvicorn.propagate = True
