"""The example settings are right, as they stand and with every example switched on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from adapters.channels import CHANNELS
from adapters.slack.settings import SlackSettings
from bot.settings import Settings
from bot.settings_file import load

EXAMPLE = Path(__file__).parents[1] / "heqi.example.toml"


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "DEEPL_KEY",
        "DEEPSEEK_KEY",
        "READING_KEY",
        "DRAFTS_KEY",
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
        "WAHA_SECRET",
        "WAHA_KEY",
    ):
        monkeypatch.setenv(name, "k")
    for name in ("WHATSAPP_TOKEN", "WHATSAPP_APP_SECRET", "WHATSAPP_VERIFY_TOKEN"):
        monkeypatch.setenv(name, "k")
    monkeypatch.setenv("TELEGRAM_TOKEN", "123456:" + "A" * 35)


def test_the_example_shows_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "heqi.toml"
    file.write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    assert load(file) == Settings(data=tmp_path / "var")


def test_every_example_can_be_switched_on(tmp_path: Path) -> None:
    text = re.sub(r"^#(?=\S)", "", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    (tmp_path / "replies").mkdir()
    (tmp_path / "glossary.toml").write_text('"软壳" = { es = "funda blanda" }\n', encoding="utf-8")
    file = tmp_path / "heqi.toml"
    file.write_text(text, encoding="utf-8")
    settings = load(file)
    assert [engine.value().id for engine in settings.engines] == [
        "google",
        "libretranslate",
        "deepl",
        "deepseek",
        "mymemory",
    ]
    assert settings.shops[0].goodwill
    assert settings.accounts


def test_every_setting_is_in_the_example_or_its_guide() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    names = set(Settings.model_fields)
    for table in (Settings.model_fields["server"], Settings.model_fields["database"]):
        names |= set(table.annotation.model_fields)
    for field in ("engines", "shops"):
        names |= set(Settings.model_fields[field].annotation.__args__[0].model_fields)
    assert {name for name in names if not re.search(rf"\b{name}\b", text)} == set()
    guide = (EXAMPLE.parent / "docs" / "settings.md").read_text(encoding="utf-8")
    for settings in (*(kind.settings for kind in CHANNELS.values()), SlackSettings):
        keys = {re.sub(r"_(env|file)$", "_*", name) for name in settings.model_fields}
        assert {key for key in keys if key not in guide} == set()
