"""What happened, said once and heard by whoever asked: events, the bus that carries them, the store that keeps them.

EventType, EventMetadata, BaseEvent                     what every event has
DataIngestedEvent, TrainingStartedEvent, ...            the course's types, each with its typed payload (`payloads`)
register_event, register_upcaster                       types of yours, and what turns older payloads into newer ones
encode(event), parse_event(data)                        to JSON and back, checked both ways
open_bus("memory://") -> EventBus                       publish, subscribe, consume, dead letters
backoff(attempt), current_handling()                    the wait before a retry; what a handler is in the middle of
matches(pattern, routing_key)                           AMQP's topic match
open_store("sqlite:///events.db") -> EventStore         keep, find by correlation id, trace what led to what
EventError                                              the root of the errors, drawn in `errors`
"""

from workshop_lib.events.bus import EventBus, open_bus
from workshop_lib.events.codec import encode, parse_event
from workshop_lib.events.errors import (
    BrokerUnavailable,
    BusClosed,
    BusError,
    EventConflict,
    EventError,
    EventTooLarge,
    InvalidEvent,
    InvalidSchema,
    InvalidSubscription,
    InvalidTopic,
    NotAnEventBus,
    NotAnEventStore,
    NotConfirmed,
    QueueConflict,
    StoreClosed,
    StoreError,
    StoreUnavailable,
    UnknownQueue,
    UnknownScheme,
    UnknownVersion,
    UnroutableError,
    WrongCredentials,
)
from workshop_lib.events.payloads import (
    DataIngestedEvent,
    DatasetPayload,
    DatasetType,
    DataValidatedEvent,
    DeploymentEnv,
    DocumentClassifiedEvent,
    DocumentIndexedEvent,
    DocumentPayload,
    DriftDetectedEvent,
    DriftType,
    ModelDeployedEvent,
    ModelRegisteredEvent,
    ModelType,
    ModelValidatedEvent,
    PredictionCompletedEvent,
    PredictionRequestedEvent,
    Priority,
    RetrainingRequestedEvent,
    Severity,
    TrainingCompletedEvent,
    TrainingFailedEvent,
    TrainingRequestedEvent,
    TrainingStartedEvent,
)
from workshop_lib.events.registry import register_event, register_upcaster
from workshop_lib.events.retry import backoff
from workshop_lib.events.schemas import BaseEvent, EventMetadata, EventType, Payload
from workshop_lib.events.stores import EventStore, RedisEventStore, SQLiteEventStore, Trace, open_store
from workshop_lib.events.subscription import HandledStore
from workshop_lib.events.topics import matches
from workshop_lib.events.tracing import Handling, current_handling
from workshop_lib.events.transport import DeadLetter, QueueCounts

__all__ = [
    "BaseEvent",
    "BrokerUnavailable",
    "BusClosed",
    "BusError",
    "DataIngestedEvent",
    "DataValidatedEvent",
    "DatasetPayload",
    "DatasetType",
    "DeadLetter",
    "DeploymentEnv",
    "DocumentClassifiedEvent",
    "DocumentIndexedEvent",
    "DocumentPayload",
    "DriftDetectedEvent",
    "DriftType",
    "EventBus",
    "EventConflict",
    "EventError",
    "EventMetadata",
    "EventStore",
    "EventTooLarge",
    "EventType",
    "HandledStore",
    "Handling",
    "InvalidEvent",
    "InvalidSchema",
    "InvalidSubscription",
    "InvalidTopic",
    "ModelDeployedEvent",
    "ModelRegisteredEvent",
    "ModelType",
    "ModelValidatedEvent",
    "NotAnEventBus",
    "NotAnEventStore",
    "NotConfirmed",
    "Payload",
    "PredictionCompletedEvent",
    "PredictionRequestedEvent",
    "Priority",
    "QueueConflict",
    "QueueCounts",
    "RedisEventStore",
    "RetrainingRequestedEvent",
    "SQLiteEventStore",
    "Severity",
    "StoreClosed",
    "StoreError",
    "StoreUnavailable",
    "Trace",
    "TrainingCompletedEvent",
    "TrainingFailedEvent",
    "TrainingRequestedEvent",
    "TrainingStartedEvent",
    "UnknownQueue",
    "UnknownScheme",
    "UnknownVersion",
    "UnroutableError",
    "WrongCredentials",
    "backoff",
    "current_handling",
    "encode",
    "matches",
    "open_bus",
    "open_store",
    "parse_event",
    "register_event",
    "register_upcaster",
]
