"""What an event looks like: metadata that every event has, and a payload by type."""

import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Self
from uuid import UUID, uuid4

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeInt,
    StringConstraints,
    field_validator,
)

_Name = Annotated[str, StringConstraints(min_length=1)]


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


def _plain_json(value: Any) -> Any:
    # NaN becomes null and a date a string on the way to JSON: better refused here than different when it comes back.
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, RecursionError) as error:
        raise ValueError(str(error)) from None


class EventType(StrEnum):
    """What can happen. The value is also the routing key that an event is published with by default."""

    DATA_INGESTED = "data.ingested"
    DATA_VALIDATED = "data.validated"
    DOCUMENT_CLASSIFIED = "document.classified"
    TRAINING_STARTED = "training.started"
    TRAINING_COMPLETED = "training.completed"
    TRAINING_FAILED = "training.failed"
    MODEL_VALIDATED = "model.validated"
    MODEL_REGISTERED = "model.registered"
    MODEL_DEPLOYED = "model.deployed"
    PREDICTION_REQUESTED = "prediction.requested"
    PREDICTION_COMPLETED = "prediction.completed"
    DRIFT_DETECTED = "drift.detected"


class _Frozen(BaseModel):
    # NaN as it is, and not as null, so that one put into a payload afterwards is seen and refused when published.
    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="constants")


class EventMetadata(_Frozen):
    """What every event has.

    Attributes:
        timestamp: when it happened, kept in UTC; one without a time zone is refused.
        source_service: who says so.
        correlation_id: shared by all events of one piece of work.
        causation_id: the `event_id` of the event that led to this one.
        version: of the payload's schema, MAJOR.MINOR.PATCH.
    """

    event_id: UUID = Field(default_factory=uuid4)
    event_type: EventType
    timestamp: Annotated[AwareDatetime, AfterValidator(_utc)] = Field(default_factory=lambda: datetime.now(UTC))
    source_service: _Name
    correlation_id: UUID | None = None
    causation_id: UUID | None = None
    version: Annotated[str, StringConstraints(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")] = "1.0.0"


class BaseEvent(_Frozen):
    """Any event. The payload is copied into what JSON can say: a date, a NaN or an object of yours is refused."""

    metadata: EventMetadata
    payload: Annotated[dict[str, Any], BeforeValidator(_plain_json)]


class DocumentPayload(_Frozen):
    """A document that came in.

    Attributes:
        content: its text.
        size: of the content in UTF-8, in bytes.
        content_hash: SHA-256 of the content in UTF-8, 64 small hex digits, by which a receiver verifies it.
    """

    document_id: _Name
    filename: _Name
    content: str
    size: NonNegativeInt
    category: str | None = None
    content_hash: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None


class DataIngestedEvent(BaseEvent):
    """A document came in (`data.ingested`)."""

    # A typed payload in place of the dict: whoever handles this type knows its fields.
    payload: DocumentPayload  # type: ignore[assignment]

    @field_validator("metadata")
    @classmethod
    def _is_data_ingested(cls, metadata: EventMetadata) -> EventMetadata:
        if metadata.event_type is not EventType.DATA_INGESTED:
            raise ValueError(f"expected event_type {EventType.DATA_INGESTED}, got {metadata.event_type}")
        return metadata

    @classmethod
    def for_document(
        cls,
        *,
        document_id: str,
        filename: str,
        content: str,
        size: int,
        source_service: str,
        category: str | None = None,
        content_hash: str | None = None,
        correlation_id: UUID | None = None,
        causation_id: UUID | None = None,
    ) -> Self:
        """A new event about a document; the fields are `DocumentPayload`'s and `EventMetadata`'s.

        Raises:
            pydantic.ValidationError: a field is not what the schema asks for.
        """
        return cls(
            metadata=EventMetadata(
                event_type=EventType.DATA_INGESTED,
                source_service=source_service,
                correlation_id=correlation_id,
                causation_id=causation_id,
            ),
            payload=DocumentPayload(
                document_id=document_id,
                filename=filename,
                content=content,
                size=size,
                category=category,
                content_hash=content_hash,
            ),
        )
