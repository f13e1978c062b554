"""Language: which of the languages the product knows a message is written in, or an honest abstention.

The recipe (cleaning, scripts first, hard letters, sharpened scores, a guard against foreign languages, the memory of
the conversation) and its numbers were fitted on short buyers' messages of 26 languages.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, ClassVar, Final, Protocol

from dialogs import hanzi, scripts
from dialogs.errors import Refused
from dialogs.messages import LanguageGuess, LanguageReading
from dialogs.ports import Detector
from dialogs.romanised import language_of as romanised_language

ABSTAIN: Final = 0.7  # below this the desk asks instead of guessing
_KEEP: Final = 0.9  # how much of the conversation's memory carries over to its next message
_SHOWN: Final = 5  # best guesses handed on
_REMEMBERED: Final = 0.001  # smaller posteriors are forgotten
_ROMANISED: Final = 0.6  # how sure a language in Latin letters that has its own script can be
_TRADITIONAL: Final = "zh-Hant"
_CODES: Final = (*scripts.LANGUAGES, _TRADITIONAL)
# How likely one more letter of the language is neither і, ї, є, ґ (Ukrainian) nor kana (Japanese): the text has none.
_MISSED: Final = {"uk": 0.95, "ja": 0.7}
# Messages of one word that detectors take for anything; whoever opens with them goes on in English or means it.
_OWN_WORDS: Final = dict.fromkeys(
    ("hi", "hello", "hey", "thanks", "thank you", "thx", "hi there", "pls", "sorry"), "en"
)
_FAINTEST: Final = 1e-9  # no voice alone makes a language impossible
_UNDECIDED_TRADITIONAL: Final = 0.1  # characters both scripts share are more often a Simplified writer's


# Frequent words of short messages that only one of the two has and that hold none of its own letters.
_WORDS: Final = {
    "uk": frozenset(
        {
            "що", "як", "чому", "коли", "де", "це", "цей", "ця", "тебе", "дуже", "треба", "але", "або", "зараз",
            "щось", "хто", "також", "потрібно", "дякую", "будь", "ласка", "гроші", "гаразд", "чекаю", "чекати",
            "можу", "можна", "хочу", "поверніть", "замовлення", "немає", "нема", "працює", "товару", "буду", "було",
            "зробити", "знаю", "думаю", "така", "таке", "такий", "вона", "вони", "воно", "цього", "цьому", "тому",
            "чого", "якщо", "досить", "краще", "скільки", "звідки", "куди", "сьогодні", "завтра", "вчора", "ще",
            "вже", "тут", "все", "щоб", "без", "багато", "мало", "гарно", "гарна", "добре", "погано", "розмову",
            "допоможе", "пропозиція",
        }
    ),
    "ru": frozenset(
        {
            "что", "как", "почему", "когда", "где", "это", "этот", "эта", "очень", "надо", "или", "сейчас", "кто",
            "только", "тоже", "нужно", "спасибо", "пожалуйста", "деньги", "жду", "ждать", "могу", "можно", "хочу",
            "верните", "заказ", "нет", "работает", "если", "уже", "еще", "его", "она", "они", "оно", "этого", "чего",
            "достаточно", "лучше", "сколько", "откуда", "сегодня", "завтра", "вчера", "здесь", "чтобы", "много",
            "плохо", "хорошо", "нельзя", "потому", "конечно", "просто", "ничего", "никогда", "человек", "сделать",
            "знаю", "думаю", "такая", "такое", "такой", "мой", "моя", "меня", "тебя",
        }
    ),
}  # fmt: skip
_PAIRS: Final = tuple(zip(_WORDS.items(), reversed(_WORDS), strict=True))
_TOLD: Final = 6.0  # how much likelier one such word makes its language


class Scorer(Protocol):
    """Weighs the languages a script leaves possible."""

    def weigh(self, text: str, candidates: tuple[str, ...]) -> tuple[Mapping[str, float], bool]:
        """Weights that add up to 1 over ``candidates``, and whether the text is in a language outside of them."""
        ...


class _Remembering:
    """What all detectors share: cleaning, scripts, the memory of the conversation, abstention."""

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer

    def detect(self, text: str, memory: tuple[LanguageGuess, ...] = ()) -> LanguageReading:
        """Read ``text``; ``memory`` is the posterior of the conversation's earlier messages. Never raises."""
        words = scripts.clean(text)
        possible = scripts.candidates(words)
        if not possible:
            return LanguageReading(code=None, memory=memory)
        romanised = romanised_language(words) if possible == scripts.LATIN else None
        if romanised is not None:  # no language to answer in is certain; which one is meant, the desk may confirm
            guess = LanguageGuess(romanised, _ROMANISED)
            return LanguageReading(code=None, confidence=_ROMANISED, candidates=(guess,), memory=memory)
        own = _OWN_WORDS.get(words.strip("!?. ").casefold())
        weights, foreign = ({own: 1.0}, False) if own else self._scorer.weigh(words, possible)
        if foreign and not _goes_on(weights, words, memory, possible):
            return LanguageReading(code=None, memory=memory)
        told = _by_words(_by_missing_letters(weights, words), words)
        posterior = _posterior(_split_chinese(told, words), memory)
        best, confidence = _best(posterior)
        likely = [(-value, code) for code, value in posterior.items() if value >= _REMEMBERED]
        guesses = tuple(LanguageGuess(code, round(-value, 4)) for value, code in sorted(likely))
        return LanguageReading(
            code=best if confidence >= ABSTAIN else None,
            confidence=round(confidence, 4),
            candidates=guesses[:_SHOWN],
            memory=guesses,
        )


