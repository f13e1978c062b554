"""Attachments: bytes that came along, addresses that may be fetched, and all that may not."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from typing import Any

import aiohttp
import pytest

from adapters.bridge.hosts import Hosts, is_inside
from adapters.bridge.media import kind_of, mime_of
from dialogs.errors import Refused, TryLater
from dialogs.messages import Media
from tests.adapters.bridge.conftest import KEY, House, Opens, fixture
from tests.servers.bridges import Fault

PHOTO = b"\xff\xd8\xff\xe0" + b"picture" * 10
SHA = hashlib.sha256(PHOTO).hexdigest()


def encoded(content: bytes = PHOTO, **more: Any) -> dict[str, Any]:
    return {"base64": base64.b64encode(content).decode(), "mime": "image/jpeg", "name": "box.jpg"} | more


async def taken(house: House, attachment: dict[str, Any]) -> Media:
    """What becomes of an attachment at the door."""
    answer = await house.tell(fixture("heqi_message") | {"media": [attachment]})
    assert answer.status_code == 200, answer.text
    (media,) = house.bodies[-1].media  # type: ignore[attr-defined]
    return media  # type: ignore[no-any-return]


async def test_bytes_are_stored_before_the_event(house: House) -> None:
    media = await taken(house, encoded(size=len(PHOTO), sha256=SHA.upper()))
    assert media == Media(kind="photo", name="box.jpg", mime="image/jpeg", size=len(PHOTO), ref="blob-1")
    assert house.around.blobs.stored["blob-1"] == (PHOTO, "image/jpeg")


@pytest.mark.parametrize(
    ("attachment", "error"),
    [
        (encoded(base64="not base64!"), "bad_base64"),
        (encoded(base64=""), "bad_base64"),
        (encoded(base64="é"), "bad_base64"),
        (encoded(size=3), "bad_size"),
        (encoded(sha256="0" * 64), "bad_checksum"),
    ],
)
async def test_wrong_bytes_cost_the_attachment_and_not_the_message(
    house: House, attachment: dict[str, Any], error: str
) -> None:
    media = await taken(house, attachment)
    assert (media.error, media.ref) == (error, "")
    assert house.around.blobs.stored == {}


async def test_bytes_above_the_cap_are_not_stored(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.bridge.media.largest", lambda _kind: 10)
    media = await taken(house, encoded())
    assert media.error == "too_big"
    assert house.around.blobs.stored == {}


@pytest.mark.parametrize(
    ("content", "declared", "mime", "kind"),
    [
        (PHOTO, "application/pdf", "image/jpeg", "photo"),
        (b"\x89PNG\r\n\x1a\n...", "image/jpeg", "image/png", "photo"),
        (b"RIFF0000WEBPVP8 ", "", "image/webp", "photo"),
        (b"GIF89a..", "", "image/gif", "photo"),
        (b"<script>", "image/jpeg", "application/octet-stream", "document"),
        (b"<svg>", "image/svg+xml", "application/octet-stream", "document"),
        (b"%PDF-1.7", "image/png", "application/pdf", "document"),
        (b"OggS....", "audio/ogg; codecs=opus", "audio/ogg", "voice"),
        (b"\0\0\0\x20ftypisom", "", "video/mp4", "video"),
        (b"\0\0\0\x20ftypM4A ", "audio/mp4", "audio/mp4", "voice"),
        (b"hello", "text/plain; charset=utf-8", "text/plain", "document"),
        (b"hello", "Text/PLAIN", "text/plain", "document"),
        (b"hello", "no mime", "application/octet-stream", "document"),
        (b"hello", "text/html\r\nx: y", "application/octet-stream", "document"),
    ],
)
def test_a_file_is_what_it_begins_like(content: bytes, declared: str, mime: str, kind: str) -> None:
    assert mime_of(content, declared) == mime
    assert kind_of(mime) == kind


@pytest.mark.parametrize("given", ["../../etc/passwd", "C:\\Users\\passwd", "/passwd", "passwd"])
async def test_a_name_is_no_path(house: House, given: str) -> None:
    assert (await taken(house, encoded(name=given))).name == "passwd"


def there(house: House, name: str = "box.jpg", content: bytes | str = PHOTO) -> str:
    house.server.files[name] = content
    house.server.mimes[name] = "image/jpeg"
    return f"{house.server.url}/media/{name}"


async def test_an_address_on_an_allowed_host_is_fetched_later(house: House) -> None:
    media = await taken(house, {"url": there(house), "mime": "image/jpeg", "sha256": SHA})
    assert (media.kind, media.ref, media.error) == ("photo", "", "")
    assert house.server.asked == []
    assert await house.bridge.fetch(media) == (PHOTO, "image/jpeg")


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://127.0.0.1:1/a.jpg", "host_not_allowed"),
        ("https://elsewhere.example.com/a.jpg", "host_not_allowed"),
        ("http://127.0.0.1/a.jpg", "host_not_allowed"),
        ("http://169.254.169.254/latest/meta-data", "host_not_allowed"),
        ("file:///etc/passwd", "bad_url"),
        ("ftp://127.0.0.1/a", "bad_url"),
        ("//127.0.0.1/a", "bad_url"),
        ("http://[", "bad_url"),
        ("http://a:999999/", "bad_url"),
        ("not an address", "bad_url"),
    ],
)
async def test_other_addresses_never_are(house: House, url: str, error: str) -> None:
    media = await taken(house, {"url": url, "mime": "image/jpeg"})
    assert (media.error, media.remote) == (error, "")


async def test_no_user_and_password_in_an_address(house: House) -> None:
    url = there(house).replace("http://", f"http://{house.server.host}@")
    assert (await taken(house, {"url": url})).error == "bad_url"


@pytest.mark.parametrize(
    ("allowed", "url", "problem"),
    [
        ("cdn.example.com", "https://cdn.example.com/a", ""),
        ("cdn.example.com", "https://CDN.example.com:443/a", ""),
        ("cdn.example.com", "https://cdn.example.com:8443/a", "host_not_allowed"),
        ("cdn.example.com:8443", "https://cdn.example.com:8443/a", ""),
        ("cdn.example.com:8443", "https://cdn.example.com/a", "host_not_allowed"),
        ("cdn.example.com", "https://cdn.example.com.evil.example/a", "host_not_allowed"),
        ("cdn.example.com", "https://evil.example/cdn.example.com", "host_not_allowed"),
        ("cdn.example.com", "https://cdn.example.com@evil.example/a", "bad_url"),
        ("cdn.example.com", "https://cdn.example.com./a", "host_not_allowed"),
        ("cdn.example.com", "http://cdn.example.com/a", "not_https"),
        ("waha:3000", "http://waha:3000/a", ""),
        ("10.0.0.5:3000", "http://10.0.0.5:3000/a", ""),
        ("localhost:3000", "http://localhost:3000/a", ""),
        ("waha.internal", "http://waha.internal/a", ""),
    ],
)
def test_a_host_is_allowed_to_the_letter(allowed: str, url: str, problem: str) -> None:
    assert Hosts([allowed]).problem(url) == problem


def test_inside_are_addresses_bare_names_and_local_domains() -> None:
    assert all(map(is_inside, ("10.0.0.5", "localhost", "waha", "nas.local", "a.home.arpa")))
    assert not any(map(is_inside, ("example.com", "local.example.com", "1.2.example")))


async def fetched(house: House, url: str, **more: Any) -> tuple[bytes, str]:
    remote = json.dumps({"url": url, "sha256": more.pop("sha256", None)})
    return await house.bridge.fetch(Media(kind="photo", mime="image/jpeg", remote=remote))


@pytest.mark.parametrize(
    "target", ["http://169.254.169.254/", "http://127.0.0.1:9/elsewhere", "file:///etc/passwd", ""]
)
async def test_a_redirect_leads_nowhere_but_to_allowed_hosts(house: House, target: str) -> None:
    with pytest.raises(Refused, match="redirected"):
        await fetched(house, there(house, "moved", target))
    assert len(house.server.asked) == 1


async def test_a_redirect_on_an_allowed_host_is_followed_a_little(house: House) -> None:
    there(house)
    assert await fetched(house, there(house, "moved", "/media/box.jpg")) == (PHOTO, "image/jpeg")
    with pytest.raises(Refused, match="redirected"):
        await fetched(house, there(house, "round", "/media/round"))


async def test_a_checksum_is_checked(house: House) -> None:
    assert (await fetched(house, there(house), sha256=SHA))[0] == PHOTO
    with pytest.raises(Refused, match="bad_checksum"):
        await fetched(house, there(house), sha256="0" * 64)


async def test_a_file_above_the_cap_is_refused(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.bridge.fetching.largest", lambda _kind: len(PHOTO))
    assert (await fetched(house, there(house)))[0] == PHOTO
    with pytest.raises(Refused, match="too_big"):
        await fetched(house, there(house, "big.jpg", PHOTO + b"x"))


async def test_a_declared_size_above_the_cap_is_not_even_asked_for(house: House) -> None:
    media = await taken(house, {"url": there(house), "mime": "image/jpeg", "size": 17 * 1024 * 1024})
    assert (media.error, media.remote) == ("too_big", "")


async def test_a_page_is_no_picture(house: House) -> None:
    content, mime = await fetched(house, there(house, "page", b"<html>log in</html>"))
    assert (content, mime) == (b"<html>log in</html>", "application/octet-stream")


@pytest.mark.parametrize(
    ("status", "error"),
    [(404, Refused), (410, Refused), (401, Refused), (403, Refused), (204, Refused), (429, TryLater), (503, TryLater)],
)
async def test_answers_of_a_media_host(house: House, status: int, error: type[Exception]) -> None:
    house.server.faults.append(Fault(status=status))
    with pytest.raises(error):
        await fetched(house, there(house))


async def test_half_a_file_is_fetched_again(house: House) -> None:
    house.server.faults.append(Fault(kind="half"))
    with pytest.raises(TryLater):
        await fetched(house, there(house))


async def test_a_host_that_is_down_is_asked_again(opens: Opens) -> None:
    house = await opens(media_hosts=("127.0.0.1:9",))
    with pytest.raises(TryLater):
        await fetched(house, "http://127.0.0.1:9/a.jpg")


@pytest.mark.parametrize("remote", ["", "{", "[]", '{"url": 5}', '"text"'])
async def test_a_place_that_makes_no_sense_is_gone(house: House, remote: str) -> None:
    with pytest.raises(Refused):
        await house.bridge.fetch(Media(kind="photo", remote=remote))


async def test_only_the_bridges_own_host_sees_its_key(opens: Opens) -> None:
    house = await opens("waha")
    await fetched(house, there(house))
    assert house.server.last.headers["x-api-key"] == KEY
    other = await opens("waha", url="http://127.0.0.1:9")
    await fetched(other, there(other))
    assert "x-api-key" not in other.server.last.headers


@pytest.mark.parametrize("name", ["heqi", "evolution", "chatwoot", "twilio"])
async def test_a_fetch_carries_no_other_key(opens: Opens, name: str) -> None:
    house = await opens(name)
    await fetched(house, there(house))
    shown = " ".join(house.server.last.headers)
    assert ("authorization" in shown) == (name == "twilio")
    assert "apikey" not in shown
    assert "api_access_token" not in shown


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fd00::1"])
async def test_a_public_name_that_leads_inside_is_refused(
    opens: Opens, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    house = await opens(media_hosts=("cdn.example.com",))
    pretend(monkeypatch, address)
    with pytest.raises(Refused, match="private_address"):
        await fetched(house, "https://cdn.example.com/a.jpg")


async def test_a_bare_name_may_lead_inside(opens: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    house = await opens()
    port = house.server.host.rpartition(":")[2]
    house = await opens(media_hosts=(f"waha:{port}",))
    pretend(monkeypatch, "127.0.0.1")
    there(house)
    assert (await fetched(house, f"http://waha:{port}/media/box.jpg"))[0] == PHOTO


def pretend(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Names are asked for outside of what is tested; here every name leads to ``address``."""

    async def resolve(_self: object, host: str, port: int = 0, family: int = 0) -> list[dict[str, Any]]:
        await asyncio.sleep(0)
        kind = 10 if ":" in address else 2
        return [{"hostname": host, "host": address, "port": port, "family": kind, "proto": 0, "flags": 0}]

    monkeypatch.setattr(aiohttp.ThreadedResolver, "resolve", resolve)
