"""What a bus is told when somebody subscribes, and what is refused of it."""

import inspect
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from workshop_lib.events.errors import InvalidSubscription
from workshop_lib.events.schemas import BaseEvent
from workshop_lib.events.topics import MAX_BYTES, check_pattern
from workshop_lib.events.transport import QueueSpec
from workshop_lib.i18n import _


class HandledStore(Protocol):
    """Remembers which consumer has handled which event: every `EventStore` does."""

    def handling(self, consumer: str, event_id: UUID) -> AbstractContextManager[bool]:
        """Whether it is new to `consumer`; if so, the mark is kept when the body ends well, together with what the
        body wrote into this store, in one transaction. When the body raises, none of it is."""


@dataclass(frozen=True)
class Subscription:
    """What `EventBus.subscribe` was told."""

    queue: QueueSpec
    callback: Callable[[BaseEvent], Any]
    auto_ack: bool
    max_attempts: int
    backoff: Callable[[int], float]
    concurrency: int
    prefetch: int
    idempotent: HandledStore | None


def check_subscription(
    queue_name: str,
    routing_keys: Sequence[str],
    callback: Callable[[BaseEvent], Any],
    *numbers: int,
) -> None:
    """Refuse what no backend could serve. `numbers` are max_attempts, concurrency and prefetch.

    Raises:
        InvalidSubscription, InvalidTopic: with what was expected.
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
    if min(numbers) < 1:
        text = _("expected max_attempts, concurrency and prefetch of 1 or more, got {numbers}")
        raise InvalidSubscription(text.format(numbers=", ".join(map(str, numbers))))
    for pattern in routing_keys:
        check_pattern(pattern)
