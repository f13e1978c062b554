"""Throws broken requests at every door of the whole product and counts the answers; any 5xx is a failure.

Run as ``make fuzz`` (``python tools/fuzz.py 500 7`` throws 500 at each door with the seed 7). Payloads begin as the
documented shapes of ``tests/fixtures`` and are bent: values of other types, missing and strange fields, huge numbers,
halves of surrogate pairs, deep nesting, truncated and random bytes. Most are signed as they must be and get in.
"""

from __future__ import annotations

import asyncio
import copy
import json
import logging
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from adapters.doors import RateLimit  # noqa: E402 - found by the line above
from adapters.secret import Secret  # noqa: E402
from adapters.telegram.webhook import secret_of  # noqa: E402
from bot import logs  # noqa: E402
from bot.app import App  # noqa: E402
from bot.settings_file import load  # noqa: E402
from tests.adapters.bridge.conftest import PLAIN_SECRET, SECRET, chatwoot, evolution, standard, waha  # noqa: E402
from tests.adapters.whatsapp.conftest import signature  # noqa: E402
from tests.servers.slack import SIGNING_SECRET, signed  # noqa: E402
from tests.servers.telegram import TOKEN, telegram_server  # noqa: E402

Json = dict[str, Any] | list[Any] | str | float | bool | None

REQUESTS = 10_000
SIDE_BY_SIDE = 16
BASE = "https://desk.example.com"
NOWHERE = "http://127.0.0.1:9"  # discard: nothing answers there
APP_KEY = "app-secret"
OWNER = 5005  # of the business account in the fixtures
STRANGE = (
    None, True, False, 0, -1, 2**63, 10**30, 1.5, float("inf"), "", " ", "\u0000", "\ud800", "\u202e", "<!channel>",
    "x" * 5000, [], {}, [[]], {"": ""}, [None], "0", "null", "-1", "9" * 400,
)  # fmt: skip

ENVIRONMENT = {
    "FUZZ_TELEGRAM": TOKEN,
    "FUZZ_WA_TOKEN": "t",
    "FUZZ_WA_SECRET": APP_KEY,
    "FUZZ_WA_VERIFY": "v",
    "FUZZ_BRIDGE": SECRET,
    "FUZZ_PLAIN": PLAIN_SECRET,
    "FUZZ_KEY": "key",
    "FUZZ_SLACK": "xoxb-1",
    "FUZZ_SIGNING": SIGNING_SECRET,
}
BRIDGES = ("waha", "evolution", "chatwoot")
SETTINGS = f"""
data = "var"
engines = []
[server]
public_url = "{BASE}"
[[accounts]]
channel = "webchat"
id = "web"
shop = "main"
[[accounts]]
channel = "telegram"
id = "tg"
shop = "main"
token_env = "FUZZ_TELEGRAM"
receive = "webhook"
api_url = "{{telegram}}"
[[accounts]]
channel = "whatsapp"
id = "wa"
shop = "main"
phone_id = "106540352242922"
business_id = "102290129340398"
token_env = "FUZZ_WA_TOKEN"
app_secret_env = "FUZZ_WA_SECRET"
verify_token_env = "FUZZ_WA_VERIFY"
api_url = "{NOWHERE}"
[[accounts]]
channel = "bridge"
id = "heqi"
shop = "main"
url = "{NOWHERE}"
secret_env = "FUZZ_BRIDGE"
i_know_the_risk = true
[slack]
mode = "http"
channel = "C0ALERTS01"
bot_token_env = "FUZZ_SLACK"
signing_secret_env = "FUZZ_SIGNING"
api_url = "{NOWHERE}/api"
""" + "".join(
    f"""
[[accounts]]
channel = "bridge"
id = "{name}"
shop = "main"
speaks = "{name}"
sender = "7"
url = "{NOWHERE}{"/api/v1/accounts/1" if name == "chatwoot" else ""}"
secret_env = "FUZZ_PLAIN"
key_env = "FUZZ_KEY"
i_know_the_risk = true
"""
    for name in BRIDGES
)


@dataclass(frozen=True)
class Door:
    """One door: what well-formed requests look like, and how they are signed."""

    name: str
    path: str
    shapes: tuple[Any, ...]
    sign: Callable[[bytes], Mapping[str, str]]
    form: bool = False


# ---- broken payloads -------------------------------------------------------------------------------------------------


def bent(shape: Json, chance: random.Random) -> Json:
    """A copy of ``shape`` with one to three places changed."""
    given = json.loads(json.dumps(shape))
    for _ in range(chance.randint(1, 3)):
        places = list(_places(given))
        if not places:
            return _strange(chance)
        holder, key = chance.choice(places)
        match chance.randrange(5):
            case 0:
                holder[key] = _deep(chance)
            case 1 if isinstance(holder, dict):
                del holder[key]
            case 2 if isinstance(holder, list):
                holder.append(json.loads(json.dumps(holder[key])))
            case 3 if isinstance(holder, dict):
                holder[str(chance.choice(STRANGE))] = holder[key]
            case _:
                holder[key] = _strange(chance)
    return given


def _places(value: Any, depth: int = 0) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401 - any JSON
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys if depth < 30 else ():
        yield value, key
        yield from _places(value[key], depth + 1)


def _strange(chance: random.Random) -> Json:
    return copy.deepcopy(chance.choice(STRANGE))


def _deep(chance: random.Random) -> Json:
    value: Json = _strange(chance)
    for _ in range(chance.choice((3, 50, 250))):
        value = [value] if chance.random() < 0.5 else {"a": value}
    return value


