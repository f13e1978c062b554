"""The desk's catalogue: every text the code says in Chinese has its English."""

import re
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

from adapters.desk import words as words_module
from adapters.desk.words import Words
from adapters.labels import LABELS
from adapters.troubles import TroubleKind
from adapters.whatsapp.reasons import REASONS as WHATSAPP_REASONS
from dialogs.errors import BadData
from dialogs.events import Body
from dialogs.faults import Fault
from dialogs.messages import (
    CaseStatus,
    DeliveryState,
    Kind,
    Mood,
    Origin,
    Reason,
    RefusalCode,
    Severity,
    Step,
    Urgency,
    Want,
)

DESK = Path(words_module.__file__).parent
IN_SCRIPT = re.compile(r"""\bt\((["'])(.*?)\1""")
IN_PYTHON = re.compile(r"""\bwords\("(.*?)"\)|_words\("(.*?)"\)""")


def used() -> set[str]:
    found = {text for table in LABELS.values() for text in table.values()}
    for script in DESK.glob("static/**/*.js"):
        found |= {match[1] for match in IN_SCRIPT.findall(script.read_text(encoding="utf-8"))}
    for module in DESK.glob("*.py"):
        found |= {
            a or b for a, b in IN_PYTHON.findall(re.sub(r"words\('(.*?)'\)", r'words("\1")', module.read_text("utf-8")))
        }
    return found


def test_every_text_has_its_english_and_no_english_is_left_over() -> None:
    assert set(Words("en").catalogue) == used()


def test_placeholders_survive_translation() -> None:
    for chinese, english in Words("en").catalogue.items():
        assert set(re.findall(r"\{\w+\}", chinese)) == set(re.findall(r"\{\w+\}", english)), chinese


def test_no_chinese_is_left_in_english() -> None:
    allowed = {"和气工作台"}
    for chinese, english in Words("en").catalogue.items():
        assert chinese in allowed or not re.search(r"[\u4e00-\u9fff]", english), english


@pytest.mark.parametrize(
    ("group", "codes"),
    [
        ("kind", Kind),
        ("origin", Origin),
        ("mood", Mood),
        ("urgency", Urgency),
        ("want", Want),
        ("fault", Fault),
        ("delivery", DeliveryState),
        ("refusal", RefusalCode),
        ("reason", Reason),
        ("severity", Severity),
    ],
)
def test_every_code_has_a_label(group: str, codes: type[CaseStatus]) -> None:
    assert set(LABELS[group]) == set(codes)


REASONS = re.compile(r"""(?:Refused|Unreachable|WindowClosed|TryLater|Ambiguous)\(\s*"([a-z_]+)\"""")


def test_every_reason_the_channels_give_has_a_label() -> None:
    known = {**LABELS["refusal"], **LABELS["attempt"], **LABELS["delivery_error"]}
    given = set()
    for channel in ("telegram", "whatsapp", "bridge", "webchat"):
        for module in (DESK.parent / channel).rglob("*.py"):
            if "desk" not in module.parts[-2]:  # a board's troubles are not a delivery's
                given |= set(REASONS.findall(module.read_text(encoding="utf-8")))
    given |= set(WHATSAPP_REASONS)
    assert given <= set(known), given - set(known)


def test_every_event_and_every_kind_of_trouble_has_a_label() -> None:
    assert set(LABELS["event"]) == {
        field.default for body in get_args(Body) for field in fields(body) if field.name == "type"
    }
    assert set(LABELS["trouble"]) == set(get_args(TroubleKind))


def test_every_step_has_a_label() -> None:
    assert set(LABELS["step"]) == {str(int(step)) for step in Step}


def test_labels_carry_the_situations_and_unknown_languages_fall_back_to_chinese() -> None:
    words = Words("xx")
    assert words.language == "zh"
    assert words.labels({"damaged": "破损"})["situation"] == {"damaged": "破损"}
    assert Words("en").labels({})["mood"]["angry"] == "angry"


def test_languages_are_named_in_the_desks_language() -> None:
    assert Words("zh").languages()["es"] == "西班牙语"
    assert Words("en").languages()["zh-Hant"] == "Traditional Chinese"


def test_an_empty_entry_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "en" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "desk.po").write_text('msgid "安抚"\nmsgstr ""\n', encoding="utf-8")
    monkeypatch.setattr(words_module, "files", lambda _: tmp_path)
    with pytest.raises(BadData, match="安抚"):
        words_module._catalogue.__wrapped__("en")
