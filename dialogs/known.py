"""Known: every fact a reply may name in its text, by placeholder; what is not known is not in it."""

from __future__ import annotations

import re
import unicodedata

from dialogs.carriers import Carriers
from dialogs.messages import (
    Case,
    Contact,
    Shop,
)
from dialogs.plans import promised
from dialogs.promises import Money

_HAN = re.compile("[\u3400-\u9fff]")
_LONGEST_NAME = 40
_IN_NAMES = frozenset(" '’.-·")


def known_facts(case: Case, shop: Shop, contact: Contact, carriers: Carriers) -> dict[str, object]:
    """The values of all placeholders that can be filled for this buyer now."""
    facts = case.facts
    missing = None
    if facts.asked is not None and facts.got is not None and facts.asked > facts.got:
        missing = facts.asked - facts.got
    tracking = facts.tracking[0] if facts.tracking else None
    carrier = carriers.of(tracking, contact.aliases.get("phone", "")) if tracking else None
    everything: dict[str, object | None] = {
        "order": facts.orders[0] if facts.orders else None,
        "tracking": tracking,
        "carrier": carrier.name if carrier is not None and carrier.known else None,
        "link": carrier.link(tracking) if carrier is not None and tracking else None,
        "amount": facts.amounts[0] if facts.amounts else None,
        "date": facts.dates[0] if facts.dates else None,
        "days": facts.days or None,  # "waited 0 days" is nothing to speak of
        "asked": facts.asked,
        "got": facts.got,
        "missing": missing,
        "photos": facts.photos or None,
        "product": _readable(facts.product, case.language),
        "goodwill": _left(shop.goodwill, "partial_refund", case),
        "credit": _left(shop.credit, "credit", case),
        "extension": shop.extend_days,
        "shop": _readable(shop.name, case.language),
        "name": buyer_name(contact),
    }
    return {name: value for name, value in everything.items() if value is not None}


def _left(limit: Money | None, remedy: str, case: Case) -> Money | None:
    """The amount that may be offered: the whole of it, once in a case."""
    return None if promised(case, remedy) else limit


def buyer_name(contact: Contact) -> str | None:
    """The buyer's name as they write it; None for what nobody would be called: nicknames with signs, numbers, links."""
    name = " ".join(contact.name.split())
    if not 2 <= len(name) <= _LONGEST_NAME:
        return None
    is_name = all(unicodedata.category(char)[0] in {"L", "M"} or char in _IN_NAMES for char in name)
    return name if is_name and name[0].isalpha() else None


def _readable(name: str, language: str | None) -> str | None:
    """A name the buyer can read: Chinese characters never leave for who does not write them."""
    if _HAN.search(name) and language not in {"zh", "zh-Hant", "ja"}:
        return None
    return name or None
