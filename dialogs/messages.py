"""Everything that travels between the parts of Heqi: frozen, typed values and nothing that acts.

Languages are BCP 47 codes as the product uses them: ISO 639-1 (``es``, ``pt`` meaning Brazilian Portuguese), ``zh`` for
Simplified and ``zh-Hant`` for Traditional Chinese. Times are aware and in UTC. Money is decimal with a currency.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import IntEnum, StrEnum

from dialogs.faults import Cause, Fault
from dialogs.promises import Money, Picks, Plan, Spent

SELLER_LANGUAGE = "zh"


class Kind(StrEnum):
    """What a proposed reply is for."""

    CALMING = "calming"
    APOLOGY = "apology"
    REMEDY = "remedy"
    QUESTION = "question"
    HOLDING = "holding"
    FIRM = "firm"
    NOTICE = "notice"


class Origin(StrEnum):
    """Where the buyer's wording of a reply comes from."""

    WRITTEN = "written"  # a person wrote it, it lies in locales/
    MACHINE = "machine"  # an engine translated the written Chinese or what the seller typed
    MODEL = "model"  # a language model wrote it


class Mood(StrEnum):
    """How upset the buyer is."""

    CALM = "calm"
    UPSET = "upset"
    ANGRY = "angry"


class Urgency(StrEnum):
    """How soon the buyer needs an answer, as far as their words tell."""

    NORMAL = "normal"
    HIGH = "high"


class Want(StrEnum):
    """What the buyer asks for."""

    REFUND = "refund"
    PARTIAL_REFUND = "partial_refund"
    RESEND = "resend"
    EXCHANGE = "exchange"
    RETURN = "return"
    DISCOUNT = "discount"
    INFORMATION = "information"
    APOLOGY = "apology"
    CANCEL = "cancel"


class Manner(StrEnum):
    """How a shop speaks to its buyers."""

    FORMAL = "formal"  # 您，克制
    WARM = "warm"  # 亲切


class Step(IntEnum):
    """The seven steps of a good conversation (处理纠纷七步)."""

    REACT = 1  # 快速反应
    WELCOME = 2  # 热情接待
    LISTEN = 3  # 认真倾听
    CALM = 4  # 安抚和解释
    APOLOGISE = 5  # 诚恳道歉
    REMEDY = 6  # 提出补救措施
    FOLLOW_UP = 7  # 通知并跟进


class Direction(StrEnum):
    """Which way a message goes; a note stays with the team."""

    INCOMING = "incoming"
    OUTGOING = "outgoing"
    NOTE = "note"


class DeliveryState(StrEnum):
    """Life of one delivery; it never goes backwards (rank: held < queued < sending < sent < delivered < read)."""

    HELD = "held"  # stored, not leaving until the seller decides (untranslated, unproven)
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    AMBIGUOUS = "ambiguous"  # may have reached the platform; the seller decides whether to send again
    CANCELLED = "cancelled"


class CaseStatus(StrEnum):
    """Whether the team still has something to do."""

    OPEN = "open"
    RESOLVED = "resolved"


class RefusalCode(StrEnum):
    """Why a seller's action was refused."""

    CLOSED = "closed"  # the proposals were already answered or replaced
    EMPTY = "empty"
    TOO_LONG = "too_long"
    UNFILLED = "unfilled"  # a place of a reply from the library stands open still
    NO_LANGUAGE = "no_language"  # the buyer's language is not known yet
    NOT_TRANSLATED = "not_translated"
    UNPROVEN = "unproven"  # an entity of the Chinese text could not be proven in the outgoing text
    UNKNOWN_TARGET = "unknown_target"  # the proposal, message or conversation does not exist
    WINDOW_CLOSED = "window_closed"  # the channel takes free text no longer; a template is the way
    NEEDS_APPROVAL = "needs_approval"  # it promises more than an agent may; a lead decides
    CLAIMED = "claimed"  # somebody else took the escalation first
    NOT_ALLOWED = "not_allowed"  # the agent's role may not do this
    MEDIA = "media"  # the channel does not carry this attachment
    TONE = "tone"  # words that must not leave: a threat, others' personal data, a review against money


