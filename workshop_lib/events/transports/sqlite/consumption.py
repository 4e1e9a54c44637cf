"""A message under a lease, and one consumer's share of a queue."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from workshop_lib.events.errors import BusError
from workshop_lib.events.transport import Delivery
from workshop_lib.events.transports.sqlite import tables
from workshop_lib.events.transports.sqlite.tables import Claimed, Key, Step

logger = logging.getLogger(__name__)


class Settling(Protocol):
    """What writes settlements: the engine."""

    def settle(self, step: Step, row: tuple[Any, ...], *, soon: bool) -> None: ...
    def flush(self) -> None: ...
    def remove(self, consumption: "SQLiteConsumption") -> None: ...


class SQLiteDelivery:
    """A message under a lease."""

    __slots__ = ("_claimed", "_consumption", "key")

    def __init__(self, consumption: "SQLiteConsumption", claimed: Claimed) -> None:
        self._consumption, self._claimed = consumption, claimed
        # Which delivery this is, for the tables.
        self.key: Key = claimed.message, consumption.queue, claimed.token

    @property
    def queue_name(self) -> str:
        return self._consumption.queue_name

    @property
    def routing_key(self) -> str:
        return self._claimed.routing_key

    @property
    def body(self) -> bytes:
        return self._claimed.body

    @property
    def headers(self) -> Mapping[str, str]:
        return self._claimed.headers

    @property
    def attempt(self) -> int:
        return self._claimed.attempt

    @property
    def redelivered(self) -> int:
        return self._claimed.redelivered

    def ack(self) -> bool:
        return self._settle(tables.ack)

    def retry(self, delay: float) -> bool:
        return self._settle(tables.retry, time.time() + delay)

    def dead_letter(self, reason: str, digest: str) -> bool:
        return self._settle(tables.bury, time.time(), reason, digest)

    def release(self) -> bool:
        return self._settle(tables.release)

    def _settle(self, step: Step, *more: Any) -> bool:
        return self._consumption.settle(self, step, *more)


class SQLiteConsumption:
    """One consumer's share of a queue."""

    def __init__(
        self,
        engine: Settling,
        queue: int,
        queue_name: str,
        prefetch: int,
        deliver: Callable[[Delivery], None],
        failed: Callable[[BusError], None],
    ) -> None:
        self.queue, self.queue_name, self.failed = queue, queue_name, failed
        self.active = True
        self._engine, self._prefetch, self._deliver = engine, prefetch, deliver
        self._lock = threading.Lock()
        # One delivery after the other, and none after `stop`: a lock of its own, for settling must not wait for it.
        self._gate = threading.Lock()
        self._held: dict[Key, SQLiteDelivery] = {}

    @property
    def credit(self) -> int:
        """How many more it may be handed."""
        return self._prefetch - len(self._held) if self.active else 0

    def held(self) -> list[Key]:
        """What is in its hands."""
        with self._lock:
            return list(self._held)

    def push(self, claimed: list[Claimed]) -> None:
        """Hand over what was claimed; or back, where it has stopped meanwhile."""
        deliveries = [SQLiteDelivery(self, one) for one in claimed]
        with self._gate:
            with self._lock:
                self._held.update((delivery.key, delivery) for delivery in deliveries)
            for delivery in deliveries:
                if self.active:
                    self._deliver(delivery)
                else:
                    delivery.release()

    def settle(self, delivery: SQLiteDelivery, step: Step, *more: Any) -> bool:
        """Take it from this consumer's hands, and leave what becomes of it to the engine."""
        with self._lock:
            if self._held.pop(delivery.key, None) is None:
                return False
            left = len(self._held)
        # With enough left to do, the next settlements may share a transaction with this one.
        self._engine.settle(step, (*delivery.key, *more), soon=left <= self._prefetch // 2)
        return True

    def lose(self, key: Key) -> None:
        """Another consumer has it."""
        with self._lock:
            lost = self._held.pop(key, None)
        if lost is not None:
            logger.warning("queue %s: the lease of a message ran out; it comes again", self.queue_name)

    def stop(self) -> None:
        with self._gate:
            self.active = False

    def close(self) -> None:
        self.stop()
        for key in self.held():
            delivery = self._held.get(key)
            if delivery is not None:
                delivery.release()
        self._engine.flush()
        self._engine.remove(self)
