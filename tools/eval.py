"""Measures the tone guard, and reading on labelled samples: ``python tools/eval.py [FOLDER] [--embeddings]``.

Reads whichever of ``language_dev.tsv`` (lang, text), ``issues_dev.tsv`` (lang, text, label), ``emotions_dev.tsv``
(lang, text, calm | upset | angry) and ``remedy.tsv`` (lang, text, remedy) lie in the folder. No text is printed.
"""

from __future__ import annotations

import csv
import statistics
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from adapters.models.embeddings import Embeddings  # noqa: E402 - the project is not installed everywhere
from dialogs.language import DETECTORS  # noqa: E402 - the project is not installed everywhere
from dialogs.messages import LanguageReading, Mood, Reading  # noqa: E402
from dialogs.reading import Reader, seeds  # noqa: E402
from tools import eval_language, eval_tone  # noqa: E402
from tools.eval_language import percent, table  # noqa: E402

TODAY = date(2026, 1, 15)
SEEDS = [(seed.language, seed.situation, seed.text) for seed in seeds.load(ROOT / "locales")]
# Labels of the samples → situations of the product.
SITUATION = {
    "where_is_order": ("in_transit",),
    "delayed": ("in_transit",),
    "tracking_stuck": ("tracking_invalid",),
    "customs": ("customs_hold",),
    "returned_to_sender": ("returned",),
    "defective": ("cannot_use", "quality"),
    "wrong_size": ("not_as_described",),
    "missing_items": ("shortage",),
    "stock": ("availability",),
    "size_advice": ("advice",),
    "product_question": ("advice",),
    "price": ("bargain",),
    "shipping_time": ("shipping_terms",),
    "other": ("unknown", "off_topic"),
}
GROUPS = {
    "logistics": (
        "in_transit not_received signed_not_received tracking_invalid wrong_address customs_hold returned wrong_carrier"
        " not_shipped"
    ),
    "product": "damaged cannot_use quality not_as_described shortage wrong_item counterfeit",
    "order": "cancel change_order refund_status return_request payment",
    "presales": "availability advice bargain shipping_terms hesitation",
    "social": "praise thanks greeting",
    "threat": "review_threat extortion dispute_opened complaint bad_review",
    "other": "unknown off_topic",
}
GROUP = {situation: group for group, names in GROUPS.items() for situation in names.split()}
WANT = {"info": "information"}


def main(folder: Path, *, embeddings: bool) -> None:
    """Print the table of every sample the folder holds."""
    detector, reader = DETECTORS["eldc"](), Reader.load(ROOT / "locales")
    meaning = Embeddings(SEEDS, Path(tempfile.gettempdir()) / "heqi-seeds") if embeddings else None
    print(f"languages with cues: {' '.join(sorted(reader.languages))}")
    if (folder / "language_dev.tsv").exists():
        eval_language.report(folder)
    known = Known(reader, meaning)
    if (folder / "issues_dev.tsv").exists():
        issues(rows(folder / "issues_dev.tsv"), known)
    if (folder / "emotions_dev.tsv").exists():
        moods(rows(folder / "emotions_dev.tsv"), known)
    if (folder / "remedy.tsv").exists():
        wants(rows(folder / "remedy.tsv"), known)
    if (folder / "issues_dev.tsv").exists():
        times(rows(folder / "issues_dev.tsv"), detector.detect, reader)


class Known:
    """Reads texts whose language the sample tells, so that reading is measured by itself."""

    def __init__(self, reader: Reader, meaning: Embeddings | None = None) -> None:
        self.languages = reader.languages
        self._reader = reader
        self._meaning = meaning

    def read(self, text: str, language: str) -> Reading:
        """What ``text`` says."""
        opinion = self._meaning.opinion(text, language) if self._meaning else None
        known = LanguageReading(code=language, confidence=1.0)
        return self._reader.read(text, known, today=TODAY, opinions=(opinion,) if opinion else ())


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a table with a header."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


CONFUSIONS = 25  # rows of the table of what is taken for what
BINS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.01)  # edges of confidence


