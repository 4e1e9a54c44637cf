"""The events of the course, each with its typed payload. The fields are those of the course's seed."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self
from uuid import UUID

from pydantic import BeforeValidator, Discriminator, Field, NonNegativeFloat, NonNegativeInt, StringConstraints, Tag

from workshop_lib.events.schemas import BaseEvent, EventMetadata, EventType, Name, plain_json
from workshop_lib.events.schemas import Payload as _Payload

_Json = Annotated[Any, BeforeValidator(plain_json)]
_JsonObject = Annotated[dict[str, Any], BeforeValidator(plain_json)]
_Metrics = dict[str, float]
_Share = Annotated[float, Field(ge=0, le=1)]


class DatasetType(StrEnum):
    """What a data set is for."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"


class ModelType(StrEnum):
    """The framework that trains a model."""

    PYTORCH = "pytorch"
    TENSORFLOW = "tensorflow"
    NUMPY = "numpy"


class DeploymentEnv(StrEnum):
    """Where a model runs."""

    DEV = "dev"
    STAGING = "staging"
    PROD = "prod"


class Priority(StrEnum):
    """How urgent a request is. Queues that declare priorities deliver the higher first."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


class DriftType(StrEnum):
    """What has drifted."""

    DATA = "data_drift"
    CONCEPT = "concept_drift"
    MODEL = "model_drift"


class Severity(StrEnum):
    """How bad it is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class DatasetPayload(_Payload):
    """A data set that came in.

    Attributes:
        num_samples: rows.
        features: the names of its columns.
    """

    dataset_id: Name
    dataset_path: Name
    num_samples: NonNegativeInt
    features: list[str]
    dataset_type: DatasetType


class DocumentPayload(_Payload):
    """A document that came in.

    Attributes:
        content: its text.
        size: of the content in UTF-8, in bytes.
        content_hash: SHA-256 of the content in UTF-8, 64 small hex digits, by which a receiver verifies it.
    """

    document_id: Name
    filename: Name
    content: str
    size: NonNegativeInt
    category: str | None = None
    content_hash: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None


def _dataset_or_document(value: Any) -> str:
    """Which of the two a data.ingested is about. What is neither is held against a document."""
    fields = value if isinstance(value, Mapping) else getattr(value, "__dict__", {})
    a_dataset = "document_id" not in fields and any(name in fields for name in DatasetPayload.model_fields)
    return "dataset" if a_dataset else "document"


class DataIngestedEvent(BaseEvent):
    """A data set or a document came in."""

    event_type: ClassVar[EventType | None] = EventType.DATA_INGESTED
    Payload: ClassVar[type[DatasetPayload]] = DatasetPayload

    # A typed payload in place of the dict: whoever handles this type knows its fields.
    payload: Annotated[  # type: ignore[assignment]
        Annotated[DatasetPayload, Tag("dataset")] | Annotated[DocumentPayload, Tag("document")],
        Discriminator(_dataset_or_document),
    ]

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


class DataValidatedEvent(BaseEvent):
    """A data set was checked."""

    class Payload(_Payload):
        """`problems` says what was wrong where it did not pass."""

        dataset_id: Name
        passed: bool
        dataset_path: Name | None = None
        num_samples: NonNegativeInt | None = None
        problems: list[str] = Field(default_factory=list)
        hyperparameters: _JsonObject = Field(default_factory=dict)

    event_type: ClassVar[EventType | None] = EventType.DATA_VALIDATED
    payload: Payload  # type: ignore[assignment]


class TrainingRequestedEvent(BaseEvent):
    """Somebody wants a model trained. `framework` says by whom: each framework's service has its own queue."""

    class Payload(_Payload):
        """`reason` says why, such as the drift that was found."""

        dataset_id: Name
        framework: ModelType
        hyperparameters: _JsonObject = Field(default_factory=dict)
        experiment_id: Name | None = None
        reason: str | None = None

    event_type: ClassVar[EventType | None] = EventType.TRAINING_REQUESTED
    payload: Payload  # type: ignore[assignment]


class TrainingStartedEvent(BaseEvent):
    """A training run began."""

    class Payload(_Payload):
        experiment_id: Name
        run_id: Name
        model_type: ModelType
        dataset_id: Name
        hyperparameters: _JsonObject

    event_type: ClassVar[EventType | None] = EventType.TRAINING_STARTED
    payload: Payload  # type: ignore[assignment]


class TrainingCompletedEvent(BaseEvent):
    """A training run ended well. Also known as model.trained."""

    class Payload(_Payload):
        """`artifacts` are names and where they lie."""

        experiment_id: Name
        run_id: Name
        model_path: Name
        metrics: _Metrics
        duration_seconds: NonNegativeFloat
        artifacts: dict[str, str]

    event_type: ClassVar[EventType | None] = EventType.TRAINING_COMPLETED
    payload: Payload  # type: ignore[assignment]


