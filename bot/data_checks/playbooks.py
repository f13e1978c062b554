"""Checks of the playbooks: all problems at once, and what may not be said."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from enum import Enum
from pathlib import Path
from typing import Any

from dialogs import forbidden
from dialogs.cases import PRESALE, SOCIAL
from dialogs.errors import BadData
from dialogs.faults import Cause, Fault
from dialogs.messages import Kind, Manner, Mood, Step, Want
from dialogs.playbooks import CONDITION_FACTS, GENERAL, NOTICES, PLACEHOLDERS, ReplyRule, never_offered, placeholders
from dialogs.remedies import LADDER
from dialogs.scripts import LANGUAGES

# The situations a shop meets most; each must have a playbook, and the general one.
REQUIRED = frozenset({
    "in_transit", "not_received", "signed_not_received", "shortage", "damaged", "not_as_described", "wrong_item",
    "quality", "cannot_use", "review_threat", "cancel", "greeting", GENERAL,
})  # fmt: skip
# Nothing is conceded to extortion: these kinds must not stand in its playbook, a firm line must.
EXTORTION = "extortion"
_NOT_FOR_EXTORTION = frozenset({Kind.CALMING, Kind.APOLOGY, Kind.REMEDY})

_KEYS = frozenset(field.name for field in fields(ReplyRule)) - {"placeholders"}
_PLATFORM = re.compile(r"[a-z0-9_]+")
_BLOCK = re.compile(r"^\s*\[\[\s*reply\s*\]\]", re.MULTILINE)
_ID = re.compile(r"[a-z_]+\.[a-z0-9_]+")
_HALF_WIDTH = re.compile(r"[,;:?!]")
DATE_LAST = re.compile(r"\{date\}\s*(?:[.!?…。！？।؟]|$)")
_CHOICES: Mapping[str, type[Enum]] = {
    "moods": Mood,
    "faults": Fault,
    "causes": Cause,
    "wants": Want,
    "after": Kind,
    "steps": Step,
}


@dataclass(frozen=True, slots=True)
class _Reply:
    """One ``[[reply]]`` as it stands in its file."""

    raw: Mapping[str, Any]
    situation: str
    file: str
    first: int  # line of [[reply]]
    lines: tuple[str, ...]  # the block's lines

    def bad(self, key: str, right: str) -> BadData:
        """The problem of one key, at the line it stands in."""
        offset = next((n for n, line in enumerate(self.lines) if re.match(rf"{re.escape(key)}\s*=", line)), 0)
        return BadData(f"{key} '{self.raw.get(key, '')}': {right}", file=self.file, line=self.first + offset)


def check_playbooks(folder: Path) -> list[BadData]:
    """Everything that is wrong in the playbooks of ``folder``."""
    problems: list[BadData] = []
    replies: list[_Reply] = []
    for path in sorted(folder.glob("*.toml")):
        file = f"{folder.name}/{path.name}"
        text = path.read_text(encoding="utf-8")
        try:
            table = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            problems.append(BadData(f"not valid TOML: {error}", file=file))
            continue
        problems += _check_head(table, path.stem, file)
        if len(table.get("reply", ())) != len(_BLOCK.findall(text)):
            problems.append(BadData("reply '': each must be a table of its own, [[reply]]", file=file))
            continue
        blocks = tuple(_blocks(table, text, path.stem, file))
        problems += _check_situation(path.stem, file, blocks)
        replies += blocks
    missing = sorted(REQUIRED - {path.stem for path in folder.glob("*.toml")})
    problems += [BadData(f"playbook '{name}.toml': is missing", file=folder.name) for name in missing]
    for check in _CHECKS:
        for reply in replies:
            problems += check(reply)
    problems += _check_together(replies)
    return sorted(problems, key=lambda problem: (problem.file, problem.line or 0))


def _check_head(table: Mapping[str, Any], stem: str, file: str) -> Iterator[BadData]:
    for key in sorted(table.keys() - {"situation", "title", "reply"}):
        yield BadData(f"key '{key}': must be situation, title or [[reply]]", file=file)
    if table.get("situation") != stem:
        yield BadData(f"situation '{table.get('situation', '')}': must be the file's name, '{stem}'", file=file, line=1)
    if not isinstance(table.get("title"), str) or not table["title"].strip():
        yield BadData("title '': must be the situation's Chinese name", file=file, line=1)


def _blocks(table: Mapping[str, Any], text: str, situation: str, file: str) -> Iterator[_Reply]:
    lines = text.splitlines()
    starts = [number for number, line in enumerate(lines) if _BLOCK.match(line)]
    ends = [*starts[1:], len(lines)]
    for raw, start, end in zip(table.get("reply", ()), starts, ends, strict=True):
        yield _Reply(raw, situation, file, start + 1, tuple(lines[start:end]))


def _check_situation(situation: str, file: str, replies: tuple[_Reply, ...]) -> Iterator[BadData]:
    kinds = {reply.raw.get("kind") for reply in replies}
    if situation == EXTORTION:
        if Kind.FIRM not in kinds:
            yield BadData("kind 'firm': extortion needs a firm line", file=file)
        for reply in replies:
            if reply.raw.get("kind") in _NOT_FOR_EXTORTION or "remedy" in reply.raw:
                yield reply.bad("kind", "nothing is conceded to extortion, only firm, question, holding, notice")
        return
    if situation == NOTICES:
        for reply in replies:
            if reply.raw.get("kind") != Kind.NOTICE:
                yield reply.bad("kind", "what is said before a buyer asks is a notice")
        return
    friendly = situation in SOCIAL | PRESALE  # nobody apologises there
    for needed in ({Kind.CALMING}, {Kind.APOLOGY}, {Kind.REMEDY, Kind.QUESTION}):
        if not needed & kinds and not (friendly and Kind.APOLOGY in needed):
            yield BadData(f"kind '{' or '.join(sorted(needed))}': {situation} has no such reply", file=file)
    for kind in sorted(kind for kind in kinds - {Kind.NOTICE} if isinstance(kind, str)):
        texts = [reply.raw.get("zh") for reply in replies if reply.raw.get("kind") == kind]
        if all("{" in str(text) for text in texts):
            yield BadData(f"kind '{kind}': at least one reply must stand without placeholders", file=file)


def _check_keys(reply: _Reply) -> Iterator[BadData]:
    raw = reply.raw
    for key in sorted(raw.keys() - _KEYS):
        yield reply.bad(key, f"unknown key, known are {', '.join(sorted(_KEYS))}")
    reply_id = raw.get("id")
    if not isinstance(reply_id, str) or not _ID.fullmatch(reply_id) or reply_id.partition(".")[0] != reply.situation:
        yield reply.bad("id", f"must be '{reply.situation}.<name>'")
    if raw.get("kind") not in list(Kind):
        yield reply.bad("kind", f"must be one of {', '.join(Kind)}")
    if not isinstance(raw.get("why"), str) or not raw["why"].strip():
        yield reply.bad("why", "must say in Chinese why this is proposed")
    for key in sorted(raw.keys() & {"weight", "days_min", "days_max"}):
        if type(raw[key]) is not int or raw[key] < 0:
            yield reply.bad(key, "must be a whole number")


def _check_conditions(reply: _Reply) -> Iterator[BadData]:
    raw = reply.raw
    for key, choices in _CHOICES.items():
        allowed = [choice.value for choice in choices]
        if any(value not in allowed for value in raw.get(key, ())):
            yield reply.bad(key, f"must be of {', '.join(map(str, allowed))}")
    for key in ("known", "unknown"):
        if not CONDITION_FACTS.issuperset(raw.get(key, ())):
            yield reply.bad(key, f"must be of {', '.join(sorted(CONDITION_FACTS))}")
    if raw.get("manner", Manner.FORMAL) not in list(Manner):
        yield reply.bad("manner", f"must be one of {', '.join(Manner)}")
    if not isinstance(raw.get("dispute", False), bool):
        yield reply.bad("dispute", "must be true or false")
    if not set(raw.get("languages", ())) <= set(LANGUAGES):
        yield reply.bad("languages", f"must be of {', '.join(LANGUAGES)}")
    if not all(isinstance(name, str) and _PLATFORM.fullmatch(name) for name in raw.get("platforms", ())):
        yield reply.bad("platforms", "must be small names such as aliexpress")
    if set(raw.get("known", ())) & set(raw.get("unknown", ())):
        yield reply.bad("unknown", "a fact cannot be known and unknown")
    if raw.get("days_min", 0) > raw.get("days_max", raw.get("days_min", 0)):
        yield reply.bad("days_min", "must not be above days_max")
    if (raw.get("kind") == Kind.REMEDY) != ("remedy" in raw) or raw.get("remedy", LADDER[0]) not in LADDER:
        yield reply.bad("remedy", f"a reply of kind remedy, and only such, names one of {', '.join(LADDER)}")


def _check_chinese(reply: _Reply) -> Iterator[BadData]:
    zh = reply.raw.get("zh")
    if not isinstance(zh, str) or not zh.strip():
        yield reply.bad("zh", "must be the Chinese text")
        return
    try:
        names = placeholders(zh)
    except ValueError:
        yield reply.bad("zh", "braces must be in pairs")
        return
    if not names <= PLACEHOLDERS:
        yield reply.bad("zh", f"placeholders must be of {', '.join(sorted(PLACEHOLDERS))}")
    counts = reply.raw.get("counts")
    if counts is not None and counts not in names:
        yield reply.bad("counts", "must be a placeholder of zh")
    for pattern, right in (
        (forbidden.PROMISE, "promise only what is in our hands"),
        (forbidden.REVIEW, "never ask for a review to be written, changed or withdrawn"),
        (forbidden.OUTSIDE, "never lead the buyer outside the platform"),
        (re.compile(r"\d"), "numbers come from facts, not from the text"),
        (_HALF_WIDTH, "use Chinese punctuation"),
        (DATE_LAST, "a sentence must not end in {date}, some languages end dates with a full stop"),
    ):
        found = pattern.search(zh)
        if found:
            yield BadData(f"zh '{found[0]}': {right}", file=reply.file, line=reply.bad("zh", "").line)


_CHECKS: tuple[Callable[[_Reply], Iterator[BadData]], ...] = (_check_keys, _check_conditions, _check_chinese)


def _check_together(replies: list[_Reply]) -> Iterator[BadData]:
    ids = Counter(str(reply.raw.get("id")) for reply in replies)
    texts = Counter(str(reply.raw.get("zh")) for reply in replies)
    for reply in replies:
        if ids[str(reply.raw.get("id"))] > 1:
            yield reply.bad("id", "stands more than once")
        if texts[str(reply.raw.get("zh"))] > 1:
            yield reply.bad("zh", "stands more than once")
        if any(name not in ids for name in reply.raw.get("after_reply", ())):
            yield reply.bad("after_reply", "must be ids of replies")
    after = {str(reply.raw.get("id")): frozenset(reply.raw.get("after_reply", ())) for reply in replies}
    circle = never_offered({name: before & ids.keys() for name, before in after.items()})
    for reply in replies:
        if reply.raw.get("id") in circle:
            yield reply.bad("after_reply", "goes in a circle, one of it must stand without")
