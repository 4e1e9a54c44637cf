"""What is asked of a backend when an event is published: to confirm it, and to refuse what nobody could handle."""

from collections.abc import Mapping
from functools import lru_cache

from workshop_lib.events.errors import NotConfirmed
from workshop_lib.events.topics import check_routing_key
from workshop_lib.events.transport import NORMAL_PRIORITY, Outgoing, Transport


@lru_cache(maxsize=10_000)
def is_mandatory(event_type: str, routing_key: str) -> bool:
    """Whether an event must find a queue, by its type, or by the key it is published with: a request (`….requested`) or
    data (`data.…`). Lost when nobody listens, it would be waited for in vain. Others are facts, which need no listener.

    Raises:
        InvalidTopic: not a routing key.
    """
    # An exception is not remembered, so that each wrong key is refused.
    check_routing_key(routing_key)
    return any(topic.startswith("data.") or topic.endswith(".requested") for topic in (event_type, routing_key))


def outgoing(
    routing_key: str,
    body: bytes,
    *,
    event_type: str = "",
    headers: Mapping[str, str] | None = None,
    priority: int = NORMAL_PRIORITY,
) -> Outgoing:
    """The message to publish; mandatory where the key, or the event's type, says so.

    Raises:
        InvalidTopic: not a routing key.
    """
    return Outgoing(routing_key, body, headers or {}, priority, is_mandatory(event_type, routing_key))


def publish_confirmed(
    transport: Transport,
    routing_key: str,
    body: bytes,
    *,
    event_type: str = "",
    headers: Mapping[str, str] | None = None,
    priority: int = NORMAL_PRIORITY,
) -> bool:
    """Publish one message, and return True once the backend has it for good. There is no False.

    Raises:
        UnroutableError: it is mandatory, and no queue is bound for its key.
        NotConfirmed: it may have arrived, or not.
        InvalidTopic, BrokerUnavailable: as `Transport.publish` says.
    """
    message = outgoing(routing_key, body, event_type=event_type, headers=headers, priority=priority)
    try:
        transport.publish([message])
    except NotConfirmed as error:
        if 0 in error.refused:
            raise error.refused[0] from None
        raise
    return True
