"""Troubles with a platform are told until they end, and not for ever by a process that does not see the end."""

from __future__ import annotations

from adapters.fading import FINAL, RETRIED, Fading


def test_a_trouble_is_told_until_it_is_over_or_was_not_met_for_long() -> None:
    now = [100.0]
    troubles = Fading(clock=lambda: now[0])
    troubles.met("token", "refused")
    troubles.met("channel", "not joined", life=FINAL)
    assert troubles.all() == {"token": "refused", "channel": "not joined"}
    now[0] += RETRIED - 1
    assert "token" in troubles.all()
    troubles.met("token", "refused still")
    now[0] += RETRIED - 1
    assert troubles.all()["token"] == "refused still"
    now[0] += 1
    assert troubles.all() == {"channel": "not joined"}
    troubles.over("channel")
    troubles.over("channel")
    assert troubles.all() == {}
