"""The files in deploy/ start what exists, with settings that exist."""

from __future__ import annotations

import shlex
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from bot.cli import app
from bot.settings import Settings
from bot.settings_file import load

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"


@pytest.fixture
def compose() -> dict[str, Any]:
    """What compose reads."""
    read: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return read


def serves(*arguments: str) -> bool:
    """Whether the command line knows this command with these options; ``--help`` keeps it from running."""
    return CliRunner().invoke(app, [*arguments, "--help"]).exit_code == 0


def test_compose_starts_a_web_process_and_two_workers(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert services["web"]["command"][:3] == ["serve", "--role", "web"]
    assert services["worker"]["command"][:3] == ["serve", "--role", "worker"]
    assert services["worker"]["deploy"]["replicas"] == 2
    assert serves(*services["web"]["command"])
    assert serves(*services["worker"]["command"])


def test_every_service_comes_back_and_waits_for_a_healthy_database(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert all(service["restart"] == "unless-stopped" for service in services.values())
    assert "healthcheck" in services["postgres"]
    for name in ("web", "worker"):
        assert services[name]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert "HEALTHCHECK" in (DEPLOY / "Dockerfile").read_text(encoding="utf-8")


def test_what_compose_sets_are_settings(
    compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            if name.startswith("HEQI_"):
                monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    settings: Settings = load(None)

    assert settings.is_shared
    assert settings.database.url == "postgresql://heqi@postgres/heqi"


def test_the_image_holds_every_package_the_product_is_made_of() -> None:
    image = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    let_in = (ROOT / ".dockerignore").read_text(encoding="utf-8")
    for package in ("bot", "adapters", "dialogs", "locales"):
        assert f"COPY {package} {package}\n" in image
        assert f"!{package}\n" in let_in


def test_the_unit_starts_the_service_and_is_not_started_again_for_wrong_settings() -> None:
    unit = ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(DEPLOY / "heqi.service", encoding="utf-8")
    for line in (unit["Service"]["ExecStart"], unit["Service"]["ExecStartPre"]):
        program, *arguments = shlex.split(line)
        assert program.endswith("/heqi")
        assert serves(*arguments)

    assert unit["Service"]["Restart"] == "always"
    assert unit["Service"]["RestartPreventExitStatus"] == "2"