class TrainingFailedEvent(BaseEvent):
    """A training run ended badly."""

    class Payload(_Payload):
        experiment_id: Name
        run_id: Name
        error: str

    event_type: ClassVar[EventType | None] = EventType.TRAINING_FAILED
    payload: Payload  # type: ignore[assignment]


class ModelValidatedEvent(BaseEvent):
    """A model was measured against the gate."""

    class Payload(_Payload):
        model_id: Name
        run_id: Name
        validation_metrics: _Metrics
        passed: bool
        threshold_criteria: _Metrics

    event_type: ClassVar[EventType | None] = EventType.MODEL_VALIDATED
    payload: Payload  # type: ignore[assignment]


class ModelRegisteredEvent(BaseEvent):
    """A model has a version and a place in the registry."""

    class Payload(_Payload):
        model_id: Name
        model_version: Name
        run_id: Name | None = None
        stage: Name | None = None
        metrics: _Metrics = Field(default_factory=dict)

    event_type: ClassVar[EventType | None] = EventType.MODEL_REGISTERED
    payload: Payload  # type: ignore[assignment]


class ModelDeployedEvent(BaseEvent):
    """A model answers at an address."""

    class Payload(_Payload):
        model_id: Name
        model_version: Name
        deployment_env: DeploymentEnv
        endpoint_url: Name
        replicas: NonNegativeInt

    event_type: ClassVar[EventType | None] = EventType.MODEL_DEPLOYED
    payload: Payload  # type: ignore[assignment]


class PredictionRequestedEvent(BaseEvent):
    """Somebody wants a prediction."""

    class Payload(_Payload):
        request_id: Name
        model_id: Name
        model_version: Name
        input_data: _JsonObject
        priority: Priority = Priority.NORMAL

    event_type: ClassVar[EventType | None] = EventType.PREDICTION_REQUESTED
    payload: Payload  # type: ignore[assignment]


class PredictionCompletedEvent(BaseEvent):
    """A prediction was made. Also known as prediction.made."""

    class Payload(_Payload):
        request_id: Name
        prediction: _Json
        confidence: _Share | None = None
        latency_ms: NonNegativeFloat
        model_version: Name

    event_type: ClassVar[EventType | None] = EventType.PREDICTION_COMPLETED
    payload: Payload  # type: ignore[assignment]


class DriftDetectedEvent(BaseEvent):
    """Data or a model are no longer what they were."""

    class Payload(_Payload):
        drift_type: DriftType
        metric_name: Name
        current_value: float
        baseline_value: float
        threshold: float
        severity: Severity

    event_type: ClassVar[EventType | None] = EventType.DRIFT_DETECTED
    payload: Payload  # type: ignore[assignment]


class RetrainingRequestedEvent(BaseEvent):
    """A model should be trained again, for these reasons."""

    class Payload(_Payload):
        model_id: Name
        reasons: list[str]
        job_id: Name | None = None
        dataset_id: Name | None = None

    event_type: ClassVar[EventType | None] = EventType.RETRAINING_REQUESTED
    payload: Payload  # type: ignore[assignment]


class DocumentClassifiedEvent(BaseEvent):
    """A document has a category. `classification` holds its label, its score, and the next best (`top_k`)."""

    class Payload(_Payload):
        document_id: Name
        classification: _JsonObject
        content: str | None = None
        filename: Name | None = None

    event_type: ClassVar[EventType | None] = EventType.DOCUMENT_CLASSIFIED
    payload: Payload  # type: ignore[assignment]


class DocumentIndexedEvent(BaseEvent):
    """A document can be searched."""

    class Payload(_Payload):
        """`chunks` is into how many pieces it was cut."""

        document_id: Name
        chunks: NonNegativeInt
        collection: Name | None = None
        category: str | None = None

    event_type: ClassVar[EventType | None] = EventType.DOCUMENT_INDEXED
    payload: Payload  # type: ignore[assignment]


COURSE_EVENTS: tuple[type[BaseEvent], ...] = (
    DataIngestedEvent,
    DataValidatedEvent,
    DocumentClassifiedEvent,
    DocumentIndexedEvent,
    TrainingRequestedEvent,
    TrainingStartedEvent,
    TrainingCompletedEvent,
    TrainingFailedEvent,
    ModelValidatedEvent,
    ModelRegisteredEvent,
    ModelDeployedEvent,
    PredictionRequestedEvent,
    PredictionCompletedEvent,
    DriftDetectedEvent,
    RetrainingRequestedEvent,
)
