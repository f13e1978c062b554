"""Dates: days a buyer names, in figures or with the month's name; what is no day of the calendar is left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Final

from dialogs.reading.folding import fold_word

_JOINED: Final = re.compile(r"\d[-/.]\d")  # stands in every date in figures
_ISO: Final = re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_FIGURES: Final = re.compile(r"(?<![\d.,/-])(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?![\d/-])")
_EAST: Final = re.compile(r"(?:(\d{4}) ?[年년] ?)?(\d{1,2}) ?[月월] ?(\d{1,2}) ?[日号號일]")
_AHEAD: Final = 90  # days; a day without its year that would be further ahead was last year


class Dates:
    """Reads dates; ``order`` is that of day, month and year in figures, ``months`` the names, folded, by month."""

    def __init__(self, order: str, months: tuple[tuple[str, ...], ...]) -> None:
        self._order = order
        self._months = {name: number for number, names in enumerate(months, 1) for name in names}
        names = "|".join(re.escape(name) for name in sorted(self._months, key=lambda name: (-len(name), name)))
        self._day_first = self._month_first = None
        if names:
            year = r"(?:,? (?:de |del )?(\d{4})(?!\d))?"
            self._day_first = re.compile(
                rf"(?<!\d)(\d{{1,2}})(?:st|nd|rd|th|er|\.|º|ª)? ?(?:de |of )?({names})\b\.?{year}"
            )
            self._month_first = re.compile(rf"\b({names})\.? (\d{{1,2}})(?:st|nd|rd|th)?(?!\d){year}")

    def read(self, text: str, today: date) -> tuple[date, ...]:
        """Every date in ``text``, each once."""
        return tuple(dict.fromkeys(day for day in self._all(text, today) if day is not None))

    def _all(self, text: str, today: date) -> Iterator[date | None]:
        if _JOINED.search(text):
            for found in _ISO.finditer(text):
                yield _day(int(found[1]), int(found[2]), int(found[3]))
            for found in _FIGURES.finditer(text):
                yield self._figures(int(found[1]), int(found[3]), int(found[4]))
        if "月" in text or "월" in text:
            for found in _EAST.finditer(text):
                yield _near(found[1], int(found[2]), int(found[3]), today)
        folded = fold_word(text)
        if not any(map(folded.__contains__, self._months)):
            return
        for found in self._day_first.finditer(folded) if self._day_first else ():
            yield _near(found[3], self._months[found[2]], int(found[1]), today)
        for found in self._month_first.finditer(folded) if self._month_first else ():
            yield _near(found[3], self._months[found[1]], int(found[2]), today)

    def _figures(self, first: int, second: int, third: int) -> date | None:
        if self._order == "ymd":
            return _day(2000 + first, second, third) if third < 100 else _day(third, first, second)
        year = third if third >= 100 else 2000 + third
        day, month = (second, first) if self._order == "mdy" else (first, second)
        # A month beyond 12 is a writer of the other order.
        return _day(year, month, day) or _day(year, day, month)


def _near(year: str | None, month: int, day: int, today: date) -> date | None:
    if year is not None:
        return _day(int(year), month, day)
    years = (_day(today.year + shift, month, day) for shift in (1, 0, -1))
    return next((found for found in years if found is not None and (found - today).days <= _AHEAD), None)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:  # no such day
        return None
