"""When nothing is left to do."""

import threading
import time
from collections.abc import Sequence

from workshop_lib.events.consuming import Consumer
from workshop_lib.events.transport import Transport


def wait_until_idle(
    transport: Transport, consumers: Sequence[Consumer], wake: threading.Event, timeout: float | None
) -> None:
    """Return when the consumers' queues are empty and no consumer holds anything; at `wake`, or after `timeout` s."""
    until = None if timeout is None else time.monotonic() + timeout
    pause = 0.001
    while not wake.is_set() and not _idle(transport, consumers):
        if until is not None and time.monotonic() >= until:
            return
        wake.wait(pause)
        pause = min(0.02, pause * 2)


def _idle(transport: Transport, consumers: Sequence[Consumer]) -> bool:
    before = [(consumer.settled, consumer.in_flight) for consumer in consumers]
    if any(in_flight for _settled, in_flight in before):
        return False
    for name in {consumer.queue_name for consumer in consumers}:
        counts = transport.counts(name)
        if counts.ready or counts.delayed:
            return False
    # Something may have moved from one count to the other between the two looks.
    return before == [(consumer.settled, consumer.in_flight) for consumer in consumers]
