"""A broken tone file is refused with file, line, value and what is right."""

from __future__ import annotations

from pathlib import Path

import pytest

from dialogs.errors import BadData
from dialogs.tone import ToneGuard
from dialogs.tone.chinese import RULES, ChineseRules
from tests.dialogs.tone.guard import LOCALES

BLOCK = """hard = ["threat"]
denials = ['不(?:会)?']

[[block]]
rule = "threat"
why = "威胁"
better = "我们一起解决。"
patterns = ['起诉']
"""


def rules_of(tmp_path: Path, text: str) -> ChineseRules:
    path = tmp_path / "rules.toml"
    path.write_text(text, encoding="utf-8")
    return ChineseRules.load(path)


def test_the_smallest_file(tmp_path: Path) -> None:
    assert [warning.rule for warning in rules_of(tmp_path, BLOCK).check("起诉")] == ["threat"]


@pytest.mark.parametrize(
    ("old", "new", "right"),
    [
        ("[[block]]", "[[block", "not valid TOML"),
        ('why = "威胁"', 'wy = "威胁"', ":6: block 'threat': unknown key 'wy'"),
        ('why = "威胁"', 'why = ""', ":6: block 'threat': why '' must be a text"),
        ('rule = "threat"', 'rule = "Threat 1"', ":5: block: rule 'Threat 1' must be small letters and _"),
        ("patterns = ['起诉']", "patterns = []", "patterns is missing or empty"),
        ("patterns = ['起诉']", "patterns = '起诉'", ":8: block 'threat': patterns '起诉' must be a list of texts"),
        ("['起诉']", "['起诉', '起诉']", ":8: block 'threat': patterns '起诉' stands twice"),
        ("['起诉']", "['(起诉']", "is not a regular expression"),
        ("['起诉']", "['起.*诉']", "repeats without end, write {0,8}"),
        ("['起诉']", "['起{2,}']", "repeats without end"),
        ("['起诉']", "['诉?']", "is found in an empty text"),
        ("['起诉']", "['起訴']", "must have '诉' for '訴'"),
        ("['起诉']", "['QQ']", "must have 'q' for 'Q'"),
        ("['起诉']", "['起诉，']", "must have ',' for '，'"),
        (
            'better = "我们一起解决。"',
            'better = "起诉您。"',
            "better '起诉您。' is heard as threat ('起诉'), must be clean",
        ),
        ('hard = ["threat"]', 'hard = ["thread"]', ":1: hard 'thread' must be the rule of a block"),
        ('hard = ["threat"]', "", "hard is missing or empty"),
        ("patterns =", "denied = 1\npatterns =", "denied '1' must be true or false"),
        ("[[block]]", "[block]", "block is missing, there must be at least one [[block]]"),
    ],
)
def test_a_broken_rule_is_refused(tmp_path: Path, old: str, new: str, right: str) -> None:
    assert old in BLOCK
    with pytest.raises(BadData) as refused:
        rules_of(tmp_path, BLOCK.replace(old, new))
    assert right in str(refused.value)
    assert "rules.toml" in str(refused.value)


@pytest.mark.parametrize(
    ("old", "new", "right"),
    [
        ('script = "words"', 'script = "letters"', "en/tone.toml:2: script 'letters' must be one of words, characters"),
        ("insult =", "insults =", "unknown key 'insults'"),
        ('"idiot*"', '"id*iot"', "insult 'id*iot' must be words with spaces between, * only behind a word"),
        ('"idiot*"', '"it\'s, you"', "must be words with spaces between"),
        ("money = [", "money = []\n#", "money is missing or empty"),
        ('script = "words"', 'script = "words"\naccents = "no"', "accents 'no' must be true or false"),
    ],
)
def test_a_broken_language_is_refused(tmp_path: Path, old: str, new: str, right: str) -> None:
    english = (LOCALES / "en" / "tone.toml").read_text(encoding="utf-8")
    assert old in english
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "tone.toml").write_text(english.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BadData) as refused:
        ToneGuard.load(tmp_path, RULES)
    assert right in str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadData, match=r"rules\.toml: cannot be read"):
        ChineseRules.load(tmp_path / "rules.toml")
