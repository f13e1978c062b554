"""A shop does not say "you" to its buyers as one does to friends."""

from __future__ import annotations

import pytest

from bot.knowledge import LOCALES
from dialogs.catalogs import languages_in, read_catalog
from dialogs.messages import Check
from dialogs.playbooks import Playbooks
from dialogs.register import familiar
from tests.dialogs.talk import Talk
from tests.dialogs.test_manager import Scripted, manager


@pytest.mark.parametrize(
    ("language", "text", "word"),
    [
        ("es", "¿Puedes enviarnos tu número de pedido?", "Puedes"),
        ("fr", "Peux-tu nous envoyer la photo ? Merci à toi.", "toi"),
        ("de", "Kannst du uns ein Foto schicken?", "du"),
        ("it", "Ti rimborsiamo subito.", "Ti"),
        ("nl", "Kun je ons een foto sturen?", "je"),
        ("ru", "Мы вернём тебе деньги.", "тебе"),
        ("uk", "Ми повернемо тобі гроші.", "тобі"),
        ("tr", "Sana hemen yazacağız.", "Sana"),
        ("hi", "तुम हमें फ़ोटो भेजो।", "तुम"),
        ("id", "Kami akan kirim ke kamu.", "kamu"),
        ("pl", "Zwrócimy ci pieniądze, twój zespół", "twój"),
    ],
)
def test_familiar_words_are_told(language: str, text: str, word: str) -> None:
    assert familiar(text, language) == (Check("register", word),)


@pytest.mark.parametrize("language", languages_in(LOCALES))
def test_no_written_reply_is_familiar(language: str) -> None:
    catalog = read_catalog(LOCALES, language, Playbooks.load().replies)
    told = {name: familiar(text, language) for name, forms in catalog.forms.items() for text in forms}
    assert {name: found for name, found in told.items() if found} == {}


async def test_the_seller_is_told_in_the_preview_and_may_send_it_anyway() -> None:
    talk = Talk(manager(Scripted(text="¿Puedes esperar un poco?", proven=True)))
    await talk.buyer("Hola, ¿dónde está mi paquete?")
    preview = await talk.manager.preview("请您稍等", talk.conversation)
    assert preview.checks == (Check("register", "Puedes"),)  # type: ignore[union-attr]
    reply = (await talk.type("请您稍等")).reply
    assert reply is not None
    assert reply.held is None