def _goes_on(
    weights: Mapping[str, float], text: str, memory: tuple[LanguageGuess, ...], possible: tuple[str, ...]
) -> bool:
    """Whether what looks foreign is rather the conversation's own language, typed hastily."""
    if not _is_settled(memory, possible):
        return False
    settled = max(memory, key=lambda guess: guess.confidence).code.partition("-")[0]
    return _is_short(text) or max(weights, key=weights.__getitem__) == settled


def _is_short(text: str) -> bool:
    return text.count(" ") < 3


def _is_settled(memory: tuple[LanguageGuess, ...], possible: tuple[str, ...]) -> bool:
    """Whether the conversation has a language the letters allow; then a few words need not look like it."""
    return any(guess.confidence >= ABSTAIN and guess.code.partition("-")[0] in possible for guess in memory)


def _by_missing_letters(weights: Mapping[str, float], text: str) -> Mapping[str, float]:
    """Letters a language can hardly do without tell by their absence: and the more, the longer the text."""
    rare = next((code for code in _MISSED if code in weights and len(weights) > 1), None)
    if rare is None or "\u0456" in text:
        return weights
    letters = sum(map(str.isalpha, text))
    weighed = {**weights, rare: weights[rare] * _MISSED[rare] ** letters}
    total = math.fsum(weighed.values())
    return {code: weight / total for code, weight in weighed.items()} if total else weights


def _by_words(weights: Mapping[str, float], text: str) -> Mapping[str, float]:
    """Words tell where letters do not: nearly half of short Ukrainian lines have no letter Russian lacks."""
    if not _WORDS.keys() <= weights.keys():
        return weights
    words = set(text.casefold().replace(",", " ").replace(".", " ").replace("?", " ").replace("!", " ").split())
    counts = {code: len(words & own) - len(words & _WORDS[other]) for (code, own), other in _PAIRS}
    weighed = {code: weight * _TOLD ** counts.get(code, 0) for code, weight in weights.items()}
    total = math.fsum(weighed.values())
    return {code: weight / total for code, weight in weighed.items()} if total else weights


def _split_chinese(weights: Mapping[str, float], text: str) -> dict[str, float]:
    """Chinese as its two scripts; a text of shared characters leaves that to the memory."""
    split = dict(weights)
    chinese = split.pop("zh", 0.0)
    if not chinese:
        return split
    balance = hanzi.script_balance(text)
    share = _UNDECIDED_TRADITIONAL if balance == 0 else 0.99 if balance > 0 else 0.01
    return {**split, "zh": chinese * (1 - share), _TRADITIONAL: chinese * share}


