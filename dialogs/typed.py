"""Typed: what a seller writes by hand leaves only through a translation that was proven."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

from dialogs.messages import SELLER_LANGUAGE, Choice, Origin, Refusal, RefusalCode, Reply, Shop, Translation
from dialogs.ports import Detector, Translator
from dialogs.protection import prove
from dialogs.register import familiar


class Typed:
    """Turns typed or edited Chinese into a Reply, or into one that waits and says why."""

    def __init__(self, translator: Translator, detector: Detector) -> None:
        self._translator = translator
        self._detector = detector

    async def translate(self, seller_text: str, language: str, shop: Shop) -> Translation:
        """The buyer's wording of ``seller_text``."""
        translation = await self._translator.translate(
            seller_text, source=SELLER_LANGUAGE, target=language, shop=shop.id, glossary=shop.glossary
        )
        if translation.text is None:
            return translation
        return replace(translation, checks=(*translation.checks, *familiar(translation.text, language)))

    async def reply(self, choice: Choice, language: str, shop: Shop) -> Reply | Refusal:
        """The reply a choice makes; held when its text is missing or unproven and the seller has not confirmed."""
        seller_text = choice.seller_text.strip()
        if not any(map(_is_visible, seller_text)):
            return Refusal(RefusalCode.EMPTY)
        if choice.buyer_text is not None:
            translation = self._seen(seller_text, choice.buyer_text, language, shop)
        else:
            translation = await self.translate(seller_text, language, shop)
        held = None
        if translation.text is None or not translation.text.strip():
            held = RefusalCode.NOT_TRANSLATED
        elif not translation.proven and not choice.confirmed:
            held = RefusalCode.UNPROVEN
        return Reply(
            seller_text=seller_text,
            buyer_text=translation.text,
            language=language,
            origin=Origin.MACHINE,
            translation=translation,
            held=held,
        )

    def _seen(self, seller_text: str, buyer_text: str, language: str, shop: Shop) -> Translation:
        """The text the seller saw in the preview or wrote by hand: it leaves as it is, after the same proof."""
        checks = prove(seller_text, buyer_text, language=language, glossary=shop.glossary)
        return Translation(
            text=buyer_text.strip(),
            source=SELLER_LANGUAGE,
            target=language,
            engine="seller",
            proven=not checks,
            checks=(*checks, *familiar(buyer_text, language)),
        )


def _is_visible(character: str) -> bool:
    return not character.isspace() and unicodedata.category(character) not in {"Cc", "Cf"}
