"""What a bus counts, for Prometheus: published, confirmed, handled, retried, dead-lettered, seconds, in flight."""

from functools import cache
from threading import Lock
from typing import Any, Protocol
from weakref import WeakSet

from workshop_lib.events.schemas import EventType

_KNOWN = frozenset(EventType)


class Holding(Protocol):
    """A consumer, which is asked for its number when somebody looks: to count each delivery up and down would cost
    more than a look."""

    @property
    def in_flight(self) -> int: ...


class Metrics(Protocol):
    """Where a bus counts. `queue` and `event_type` are labels."""

    def published(self, event_type: str) -> None: ...
    def confirmed(self, event_type: str) -> None: ...
    def consuming(self, queue: str, consumer: Holding) -> None: ...
    def handled(self, queue: str, seconds: float) -> None: ...
    def retried(self, queue: str, seconds: float) -> None: ...
    def dead_lettered(self, queue: str, seconds: float) -> None: ...


class NoMetrics:
    """Counts nothing: prometheus-client is not installed."""

    def published(self, event_type: str) -> None: ...
    def confirmed(self, event_type: str) -> None: ...
    def consuming(self, queue: str, consumer: Holding) -> None: ...
    def handled(self, queue: str, seconds: float) -> None: ...
    def retried(self, queue: str, seconds: float) -> None: ...
    def dead_lettered(self, queue: str, seconds: float) -> None: ...


class PrometheusMetrics:
    """Counts in prometheus-client's registry of this process, which `/metrics` shows."""

    def __init__(self) -> None:
        from prometheus_client import Counter, Gauge, Histogram

        self._published = _labelled(Counter("events_published_total", "Events given to publish", ["event_type"]))
        self._confirmed = _labelled(Counter("events_confirmed_total", "Events the backend has", ["event_type"]))
        self._handled = _labelled(Counter("events_handled_total", "Events whose handler succeeded", ["queue"]))
        self._retried = _labelled(Counter("events_retried_total", "Failed tries that are repeated", ["queue"]))
        self._dead = _labelled(Counter("events_dead_lettered_total", "Events that were given up", ["queue"]))
        self._seconds = _labelled(Histogram("events_handler_seconds", "Seconds in the handler, one try", ["queue"]))
        self._in_flight = Gauge("events_in_flight", "Delivered here and not settled", ["queue"])
        self._lock = Lock()
        # Consumers that have ended and are forgotten count no more.
        self._consumers: dict[str, WeakSet[Holding]] = {}

    def published(self, event_type: str) -> None:
        self._published(_label(event_type)).inc()

    def confirmed(self, event_type: str) -> None:
        self._confirmed(_label(event_type)).inc()

    def consuming(self, queue: str, consumer: Holding) -> None:
        with self._lock:
            there = self._consumers.setdefault(queue, WeakSet())
            there.add(consumer)
            self._in_flight.labels(queue).set_function(lambda: self._held(there))

    def handled(self, queue: str, seconds: float) -> None:
        self._handled(queue).inc()
        self._seconds(queue).observe(seconds)

    def retried(self, queue: str, seconds: float) -> None:
        self._retried(queue).inc()
        self._seconds(queue).observe(seconds)

    def dead_lettered(self, queue: str, seconds: float) -> None:
        self._dead(queue).inc()
        self._seconds(queue).observe(seconds)

    def _held(self, consumers: "WeakSet[Holding]") -> int:
        with self._lock:
            return sum(consumer.in_flight for consumer in consumers)


def make_metrics() -> Metrics:
    """Prometheus's, or none where the package prometheus-client is missing."""
    try:
        return PrometheusMetrics()
    except ModuleNotFoundError as error:
        if error.name != "prometheus_client":
            raise
        return NoMetrics()


@cache
def process_metrics() -> Metrics:
    """This process's: Prometheus takes each name once."""
    return make_metrics()


def _label(event_type: str) -> str:
    # Anybody may invent a type, and every label is a series that is kept for good.
    return event_type if event_type in _KNOWN else "other"


def _labelled(metric: Any) -> Any:
    return cache(lambda value: metric.labels(value))
