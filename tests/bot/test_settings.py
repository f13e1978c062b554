"""Settings: what is right works without a file, and everything that is wrong is named at once."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.settings_file import load
from bot.settings_problems import BadSettings, Problem, lines
from dialogs.promises import Money


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("HEQI_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def written(folder: Path, text: str) -> Path:
    file = folder / "heqi.toml"
    file.write_text(text, encoding="utf-8")
    return file


def problems(file: Path) -> list[str]:
    with pytest.raises(BadSettings) as caught:
        load(file)
    return [str(problem).replace(str(file), "heqi.toml") for problem in caught.value.problems]


def test_nothing_set_works(tmp_path: Path) -> None:
    settings = load()
    assert settings.server.url == "http://127.0.0.1:8080"
    assert settings.database_url == f"sqlite:///{tmp_path / 'var' / 'heqi.sqlite'}"
    assert [engine.name for engine in settings.engines] == ["google"]
    assert [(account.channel, account.id, account.shop) for account in settings.channel_accounts] == [
        ("webchat", "web", "main")
    ]


def test_a_whole_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPL", " secret ")
    (tmp_path / "words.toml").write_text('"软壳" = { es = "funda blanda" }\n', encoding="utf-8")
    file = written(
        tmp_path,
        """
        data = "store"
        detector = "langdetect"
        [server]
        host = "0.0.0.0"
        port = 9000
        public_url = "https://desk.example.com/"
        [[engines]]
        name = "deepl"
        key_env = "DEEPL"
        timeout = 5
        [[engines]]
        name = "openai"
        url = "http://127.0.0.1:11434/v1"
        label = "qwen"
        model = "qwen-mt"
        rate = 2.5
        [[shops]]
        id = "shoes"
        name = "鞋店"
        response_minutes = 10
        goodwill = { amount = 5.10, currency = "USD" }
        credit = { amount = "500", currency = "USD" }
        remedies = ["information", "credit"]
        engines = ["qwen"]
        glossary_file = "words.toml"
        glossary = { "和气" = { en = "Heqi" } }
        [[shops]]
        id = "hats"
        name = "帽店"
        """,
    )
    settings = load(file)
    assert settings.data == tmp_path / "store"
    assert settings.server.url == "https://desk.example.com"
    deepl, model = (engine.value() for engine in settings.engines)
    assert (deepl.id, deepl.key.reveal(), deepl.timeout) == ("deepl", "secret", 5)
    assert (model.id, model.model, model.url, bool(model.key)) == (
        "qwen",
        "qwen-mt",
        "http://127.0.0.1:11434/v1",
        False,
    )
    assert settings.engine_order("shoes") == ("qwen",)
    assert settings.engine_order("hats") == ("deepl", "qwen")
    shop = settings.shop_values["shoes"]
    assert shop.goodwill == Money(Decimal("5.10"), "USD")
    assert shop.remedies == {"information", "credit"}
    assert shop.glossary == {"软壳": {"es": "funda blanda"}, "和气": {"en": "Heqi"}}
    assert [account.id for account in settings.channel_accounts] == ["web", "web-hats"]


def test_every_problem_is_named_at_once_with_its_line(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        """detecter = "eldc"
[server]
port = 99999
hosst = "x"
[[engines]]
name = "google"
timeout = 0
[[engines]]
name = "openai"
[[engines]]
name = "google"
[[shops]]
id = "a b"
name = ""
goodwill = { amount = "500.5", currency = "JPY" }
credit = { amount = -1, currency = "XXY" }
remedies = ["moon"]
engines = ["deepl"]
[[accounts]]
channel = "webchat"
id = "x"
shop = "zz"
""",
    )
    found = problems(file)
    starts = [line.split(": ")[:2] for line in found]
    assert starts == [
        ["heqi.toml:1", "detecter"],
        ["heqi.toml:3", "server.port = 99999"],
        ["heqi.toml:4", "server.hosst"],
        ["heqi.toml:7", "engines[1].timeout = 0"],
        ["heqi.toml:8", "engines[2]"],
        ["heqi.toml:8", "engines[2]"],
        ["heqi.toml:11", 'engines[3].name = "google"'],
        ["heqi.toml:13", 'shops[1].id = "a b"'],
        ["heqi.toml:14", 'shops[1].name = ""'],
        ["heqi.toml:15", "shops[1].goodwill"],
        ["heqi.toml:16", "shops[1].credit.amount = -1"],
        ["heqi.toml:16", 'shops[1].credit.currency = "XXY"'],
        ["heqi.toml:17", 'shops[1].remedies[1] = "moon"'],
        ["heqi.toml:18", 'shops[1].engines = "deepl"'],
        ["heqi.toml:22", 'accounts[1].shop = "zz"'],
    ]
    assert "detector" in found[0]
    assert "65535" in found[1]
    assert "host" in found[2]
    assert {"model", "url"} == {word for line in found[4:6] for word in ("model", "url") if word in line}
    assert "JPY" in found[9]


def test_the_environment_wins_and_its_problems_name_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path, '[server]\nport = 9000\nhost = "0.0.0.0"\n')
    monkeypatch.setenv("HEQI_SERVER__PORT", "9001")
    monkeypatch.setenv("HEQI_SHOPS", '[{"id": "one", "name": "一"}]')
    settings = load(file)
    assert (settings.server.host, settings.server.port) == ("0.0.0.0", 9001)  # noqa: S104
    assert [shop.id for shop in settings.shops] == ["one"]

    monkeypatch.setenv("HEQI_SERVER__PORT", "many")
    monkeypatch.setenv("HEQI_SERVER__HOTS", "x")
    monkeypatch.setenv("HEQI_SHOPS", "[{")
    monkeypatch.setenv("HEQI_SERVE", "x")
    found = problems(file)
    assert {line.split(": ")[0] for line in found} == {
        "HEQI_SERVER__PORT",
        "HEQI_SERVER__HOTS",
        "HEQI_SHOPS",
        "HEQI_SERVE",
    }


def test_a_variable_that_holds_a_key_is_no_unknown_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEQI_DEEPL_KEY", "k")
    assert load(written(tmp_path, '[[engines]]\nname = "deepl"\nkey_env = "HEQI_DEEPL_KEY"\n')).engines[0].value().key


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[[engines]]\nname = "deepl"\n', "key_env"),
        ('[[engines]]\nname = "deepl"\nkey_env = "NOT_THERE"\n', "NOT_THERE"),
        ('[[engines]]\nname = "deepl"\nkey_file = "not-there"\n', "not-there"),
        ('[[engines]]\nname = "google"\nkey_env = "PATH"\n', "takes no key"),
        ('[[engines]]\nname = "libretranslate"\nurl = "127.0.0.1:5000"\n', "http"),
        ('[server]\npublic_url = "ftp://x"\n', "http"),
        ('[server]\ntrusted_proxies = ["nginx"]\n', "10.0.0.0/8"),
        ('[database]\nurl = "mysql://h/d"\n', "postgresql"),
        ("shops = []\n", "at least one"),
        ("shops = 5\n", "a list"),
        ("server = 5\n", "a table"),
        ("data = 5\n", "path"),
        ("x = \n", "TOML"),
    ],
)
def test_what_would_be_right_is_told(tmp_path: Path, text: str, words: str) -> None:
    (found,) = problems(written(tmp_path, text))
    assert words in found


def test_secrets_are_never_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = problems(
        written(
            tmp_path,
            """
            [database]
            url = "postgresql://heqi:SECRET@db/heqi"
            [[engines]]
            name = "openai"
            url = "https://user:SECRET@api.example/v1?key=SECRET"
            model = "m"
            key = "SECRET"
            """,
        )
    )
    assert len(found) == 3
    assert "SECRET" not in "\n".join(found)
    monkeypatch.setenv("HEQI_DATABASE__URL", "postgresql://heqi:SECRET@db/heqi")
    assert load(written(tmp_path, "")).database_url == "postgresql://heqi:SECRET@db/heqi"


def test_a_key_file_others_may_read_is_refused(tmp_path: Path) -> None:
    key = tmp_path / "deepl.key"
    key.write_text("k\n", encoding="utf-8")
    file = written(tmp_path, '[[engines]]\nname = "deepl"\nkey_file = "deepl.key"\n')
    key.chmod(0o644)
    assert "chmod 600" in problems(file)[0]
    key.chmod(0o600)
    assert load(file).engines[0].value().key.reveal() == "k"


def test_a_glossary_file_is_checked(tmp_path: Path) -> None:
    (tmp_path / "words.toml").write_text('term = "no table"\n', encoding="utf-8")
    file = written(tmp_path, '[[shops]]\nid = "a"\nname = "甲"\nglossary_file = "words.toml"\n')
    assert "term" in problems(file)[0]


def test_a_file_that_was_named_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadSettings, match="cannot be read"):
        load(tmp_path / "other.toml")
    monkeypatch.setenv("HEQI_CONFIG", str(tmp_path / "another.toml"))
    with pytest.raises(BadSettings, match=r"another\.toml"):
        load()


def test_windows_notepad_and_other_encodings(tmp_path: Path) -> None:
    file = tmp_path / "heqi.toml"
    file.write_bytes(b'\xef\xbb\xbfdetector = "langdetect"\r\n')
    assert load(file).detector == "langdetect"
    file.write_bytes('[[shops]]\nid = "a"\nname = "店"\n'.encode("gbk"))
    assert "UTF-8" in problems(file)[0]


@pytest.mark.parametrize(
    ("host", "url"),
    [("0.0.0.0", "http://127.0.0.1:8080"), ("::", "http://[::1]:8080"), ("10.0.0.5", "http://10.0.0.5:8080")],  # noqa: S104
)
def test_the_address_people_open(tmp_path: Path, host: str, url: str) -> None:
    assert load(written(tmp_path, f'[server]\nhost = "{host}"\n')).server.url == url


def test_settings_cannot_be_changed() -> None:
    settings = load()
    with pytest.raises(ValueError, match="frozen"):
        settings.detector = "langdetect"  # type: ignore[misc]


def test_lines_of_a_file() -> None:
    text = 'a = 1\n# b = 2\nt = """\nc = 3\n"""\n[s]\nd.e = 4\n[[l]]\nf = 5\n[[l]]\n"g" = 6\n[l.sub]\nh = 7\n'
    assert lines(text) == {
        ("a",): 1,
        ("t",): 3,
        ("s",): 6,
        ("s", "d", "e"): 7,
        ("l", 0): 8,
        ("l", 0, "f"): 9,
        ("l", 1): 10,
        ("l", 1, "g"): 11,
        ("l", 1, "sub"): 12,
        ("l", 1, "sub", "h"): 13,
    }


@given(st.text())
def test_lines_never_fail(text: str) -> None:
    assert all(number > 0 for number in lines(text).values())


_KEYS = ["id", "name", "label", "url", "key_env", "key_file", "goodwill", "amount", "currency", "engines", "shop"]
_WORDS = st.sampled_from(["google", "deepl", "main", "", "USD", "a b"])
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=4),
    max_leaves=8,
)
_TOP = st.sampled_from(["ENGINES", "SHOPS", "ACCOUNTS", "SERVER", "DESK", "DATA"])


@hypothesis.settings(max_examples=200, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
@given(st.dictionaries(_TOP, _VALUES, max_size=3))
def test_whatever_is_set_is_either_right_or_named(monkeypatch: pytest.MonkeyPatch, values: dict[str, object]) -> None:
    problems: tuple[Problem, ...] | None = None
    with monkeypatch.context() as environment:
        for name, value in values.items():
            environment.setenv(f"HEQI_{name}", json.dumps(value))
        try:
            load()
        except BadSettings as error:
            problems = error.problems
    assert problems is None or (problems and all(problem.wanted for problem in problems))


@pytest.mark.parametrize(
    ("limits", "field"),
    [
        ('credit = { amount = "3", currency = "EUR" }', "credit"),
        ('agent_daily = [{ amount = "30", currency = "EUR" }]', "agent_daily"),
        ('shop_daily = [{ amount = "30", currency = "EUR" }]', "shop_daily"),
    ],
)
def test_a_limit_in_another_currency_is_refused_by_name(tmp_path: Path, limits: str, field: str) -> None:
    shop = '[[shops]]\nid = "one"\nname = "S"\ngoodwill = { amount = "5", currency = "USD" }\n'
    (found,) = problems(written(tmp_path, shop + limits + "\n"))
    assert field in found
    assert "USD" in found
    both = 'agent_daily = [{ amount = "30", currency = "EUR" }, { amount = "30", currency = "USD" }]\n'
    assert load(written(tmp_path, shop + both)).shops[0].shop().agent_daily[1].currency == "USD"
