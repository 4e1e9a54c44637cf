"""The consumer: worker threads that turn deliveries into calls of a handler, and its outcome into a settlement."""

import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue

from workshop_lib.events.errors import BusError
from workshop_lib.events.metrics import Metrics
from workshop_lib.events.schemas import BaseEvent
from workshop_lib.events.settling import Settled, settle
from workshop_lib.events.subscription import Subscription
from workshop_lib.events.tracing import TRACEPARENT, Handling, handling, valid_traceparent
from workshop_lib.events.transport import Consumption, Delivery, Transport

logger = logging.getLogger(__name__)


class Consumer:
    """One subscription at work."""

    def __init__(
        self,
        transport: Transport,
        subscription: Subscription,
        metrics: Metrics,
        failed: Callable[[BusError], None],
    ) -> None:
        self._subscription = subscription
        self._metrics = metrics
        self._inbox: SimpleQueue[Delivery | None] = SimpleQueue()
        self._stopping = False
        self._finished = threading.Event()
        # Each is written by one thread only, so that none needs a lock.
        self._delivered = 0
        self._settled = [0] * subscription.concurrency
        self._running = subscription.concurrency
        self._lock = threading.Lock()
        self._consumption: Consumption = transport.consume(
            subscription.queue.name, subscription.prefetch, self._deliver, failed
        )
        self._threads = [
            threading.Thread(target=self._work, args=(n,), name=f"{self.queue_name}-{n}", daemon=True)
            for n in range(subscription.concurrency)
        ]
        metrics.consuming(self.queue_name, self)
        for thread in self._threads:
            thread.start()

    @property
    def queue_name(self) -> str:
        """Of the queue it consumes."""
        return self._subscription.queue.name

    @property
    def settled(self) -> int:
        """Deliveries that were settled so far."""
        return sum(self._settled)

    @property
    def in_flight(self) -> int:
        """Deliveries that are not settled yet."""
        settled = self.settled
        return self._delivered - settled

    def is_mine(self, thread: threading.Thread) -> bool:
        """Whether `thread` runs this consumer's handler."""
        return thread in self._threads

    def request_stop(self) -> None:
        """Take no more. What a handler has begun it may end; what waits behind it goes back."""
        with self._lock:
            if self._stopping:
                return
            self._stopping = True
        self._consumption.stop()
        for _thread in self._threads:
            self._inbox.put(None)

    def wait(self, timeout: float | None) -> bool:
        """After `request_stop`: True once every handler has ended and its settlement reached the backend.

        False after `timeout` seconds: what still runs is given up, and comes again.
        """
        if self._finished.wait(timeout):
            return True
        logger.warning("queue %s: %d handlers did not end in time; theirs comes again", self.queue_name, self.in_flight)
        self._consumption.close()
        return False

    def _deliver(self, delivery: Delivery) -> None:
        self._delivered += 1
        self._inbox.put(delivery)

    def _work(self, number: int) -> None:
        while (delivery := self._inbox.get()) is not None:
            try:
                if self._stopping:
                    delivery.release()
                else:
                    self._handle(delivery)
            finally:
                self._settled[number] += 1
        with self._lock:
            self._running -= 1
            last = self._running == 0
        if last:
            self._consumption.close()
            self._finished.set()

    def _handle(self, delivery: Delivery) -> None:
        start = time.perf_counter()
        told, work = self._subscription, partial(self._call, delivery)
        settled = settle(delivery, work, told.max_attempts, told.backoff, auto_ack=told.auto_ack)
        seconds = time.perf_counter() - start
        if settled is Settled.HANDLED:
            self._metrics.handled(self.queue_name, seconds)
        elif settled is Settled.RETRIED:
            self._metrics.retried(self.queue_name, seconds)
        else:
            self._metrics.dead_lettered(self.queue_name, seconds)

    def _call(self, delivery: Delivery, event: BaseEvent) -> None:
        work = Handling(
            event=event,
            queue_name=self.queue_name,
            attempt=delivery.attempt,
            redelivered=delivery.redelivered,
            traceparent=valid_traceparent(delivery.headers.get(TRACEPARENT)),
        )
        store, callback = self._subscription.idempotent, self._subscription.callback
        with handling(work):
            if store is None:
                callback(event)
                return
            with store.handling(self.queue_name, event.metadata.event_id) as new:
                if new:
                    callback(event)
