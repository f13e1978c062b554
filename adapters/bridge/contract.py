"""The contract between Heqi and a bridge: what a bridge posts, what it is sent, what it answers.

The JSON Schemas in ``schema/`` are made from these models; a test keeps them equal. docs/bridges.md explains them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, Union

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from adapters.bridge.tame import LATEST

MAX_TEXT: Final = 65_536  # characters; the longest message of the platforms behind bridges, and spare
MAX_MEDIA: Final = 30

Id = Annotated[str, Field(min_length=1, max_length=200)]
Moment = Annotated[float, Field(ge=0, le=LATEST, allow_inf_nan=False, description="Unix seconds")]
Word = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,64}$")]


class Part(BaseModel):
    """A part of the contract: frozen, types as they are written, unknown fields are left alone."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class Aliases(Part):
    """What else the platform calls the buyer; each finds them again when their id changes."""

    phone: Id | None = None
    lid: Id | None = None
    bsuid: Id | None = None
    username: Id | None = None


class Contact(Part):
    """The buyer, also when the shop wrote."""

    id: Id
    aliases: Aliases = Aliases()
    name: Annotated[str, Field(max_length=200)] | None = None


class Attachment(Part):
    """One attachment: its bytes or an address on an allowed host; neither when the bridge could not get it."""

    url: Annotated[str, Field(min_length=1, max_length=4096)] | None = None
    base64: str | None = None
    mime: Annotated[str, Field(max_length=200)] = ""
    name: Annotated[str, Field(max_length=255)] | None = None
    size: Annotated[int, Field(ge=0, le=2**53)] | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{64}$")] | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Attachment:
        if self.url is not None and self.base64 is not None:
            raise PydanticCustomError("two_sources", "give url or base64, not both")
        return self


class Delivered(Part):
    """How far a message of the shop got; ``of`` is its id."""

    of: Id
    state: Literal["sent", "delivered", "read", "failed"]
    error: Word | None = Field(default=None, description="why it failed: unreachable, window_closed, rejected …")


class _Posted(Part):
    id: Id
    ts: Moment


class _OfChat(_Posted):
    from_me: bool = False
    conversation_id: Id | None = Field(default=None, description="the chat; without it contact.id is the chat")
    contact: Contact


class MessageEvent(_OfChat):
    """Somebody wrote: the buyer, or with ``from_me`` the shop. ``id`` is the message's."""

    type: Literal["message"]
    text: Annotated[str, Field(max_length=MAX_TEXT)] | None = None
    # A list is how JSON writes a tuple.
    media: Annotated[tuple[Attachment, ...], Field(strict=False, max_length=MAX_MEDIA)] = ()
    reply_to: Id | None = None
    button_id: Annotated[str, Field(max_length=200)] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> MessageEvent:
        if not (self.text or "").strip() and not self.media and not self.button_id:
            raise PydanticCustomError("empty", "a message needs text, media or button_id")
        return self


class EditEvent(_OfChat):
    """The message ``id`` reads ``text`` from now on."""

    type: Literal["edit"]
    text: Annotated[str, Field(max_length=MAX_TEXT)]


class DeleteEvent(_OfChat):
    """The message ``id`` was taken back."""

    type: Literal["delete"]


class ReactionEvent(_Posted):
    """Somebody reacted to the message ``id``; it is counted and not shown."""

    type: Literal["reaction"]


class StatusEvent(_Posted):
    """A message of the shop got further; ``id`` is this event's own."""

    type: Literal["status"]
    status: Delivered


class SessionEvent(_Posted):
    """The bridge's own connection to the platform changed; everything but ``connected`` is a problem."""

    type: Literal["session"]
    state: Word = Field(description="connected, logged_out, qr, starting, disconnected, stopped, failed")


Posted = Union[  # noqa: UP007 - pydantic reads the discriminator from the annotation
    MessageEvent, StatusEvent, EditEvent, DeleteEvent, ReactionEvent, SessionEvent
]
KINDS: Final = frozenset({"message", "status", "edit", "delete", "reaction", "session"})
_POSTED: Final[TypeAdapter[Posted]] = TypeAdapter(Annotated[Posted, Field(discriminator="type")])


class SentMedia(Part):
    """An attachment that leaves, always as its bytes."""

    base64: str
    mime: str
    name: str


class SentMessage(Part):
    """What Heqi posts to ``{url}/messages``. ``id`` is the same when it is tried again."""

    id: Id
    conversation_id: Id
    text: str
    media: Annotated[tuple[SentMedia, ...], Field(strict=False)] = ()
    buttons: Annotated[tuple[str, ...], Field(strict=False)] = ()
    reply_to: str | None = None


class Answer(Part):
    """The bridge's answer: the platform's id of the message, the one its events will speak of."""

    external_id: Id


class Trouble(Part):
    """The bridge's answer when it did not send."""

    error: Word = Field(description="unreachable, window_closed, not_connected; anything else means rejected")


class Invalid(Exception):  # noqa: N818 - tells what the event is
    """An event does not keep to the contract; ``fields`` names each wrong one and what is wrong, no values."""

    def __init__(self, fields: Sequence[Mapping[str, str]]) -> None:
        super().__init__(", ".join(field["field"] for field in fields))
        self.fields = tuple(fields)


def posted(given: object) -> Posted | None:
    """The event in ``given``, None when it is of a kind this version does not know.

    Raises:
        Invalid: a field is missing or wrong.
    """
    if isinstance(given, Mapping):
        kind = given.get("type")
        if isinstance(kind, str) and kind not in KINDS:
            return None
    try:
        return _POSTED.validate_python(given)
    except ValidationError as error:
        raise Invalid([_problem(found["loc"], found["msg"]) for found in error.errors(include_input=False)]) from None


def _problem(place: tuple[int | str, ...], problem: str) -> dict[str, str]:
    """The first step of the place is the event's kind, which is not a field."""
    path = ".".join(str(step) for step in place[1:])
    return {"field": path or ("text" if place else "type"), "problem": problem}


def schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schemas by name, as they are published."""
    made = {
        "event": _POSTED.json_schema(),
        "message": SentMessage.model_json_schema(),
        "answer": Answer.model_json_schema(),
        "error": Trouble.model_json_schema(),
    }
    draft = "https://json-schema.org/draft/2020-12/schema"
    return {name: {"$schema": draft, "$id": f"/bridge/schema/{name}.json", **schema} for name, schema in made.items()}
