"""The desk's words. Chinese is the source: it stands in the code, and a catalogue carries it into other languages."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from babel import Locale
from babel.messages.pofile import read_po

from adapters.labels import LABELS
from dialogs.errors import BadData

SOURCE: Final = "zh"
LANGUAGES: Final = ("zh", "en")  # the desk's own languages, the first is the default


class Words:
    """The desk's words in one of its languages."""

    def __init__(self, language: str) -> None:
        """Args: ``language`` is one of ``LANGUAGES``; anything else means the first.

        Raises:
            BadData: the catalogue has no text for something.
        """
        self.language = language if language in LANGUAGES else SOURCE
        self.catalogue: Mapping[str, str] = {} if self.language == SOURCE else _catalogue(self.language)

    def __call__(self, chinese: str) -> str:
        """``chinese`` in this language; itself where the catalogue does not know it (a shop's own titles)."""
        return self.catalogue.get(chinese, chinese)

    def labels(self, situations: Mapping[str, str]) -> dict[str, dict[str, str]]:
        """All labels by group and code, with the titles of ``situations``."""
        groups = {**LABELS, "situation": situations}
        return {group: {code: self(text) for code, text in table.items()} for group, table in groups.items()}

    def languages(self) -> dict[str, str]:
        """Names of the languages a buyer may write in, by code."""
        return _language_names(self.language)


@cache
def _catalogue(language: str) -> Mapping[str, str]:
    source = files("locales") / language / "LC_MESSAGES" / "desk.po"
    catalogue: dict[str, str] = {}
    with source.open("rb") as opened:
        for message in read_po(opened, locale=language):
            if not isinstance(message.id, str) or not message.id:
                continue
            if not isinstance(message.string, str) or not message.string:
                problem = f"no text for {message.id!r}; every entry needs one"
                raise BadData(problem, file=f"{language}/LC_MESSAGES/desk.po", line=message.lineno)
            catalogue[message.id] = message.string
    return catalogue


@cache
def _language_names(language: str) -> dict[str, str]:
    names = Locale(language).languages
    two_letters = {code: name for code, name in names.items() if len(code) == 2}
    return {**two_letters, "fil": names["fil"], "zh-Hant": names["zh_Hant"]}
