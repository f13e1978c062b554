"""Reader: what one message says, from the buyer's own words and, where there is one, their Chinese translation."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Final

from dialogs import scripts
from dialogs.messages import SELLER_LANGUAGE, Case, LanguageReading, Media, Opinion, Reading, Sign, Span, Urgency, Want
from dialogs.reading import cues as cue_files
from dialogs.reading import decision, mood
from dialogs.reading.cues import Cues
from dialogs.reading.decision import Voice
from dialogs.reading.facts import FactReader
from dialogs.reading.matcher import Scan
from dialogs.reading.situations import WAITING

_ASKS: Final = re.compile("[?？؟]")
LENGTH: Final = 5_000  # characters read: more than one message of any channel holds (Telegram, WhatsApp: 4096)
_TRANSLATED: Final = 0.9  # how far a cue in a translation is trusted
_GUESSED: Final = 0.9  # how far a cue is trusted when the language is a guess
_GUESSES: Final = 4  # languages tried when it is not known
# Kinds of cues whose words are kept, and what they are signs of.
_SIGNS: Final = {"mood": "mood", "urgency": "urgency", "wants": "want", "fault": "fault"}
_LIKELY: Final = 0.05  # a language less likely than this is not tried


class Reader:
    """Reads messages by the cue files of all languages. Pure: the same message always reads the same."""

    def __init__(self, languages: Mapping[str, Cues]) -> None:
        self._languages = dict(languages)
        self._facts: dict[str, FactReader] = {}  # of the languages met so far

    @classmethod
    def load(cls, locales_dir: Path) -> Reader:
        """Read every ``<lang>/cues.toml`` of a folder.

        Raises:
            BadData: a file is not what it should be; names file, line where known and what would be right.
        """
        paths = sorted(locales_dir.glob(f"*/{cue_files.FILE}"))
        return cls({path.parent.name: cue_files.load(path) for path in paths})

    @property
    def languages(self) -> frozenset[str]:
        """The languages that have cues."""
        return frozenset(self._languages)

    def read(
        self,
        text: str,
        language: LanguageReading,
        *,
        chinese: str | None = None,
        today: date,
        case: Case | None = None,
        media: tuple[Media, ...] = (),
        opinions: tuple[Opinion, ...] = (),
    ) -> Reading:
        """What ``text`` says; ``chinese`` is its translation, ``opinions`` weigh in beside the cues.

        Never raises, decides the same for the same input.
        """
        text = _composed(text[:LENGTH])
        code, scan, own = self._own(text, language)
        voices = [own]
        if chinese and chinese != text and SELLER_LANGUAGE in self._languages:
            translated = self._languages[SELLER_LANGUAGE].matcher.scan(chinese[:LENGTH])
            voices.append(Voice(decision.standing(translated.matches), _TRANSLATED, in_chinese=True))
        told = _told(voices)
        wants = tuple(dict.fromkeys((*map(Want, told["wants"]), *_wanted(opinions))))
        found = decision.fairly(decision.situations(voices, opinions, len(text)), wants)
        if told["question"] or _ASKS.search(text):
            found = decision.but_asked(found)
        found = decision.by_wish(found, told["wants"], known=case is not None and case.situation != "unknown")
        about = tuple(reading.id for reading in found)
        earlier = (case.situation,) if case else ()
        feeling, typed = mood.read(text, told["mood"], about)
        fault, cause = decision.fault(told["fault"], found)
        return Reading(
            language=language,
            situations=found,
            mood=mood.with_opinions(feeling, told["mood"], opinions),
            urgency=Urgency.HIGH if told["urgency"] else Urgency.NORMAL,
            wants=wants,
            facts=self._fact_reader(code).read(
                text,
                scan,
                today=today,
                media=media,
                waiting=not WAITING.isdisjoint(about or earlier),
                urgent=bool(told["urgency"]),
            ),
            fault=fault,
            cause=cause,
            signs=(
                *(Sign(sign, name, span) for kind, sign in _SIGNS.items() for name, span in told[kind].items()),
                *(Sign("mood", span.cue, span) for span in typed),
            ),
        )

    def _fact_reader(self, code: str) -> FactReader:
        known = self._facts.get(code)
        if known is None:
            known = self._facts[code] = FactReader(self._languages.get(code))
        return known

    def _own(self, text: str, language: LanguageReading) -> tuple[str, Scan | None, Voice]:
        """The buyer's words by the cues of their language, or by those of the language they fit best."""
        code = (language.code or "").partition("-")[0]
        if code in self._languages:
            scan = self._languages[code].matcher.scan(text)
            return code, scan, Voice(decision.standing(scan.matches))
        if code:
            return code, None, Voice(())
        best: tuple[str, Scan | None, Voice] = ("", None, Voice(()))
        most = 0.0
        for guess in self._plausible(text, language):
            scan = self._languages[guess].matcher.scan(text)
            voice = Voice(decision.standing(scan.matches), _GUESSED)
            weight = sum(match.target.weight for match in voice.matches)
            if weight > most:
                most, best = weight, (guess, scan, voice)
        return best

    def _plausible(self, text: str, language: LanguageReading) -> list[str]:
        guesses = [guess.code.partition("-")[0] for guess in language.candidates if guess.confidence >= _LIKELY]
        possible = guesses or list(scripts.candidates(scripts.clean(text)))
        return [code for code in dict.fromkeys(possible) if code in self._languages][:_GUESSES]


def _wanted(opinions: Iterable[Opinion]) -> Iterable[Want]:
    return (want for opinion in opinions for want in opinion.wants or ())


def _told(voices: Iterable[Voice]) -> Mapping[str, Mapping[str, Span]]:
    """The ids that were told of each kind, each once with the words that told it, in order."""
    told: defaultdict[str, dict[str, Span]] = defaultdict(dict)
    for voice in voices:
        for target, start, end in voice.matches:
            if target.id not in told[target.kind]:
                told[target.kind][target.id] = Span(target.cue, start, end, voice.in_chinese)
    return told


def _composed(text: str) -> str:
    """Letters in one piece: some keyboards send Hangul and accents in parts. Spans then count in the composed text."""
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)
