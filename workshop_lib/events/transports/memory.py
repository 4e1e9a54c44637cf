"""A broker inside this process: no server, nothing kept when the process ends."""

import heapq
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

from workshop_lib.events.errors import BusClosed, BusError, NotConfirmed, QueueConflict, UnknownQueue, UnroutableError
from workshop_lib.events.routing import Bindings
from workshop_lib.events.transport import DeadLetter, Delivery, Outgoing, QueueCounts, QueueSpec
from workshop_lib.i18n import _


@dataclass(slots=True)
class _Entry:
    """One message in one queue."""

    number: int
    rank: int
    message: Outgoing
    attempt: int = 1

    def __lt__(self, other: "_Entry") -> bool:
        return (self.rank, self.number) < (other.rank, other.number)


@dataclass(slots=True)
class _Queue:
    spec: QueueSpec
    ready: list[_Entry] = field(default_factory=list)
    delayed: list[tuple[float, _Entry]] = field(default_factory=list)
    dead: dict[str, tuple[_Entry, DeadLetter]] = field(default_factory=dict)
    consumers: list["_Consumption"] = field(default_factory=list)

    def entry(self, number: int, message: Outgoing) -> _Entry:
        return _Entry(number, -message.priority if self.spec.priorities else 0, message)


class _Broker:
    """Queues, and one lock for all of them: deliveries are pushed under it, so that they keep their order."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.queues: dict[str, _Queue] = {}
        self.bindings: dict[str, Bindings] = {}
        self.numbers = count(1)
        self._timer: threading.Thread | None = None

    def queue(self, name: str) -> _Queue:
        try:
            return self.queues[name]
        except KeyError:
            raise UnknownQueue(name, self.queues) from None

    def put(self, queue: _Queue, entry: _Entry) -> None:
        heapq.heappush(queue.ready, entry)
        self.dispatch(queue)

    def dispatch(self, queue: _Queue) -> None:
        while queue.ready:
            consumer = next((c for c in queue.consumers if c.credit > 0), None)
            if consumer is None:
                return
            # Consumers take turns.
            queue.consumers.remove(consumer)
            queue.consumers.append(consumer)
            consumer.push(heapq.heappop(queue.ready))

    def delay(self, queue: _Queue, entry: _Entry, seconds: float) -> None:
        heapq.heappush(queue.delayed, (time.monotonic() + seconds, entry))
        if self._timer is None:
            self._timer = threading.Thread(target=self._run_timer, name="memory-bus-timer", daemon=True)
            self._timer.start()
        self.changed.notify_all()

    def _run_timer(self) -> None:
        with self.lock:
            while waiting := [queue for queue in self.queues.values() if queue.delayed]:
                now = time.monotonic()
                for queue in waiting:
                    while queue.delayed and queue.delayed[0][0] <= now:
                        self.put(queue, heapq.heappop(queue.delayed)[1])
                due = min((queue.delayed[0][0] for queue in waiting if queue.delayed), default=None)
                if due is not None:
                    self.changed.wait(max(0.0, due - time.monotonic()))
            self._timer = None


class _Delivery:
    """A message in a handler's hands."""

    __slots__ = ("_consumption", "_entry", "_settled")

    redelivered = 0

    def __init__(self, consumption: "_Consumption", entry: _Entry) -> None:
        self._consumption = consumption
        self._entry = entry
        self._settled = False

    @property
    def queue_name(self) -> str:
        return self._consumption.queue.spec.name

    @property
    def routing_key(self) -> str:
        return self._entry.message.routing_key

    @property
    def body(self) -> bytes:
        return self._entry.message.body

    @property
    def headers(self) -> Mapping[str, str]:
        return self._entry.message.headers

    @property
    def attempt(self) -> int:
        return self._entry.attempt

    def ack(self) -> bool:
        return self._settle(lambda broker, queue, entry: None)

    def retry(self, delay: float) -> bool:
        def again(broker: _Broker, queue: _Queue, entry: _Entry) -> None:
            entry.attempt += 1
            broker.delay(queue, entry, delay)

        return self._settle(again)

    def dead_letter(self, reason: str, digest: str) -> bool:
        def bury(broker: _Broker, queue: _Queue, entry: _Entry) -> None:
            letter = DeadLetter(
                id=str(entry.number),
                queue_name=queue.spec.name,
                routing_key=entry.message.routing_key,
                body=entry.message.body,
                headers=entry.message.headers,
                reason=reason,
                digest=digest,
                attempts=entry.attempt,
                died_at=datetime.now(UTC),
            )
            queue.dead[letter.id] = (entry, letter)

        return self._settle(bury)

    def release(self) -> bool:
        return self._settle(lambda broker, queue, entry: broker.put(queue, entry))

    def _settle(self, fate: Callable[[_Broker, _Queue, _Entry], None]) -> bool:
        consumption = self._consumption
        with consumption.broker.lock:
            if self._settled or consumption.unsettled.pop(self._entry.number, None) is None:
                return False
            self._settled = True
            consumption.credit += 1
            fate(consumption.broker, consumption.queue, self._entry)
            consumption.broker.dispatch(consumption.queue)
        return True