def issues(samples: list[dict[str, str]], known: Known) -> None:
    """Accuracy of the leading situation, fine and by group, by language and by label."""
    scores: defaultdict[str, Counter[str]] = defaultdict(Counter)
    confused: Counter[tuple[str, str]] = Counter()
    sure: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for sample in samples:
        label = sample["label"]
        right = SITUATION.get(label, (label,))
        reading = known.read(sample["text"], sample["lang"])
        read = reading.situation
        here = {
            "texts": 1,
            "fine": read in right,
            "group": GROUP.get(read) == GROUP[right[0]],
            "none": read == "unknown",
        }
        own = "with cues" if sample["lang"] in known.languages else "without cues"
        for name in (f"language {sample['lang']}", f"label {label}", f"source {sample['source']}", f"all {own}"):
            scores[name].update(here)
        if read not in right:
            confused[label, read] += 1
        if reading.situations:
            confidence = reading.situations[0].confidence
            place = next(place for place, edge in enumerate(BINS) if confidence < edge)
            sure[place].update({"texts": 1, "right": read in right, "sum": confidence})
    lines = [
        (name, count["texts"], *(percent(count[key], count["texts"]) for key in ("fine", "group", "none")))
        for name, count in sorted(scores.items())
    ]
    table("situations, %", ("sample", "texts", "fine", "group", "unknown"), lines)
    table(
        "taken for another, most often",
        ("label", "read as", "texts"),
        ((label, read, number) for (label, read), number in confused.most_common(CONFUSIONS)),
    )
    calibration(sure)


def calibration(sure: Mapping[int, Counter[str]]) -> None:
    """How often a situation is right, by the confidence it was read with."""
    lines = [
        (
            f"{BINS[place - 1]:.2f} to {min(BINS[place], 1):.2f}",
            count["texts"],
            percent(count["sum"], count["texts"]),
            percent(count["right"], count["texts"]),
        )
        for place, count in sorted(sure.items())
    ]
    texts = sum(count["texts"] for count in sure.values())
    away = sum(abs(count["sum"] - count["right"]) for count in sure.values())
    table(
        f"confidence of situations, %, away from the truth by {percent(away, texts)} on average",
        ("confidence", "texts", "said", "right"),
        lines,
    )


def moods(samples: list[dict[str, str]], known: Known) -> None:
    """Precision and recall of upset and angry, over languages with cues."""
    for chosen in (*sorted(known.languages), "all"):
        pairs = Counter(
            (sample["label"], str(known.read(sample["text"], sample["lang"]).mood))
            for sample in samples
            if sample["lang"] == chosen or (chosen == "all" and sample["lang"] in known.languages)
        )
        if not pairs:
            continue
        lines = []
        for mood in Mood:
            right = pairs[mood, mood]
            said = sum(number for (_, read), number in pairs.items() if read == mood)
            true = sum(number for (label, _), number in pairs.items() if label == mood)
            lines.append((mood, true, percent(right, said), percent(right, true)))
        right = sum(number for (label, read), number in pairs.items() if label == read)
        accuracy = percent(right, sum(pairs.values()))
        table(f"mood {chosen}, accuracy {accuracy} %", ("mood", "texts", "precision", "recall"), lines)


def wants(samples: list[dict[str, str]], known: Known) -> None:
    """How often the remedy asked for is among the wants."""
    scores: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for sample in samples:
        own = "with cues" if sample["lang"] in known.languages else "without cues"
        wanted = WANT.get(sample["remedy"], sample["remedy"])
        read = known.read(sample["text"], sample["lang"]).wants
        scores[f"{own}: {wanted}"].update({"texts": 1, "found": wanted in read})
    lines = [(name, count["texts"], percent(count["found"], count["texts"])) for name, count in sorted(scores.items())]
    table("wants, %", ("want", "texts", "found"), lines)


def times(samples: list[dict[str, str]], detect: Callable[[str], LanguageReading], reader: Reader) -> None:
    """Time of detection and reading on this machine."""
    spent: dict[str, list[float]] = {"detection": [], "reading": [], "both": []}
    for text in _twice(sample["text"] for sample in samples):
        begin = time.process_time_ns()
        language = detect(text)
        between = time.process_time_ns()
        reader.read(text, language, today=TODAY)
        end = time.process_time_ns()
        for name, start, stop in (("detection", begin, between), ("reading", between, end), ("both", begin, end)):
            spent[name].append((stop - start) / 1000)
    lines = []
    for name, values in spent.items():
        ordered = sorted(values)
        lines.append((name, f"{statistics.median(ordered):.0f}", f"{ordered[len(ordered) * 99 // 100]:.0f}"))
    table("microseconds of CPU a message", ("part", "p50", "p99"), lines)


def _twice(texts: Iterable[str]) -> Iterator[str]:
    kept = list(texts)
    yield from kept
    yield from kept


if __name__ == "__main__":
    folders = [argument for argument in sys.argv[1:] if argument != "--embeddings"]
    if len(folders) > 1:
        sys.exit("usage: python tools/eval.py [FOLDER] [--embeddings]")
    eval_tone.report()
    if folders:
        main(Path(folders[0]), embeddings="--embeddings" in sys.argv)
