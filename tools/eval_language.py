"""Measures language detection on labelled lines: clean, with the noise of shops, and with a conversation's memory.

``report(folder)`` reads ``language_dev.tsv`` (lang, text) of the folder; ``tests/dialogs/language`` holds lines of
languages the product does not know and lines in Roman letters. No text is printed.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
import tomllib
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from dialogs.errors import Refused  # noqa: E402 - the project is not installed everywhere
from dialogs.language import ABSTAIN, DETECTORS  # noqa: E402
from dialogs.messages import LanguageReading  # noqa: E402
from dialogs.ports import Detector  # noqa: E402

OUTSIDE = ROOT / "tests" / "dialogs" / "language" / "outside.toml"
LANGUAGE = {"zh-Hans": "zh"}
TALK = 4  # messages of one conversation
BINS = (0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 1.01)
SLOW = frozenset({"langdetect", "lingua"})  # read every third line only
EXTRAS = (" 8124507731046", " https://shop.example/p/12", " 😊", " $12.50", "")

Line = tuple[str, str]


def report(folder: Path) -> None:
    """Print the tables of every detector that is installed."""
    lines = [
        (LANGUAGE.get(code, code), text)
        for code, text in (
            line.split("\t", 1)
            for line in (folder / "language_dev.tsv").read_text(encoding="utf-8").splitlines()
            if "\t" in line
        )
    ]
    outside = [text for texts in tomllib.loads(OUTSIDE.read_text(encoding="utf-8")).values() for text in texts]
    noisy = list(with_noise(lines))
    detectors = dict(installed())
    rows: defaultdict[str, list[str]] = defaultdict(list)
    for name, detector in detectors.items():
        chosen, bent = (lines[::3], noisy[::3]) if name in SLOW else (lines, noisy)
        for title, value in measured(detector, chosen, bent, outside):
            rows[title].append(value)
    table(
        "language, % (macro over languages)", ("what", *detectors), ((title, *cells) for title, cells in rows.items())
    )
    first = next(iter(detectors))
    by_language(first, detectors[first], lines, noisy)
    calibration(first, detectors[first], [*lines, *noisy])


def installed() -> Iterator[tuple[str, Detector]]:
    """Every detector that can be made here."""
    for name, make in DETECTORS.items():
        try:
            yield name, make()
        except Refused as missing:
            print(f"left out: {missing}")


def measured(
    detector: Detector, lines: Sequence[Line], noisy: Sequence[Line], outside: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Each figure with its name."""
    yield "clean", macro((code, detector.detect(text)) for code, text in lines)
    yield "shop noise, alone", macro((code, detector.detect(text)) for code, text in noisy)
    first, later = with_memory(detector, noisy)
    yield "noise, first of a talk", macro(first)
    yield "noise, from the second on", macro(later)
    for title, few in (("one word", (1, 1)), ("two or three words", (2, 3))):
        short = [(code, text) for code, text in lines if few[0] <= len(text.split()) <= few[1]]
        yield title, macro((code, detector.detect(text)) for code, text in short)
    answers = [(code, detector.detect(text).code) for code, text in noisy]
    said = [(code, answer) for code, answer in answers if answer is not None]
    yield "noise, answered", percent(len(said), len(answers))
    yield "noise, right of those", percent(sum(code == answer for code, answer in said), len(said))
    wrong = sum(detector.detect(text).code is not None for text in outside)
    yield f"foreign, answered ({len(outside)})", percent(wrong, len(outside))
    spent = sorted(microseconds(detector.detect, [text for _, text in lines[:600]]))
    yield "µs, median", f"{statistics.median(spent):.0f}"
    yield "µs, 99 of 100", f"{spent[len(spent) * 99 // 100]:.0f}"


def with_memory(detector: Detector, lines: Sequence[Line]) -> tuple[list[tuple[str, LanguageReading]], ...]:
    """Talks of four messages in one language: the first messages' readings, and all later ones'."""
    texts: defaultdict[str, list[str]] = defaultdict(list)
    for code, text in lines:
        texts[code].append(text)
    first: list[tuple[str, LanguageReading]] = []
    later: list[tuple[str, LanguageReading]] = []
    for code, own in texts.items():
        for start in range(0, len(own) - TALK + 1, TALK):
            reading = LanguageReading(code=None)
            for place, text in enumerate(own[start : start + TALK]):
                reading = detector.detect(text, reading.memory)
                (later if place else first).append((code, reading))
    return first, later


