"""Templates, the check of an account, and its settings."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.channels import CHANNELS
from adapters.ports import Outgoing, Template
from adapters.secret import Secret
from adapters.whatsapp.channel import WhatsApp
from adapters.whatsapp.check import check_account
from adapters.whatsapp.client import Graph
from adapters.whatsapp.send import fetch_media, send_message
from adapters.whatsapp.settings import CAPABILITIES
from adapters.whatsapp.templates import Templates, template_of
from dialogs.errors import Ambiguous, Refused, TryLater
from dialogs.messages import Media
from tests.adapters.around import NOW, SHOP, Around, MemoryBlobs
from tests.adapters.whatsapp.conftest import Line, settings_for
from tests.adapters.whatsapp.test_parse import JSON, SCALARS
from tests.servers.meta import TOKEN, Fault

# ---- templates -------------------------------------------------------------------------------------------------------


def row(name: str, *components: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "language": "es_MX",
        "status": "APPROVED",
        "category": "UTILITY",
        "parameter_format": "POSITIONAL",
        "components": list(components),
        "id": "1689556908129832",
    } | more


BODY = {"type": "BODY", "text": "Hola {{1}}, su pedido {{2}} va en camino.", "example": {"body_text": [["Ana", "82"]]}}
PLAIN = {"type": "BODY", "text": "¿Podemos seguir?"}


def test_only_values_of_the_body_are_needed() -> None:
    assert template_of(row("update", BODY)) == Template(
        name="update", language="es_MX", text="Hola {{1}}, su pedido {{2}} va en camino.", variables=2
    )
    assert template_of(row("again", PLAIN)) == Template(name="again", language="es_MX", text="¿Podemos seguir?")


def test_the_text_is_all_the_buyer_reads() -> None:
    full = row(
        "full",
        {"type": "HEADER", "format": "TEXT", "text": "Su pedido"},
        PLAIN,
        {"type": "FOOTER", "text": "Heqi Store"},
        {
            "type": "BUTTONS",
            "buttons": [
                {"type": "QUICK_REPLY", "text": "Sí"},
                {"type": "URL", "text": "Ver", "url": "https://example.com/pedidos"},
            ],
        },
    )
    template = template_of(full)
    assert template is not None
    assert template.text == "Su pedido\n\n¿Podemos seguir?\n\nHeqi Store"


@pytest.mark.parametrize(
    "unfillable",
    [
        row("pending", BODY, status="PENDING"),
        row("paused", BODY, status="PAUSED"),
        row("code", BODY, category="AUTHENTICATION"),
        row("named", {"type": "BODY", "text": "Hola {{name}}"}, parameter_format="NAMED"),
        row("named2", {"type": "BODY", "text": "Hola {{name}}"}),
        row("gap", {"type": "BODY", "text": "Hola {{1}} {{3}}"}),
        row("picture", {"type": "HEADER", "format": "IMAGE"}, PLAIN),
        row("header", {"type": "HEADER", "format": "TEXT", "text": "Hola {{1}}"}, PLAIN),
        row("link", PLAIN, {"type": "BUTTONS", "buttons": [{"type": "URL", "url": "https://example.com/{{1}}"}]}),
        row("copy", PLAIN, {"type": "BUTTONS", "buttons": [{"type": "COPY_CODE", "text": "Copiar"}]}),
        row("cards", PLAIN, {"type": "CAROUSEL", "cards": []}),
        row("nothing"),
        row("", PLAIN),
        row("no language", PLAIN, language=None),
    ],
    ids=lambda one: one["name"],
)
def test_what_needs_more_is_not_offered(unfillable: dict[str, Any]) -> None:
    assert template_of(unfillable) is None


@given(JSON)
def test_nonsense_is_no_template(body: object) -> None:
    if isinstance(body, dict):
        assert template_of(body) is None
    for spoiled in ({"components": body}, {"components": [body]}, {"language": body}, {"status": body}):
        template_of({**row("spoiled", BODY), **spoiled})


async def test_all_pages_are_read_and_the_token_stays_in_the_header(line: Line) -> None:
    line.meta.templates = [row(f"t{n}", PLAIN) for n in range(5)] + [row("no", PLAIN, status="REJECTED")]
    assert [template.name for template in await line.channel.templates()] == ["t0", "t1", "t2", "t3", "t4"]
    assert len(line.meta.asked) == 3
    assert all(TOKEN not in str(query) for _, _, query, _ in line.meta.asked)
    assert line.meta.asked[0][2]["status"] == "APPROVED"


async def test_templates_are_asked_for_once_in_five_minutes(line: Line) -> None:
    line.meta.templates = [row("t", PLAIN)]
    await line.channel.templates()
    line.meta.templates = []
    line.around.advance(minutes=4, seconds=59)
    assert len(await line.channel.templates()) == 1
    line.around.advance(seconds=1)
    assert await line.channel.templates() == ()
    assert len(line.meta.asked) == 2


async def test_a_failure_is_not_remembered_as_no_templates(line: Line) -> None:
    line.meta.templates = [row("t", PLAIN)]
    line.meta.faults.extend([Fault(status=500), Fault(status=400, code=100)])
    with pytest.raises(TryLater):
        await line.channel.templates()
    with pytest.raises(Refused):
        await line.channel.templates()
    assert len(await line.channel.templates()) == 1


OURS = "https://shop.example/whatsapp/wa-main"

# ---- check -----------------------------------------------------------------------------------------------------------


async def test_an_account_in_order_has_nothing_to_do(line: Line) -> None:
    line.around.public_url = "https://shop.example/"
    line.meta.callbacks = {"application": OURS}
    channel = WhatsApp(line.channel._settings, SHOP, line.around.surroundings)
    findings = await channel.check()  # before it was started
    assert [finding.fix for finding in findings] == [""] * 5
    told = "\n".join(finding.what for finding in findings)
    for fact in ("+1 555-078-3881", "Heqi Store", "GREEN", OURS):
        assert fact in told
    with pytest.raises(TryLater, match="not_started"):
        await channel.templates()


@pytest.mark.parametrize("what", ["address", "permissions", "subscribed", "quality", "platform", "callback"])
async def test_every_finding_tells_the_fix_in_both_languages(line: Line, what: str) -> None:
    line.around.public_url = None if what == "address" else "https://shop.example"
    line.meta.callbacks = {"application": OURS}
    match what:
        case "permissions":
            line.meta.permissions.remove("whatsapp_business_management")
        case "subscribed":
            line.meta.subscribed = False
        case "quality":
            line.meta.number["quality_rating"] = "RED"
        case "callback":
            line.meta.callbacks["phone_number"] = "https://elsewhere.example/"
        case "platform":
            line.meta.number["platform_type"] = "ON_PREMISE"
    findings = await WhatsApp(line.channel._settings, SHOP, line.around.surroundings).check()
    (broken,) = [finding for finding in findings if not finding.fine]
    assert any("\u4e00" <= sign <= "\u9fff" for sign in broken.fix)
    assert "(" in broken.fix


@pytest.mark.parametrize(
    "fault", [Fault(status=401, code=190), Fault(status=500), Fault("half_closed"), Fault("not_json")]
)
async def test_a_check_tells_what_fails_and_raises_nothing(line: Line, fault: Fault) -> None:
    line.around.public_url = "https://shop.example"
    channel = WhatsApp(line.channel._settings, SHOP, line.around.surroundings)
    line.meta.faults.extend([fault] * 5)
    findings = await channel.check()
    assert [finding.fine for finding in findings] == [False] * 5
    assert TOKEN not in str(findings)


@pytest.mark.parametrize("level", ["application", "whatsapp_business_account", "phone_number"])
async def test_the_address_nearest_to_the_number_counts(line: Line, level: str) -> None:
    line.around.public_url = "https://shop.example"
    levels = ["application", "whatsapp_business_account", "phone_number"]
    below = levels[: levels.index(level)]
    line.meta.callbacks = dict.fromkeys(below, "https://elsewhere.example/") | {level: OURS}
    findings = await WhatsApp(line.channel._settings, SHOP, line.around.surroundings).check()
    assert all(finding.fine for finding in findings)


async def test_a_check_leaves_a_running_channel_running(line: Line) -> None:
    await line.channel.check()
    assert await line.channel.templates() == ()


# ---- settings --------------------------------------------------------------------------------------------------------


def test_the_channel_is_in_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_for(monkeypatch, "https://graph.facebook.com")
    channel = CHANNELS["whatsapp"].make(settings, SHOP, Around().surroundings)
    assert (channel.name, channel.account, channel.shop) == ("whatsapp", "wa-main", "main")
    assert channel.capabilities is CAPABILITIES


def test_an_empty_secret_is_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    empty = tmp_path / "secret"
    empty.write_text("\n", encoding="utf-8")
    empty.chmod(0o600)
    with pytest.raises(ValidationError, match="must not be empty"):
        settings_for(monkeypatch, "https://graph.facebook.com", app_secret_env=None, app_secret_file=empty)


def test_no_secret_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_for(monkeypatch, "https://graph.facebook.com")
    channel = WhatsApp(settings, SHOP, Around().surroundings)
    assert TOKEN not in f"{settings!r} {channel!r} {vars(channel)!r} {vars(channel._graph)!r}"


# ---- answers that make no sense --------------------------------------------------------------------------------------


class Says(Graph):
    """A Graph API that answers the same to everything."""

    answer: object = None

    async def get(self, path: str, params: object, *, purpose: object = None) -> object:
        return self.answer

    async def send(self, path: str, payload: object) -> object:
        return self.answer

    async def upload(self, path: str, form: object) -> object:
        return self.answer


KEYS = st.sampled_from(
    ["messages", "id", "url", "file_size", "mime_type", "data", "paging", "cursors", "after", "next"]
)
ANSWERS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=10
)


@given(ANSWERS)
def test_no_answer_of_meta_breaks_anything(answer: object) -> None:
    graph = Says(account="wa-main", api_url="http://127.0.0.1:9", version="v23.0", token=Secret(TOKEN))
    graph.answer = answer
    blobs = MemoryBlobs()

    async def ask() -> None:
        media = Media(kind="photo", mime="image/png", remote="1", ref=await blobs.put(b"png", mime="image/png"))
        for attachment in (None, media):
            outgoing = Outgoing(key="k", account="wa-main", chat="1", text="Hola", media=attachment)
            with contextlib.suppress(TryLater, Ambiguous):
                assert await send_message(graph, "1", blobs, outgoing)
        with contextlib.suppress(TryLater, Refused):
            await fetch_media(graph, "1", media)
        await Templates(graph=graph, business_id="1", now=lambda: NOW).all()
        findings = await check_account(graph, phone_id="1", business_id="1", address=OURS)
        assert len(findings) == 5

    asyncio.run(ask())
