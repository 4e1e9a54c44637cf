"""A delivery for a check: it remembers, in order, what was done with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from workshop_lib.events import BaseEvent, encode

EVENT = BaseEvent.new({"page": "en/async"}, event_type="page.read", source_service="check")


@dataclass
class Hand:
    """One `Delivery` in a consumer's hands. `said` holds "work", "ack", "retry", "dead" or "release", in order."""

    body: bytes = field(default_factory=lambda: encode(EVENT).encode())
    attempt: int = 1
    redelivered: int = 0
    queue_name: str = "shelf"
    routing_key: str = "page.read"
    headers: Mapping[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    def ack(self) -> bool:
        return self._first("ack")

    def retry(self, delay: float) -> bool:
        self.delays.append(delay)
        return self._first("retry")

    def dead_letter(self, reason: str, digest: str) -> bool:
        self.reasons.append(reason)
        return self._first("dead")

    def release(self) -> bool:
        return self._first("release")

    def _first(self, what: str) -> bool:
        settled = any(word != "work" for word in self.said)
        self.said.append(what)
        return not settled
