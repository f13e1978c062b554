"""Library: every written reply as this conversation would have it, for sellers who look for words themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dialogs.messages import SELLER_LANGUAGE, Case, Kind, Shop
from dialogs.playbooks import Playbooks, ReplyRule
from dialogs.ports import Writes
from dialogs.remedies import allowed

EXTORTION = "extortion"


@dataclass(frozen=True, slots=True)
class LibraryReply:
    """One reply, filled with the facts that are known; ``missing`` names those that stand open as 〔…〕."""

    id: str
    situation: str
    kind: Kind
    seller_text: str
    missing: tuple[str, ...]
    written: bool  # a person wrote it in the buyer's language


class Library:
    """All replies of the playbooks."""

    def __init__(self, playbooks: Playbooks, replies: Writes) -> None:
        self._rules = tuple(playbooks.replies.values())
        self._replies = replies

    def shown(
        self, case: Case, shop: Shop, language: str | None, facts: Mapping[str, object]
    ) -> tuple[LibraryReply, ...]:
        """What may be said to this buyer, the case's own situation first; nothing that costs is shown to extortion."""
        fitting = [rule for rule in self._rules if _may_be_said(rule, case, shop)]
        own = sorted(fitting, key=lambda rule: rule.situation != case.situation)
        return tuple(self._reply(rule, language, facts) for rule in own)

    def as_said(self, seller_text: str, facts: Mapping[str, object]) -> Iterator[tuple[ReplyRule, dict[str, object]]]:
        """The replies that are, with these facts, word for word ``seller_text``; each with the facts it names."""
        for rule in self._rules:
            if rule.placeholders <= facts.keys() and seller_text.startswith(rule.zh.partition("{")[0]):
                used = {name: facts[name] for name in rule.placeholders}
                if self._replies.render(rule.id, SELLER_LANGUAGE, used) == seller_text:
                    yield rule, used

    def _reply(self, rule: ReplyRule, language: str | None, facts: Mapping[str, object]) -> LibraryReply:
        missing = tuple(sorted(rule.placeholders - facts.keys()))
        if missing:
            known = {name: facts[name] for name in rule.placeholders - set(missing)}
            text = self._replies.outline(rule.id, known)
        else:
            text = self._replies.render(rule.id, SELLER_LANGUAGE, {name: facts[name] for name in rule.placeholders})
        return LibraryReply(
            id=rule.id,
            situation=rule.situation,
            kind=rule.kind,
            seller_text=text,
            missing=missing,
            written=language is not None and language in self._replies.written(rule.id),
        )


def _may_be_said(rule: ReplyRule, case: Case, shop: Shop) -> bool:
    if rule.manner is not None and rule.manner is not shop.manner:
        return False
    if rule.platforms and shop.platform not in rule.platforms:
        return False
    if EXTORTION in case.flags and rule.situation != EXTORTION and rule.kind != Kind.HOLDING:
        return False
    return rule.remedy is None or allowed(rule.remedy, shop)
