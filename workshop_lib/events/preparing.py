"""An event as the message to publish: checked, written as JSON, and addressed."""

from typing import TypedDict

from workshop_lib.events.codec import checked
from workshop_lib.events.errors import EventTooLarge
from workshop_lib.events.payloads import PredictionRequestedEvent, Priority
from workshop_lib.events.publishing import is_mandatory
from workshop_lib.events.schemas import ALIASES, BaseEvent
from workshop_lib.events.tracing import TRACEPARENT, next_traceparent
from workshop_lib.events.transport import NORMAL_PRIORITY

_PRIORITIES = {Priority.LOW: 0, Priority.NORMAL: NORMAL_PRIORITY, Priority.HIGH: 2}


class About(TypedDict):
    """What `publish_confirmed` is told beside the key and the body."""

    event_type: str
    headers: dict[str, str]
    priority: int


def prepared(event: BaseEvent, routing_key: str | None, max_bytes: int) -> tuple[BaseEvent, str, bytes, About]:
    """The event as who receives it will have it, its routing key, its body, and what is said beside them.

    Raises:
        InvalidEvent: not an event, or its payload is not what its type asks for.
        EventTooLarge: more than `max_bytes` as JSON.
        InvalidTopic: not a routing key.
    """
    received, text = checked(event)
    body = text.encode()
    if len(body) > max_bytes:
        raise EventTooLarge(len(body), max_bytes)
    about = received.metadata
    key = str(about.event_type) if routing_key is None else ALIASES.get(routing_key, routing_key)
    headers = {
        "event_id": str(about.event_id),
        "event_type": str(about.event_type),
        "source_service": about.source_service,
        "timestamp": about.timestamp.isoformat(),
        TRACEPARENT: next_traceparent(about.correlation_id),
    }
    if about.correlation_id is not None:
        headers["correlation_id"] = str(about.correlation_id)
    urgent = received.payload.priority if isinstance(received, PredictionRequestedEvent) else Priority.NORMAL
    told = About(event_type=str(about.event_type), headers=headers, priority=_PRIORITIES[urgent])
    # Before anything is sent, as the event's own schema is.
    is_mandatory(told["event_type"], key)
    return received, key, body, told
