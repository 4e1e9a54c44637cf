"""A broker inside this process: no server, nothing kept when the process ends."""

import logging
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from workshop_lib.events.errors import BusClosed, UnknownQueue, UnroutableError
from workshop_lib.events.topics import matches
from workshop_lib.events.transport import DeadLetter, Handler

logger = logging.getLogger(__name__)


@dataclass
class _Queue:
    name: str
    patterns: set[str] = field(default_factory=set)
    consumers: deque[tuple[Handler, bool]] = field(default_factory=deque)
    dead: list[DeadLetter] = field(default_factory=list)


@dataclass(frozen=True)
class _Delivery:
    queue: _Queue
    routing_key: str
    body: bytes


class MemoryTransport:
    """Delivers in the order of publishing, one event at a time, on the thread that publishes.

    What a handler publishes waits until the handler is done. Likewise what another thread publishes meanwhile: the
    thread that is delivering takes it over, and the other goes on at once, since waiting could be for itself.
    """

    def __init__(self) -> None:
        self._queues: dict[str, _Queue] = {}
        self._pending: deque[_Delivery] = deque()
        self._lock = threading.Lock()
        self._delivering = False
        self._closed = False

    def bind(self, queue_name: str, patterns: Sequence[str], handler: Handler, *, auto_ack: bool) -> None:
        """Handlers of one queue take turns."""
        with self._lock:
            self._open()
            queue = self._queues.setdefault(queue_name, _Queue(queue_name))
            queue.patterns.update(patterns)
            queue.consumers.append((handler, auto_ack))

    def publish(self, routing_key: str, body: bytes, *, mandatory: bool) -> None:
        """Route, then deliver, unless a thread is delivering already."""
        with self._lock:
            self._open()
            queues = [q for q in self._queues.values() if any(matches(p, routing_key) for p in q.patterns)]
            if mandatory and not queues:
                raise UnroutableError(routing_key, self._queues)
            self._pending.extend(_Delivery(queue, routing_key, body) for queue in queues)
            if self._delivering:
                return
            self._delivering = True
        self._deliver_pending()

    def dead_letters(self, queue_name: str) -> tuple[DeadLetter, ...]:
        """Kept until the transport is dropped, and readable after it is closed."""
        with self._lock:
            if queue_name not in self._queues:
                raise UnknownQueue(queue_name, self._queues)
            return tuple(self._queues[queue_name].dead)

    def close(self) -> None:
        """Take no more, and drop what waits behind a handler that is running."""
        with self._lock:
            self._closed = True
            self._pending.clear()

    def _open(self) -> None:
        if self._closed:
            raise BusClosed

    def _deliver_pending(self) -> None:
        while True:
            with self._lock:
                if not self._pending:
                    # In the same breath as the look, or another thread's event could be left lying.
                    self._delivering = False
                    return
                delivery = self._pending.popleft()
                handler, auto_ack = delivery.queue.consumers[0]
                delivery.queue.consumers.rotate(-1)
            self._deliver(delivery, handler, auto_ack)

    def _deliver(self, delivery: _Delivery, handler: Handler, auto_ack: bool) -> None:
        queue = delivery.queue
        try:
            handler(delivery.body)
        except Exception as error:
            fate = "lost, since it was acknowledged on delivery" if auto_ack else "dead-lettered"
            logger.exception("queue %s: an event with routing key %s was %s", queue.name, delivery.routing_key, fate)
            if not auto_ack:
                reason = f"{type(error).__name__}: {error}"
                with self._lock:
                    queue.dead.append(DeadLetter(queue.name, delivery.routing_key, delivery.body, reason))
        except BaseException:
            # Ctrl-C in a handler: not acknowledged, so it comes again, with the next publish.
            with self._lock:
                if not auto_ack and not self._closed:
                    self._pending.appendleft(delivery)
                self._delivering = False
            raise
