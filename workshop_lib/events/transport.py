"""What a bus needs of a broker: bind queues, route bytes to them, keep what failed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

Handler = Callable[[bytes], None]


@dataclass(frozen=True)
class DeadLetter:
    """An event that a callback refused: its `body` as published, and the `reason`, such as "ValueError: too long"."""

    queue_name: str
    routing_key: str
    body: bytes
    reason: str


class Transport(Protocol):
    """One backend of `EventBus`, which has checked every argument."""

    def bind(self, queue_name: str, patterns: Sequence[str], handler: Handler, *, auto_ack: bool) -> None:
        """Make the queue if need be, bind it to the patterns too, and let `handler` share its deliveries."""

    def publish(self, routing_key: str, body: bytes, *, mandatory: bool) -> None:
        """Put `body` into every queue bound for `routing_key`; where none is and `mandatory`: UnroutableError."""

    def dead_letters(self, queue_name: str) -> tuple[DeadLetter, ...]:
        """What failed on the queue, oldest first; UnknownQueue where there is none of that name."""

    def close(self) -> None:
        """Take no more."""
