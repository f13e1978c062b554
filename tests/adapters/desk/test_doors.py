"""The desk over HTTP: nobody but agents gets in, and nobody else's page can act for them."""

from __future__ import annotations

import re

import aiohttp
import httpx
import pytest

from tests.adapters.conftest import WebSite

SOCKET = "/desk/_nicegui_ws/socket.io/?EIO=4&transport=websocket"


async def form_of(client: httpx.AsyncClient, path: str = "/login") -> str:
    page = await client.get(path)
    found = re.search(r'name="form" value="([^"]+)"', page.text)
    assert found is not None
    return found[1]


async def log_in(client: httpx.AsyncClient, **given: str) -> httpx.Response:
    data = {"form": await form_of(client), "name": "王芳", "password": "geheim", **given}
    return await client.post("/login", data=data)


async def test_an_agent_logs_in_and_out(web: WebSite) -> None:
    async with web.client() as client:
        entered = await log_in(client)
        assert (entered.status_code, entered.headers["location"]) == (303, "/desk/")
        cookie = entered.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        page = await client.get("/desk/")
        assert page.status_code == 200
        assert "王芳" in page.text
        left = await client.post("/logout")
        assert left.headers["location"] == "/login"
        assert not web.memory.sessions
        assert (await client.get("/desk/")).headers["location"] == "/login"


async def test_a_wrong_password_is_refused_and_guessing_slowed_down(web: WebSite) -> None:
    async with web.client() as client:
        answers = [await log_in(client, password="x") for _ in range(12)]
        assert answers[0].status_code == 401
        assert "姓名或密码不对" in answers[0].text
        assert answers[-1].status_code == 429
        assert int(answers[-1].headers["retry-after"]) > 0
        assert (await log_in(client)).status_code == 429


async def test_a_log_in_needs_the_form_this_browser_got(web: WebSite) -> None:
    async with web.client() as client, web.client() as other:
        foreign = await form_of(other)
        await form_of(client)
        data = {"name": "王芳", "password": "geheim", "form": foreign}
        assert (await client.post("/login", data=data)).status_code == 403
        own = await form_of(client)
        elsewhere = await client.post("/login", data={**data, "form": own}, headers={"origin": "https://evil.example"})
        assert elsewhere.status_code == 403
        assert not web.memory.sessions


async def test_what_was_typed_is_escaped(web: WebSite) -> None:
    async with web.client() as client:
        answer = await log_in(client, name='"><script>alert(1)</script>')
        assert "<script>alert" not in answer.text
        assert "&lt;script&gt;" in answer.text


async def test_a_link_works_once_and_not_by_looking_at_it(web: WebSite) -> None:
    async with web.client() as client:
        for _ in range(2):
            form = await form_of(client, "/login/link-wang?next=/demo")
        entered = await client.post("/login/link-wang", data={"form": form, "next": "/demo"})
        assert (entered.status_code, entered.headers["location"]) == (303, "/demo")
    async with web.client() as client:
        form = await form_of(client, "/login/link-wang")
        again = await client.post("/login/link-wang", data={"form": form})
        assert again.status_code == 401
        assert "链接已用过或已过期" in again.text


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/logout"])
async def test_a_log_in_leads_nowhere_else(web: WebSite, target: str) -> None:
    async with web.client() as client:
        assert (await log_in(client, next=target)).headers["location"] == "/desk/"


@pytest.mark.parametrize("path", ["/desk/", "/desk/7"])
async def test_pages_send_strangers_to_the_log_in(web: WebSite, path: str) -> None:
    async with web.client() as client:
        answer = await client.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")


@pytest.mark.parametrize("path", ["/desk/_nicegui/x", "/desk/_nicegui_ws/socket.io/?EIO=4&transport=polling"])
async def test_files_and_polling_need_a_session(web: WebSite, path: str) -> None:
    async with web.client() as client:
        assert (await client.get(path)).status_code == 401
        assert (await client.post(path)).status_code == 401


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
async def test_sockets_of_other_sites_are_refused(web: WebSite, origin: str) -> None:
    async with web.client() as client:
        await log_in(client)
        async with aiohttp.ClientSession(cookies=dict(client.cookies)) as session:
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await session.ws_connect(f"{web.base}{SOCKET}", headers={"origin": origin})
            async with session.ws_connect(f"{web.base}{SOCKET}", headers={"origin": web.base}) as socket:
                assert (await socket.receive_str(timeout=10)).startswith("0")


async def test_sockets_need_a_session(web: WebSite) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(f"{web.base}{SOCKET}", headers={"origin": web.base})


async def test_scripts_carry_a_fresh_nonce(web: WebSite) -> None:
    async with web.client() as client:
        await log_in(client)
        nonces = set()
        for _ in range(2):
            page = await client.get("/desk/")
            (nonce,) = set(re.findall(r'<script nonce="([^"]+)"', page.text))
            assert page.text.count("<script") == page.text.count(f'<script nonce="{nonce}"')
            policy = page.headers["content-security-policy"]
            assert f"'nonce-{nonce}'" in policy
            assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]
            nonces.add(nonce)
        assert len(nonces) == 2


async def test_buyers_words_cannot_leave_the_data_of_the_page(web: WebSite) -> None:
    await web.memory.buyer("ana", "</script><script>alert(1)</script>${alert(2)}`", name="<img src=x onerror=alert(3)>")
    async with web.client() as client:
        await log_in(client)
        page = (await client.get("/desk/")).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "${alert" not in page


async def test_the_desk_shows_media_to_agents(web: WebSite) -> None:
    ref = await web.memory.put(b"<script>", mime="text/html")
    async with web.client() as client:
        assert (await client.get(f"/desk/media/{ref}")).status_code == 401
        await log_in(client)
        shown = await client.get(f"/desk/media/{ref}")
        assert shown.headers["content-type"] == "application/octet-stream"
        assert shown.headers["content-disposition"] == "attachment"
        assert (await client.get("/desk/media/none")).status_code == 404


async def test_the_log_in_speaks_english_when_asked(web: WebSite) -> None:
    async with web.client(cookies={"heqi_language": "en"}) as client:
        assert "Log in" in (await client.get("/login")).text


async def test_an_unknown_conversation_is_told(web: WebSite) -> None:
    async with web.client() as client:
        await log_in(client)
        page = await client.get("/desk/999")
        assert page.status_code == 200
        assert "gone" in page.text
