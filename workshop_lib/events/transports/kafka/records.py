"""Messages as Kafka's records, and the names of the topics that they are in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workshop_lib.events.errors import BusError
from workshop_lib.events.transport import NORMAL_PRIORITY, Outgoing
from workshop_lib.i18n import _

STEPS = (0, 1, 5, 30, 120, 600, 3600)
"""Seconds that a retry topic holds back what is in it."""

MAX_RECORD = 16 * 1024 * 1024

Headers = list[tuple[str, bytes]]


@dataclass(frozen=True)
class Topics:
    """The topics of one exchange.

    Raises:
        BusError: its name can't be a topic's.
    """

    exchange: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,200}", self.exchange) or self.exchange in {".", ".."}:
            text = _("expected an exchange name of 1 to 200 letters, digits, '.', '_' or '-', got {name!r}")
            raise BusError(text.format(name=self.exchange))

    @property
    def bindings(self) -> str:
        return f"{self.exchange}.bindings"

    @property
    def dead(self) -> str:
        return f"{self.exchange}.dead"

    @property
    def retries(self) -> tuple[str, ...]:
        return tuple(self.retry(step) for step in STEPS)

    @property
    def worked(self) -> tuple[str, ...]:
        """Those that a queue's consumers read."""
        return (self.exchange, *self.retries)

    def retry(self, step: int) -> str:
        return f"{self.exchange}.retry.{step}s"

    def step(self, topic: str) -> int | None:
        """Seconds, or None for what is no retry topic."""
        return next((step for step in STEPS if topic == self.retry(step)), None)

    def group(self, queue: str) -> str:
        return f"{self.exchange}:{queue}"


@dataclass(frozen=True, slots=True)
class Message:
    """What travels, apart from where it is.

    Attributes:
        key: decides the partition.
        queue: the only one it is for, in a retry or dead-letter topic; "" in the exchange's.
        left: seconds still to wait after the step that it is in.
    """

    routing_key: str
    body: bytes
    headers: Mapping[str, str]
    key: bytes = b""
    priority: int = NORMAL_PRIORITY
    attempt: int = 1
    queue: str = ""
    left: float = 0.0

    @classmethod
    def of(cls, outgoing: Outgoing) -> "Message":
        headers = {name: text for name, text in outgoing.headers.items() if not name.startswith("x-")}
        key = headers.get("correlation_id", "").encode()
        return cls(outgoing.routing_key, outgoing.body, headers, key, outgoing.priority)

    @classmethod
    def read(cls, record: Any) -> "Message | None":
        """None for what some other program wrote."""
        all_headers = {name: value.decode(errors="replace") for name, value in record.headers if value is not None}
        if "x-key" not in all_headers or record.value is None:
            return None
        return cls(
            routing_key=all_headers["x-key"],
            body=record.value,
            headers={name: text for name, text in all_headers.items() if not name.startswith("x-")},
            key=record.key or b"",
            priority=_number(all_headers, "x-priority", NORMAL_PRIORITY),
            attempt=_number(all_headers, "x-attempt", 1),
            queue=all_headers.get("x-queue", ""),
            left=_number(all_headers, "x-left", 0) / 1000,
        )

    def fields(self, **more: str) -> Headers:
        """All as headers; `more` are names with ``x_`` in place of ``x-``."""
        own = {
            "x-key": self.routing_key,
            "x-priority": str(self.priority),
            "x-attempt": str(self.attempt),
            "x-queue": self.queue,
            "x-left": str(round(self.left * 1000)),
            **{name.replace("_", "-"): text for name, text in more.items()},
        }
        return [(name, text.encode(errors="replace")) for name, text in {**self.headers, **own}.items()]


def ladder(delay: float) -> tuple[int, float]:
    """The step that a wait of `delay` seconds begins with, and the seconds left after it."""
    step = next((step for step in STEPS if step >= delay), STEPS[-1])
    return step, max(0.0, delay - step)


def _number(headers: Mapping[str, str], name: str, default: int) -> int:
    text = headers.get(name, "")
    return int(text) if text.isdecimal() else default
