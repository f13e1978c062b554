"""Traces: spans of the stations of a message, sent to an OpenTelemetry collector when one is set.

Without ``[tracing]`` the libraries are not loaded and a span is one comparison. Attributes hold ids and words of our
own, never a text; of an error the name of its class.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

from structlog.typing import EventDict

from dialogs.errors import HeqiError

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

P = ParamSpec("P")
T = TypeVar("T")
Attributes = Mapping[str, str | int | bool]

CALL_SECONDS: Final = 5.0  # of one call to the collector
LAST_SECONDS: Final = 5.0  # for what is left when the service stops
PATH: Final = "/v1/traces"  # OpenTelemetry, "OTLP/HTTP Request"

_NOTHING: Final[AbstractContextManager[None]] = nullcontext()
_tracer: Tracer | None = None


class NoTracing(HeqiError):  # noqa: N818 - named by what is missing
    """Traces are asked for and the libraries are not installed."""


def span(name: str, /, **attributes: str | int | bool) -> AbstractContextManager[None]:
    """A span around what the context does; spans within it are its children."""
    return _NOTHING if _tracer is None else _recorded(_tracer, name, attributes)


def traced(
    name: str, of: Callable[..., Attributes] | None = None
) -> Callable[[Callable[P, Coroutine[Any, Any, T]]], Callable[P, Coroutine[Any, Any, T]]]:
    """A span around each call of a coroutine function; ``of`` makes its attributes of the arguments."""

    def decorate(function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
        async def within(tracer: Tracer, *args: P.args, **kwargs: P.kwargs) -> T:
            with _recorded(tracer, name, {} if of is None else of(*args, **kwargs)):
                return await function(*args, **kwargs)

        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, T]:
            return function(*args, **kwargs) if _tracer is None else within(_tracer, *args, **kwargs)

        return call

    return decorate


@contextmanager
def _recorded(tracer: Tracer, name: str, attributes: Attributes) -> Iterator[None]:
    from opentelemetry.trace import StatusCode  # noqa: PLC0415 - loaded by now

    # The library would keep the error's text and the lines around it, which may quote a buyer.
    with tracer.start_as_current_span(
        name, attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as current:
        try:
            yield
        except Exception as error:
            current.set_status(StatusCode.ERROR, type(error).__name__)
            raise


def name_trace(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Add the id of the present trace to a log line, so that one leads to the other."""
    if _tracer is not None:
        from opentelemetry.trace import format_trace_id, get_current_span  # noqa: PLC0415

        context = get_current_span().get_span_context()
        if context.is_valid:
            event["trace_id"] = format_trace_id(context.trace_id)
    return event


@asynccontextmanager
async def exporting(endpoint: str | None) -> AsyncIterator[None]:
    """Send spans to the collector at ``endpoint`` (OTLP over HTTP) while the context is open; None: there are none.

    What a collector asks for besides stands in OpenTelemetry's own variables: ``OTEL_EXPORTER_OTLP_HEADERS``,
    ``OTEL_TRACES_SAMPLER``, ``OTEL_RESOURCE_ATTRIBUTES``.

    Raises:
        NoTracing: the libraries are not installed.
    """
    global _tracer  # noqa: PLW0603 - hooks must cost nothing, so there is one tracer for the process
    if endpoint is None:
        yield
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError as error:
        raise NoTracing(
            "[tracing] 需要 OpenTelemetry，请执行 pip install 'heqi[tracing]' (it needs OpenTelemetry: install that)"
        ) from error
    exporter = OTLPSpanExporter(endpoint=endpoint.removesuffix(PATH) + PATH, timeout=CALL_SECONDS)
    provider = TracerProvider(resource=Resource.create({"service.name": "heqi"}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    _tracer = provider.get_tracer("heqi")
    try:
        yield
    finally:
        _tracer = None
        await _ended(provider.shutdown, exporter.shutdown)


async def _ended(finish: Callable[[], None], give_up: Callable[[], None]) -> None:
    """Send what is left, for a few seconds; a collector that does not answer must not hold up the end."""
    with ThreadPoolExecutor(1, thread_name_prefix="last-spans") as thread:
        sending = asyncio.get_running_loop().run_in_executor(thread, finish)
        _, late = await asyncio.wait({sending}, timeout=LAST_SECONDS)
        if late:
            give_up()
        await sending
