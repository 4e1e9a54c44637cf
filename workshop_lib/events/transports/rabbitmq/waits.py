"""Retries on their way. A delay queue no longer counts a message that it dead-letters, some milliseconds before the
work queue counts it: who sent it off remembers it until it arrives, so that `drain` doesn't end in that gap."""

import threading
import time

# Where another process consumes it, it never arrives here.
_GRACE = 2.0


class Waits:
    """Tickets of retries, by queue. For any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queues: dict[str, str] = {}
        self._until: dict[str, float] = {}

    def sent(self, queue: str, ticket: str) -> None:
        """It was handed to the publisher."""
        with self._lock:
            self._queues[ticket] = queue
            self._until[ticket] = float("inf")

    def settled(self, ticket: str, step: float, sure: bool) -> None:
        """The broker has it among the delayed, for `step` seconds; or, not `sure`, it did not take it."""
        with self._lock:
            if not sure:
                self._forget(ticket)
            elif ticket in self._until:
                self._until[ticket] = time.monotonic() + step + _GRACE

    def arrived(self, ticket: str | None) -> None:
        """It is back."""
        with self._lock:
            if ticket is not None:
                self._forget(ticket)

    def count(self, queue: str) -> int:
        """How many of a queue are on their way."""
        with self._lock:
            now = time.monotonic()
            for ticket in [ticket for ticket, until in self._until.items() if until <= now]:
                self._forget(ticket)
            return sum(name == queue for name in self._queues.values())

    def _forget(self, ticket: str) -> None:
        self._queues.pop(ticket, None)
        self._until.pop(ticket, None)
