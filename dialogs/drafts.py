"""Drafts: what a language model is told of a conversation, and what its answer must be to be shown at all.

The model never sees a name, a number or an address, and never writes one: it puts the product's placeholders. What it
wrote is a proposal like any other, marked as the model's, and nobody but a person sends it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from dialogs import forbidden, limits, remedies
from dialogs.messages import SELLER_LANGUAGE, Conversation, Direction, Kind, Message
from dialogs.moment import Moment
from dialogs.playbooks import ReplyRule, placeholders
from dialogs.ports import DRAFT_KINDS, DRAFT_LENGTH, Draft, DraftRequest
from dialogs.protection import Style, clean, mask

_TURNS: Final = 6  # messages a model is shown, the one at hand included
_CUT: Final = 500  # characters of each
_LINES: Final = 8  # lines of the playbook it is shown
# Values a model may not write: digits, amounts in words, addresses, masks.
_OWN_VALUES: Final = re.compile(
    r"[0-9０-９]|[一二两三四五六七八九十百千万]+(?:美元|美金|欧元|卢布|元|块|折|成)|https?:|www\.|[@$€£¥₽￥%％]|〔|\[\["
)
_FOREIGN: Final = re.compile(r"[^\W\d_]", re.UNICODE)
_HAN: Final = re.compile("[\u3400-\u9fff]")


def request(
    message: Message,
    chinese: str | None,
    conversation: Conversation,
    moment: Moment,
    *,
    title: str,
    lines: tuple[ReplyRule, ...],
) -> DraftRequest | None:
    """What to ask a model; None where no model is asked: nothing is conceded to extortion, nor said to silence."""
    if "extortion" in moment.case.flags or not message.text.strip():
        return None
    talk = [each for each in conversation.history if each.direction is not Direction.NOTE][-(_TURNS - 1) :]
    turns = [(each.direction is Direction.INCOMING, each.seller_text or each.text, each.language) for each in talk]
    turns.append((True, chinese or message.text, None))
    return DraftRequest(
        situation=title,
        mood=moment.case.mood,
        wants=tuple(moment.case.wants),
        turns=tuple((buyers, _masked(text, language)) for buyers, text, language in turns),
        places=tuple(sorted(moment.facts.keys() - {"photos", "name"})),
        remedies=tuple(remedy for remedy in remedies.LADDER if moment.may_be_offered(remedy)),
        lines=tuple(rule.zh for rule in lines[:_LINES]),
    )


def objection(draft: Draft, moment: Moment, before: frozenset[str]) -> str | None:
    """Why a draft is not shown, None when nothing speaks against it; ``before`` are texts said or on offer."""
    text = draft.text.strip()
    if draft.kind not in DRAFT_KINDS or (draft.kind is Kind.REMEDY) != (draft.remedy is not None):
        return "kind"
    if draft.remedy is not None and not (draft.remedy in remedies.RANK and moment.may_be_offered(draft.remedy)):
        return "remedy"
    try:
        named = placeholders(text)
    except ValueError:
        return "places"
    if not named <= moment.facts.keys() - {"photos"} or not text or len(text) > DRAFT_LENGTH:
        return "places" if text and len(text) <= DRAFT_LENGTH else "length"
    bare = re.sub(r"\{\w+\}", "", text)
    if _OWN_VALUES.search(bare):
        return "value"
    if len(_HAN.findall(bare)) < len(_FOREIGN.findall(bare)):
        return "language"
    if any(words.search(bare) for words in (forbidden.PROMISE, forbidden.REVIEW, forbidden.OUTSIDE)):
        return "forbidden"
    return "said" if text in before else None


def is_above_limits(rendered: str, draft: Draft, moment: Moment, conversation: Conversation) -> bool:
    """Whether a draft, filled in, promises what an agent may not, or more than it says it does."""
    promised = limits.promises(rendered)
    if draft.remedy is None and promised:
        return True
    return limits.above_limits(promised, moment.shop, moment.case, conversation.spent) is not None


def used(draft: Draft, facts: Mapping[str, object]) -> dict[str, object]:
    """The facts a draft names."""
    return {name: facts[name] for name in placeholders(draft.text)}


def _masked(text: str, language: str | None) -> str:
    return mask(clean(text[:_CUT]), {}, language, SELLER_LANGUAGE).written(Style.BRACKETS, xml=False)
