"""The consumer: worker threads that turn deliveries into calls of a handler, and its outcome into a settlement."""

import hashlib
import logging
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Protocol
from uuid import UUID

from workshop_lib.events.codec import parse_event
from workshop_lib.events.errors import BusError, InvalidEvent
from workshop_lib.events.metrics import Metrics
from workshop_lib.events.schemas import BaseEvent
from workshop_lib.events.tracing import TRACEPARENT, Handling, handling, valid_traceparent
from workshop_lib.events.transport import Consumption, Delivery, QueueSpec, Transport
from workshop_lib.i18n import _

logger = logging.getLogger(__name__)

MAX_DEATHS = 20
"""An event that was in hand when its process ended this often is given up: it may be what ends it."""

_MAX_REASON = 1000


class HandledStore(Protocol):
    """Remembers which consumer has handled which event: `SQLiteEventStore` does."""

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
        self._metrics.delivered(self.queue_name)
        self._inbox.put(delivery)

    def _work(self, number: int) -> None:
        while (delivery := self._inbox.get()) is not None:
            try:
                if self._stopping:
                    delivery.release()
                else:
                    self._handle(delivery)
            finally:
                self._metrics.settled(self.queue_name)
                self._settled[number] += 1
        with self._lock:
            self._running -= 1
            last = self._running == 0
        if last:
            self._consumption.close()
            self._finished.set()

    def _handle(self, delivery: Delivery) -> None:
        start = time.perf_counter()
        if delivery.redelivered >= MAX_DEATHS:
            text = _("its process ended {n} times while it was in hand")
            self._bury(delivery, text.format(n=delivery.redelivered), "", start)
            return
        try:
            event = parse_event(delivery.body)
        except InvalidEvent as error:
            self._bury(delivery, f"{type(error).__name__}: {error.reason}", "", start)
            return
        if self._subscription.auto_ack:
            delivery.ack()
        try:
            self._call(event, delivery)
        except BaseException as error:  # noqa: BLE001 - exit() in a handler is a failed try, not the worker's end
            self._failed(delivery, error, start)
        else:
            self._metrics.handled(self.queue_name, time.perf_counter() - start)
            if not self._subscription.auto_ack:
                self._said(delivery, delivery.ack())

    def _call(self, event: BaseEvent, delivery: Delivery) -> None:
        work = Handling(
            event=event,
            queue_name=self.queue_name,
            attempt=delivery.attempt,
            redelivered=delivery.redelivered,
            traceparent=valid_traceparent(delivery.headers.get(TRACEPARENT)),
        )
        store = self._subscription.idempotent
        once = store.handling(self.queue_name, event.metadata.event_id) if store else nullcontext(True)
        with handling(work), once as new:
            if new:
                self._subscription.callback(event)

    def _failed(self, delivery: Delivery, error: BaseException, start: float) -> None:
        what = f"queue {self.queue_name}: an event with routing key {delivery.routing_key}"
        if self._subscription.auto_ack:
            logger.error("%s was lost, since it was acknowledged on delivery", what, exc_info=error)
            self._metrics.dead_lettered(self.queue_name, time.perf_counter() - start)
            return
        delay = self._delay(delivery, error)
        if isinstance(delay, float):
            logger.warning("%s failed at attempt %d (%s); again in %.2f s", what, delivery.attempt, _name(error), delay)
            self._metrics.retried(self.queue_name, time.perf_counter() - start)
            self._said(delivery, delivery.retry(delay))
        else:
            logger.error("%s was dead-lettered after attempt %d", what, delivery.attempt, exc_info=error)
            self._bury(delivery, delay, traceback_digest(error), start)

    def _delay(self, delivery: Delivery, error: BaseException) -> float | str:
        """Seconds until the next try; or, where there is none, the reason for giving up."""
        reason = f"{type(error).__name__}: {error}"
        if delivery.attempt >= self._subscription.max_attempts:
            return reason
        try:
            delay = float(self._subscription.backoff(delivery.attempt))
        except Exception as why:
            logger.exception("queue %s: the back-off failed", self.queue_name)
            return _("{reason} (and its back-off failed: {why})").format(reason=reason, why=why)
        if not 0 <= delay < float("inf"):
            return _("{reason} (and its back-off said {delay} seconds)").format(reason=reason, delay=delay)
        return delay

    def _bury(self, delivery: Delivery, reason: str, digest: str, start: float) -> None:
        self._metrics.dead_lettered(self.queue_name, time.perf_counter() - start)
        self._said(delivery, delivery.dead_letter(reason[:_MAX_REASON], digest))

    def _said(self, delivery: Delivery, counted: bool) -> None:
        if not counted:
            text = "queue %s: an event with routing key %s was settled too late, and comes again"
            logger.warning(text, self.queue_name, delivery.routing_key)


def traceback_digest(error: BaseException) -> str:
    """Eight hex digits, the same for the same chain of lines and the same class, and the innermost line."""
    frames = traceback.extract_tb(error.__traceback__)
    # The first is this module's own call of the handler, or of the store around it.
    places = [f"{Path(frame.filename).name}:{frame.lineno} in {frame.name}" for frame in frames]
    text = "\n".join([type(error).__qualname__, *places])
    return f"{hashlib.sha256(text.encode()).hexdigest()[:8]} {places[-1] if places else ''}".rstrip()


def _name(error: BaseException) -> str:
    return type(error).__name__
