"""Probes: ``/healthz``, ``/readyz`` and ``/metrics``, for whatever watches this process."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot import metrics
from bot.health import Report

Ready = Callable[[], Awaitable[Report]]

_FRESH: Final = {"cache-control": "no-store"}


def probes(ready: Ready, *, metrics_from: Sequence[str] = ()) -> list[BaseRoute]:
    """The routes. ``metrics_from`` are the networks that may read the metrics, beside this machine itself."""
    return [
        Route("/healthz", _alive, methods=["GET"]),
        Route("/readyz", _readiness(ready), methods=["GET"]),
        Route("/metrics", _metrics(ready, metrics_from), methods=["GET"]),
    ]


async def _alive(_: Request) -> Response:
    """The event loop answers: nothing else is asked."""
    return JSONResponse({"alive": True}, headers=_FRESH)


def _readiness(ready: Ready) -> Callable[[Request], Awaitable[Response]]:
    async def answer(_: Request) -> Response:
        report = await ready()
        told = {
            "ready": not report.problems,
            "problems": dict(report.problems),
            "warnings": dict(report.warnings),
        }
        return JSONResponse(told, status_code=503 if report.problems else 200, headers=_FRESH)

    return answer


def _metrics(ready: Ready, metrics_from: Sequence[str]) -> Callable[[Request], Awaitable[Response]]:
    """What a shop receives and sends is nobody else's business: others are told that there is nothing here."""
    networks = [ipaddress.ip_network(network, strict=False) for network in metrics_from]

    async def answer(request: Request) -> Response:
        if not _may_read(request, networks):
            return Response(status_code=404)
        await ready()  # brings what is measured by looking up to date
        return Response(metrics.page(), media_type=metrics.CONTENT_TYPE)

    return answer


def _may_read(request: Request, networks: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    if request.client is None:
        return False
    try:
        address = ipaddress.ip_address(request.client.host)
    except ValueError:  # no address: a socket file, or what a proxy made up
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_loopback or any(address in network for network in networks)
