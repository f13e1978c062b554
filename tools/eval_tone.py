"""Measures the tone guard on written lines: ``python tools/eval_tone.py``, and a part of ``tools/eval.py``.

The groups of lines lie in ``tests/dialogs/tone``, each says how it came to be. A line counts for a rule once, however
often the rule is heard in it. ``--misses seen`` lists the lines of a group that are heard otherwise than meant; the
others are not to be looked at by whoever writes patterns.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from dialogs.tone import ToneGuard  # noqa: E402 - the project is not installed everywhere
from tools.eval_language import percent, table  # noqa: E402

LINES = ROOT / "tests" / "dialogs" / "tone"
GROUPS = ("seen", "held_out", "fresh")
CLEAN = "clean"


@dataclass(frozen=True)
class Line:
    """A line as a seller types it, and the rules that should be heard in it."""

    text: str
    rules: frozenset[str]


@dataclass(frozen=True)
class Score:
    """How often it was meant, said and right."""

    meant: int
    said: int
    right: int

    @property
    def precision(self) -> float:
        """Of what was said, the share that was meant."""
        return self.right / self.said if self.said else 1.0

    @property
    def recall(self) -> float:
        """Of what was meant, the share that was said."""
        return self.right / self.meant if self.meant else 1.0


def lines(group: str) -> list[Line]:
    """The lines of a group."""
    found = tomllib.loads((LINES / f"{group}.toml").read_text(encoding="utf-8"))
    return [Line(text, frozenset(key.split()) - {CLEAN}) for key, texts in found.items() for text in texts]


def score(pairs: Iterable[tuple[bool, bool]]) -> Score:
    """Of pairs of meant and said."""
    kept = list(pairs)
    return Score(sum(m for m, _ in kept), sum(s for _, s in kept), sum(m and s for m, s in kept))


def scores(guard: ToneGuard, group: str) -> dict[str, Score]:
    """Of any warning, of hard stops, and of each rule."""
    hard = {block.rule for block in guard.chinese.blocks if block.hard}
    heard = [(line.rules, {warning.rule for warning in guard.check(line.text)}) for line in lines(group)]
    found = {
        "any warning": score((bool(meant), bool(said)) for meant, said in heard),
        "hard stop": score((bool(meant & hard), bool(said & hard)) for meant, said in heard),
    }
    for rule in dict.fromkeys(block.rule for block in guard.chinese.blocks):
        found[rule] = score((rule in meant, rule in said) for meant, said in heard)
    return found


def report() -> None:
    """Print precision and recall of both groups; no line is printed."""
    guard = ToneGuard.load(ROOT / "locales")
    for group in GROUPS:
        clean = sum(not line.rules for line in lines(group))
        rows = [
            (name, each.meant, each.said, percent(each.right, each.said), percent(each.right, each.meant))
            for name, each in scores(guard, group).items()
        ]
        title = f"tone, {group}: {len(lines(group))} lines, {clean} of them clean, %"
        table(title, ("heard", "lines", "said", "precision", "recall"), rows)


def misses(group: str) -> Iterator[str]:
    """Lines of a group that are heard otherwise than they are meant, for whoever writes patterns."""
    guard = ToneGuard.load(ROOT / "locales")
    for line in lines(group):
        said = {warning.rule: warning.words for warning in guard.check(line.text)}
        if said.keys() != line.rules:
            yield f"{' '.join(sorted(line.rules)) or CLEAN}: {line.text} → {said}"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--misses"]:
        print(*misses(sys.argv[2]), sep="\n")
    else:
        report()
