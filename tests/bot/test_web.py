"""The one ASGI app: health, headers, the demo's front page."""

from __future__ import annotations

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from bot.health import Report
from bot.web import build_app
from tests.adapters.conftest import WebSite, demo_web, web

__all__ = ["demo_web", "web"]  # fixtures


def ask(app: Starlette, base: str = "http://127.0.0.1") -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base, trust_env=False)


async def well() -> Report:
    return Report()


async def test_alive_and_ready() -> None:
    async with ask(build_app(ready=well)) as client:
        assert (await client.get("/healthz")).json() == {"alive": True}
        assert (await client.get("/readyz")).json() == {"ready": True, "problems": {}, "warnings": {}}


async def test_what_is_not_ready_is_named() -> None:
    async def ill() -> Report:
        return Report({"database": "does not answer"})

    async with ask(build_app(ready=ill)) as client:
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()["problems"]) == (503, {"database": "does not answer"})
        assert (await client.get("/healthz")).status_code == 200


async def test_every_answer_carries_the_headers_and_keeps_its_own_policy() -> None:
    async def page(_: object) -> HTMLResponse:
        return HTMLResponse("x", headers={"content-security-policy": "default-src 'self'"})

    app = build_app(ready=well, routes=[Route("/page", page)])
    async with ask(app) as client:
        for path, policy in (("/page", "default-src 'self'"), ("/missing", "default-src 'none'")):
            headers = (await client.get(path)).headers
            assert headers["content-security-policy"] == f"{policy}; frame-ancestors 'none'"
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] == "DENY"
            assert headers["referrer-policy"] == "same-origin"
            assert "strict-transport-security" not in headers
    async with ask(app, "https://127.0.0.1") as client:
        assert "strict-transport-security" in (await client.get("/page")).headers


@pytest.mark.parametrize("path", ["/nothing", "/desk-nothing", "/chat/other"])
async def test_unknown_addresses_are_plain_404(web: WebSite, path: str) -> None:
    async with web.client() as client:
        assert (await client.get(path)).status_code == 404


async def test_the_root_leads_to_the_desk(web: WebSite, demo_web: WebSite) -> None:
    async with web.client() as client:
        assert (await client.get("/")).headers["location"] == "/desk/"
        assert (await client.get("/demo")).status_code == 404
    async with demo_web.client() as client:
        assert (await client.get("/")).headers["location"] == "/demo"


async def test_the_demo_shows_both_ends_after_the_log_in(demo_web: WebSite) -> None:
    async with demo_web.client() as client:
        assert (await client.get("/demo")).headers["location"] == "/login?next=/demo"
        client.cookies.set("heqi_session", await demo_web.memory.by_password("王芳", "geheim") or "")
        page = await client.get("/demo")
        assert page.text.count("<iframe") == 4
        assert "frame-ancestors 'self'" in page.headers["content-security-policy"]
