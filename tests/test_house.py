"""Rules of the house that no other tool checks."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

from bot.cli import app
from bot.settings import Settings

ROOT = Path(__file__).parents[1]
PRODUCT = ("adapters", "bot", "dialogs", "locales")
LINE_LIMIT = 400  # lines with something on them; a longer file has more than one purpose
SKIPPED = {".git", ".venv", "var", "node_modules", "build", "dist", "__pycache__"}

MODULES = sorted(path for folder in PRODUCT for path in (ROOT / folder).rglob("*.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def texts() -> list[Path]:
    """All files of the project that hold text, without what is generated or installed."""
    found = []
    for path in ROOT.rglob("*"):
        parts = path.relative_to(ROOT).parts
        hidden = any(part.startswith(".") and part not in {".ci", ".gitignore"} for part in parts)
        if path.is_file() and not hidden and not SKIPPED.intersection(parts) and ".egg-info" not in name(path):
            found.append(path)
    return found


def page(file: str) -> str:
    return (ROOT / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_files_have_one_purpose_and_say_it(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(source)), "a module begins with what it is for"
    assert sum(bool(line.strip()) for line in source.splitlines()) <= LINE_LIMIT


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_the_product_logs_or_answers_and_never_prints(path: Path) -> None:
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    assert not [call.lineno for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"]


def test_every_folder_of_code_is_a_package_with_a_docstring() -> None:
    folders = {path.parent for path in MODULES}
    assert {name(folder) for folder in folders if not (folder / "__init__.py").exists()} == set()


def test_no_file_names_a_registry_or_a_place_on_somebody_s_machine() -> None:
    hosts = ["pypi" + ".org", "python" + "hosted", "npm" + "js", "hugging" + "face", "tuna.ts" + "inghua"]
    places = [
        rf"(?<![\w.~:/]){folder}" for folder in ("/wo" + "rk/", "/ro" + "ot/", "/ho" + r"me/\w", "/Us" + r"ers/\w")
    ]
    notes = [
        "dom" + "ain §",
        r"\b(?:des" + r"ign|dom" + r"ain|anch" + r"ors)\.md\b",
    ]  # papers that are not in the house
    wanted = re.compile("|".join([*map(re.escape, hosts), *places, *notes]))
    found = []
    for path in texts():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture
        found += [f"{name(path)}:{n}" for n, line in enumerate(text.splitlines(), 1) if wanted.search(line)]
    assert found == []


def test_nothing_is_left_to_do() -> None:
    marks = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    files = [path for path in texts() if path.suffix in {".py", ".toml", ".md", ".js", ".css", ".html"}]
    assert [name(path) for path in files if marks.search(path.read_text(encoding="utf-8"))] == []


# ---- papers that must stay true --------------------------------------------------------------------------------------


def house_map() -> list[str]:
    block = re.search(r"^```text\n(.*?)^```", page("README.md"), re.MULTILINE | re.DOTALL)
    assert block, "README.md shows the map of the house in a ```text block"
    return [
        token for line in block[1].splitlines() if not line.startswith(" ") for token in line.split("  ")[0].split()
    ]


def test_the_map_of_the_house_is_true() -> None:
    paths = house_map()
    gone = [path for path in paths if not list(ROOT.glob(path.rstrip("/")))]
    assert gone == []
    inside = [
        name(path)
        for folder in ("", "adapters", "bot", "dialogs", "tools")
        for path in (ROOT / folder).iterdir()
        if (path.suffix == ".py" or path.is_dir()) and not path.name.startswith((".", "_")) and path.name not in SKIPPED
    ]
    known = [path.rstrip("/") for path in paths]
    missing = [path for path in inside if ".egg-info" not in path and not any(fnmatch(path, one) for one in known)]
    assert missing == []


def test_the_changelog_knows_this_version() -> None:
    assert re.search(rf"^## \[{re.escape(PROJECT['project']['version'])}\]", page("CHANGELOG.md"), re.MULTILINE)


def test_commands_named_in_papers_exist() -> None:
    papers = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in papers)
    targets = set(re.findall(r"^([a-z]+):", page("Makefile"), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z]+)", text)) <= targets
    commands = {command.name for command in app.registered_commands} | {group.name for group in app.registered_groups}
    assert set(re.findall(r"`heqi ([a-z-]+)", text)) <= commands
    assert all(f"heqi {command}" in page("docs/cli.md") for command in commands)


def test_links_in_papers_lead_somewhere() -> None:
    for paper in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", paper.read_text(encoding="utf-8"))
        assert [target for target in targets if not (paper.parent / target).exists()] == [], name(paper)


def test_every_setting_is_described() -> None:
    text = page("docs/settings.md")
    assert [field for field in Settings.model_fields if f"`{field}" not in text and f"[{field}]" not in text] == []


# ---- dependencies ----------------------------------------------------------------------------------------------------


def test_every_dependency_has_an_exact_version() -> None:
    lines = [line for line in page("constraints.txt").splitlines() if line and not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9.-]+==[\w.]+(?: *; .+)?", line)] == []
    exact = {line.partition("==")[0] for line in lines}
    asked = [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"]]
    names = {re.split(r"[\[<>=; ]", one)[0].lower() for one in asked}
    assert names - exact == set()


def test_shell_scripts_stop_at_the_first_error() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert "set -euo pipefail" in script.read_text(encoding="utf-8")
    subprocess.run(["bash", "-n", str(script)], check=True)
