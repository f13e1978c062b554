"""The account as a whole: settings, start, session, problems, check."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from adapters.bridge.channel import Bridge
from adapters.bridge.settings import CAPABILITIES
from adapters.channels import CHANNELS
from adapters.counts import counted
from adapters.ports import Outgoing
from dialogs.errors import Refused, TryLater
from tests.adapters.around import SHOP, Around
from tests.adapters.bridge.conftest import PUBLIC, Opens, fixture
from tests.servers.bridges import BridgeServer, Fault


@pytest.mark.parametrize(
    "change",
    [
        {"i_know_the_risk": False},
        {"secret_env": None},
        {"speaks": "twilio", "secret_env": None},
        {"speaks": "waha"},
        {"speaks": "evolution", "key_env": "BRIDGE_KEY"},
        {"media_hosts": ("https://cdn.example.com",)},
        {"media_hosts": ("*.example.com",)},
        {"unknown": 1},
    ],
)
def test_incomplete_settings_are_refused(make_settings: Opens, change: dict[str, Any]) -> None:
    make_settings()
    with pytest.raises(ValidationError):
        make_settings("heqi", **change)


@pytest.mark.parametrize("secret", ["whsec_c2hvcnQ=", "plain-but-long-enough-to-be-a-secret", "whsec_", "whsec_é"])
def test_a_secret_of_the_contract_has_its_form(
    make_settings: Opens, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    monkeypatch.setenv("BRIDGE_BAD", secret)
    with pytest.raises(ValidationError, match="whsec_"):
        make_settings(secret_env="BRIDGE_BAD")


def test_a_key_of_twilio_has_its_form(make_settings: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWILIO_BAD", "only-a-token")
    with pytest.raises(ValidationError, match="sid"):
        make_settings("twilio", key_env="TWILIO_BAD")


async def test_twilio_does_not_start_without_a_public_address(make_settings: Opens) -> None:
    bridge = Bridge(make_settings("twilio"), SHOP, Around().surroundings)
    with pytest.raises(Refused, match="public_url"):
        await bridge.start()


async def test_a_start_warns_once_of_the_risk(make_settings: Opens, capsys: pytest.CaptureFixture[str]) -> None:
    bridge = Bridge(make_settings(), SHOP, Around().surroundings)
    await bridge.start()
    await bridge.stop()
    assert capsys.readouterr().out.count("banned") == 1


def test_the_list_of_channels_makes_it(make_settings: Opens) -> None:
    made = CHANNELS["bridge"].make(make_settings(), SHOP, Around().surroundings)
    assert isinstance(made, Bridge)
    assert (made.name, made.account, made.shop) == ("bridge", "wa", "main")


def test_what_can_be_carried(make_settings: Opens) -> None:
    bridge = Bridge(make_settings(), SHOP, Around().surroundings)
    assert bridge.capabilities_in("chat-1") == CAPABILITIES
    assert not CAPABILITIES.idempotent
    twilio = Bridge(make_settings("twilio"), SHOP, Around().surroundings)
    whatsapp, sms = twilio.capabilities_in("whatsapp:+201000000001"), twilio.capabilities_in("+201000000001")
    assert (whatsapp.text_limit, whatsapp.window_hours, dict(whatsapp.media)) == (1600, 24, {})
    assert (sms.text_limit, sms.window_hours) == (1600, None)


SESSIONS = [
    ("heqi", "heqi_session", "已退出登录"),
    ("waha", "waha_session", "等待扫码登录"),
    ("evolution", "evolution_connection", "已退出登录"),
]


@pytest.mark.parametrize(("speaks", "name", "shown"), SESSIONS)
async def test_a_lost_session_is_a_problem_until_it_is_back(opens: Opens, speaks: str, name: str, shown: str) -> None:
    house = await opens(speaks)
    assert house.bridge.problems() == {}
    assert (await house.tell(fixture(name))).status_code == 200
    assert house.bridge.problems()["session"].startswith(f"{shown} since 2026-03-02 1")
    house.around.advance(minutes=2)
    back = connected(speaks, house.around.time.timestamp())
    assert (await house.tell(back, **fresh(house))).status_code == 200
    assert house.bridge.problems() == {}
    assert house.events == []


def connected(speaks: str, ts: float) -> Any:
    if speaks == "heqi":
        return fixture("heqi_session") | {"id": "s-2", "ts": ts, "state": "connected"}
    if speaks == "waha":
        payload = {"name": "default", "status": "WORKING"}
        return fixture("waha_session") | {"id": "evt_2", "timestamp": int(ts * 1000), "payload": payload}
    return fixture("evolution_connection") | {"data": {"instance": "shop", "state": "open", "statusReason": 200}}


def fresh(house: Any) -> dict[str, Any]:
    return {"ts": str(int(house.around.time.timestamp()))} if house.speaks == "heqi" else {}


async def test_a_lost_session_is_remembered_over_a_restart(opens: Opens) -> None:
    house = await opens()
    await house.tell(fixture("heqi_session"))
    again = await opens(around=house.around)
    assert again.bridge.problems() == {"session": "已退出登录 since 2026-03-02 11:59 UTC"}


async def test_what_one_process_is_told_the_others_know(opens: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.bridge.health._AGAIN", 0.001)
    here = await opens()
    there = await opens(around=here.around)
    event = fixture("heqi_session")
    await here.tell(event)
    await until(there.bridge.problems)
    back = await there.tell(event | {"ts": event["ts"] + 30, "state": "connected"})
    assert back.status_code == 200
    await until(lambda: not here.bridge.problems())
    before = counted("wa", "late_session")
    await here.tell(event | {"ts": event["ts"] + 15})  # it took a longer way than what the other was told
    assert counted("wa", "late_session") == before + 1
    assert here.bridge.problems() == there.bridge.problems() == {}


async def test_of_two_sessions_told_at_once_the_newer_one_counts(opens: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    here = await opens()
    there = await opens(around=here.around)
    state = here.around.state("wa")
    read = state.get

    async def slow(key: str) -> str | None:
        found = await read(key)
        await asyncio.sleep(0.001)
        return found

    monkeypatch.setattr(state, "get", slow)
    event = fixture("heqi_session")
    later = event | {"ts": event["ts"] + 30, "state": "connected"}
    await asyncio.gather(here.tell(later), there.tell(event))
    assert json.loads(state.rows["session"])["state"] == "connected"


async def test_a_store_that_cannot_tell_is_asked_again(
    opens: Opens, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("adapters.bridge.health._AGAIN", 0.001)
    house = await opens()
    state = house.around.state("wa")
    state.rows["session"] = '{"state": "logged_out", "since": 1.0, "heard": 1.0}'
    read, failures = state.get, [OSError("words"), OSError("words")]

    async def broken(key: str) -> str | None:
        if failures:
            raise failures.pop()
        return await read(key)

    monkeypatch.setattr(state, "get", broken)
    await until(house.bridge.problems)
    assert capsys.readouterr().out.count("bridge_session_unread") == 2


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.001)


async def test_since_is_when_it_began(opens: Opens) -> None:
    house = await opens()
    event = fixture("heqi_session")
    await house.tell(event)
    await house.tell(event | {"ts": event["ts"] + 30})
    assert house.bridge.problems()["session"].endswith("11:59 UTC")


async def test_an_older_event_does_not_bring_a_session_back(opens: Opens) -> None:
    house = await opens()
    event = fixture("heqi_session")
    await house.tell(event)
    await house.tell(event | {"ts": event["ts"] + 30})
    before = counted("wa", "late_session")
    await house.tell(event | {"ts": event["ts"] + 15, "state": "connected"})
    assert "session" in house.bridge.problems()
    assert counted("wa", "late_session") == before + 1


async def test_a_state_of_the_bridges_own_is_shown_as_it_is(opens: Opens) -> None:
    house = await opens()
    await house.tell(fixture("heqi_session") | {"state": "banned"})
    assert house.bridge.problems()["session"].startswith("banned since")


@pytest.mark.parametrize(("status", "part"), [(401, "secret"), (403, "secret"), (308, "url")])
async def test_a_refused_secret_is_a_problem_until_a_message_left(opens: Opens, status: int, part: str) -> None:
    house = await opens()
    house.server.faults.append(Fault(status=status))
    message = Outgoing(key="d-1", account="wa", chat="chat-1", text="x")
    with pytest.raises(TryLater):
        await house.bridge.send(message)
    assert part in house.bridge.problems()
    await house.bridge.send(message)
    assert house.bridge.problems() == {}


STATES = {"heqi": "connected", "waha": "WORKING", "evolution": "open", "chatwoot": "connected", "twilio": "active"}
LOST = {"heqi": "qr", "waha": "SCAN_QR_CODE", "evolution": "close", "chatwoot": "lost", "twilio": "suspended"}


@pytest.mark.parametrize("speaks", list(STATES))
async def test_a_check_of_a_bridge_that_works_is_fine_and_reminds_of_the_risk(opens: Opens, speaks: str) -> None:
    house = await opens(speaks)
    house.server.state = STATES[speaks]
    found = await house.bridge.check()
    assert all(one.fine for one in found), found
    assert any("封" in one.what and "banned" in one.what for one in found)
    assert len(house.server.asked) == 1


@pytest.mark.parametrize("speaks", list(LOST))
async def test_a_check_finds_a_lost_session(opens: Opens, speaks: str) -> None:
    house = await opens(speaks)
    house.server.state = LOST[speaks]
    (problem,) = [one for one in await house.bridge.check() if not one.fine]
    assert "未登录" in problem.what
    assert problem.fix


FAULTS = [(Fault(status=401), "密钥"), (Fault(status=500), "500"), (Fault(kind="drop"), "连不上")]


@pytest.mark.parametrize(("fault", "word"), FAULTS)
@pytest.mark.parametrize("speaks", list(STATES))
async def test_a_check_finds_what_is_wrong(opens: Opens, speaks: str, fault: Fault, word: str) -> None:
    house = await opens(speaks)
    house.server.faults += [fault, fault]  # a question may be asked again by the HTTP client when the line is cut
    (problem,) = [one for one in await house.bridge.check() if not one.fine]
    assert word in problem.what
    assert problem.fix.isascii() is False
    assert "(" in problem.fix


async def test_a_bridge_need_not_tell_its_session(opens: Opens) -> None:
    house = await opens()
    house.server.faults.append(Fault(status=404))
    assert all(one.fine for one in await house.bridge.check())


async def test_a_check_tells_that_no_addresses_are_fetched(opens: Opens) -> None:
    house = await opens(media_hosts=())
    assert any("media_hosts" in one.what for one in await house.bridge.check())


async def test_a_check_needs_no_running_service(make_settings: Opens, server: BridgeServer) -> None:
    server.state = "active"
    bridge = Bridge(make_settings("twilio"), SHOP, Around().surroundings)
    (problem,) = [one for one in await bridge.check() if not one.fine]
    assert "public_url" in problem.fix
    whole = Bridge(make_settings("twilio"), SHOP, Around(public_url=PUBLIC).surroundings)
    assert all(one.fine for one in await whole.check())


async def test_what_is_kept_holds_no_secret(opens: Opens) -> None:
    house = await opens()
    await house.tell(fixture("heqi_session"))
    assert set(json.loads(house.around.states["wa"].rows["session"])) == {"state", "since", "heard"}
