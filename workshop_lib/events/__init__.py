"""What happened, said once and heard by whoever asked: events, the bus that carries them, the store that keeps them.

EventType, EventMetadata, BaseEvent, DataIngestedEvent, DocumentPayload     the schemas
encode(event), parse_event(data)                                            to JSON and back, checked both ways
open_bus("memory://") -> EventBus, DeadLetter                               publish and subscribe
matches(pattern, routing_key)                                               AMQP's topic match
open_store("sqlite:///events.db") -> SQLiteEventStore                       keep, and find by correlation id
EventError                                                                  the root of the errors, drawn in `errors`
"""

from workshop_lib.events.bus import EventBus, open_bus
from workshop_lib.events.codec import encode, parse_event
from workshop_lib.events.errors import (
    BusClosed,
    BusError,
    EventConflict,
    EventError,
    InvalidEvent,
    InvalidSubscription,
    InvalidTopic,
    NotAnEventStore,
    StoreClosed,
    StoreError,
    StoreUnavailable,
    UnknownQueue,
    UnknownScheme,
    UnroutableError,
)
from workshop_lib.events.schemas import BaseEvent, DataIngestedEvent, DocumentPayload, EventMetadata, EventType
from workshop_lib.events.store import SQLiteEventStore, open_store
from workshop_lib.events.topics import matches
from workshop_lib.events.transport import DeadLetter, Transport

__all__ = [
    "BaseEvent",
    "BusClosed",
    "BusError",
    "DataIngestedEvent",
    "DeadLetter",
    "DocumentPayload",
    "EventBus",
    "EventConflict",
    "EventError",
    "EventMetadata",
    "EventType",
    "InvalidEvent",
    "InvalidSubscription",
    "InvalidTopic",
    "NotAnEventStore",
    "SQLiteEventStore",
    "StoreClosed",
    "StoreError",
    "StoreUnavailable",
    "Transport",
    "UnknownQueue",
    "UnknownScheme",
    "UnroutableError",
    "encode",
    "matches",
    "open_bus",
    "open_store",
    "parse_event",
]
