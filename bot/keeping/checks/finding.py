"""Checks and what they find."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from sqlalchemy import Connection, Select

EXAMPLES: Final = 5


class Level(Enum):
    """How much a finding matters."""

    ERROR = "错误 error"  # the data is wrong
    ATTENTION = "注意 attention"  # somebody should look, the data is right
    INFO = "信息 info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What is looked for; the name and the advice in Chinese and English."""

    name: str
    advice: str
    level: Level = Level.ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class Question(Check):
    """A check the database can answer: each row of a statement is a finding, its columns say which."""

    statements: tuple[Select[*tuple[Any, ...]], ...]

    def ask(self, conn: Connection, values: dict[str, object]) -> Finding:
        """Ask it."""
        finding = Finding(self)
        for statement in self.statements:
            for row in conn.execute(statement, values, execution_options={"yield_per": 1000}):
                finding.add(" ".join(f"{name} {value}" for name, value in row._asdict().items()))
        return finding


@dataclass(slots=True)
class Finding:
    """How often something was found, and where for example."""

    check: Check
    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, where: str) -> None:
        """Count one."""
        self.count += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(where)

    @property
    def is_error(self) -> bool:
        """Whether the data is wrong."""
        return self.count > 0 and self.check.level is Level.ERROR
