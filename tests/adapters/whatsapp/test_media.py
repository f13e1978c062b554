"""Attachments both ways: types, sizes, addresses."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.ports import Outgoing
from adapters.whatsapp import send
from adapters.whatsapp.client import Graph
from adapters.whatsapp.settings import MEGABYTE
from dialogs.errors import Ambiguous, HeqiError, Refused, TryLater
from dialogs.messages import Media
from tests.adapters.whatsapp.conftest import Line
from tests.servers.meta import PHONE_ID, TOKEN, Fault

JPEG = b"\xff\xd8\xff" + b"0" * 500


async def attached(line: Line, kind: str, mime: str, content: bytes = JPEG, text: str = "", **more: Any) -> Outgoing:
    ref = await line.around.blobs.put(content, mime=mime)
    media = Media(kind=kind, name=more.pop("name", ""), mime=mime, size=len(content), ref=ref)
    return Outgoing(key="k", account="wa-main", chat="5215550001111", text=text, media=media, **more)


# ---- out -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "mime", "sent_as"),
    [
        ("photo", "image/jpeg", "image"),
        ("photo", "image/png", "image"),
        ("video", "video/mp4", "video"),
        ("voice", "audio/ogg; codecs=opus", "audio"),
        ("document", "application/pdf", "document"),
        ("document", "image/png", "document"),
    ],
)
async def test_an_attachment_is_uploaded_and_sent_by_its_id(line: Line, kind: str, mime: str, sent_as: str) -> None:
    assert await line.channel.send(await attached(line, kind, mime, name="foto 1.bin")) == "wamid.out.1"
    (upload,) = line.meta.uploads
    assert upload.content == JPEG
    assert upload.fields == {"messaging_product": "whatsapp", "type": mime.partition(";")[0]}
    assert (upload.filename, upload.mime) == ("file", mime.partition(";")[0])
    part = {"id": "881"} | ({"filename": "foto 1.bin"} if sent_as == "document" else {})
    assert line.meta.sent[0]["type"] == sent_as
    assert line.meta.sent[0][sent_as] == part


async def test_words_beside_an_attachment_are_its_caption(line: Line) -> None:
    outgoing = await attached(line, "photo", "image/png", text="Mire", buttons=("Sí", "No"), reply_to="wamid.in.1")
    await line.channel.send(outgoing)
    assert line.meta.sent[0]["image"]["caption"] == "Mire\nSí\nNo"
    assert line.meta.sent[0]["context"] == {"message_id": "wamid.in.1"}


@pytest.mark.parametrize(
    ("kind", "mime", "text", "reason"),
    [
        ("photo", "image/webp", "", "media_type"),
        ("photo", "application/pdf", "", "media_type"),
        ("photo", "", "", "media_type"),
        ("video", "video/webm", "", "media_type"),
        ("voice", "audio/wav", "", "media_type"),
        ("document", "application/x-msdownload", "", "media_type"),
        ("sticker", "image/webp", "", "media_type"),
        ("location", "image/png", "", "media_type"),
        ("voice", "audio/mpeg", "oye", "caption"),
        ("photo", "image/png", "x" * 1025, "caption_too_long"),
        ("photo", "image/png", "😀" * 513, "caption_too_long"),
    ],
)
async def test_what_whatsapp_does_not_take_is_not_uploaded(
    line: Line, kind: str, mime: str, text: str, reason: str
) -> None:
    with pytest.raises(Refused) as raised:
        await line.channel.send(await attached(line, kind, mime, text=text))
    assert raised.value.reason == reason
    assert line.meta.asked == []


@pytest.mark.parametrize(
    ("kind", "mime", "limit"),
    [("photo", "image/png", 5), ("video", "video/mp4", 16), ("voice", "audio/mpeg", 16)],
)
async def test_sizes_are_checked_by_kind(line: Line, kind: str, mime: str, limit: int) -> None:
    await line.channel.send(await attached(line, kind, mime, bytes(limit * MEGABYTE)))
    assert len(line.meta.uploads[0].content) == limit * MEGABYTE
    with pytest.raises(Refused, match="too_big"):
        await line.channel.send(await attached(line, kind, mime, bytes(limit * MEGABYTE + 1)))
    assert len(line.meta.uploads) == 1


async def test_bytes_that_are_not_stored_any_more_cannot_be_sent(line: Line) -> None:
    outgoing = await attached(line, "photo", "image/png")
    line.around.blobs.stored.clear()
    with pytest.raises(Refused, match="gone"):
        await line.channel.send(outgoing)


@pytest.mark.parametrize(
    ("fault", "kind", "reason"),
    [
        (Fault(status=503, path="/media"), TryLater, "server_error"),
        (Fault("drop", path="/media"), TryLater, "connection_lost"),
        (Fault("not_json", path="/media"), TryLater, "malformed_answer"),
        (Fault("no_id", path="/media"), TryLater, "malformed_answer"),
        (Fault(status=400, code=131053, path="/media"), Refused, "media_type"),
        (Fault(status=503, path="/messages"), Ambiguous, "server_error"),
        (Fault("drop", path="/messages"), Ambiguous, "connection_lost"),
    ],
)
async def test_only_the_message_itself_can_be_ambiguous(
    line: Line, fault: Fault, kind: type[HeqiError], reason: str
) -> None:
    line.meta.faults.append(fault)
    with pytest.raises(kind, match=reason):
        await line.channel.send(await attached(line, "photo", "image/png"))


# ---- in --------------------------------------------------------------------------------------------------------------


def incoming(kind: str = "photo", remote: str = "777", mime: str = "image/jpeg") -> Media:
    return Media(kind=kind, mime=mime, remote=remote)


async def test_an_attachment_is_fetched_with_the_token(line: Line) -> None:
    line.meta.files["777"] = (JPEG, "image/jpeg")
    assert await line.channel.fetch(incoming()) == (JPEG, "image/jpeg")
    (_, path, query, _), (_, file, _, headers) = line.meta.asked
    assert (path, query) == ("/v23.0/777", {"phone_number_id": PHONE_ID})
    assert file == "/files/777"
    assert headers["Authorization"] == f"Bearer {TOKEN}"


async def test_the_type_is_meta_s_and_has_no_parameters(line: Line) -> None:
    line.meta.files["777"] = (b"OggS", "audio/ogg; codecs=opus")
    assert await line.channel.fetch(incoming("voice")) == (b"OggS", "audio/ogg")


@pytest.mark.parametrize(
    "address",
    [
        "http://lookaside.fbsbx.com/x",
        "https://lookaside.fbsbx.com.evil.example/x",
        "https://evil.example/lookaside.fbsbx.com",
        "https://fbcdn.net.evil.example/x",
        "https://evilfbcdn.net/x",
        "https://user:pass@lookaside.fbsbx.com/x",
        "https://lookaside.fbsbx.com:8443/x",
        "https://127.0.0.1/x",
        "http://127.0.0.1:1/x",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "//lookaside.fbsbx.com/x",
        "https://[::1",
        "https://lookaside.fbsbx.com:port/x",
    ],
)
async def test_the_token_goes_to_no_other_host(line: Line, address: str) -> None:
    line.meta.files["777"] = (JPEG, "image/jpeg")
    line.meta.addresses["777"] = address
    with pytest.raises(Refused, match="foreign_host"):
        await line.channel.fetch(incoming())
    assert len(line.meta.asked) == 1


@pytest.mark.parametrize(
    "address",
    [
        "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1",
        "https://scontent.xx.fbcdn.net/v/x",
        "https://mmg.whatsapp.net/x",
        "https://LOOKASIDE.fbsbx.com:443/x",
    ],
)
async def test_meta_s_download_hosts_are_known(line: Line, address: str) -> None:
    graph: Graph = line.channel._graph
    assert graph._is_metas(address)


async def test_a_redirect_within_meta_is_followed(line: Line) -> None:
    line.meta.files |= {"777": (b"", "image/jpeg"), "778": (JPEG, "image/jpeg")}
    line.meta.redirects["777"] = "/files/778"
    assert await line.channel.fetch(incoming()) == (JPEG, "image/jpeg")


@pytest.mark.parametrize(
    ("target", "reason"),
    [("https://evil.example/x", "foreign_host"), ("/files/777", "redirected"), ("", "redirected")],
)
async def test_other_redirects_are_not(line: Line, target: str, reason: str) -> None:
    line.meta.files["777"] = (JPEG, "image/jpeg")
    line.meta.redirects["777"] = target
    with pytest.raises(Refused, match=reason):
        await line.channel.fetch(incoming())


async def test_what_is_told_to_be_too_big_is_not_downloaded(line: Line) -> None:
    line.meta.files["777"] = (JPEG, "image/jpeg")
    line.meta.sizes["777"] = 16 * MEGABYTE + 1
    with pytest.raises(Refused, match="too_big"):
        await line.channel.fetch(incoming())
    assert len(line.meta.asked) == 1


@pytest.mark.parametrize("chunked", [False, True])
async def test_what_turns_out_to_be_too_big_is_cut_off(
    line: Line,
    monkeypatch: pytest.MonkeyPatch,
    chunked: bool,  # noqa: FBT001
) -> None:
    line.meta.chunked = chunked
    monkeypatch.setattr(send, "_LARGEST_OTHER_IN", 1000)
    line.meta.files["777"] = (b"0" * 1001, "image/jpeg")
    line.meta.sizes["777"] = 5
    with pytest.raises(Refused, match="too_big"):
        await line.channel.fetch(incoming())
    line.meta.files["777"] = (b"0" * 1000, "image/jpeg")
    assert len((await line.channel.fetch(incoming()))[0]) == 1000


async def test_a_document_may_be_larger_than_a_picture(line: Line) -> None:
    line.meta.files["777"] = (JPEG, "application/pdf")
    line.meta.sizes["777"] = 99 * MEGABYTE
    assert (await line.channel.fetch(incoming("document")))[1] == "application/pdf"


@pytest.mark.parametrize(
    ("fault", "kind", "reason"),
    [
        (Fault(status=404, path="/files"), Refused, "gone"),
        (Fault(status=410, path="/files"), Refused, "gone"),
        (Fault(status=400, code=131052), Refused, "gone"),
        (Fault(status=401, code=190), TryLater, "bad_token"),
        (Fault(status=401, path="/files"), TryLater, "bad_token"),
        (Fault(status=429), TryLater, "rate_limited"),
        (Fault(status=500), TryLater, "server_error"),
        (Fault("half_closed", path="/files"), TryLater, "connection_lost"),
        (Fault("not_json"), TryLater, "malformed_answer"),
        (Fault("no_id"), TryLater, "malformed_answer"),
    ],
)
async def test_a_download_is_later_or_never(line: Line, fault: Fault, kind: type[HeqiError], reason: str) -> None:
    line.meta.files["777"] = (JPEG, "image/jpeg")
    line.meta.faults.append(fault)
    with pytest.raises(kind, match=reason):
        await line.channel.fetch(incoming())


async def test_an_attachment_meta_has_forgotten_is_gone(line: Line) -> None:
    with pytest.raises(Refused, match="gone"):
        await line.channel.fetch(incoming(remote="1234"))


async def test_a_media_id_stays_one_part_of_the_address(line: Line) -> None:
    # Meta knows no attachment of that name; the list of permissions would have been an answer.
    with pytest.raises(Refused, match="gone"):
        await line.channel.fetch(incoming(remote="../v23.0/me/permissions?x=1#y"))
