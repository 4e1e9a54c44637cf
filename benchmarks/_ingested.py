"""What the events' benchmark sends: pages of a thousand characters that came in, 1.3 kB each as JSON."""

import time
from collections.abc import Callable
from contextlib import suppress
from threading import Event

from rich.console import Console

from workshop_lib.events import BaseEvent, DataIngestedEvent, EventBus

TYPE = "data.ingested"
_CONTENT = "Ein Wort, " * 100
_LONGEST = 600.0

_progress = Console(stderr=True)


def pages(number: int) -> list[DataIngestedEvent]:
    """That many events, each with its own id."""
    return [
        DataIngestedEvent.for_document(
            document_id=f"page-{n:07}",
            filename=f"page-{n:07}.txt",
            content=_CONTENT,
            size=len(_CONTENT.encode()),
            source_service="benchmark",
        )
        for n in range(number)
    ]


def headers(event: DataIngestedEvent) -> dict[str, str]:
    """What the bus puts beside an event, for a peer's message of the same size."""
    about = event.metadata
    return {
        "event_id": str(about.event_id),
        "event_type": str(about.event_type),
        "source_service": about.source_service,
        "timestamp": about.timestamp.isoformat(),
        "traceparent": f"00-{about.event_id.hex}-{about.event_id.hex[:16]}-01",
    }


class Counting:
    """A handler that does nothing but count, and says when it has seen `number` of the right class."""

    def __init__(self, number: int) -> None:
        self._left, self._done = number, Event()

    def __call__(self, event: BaseEvent) -> None:
        assert isinstance(event, DataIngestedEvent)
        self._left -= 1
        if self._left == 0:
            self._done.set()

    @property
    def done(self) -> bool:
        """Whether it has."""
        return self._done.is_set()

    def wait(self) -> None:
        """Until it has."""
        assert self._done.wait(_LONGEST), f"{self._left} events did not arrive in {_LONGEST:.0f} s"


def handled(bus: EventBus, queue: str, number: int, prefetch: int = 10) -> float:
    """Seconds from the beginning of consuming until `number` events of the queue were handled."""
    counting = Counting(number)
    bus.subscribe(queue, [TYPE], counting, prefetch=prefetch)
    start = time.perf_counter()
    bus.start_consuming(block=False)
    counting.wait()
    seconds = time.perf_counter() - start
    bus.stop()
    return seconds


def timed(call: Callable[[], object]) -> float:
    """Seconds that it took."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def told(what: str, events: int, run: Callable[[], float]) -> Callable[[], float]:
    """`run`, which takes seconds for that many events, as microseconds an event, said as they come."""

    def telling() -> float:
        micros = 1e6 * run() / events
        say(f"  {what}: {micros:,.1f} µs an event")
        return micros

    return telling


def say(what: str) -> None:
    """Show how far it is."""
    with suppress(BrokenPipeError):
        _progress.log(what, _stack_offset=2)
