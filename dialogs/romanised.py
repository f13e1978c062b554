"""Romanised: languages of other scripts in Latin letters. Detectors take them for the nearest Latin language.

The words are frequent in short messages and are not words of the Latin languages the product reads.
"""

from __future__ import annotations

from typing import Final

WORDS: Final = {
    "ru": frozenset(
        {
            "gde", "kogda", "moi", "moy", "moya", "zakaz", "zakaza", "posilka", "posylka", "posilku", "dengi",
            "denga", "verni", "vernite", "spasibo", "privet", "zdravstvuyte", "zdravstvuite", "pochemu", "skolko",
            "nado", "budet", "pridet", "prishel", "prishla", "prishlo", "eto", "chto", "ochen", "hochu", "xochu",
            "mozhno", "pozhaluysta", "pojaluista", "tovar", "dostavka", "zhdu", "jdu", "uzhe", "bolshoe",
            "slomalsya", "slomannyi", "razmer",
        }
    ),
    "hi": frozenset(
        {
            "mera", "meri", "mere", "kahan", "kaha", "kab", "nahi", "nahin", "nhi", "hai", "hain", "kya", "aaya",
            "aya", "aayega", "ayega", "mila", "milega", "wapas", "vapas", "karo", "kar", "karna", "paise", "paisa",
            "bahut", "bohot", "accha", "acha", "kharab", "kaise", "kitna", "kitne", "chahiye", "jaldi", "aur",
            "mujhe", "abhi", "tak", "bhai", "ko", "ka", "ki", "bheja", "bhejo", "saman", "kyu", "kyun",
        }
    ),
    "ar": frozenset(
        {
            "wain", "wein", "wen", "talabi", "talab", "talabiya", "shukran", "salam", "marhaba", "ayna", "aina",
            "mata", "lam", "yasel", "yosal", "wasal", "wasalni", "filus", "flous", "abi", "abgha", "ureed", "urid",
            "tard", "tarde", "lesa", "lissa", "wallah", "habibi", "inshallah", "mish", "mesh", "kam", "ma3",
            "3ayez", "3awez", "ma7ad", "el7een",
        }
    ),
    "el": frozenset(
        {
            "pou", "einai", "to", "mou", "paketo", "den", "exei", "irthe", "hrthe", "pote", "tha", "efxaristo",
            "euxaristo", "kalimera", "kalispera", "thelo", "xrimata", "paraggelia", "paragelia", "poli", "poly",
            "giati", "akoma",
        }
    ),
}  # fmt: skip
_SHARE: Final = 0.4  # of a message's words that must be of the language
_FEWEST: Final = 2


def language_of(text: str) -> str | None:
    """The language of other script a text in Latin letters is written in, None for most texts."""
    words = [word.strip(".,!?;:\"'()") for word in text.casefold().split()]
    if len(words) < _FEWEST:
        return None
    counts = {code: sum(word in own for word in words) for code, own in WORDS.items()}
    best = max(counts, key=counts.__getitem__)
    return best if counts[best] >= max(_FEWEST, _SHARE * len(words)) else None
