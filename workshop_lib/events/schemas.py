"""What every event has: a type, metadata, a payload. The payloads of the course's own types are in `payloads`."""

import json
import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self
from uuid import UUID, uuid4

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

from workshop_lib.i18n import _

Name = Annotated[str, StringConstraints(min_length=1)]

FIRST_VERSION = "1.0.0"
"""Of a payload's schema, where nothing else is said."""

TRUSTED = "from JSON"
"""A validation context with this key says that the values come from a JSON text, so that none need be copied."""

_TYPE = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_MAX_TYPE = 255


def plain_json(value: Any, info: ValidationInfo) -> Any:
    """A copy of `value` in what JSON can say.

    NaN becomes null and a date a string on the way to JSON: better refused here than different when it comes back.

    Raises:
        ValueError: JSON can't say it.
    """
    if info.context is not None and TRUSTED in info.context:
        return value
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, RecursionError) as error:
        raise ValueError(str(error)) from None


class EventType(StrEnum):
    """What can happen. The value is also the routing key that an event is published with by default.

    The members are the course's own types, and their schemas are closed. Any other name of words parted by dots makes
    a value too, such as ``EventType("test.event")``: it is not among the members, and its payload is free until
    `register_event` gives it a class. ``model.trained`` and ``prediction.made`` are other names of
    training.completed and prediction.completed.
    """

    DATA_INGESTED = "data.ingested"
    DATA_VALIDATED = "data.validated"
    DOCUMENT_CLASSIFIED = "document.classified"
    DOCUMENT_INDEXED = "document.indexed"
    TRAINING_REQUESTED = "training.requested"
    TRAINING_STARTED = "training.started"
    TRAINING_COMPLETED = "training.completed"
    TRAINING_FAILED = "training.failed"
    MODEL_VALIDATED = "model.validated"
    MODEL_REGISTERED = "model.registered"
    MODEL_DEPLOYED = "model.deployed"
    PREDICTION_REQUESTED = "prediction.requested"
    PREDICTION_COMPLETED = "prediction.completed"
    DRIFT_DETECTED = "drift.detected"
    RETRAINING_REQUESTED = "retraining.requested"

    @classmethod
    def _missing_(cls, value: object) -> "EventType | None":
        if not isinstance(value, str) or len(value) > _MAX_TYPE or not _TYPE.fullmatch(value):
            return None
        if value in ALIASES:
            return cls(ALIASES[value])
        # Not kept among the members: what travels on the wire must not make an enumeration grow.
        other = str.__new__(cls, value)
        other._name_ = value
        other._value_ = value
        return other


ALIASES = {"model.trained": "training.completed", "prediction.made": "prediction.completed"}
"""Other names of types, as event types and as routing keys: what is published or subscribed under one has the other."""


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


def _event_type(value: Any) -> EventType:
    return EventType(value)


class Frozen(BaseModel):
    """What an event is made of does not change, and has no fields but its own."""

    # NaN as it is, and not as null, so that one put into a payload afterwards is seen and refused when published.
    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="constants", allow_inf_nan=False)


class EventMetadata(Frozen):
    """What every event has.

    Attributes:
        timestamp: when it happened, kept in UTC; one without a time zone is refused.
        source_service: who says so.
        correlation_id: shared by all events of one piece of work.
        causation_id: the `event_id` of the event that led to this one.
        version: of the payload's schema, MAJOR.MINOR.PATCH.
    """

    event_id: UUID = Field(default_factory=uuid4)
    event_type: Annotated[
        EventType,
        BeforeValidator(_event_type),
        WithJsonSchema({"type": "string", "pattern": rf"^{_TYPE.pattern}$", "maxLength": _MAX_TYPE}),
    ]
    timestamp: Annotated[AwareDatetime, AfterValidator(_utc)] = Field(default_factory=lambda: datetime.now(UTC))
    source_service: Name
    correlation_id: UUID | None = None
    causation_id: UUID | None = None
    version: Annotated[str, StringConstraints(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")] = FIRST_VERSION


class BaseEvent(Frozen):
    """Any event. The payload is copied into what JSON can say: a date, a NaN or an object of yours is refused.

    A subclass says what it is about: its `event_type`, the `version` of its schema, and a typed `payload`.
    """

    event_type: ClassVar[EventType | None] = None
    version: ClassVar[str] = FIRST_VERSION

    metadata: EventMetadata
    payload: Annotated[dict[str, Any], BeforeValidator(plain_json)]

    @field_validator("metadata")
    @classmethod
    def _is_of_this_type(cls, metadata: EventMetadata) -> EventMetadata:
        if cls.event_type is not None and metadata.event_type != cls.event_type:
            text = _("expected event_type {expected}, got {type}")
            raise ValueError(text.format(expected=cls.event_type, type=metadata.event_type))
        return metadata

    @classmethod
    def new(
        cls,
        payload: Any,
        *,
        source_service: str,
        event_type: EventType | str | None = None,
        cause: "BaseEvent | None" = None,
        correlation_id: UUID | None = None,
    ) -> Self:
        """A new event of this class with `payload`, a payload object or a dict of its fields.

        An event with a `cause` carries its correlation id (the cause's own event id where it has none), and the
        cause's event id as causation id.

        Raises:
            pydantic.ValidationError: a field is not what the schema asks for.
        """
        correlation, causation = (None, None) if cause is None else follow(cause)
        return cls(
            metadata=EventMetadata.model_validate(
                {
                    "event_type": event_type if event_type is not None else cls.event_type,
                    "source_service": source_service,
                    "correlation_id": correlation_id or correlation,
                    "causation_id": causation,
                    "version": cls.version,
                }
            ),
            payload=payload,
        )


def follow(cause: BaseEvent) -> tuple[UUID, UUID]:
    """The correlation id and the causation id of an event that `cause` leads to.

    The first is the one that `cause` carries, or, where it carries none, its own event id; the second is the event id
    of `cause`.
    """
    about = cause.metadata
    return about.correlation_id or about.event_id, about.event_id


class Payload(Frozen):
    """A typed payload. Its fields are read as attributes, and also as in a dict: ``get``, ``payload["field"]``."""

    def get(self, name: str, default: Any = None) -> Any:
        """The field `name`, `default` where this payload has none."""
        return getattr(self, name) if name in type(self).model_fields else default

    def __getitem__(self, name: str) -> Any:
        if name not in type(self).model_fields:
            raise KeyError(name)
        return getattr(self, name)
