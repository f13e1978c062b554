"""Deadlines of the platforms' rules, on the wall clocks they are counted on."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dialogs.errors import BadData
from dialogs.policies import Policies

POLICIES = Policies.load()
SHANGHAI = ZoneInfo("Asia/Shanghai")

ROW = """
[[rule]]
id = "answer"
title = "回复"
value = 5
unit = "days"
starts = "dispute_submitted"
zone = "America/Los_Angeles"
calendar = "natural"
on_timeout = "按买家要求执行"
source = "规则"
confidence = "public"
"""


def only(platform: str, rule_id: str, on: date = date(2026, 3, 2), region: str = "*"):
    (rule,) = POLICIES.find(platform, rule_id, on, region)
    return rule


def test_evidence_hours_count_only_while_the_platform_is_open():
    asked = datetime(2026, 3, 2, 14, 1, tzinfo=SHANGHAI)
    assert only("jd", "evidence").deadline(asked) == datetime(2026, 3, 3, 9, 1, tzinfo=SHANGHAI)


def test_evidence_asked_at_night_counts_from_the_morning():
    asked = datetime(2026, 3, 2, 22, 30, tzinfo=SHANGHAI)
    assert only("jd", "evidence").deadline(asked) == datetime(2026, 3, 3, 13, 0, tzinfo=SHANGHAI)


def test_days_are_counted_on_the_platforms_wall_clock_over_a_change_to_summer_time():
    los_angeles = ZoneInfo("America/Los_Angeles")
    filed = datetime(2026, 3, 6, 10, 0, tzinfo=los_angeles)  # summer time begins on 8 March
    due = only("aliexpress", "seller_answers").deadline(filed)
    assert due == datetime(2026, 3, 11, 10, 0, tzinfo=los_angeles)
    assert due is not None
    assert due.tzinfo is UTC


def test_business_days_skip_the_weekend():
    escalated = datetime(2017, 3, 3, 12, 0, tzinfo=SHANGHAI)  # a Friday
    rule = only("aliexpress", "platform_steps_in", date(2017, 3, 3))
    assert rule.deadline(escalated) == datetime(2017, 3, 7, 12, 0, tzinfo=SHANGHAI)


def test_a_rule_that_counts_occasions_has_no_deadline():
    assert only("aliexpress", "appeal_times").deadline(datetime(2026, 3, 2, tzinfo=UTC)) is None


def test_rows_are_found_by_the_day_they_are_in_force():
    assert POLICIES.find("aliexpress", "seller_answers", date(2017, 12, 31)) == ()
    assert POLICIES.find("aliexpress", "negotiation_auto_escalate", date(2018, 1, 1)) == ()
    assert only("aliexpress", "delivery_time_limit_brazil", region="BR").value == 120
    assert POLICIES.find("aliexpress", "delivery_time_limit_brazil", date(2026, 3, 2), "ES") == ()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("value = 5", "value = 0"), "value '0' must be above zero"),
        (("value = 5", 'value = "five"'), "value 'five' must be of type int"),
        (('unit = "days"', 'unit = "weeks"'), "unit 'weeks' must be one of minutes, hours, days, times"),
        (('zone = "America/Los_Angeles"', 'zone = "Mars/Base"'), "zone 'Mars/Base' must be a time zone"),
        (('source = "规则"', ""), "field 'source' is missing"),
        (('source = "规则"', 'sauce = "规则"'), "unknown field 'sauce'"),
        (('calendar = "natural"', 'calendar = "opening"'), "calendar 'opening' needs hours or minutes"),
        (('id = "answer"', 'id = "answer"\nvalid_from = 2026-02-01\nvalid_to = 2026-01-01'), "must not be before"),
    ],
)
def test_a_broken_row_names_file_line_and_what_would_be_right(tmp_path: Path, change: tuple[str, str], says: str):
    (tmp_path / "shop.toml").write_text(ROW.replace(*change), encoding="utf-8")
    with pytest.raises(BadData, match=r"shop\.toml:2: rule 'answer': ") as caught:
        Policies.load(tmp_path)
    assert says in str(caught.value)


def test_the_row_itself_is_right(tmp_path: Path):
    (tmp_path / "shop.toml").write_text(ROW, encoding="utf-8")
    assert [rule.platform for rule in Policies.load(tmp_path).rules] == ["shop"]