def payload(door: Door, chance: random.Random) -> bytes:
    """The bytes of one request."""
    kind = chance.random()
    if kind < 0.03:
        return chance.randbytes(chance.randrange(200))
    if kind < 0.04:
        return b"[" * 10_000 + b"]" * 10_000
    shape = chance.choice(door.shapes)
    text = json.dumps(bent(shape, chance) if kind < 0.9 else shape)
    if kind > 0.97:
        text = text[: chance.randrange(len(text))]
    if door.form:
        return urlencode({"payload": text}).encode()
    return text.encode()


# ---- doors -----------------------------------------------------------------------------------------------------------


def _fixtures(folder: str, prefix: str = "") -> tuple[Any, ...]:
    files = sorted((ROOT / "tests" / "fixtures" / folder).glob(f"{prefix}*.json"))
    if not files:
        raise FileNotFoundError(folder)
    return tuple(json.loads(file.read_text(encoding="utf-8")) for file in files)


def doors() -> tuple[Door, ...]:
    """All doors that take what platforms and buyers send."""
    now = str(int(time.time()))
    telegram = {"x-telegram-bot-api-secret-token": secret_of(Secret(TOKEN), "tg")}
    slack = [shape for shape in _fixtures("slack") if shape.get("type") not in {"block_actions", "view_submission"}]
    pressed = [shape for shape in _fixtures("slack") if shape.get("type") in {"block_actions", "view_submission"}]
    return (
        Door("web chat", "/chat/web/messages", ({"id": "0123456789ab", "text": "Hola", "name": "Ana"},), _browser),
        Door("web chat photos", "/chat/web/photos?id=0123456789ab", ({"a": 1},), _browser),
        Door("Telegram", "/telegram/tg", _fixtures("telegram"), lambda _: telegram),
        Door(
            "WhatsApp",
            "/whatsapp/wa",
            _fixtures("whatsapp"),
            lambda body: {"x-hub-signature-256": signature(body, APP_KEY)},
        ),
        Door(
            "bridge, contract",
            "/bridge/heqi",
            _fixtures("bridge", "heqi"),
            lambda body: standard(body, name=f"m{hash(body)}", ts=now),
        ),
        Door("bridge, WAHA", "/bridge/waha", _fixtures("bridge", "waha"), waha),
        Door("bridge, Evolution", "/bridge/evolution", _fixtures("bridge", "evolution"), evolution),
        Door("bridge, Chatwoot", "/bridge/chatwoot", _fixtures("bridge", "chatwoot"), lambda b: chatwoot(b, ts=now)),
        Door("Slack events", "/slack/events", tuple(slack), lambda body: signed(body, time.time())),
        Door("Slack presses", "/slack/events", tuple(pressed), lambda body: signed(body, time.time()), form=True),
    )


def _browser(_: bytes) -> Mapping[str, str]:
    return {"origin": BASE}


async def throw(client: httpx.AsyncClient, door: Door, count: int, chance: random.Random) -> Counter[int]:
    """Send ``count`` requests, some side by side, and count the answers."""
    answers: Counter[int] = Counter()
    bodies = iter([payload(door, chance) for _ in range(count)])

    async def worker() -> None:
        for body in bodies:
            headers = {} if chance.random() < 0.02 else dict(door.sign(body))
            kind = "application/x-www-form-urlencoded" if door.form else "application/json"
            answer = await client.post(door.path, content=body, headers={"content-type": kind, **headers})
            answers[answer.status_code] += 1
            if answer.status_code >= 500:
                print(f"{door.name}: {answer.status_code} for {body[:2000]!r}", file=sys.stderr)

    await asyncio.gather(*(worker() for _ in range(SIDE_BY_SIDE)))
    return answers


async def fuzz(count: int, seed: int) -> bool:
    """Throw at all doors; True when no answer was a 5xx."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "heqi.toml"
        async with telegram_server() as telegram:  # it is asked who owns a business account
            telegram.connect("BC-1", OWNER)
            file.write_text(SETTINGS.replace("{telegram}", telegram.url), encoding="utf-8")
            async with App.open(load(file)) as app:
                return await _fuzz(app, count, seed)


async def _fuzz(app: App, count: int, seed: int) -> bool:
    fine = True
    transport = httpx.ASGITransport(app=app.web, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=BASE, trust_env=False) as client:
        await client.get("/chat/web")  # the cookie of a chat
        print(f"seed {seed}\n\n| door | requests | answers | 5xx |\n|---|---|---|---|")
        for door in doors():
            answers = await throw(client, door, count, random.Random(f"{seed}{door.name}"))  # noqa: S311
            bad = sum(number for status, number in answers.items() if status >= 500)
            told = ", ".join(f"{status}: {number}" for status, number in sorted(answers.items()))
            print(f"| {door.name} | {count} | {told} | {bad} |", flush=True)
            fine = fine and bad == 0
    return fine


def main(arguments: list[str]) -> int:
    """Exit code 1 when any door answered a 5xx."""
    logs.configure(level=logging.CRITICAL)
    RateLimit.take = lambda _self, _key: 0.0  # type: ignore[method-assign] # what is behind the limit is looked at
    os.environ.update(ENVIRONMENT)
    count = int(arguments[0]) if arguments else REQUESTS
    seed = int(arguments[1]) if len(arguments) > 1 else random.SystemRandom().randrange(10**6)
    return 0 if asyncio.run(fuzz(count, seed)) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
