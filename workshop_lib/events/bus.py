"""The bus: what events are accepted and who gets them. How they travel is the transport's business."""

import inspect
import logging
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType, TracebackType
from typing import Any, Self

from workshop_lib.events.codec import encode, parse_event
from workshop_lib.events.errors import BusError, InvalidSubscription, UnknownScheme
from workshop_lib.events.memory import MemoryTransport
from workshop_lib.events.schemas import BaseEvent
from workshop_lib.events.topics import MAX_BYTES, check_pattern, check_routing_key, matches
from workshop_lib.events.transport import DeadLetter, Transport
from workshop_lib.i18n import _

logger = logging.getLogger(__name__)

# Lost when nobody listens, these would be waited for in vain. Other events are facts, which need no listener.
_MANDATORY = ("*.requested", "data.*")

_TRANSPORTS: Mapping[str, Callable[[str], Transport]] = MappingProxyType({"memory": lambda _: MemoryTransport()})


class EventBus:
    """Publish and subscribe over the backend that the URL names; `memory://` is a private bus inside this process.

    On `memory://`, `publish` delivers before it returns, on the calling thread, in the order of publishing. What a
    callback publishes is delivered after the callback is done; what another thread publishes while callbacks run is
    delivered by the thread that runs them, so there `publish` may return first. Safe to share between threads.
    """

    def __init__(
        self, rabbitmq_url: str = "memory://", exchange_name: str = "ml_events", exchange_type: str = "topic"
    ) -> None:
        """Open the bus.

        Raises:
            UnknownScheme: no backend for the URL; the message lists those there are.
            BusError: another exchange type than topic.
        """
        if exchange_type != "topic":
            text = _("expected exchange_type 'topic', which is how keys are matched here; got {type!r}")
            raise BusError(text.format(type=exchange_type))
        scheme, separator, _rest = rabbitmq_url.partition("://")
        if not separator or scheme not in _TRANSPORTS:
            raise UnknownScheme(_("an event bus"), rabbitmq_url, (f"{known}://" for known in _TRANSPORTS))
        self.exchange_name = exchange_name
        self._transport = _TRANSPORTS[scheme](rabbitmq_url)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Take no more events; closing twice is no error."""
        self._transport.close()

    def publish(self, event: BaseEvent, routing_key: str | None = None) -> bool:
        """Send a JSON copy of `event` to every queue bound for `routing_key` (default: the event's type).

        True says that the event was accepted. A callback that fails is not the publisher's business: it shows in
        the log and in `dead_letters`.

        Raises:
            InvalidEvent: not an event, or its payload is not what its type asks for.
            InvalidTopic: not a routing key.
            UnroutableError: a request (`*.requested`) or data (`data.*`), by its type or its routing key, and no
                queue is bound for it. A fact that nobody listens to is no error.
            BusClosed: after `close`.
        """
        body = encode(event)
        key = str(event.metadata.event_type) if routing_key is None else routing_key
        check_routing_key(key)
        mandatory = any(matches(pattern, topic) for pattern in _MANDATORY for topic in (event.metadata.event_type, key))
        self._transport.publish(key, body.encode(), mandatory=mandatory)
        logger.debug("published %s with routing key %s", event.metadata.event_id, key)
        return True

    def subscribe(
        self,
        queue_name: str,
        routing_keys: Sequence[str],
        callback: Callable[[BaseEvent], Any],
        *,
        auto_ack: bool = False,
    ) -> None:
        """Call `callback` with each event that reaches the queue; what it returns is ignored.

        `routing_keys` are patterns: `*` is one word, `#` any number. Subscribing to a queue again adds the patterns
        to it, and its callbacks take turns; a queue of another name gets a copy of its own. When a callback raises,
        the event goes to the queue's dead letters with the reason; with `auto_ack` it counts as done once it is
        handed over, so that it is lost.

        Raises:
            InvalidSubscription: no queue name or one over 255 bytes, no keys, a string where a list of them is
                expected, or a callback that is no plain function: a coroutine would never be awaited.
            InvalidTopic: not a pattern.
            BusClosed: after `close`.
        """
        if not 0 < len(queue_name.encode()) <= MAX_BYTES:
            text = _("expected a queue name of 1 to {most} bytes, got {size}")
            raise InvalidSubscription(text.format(most=MAX_BYTES, size=len(queue_name.encode())))
        if isinstance(routing_keys, str) or not routing_keys:
            text = _("expected a list of routing keys such as ['data.*'], got {keys!r}")
            raise InvalidSubscription(text.format(keys=routing_keys))
        if not callable(callback) or inspect.iscoroutinefunction(callback):
            text = _("expected a plain function of one event as callback, got {callback!r}")
            raise InvalidSubscription(text.format(callback=callback))
        for pattern in routing_keys:
            check_pattern(pattern)
        self._transport.bind(queue_name, routing_keys, lambda body: callback(parse_event(body)), auto_ack=auto_ack)

    def dead_letters(self, queue_name: str) -> tuple[DeadLetter, ...]:
        """What callbacks of the queue refused, oldest first, each with its reason.

        Raises:
            UnknownQueue: nobody subscribed to a queue of that name.
        """
        return self._transport.dead_letters(queue_name)


def open_bus(url: str) -> EventBus:
    """The bus that `url` names: `memory://`.

    Raises:
        UnknownScheme: no backend for the URL; the message lists those there are.
    """
    return EventBus(url)
