"""Situations: the ids the desk knows, which one leads a message, and who is then at fault."""

from __future__ import annotations

from typing import Final

from dialogs.faults import Cause

# In the order in which they lead: what is rare and costly first, then what is most particular, small talk last.
SITUATIONS: Final = (
    "extortion",
    "review_threat",
    "dispute_opened",
    "dispute_proposal",
    "ruling",
    "complaint",
    "customs_hold",
    "signed_not_received",
    "counterfeit",
    "bad_review",
    "tracking_invalid",
    "returned",
    "wrong_address",
    "wrong_carrier",
    "wrong_item",
    "shortage",
    "damaged",
    "not_as_described",
    "cannot_use",
    "quality",
    "refund_status",
    "cancel",
    "change_order",
    "not_received",
    "not_shipped",
    "in_transit",
    "payment",
    "return_request",
    "shipping_terms",
    "bargain",
    "availability",
    "advice",
    "hesitation",
    "praise",
    "thanks",
    "greeting",
    "off_topic",
)
ORDER: Final = {situation: place for place, situation in enumerate(SITUATIONS)}
HIGH_STAKES: Final = frozenset(SITUATIONS[: SITUATIONS.index("returned")])
SOCIAL: Final = frozenset({"praise", "thanks", "greeting", "off_topic"})
LOGISTICS: Final = frozenset(
    {
        "in_transit", "tracking_invalid", "not_received", "returned", "wrong_carrier", "wrong_address", "customs_hold",
        "signed_not_received",
    }
)  # fmt: skip
TROUBLE: Final = LOGISTICS | frozenset(
    {
        "shortage", "damaged", "not_as_described", "wrong_item", "quality", "counterfeit", "cannot_use",
        "refund_status", "not_shipped", "bad_review", "review_threat", "extortion", "dispute_opened", "complaint",
    }
)  # fmt: skip
# Time the buyer names in these is time they have waited.
WAITING: Final = LOGISTICS | {"refund_status", "not_shipped", "review_threat", "dispute_opened", "complaint"}

# Whose doing a situation is, and what went wrong, as long as the words name nothing (domain: causes of fault).
USUAL_CAUSE: Final = {
    "wrong_item": Cause.WRONG_GOODS,
    "shortage": Cause.WRONG_GOODS,
    "not_as_described": Cause.NOT_AS_DESCRIBED,
    "quality": Cause.FAULTY_GOODS,
    "counterfeit": Cause.NOT_AS_DESCRIBED,
    "not_shipped": Cause.LATE_DISPATCH,
    "wrong_carrier": Cause.NOT_AS_DESCRIBED,
    "in_transit": Cause.SLOW,
    "wrong_address": Cause.WRONG_REGION,
}
