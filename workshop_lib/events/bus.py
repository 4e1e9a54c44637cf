"""The bus: what events are accepted, who gets them, and how often. How they travel is the transport's business."""

import logging
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Final, Protocol, Self

from workshop_lib.events.consuming import Consumer
from workshop_lib.events.draining import wait_until_idle
from workshop_lib.events.errors import (
    BusClosed,
    BusError,
    EventError,
    InvalidSubscription,
    NotConfirmed,
)
from workshop_lib.events.metrics import process_metrics
from workshop_lib.events.preparing import prepared
from workshop_lib.events.publishing import outgoing, publish_confirmed
from workshop_lib.events.retry import backoff as full_jitter
from workshop_lib.events.schemas import ALIASES, BaseEvent
from workshop_lib.events.signals import stopping_signals, wait_for_end
from workshop_lib.events.subscription import HandledStore, Subscription, check_subscription
from workshop_lib.events.transport import DeadLetter, QueueCounts, QueueSpec, Transport
from workshop_lib.events.transports import make_transport
from workshop_lib.i18n import _
from workshop_lib.settings import Settings

logger = logging.getLogger(__name__)

DEFAULT_MAX_ATTEMPTS: Final = 5
DEFAULT_PREFETCH: Final = 10


class Recorder(Protocol):
    """What keeps every published event: an event store.

    With a method ``store_events(events)`` too it is given the events of `publish_many` together.
    """

    def store_event(self, event: BaseEvent) -> bool: ...