def with_noise(lines: Iterable[Line]) -> Iterator[Line]:
    """The same lines as buyers send them: small letters, no accents, slips, and numbers, links and faces beside."""
    chance = random.Random(7)  # noqa: S311 - the same noise every time
    for code, text in lines:
        small = text.lower()
        if small.isascii() or any("a" <= char <= "z" for char in small):
            small = "".join(char for char in unicodedata.normalize("NFD", small) if not unicodedata.combining(char))
        words = [_slip(word, chance) for word in small.split(" ")]
        yield code, " ".join(words) + chance.choice(EXTRAS)


def _slip(word: str, chance: random.Random) -> str:
    if len(word) < 5 or chance.random() > 0.25:
        return word
    place = chance.randrange(1, len(word) - 1)
    if chance.random() < 0.5:
        return word[:place] + word[place + 1 :]
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


def by_language(name: str, detector: Detector, lines: Sequence[Line], noisy: Sequence[Line]) -> None:
    """Accuracy of each language, clean and with noise, and what it is taken for most often."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    taken: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for kind, texts in (("clean", lines), ("noise", noisy)):
        for code, text in texts:
            answer = detector.detect(text).code
            counts[code].update({"texts": kind == "clean", kind: answer == code})
            if answer != code:
                taken[code][answer or "nothing"] += 1
    table(
        f"language with {name}, %",
        ("language", "texts", "clean", "noise", "taken for"),
        (
            (
                code,
                count["texts"],
                percent(count["clean"], count["texts"]),
                percent(count["noise"], count["texts"]),
                " ".join(f"{other} {number}" for other, number in taken[code].most_common(3)),
            )
            for code, count in counts.items()
        ),
    )


def calibration(name: str, detector: Detector, lines: Iterable[Line]) -> None:
    """How often the best guess is right, by its confidence; below ``ABSTAIN`` the desk asks."""
    bins: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for code, text in lines:
        reading = detector.detect(text)
        if reading.candidates:
            place = next(place for place, edge in enumerate(BINS) if reading.confidence < edge)
            best = reading.candidates[0].code
            bins[place].update({"texts": 1, "sum": reading.confidence, "right": best.partition("-")[0] == code[:2]})
    rows = [
        (
            f"{BINS[place - 1] if place else 0:.2f} to {min(BINS[place], 1):.2f}",
            count["texts"],
            percent(count["sum"], count["texts"]),
            percent(count["right"], count["texts"]),
        )
        for place, count in sorted(bins.items())
    ]
    table(f"confidence with {name}, asked below {ABSTAIN}, %", ("confidence", "texts", "said", "right"), rows)


def macro(readings: Iterable[tuple[str, LanguageReading]]) -> str:
    """The mean over languages of the share that is right."""
    texts, right = Counter[str](), Counter[str]()
    for code, reading in readings:
        texts[code] += 1
        right[code] += reading.code == code
    return f"{100 * statistics.mean(right[code] / texts[code] for code in texts):.1f}" if texts else "-"


def microseconds(detect: Callable[[str], object], texts: Iterable[str]) -> Iterator[float]:
    """CPU time of each text."""
    for text in texts:
        begin = time.process_time_ns()
        detect(text)
        yield (time.process_time_ns() - begin) / 1000


def table(title: str, header: Iterable[object], lines: Iterable[Iterable[object]]) -> None:
    """Print one table; the first column holds names."""
    print(f"\n{title}")
    for line in (header, *lines):
        first, *others = map(str, line)
        print(f"  {first:<26}" + "".join(f"{cell:>{max(11, len(cell) + 1)}}" for cell in others))


def percent(part: float, whole: float) -> str:
    """A share as a percentage, a dash of nothing."""
    return f"{100 * part / whole:.1f}" if whole else "-"
