"""The queues that one queue of ours is made of: itself, its dead letters, and the ladder of its waits.

Each wait has a queue of its own, whose messages all live equally long: one queue for every length of wait would hold
a short one up behind a long one. A message that expires there is dead-lettered back to the work queue; *at-least-once*
asks that queue for a confirm before the delay queue forgets it. The ladder is each work queue's own, and not shared,
since AMQP counts messages by queue only.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from workshop_lib.events.errors import InvalidSubscription, NotAnEventBus, QueueConflict
from workshop_lib.events.topics import MAX_BYTES
from workshop_lib.events.transport import MAX_PRIORITY, QueueSpec
from workshop_lib.events.transports.memory import priorities_differ
from workshop_lib.events.transports.rabbitmq.desk import Channel, Refused
from workshop_lib.i18n import _

LADDER: Final = (0.25, 1, 2, 5, 10, 30, 120, 900, 7200, 86400)
"""Seconds. A wait is rounded up to the next, which keeps a back-off of 1 s or more under 2.5 times what it asked for
up to half a minute."""

REGISTRY: Final = "workshop.queues"
"""AMQP can't list queues: this one holds the name of each of ours."""

# From RabbitMQ 4 on, a quorum queue forgets a message that came back 20 times. Giving up is the bus's decision.
_QUORUM: Mapping[str, Any] = MappingProxyType({"x-queue-type": "quorum", "x-delivery-limit": 1_000_000})
_LONGEST_NAME = MAX_BYTES - len(".delay.86400000")
# Newer brokers let a queue raise the half hour after which a delivery counts as lost; 3.10 takes and ignores it.
_WEEK_MS = 7 * 86400 * 1000

SAFE: Mapping[str, Any] = _QUORUM
"""Arguments of a replicated queue without further ado."""


def dead_name(queue: str) -> str:
    """Where its dead letters are."""
    return f"{queue}.dead"


def delay_name(queue: str, step: float) -> str:
    """Where its messages wait for `step` seconds."""
    return f"{queue}.delay.{step * 1000:.0f}"


def rung(delay: float) -> float:
    """The step of the ladder that is at least `delay` seconds; the last for more; 0 for 0."""
    return next((step for step in LADDER if step >= delay), LADDER[-1]) if delay > 0 else 0


def work_arguments(spec: QueueSpec) -> dict[str, Any]:
    """Of the queue itself. What is rejected by hand, in a console, goes to the dead letters too."""
    if spec.temporary:
        return {"x-max-priority": MAX_PRIORITY} if spec.priorities else {}
    # Quorum queues take no x-max-priority.
    kind = {"x-queue-type": "classic", "x-max-priority": MAX_PRIORITY} if spec.priorities else dict(_QUORUM)
    return kind | {
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": dead_name(spec.name),
        "x-consumer-timeout": _WEEK_MS,
    }


def delay_arguments(queue: str, step: float) -> dict[str, Any]:
    """Of one rung."""
    return dict(_QUORUM) | {
        "x-message-ttl": int(step * 1000),
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": queue,
        "x-dead-letter-strategy": "at-least-once",
        # At-least-once asks for it; nothing here limits a length.
        "x-overflow": "reject-publish",
    }


def declare_exchange(channel: Channel, exchange: str) -> None:
    """Make the exchange.

    Raises:
        NotAnEventBus: it is there with another type.
    """
    try:
        channel.exchange(exchange)
    except Refused as refused:
        text = _("expected {name!r} to be a durable topic exchange, or none: {why}. Take another exchange_name")
        raise NotAnEventBus(text.format(name=exchange, why=refused.text)) from None


def declare_queue(channel: Channel, exchange: str, spec: QueueSpec) -> None:
    """Make the queue and what belongs to it, then bind it: nothing arrives before its dead letters have a place.

    Raises:
        Refused: code 406, it exists with other arguments.
        InvalidSubscription: a name too long.
    """
    if len(spec.name.encode()) > _LONGEST_NAME:
        text = _("expected a queue name of at most {most} bytes on RabbitMQ, got {size}")
        raise InvalidSubscription(text.format(most=_LONGEST_NAME, size=len(spec.name.encode())))
    channel.queue(spec.name, work_arguments(spec), exclusive=spec.temporary)
    if not spec.temporary:
        channel.queue(dead_name(spec.name), SAFE)
        for step in LADDER:
            channel.queue(delay_name(spec.name, step), delay_arguments(spec.name, step))
    for pattern in spec.patterns:
        channel.bind(spec.name, exchange, pattern)


def conflict(spec: QueueSpec, refused: Refused, other_way_fits: bool) -> QueueConflict:
    """What a refused declaration means."""
    return QueueConflict(spec.name, priorities_differ(not spec.priorities) if other_way_fits else refused.text)
