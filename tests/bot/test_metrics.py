"""What is counted, who may read it, and that papers for Prometheus and Grafana name only what there is."""

from __future__ import annotations

import asyncio
import json
import math
import re
import time
from pathlib import Path

import httpx
import pytest
import yaml
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.exc import OperationalError

import adapters.counts  # noqa: F401 - what it counts is on the dashboard too
from adapters.ports import EngineHealth
from bot import metrics
from bot.health import Health, Report
from bot.settings import Engine, Settings
from bot.store import Store
from bot.translators import PassingMemory, open_translators
from bot.web import build_app
from dialogs.errors import Refused, TryLater
from dialogs.events import BuyerWrote
from dialogs.language import DETECTORS
from tests.bot.house import ACCOUNT, House
from tests.servers.engines import engine_server

DEPLOY = Path(__file__).parents[2] / "deploy"


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


class Growth:
    """How much counters have grown since this was made."""

    def __init__(self) -> None:
        self._before = self._all()

    def _all(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in REGISTRY.collect()
            for sample in family.samples
        }

    def of(self, name: str, **labels: str) -> float:
        key = (name, frozenset(labels.items()))
        return self._all().get(key, 0.0) - self._before.get(key, 0.0)

    def new_series(self) -> set[str]:
        return {name for name, _ in self._all().keys() - self._before.keys()}


# ---- what happens is counted -----------------------------------------------------------------------------------------


async def test_a_message_and_its_answer_are_counted_at_every_station(house: House) -> None:
    growth = Growth()
    accepted = await house.buyer("hola", external_id="m1")
    await house.buyer("hola", external_id="m1")
    await house.choose(accepted.conversation_id, "你好")
    await house.choose(accepted.conversation_id, "空")
    assert growth.of("heqi_events_accepted_total", channel="fake", result="new") == 1
    assert growth.of("heqi_events_accepted_total", channel="fake", result="duplicate") == 1
    assert growth.of("heqi_events_accepted_total", channel="team", result="new") == 2
    assert growth.of("heqi_turn_seconds_count", type="buyer_wrote", outcome="done") == 1
    assert growth.of("heqi_turn_seconds_count", type="agent_chose", outcome="done") == 1
    assert growth.of("heqi_turn_seconds_count", type="agent_chose", outcome="refused") == 1
    assert growth.of("heqi_delivery_seconds_count", channel="fake", outcome="sent") == 1


async def test_what_fails_is_counted(house: House) -> None:
    growth = Growth()
    house.manager.failures.extend([RuntimeError()] * 3)
    await house.buyer("hola")
    await house.later(seconds=2)
    await house.later(seconds=6)
    assert growth.of("heqi_turn_failures_total", result="retried") == 2
    assert growth.of("heqi_turn_failures_total", result="parked") == 1
    accepted = await house.buyer("hola")
    house.channel.failures.extend([TryLater("busy", after=1.0), Refused("no")])
    await house.choose(accepted.conversation_id, "你好")
    await house.later(seconds=2)
    assert growth.of("heqi_delivery_seconds_count", channel="fake", outcome="queued") == 1
    assert growth.of("heqi_delivery_seconds_count", channel="fake", outcome="failed") == 1


async def test_more_buyers_are_not_more_series(house: House) -> None:
    async def talk(chat: str) -> None:
        accepted = await house.buyer("hola", chat=chat)
        await house.choose(accepted.conversation_id, "你好")

    await talk("first")
    growth = Growth()
    for number in range(5):
        await talk(f"chat {number}")
    assert {name for name in growth.new_series() if name.startswith("heqi_")} == set()


