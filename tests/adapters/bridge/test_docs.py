"""docs/bridges.md is true: its commands are run as they stand, its names are those of the product."""

from __future__ import annotations

import asyncio
import os
import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.applications import Starlette

from adapters.bridge.channel import Bridge
from adapters.bridge.contract import KINDS
from adapters.bridge.settings import BridgeSettings
from tests.adapters.around import SHOP, Around
from tests.adapters.bridge.conftest import Opens
from tests.adapters.memory_site import serve

PAGE = (Path(__file__).parents[3] / "docs" / "bridges.md").read_text(encoding="utf-8")
MAKE_SECRET, SEND = re.findall(r"^```sh\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
CHINESE, ENGLISH = PAGE.split("\n## English\n")


async def run(script: str, **environment: str) -> str:
    process = await asyncio.create_subprocess_exec(
        "sh",
        "-eu",
        "-c",
        script,
        env={"PATH": os.environ["PATH"], "no_proxy": "*"} | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()
    return out.decode()


async def test_the_commands_make_a_secret_and_send_a_signed_event(
    make_settings: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = (await run(MAKE_SECRET)).strip()
    make_settings()
    monkeypatch.setenv("MADE_SECRET", secret)
    around = Around(time=datetime.now(UTC))
    bridge = Bridge(make_settings(secret_env="MADE_SECRET"), SHOP, around.surroundings)
    async with serve(Starlette(routes=list(bridge.routes()))) as base:
        said = await run(SEND, SECRET=secret, URL=f"{base}/bridge/wa")
        assert said.split() == ['{"ok":true}', "200"]
        refused = await run(SEND, SECRET="whsec_" + "A" * 44, URL=f"{base}/bridge/wa")
        assert refused.split()[-1] == "401"
    (event,) = around.inbox.events
    assert event.body.text == "Wo ist mein Paket?"  # type: ignore[union-attr]
    assert event.contact_name == "Lena"


def test_the_settings_in_it_are_right(monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = re.findall(r"^```toml\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
    monkeypatch.setenv("BRIDGE_SECRET", "whsec_" + "A" * 44)
    (account,) = tomllib.loads(example)["accounts"]
    settings = BridgeSettings.model_validate(account)
    assert settings.media_hosts == ("127.0.0.1:3100",)


@pytest.mark.parametrize("half", [CHINESE, ENGLISH], ids=["chinese", "english"])
def test_both_halves_tell_the_same(half: str) -> None:
    for kind in KINDS:
        assert f"| `{kind}` |" in half
    for name in ("event", "message", "answer", "error"):
        assert f"(../adapters/bridge/schema/{name}.json)" in half
    for speaks in ("waha", "evolution", "chatwoot", "twilio"):
        assert f'speaks = "{speaks}"' in half
    for word in ("i_know_the_risk", "old_secret_", "media_hosts", "server.public_url", "x-heqi-secret", "409", "401"):
        assert word in half


def test_its_links_lead_somewhere() -> None:
    folder = Path(__file__).parents[3] / "docs"
    for target in re.findall(r"\]\(([^)#]+)\)", PAGE):
        assert (folder / target).exists(), target
    headings = {"#" + line.lstrip("# ").lower() for line in PAGE.splitlines() if line.startswith("#")}
    assert set(re.findall(r"\]\((#[^)]+)\)", PAGE)) <= headings
