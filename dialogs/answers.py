"""Answers: what a seller's choice becomes for the buyer, or why it may not leave."""

from __future__ import annotations

from dataclasses import replace

from dialogs.carriers import Carriers
from dialogs.known import known_facts
from dialogs.library import LibraryReply
from dialogs.limits import above_limits, promises
from dialogs.messages import (
    Choice,
    Conversation,
    Media,
    Origin,
    Proposal,
    Refusal,
    RefusalCode,
    Reply,
    Shop,
)
from dialogs.parts import fits, length
from dialogs.playbooks import ReplyRule
from dialogs.promises import Promise
from dialogs.replies import OPEN_PLACE
from dialogs.shelf import Shelves
from dialogs.tone import ToneGuard
from dialogs.typed import Typed
from dialogs.warnings import ToneWarning


class Answers:
    """Turns choices into replies."""

    def __init__(self, shelves: Shelves, typed: Typed, *, carriers: Carriers, tone: ToneGuard) -> None:
        self._shelves = shelves
        self._typed = typed
        self._carriers = carriers
        self._tone = tone

    async def reply(self, choice: Choice, conversation: Conversation) -> Reply | Refusal:
        """What leaves for the buyer; held when it must wait for the seller or a lead, refused when it cannot leave."""
        if not conversation.window_open:
            return Refusal(RefusalCode.WINDOW_CLOSED)
        if not all(_is_carried(media, conversation) for media in choice.media):
            return Refusal(RefusalCode.MEDIA)
        reply = await self._draft(choice, conversation)
        if isinstance(reply, Refusal):
            return reply
        capabilities = conversation.capabilities
        if not fits(reply.buyer_text or "", capabilities):
            sizes = length(reply.buyer_text or "", capabilities), capabilities.text_limit * capabilities.parts
            return Refusal(RefusalCode.TOO_LONG, "{} > {}".format(*sizes))
        return reply

    async def _draft(self, choice: Choice, conversation: Conversation) -> Reply | Refusal:
        proposal = None
        if choice.proposal_id is not None:
            proposal = next((p for p in conversation.proposals if p.id == choice.proposal_id), None)
            if proposal is None:
                return Refusal(RefusalCode.CLOSED)
        language = buyer_language(conversation)
        if proposal is not None and _is_pick(choice, proposal):
            reply = _picked(proposal, choice.media)
            return reply if isinstance(reply, Refusal) else self._within_limits(reply, choice, conversation)
        if choice.media and not choice.seller_text.strip():
            return Reply(seller_text="", buyer_text="", language=language, origin=Origin.WRITTEN, media=choice.media)
        if language is None:
            return Refusal(RefusalCode.NO_LANGUAGE)
        unfilled = OPEN_PLACE.search(choice.seller_text)
        if unfilled is not None:
            return Refusal(RefusalCode.UNFILLED, unfilled[0])
        reply = await self._written_or_typed(choice, language, conversation)
        if isinstance(reply, Refusal):
            return reply
        if stopped := refusal_of(self.warnings(reply, conversation)):
            return stopped
        if proposal is not None:
            reply = replace(reply, kind=proposal.kind)
        return self._within_limits(replace(reply, media=choice.media), choice, conversation)

    def promised(self, reply: Reply, shop: Shop) -> tuple[Promise, ...]:
        """What a reply promises: a written one what its playbook says, with the shop's amount; another by its words."""
        rule = self._shelves.of(shop).playbooks.replies.get(reply.reply_id or "")
        if rule is None or (rule.zh != reply.seller_text and not rule.placeholders):
            return promises(reply.seller_text)
        if rule.remedy is None:
            return ()
        amount = shop.goodwill if "goodwill" in rule.placeholders else None
        return (Promise(rule.remedy, shop.credit if "credit" in rule.placeholders else amount),)

    def _within_limits(self, reply: Reply, choice: Choice, conversation: Conversation) -> Reply:
        """The reply, held for a lead when it promises what the agent may not; what is held already stays as it is."""
        if choice.lead or reply.held is not None:
            return reply
        promised = self.promised(reply, conversation.shop)
        if above_limits(promised, conversation.shop, conversation.case, conversation.spent) is None:
            return reply
        return replace(reply, held=RefusalCode.NEEDS_APPROVAL)

    async def _written_or_typed(self, choice: Choice, language: str, conversation: Conversation) -> Reply | Refusal:
        written = self.as_written(choice.seller_text, language, conversation) if choice.buyer_text is None else None
        if written is not None:
            rule, text = written
            return Reply(
                seller_text=choice.seller_text.strip(),
                buyer_text=text,
                language=language,
                origin=Origin.WRITTEN,
                kind=rule.kind,
                reply_id=rule.id,
            )
        reply = await self._typed.reply(choice, language, conversation.shop)
        return reply if isinstance(reply, Refusal) else replace(reply, kind=choice.kind, reply_id=choice.reply_id)

    def warnings(self, reply: Reply, conversation: Conversation) -> tuple[ToneWarning, ...]:
        """What is heard in both texts of a reply; what people have written for us needs no hearing."""
        if reply.origin is Origin.WRITTEN:
            return ()
        return self._tone.check_reply(reply.seller_text, reply.buyer_text, reply.language, conversation)

    def library(self, conversation: Conversation) -> tuple[LibraryReply, ...]:
        """Every reply that may be said in the conversation, as it would be said now."""
        case, shop = conversation.case, conversation.shop
        return self._shelves.of(shop).library.shown(case, shop, buyer_language(conversation), self._facts(conversation))

    def as_written(self, seller_text: str, language: str, conversation: Conversation) -> tuple[ReplyRule, str] | None:
        """A typed text that is, word for word, a written reply goes out in the words a person wrote."""
        shelf = self._shelves.of(conversation.shop)
        for rule, used in shelf.library.as_said(seller_text.strip(), self._facts(conversation)):
            if language in shelf.replies.written(rule.id):
                return rule, shelf.replies.render(rule.id, language, used)
        return None

    def _facts(self, conversation: Conversation) -> dict[str, object]:
        case = replace(conversation.case, language=buyer_language(conversation))
        return known_facts(case, conversation.shop, conversation.contact, self._carriers)


def buyer_language(conversation: Conversation) -> str | None:
    """The language answers leave in: what an agent fixed, else what the buyer was last known to write."""
    return conversation.language_override or conversation.case.language


def refusal_of(warnings: tuple[ToneWarning, ...]) -> Refusal | None:
    """Why these words may not leave; None when they may. Its detail is the seller's own words."""
    words = dict.fromkeys(warning.words for warning in warnings if warning.hard)
    return Refusal(RefusalCode.TONE, "、".join(words)) if words else None


def _is_pick(choice: Choice, proposal: Proposal) -> bool:
    same_chinese = choice.seller_text == proposal.seller_text
    return same_chinese and choice.buyer_text in {None, proposal.buyer_text}


def _picked(proposal: Proposal, media: tuple[Media, ...]) -> Reply | Refusal:
    if proposal.language is None:
        return Refusal(RefusalCode.NO_LANGUAGE)
    return Reply(
        seller_text=proposal.seller_text,
        buyer_text=proposal.buyer_text,
        language=proposal.language,
        origin=proposal.origin,
        kind=proposal.kind,
        reply_id=proposal.reply_id,
        held=RefusalCode.NOT_TRANSLATED if proposal.buyer_text is None else None,
        media=media,
    )


def _is_carried(media: Media, conversation: Conversation) -> bool:
    return bool(media.ref) and media.size <= conversation.capabilities.media.get(media.kind, 0)
