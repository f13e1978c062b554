"""Cue files are checked when they are loaded: file, line, what is wrong, what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from dialogs.errors import BadData
from dialogs.reading import Reader
from dialogs.reading.cues import load
from dialogs.reading.situations import SITUATIONS
from tests.dialogs.reading.shared import LOCALES, READER

LANGUAGES = {"en", "es", "pt", "ru", "fr", "de", "ar", "ko", "ja", "zh"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "xx").mkdir()
    return tmp_path


def write(folder: Path, text: str) -> Path:
    path = folder / "xx" / "cues.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('[situations.lost_dog]\nsure = ["dog"]', 1, "unknown situation 'lost_dog'"),
        ('[situations.damaged]\ncertain = ["broken"]', 2, "unknown level 'certain'"),
        ('[situations.damaged]\nsure = [""]', 2, "empty"),
        ('[situations.damaged]\nsure = ["broken"]\n\n[situations.quality]\nsure = ["broken"]', 5, "in damaged already"),
        ('[situations.damaged]\nsure = ["broken",\n"broken"]', 3, "keep it once"),
        ('[nothing]\ncues = ["broken"]\n[situations.damaged]\nsure = ["broken"]', 4, "already"),
        ('[situations.damaged]\nsure = ["<torn> box"]', 2, "names the group '<torn>'"),
        ('[situations.damaged]\nsure = ["... broken"]', 2, "begins or ends with a gap"),
        ('[situations.damaged]\nsure = ["#"]', 2, "says nothing"),
        ('[situations.damaged]\nsure = ["b*"]', 2, "is no word"),
        ('[situations.damaged]\nsure = "broken"', 2, "must be a list"),
        ('[wants]\nrefunds = ["money"]', 2, "unknown key 'refunds'"),
        ('[moods]\nangry = ["!"]', 1, "unknown table [moods]"),
        ('[numbers]\none = "1"', 2, "whole number"),
        ('[money]\nbucks = "dollars"', 2, "three capitals"),
        ('[dates]\norder = "ydm"', 2, "must be one of dmy, mdy, ymd"),
        ('[dates]\nmonths = [["january"]]', 2, "a year has 12"),
        ('[dates]\nweekdays = [["monday"]]', 2, "a week has 7"),
        ('[colours]\nmauve = ["mauve"]', 2, "unknown key 'mauve'"),
        ('[sizes]\n"extra large" = "xl"', 2, "size in capitals"),
        ('[relative]\nyesterday = "-1"', 2, "days from today"),
        ("[relative]\nonce = -9999", 2, "-366 to 366"),
        ('[mood]\nironic = ["bravo"]', 2, "unknown key 'ironic'"),
        ('[fault]\nweather = ["storm"]', 2, "unknown key 'weather'"),
        ('[language]\nscript = "letters"', 2, "must be one of words, characters"),
        ('[counts]\ncues = ["got #3"]', 2, "#asked, #got or #missing"),
        ("[situations.damaged\n", None, "not TOML"),
    ],
)
def test_a_mistake_is_named_with_its_line(folder: Path, text: str, line: int | None, words: str) -> None:
    path = write(folder, text)
    with pytest.raises(BadData) as caught:
        Reader.load(folder)
    assert words in caught.value.problem
    assert (caught.value.file, caught.value.line) == (str(path), line)


def test_a_group_entry_of_several_words_stands_in_a_phrase(folder: Path) -> None:
    cues = load(write(folder, '[groups]\nnot = ["never", "not yet"]\n[situations.not_received]\nsure = ["<not> came"]'))
    for text in ("never came", "Not yet came!"):
        assert [match.target.id for match in cues.matcher.scan(text).matches] == ["not_received"]
    assert cues.matcher.scan("yet came").matches == ()


def test_a_word_of_several_words_may_stand_among_others_in_a_group(folder: Path) -> None:
    cues = load(
        write(folder, '[groups]\nbad = ["bad|very_poor review|rating"]\n[situations.bad_review]\nsure = ["<bad>"]')
    )
    for text in ("bad review", "very poor rating"):
        assert [match.target.id for match in cues.matcher.scan(text).matches] == ["bad_review"]
    for text in ("very bad", "poor rating", "very review"):
        assert cues.matcher.scan(text).matches == ()


@pytest.mark.parametrize(
    ("cue", "fits", "fits_not"),
    [
        ("refund*", ["refund", "Refunded"], ["unrefund"]),
        ("*paket", ["Überpaket", "paket"], ["pakete"]),
        ("a|b c", ["a c", "b c"], ["a", "a b"]),
        ("a|b_c d", ["a d", "b c d"], ["c d", "b d"]),
        ("a b? c", ["a b c", "a c"], ["a x c"]),
        ("aa ... bb", ["aa bb", "aa x y bb", "aa x, bb"], ["aa. bb", "aa 1 2 3 4 5 6 bb", "bb aa"]),
        ("aa .. bb", ["aa x bb"], ["aa, bb"]),
        ("^ aa", ["aa bb"], ["bb aa"]),
        ("aa $", ["bb aa!"], ["aa bb"]),
        ("# days", ["3 days", "٣ days"], ["days"]),
        ("#|few days", ["3 days", "few days"], ["days"]),
    ],
)
def test_how_phrases_are_written(folder: Path, cue: str, fits: list[str], fits_not: list[str]) -> None:
    matcher = load(write(folder, f'[situations.damaged]\nsure = ["{cue}"]')).matcher
    for text in fits:
        assert matcher.scan(text).matches, text
    for text in fits_not:
        assert not matcher.scan(text).matches, text


def test_every_language_speaks_of_every_situation_it_should() -> None:
    assert READER.languages >= LANGUAGES
    rare = {"ruling"}
    for language in LANGUAGES:
        text = (LOCALES / language / "cues.toml").read_text(encoding="utf-8")
        missing = {situation for situation in SITUATIONS if f"[situations.{situation}]" not in text}
        assert missing <= rare, language
