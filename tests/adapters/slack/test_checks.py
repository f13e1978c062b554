"""What ``check`` finds, the pace in a channel, and that nothing secret is written."""

from __future__ import annotations

import contextlib
import logging
import time
from pathlib import Path

import pytest

from adapters.slack.api import Pace
from adapters.slack.checks import SCOPES
from dialogs.errors import Ambiguous, Refused, TryLater
from tests.adapters.slack.conftest import House
from tests.adapters.slack.views import buyer, view
from tests.servers.slack import CHANNEL

OTHER = "C0URGENT01"


async def test_all_is_well(socket_house: House) -> None:
    findings = await socket_house.board.check()
    assert [finding.fix for finding in findings] == [""] * 4
    assert not socket_house.board._api.is_open, "asked from the command line, nothing stays open"


async def test_a_started_board_stays_open_after_a_check(house: House) -> None:
    assert all(finding.fine for finding in await house.board.check())
    assert house.board._api.is_open
    assert house.server.called_with("apps.connections.open") == [], "no app token is needed over HTTP"


async def test_missing_scopes_are_named(house: House) -> None:
    house.server.scopes = "chat:write,groups:history"
    (found,) = [finding for finding in await house.board.check() if not finding.fine]
    for scope in set(SCOPES) - {"chat:write", "groups:history"}:
        assert scope in found.what
    assert "groups:history" not in found.what


@pytest.mark.parametrize(("state", "words"), [({"is_member": False}, "/invite"), ({"is_archived": True}, "归档")])
async def test_every_routed_channel_is_looked_at(house: House, state: dict[str, bool], words: str) -> None:
    house.server.add_channel(OTHER, **state)
    house.build(routes=({"channel": OTHER},))
    (found,) = [finding for finding in await house.board.check() if not finding.fine]
    assert OTHER in found.what
    assert words in found.fix


async def test_a_channel_that_does_not_exist(house: House) -> None:
    house.build(channel=OTHER)
    (found,) = [finding for finding in await house.board.check() if not finding.fine]
    assert OTHER in found.what


@pytest.mark.parametrize(("how", "fix"), [({"error": "invalid_auth"}, "bot token"), ({"mode": "close"}, "网络")])
async def test_without_a_good_token_nothing_else_is_asked(house: House, how: dict[str, str], fix: str) -> None:
    house.server.fail("auth.test", **how)
    (found,) = await house.board.check()
    assert fix in found.fix
    assert len(house.server.calls) == 1


async def test_the_app_token_is_tried(socket_house: House) -> None:
    socket_house.server.app_token = "another"
    (found,) = [finding for finding in await socket_house.board.check() if not finding.fine]
    assert "connections:write" in found.fix


async def test_a_check_never_raises(house: House) -> None:
    house.build(api_url="http://127.0.0.1:9/api")
    (found,) = await house.board.check()
    assert not found.fine


async def test_messages_leave_a_channel_one_after_the_other() -> None:
    pace = Pace(every=0.05)
    started = time.monotonic()
    for _ in range(4):
        await pace.turn(CHANNEL)
    await pace.turn(OTHER)
    assert time.monotonic() - started >= 0.15, "three waits"


async def test_who_would_wait_too_long_comes_back_later() -> None:
    pace = Pace(every=4.0)
    pace.pause(CHANNEL, 30)
    with pytest.raises(TryLater) as caught:
        await pace.turn(CHANNEL)
    assert caught.value.after is not None
    assert 25 < caught.value.after <= 30
    await pace.turn(OTHER)


async def test_neither_words_nor_tokens_are_written(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    words = "palabras privadas"
    for how in ({"mode": "garbage"}, {"mode": "html"}, {"error": "invalid_blocks"}, {"error": "unheard_of"}):
        house.around.memos.clear()
        house.server.fail("chat.postMessage", **how)
        with contextlib.suppress(Ambiguous, Refused, TryLater):
            await house.show(view(buyer(1, words)))
    await house.send(b'{"words": "palabras privadas"}', **{"x-slack-signature": "v0=0"})
    assert words not in caplog.text
    assert "xoxb-" not in caplog.text


def test_the_manifest_asks_for_the_scopes_that_are_needed() -> None:
    manifest = (Path(__file__).parents[3] / "deploy" / "slack-manifest.yaml").read_text(encoding="utf-8")
    scopes = manifest.partition("    bot:\n")[2].partition("settings:")[0]
    assert tuple(line.strip().removeprefix("- ") for line in scopes.splitlines()) == SCOPES
