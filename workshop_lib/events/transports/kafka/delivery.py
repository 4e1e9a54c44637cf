"""One message in one handler's hands."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from workshop_lib.events.transports.kafka.window import Entry


class Owner(Protocol):
    """The consumption that a delivery came from. Each says whether the delivery was still its own."""

    def settle(self, delivery: "KafkaDelivery", fate: "Fate") -> bool: ...


@dataclass(frozen=True, slots=True)
class Ack:
    """Done."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Again after `delay` seconds."""

    delay: float


@dataclass(frozen=True, slots=True)
class Bury:
    """Given up."""

    reason: str
    digest: str


@dataclass(frozen=True, slots=True)
class Release:
    """Not begun."""


Fate = Ack | Retry | Bury | Release


class KafkaDelivery:
    """See `workshop_lib.events.transport.Delivery`."""

    __slots__ = ("_owner", "_queue_name", "entry")

    redelivered = 0

    def __init__(self, owner: Owner, queue_name: str, entry: Entry) -> None:
        self._owner, self._queue_name, self.entry = owner, queue_name, entry

    @property
    def queue_name(self) -> str:
        return self._queue_name

    @property
    def routing_key(self) -> str:
        return self.entry.message.routing_key

    @property
    def body(self) -> bytes:
        return self.entry.message.body

    @property
    def headers(self) -> Mapping[str, str]:
        return self.entry.message.headers

    @property
    def attempt(self) -> int:
        return self.entry.message.attempt

    def ack(self) -> bool:
        return self._owner.settle(self, Ack())

    def retry(self, delay: float) -> bool:
        return self._owner.settle(self, Retry(delay))

    def dead_letter(self, reason: str, digest: str) -> bool:
        return self._owner.settle(self, Bury(reason, digest))

    def release(self) -> bool:
        return self._owner.settle(self, Release())
