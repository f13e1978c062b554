"""Carriers: who carries a parcel and where its way can be seen, told by the number and by the buyer's country."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dialogs.errors import BadData

FILE = Path(__file__).with_name("carriers.toml")

# UPU S10: two letters, eight digits and a check digit, the country that took the parcel in.
_S10 = re.compile(r"[A-Z]{2}[0-9]{9}[A-Z]{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Carrier:
    """A carrier and its public page; ``known`` is false for the page that searches all carriers."""

    name: str
    page: str
    known: bool = True

    def link(self, number: str) -> str:
        """The address where the parcel of ``number`` can be seen."""
        return self.page.replace("{number}", number)


class Carriers:
    """All carriers, checked when loaded."""

    def __init__(
        self, forms: tuple[tuple[re.Pattern[str], Carrier], ...], posts: Mapping[str, Carrier], everywhere: Carrier
    ) -> None:
        self._forms = forms
        self._posts = posts  # by calling code
        self._everywhere = everywhere

    @classmethod
    def load(cls, path: Path = FILE) -> Carriers:
        """Read the table.

        Raises:
            BadData: an entry is not what it should be; names file, line, value and what would be right.
        """
        text = path.read_text(encoding="utf-8")
        try:
            table = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise BadData(f"not valid TOML: {error}", file=path.name) from error
        file = _File(path.name, text)
        forms = tuple((file.form(raw), file.carrier(raw)) for raw in table.get("carrier", ()))
        posts = {code: file.carrier(raw) for raw in table.get("post", ()) for code in file.calling(raw)}
        everywhere = file.carrier(table.get("everywhere", {}), known=False)
        return cls(forms, posts, everywhere)

    def of(self, number: str, phone: str = "") -> Carrier:
        """Who carries ``number`` to the buyer with the telephone number ``phone`` (digits with its calling code)."""
        for form, carrier in self._forms:
            if form.fullmatch(number):
                return carrier
        if _S10.fullmatch(number):
            digits = phone.lstrip("+")
            fitting = [code for code in self._posts if digits.startswith(code)]
            if fitting:
                return self._posts[max(fitting, key=len)]
        return self._everywhere


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    text: str

    def carrier(self, raw: Mapping[str, Any], *, known: bool = True) -> Carrier:
        """The carrier of one entry."""
        name, page = raw.get("name"), raw.get("page")
        if not isinstance(name, str) or not name.strip():
            raise self._bad(f"name '{name}' must be the carrier's name", raw)
        if not isinstance(page, str) or not page.startswith("https://") or page.count("{number}") != 1:
            raise self._bad(f"page '{page}' must be an https address with {{number}} in it once", raw)
        return Carrier(name, page, known)

    def form(self, raw: Mapping[str, Any]) -> re.Pattern[str]:
        """The form of a carrier's numbers."""
        form = raw.get("form")
        try:
            return re.compile(form if isinstance(form, str) and form else "(", re.ASCII)
        except re.error as error:
            raise self._bad(f"form '{form}' must be a regular expression: {error}", raw) from error

    def calling(self, raw: Mapping[str, Any]) -> tuple[str, ...]:
        """The calling codes a post serves."""
        codes = raw.get("calling")
        if not isinstance(codes, list) or not codes or not all(str(code).isdigit() for code in codes):
            raise self._bad(f"calling '{codes}' must be a list of calling codes such as [\"55\"]", raw)
        return tuple(map(str, codes))

    def _bad(self, problem: str, raw: Mapping[str, Any]) -> BadData:
        near = str(raw.get("id") or raw.get("country") or raw.get("name") or "everywhere")
        line = next((n for n, text in enumerate(self.text.splitlines(), 1) if near in text), None)
        return BadData(f"{near}: {problem}", file=self.name, line=line)
