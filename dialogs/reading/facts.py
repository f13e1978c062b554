"""Facts: numbers, amounts, dates, days waited, counts, sizes, colours and pictures of one message."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Final

from dialogs.messages import (
    Facts,
    Media,
)
from dialogs.promises import Money
from dialogs.reading import digits, parcels
from dialogs.reading.cues import Cues
from dialogs.reading.dates import Dates
from dialogs.reading.matcher import Scan
from dialogs.reading.money import Amounts
from dialogs.reading.sizes import Sizes
from dialogs.reading.tree import Match

_DIGIT: Final = re.compile(r"\d")  # without one there are neither numbers nor amounts nor dates
_PICTURES: Final = frozenset({"photo", "video"})
_LONGEST_WAIT: Final = 730  # days; what is longer was no parcel
_MOST_PIECES: Final = 10_000
_YEN: Final = {"ja": "JPY"}
_THOUSANDS: Final = {"id": "IDR", "vi": "VND"}
_PAST: Final = 2  # days from which a day the buyer names tells how long they have waited


class FactReader:
    """Reads facts as one language writes them; without cues, what all languages share."""

    def __init__(self, cues: Cues | None) -> None:
        code = cues.code if cues else ""
        self._order_words = cues.order_words if cues else ()
        self._tracking_words = (*(cues.tracking_words if cues else ()), *parcels.CARRIERS)
        self._amounts = Amounts(
            cues.money if cues else {}, yen=_YEN.get(code, "CNY"), thousands=_THOUSANDS.get(code, "")
        )
        self._sizes = Sizes(cues.size_words if cues else ())
        self._dates = Dates(cues.date_order if cues else "dmy", cues.months if cues else ())

    def read(
        self,
        text: str,
        scan: Scan | None,
        *,
        today: date,
        media: tuple[Media, ...],
        waiting: bool,
        urgent: bool = False,
    ) -> Facts:
        """The facts of ``text``.

        ``waiting`` says that time it names is time the buyer has waited, ``urgent`` that a weekday is one to come.
        """
        orders: tuple[str, ...] = ()
        tracking: tuple[str, ...] = ()
        amounts: tuple[Money, ...] = ()
        dates: list[date] = []
        sizes = self._sizes.read(text)
        if _DIGIT.search(text):
            plain = digits.plain(text)
            orders, tracking = parcels.read(plain, self._order_words, self._tracking_words)
            amounts = self._amounts.read(plain)
            dates += self._dates.read(plain, today)
            sizes += self._sizes.numbered(plain)
        found = _by_kind(scan)
        dates += [today + timedelta(days=int(match.target.id)) for match in found["relative"]]
        if urgent:
            dates += [
                today + timedelta(days=(int(match.target.id) - today.weekday()) % 7) for match in found["weekday"]
            ]
        counts = _counts(found["counts"], scan) if scan else {}
        return Facts(
            orders=orders,
            tracking=tracking,
            amounts=amounts,
            dates=tuple(dict.fromkeys(dates)),
            days=_days(found, scan, _since(dates, today)) if scan and waiting else None,
            asked=counts.get("asked"),
            got=counts.get("got"),
            photos=sum(item.kind in _PICTURES for item in media),
            sizes=tuple(dict.fromkeys((*sizes, *(match.target.id for match in found["size"])))),
            colours=tuple(dict.fromkeys(match.target.id for match in found["colour"])),
        )


def _by_kind(scan: Scan | None) -> Mapping[str, list[Match]]:
    found: defaultdict[str, list[Match]] = defaultdict(list)
    for match in scan.matches if scan else ():
        found[match.target.kind].append(match)
    return found


def _since(dates: Iterable[date], today: date) -> int | None:
    """Days since the earliest day the message names: the day of the order or of the promise."""
    return max((past for past in ((today - day).days for day in dates) if past >= _PAST), default=None)


def _days(found: Mapping[str, list[Match]], scan: Scan, since: int | None) -> int | None:
    """The longest time the message names, in days; without one, the days since a day it names."""
    named = [int(match.target.id) for match in found["waited"]]
    for match in found["time"]:
        if int(match.target.id):
            named += [value * int(match.target.id) for value in _inside(match, scan)[:1]]
    longest = max((days for days in named if 0 < days <= _LONGEST_WAIT), default=None)
    return longest if longest is not None or since is None or since > _LONGEST_WAIT else since


def _counts(matches: Iterable[Match], scan: Scan) -> Mapping[str, int]:
    """Pieces asked for and received, from the first count whose numbers fit."""
    for match in _widest_first(matches):
        roles = match.target.id.split(",")
        values = _inside(match, scan)
        if len(values) != len(roles) or max(values) > _MOST_PIECES:
            continue
        counts = dict(zip(roles, values, strict=True))
        if "missing" in counts and "asked" in counts:
            counts["got"] = counts["asked"] - counts["missing"]
        if counts.get("asked", _MOST_PIECES) >= counts.get("got", 0) >= 0:
            return counts
    return {}


def _widest_first(matches: Iterable[Match]) -> list[Match]:
    return sorted(matches, key=lambda match: (match.start - match.end, match.start, match.target.cue))


def _inside(match: Match, scan: Scan) -> list[int]:
    return [number.value for number in scan.numbers if match.start <= number.start and number.end <= match.end]