class _Consumption:
    def __init__(self, broker: _Broker, queue: _Queue, prefetch: int, deliver: Callable[[Delivery], None]) -> None:
        self.broker, self.queue, self.credit = broker, queue, prefetch
        self.unsettled: dict[int, _Entry] = {}
        self._deliver = deliver

    def push(self, entry: _Entry) -> None:
        self.credit -= 1
        self.unsettled[entry.number] = entry
        self._deliver(_Delivery(self, entry))

    def stop(self) -> None:
        with self.broker.lock:
            if self in self.queue.consumers:
                self.queue.consumers.remove(self)

    def close(self) -> None:
        with self.broker.lock:
            self.stop()
            left, self.unsettled = self.unsettled, {}
            for entry in left.values():
                self.broker.put(self.queue, entry)


_shared: dict[str, _Broker] = {}
_shared_lock = threading.Lock()


class MemoryTransport:
    """``memory://`` is a broker of this transport's own; ``memory://NAME`` is one that this process shares."""

    def __init__(self, url: str, exchange: str) -> None:
        name = url.partition("://")[2]
        if name:
            with _shared_lock:
                self._broker = _shared.setdefault(name, _Broker())
        else:
            self._broker = _Broker()
        self._exchange = exchange
        self._open = False
        self._consumptions: list[_Consumption] = []
        self._temporary: list[str] = []

    def connect(self) -> None:
        self._open = True

    def close(self) -> None:
        with self._broker.lock:
            self._open = False
            for consumption in self._consumptions:
                consumption.close()
            self._consumptions.clear()
            for name in self._temporary:
                self._broker.queues.pop(name, None)
                for bindings in self._broker.bindings.values():
                    bindings.remove(name)
            self._temporary.clear()

    def declare(self, queue: QueueSpec) -> None:
        with self._broker.lock:
            self._check_open()
            there = self._broker.queues.get(queue.name)
            if there is None:
                self._broker.queues[queue.name] = _Queue(queue)
                if queue.temporary:
                    self._temporary.append(queue.name)
            elif there.spec.priorities != queue.priorities:
                raise QueueConflict(queue.name, priorities_differ(there.spec.priorities))
            self._bindings().bind(queue.name, queue.patterns)

    def publish(self, messages: Sequence[Outgoing]) -> None:
        refused: dict[int, UnroutableError] = {}
        with self._broker.lock:
            self._check_open()
            for index, message in enumerate(messages):
                names = self._bindings().queues(message.routing_key)
                if message.mandatory and not names:
                    refused[index] = UnroutableError(message.routing_key, self._names())
                for name in names:
                    queue = self._broker.queues[name]
                    self._broker.put(queue, queue.entry(next(self._broker.numbers), message))
        if refused:
            raise NotConfirmed(len(messages), set(range(len(messages))) - refused.keys(), refused)

    def consume(
        self,
        queue_name: str,
        prefetch: int,
        deliver: Callable[[Delivery], None],
        failed: Callable[[BusError], None],
    ) -> _Consumption:
        with self._broker.lock:
            self._check_open()
            queue = self._broker.queue(queue_name)
            consumption = _Consumption(self._broker, queue, prefetch, deliver)
            queue.consumers.append(consumption)
            self._consumptions.append(consumption)
            self._broker.dispatch(queue)
            return consumption

    def counts(self, queue_name: str) -> QueueCounts:
        with self._broker.lock:
            queue = self._broker.queue(queue_name)
            return QueueCounts(len(queue.ready), len(queue.delayed), len(queue.dead))

    def queues(self) -> tuple[str, ...]:
        with self._broker.lock:
            return self._names()

    def dead_letters(self, queue_name: str, limit: int | None = None) -> tuple[DeadLetter, ...]:
        with self._broker.lock:
            return tuple(letter for _entry, letter in self._broker.queue(queue_name).dead.values())[:limit]

    def replay_many(self, queue_name: str, letter_ids: Collection[str]) -> int:
        with self._broker.lock:
            queue = self._broker.queue(queue_name)
            found = self._taken(queue, letter_ids)
            for entry in found:
                self._broker.put(queue, queue.entry(next(self._broker.numbers), entry.message))
            return len(found)

    def drop_many(self, queue_name: str, letter_ids: Collection[str]) -> int:
        with self._broker.lock:
            return len(self._taken(self._broker.queue(queue_name), letter_ids))

    def _taken(self, queue: _Queue, letter_ids: Collection[str]) -> list[_Entry]:
        found = (queue.dead.pop(letter_id, None) for letter_id in letter_ids)
        return [there[0] for there in found if there is not None]

    def _bindings(self) -> Bindings:
        return self._broker.bindings.setdefault(self._exchange, Bindings())

    def _names(self) -> tuple[str, ...]:
        return tuple(sorted(name for name, queue in self._broker.queues.items() if not queue.spec.temporary))

    def _check_open(self) -> None:
        if not self._open:
            raise BusClosed


def priorities_differ(there: bool) -> str:
    """Why a queue that exists can't be declared so."""
    if there:
        return _("it was made with priorities, and is now declared without")
    return _("it was made without priorities, and is now declared with")
