"""The command line as people use it: real processes, one clear line for what goes wrong, never a traceback."""

from __future__ import annotations

import csv
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "heqi.toml").write_text("engines = []\n", encoding="utf-8")
    return tmp_path


def command(home: Path, *arguments: str, **more: str) -> list[str]:
    return [sys.executable, "-m", "bot", *arguments]


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HEQI_")}
    root = str(Path(__file__).parents[2])
    return {**kept, "PYTHONPATH": root, "COLUMNS": "120", "PYTHONWARNINGS": "error::ResourceWarning", **more}


def heqi(home: Path, *arguments: str, given: bytes = b"", **more: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        command(home, *arguments),
        cwd=home,
        env=environment(**more),
        input=given,
        capture_output=True,
        timeout=60,
        check=False,
    )


def test_help_names_every_command(home: Path) -> None:
    done = heqi(home, "--help")
    assert done.returncode == 0
    assert all(
        word in done.stdout.decode() for word in ("serve", "demo", "check", "agent", "export", "read", "locales")
    )
    assert b"heqi 0." in heqi(home, "--version").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["serve", "--config", "absent.toml"], 2, "absent.toml"),
        (["export"], 2, "--all"),
        (["export", "1", "--all"], 2, "--all"),
        (["export", "1", "--zone", "Mars/Olympus"], 2, "Mars/Olympus"),
        (["export", "7"], 1, "7"),
        (["read", "--language", "klingonese"], 2, "klingonese"),
        (["read", "--jobs", "0"], 2, "--jobs"),
        (["agent", "remove", "小王"], 1, "no such agent"),
        (["fly"], 2, "fly"),
    ],
)
def test_what_goes_wrong_is_told_without_a_traceback(home: Path, arguments: list[str], code: int, words: str) -> None:
    done = heqi(home, *arguments)
    told = done.stderr.decode()
    assert done.returncode == code, told
    assert words in told
    assert "Traceback" not in told


def test_wrong_settings_are_all_named_and_exit_2(home: Path) -> None:
    (home / "heqi.toml").write_text('detecter = "x"\n[server]\nport = 0.5\n', encoding="utf-8")
    done = heqi(home, "read")
    told = done.stderr.decode().splitlines()
    assert done.returncode == 2
    assert [line.split(": ")[0] for line in told] == ["heqi.toml:1", "heqi.toml:3"]


def test_check_names_settings_and_data_at_once(home: Path) -> None:
    (home / "heqi.toml").write_text('[server]\nprot = 1\n[[engines]]\nname = "deepl"\n', encoding="utf-8")
    done = heqi(home, "check")
    told = done.stderr.decode()
    assert done.returncode == 1
    assert "heqi.toml:2: server.prot" in told
    assert "heqi.toml:3: engines[1]" in told


def test_check_names_a_database_that_cannot_be_used(home: Path) -> None:
    (home / "other.sqlite").write_bytes(b"no database" * 100)
    done = heqi(home, "check", HEQI_DATABASE__URL=f"sqlite:///{home / 'other.sqlite'}")
    assert done.returncode == 1
    assert "database: " in done.stderr.decode()
    (home / "var").rmdir()
    (home / "var").write_text("a file where the folder should be", encoding="utf-8")
    assert "data = " in heqi(home, "check").stderr.decode()


def test_agents_come_with_a_link_and_go(home: Path) -> None:
    added = heqi(home, "agent", "add", "小王", "--role", "lead")
    assert added.stdout.decode().startswith("http://127.0.0.1:8080/login/")
    assert heqi(home, "agent", "list").stdout.decode() == "小王\tlead\n"
    assert heqi(home, "agent", "link", "小王").stdout != added.stdout
    again = heqi(home, "agent", "add", "小王")
    assert (again.returncode, b"exists" in again.stderr) == (1, True)
    assert heqi(home, "agent", "remove", "小王").returncode == 0
    assert heqi(home, "agent", "list").stdout == b""


def test_export_of_nothing(home: Path) -> None:
    done = heqi(home, "export", "--all")
    assert done.returncode == 0
    assert json.loads(done.stdout) == {"conversations": []}
    done = heqi(home, "export", "--all", "--format", "csv", "--bom", "--output", "all.csv")
    assert done.returncode == 0
    assert done.stdout == b""
    with (home / "all.csv").open(encoding="utf-8-sig", newline="") as file:
        assert next(csv.reader(file))[0] == "conversation"
    assert sorted(path.name for path in home.iterdir()) == ["all.csv", "heqi.toml", "var"]


def test_read_answers_every_line_in_order(home: Path) -> None:
    lines = [
        "¿Dónde está mi pedido 8124507731046? Llevo 32 días esperando".encode(),
        b"\xff\xfe",
        b'{"text": "a\\ud800\\u0000b", "conversation": "x"}',
        b'{"text": ',
        b"",
        "很好".encode() * 20_000,
        b"a\x00b",
    ]
    done = heqi(home, "read", "--no-translate", given=b"\n".join(lines) + b"\n")
    assert done.returncode == 0, done.stderr.decode()
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer.get("line") for answer in found] == [None, 2, None, 4, None, None, None]
    assert found[0]["language"]["code"] == "es"
    assert found[0]["facts"]["orders"] == ["8124507731046"]
    assert len(found[0]["proposals"]) == 3
    assert found[2]["conversation"] == "x"


@pytest.fixture
def reader(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command(home, "read", "--no-translate"),
        cwd=home,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    yield process
    process.kill()
    process.communicate()


def test_read_answers_while_the_input_stays_open(reader: subprocess.Popen[bytes]) -> None:
    assert reader.stdin
    assert reader.stdout
    for _ in range(2):
        reader.stdin.write(b"hola\n")
        reader.stdin.flush()
        assert b'"language"' in reader.stdout.readline()


def test_read_ends_quietly_when_nobody_listens_any_more(reader: subprocess.Popen[bytes]) -> None:
    assert reader.stdin
    assert reader.stdout
    assert reader.stderr
    reader.stdin.write(b"hola\n")
    reader.stdin.flush()
    reader.stdout.readline()
    reader.stdout.close()
    reader.stdin.write(b"hola\n" * 3)
    reader.stdin.flush()  # and stays open
    assert reader.wait(timeout=30) == 0
    assert reader.stderr.read() == b""


def test_locales_shows_who_wrote_how_much(home: Path) -> None:
    told = heqi(home, "locales").stdout.decode()
    assert "中文" in told
    assert "100%" in told


def test_a_taken_port_is_told_before_anything_starts(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = heqi(home, "demo", HEQI_SERVER__PORT=str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert "HEQI_SERVER__PORT" in done.stderr.decode()
    assert not (home / "var").exists()


def test_the_demo_serves_tells_its_story_and_stops(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        command(home, "demo", "--story", "--no-open"),
        cwd=home,
        env=environment(HEQI_SERVER__PORT=str(port), PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stdout
        assert f"http://127.0.0.1:{port}/login/" in process.stdout.readline().decode()
        rows: list[dict[str, object]] = []
        deadline = time.monotonic() + 30
        while not rows and time.monotonic() < deadline:
            rows = json.loads(heqi(home, "export", "--all").stdout)["conversations"]
        assert rows[0]["contact"] == "Lucía"
    finally:
        process.terminate()
        _, told = process.communicate(timeout=30)
    assert process.returncode == 0, told.decode()
    assert b"Traceback" not in told