async def test_engine_calls_are_counted_by_what_came_of_them_and_a_shop_without_engines_is_named() -> None:
    growth = Growth()
    async with engine_server() as server:
        settings = Settings(engines=(Engine(name="libretranslate", url=server.url),))
        async with open_translators(settings, DETECTORS["langdetect"](), PassingMemory()) as translators:

            async def ask(text: str) -> None:
                await translators.translate(text, source="es", target="zh", shop="main", glossary={})

            await ask("Hola")
            assert translators.down() == ()
            server.mode = "bad_key"
            await ask("¿Dónde está mi pedido?")
            assert translators.down() == ("main",)
            await ask("Gracias")
            metrics.engines(translators.health())
    assert growth.of("heqi_engine_call_seconds_count", engine="libretranslate", outcome="answered") == 1
    assert growth.of("heqi_engine_call_seconds_count", engine="libretranslate", outcome="refused") == 1
    assert growth.of("heqi_engine_call_seconds_count", engine="libretranslate", outcome="circuit_open") == 1
    assert value("heqi_engine_circuit_open", engine="libretranslate") == 1


def test_the_store_s_and_the_team_s_numbers() -> None:
    growth = Growth()
    metrics.committed(0.002, writes=12)
    metrics.was_read(0.001)
    metrics.escalated("urgent", ("threat", "deadline"))
    metrics.follow_lanes(lambda: 3, lambda: 4)
    assert growth.of("heqi_store_commit_seconds_count") == 1
    assert growth.of("heqi_store_batch_writes_sum") == 12
    assert growth.of("heqi_store_read_seconds_count") == 1
    assert growth.of("heqi_escalations_total", severity="urgent", reason="threat") == 1
    assert (value("heqi_lanes_running"), value("heqi_lanes_waiting")) == (3, 4)


async def test_a_blocked_event_loop_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_LOOP_EVERY", 0.001)
    growth = Growth()
    following = asyncio.create_task(metrics.follow_loop())
    await asyncio.sleep(0)
    time.sleep(0.05)  # noqa: ASYNC251 - that is what is to be seen
    while not growth.of("heqi_event_loop_lag_seconds_count"):
        await asyncio.sleep(0)
    following.cancel()
    assert growth.of("heqi_event_loop_lag_seconds_sum") >= 0.04


# ---- how it is -------------------------------------------------------------------------------------------------------


def health_of(house: House) -> Health:
    return Health(house.store, house.clock, house.boards, {ACCOUNT: house.channel}, fresh=0.0)


async def test_what_lies_open_is_measured_when_the_metrics_are_read(house: House) -> None:
    await house.engine.stop()
    await house.inbox.accept(house.event(BuyerWrote(text="hola"), chat="ana"))
    house.clock.advance(seconds=42)
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(build_app(ready=health_of(house).problems)), base_url="http://heqi"
    )
    async with client:
        answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    found = {
        sample.name: sample.value for family in text_string_to_metric_families(answer.text) for sample in family.samples
    }
    assert (found["heqi_inbox_open_events"], found["heqi_inbox_lag_seconds"]) == (1, 42)
    assert found["heqi_database_up"] == 1
    assert value("heqi_outbox_lag_seconds", account=ACCOUNT) == 0
    assert value("heqi_escalations_open", severity="urgent") == 0
    assert found["process_resident_memory_bytes"] > 0


async def test_without_the_database_nothing_is_claimed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    health = health_of(house)
    await health.problems()

    async def gone(_: object) -> None:
        raise OperationalError("SELECT", {}, RuntimeError("WORDS"))

    monkeypatch.setattr(house.store, "read", gone)
    report = await health.problems()
    assert "WORDS" not in report.problems["database"]
    assert value("heqi_database_up") == 0
    assert math.isnan(value("heqi_inbox_lag_seconds"))
    assert REGISTRY.get_sample_value("heqi_outbox_lag_seconds", {"account": ACCOUNT}) is None


def test_what_is_gone_is_not_told_for_ever() -> None:
    metrics.engines((EngineHealth(name="old", state="open"),))
    metrics.engines((EngineHealth(name="new", state="ok"),))
    assert REGISTRY.get_sample_value("heqi_engine_circuit_open", {"engine": "old"}) is None
    assert REGISTRY.get_sample_value("heqi_engine_circuit_open", {"engine": "new"}) == 0