class Reason(StrEnum):
    """Why a conversation was escalated to the team."""

    ANGRY = "angry"
    THREAT = "threat"  # of a bad review, a dispute, a complaint
    EXTORTION = "extortion"
    DEADLINE = "deadline"  # the messaging window or another clock is about to close
    APPROVAL = "approval"  # a reply above the limits waits for a lead
    UNANSWERED = "unanswered"
    ENGINE_DOWN = "engine_down"
    DELIVERY_FAILED = "delivery_failed"
    UNREACHABLE = "unreachable"
    ASKED = "asked"  # somebody of the team pressed 升级


class Severity(StrEnum):
    """How loud an escalation is."""

    HIGH = "high"
    URGENT = "urgent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """One attachment; ``kind`` is photo, video, voice, document, sticker or location, ``ref`` names the bytes.

    ``remote`` is what the channel fetches the bytes by; while ``ref`` is empty they are still there. ``error`` says why
    they will never come (``too_big``, ``gone``, …).
    """

    kind: str
    name: str = ""
    mime: str = ""
    size: int = 0
    ref: str = ""
    remote: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class LanguageGuess:
    """One candidate language with its probability (0 to 1)."""

    code: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageReading:
    """The language of one message; ``code`` is None when the detector abstains.

    ``memory`` is the posterior to hand in with the conversation's next message.
    """

    code: str | None
    confidence: float = 0.0
    candidates: tuple[LanguageGuess, ...] = ()
    memory: tuple[LanguageGuess, ...] = ()
    fixed: bool = False  # set by an agent for this conversation


@dataclass(frozen=True, slots=True)
class Span:
    """Why something was read: the cue, where it stands in the text it was found in, and how much it says (0 to 1)."""

    cue: str
    start: int
    end: int
    in_chinese: bool = False
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Sign:
    """What words told beside the situation: ``what`` is ``mood``, ``want``, ``urgency`` or ``fault``, ``id`` which."""

    what: str
    id: str
    span: Span


@dataclass(frozen=True, slots=True)
class SituationReading:
    """One situation of domain vocabulary with its confidence (0 to 1) and the words that told it."""

    id: str
    confidence: float
    evidence: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What somebody beside the cues thinks a message says: ``situations`` with probabilities (0 to 1).

    ``alike`` are the messages it was compared with, by situation; ``mood`` and ``wants`` are None where not judged.
    """

    source: str  # ``embeddings`` or ``model``
    situations: Mapping[str, float]
    alike: Mapping[str, str] = field(default_factory=dict)
    mood: Mood | None = None
    wants: tuple[Want, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of the order and the trouble; empty values mean not known."""

    orders: tuple[str, ...] = ()
    tracking: tuple[str, ...] = ()
    amounts: tuple[Money, ...] = ()
    dates: tuple[date, ...] = ()
    days: int | None = None  # days the buyer says they have waited
    asked: int | None = None  # pieces ordered
    got: int | None = None  # pieces received
    photos: int = 0  # photos and videos the buyer has sent
    sizes: tuple[str, ...] = ()  # as labels have them: XL, 42
    colours: tuple[str, ...] = ()  # English names of plain colours
    product: str = ""  # as the buyer knows it; an agent fills it in
    value: Money | None = None  # of the order; an agent fills it in


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one message says. ``situations`` is ordered, the leading one first; empty means unknown."""

    language: LanguageReading
    situations: tuple[SituationReading, ...] = ()
    mood: Mood = Mood.CALM
    urgency: Urgency = Urgency.NORMAL
    wants: tuple[Want, ...] = ()
    facts: Facts = field(default_factory=Facts)
    fault: Fault = Fault.UNKNOWN
    cause: Cause | None = None  # what went wrong on that side, where it is known
    signs: tuple[Sign, ...] = ()  # why mood, urgency, wants and fault were read so

    @property
    def situation(self) -> str:
        """The leading situation, ``unknown`` when none was read."""
        return self.situations[0].id if self.situations else "unknown"


@dataclass(frozen=True, slots=True)
class Check:
    """A reason for the seller to look twice at a translation: ``code`` is stable, ``detail`` names the spot.

    Codes: ``entity_missing``, ``entity_added``, ``number``, ``language``, ``length``, ``repetition``, ``copied``,
    ``register``.
    """

    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One engine that was asked and did not serve, with the reason (``timeout``, ``error_page``, ``echo``, …)."""

    engine: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """A text in another language, or the honest state that there is none (``text is None``: 未翻译).

    ``engine`` is the engine's name, ``memory`` when the exact memory answered, ``same`` when nothing had to be
    translated, ``written`` for a reply of locales/. ``proven`` says every entity of the source stands in ``text``.
    """

    text: str | None
    source: str | None
    target: str
    engine: str | None = None
    proven: bool = True
    checks: tuple[Check, ...] = ()
    attempts: tuple[Attempt, ...] = ()


@dataclass(frozen=True, slots=True)
class Contact:
    """A buyer as one channel knows them; aliases are opaque (kind → value)."""

    id: int
    name: str = ""
    aliases: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a channel can carry; longer texts leave in parts, buttons beyond what it has stay lines of the text."""

    text_limit: int = 4096  # of one part, in ``text_unit``
    text_unit: str = "utf16"  # utf16 or bytes
    parts: int = 8  # so many parts at most for one reply
    buttons: int = 0
    button_limit: int = 20  # characters of a button's title
    media: Mapping[str, int] = field(default_factory=dict)  # kind → largest size in bytes that can be sent
    window_hours: int | None = None  # free text only so long after the buyer's last message
    templates: bool = False  # approved templates may be sent when the window is closed
    idempotent: bool = False  # sending the same delivery twice is one message
    one_chat: bool = False  # a contact has one chat here, whatever alias the platform calls them by today


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """What the dialogs need to know of a shop; it comes from the settings."""

    id: str
    name: str
    response_minutes: int = 5  # the response clock of step 1
    goodwill: Money | None = None  # the largest partial refund an agent may offer in one case
    credit: Money | None = None  # the largest next-order credit an agent may offer in one case
    agent_daily: tuple[Money, ...] = ()  # what one agent may promise in a day, for each currency
    shop_daily: tuple[Money, ...] = ()  # what all agents together may
    order_share: int | None = None  # percent of the order's value that may be promised in one case
    follow_up_days: int = 2  # so long after it was promised a plan must be done or followed up
    learn: bool = True  # whether the order of proposals follows what the agents pick
    extend_days: int | None = None  # so many days after dispatch the delivery time can be extended to at most
    manner: Manner = Manner.FORMAL
    platform: str = ""  # where it sells, as dialogs/policies names it; empty: a site of its own
    remedies: frozenset[str] = frozenset(  # what an agent may offer without a lead; rungs of dialogs.remedies.LADDER
        {"information", "extend_time", "gift", "credit", "partial_refund", "resend", "refund", "return_refund"}
    )
    glossary: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # term → language → fixed wording
    escalate: frozenset[Reason] = frozenset(Reason)  # what the team is told of at once
    unanswered_minutes: int = 15  # so long a buyer waits before the team is told


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateUse:
    """An approved template with the values of its variables, and the text the buyer reads."""

    name: str
    language: str  # as the platform writes it, e.g. ``pt_BR``
    values: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One line of a conversation as it was received or sent; never changed, an edit is a new row."""

    id: int
    seq: int
    direction: Direction
    text: str  # incoming: the buyer's words; outgoing: exactly what left; note: Chinese
    at: datetime
    seller_text: str | None = None  # the Chinese of it
    language: str | None = None
    author: str = ""  # agent's name for outgoing and notes
    media: tuple[Media, ...] = ()
    reply_id: str | None = None
    kind: Kind | None = None
    origin: Origin | None = None  # of an outgoing text
    edits: int | None = None  # id of the message this one replaces
    deleted_at: datetime | None = None  # the buyer took it back; the words stay as evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One reply on offer, in both languages; ``buyer_text is None`` says there is none and ``attempts`` why."""

    id: str  # unique, given by the turn
    reply_id: str
    kind: Kind
    seller_text: str
    buyer_text: str | None
    language: str | None
    origin: Origin
    facts: Facts = field(default_factory=Facts)
    why: str = ""  # Chinese: what the reply is good for
    grounds: tuple[str, ...] = ()  # proposed on these now, ``what:which``: ``mood:angry``, ``dispute``
    checks: tuple[Check, ...] = ()
    attempts: tuple[Attempt, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What the desk knows about a conversation's trouble so far."""

    status: CaseStatus = CaseStatus.OPEN
    situation: str = "unknown"
    mood: Mood = Mood.CALM
    fault: Fault = Fault.UNKNOWN
    cause: Cause | None = None
    urgency: Urgency = Urgency.NORMAL
    step: Step = Step.REACT
    facts: Facts = field(default_factory=Facts)
    wants: tuple[Want, ...] = ()
    language: str | None = None  # the buyer's language as last known
    said: tuple[str, ...] = ()  # reply ids that were sent, in order
    kinds: tuple[Kind, ...] = ()  # kinds that were sent, in order
    flags: tuple[str, ...] = ()  # review_threat, extortion, overdue …
    plans: tuple[Plan, ...] = ()  # what was promised, in order


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A conversation as the dialogs see it at one moment."""

    id: int
    shop: Shop
    channel: str
    capabilities: Capabilities
    contact: Contact
    case: Case
    now: datetime  # when it was looked at
    language_override: str | None = None
    language_memory: tuple[LanguageGuess, ...] = ()
    spent: Spent = field(default_factory=Spent)
    picks: Mapping[str, Picks] = field(default_factory=dict)  # by reply id; empty where the shop does not learn
    history: tuple[Message, ...] = ()  # the latest messages, oldest first, without the one at hand
    proposals: tuple[Proposal, ...] = ()  # the open ones
    window_until: datetime | None = None  # None: the channel has no window
    window_open: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a seller decided to send.

    ``proposal_id`` names the proposal picked or edited, None for free typing. ``turn_id`` is the turn the seller saw.
    ``seller_text`` is the Chinese, unchanged for a pick. ``buyer_text`` is the outgoing text the seller saw in the
    preview or wrote by hand; when given, exactly it leaves, after the same proof. ``confirmed`` lets an unproven
    text leave as the seller saw it. ``kind`` and ``reply_id`` are those of a held reply that is decided again.
    """

    agent: str
    seller_text: str
    proposal_id: str | None = None
    turn_id: int | None = None
    buyer_text: str | None = None
    confirmed: bool = False
    kind: Kind | None = None
    reply_id: str | None = None
    media: tuple[Media, ...] = ()
    lead: bool = False  # a lead sends it, or has approved it: the limits of an agent do not bind


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What leaves for the buyer, in both languages. ``held`` says why it waits instead of leaving."""

    seller_text: str
    buyer_text: str | None
    language: str | None
    origin: Origin | None
    kind: Kind | None = None
    reply_id: str | None = None
    translation: Translation | None = None
    held: RefusalCode | None = None
    media: tuple[Media, ...] = ()
    template: TemplateUse | None = None
    on_platform: bool = False  # the seller wrote it on the platform itself: it has left already


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an action was not done; ``detail`` is a fact for the message (who chose, which limit)."""

    code: RefusalCode
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ClockSet:
    """A clock of this conversation to start (replacing one of the same kind)."""

    kind: str
    due: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Everything decided about one event. The work engine stores it; nothing here acts."""

    case: Case
    reading: Reading | None = None
    translation: Translation | None = None  # the buyer's message in Chinese
    proposals: tuple[Proposal, ...] | None = None  # None: the open ones stay as they are
    reply: Reply | None = None
    refusal: Refusal | None = None
    language_memory: tuple[LanguageGuess, ...] | None = None  # None: unchanged
    start_clocks: tuple[ClockSet, ...] = ()
    stop_clocks: tuple[str, ...] = ()
    escalate: tuple[Reason, ...] = ()