class EventBus:
    """Publish and subscribe over the backend that the URL names.

    Every event that was confirmed is handled at least once by each queue that asked for it, whatever process is
    killed: so a handler may see an event twice (see `idempotent`). Nothing is handled until `start_consuming` or
    `drain` is called. Safe to share between threads, not between processes: each opens its own.
    """

    def __init__(
        self,
        rabbitmq_url: str = "memory://",
        exchange_name: str = "ml_events",
        exchange_type: str = "topic",
        *,
        max_attempts: int = DEFAULT_MAX_ATTEMPTS,
        backoff: Callable[[int], float] = full_jitter,
        max_bytes: int | None = None,
        record: Recorder | None = None,
    ) -> None:
        """Name the backend; `connect`, or the first publish or subscribe, reaches it.

        Args:
            rabbitmq_url: of any backend; `open_bus` lists them.
            exchange_name: queues hear what is published under the same name.
            max_attempts: default for `subscribe`.
            backoff: default for `subscribe`.
            max_bytes: of one event as JSON; a larger one is refused. Default: `Settings.event_max_bytes`, 5 MiB.
            record: keeps each published event before `publish` returns.

        Raises:
            UnknownScheme: no backend for the URL; the message lists those there are.
            BusError: another exchange type than topic.
        """
        if exchange_type != "topic":
            text = _("expected exchange_type 'topic', which is how keys are matched here; got {type!r}")
            raise BusError(text.format(type=exchange_type))
        self.exchange_name = exchange_name
        self._max_attempts, self._backoff, self._record = max_attempts, backoff, record
        self._max_bytes = Settings().event_max_bytes if max_bytes is None else max_bytes
        self._transport: Transport = make_transport(rabbitmq_url, exchange_name)
        self._metrics = process_metrics()
        self._lock = threading.RLock()
        self._connected = self._closed = self._consuming = False
        self._subscriptions: list[Subscription] = []
        self._consumers: list[Consumer] = []
        self._failure: BusError | None = None
        self._wake = threading.Event()
        # One for each call of `start_consuming` that waits.
        self._blocking: list[SimpleQueue[None]] = []

    def connect(self) -> None:
        """Reach the backend, again after `disconnect`; connecting twice is no error.

        Raises:
            BrokerUnavailable: nobody answers, or the file can't be used; the message says what to start.
            WrongCredentials: the user or the password was refused.
            NotAnEventBus: something else is there, which was left as it is.
        """
        with self._lock:
            if not self._connected:
                self._transport.connect()
                self._connected, self._closed = True, False

    def disconnect(self) -> None:
        """Stop consuming, as `stop` does, and let go. Queues keep what waits in them. Doing it twice is no error."""
        with self._lock:
            self._closed = True
        if self._in_a_handler():
            # It can't wait for itself to end. Not a daemon: the process stays until this is done.
            self._request_stop()
            threading.Thread(target=self._close, name="event-bus-close").start()
        else:
            self._close()

    close = disconnect

    def __enter__(self) -> Self:
        self.connect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.disconnect()

    def publish(self, event: BaseEvent, routing_key: str | None = None) -> bool:
        """Send `event` to every queue bound for `routing_key` (default: the event's type).

        True says that the backend has it for good. An exception says that it may not: publish the same event again,
        its id lets a consumer that remembers ids handle it once. A handler that fails is not the publisher's
        business: it shows in the log and in `dead_letters`.

        Raises:
            InvalidEvent: not an event, or its payload is not what its type asks for.
            EventTooLarge: more bytes than this bus takes.
            InvalidTopic: not a routing key.
            UnroutableError: a request (`….requested`) or data (`data.…`), by its type or its routing key, and no
                queue is bound for it. A fact that nobody listens to is no error.
            BrokerUnavailable: the backend can't be reached or written.
            StoreError: the backend has it for good, but `record` couldn't keep it.
            BusClosed: after `disconnect`.
        """
        received, key, body, about = prepared(event, routing_key, self._max_bytes)
        self._open()
        self._metrics.published(received.metadata.event_type)
        publish_confirmed(self._transport, key, body, **about)
        self._confirm((received,))
        return True

    def publish_many(self, events: Iterable[BaseEvent], routing_key: str | None = None) -> bool:
        """Publish all, in this order, and return True once all are confirmed: faster than one by one.

        Every event is checked before the first is sent.

        Raises:
            NotConfirmed: not all reached the backend; its `confirmed` says which did, by index.
            StoreError: the backend has those that were confirmed for good, but `record` couldn't keep them.
            And what `publish` raises, of which InvalidEvent, EventTooLarge and InvalidTopic mean that none was sent.
        """
        messages = [
            (received, outgoing(key, body, **about))
            for received, key, body, about in (prepared(event, routing_key, self._max_bytes) for event in events)
        ]
        self._open()
        if not messages:
            return True
        for event, _message in messages:
            self._metrics.published(event.metadata.event_type)
        try:
            self._transport.publish([message for _event, message in messages])
        except NotConfirmed as error:
            self._confirm([messages[index][0] for index in sorted(error.confirmed)])
            raise
        self._confirm([event for event, _message in messages])
        return True

    def subscribe(
        self,
        queue_name: str,
        routing_keys: Sequence[str],
        callback: Callable[[BaseEvent], Any],
        auto_ack: bool = False,
        *,
        max_attempts: int | None = None,
        backoff: Callable[[int], float] | None = None,
        concurrency: int = 1,
        prefetch: int = DEFAULT_PREFETCH,
        priorities: bool = False,
        idempotent: HandledStore | None = None,
    ) -> None:
        """Make the queue, and call `callback` with each event that reaches it, once `start_consuming` or `drain` runs.

        `routing_keys` are patterns: `*` is one word, `#` any number. Subscribing to a queue again adds the patterns
        to it, and its callbacks take turns, as those of other processes on this queue do; a queue of another name
        gets a copy of its own. With one consumer at concurrency 1 and no retries, events come in the order of
        publishing.

        What `callback` returns is ignored. When it raises, `SystemExit` included, the event comes again after a wait,
        and after `max_attempts` tries it goes to the queue's dead letters with the reason. What is no event goes
        there at once.

        A callback may take as long as it needs. One that hangs holds its thread and its place in the prefetch; the
        queue's others go on, and nothing is taken from it until its process ends. `Service(stuck_after=...)` lets
        /health tell.

        Args:
            auto_ack: count an event as done once it is handed over: a failure loses it.
            max_attempts: tries in all, 1 or more.
            backoff: seconds to wait after failed try 1, 2, ...
            concurrency: how many threads run the callback.
            prefetch: how many events this consumer may hold at a time; at least `concurrency`.
            priorities: let urgent requests pass others. A queue has it for life.
            idempotent: a store that remembers handled ids, by queue. An event that it knows is not handled again, and
                what the callback writes into that store is kept in one transaction with the mark. Only that: a mail
                that it sent, or a file that it wrote, it may send or write twice.

        Raises:
            InvalidSubscription: no queue name or one over 255 bytes, no keys, a string where a list of them is
                expected, numbers under 1, or a callback that is no plain function: a coroutine would never be awaited.
            InvalidTopic: not a pattern.
            QueueConflict: the queue exists with other arguments.
            BrokerUnavailable: the backend can't be reached or written.
            BusClosed: after `disconnect`.
        """
        attempts = self._max_attempts if max_attempts is None else max_attempts
        check_subscription(queue_name, routing_keys, callback, attempts, concurrency, prefetch)
        patterns = tuple(ALIASES.get(pattern, pattern) for pattern in routing_keys)
        subscription = Subscription(
            queue=QueueSpec(queue_name, patterns, priorities),
            callback=callback,
            auto_ack=auto_ack,
            max_attempts=attempts,
            backoff=self._backoff if backoff is None else backoff,
            concurrency=concurrency,
            prefetch=max(prefetch, concurrency),
            idempotent=idempotent,
        )
        with self._lock:
            self._open()
            self._transport.declare(subscription.queue)
            self._subscriptions.append(subscription)
            if self._consuming:
                self._consumers.append(self._consumer(subscription))

    def start_consuming(self, block: bool = True) -> None:
        """Handle what arrives until `stop` is called, from a handler or another thread.

        On the main thread SIGTERM and SIGINT (Ctrl-C) stop it too: handlers that run may end, and then it returns, so
        that the process can end with code 0. A second signal does what it does elsewhere. With ``block=False`` it
        returns at once and worker threads go on in the background.

        Raises:
            InvalidSubscription: nothing is subscribed.
            BusClosed: after `disconnect`.
            BusError: the backend failed for good; raised by a blocking call, else by the next `stop` or `drain`.
        """
        self._wake.clear()
        if not block:
            self._start()
            return
        # Not the event: a signal may come while this thread holds its lock.
        ends: SimpleQueue[None] = SimpleQueue()
        self._blocking.append(ends)
        try:
            # Before the first handler runs: a signal may come at any time after.
            with stopping_signals(lambda: ends.put(None)):
                self._start()
                wait_for_end(ends)
                self.stop()
        finally:
            self._blocking.remove(ends)

    def stop(self, timeout: float | None = None) -> bool:
        """Take no more, and wait until handlers that run have ended: True once they have.

        What was delivered and not begun goes back to its queue. After `timeout` seconds it gives up and returns
        False: what still runs comes again, here or elsewhere. In a handler it only asks, and returns False.

        Raises:
            BusError: the backend had failed for good.
        """
        self._request_stop()
        if self._in_a_handler():
            return False
        with self._lock:
            consumers, self._consumers = self._consumers, []
            failure, self._failure = self._failure, None
        ended = [consumer.wait(timeout) for consumer in consumers]
        if failure is not None:
            raise failure
        return all(ended)

    def drain(self, timeout: float | None = None) -> int:
        """Handle what waits in this bus's queues, retries and what handlers publish included, until nothing is left.

        For a notebook or a test, where a service would call `start_consuming`. Returns how many deliveries were
        settled; after `timeout` seconds it returns though some are left. Where consuming runs in the background
        already, it only waits. Without a subscription there is nothing to handle.

        Raises:
            BusClosed: after `disconnect`.
            BusError: the backend failed for good.
        """
        with self._lock:
            self._open()
            if not self._subscriptions:
                return 0
            if not (running := self._consuming):
                self._wake.clear()
            before = sum(consumer.settled for consumer in self._consumers)
            self._start()
            consumers = list(self._consumers)
        try:
            wait_until_idle(self._transport, consumers, self._wake, timeout)
        finally:
            # What failed is told here too where consuming goes on in the background, and ends it.
            if not running or self._failure is not None:
                self.stop()
        return sum(consumer.settled for consumer in consumers) - before

    def queues(self) -> tuple[str, ...]:
        """The names of the queues that the backend has, sorted."""
        self._open()
        return self._transport.queues()

    def counts(self, queue_name: str) -> QueueCounts:
        """How many events wait in the queue, wait for their retry, and are dead.

        Raises:
            UnknownQueue: no queue of that name.
        """
        self._open()
        return self._transport.counts(queue_name)

    def dead_letters(self, queue_name: str, limit: int | None = None) -> tuple[DeadLetter, ...]:
        """What was given up on the queue, oldest first, each with its reason.

        Raises:
            UnknownQueue: no queue of that name.
        """
        self._open()
        return self._transport.dead_letters(queue_name, limit)

    def replay(self, queue_name: str, letter_id: str) -> bool:
        """Put a dead letter back into its queue, as new. False where there is none of that id.

        Raises:
            UnknownQueue: no queue of that name.
        """
        return self.replay_many(queue_name, (letter_id,)) == 1

    def replay_many(self, queue_name: str, letter_ids: Collection[str]) -> int:
        """Put dead letters back into their queue, as new, faster than one by one. Returns how many of them there were.

        None is lost if the process ends in the middle; some may then be back in the queue and among the dead letters
        too, and are handled twice if they are replayed again.

        Raises:
            UnknownQueue: no queue of that name.
            BrokerUnavailable: the backend went away; some may have been put back.
        """
        self._open()
        return self._transport.replay_many(queue_name, letter_ids)

    def drop(self, queue_name: str, letter_id: str) -> bool:
        """Forget a dead letter. False where there is none of that id.

        Raises:
            UnknownQueue: no queue of that name.
        """
        return self.drop_many(queue_name, (letter_id,)) == 1

    def drop_many(self, queue_name: str, letter_ids: Collection[str]) -> int:
        """Forget dead letters, faster than one by one. Returns how many of them there were.

        Raises:
            UnknownQueue: no queue of that name.
            BrokerUnavailable: the backend went away; some may be gone.
        """
        self._open()
        return self._transport.drop_many(queue_name, letter_ids)

    def _confirm(self, events: Sequence[BaseEvent]) -> None:
        for event in events:
            self._metrics.confirmed(event.metadata.event_type)
        if self._record is None:
            return
        store_many = getattr(self._record, "store_events", None)
        if store_many is not None:
            store_many(events)
        else:
            for event in events:
                self._record.store_event(event)

    def _open(self) -> None:
        if self._connected and not self._closed:
            return
        with self._lock:
            if self._closed:
                raise BusClosed
            self.connect()

    def _start(self) -> None:
        with self._lock:
            self._open()
            if not self._subscriptions:
                raise InvalidSubscription(
                    _("expected a subscription, found none. Subscribe first: bus.subscribe('a-queue', ['#'], callback)")
                )
            if not self._consuming:
                self._failure = None
                self._consumers = [self._consumer(subscription) for subscription in self._subscriptions]
                self._consuming = True

    def _consumer(self, subscription: Subscription) -> Consumer:
        return Consumer(self._transport, subscription, self._metrics, self._fail)

    def _fail(self, error: BusError) -> None:
        logger.error("the event bus can't go on: %s", error)
        self._failure = error
        self._awaken()

    def _request_stop(self) -> None:
        with self._lock:
            self._consuming = False
            consumers = list(self._consumers)
        for consumer in consumers:
            consumer.request_stop()
        self._awaken()

    def _awaken(self) -> None:
        self._wake.set()
        for ends in tuple(self._blocking):
            ends.put(None)

    def _in_a_handler(self) -> bool:
        thread = threading.current_thread()
        return any(consumer.is_mine(thread) for consumer in self._consumers)

    def _close(self) -> None:
        try:
            self.stop()
        except EventError as error:
            logger.warning("closing the event bus: %s", error)
        with self._lock:
            if self._connected:
                self._transport.close()
                self._connected = False


def open_bus(url: str, exchange_name: str = "ml_events", **options: Any) -> EventBus:
    """The bus that `url` names; `options` are `EventBus`'s own.

    ``memory://`` is private to this bus; ``memory://NAME`` is shared within the process.

    Raises:
        UnknownScheme: no backend for the URL; the message lists those there are.
    """
    return EventBus(url, exchange_name, **options)