@pytest.mark.parametrize(
    ("client", "status"),
    [
        (("127.0.0.1", 1), 200),
        (("127.8.8.8", 1), 200),
        (("::1", 1), 200),
        (("::ffff:127.0.0.1", 1), 200),
        (("172.20.0.3", 1), 200),
        (("::ffff:172.20.0.3", 1), 200),
        (("172.32.0.1", 1), 404),
        (("203.0.113.9", 1), 404),
        (("2001:db8::1", 1), 404),
        (("not an address", 1), 404),
        (None, 404),
    ],
)
async def test_metrics_are_for_this_machine_and_the_networks_that_are_named(
    client: tuple[str, int] | None, status: int
) -> None:
    async def well() -> Report:
        return Report()

    app = build_app(ready=well, metrics_from=("172.16.0.0/12",))
    asks = httpx.AsyncClient(transport=httpx.ASGITransport(app, client=client), base_url="http://heqi")
    async with asks:
        assert (await asks.get("/metrics")).status_code == status
        assert (await asks.get("/readyz")).status_code == 200


# ---- papers ----------------------------------------------------------------------------------------------------------


def exported() -> dict[str, set[str]]:
    """Every sample name with its labels, those without a sample yet included."""
    suffixes = {
        "counter": ("_total", "_created"),
        "histogram": ("_bucket", "_count", "_sum"),
        "gauge": ("",),
        "unknown": ("",),
        "info": ("_info", ""),
    }
    labels = {
        collector._name: set(collector._labelnames)
        for collector in set(REGISTRY._names_to_collectors.values())
        if hasattr(collector, "_labelnames")
    }
    return {
        family.name + suffix: labels.get(family.name, {"generation"})
        for family in REGISTRY.collect()
        for suffix in suffixes[family.type]
    }


def queries() -> list[str]:
    dashboard = json.loads((DEPLOY / "grafana-dashboard.json").read_text(encoding="utf-8"))
    rules = yaml.safe_load((DEPLOY / "prometheus-alerts.yaml").read_text(encoding="utf-8"))
    shown = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    return shown + [rule["expr"] for group in rules["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("query", queries())
def test_dashboard_and_alerts_name_only_what_is_exported(query: str) -> None:
    known = exported()
    names = set(re.findall(r"\b(?:heqi|process|python)_\w+", query))
    assert names <= known.keys()
    asked = set(re.findall(r"(\w+)\s*=~?\"", query))
    for group in re.findall(r"\bby \(([^)]*)\)", query):
        asked |= {label.strip() for label in group.split(",")}
    of_prometheus = {"le", "job", "instance"}
    assert asked <= of_prometheus.union(*(known[name] for name in names))
    assert query.count("(") == query.count(")")


def test_everything_that_is_counted_is_on_the_dashboard_or_alerted_on() -> None:
    text = "\n".join(queries())
    ours = {family.name for family in REGISTRY.collect() if family.name.startswith("heqi_")}
    assert {name for name in ours if name not in text} == set()


def test_names_follow_prometheus_conventions() -> None:
    for family in REGISTRY.collect():
        if family.name.startswith("heqi_"):
            assert re.fullmatch(r"heqi_[a-z_]+", family.name)
            assert family.documentation
            assert family.type != "histogram" or family.name.endswith(("_seconds", "_writes"))
            assert not family.name.endswith("_total")  # the text format adds it to counters


def test_alerts_say_what_to_do_in_both_languages() -> None:
    rules = yaml.safe_load((DEPLOY / "prometheus-alerts.yaml").read_text(encoding="utf-8"))
    for rule in rules["groups"][0]["rules"]:
        assert re.search(r"[\u4e00-\u9fff].*\(.*\)", rule["annotations"]["summary"]), rule["alert"]


def test_panels_do_not_overlap_and_have_ids_of_their_own() -> None:
    panels = json.loads((DEPLOY / "grafana-dashboard.json").read_text(encoding="utf-8"))["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells


async def test_the_store_is_asked_once_for_many_readers(store: Store) -> None:
    house = House(store)
    health = Health(house.store, house.clock, house.boards, {})
    reports = [await health.problems() for _ in range(5)]
    assert all(report is reports[0] for report in reports)