def _posterior(weights: Mapping[str, float], memory: tuple[LanguageGuess, ...]) -> dict[str, float]:
    earlier = {guess.code: guess.confidence for guess in memory if guess.code in _CODES}
    known = math.fsum(earlier.values())
    if not known:
        return dict(weights)
    floor = (1 - _KEEP) / len(_CODES)
    mixed = {code: weight * (_KEEP * earlier.get(code, 0.0) / known + floor) for code, weight in weights.items()}
    total = math.fsum(mixed.values())
    return {code: weight / total for code, weight in mixed.items()}


def _best(posterior: Mapping[str, float]) -> tuple[str, float]:
    """The likeliest language; that a text is Chinese may be certain where its script is not."""
    best = max(posterior, key=posterior.__getitem__)
    if best in {"zh", _TRADITIONAL}:
        return best, posterior.get("zh", 0.0) + posterior.get(_TRADITIONAL, 0.0)
    return best, posterior[best]


def _softmax(scores: Mapping[str, float], sharpness: float) -> dict[str, float]:
    top = max(scores.values())
    raw = {code: math.exp(sharpness * (score - top)) for code, score in scores.items()}
    total = math.fsum(raw.values())
    return {code: value / total for code, value in raw.items()}


def _even(codes: tuple[str, ...]) -> dict[str, float]:
    return dict.fromkeys(codes, 1 / len(codes))


_PACKAGES: Final = {"lingua": "lingua-language-detector"}  # where the package has another name than what it holds


def _require(package: str) -> ModuleType:
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as missing:
        needed = _PACKAGES.get(package, package)
        raise Refused(f"the language detector {package} is not installed: pip install {needed}") from missing


class _EldcScorer:
    """Scores of eldc. Its languages and score counts are set on private instances, never on the module."""

    _SHARPNESS = 26.0
    _AHEAD = 0.02  # a foreign language must lead by more than this to silence one of ours
    _OWN: ClassVar[Mapping[str, str]] = {"id": "ms"}  # eldc knows no Indonesian; it takes it for Malay

    def __init__(self, sharpness: float = _SHARPNESS) -> None:
        self._sharpness = sharpness
        eldc = _require("eldc")
        eldc.init()
        self._instances: dict[str, Any] = {}
        for group in (
            scripts.LATIN,
            scripts.CYRILLIC,
            scripts.ARABIC,
            scripts.HAN,
            *((code,) for code in scripts.ALONE),
        ):
            instance = eldc.instance()
            instance.set_scores(eldc.MAX_SCORES)
            instance.set_languages([self._OWN.get(code, code) for code in group])
            self._instances.update(dict.fromkeys(group, instance))
        self._any = eldc.instance()
        self._any.set_scores(1)
        self._known = frozenset(self._OWN.get(code, code) for code in scripts.LANGUAGES)

    def weigh(self, text: str, candidates: tuple[str, ...]) -> tuple[Mapping[str, float], bool]:
        found = self._instances[candidates[0]].detect_details(text).scores
        scores = {code: found.get(self._OWN.get(code, code), 0.0) for code in candidates}
        foreign = not self._is_ours(self._any.detect_details(text), max(scores.values()))
        return _softmax(scores, self._sharpness), foreign

    def _is_ours(self, anyone: Any, best: float) -> bool:  # noqa: ANN401 - eldc ships no types
        if anyone.language in self._known or anyone.language == "und":
            return True
        return bool(anyone.scores[anyone.language] - best <= self._AHEAD)


class _LangdetectScorer:
    """Probabilities of langdetect, seeded so that the same text always gets the same answer."""

    def __init__(self) -> None:
        _require("langdetect")
        factory = importlib.import_module("langdetect.detector_factory")
        factory.DetectorFactory.seed = 0
        factory.init_factory()
        self._detect = factory.detect_langs
        self._nothing = factory.LangDetectException

    def weigh(self, text: str, candidates: tuple[str, ...]) -> tuple[Mapping[str, float], bool]:
        if len(candidates) == 1:
            return {candidates[0]: 1.0}, False
        if candidates == scripts.HAN:  # short Chinese is Korean to it; what is surely Japanese was told by its letters
            return {"zh": 0.9, "ja": 0.1}, False
        try:
            found = self._detect(text.lower() if text.isupper() else text)  # capitals mislead it
        except self._nothing:  # no feature it knows
            return _even(candidates), False
        weights = dict.fromkeys(candidates, 0.0)
        for guess in found:
            if guess.lang in weights:
                weights[guess.lang] = guess.prob
        total = math.fsum(weights.values())
        if not total:
            return _even(candidates), True
        return {code: weight / total for code, weight in weights.items()}, total < 0.5


class _Py3langidScorer:
    """Probabilities of py3langid, restricted to the candidates."""

    def __init__(self) -> None:
        _require("py3langid")
        langid = importlib.import_module("py3langid.langid")
        self._identifier = langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)
        self._identifier.set_languages(list(scripts.LANGUAGES))

    def weigh(self, text: str, candidates: tuple[str, ...]) -> tuple[Mapping[str, float], bool]:
        found = {code: float(probability) for code, probability in self._identifier.rank(text)}
        weights = {code: found[code] for code in candidates}
        total = math.fsum(weights.values())
        return {code: weight / total for code, weight in weights.items()} if total else _even(candidates), False


class _TwoVoices:
    """eldc's scores, moved by what py3langid makes of the same text; eldc alone where Arabic script is read."""

    _SHARPNESS = 14.0
    _SECOND = 0.85  # how much the second voice counts

    def __init__(self) -> None:
        self._first = _EldcScorer(self._SHARPNESS)
        self._second = _Py3langidScorer()

    def weigh(self, text: str, candidates: tuple[str, ...]) -> tuple[Mapping[str, float], bool]:
        weights, foreign = self._first.weigh(text, candidates)
        if len(candidates) == 1 or candidates == scripts.ARABIC:
            return weights, foreign
        other, _ = self._second.weigh(text, candidates)
        product = {code: weight * max(other[code], _FAINTEST) ** self._SECOND for code, weight in weights.items()}
        total = math.fsum(product.values())
        return ({code: weight / total for code, weight in product.items()} if total else weights), foreign


class _LinguaScorer:
    """Probabilities of lingua, restricted to the product's languages."""

    def __init__(self) -> None:
        lingua = _require("lingua")
        codes = {language.iso_code_639_1.name.lower(): language for language in lingua.Language.all()}
        self._codes = {codes[code]: code for code in scripts.LANGUAGES if code in codes}
        self._detector = lingua.LanguageDetectorBuilder.from_languages(*self._codes).build()

    def weigh(self, text: str, candidates: tuple[str, ...]) -> tuple[Mapping[str, float], bool]:
        if len(candidates) == 1:
            return {candidates[0]: 1.0}, False
        found = {
            self._codes[each.language]: each.value for each in self._detector.compute_language_confidence_values(text)
        }
        weights = {code: found.get(code, 0.0) for code in candidates}
        total = math.fsum(weights.values())
        return {code: weight / total for code, weight in weights.items()} if total else _even(candidates), False


class EldcDetector(_Remembering):
    """The default: the most accurate on short messages, and the fastest.

    Raises:
        Refused: the package is not installed.
    """

    def __init__(self) -> None:
        super().__init__(_EldcScorer())


class LangdetectDetector(_Remembering):
    """langdetect behind the same cleaning, scripts and memory; slower, weaker on one or two words.

    Raises:
        Refused: the package is not installed.
    """

    def __init__(self) -> None:
        super().__init__(_LangdetectScorer())


class Py3langidDetector(_Remembering):
    """py3langid, for machines eldc cannot be built on.

    Raises:
        Refused: the package is not installed.
    """

    def __init__(self) -> None:
        super().__init__(_Py3langidScorer())


class TwoVoicesDetector(_Remembering):
    """eldc with py3langid as a second voice: a little surer of noisy messages, three times the time and 90 MB more.

    Raises:
        Refused: one of the packages is not installed.
    """

    def __init__(self) -> None:
        super().__init__(_TwoVoices())


class LinguaDetector(_Remembering):
    """lingua behind the same cleaning, scripts and memory; slower, and half a gigabyte.

    Raises:
        Refused: the package is not installed.
    """

    def __init__(self) -> None:
        super().__init__(_LinguaScorer())


DETECTORS: Final[Mapping[str, Callable[[], Detector]]] = {
    "eldc": EldcDetector,
    "langdetect": LangdetectDetector,
    "py3langid": Py3langidDetector,
    "eldc+py3langid": TwoVoicesDetector,
    "lingua": LinguaDetector,
}
